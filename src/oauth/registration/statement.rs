//! Software statements (RFC 7591 §2.3): metadata that somebody vouches for.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value};

use crate::config::Config;
use crate::jose::{ForeignAlgorithm, ForeignJwt, ForeignKeys, ForeignKind};
use crate::oauth::{Context, Error};

const KIND: ForeignKind<'_> = ForeignKind { algorithms: &ForeignAlgorithm::ASYMMETRIC, typ: "software-statement+jwt" };

/// Claims that are about the statement and no metadata.
const OF_THE_STATEMENT: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// Whose statements are believed: the keys of each issuer.
#[derive(Debug, Default)]
pub struct StatementIssuers(HashMap<String, ForeignKeys>);

/// What is wrong with `client_registration.software_statement_issuers`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StatementIssuersError(String);

impl StatementIssuers {
    pub fn load(config: &Config) -> Result<Self, StatementIssuersError> {
        let mut issuers = HashMap::new();
        for (issuer, file) in &config.client_registration.software_statement_issuers {
            let keys = keys(file).map_err(|reason| StatementIssuersError(format!("{}: {reason}", file.display())))?;
            issuers.insert(issuer.clone(), keys);
        }
        Ok(Self(issuers))
    }
}

fn keys(file: &Path) -> Result<ForeignKeys, String> {
    let text = std::fs::read(file).map_err(|error| error.to_string())?;
    let jwks: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let keys = ForeignKeys::parse(&jwks)?;
    if keys.is_empty() { Err("it has no key for signatures".to_owned()) } else { Ok(keys) }
}

/// The metadata that `statement` vouches for. `invalid_software_statement` unless one of our issuers signed it.
pub(super) fn verified(cx: &Context, statement: &Value) -> Result<Map<String, Value>, Error> {
    let refused = |hint: &'static str| Error::InvalidSoftwareStatement { hint: hint.into() };
    let text = statement.as_str().ok_or_else(|| refused("software_statement must be a JWT"))?;
    let jwt =
        ForeignJwt::parse(text, KIND).map_err(|_| refused("software_statement is no JWT with a supported alg"))?;
    let issuer = jwt.claimed("iss").unwrap_or_default();
    let keys = cx.statement_issuers.0.get(issuer).ok_or_else(|| refused("its issuer is not trusted here"))?;
    let key = keys.find(jwt.alg, jwt.kid.as_deref()).ok_or_else(|| refused("its key is not one of its issuer"))?;
    let claims = jwt.verify(key).map_err(|_| refused("its signature is wrong"))?;
    let times = claims.time("exp").and_then(|exp| Ok((exp, claims.time("nbf")?)));
    let (exp, nbf) = times.map_err(|_| refused("its times are none"))?;
    if exp.is_some_and(|exp| exp <= cx.now()) || nbf.is_some_and(|nbf| nbf > cx.now()) {
        return Err(refused("it has expired, or is not valid yet"));
    }
    let mut members = claims.into_members();
    members.retain(|name, _| !OF_THE_STATEMENT.contains(&name.as_str()));
    Ok(members)
}
