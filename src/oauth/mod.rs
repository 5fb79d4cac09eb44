//! The OAuth 2.0 protocol as decisions: no HTTP, no SQL, no clock of its own.

pub mod access_token;
pub mod api_keys;
pub mod authorize;
mod beginnings;
pub mod client;
pub mod client_auth;
pub mod client_keys;
pub mod context;
pub mod device;
pub mod directory;
pub mod endpoints;
mod engine;
pub mod error;
mod gate;
pub mod grant;
pub mod introspection;
pub mod issue;
pub mod logo;
pub mod params;
pub mod pkce;
pub mod registration;
pub mod resource;
pub mod response_protection;
pub mod revocation;
pub mod revocation_list;
pub mod revocations;
pub mod scope;
pub mod subject;
#[cfg(test)]
pub(crate) mod testing;

pub use api_keys::ApiKeys;
pub use client::{Client, ClientMetadata};
pub use context::{Caller, Context};
pub use directory::ClientDirectory;
pub use error::Error;
pub use gate::{Authentication, Permit, PersonGrant, Subject, may_issue};
pub use issue::TokenResponse;
pub use params::Params;
pub use response_protection::IdTokenAlgorithm;
pub use revocations::{RevocationKind, RevocationView, TokenMarks};
pub use scope::ScopeSet;
pub use subject::SubjectType;
