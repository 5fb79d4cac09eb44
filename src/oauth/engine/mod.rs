//! oxide-auth's state machines, used for one thing: the order in which the checks of a grant are made.
//!
//! Each machine is driven to its "issue" step and stopped there. Its errors are not answered but translated, its clock
//! is not asked, its tokens are never made: see `docs/adr/0001-oxide-auth-as-order-of-checks.md`.

pub mod access_token;
pub mod authorization;
pub mod client_credentials;
pub mod refresh;

use chrono::{DateTime, Utc};
use oxide_auth::primitives::scope::Scope;

use super::{Error, ScopeSet};

/// The machines read the machine's clock; ours has decided already, and they are told so.
fn until(is_live: bool) -> DateTime<Utc> {
    if is_live { DateTime::<Utc>::MAX_UTC } else { DateTime::<Utc>::MIN_UTC }
}

/// A set that [`ScopeSet`] has parsed is well-formed for oxide-auth too: both follow RFC 6749 §3.3.
fn scope(set: &ScopeSet) -> Result<Scope, Error> {
    set.to_string().parse().map_err(|error| Error::Internal(Box::new(error)))
}

/// A machine asked for something out of turn: a defect of ours.
fn out_of_turn() -> Error {
    Error::Internal("the state machine left its path".into())
}
