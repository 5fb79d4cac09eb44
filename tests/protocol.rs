//! The protocol as programs see it, over HTTP.

#[path = "protocol/client_credentials.rs"]
mod client_credentials;#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod common;
#[path = "protocol/metadata.rs"]
mod metadata;
