//! What a person's browser goes through, over HTTP and without JavaScript.
#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

#[path = "interaction/account.rs"]
mod account;
#[path = "interaction/account_access.rs"]
mod account_access;
#[path = "interaction/account_changes.rs"]
mod account_changes;
#[path = "interaction/api_keys.rs"]
mod api_keys;
#[path = "interaction/authorize.rs"]
mod authorize;
#[path = "interaction/breach.rs"]
mod breach;
mod common;
#[path = "interaction/email.rs"]
mod email;
#[path = "interaction/email_code.rs"]
mod email_code;
#[path = "interaction/frontchannel.rs"]
mod frontchannel;
#[path = "interaction/imported.rs"]
mod imported;
#[path = "interaction/invitations.rs"]
mod invitations;
#[path = "interaction/languages.rs"]
mod languages;
#[path = "interaction/login.rs"]
mod login;
#[path = "interaction/logo.rs"]
mod logo;
#[path = "interaction/logout.rs"]
mod logout;
#[path = "interaction/mail.rs"]
mod mail;
#[path = "interaction/notices.rs"]
mod notices;
#[path = "interaction/pages.rs"]
mod pages;
#[path = "interaction/pairwise.rs"]
mod pairwise;
#[path = "interaction/passkeys.rs"]
mod passkeys;
#[path = "interaction/pending.rs"]
mod pending;
#[path = "interaction/playground.rs"]
mod playground;
#[path = "interaction/recovery.rs"]
mod recovery;
#[path = "interaction/redirect_uri.rs"]
mod redirect_uri;
#[path = "interaction/register.rs"]
mod register;
#[path = "interaction/reset.rs"]
mod reset;
#[path = "interaction/response_types.rs"]
mod response_types;
#[path = "interaction/select_account.rs"]
mod select_account;
#[path = "interaction/session.rs"]
mod session;
#[path = "interaction/session_management.rs"]
mod session_management;
#[path = "interaction/step_up.rs"]
mod step_up;
#[path = "interaction/terms.rs"]
mod terms;
#[path = "interaction/throttle.rs"]
mod throttle;
#[path = "interaction/totp.rs"]
mod totp;
#[path = "interaction/upstream.rs"]
mod upstream;
#[path = "interaction/upstream_hostile.rs"]
mod upstream_hostile;
#[path = "interaction/upstream_logout.rs"]
mod upstream_logout;
