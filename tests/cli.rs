//! The command line, as a person or a script uses it: the real binary in a directory of its own.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "cli/place.rs"]
mod place;

#[path = "cli/api_keys.rs"]
mod api_keys;
#[path = "cli/clients.rs"]
mod clients;
#[path = "cli/configuration.rs"]
mod configuration;
#[path = "cli/dev.rs"]
mod dev;
#[path = "cli/import.rs"]
mod import;
#[path = "cli/keys.rs"]
mod keys;
#[path = "cli/serve.rs"]
mod serve;
#[path = "cli/users.rs"]
mod users;
