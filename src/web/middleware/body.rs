use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

/// A request body that must have arrived within a time. A body that is there already, as small ones are, costs no
/// timer.
pub struct TimedBody {
    body: Payload,
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    late: Rc<Cell<bool>>,
}

impl TimedBody {
    /// `late` is set when the time has run out.
    pub fn wrap(body: Payload, limit: Duration, late: Rc<Cell<bool>>) -> Payload {
        let timed: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
            Box::pin(Self { body, limit, timer: None, late });
        Payload::from(timed)
    }
}

impl Stream for TimedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Poll::Ready(chunk) = Pin::new(&mut this.body).poll_next(cx)
            && !this.late.get()
        {
            return Poll::Ready(chunk);
        }
        let limit = this.limit;
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.late.set(true);
        Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};

    use super::*;

    fn body(chunks: impl Stream<Item = Result<Bytes, PayloadError>> + 'static) -> (Payload, Rc<Cell<bool>>) {
        let late = Rc::new(Cell::new(false));
        let boxed: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(chunks);
        (TimedBody::wrap(Payload::from(boxed), Duration::ZERO, Rc::clone(&late)), late)
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_in_time_ends_in_an_error() {
        let (mut body, late) = body(stream::iter([Ok(Bytes::from_static(b"a"))]).chain(stream::pending()));
        assert_eq!(body.next().await.unwrap().unwrap(), "a");
        assert!(
            matches!(body.next().await, Some(Err(PayloadError::Io(error))) if error.kind() == io::ErrorKind::TimedOut)
        );
        assert!(late.get());
    }

    #[tokio::test]
    async fn a_body_that_is_there_is_passed_on_whatever_the_time() {
        let (mut body, late) = body(stream::iter([Ok(Bytes::from_static(b"a=b"))]));
        assert_eq!(body.next().await.unwrap().unwrap(), "a=b");
        assert!(body.next().await.is_none());
        assert!(!late.get());
    }
}
