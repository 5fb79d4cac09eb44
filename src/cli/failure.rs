use std::process::ExitCode;

use super::boot::BootError;
use crate::config::ConfigErrors;
use crate::identity::UserError;
use crate::jose::{self, MasterKeyError};
use crate::oauth;
use crate::storage;

/// Why a command ended: what the operator reads, and the exit code that scripts read.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// 1: it was tried and failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { code: 1, message: message.into() }
    }

    /// 2: the command line makes no sense.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    /// 3: a check found something.
    pub fn problems(message: impl Into<String>) -> Self {
        Self { code: 3, message: message.into() }
    }

    /// 69: the database or the network is not there.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { code: 69, message: message.into() }
    }

    /// 75: the same again may work later.
    pub fn temporary(message: impl Into<String>) -> Self {
        Self { code: 75, message: message.into() }
    }

    /// 78: the configuration is wrong.
    pub fn config(message: impl Into<String>) -> Self {
        Self { code: 78, message: message.into() }
    }

    /// Writes the message to standard error.
    pub fn report(&self) -> ExitCode {
        super::out::complain(&self.message);
        ExitCode::from(self.code)
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        Self::config(format!("the configuration is invalid:\n{errors}"))
    }
}

impl From<MasterKeyError> for Failure {
    fn from(error: MasterKeyError) -> Self {
        Self::config(error.to_string())
    }
}

impl From<storage::Error> for Failure {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::Unavailable(_) => Self::unavailable(error.to_string()),
            storage::Error::InUse(_) => Self::temporary(error.to_string()),
            storage::Error::Setting(_) => Self::config(error.to_string()),
            error => Self::failed(error.to_string()),
        }
    }
}

impl From<jose::Error> for Failure {
    fn from(error: jose::Error) -> Self {
        match error {
            jose::Error::Storage(error) => error.into(),
            error @ jose::Error::Unreadable { .. } => Self::config(error.to_string()),
            error => Self::failed(error.to_string()),
        }
    }
}

impl From<oauth::Error> for Failure {
    fn from(error: oauth::Error) -> Self {
        match error {
            oauth::Error::TemporarilyUnavailable { .. } => Self::unavailable(error.to_string()),
            // The cause is for the operator, who is right here.
            oauth::Error::Internal(cause) => match cause.downcast::<jose::Error>() {
                Ok(error) => (*error).into(),
                Err(cause) => Self::failed(cause.to_string()),
            },
            error => Self::failed(error.to_string()),
        }
    }
}

impl From<BootError> for Failure {
    fn from(error: BootError) -> Self {
        match error {
            BootError::MasterKey(error) => error.into(),
            error @ (BootError::Outbound(_) | BootError::Upstream(_)) => Self::config(error.to_string()),
            BootError::Storage(error) => error.into(),
            BootError::Protocol(error) => error.into(),
            BootError::Mail(error) => Self::config(error.to_string()),
        }
    }
}

impl From<UserError> for Failure {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Storage(error) => error.into(),
            error => Self::failed(error.to_string()),
        }
    }
}
