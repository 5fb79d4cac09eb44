//! The protocol as programs see it, over HTTP.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "protocol/answers.rs"]
mod answers;
#[path = "protocol/api_keys.rs"]
mod api_keys;
#[path = "protocol/attacks.rs"]
mod attacks;
#[path = "protocol/authorization_code.rs"]
mod authorization_code;
#[path = "protocol/backchannel.rs"]
mod backchannel;
#[path = "protocol/bad_input.rs"]
mod bad_input;
#[path = "protocol/certification.rs"]
mod certification;
#[path = "protocol/cimd.rs"]
mod cimd;
#[path = "protocol/claims.rs"]
mod claims;
#[path = "protocol/client_assertion.rs"]
mod client_assertion;
#[path = "protocol/client_auth.rs"]
mod client_auth;
#[path = "protocol/client_credentials.rs"]
mod client_credentials;
mod common;
#[path = "protocol/device.rs"]
mod device;
#[path = "protocol/forged_tokens.rs"]
mod forged_tokens;
#[path = "protocol/grant_attacks.rs"]
mod grant_attacks;
#[path = "protocol/http_attacks.rs"]
mod http_attacks;
#[path = "protocol/instances.rs"]
mod instances;
#[path = "protocol/jwks_uri.rs"]
mod jwks_uri;
#[path = "protocol/metadata.rs"]
mod metadata;
#[path = "protocol/protection.rs"]
mod protection;
#[path = "protocol/refresh_token.rs"]
mod refresh_token;
#[path = "protocol/registration.rs"]
mod registration;
#[path = "protocol/resource.rs"]
mod resource;
#[path = "protocol/revocations.rs"]
mod revocations;
#[path = "protocol/software_statement.rs"]
mod software_statement;
#[path = "protocol/token_exchange.rs"]
mod token_exchange;
#[path = "protocol/tokens.rs"]
mod tokens;
