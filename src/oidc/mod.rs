//! What OpenID Connect adds to OAuth: id_tokens, claims, userinfo, discovery.

pub mod claims;
pub mod claims_request;
pub mod discovery;
pub mod id_token;
pub mod userinfo;

pub use claims::UserClaims;
pub use claims_request::ClaimsRequest;
