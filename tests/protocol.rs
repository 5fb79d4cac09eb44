//! The protocol as programs see it, over HTTP.

#[path = "protocol/client_credentials.rs"]
mod client_credentials;
mod common;
#[path = "protocol/metadata.rs"]
mod metadata;
