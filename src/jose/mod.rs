//! Signing keys and JSON Web Signatures. Our own tokens are written and verified here with AWS-LC.

mod error;
mod key;
mod keyring;
mod sealer;
mod server_secret;
mod sign;
#[cfg(test)]
mod test_support;
mod verify;

pub use error::Error;
pub use key::SigningKey;
pub use keyring::{KeyRing, RenderedJwks, open_private_key};
pub use sealer::{MasterKeyError, SealError, Sealer};
pub use server_secret::server_secret;
pub use sign::sign;
pub use verify::{Expected, Verified, verify};
