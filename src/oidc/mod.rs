//! What OpenID Connect adds to OAuth: id_tokens, claims, userinfo, discovery, logout.

pub mod backchannel;
pub mod claims;
pub mod claims_request;
pub mod discovery;
pub mod id_token;
pub mod logout_token;
pub mod session_state;
pub mod userinfo;

pub use claims::UserClaims;
pub use claims_request::ClaimsRequest;
