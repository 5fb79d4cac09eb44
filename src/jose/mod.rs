//! Signing keys and JSON Web Signatures. Our own tokens are written and verified with AWS-LC, those of others with josekit
//! behind an allow-list of algorithms.

mod encryption;
mod error;
mod foreign;
mod foreign_keys;
mod key;
mod keyring;
mod pseudonyms;
mod sealer;
mod server_secret;
mod sign;
#[cfg(test)]
mod test_support;
mod verify;

pub use encryption::{ContentEncryption, KeyManagement, RecipientKey};
pub use error::Error;
pub use foreign::{ForeignClaims, ForeignJwt, ForeignKind};
pub use foreign_keys::{ForeignAlgorithm, ForeignKey, ForeignKeys};
pub use key::SigningKey;
pub use keyring::{KeyRing, RenderedJwks, open_private_key};
pub use pseudonyms::Pseudonyms;
pub use sealer::{MasterKeyError, SealError, Sealer};
pub use server_secret::server_secret;
pub use sign::{sign, sign_untyped, unsigned};
pub use verify::{Expected, Verified, verify};
