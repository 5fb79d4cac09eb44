//! Paths below the issuer: routes are registered and documents are written from these alone.

pub const AUTHORIZE: &str = "/authorize";
pub const TOKEN: &str = "/oauth2/token";
pub const USERINFO: &str = "/oauth2/userinfo";
pub const INTROSPECT: &str = "/oauth2/introspect";
/// The revocations as resource servers follow them; an extension of ours.
pub const REVOCATIONS: &str = "/oauth2/revocations";
pub const REVOKE: &str = "/oauth2/revoke";
pub const DEVICE_AUTHORIZATION: &str = "/oauth2/device";
/// RFC 7591 §3; a registered client is managed below it (RFC 7592 §2).
pub const REGISTER: &str = "/oauth2/register";
/// The page on which a person types a user code.
pub const DEVICE: &str = "/device";
pub const LOGOUT: &str = "/logout";
/// The frame of OpenID Connect Session Management §3.2.
pub const CHECK_SESSION: &str = "/check_session";
pub const JWKS: &str = "/.well-known/jwks.json";
/// OpenID Connect Discovery §4.
pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
/// RFC 8414 §3.
pub const AUTHORIZATION_SERVER_METADATA: &str = "/.well-known/oauth-authorization-server";
