//! What a provider says of somebody who signed out there (OpenID Connect Back-Channel Logout 1.0 §2.6).

use std::time::Duration;

use serde_json::Value;

use super::SignedOutThere;
use crate::base::{Timestamp, TokenHash};
use crate::jose::{self, ForeignAlgorithm, ForeignClaims, ForeignKind};

pub(super) const KIND: ForeignKind<'_> = ForeignKind { algorithms: &ForeignAlgorithm::ASYMMETRIC, typ: "logout+jwt" };
/// The member of `events` that makes a token one for signing out.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// A token is made when somebody signs out; one that could not be delivered is made anew or comes too late.
const MAX_AGE: Duration = Duration::from_mins(10);
const SKEW: Duration = Duration::from_mins(1);
/// Longest `sub`, `sid` and `jti`, in bytes.
const MAX_TEXT: usize = 255;

/// The claims of a token whose signature was verified, as a logout token for `client_id`; the error names what is wrong.
pub(super) fn read(
    claims: &ForeignClaims,
    issuer: &str,
    client_id: &str,
    now: Timestamp,
) -> Result<SignedOutThere, &'static str> {
    if text(claims, "iss")? != Some(issuer) {
        return Err("iss of the logout_token is not the provider's");
    }
    let is_for_us = match claims.value("aud") {
        Some(Value::String(audience)) => audience == client_id,
        Some(Value::Array(audiences)) => !audiences.is_empty() && audiences.iter().all(|one| one == client_id),
        _ => false,
    };
    if !is_for_us {
        return Err("aud of the logout_token is not this server's client_id");
    }
    if !claims.value("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object) {
        return Err("events of the logout_token hold no backchannel-logout");
    }
    if claims.value("nonce").is_some() {
        return Err("a logout_token has no nonce");
    }
    let made = time(claims, "iat")?.ok_or("the logout_token has no iat")?;
    if made > now.plus(SKEW) || made.plus(MAX_AGE) < now {
        return Err("the logout_token was not made just now");
    }
    if time(claims, "exp")?.ok_or("the logout_token has no exp")?.plus(SKEW) <= now {
        return Err("the logout_token has expired");
    }
    let jti = text(claims, "jti")?.ok_or("the logout_token has no jti")?;
    let (subject, sid) = (text(claims, "sub")?, text(claims, "sid")?);
    if subject.is_none() && sid.is_none() {
        return Err("the logout_token has neither sub nor sid");
    }
    Ok(SignedOutThere {
        issuer: issuer.to_owned(),
        subject: subject.map(str::to_owned),
        sid: sid.map(str::to_owned),
        token: TokenHash::of(&format!("{EVENT}\0{issuer}\0{jti}")),
        expires_at: made.plus(MAX_AGE).plus(SKEW),
    })
}

fn text<'c>(claims: &'c ForeignClaims, name: &str) -> Result<Option<&'c str>, &'static str> {
    let text = claims.text(name).map_err(|error| reason(&error))?;
    match text {
        Some(text) if text.is_empty() || text.len() > MAX_TEXT => {
            Err("a claim of the logout_token is empty or too long")
        }
        text => Ok(text),
    }
}

fn time(claims: &ForeignClaims, name: &str) -> Result<Option<Timestamp>, &'static str> {
    claims.time(name).map_err(|error| reason(&error))
}

pub(super) fn reason(error: &jose::Error) -> &'static str {
    match error {
        jose::Error::Refused(reason) => reason,
        _ => "the logout_token cannot be read",
    }
}
