//! The OAuth 2.0 protocol as decisions: no HTTP, no SQL, no clock of its own.

pub mod client;
pub mod directory;
pub mod error;
pub mod params;
pub mod pkce;
pub mod revocations;
pub mod scope;

pub use client::{Client, ClientMetadata};
pub use directory::ClientDirectory;
pub use error::Error;
pub use params::Params;
pub use revocations::{RevocationView, TokenMarks};
pub use scope::ScopeSet;
