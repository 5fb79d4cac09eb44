//! The protocol as programs see it, over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "protocol/client_credentials.rs"]
mod client_credentials;
mod common;
#[path = "protocol/metadata.rs"]
mod metadata;
