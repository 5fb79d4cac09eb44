//! The OAuth 2.0 protocol as decisions: no HTTP, no SQL, no clock of its own.

pub mod client;
pub mod error;
pub mod params;
pub mod scope;

pub use client::{Client, ClientMetadata};
pub use error::Error;
pub use params::Params;
pub use scope::ScopeSet;
