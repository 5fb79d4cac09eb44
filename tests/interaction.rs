//! What a person's browser goes through, over HTTP and without JavaScript.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]
#![allow(clippy::needless_pass_by_value, clippy::items_after_statements, clippy::format_collect, reason = "tests")]

#[path = "interaction/authorize.rs"]
mod authorize;
mod common;
#[path = "interaction/login.rs"]
mod login;
