use crate::config::Algorithm;

/// Why a key or a token could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token is not one of ours, or not of the expected kind. `0` says which check failed, for the log and for
    /// the developer; it holds nothing of the token.
    #[error("{0}")]
    Refused(&'static str),
    #[error("no signing key for {0}: it is not among keys.algorithms")]
    NoKey(Algorithm),
    #[error("the signing key {kid} cannot be opened: {cause}")]
    Unreadable { kid: String, cause: String },
    #[error("a key could not be generated")]
    Generation,
    #[error("encryption failed")]
    Encryption,
    #[error("signing failed")]
    Signing,
    #[error("claims cannot be written as JSON: {0}")]
    Claims(#[from] serde_json::Error),
    #[error(transparent)]
    Storage(#[from] crate::storage::Error),
}
