use std::path::Path;

/// Why there is no answer. The text names no address and nothing of the answer: it may be told to the client's developer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    #[error("the URL {0}")]
    Url(&'static str),
    /// The host is, or resolves to, nothing that may be reached.
    #[error("the host has no public address")]
    Address,
    #[error("the host cannot be reached")]
    Unreachable(String),
    #[error("it answered with a redirect ({0}), which is not followed")]
    Redirected(u16),
    #[error("the answer is compressed, which was not asked for")]
    Encoded,
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("it took too long")]
    TimedOut,
    #[error("this server cannot make requests: {0}")]
    Unusable(String),
}

/// What a resolver says of a name whose addresses are all out of reach.
#[derive(Debug, thiserror::Error)]
#[error("no address of the name may be reached")]
pub struct OutOfReach;

impl Error {
    pub(super) fn of(error: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
        while let Some(inner) = cause {
            if inner.is::<OutOfReach>() {
                return Self::Address;
            }
            cause = inner.source();
        }
        Self::Unreachable(with_causes(error))
    }

    /// What an operator may need beyond the text: the causes of a connection that failed.
    pub fn details(&self) -> &str {
        match self {
            Self::Unreachable(causes) => causes,
            _ => "",
        }
    }
}

/// The error with its causes. Without the URL, whose query may hold what is no business of a log.
pub fn with_causes(error: &reqwest::Error) -> String {
    let mut text = String::new();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
    while let Some(inner) = cause {
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// What is wrong with `outbound.ca_file`.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, String),
    #[error("{0} holds no certificate in PEM")]
    NoCertificate(String),
}

impl SetupError {
    pub(super) fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        Self::Unreadable(file.display().to_string(), error.to_string())
    }
}
