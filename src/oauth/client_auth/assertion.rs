//! Client assertions (RFC 7523 §3): a short-lived JWT, signed with the client's key or secret, used once.

use std::time::Duration;

use super::{Failure, secret};
use crate::base::{Timestamp, TokenHash};
use crate::jose::{self, ForeignAlgorithm, ForeignClaims, ForeignJwt, ForeignKey, ForeignKeys, ForeignKind};
use crate::oauth::{Client, Context, Params, client_keys, endpoints};
use crate::storage::Replays as _;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const ALGORITHMS: [ForeignAlgorithm; 6] = {
    let [es256, es384, ps256, rs256, eddsa] = ForeignAlgorithm::ASYMMETRIC;
    let [hs256] = ForeignAlgorithm::SYMMETRIC;
    [es256, es384, ps256, rs256, eddsa, hs256]
};

const KIND: ForeignKind<'_> = ForeignKind { algorithms: &ALGORITHMS, typ: "client-authentication+jwt" };

/// How far the client's clock may be from ours. FAPI 2.0 wants 10 s accepted and 60 s refused.
const SKEW: Duration = Duration::from_secs(30);
/// Furthest `exp`: until then each `jti` is remembered.
const MAX_LIFETIME: Duration = Duration::from_hours(1);
const MAX_JTI_BYTES: usize = 256;

/// The assertion of a request and the client it says it is from. The error, for the developer, tells nothing of clients.
pub fn read(params: &Params) -> Result<(String, ForeignJwt<'_>), &'static str> {
    let Some(assertion) = params.get("client_assertion") else { return Err("client_assertion is missing") };
    if params.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err("client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    }
    let jwt = ForeignJwt::parse(assertion, KIND).map_err(|error| reason(&error))?;
    let client_id = jwt.claimed("sub").filter(|sub| !sub.is_empty()).ok_or("the client_assertion has no sub")?;
    Ok((client_id.to_owned(), jwt))
}

/// Signature first: only whoever has the key learns what else is wrong. The `jti` last: only good assertions are
/// remembered.
pub async fn check(cx: &Context, jwt: ForeignJwt<'_>, client: Option<&Client>) -> Result<(), Failure> {
    let (client, claims) = verified(cx, jwt, client).await?;
    let once = acceptable(cx, client, &claims).map_err(Failure::Told)?;
    let remembered = cx.store.remember_once(&once.key, once.expires_at.millis(), cx.now().millis()).await;
    let fresh = remembered.map_err(|error| Failure::Other(error.into()))?;
    if fresh { Ok(()) } else { Err(Failure::Told("the client_assertion's jti was used before")) }
}

async fn verified<'c>(
    cx: &Context,
    jwt: ForeignJwt<'_>,
    client: Option<&'c Client>,
) -> Result<(&'c Client, ForeignClaims), Failure> {
    let may_use = |client: &&Client| {
        let registered = client.metadata.token_endpoint_auth_signing_alg.as_deref();
        registered.is_none_or(|alg| alg == jwt.alg.name())
    };
    let client = client.filter(may_use);
    let shared = client.filter(|_| jwt.alg.is_symmetric()).and_then(|client| secret::shared_key(client, &cx.sealer));
    let public = match client.filter(|_| !jwt.alg.is_symmetric()) {
        Some(client) => client_keys::signature_keys(cx, client, jwt.alg, jwt.kid.as_deref()).await,
        None => ForeignKeys::default(),
    };
    let key = shared.as_ref().or_else(|| public.find(jwt.alg, jwt.kid.as_deref()));
    let refused = Failure::Refused("no registered key of the client made this signature");
    let Some(tried) = key.or_else(|| ForeignKey::decoy(jwt.alg)) else { return Err(refused) };
    match (client, key, jwt.verify(tried)) {
        (Some(client), Some(_), Ok(claims)) => Ok((client, claims)),
        _ => Err(refused),
    }
}

/// What makes sure that an assertion is used once.
#[derive(Debug)]
struct Once {
    key: Vec<u8>,
    expires_at: Timestamp,
}

fn acceptable(cx: &Context, client: &Client, claims: &ForeignClaims) -> Result<Once, &'static str> {
    let text = |name| claims.text(name).map_err(|error| reason(&error));
    let time = |name| claims.time(name).map_err(|error| reason(&error));
    let now = cx.now();
    if text("iss")? != Some(&client.client_id) || text("sub")? != Some(&client.client_id) {
        return Err("iss and sub of the client_assertion must both be the client_id");
    }
    let audience = claims.text("aud").ok().flatten();
    let for_us = audience == Some(cx.config.issuer.as_str())
        || (client.metadata.allow_token_endpoint_audience
            && audience == Some(cx.config.issuer.endpoint(endpoints::TOKEN).as_str()));
    if !for_us {
        return Err("aud of the client_assertion must be the issuer, as a single string");
    }
    let Some(exp) = time("exp")? else { return Err("the client_assertion has no exp") };
    if exp.plus(SKEW) <= now {
        return Err("the client_assertion has expired");
    }
    if exp > now.plus(MAX_LIFETIME).plus(SKEW) {
        return Err("exp of the client_assertion is more than an hour ahead");
    }
    for name in ["nbf", "iat"] {
        if time(name)?.is_some_and(|at| at > now.plus(SKEW)) {
            return Err("nbf or iat of the client_assertion lies in the future");
        }
    }
    let Some(jti) = text("jti")?.filter(|jti| !jti.is_empty() && jti.len() <= MAX_JTI_BYTES) else {
        return Err("the client_assertion must have a jti of at most 256 bytes");
    };
    let key = TokenHash::of(&format!("{ASSERTION_TYPE}\0{}\0{jti}", client.client_id));
    Ok(Once { key: key.as_bytes().to_vec(), expires_at: exp.plus(SKEW) })
}

fn reason(error: &jose::Error) -> &'static str {
    match error {
        jose::Error::Refused(reason) => reason,
        _ => "the client_assertion cannot be read",
    }
}
