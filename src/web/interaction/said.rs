//! What a form says about the attempt before.

use actix_web::http::StatusCode;

use super::problem::Stop;
use super::visit::Visit;
use crate::identity::LoginError;
use crate::oauth::Error;
use crate::web::pages::Answer;

#[derive(Default)]
pub struct Said {
    pub problem: Option<String>,
    pub status: StatusCode,
    pub retry_after: Option<u64>,
}

impl Said {
    pub fn answer(&self) -> Answer<'static> {
        Answer { status: self.status, retry_after: self.retry_after, ..Answer::default() }
    }
}

/// There were too many attempts; anything else is our own fault.
pub fn throttled(visit: &Visit<'_>, error: LoginError) -> Result<Said, Stop> {
    match error {
        LoginError::Throttled { retry_after } => Ok(Said {
            problem: Some(visit.frame.t.with("login-throttled", "seconds", retry_after)),
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: Some(retry_after),
        }),
        LoginError::Storage(error) => Err(error.into()),
        error => Err(Error::Internal(Box::new(error)).into()),
    }
}
