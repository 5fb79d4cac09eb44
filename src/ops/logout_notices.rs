use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Metrics;
use super::background::Stop;
use super::outage::Outage;
use crate::oauth::{Context, Error};
use crate::oidc::backchannel;

/// How often to look for notices whose time has come again; of new ones it is told.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Deliveries under way at once.
const AT_ONCE: usize = 64;
/// How long those under way may take when the server stops.
const GRACE: Duration = Duration::from_secs(1);

/// Delivers logout notices beside the requests: whoever signs out waits for none of them.
pub async fn deliver(context: Arc<Context>, metrics: Metrics, mut stop: Stop) {
    let mut outage = Outage::watch("delivering logout notices");
    let mut under_way = JoinSet::new();
    loop {
        let outcome = begin(&context, &metrics, &mut under_way).await;
        outage.note(outcome.map_err(|error| error.to_string()));
        tokio::select! {
            goes_on = stop.pause(LOOK_EVERY) => if !goes_on { break },
            () = context.session_ended.notified() => {}
            // One that is done makes room.
            Some(_) = under_way.join_next(), if under_way.len() >= AT_ONCE => {}
        }
        while under_way.try_join_next().is_some() {}
    }
    let drained = async { while under_way.join_next().await.is_some() {} };
    // What is cut off is due again soon, and known to its client by its `jti`.
    let _ = timeout(GRACE, drained).await;
}

async fn begin(context: &Arc<Context>, metrics: &Metrics, under_way: &mut JoinSet<()>) -> Result<(), Error> {
    let room = AT_ONCE.saturating_sub(under_way.len());
    if room == 0 {
        return Ok(());
    }
    for notice in backchannel::take_due(context, room).await? {
        let (context, metrics) = (Arc::clone(context), metrics.clone());
        under_way.spawn(async move {
            match backchannel::deliver(&context, &notice).await {
                Ok(delivery) => metrics.logout_notice(delivery.name()),
                // What happened to it could not be written: it is due again when its time as taken is over.
                Err(error) => tracing::warn!(%error, "the outcome of a logout notice could not be noted"),
            }
        });
    }
    Ok(())
}
