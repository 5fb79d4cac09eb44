//! How surely a person has to be known: by the request (`acr_values`, OpenID Connect Core §3.1.2.1; an essential `acr`,
//! §5.5.1.1), by the client and by the server.

use super::{AuthorizationRequest, SignedIn};
use crate::base::acr::Acr;
use crate::oauth::Client;

/// What a session lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The person has a second factor and has not proved it.
    Factor {
        /// Worth nothing to the client, or not allowed, without it.
        must: bool,
    },
    /// The same of a factor that only a new sign-in can prove: a passkey.
    PhishingResistant { must: bool },
    /// The client or the server wants a second factor, and the person has none.
    Enrolment,
    /// The request wants what the person cannot prove.
    Unreachable,
}

/// The strongest class that anything about the request asks for: no more need be known of a session that has it.
pub fn highest(request: &AuthorizationRequest, client: &Client, policy: Acr) -> Acr {
    preferred(request).chain([required(client, policy)]).max().unwrap_or_default()
}

/// What is missing from the session, the most pressing first.
pub(super) fn gap(request: &AuthorizationRequest, client: &Client, session: &SignedIn) -> Option<Gap> {
    let reachable = session.reachable.max(session.acr);
    let required = required(client, session.policy);
    if session.acr < required {
        return Some(if session.has_second { Gap::Factor { must: true } } else { Gap::Enrolment });
    }
    let towards = |class: Acr, must: bool| {
        let alone = class < Acr::PhishingResistant && session.has_second;
        if alone { Gap::Factor { must } } else { Gap::PhishingResistant { must } }
    };
    if let Some(essential) = essential(request).filter(|essential| session.acr < *essential) {
        return Some(if reachable < essential { Gap::Unreachable } else { towards(essential, true) });
    }
    let wanted = preferred(request).find(|class| *class <= reachable)?;
    (session.acr < wanted).then(|| towards(wanted, false))
}

/// The `acr` that tokens tell: the session's own, or, where the client accepts certain ones alone, the strongest of them
/// that the session reaches. Never less than `required`, without which they would be worth nothing.
pub fn told(request: &AuthorizationRequest, acr: Acr, required: Acr) -> Acr {
    let accepted = || preferred(request).filter(|class| (required..=acr).contains(class)).max();
    if request.claims.acr_essential { accepted().unwrap_or(acr) } else { acr }
}

/// The weakest class that the client, or the server by its `policy`, lets in.
pub fn required(client: &Client, policy: Acr) -> Acr {
    if client.metadata.require_mfa { policy.max(Acr::MultiFactor) } else { policy }
}

/// The weakest class that the client accepts.
fn essential(request: &AuthorizationRequest) -> Option<Acr> {
    if request.claims.acr_essential { preferred(request).min() } else { None }
}

/// The classes asked for, in the client's order of preference.
fn preferred(request: &AuthorizationRequest) -> impl Iterator<Item = Acr> {
    let names = if request.claims.acr_values.is_empty() { &request.acr_values } else { &request.claims.acr_values };
    names.iter().filter_map(|name| Acr::from_name(name))
}
