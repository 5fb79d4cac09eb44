//! What a form says about the attempt before.

use actix_web::http::StatusCode;

use super::problem::Stop;
use super::visit::Visit;
use crate::identity::{LoginError, UserError};
use crate::oauth::Error;
use crate::web::pages::{Answer, throttled_text, weakness_text};

#[derive(Default)]
pub struct Said {
    pub problem: Option<String>,
    pub status: StatusCode,
    pub retry_after: Option<u64>,
}

impl Said {
    /// Something in the form is wrong.
    pub fn unprocessable(problem: String) -> Self {
        Self { problem: Some(problem), status: StatusCode::UNPROCESSABLE_ENTITY, retry_after: None }
    }

    pub fn answer(&self) -> Answer<'static> {
        Answer { status: self.status, retry_after: self.retry_after, ..Answer::default() }
    }
}

/// There were too many attempts; anything else is our own fault.
pub fn throttled(visit: &Visit<'_>, error: LoginError) -> Result<Said, Stop> {
    match error {
        LoginError::Throttled { retry_after } => Ok(Said {
            problem: Some(throttled_text(visit.frame.t, retry_after)),
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: Some(retry_after),
        }),
        LoginError::Storage(error) => Err(error.into()),
        error => Err(Error::Internal(Box::new(error)).into()),
    }
}

/// What is wrong with a new password.
pub fn refused_password(visit: &Visit<'_>, error: UserError) -> Result<Said, Stop> {
    let t = &visit.frame.t;
    let problem = match error {
        UserError::PasswordTooShort { min } => t.with("setup-password-short", "min", min),
        UserError::PasswordTooLong => t.text("setup-password-long"),
        UserError::PasswordIsName => t.text("setup-password-name"),
        UserError::PasswordWeak(weakness) => t.text(weakness_text(weakness)),
        UserError::Busy { retry_after } => {
            return Ok(Said {
                problem: Some(t.text("login-busy")),
                status: StatusCode::SERVICE_UNAVAILABLE,
                retry_after: Some(retry_after),
            });
        }
        UserError::Storage(error) => return Err(error.into()),
        error => return Err(Error::Internal(Box::new(error)).into()),
    };
    Ok(Said::unprocessable(problem))
}
