use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::claims::STANDARD_CLAIMS;
use crate::oauth::{Error, ScopeSet};

/// The `claims` request parameter (OpenID Connect Core §5.5), reduced to what this server can do about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    /// Standard claims asked for at the userinfo endpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userinfo: Vec<String>,
    /// Standard claims asked for in the id_token.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub id_token: Vec<String>,
    /// The one person the request is about: `sub` with a `value`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// `acr` values in order of preference.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub acr_values: Vec<String>,
    /// Whether an `acr` outside `acr_values` is worth nothing to the client.
    #[serde(skip_serializing_if = "is_false")]
    pub acr_essential: bool,
    /// `auth_time` was asked for.
    #[serde(skip_serializing_if = "is_false")]
    pub auth_time: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl ClaimsRequest {
    /// Reads the parameter. Claims and members that are not known are ignored (§5.5), a malformed one is refused.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let document: Map<String, Value> =
            serde_json::from_str(text).map_err(|_| Error::invalid_request("claims must be a JSON object"))?;
        let userinfo = member(&document, "userinfo")?;
        let id_token = member(&document, "id_token")?;
        let acr = id_token.and_then(|claims| claims.get("acr"));
        let sub = |claims: Option<&Map<String, Value>>| values(claims?.get("sub")?).into_iter().next();
        Ok(Self {
            userinfo: standard(userinfo),
            id_token: standard(id_token),
            sub: sub(id_token).or_else(|| sub(userinfo)),
            acr_values: acr.map(values).unwrap_or_default(),
            acr_essential: acr.is_some_and(is_essential),
            auth_time: id_token.is_some_and(|claims| claims.contains_key("auth_time")),
        })
    }

    /// The request without the claims whose scope is not in `allowed`: asking for them one by one goes no further.
    #[must_use]
    pub fn within(mut self, allowed: &ScopeSet) -> Self {
        let may_have = |name: &String| scope_of(name).is_some_and(|scope| allowed.contains(scope));
        self.userinfo.retain(may_have);
        self.id_token.retain(may_have);
        self
    }

    /// The scopes that the claims asked for belong to: a person who allows them is told the same as for the scopes.
    pub fn scopes(&self) -> ScopeSet {
        let names = self.userinfo.iter().chain(&self.id_token);
        names.filter_map(|name| scope_of(name)).collect()
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn member<'a>(document: &'a Map<String, Value>, name: &str) -> Result<Option<&'a Map<String, Value>>, Error> {
    match document.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(claims)) if claims.values().all(|claim| claim.is_null() || claim.is_object()) => {
            Ok(Some(claims))
        }
        Some(_) => Err(Error::invalid_request("each member of claims must be an object of null and objects")),
    }
}

fn standard(claims: Option<&Map<String, Value>>) -> Vec<String> {
    let Some(claims) = claims else { return Vec::new() };
    let names = STANDARD_CLAIMS.iter().map(|claim| claim.name);
    names.filter(|name| claims.contains_key(*name)).map(str::to_owned).collect()
}

fn scope_of(claim: &str) -> Option<&'static str> {
    STANDARD_CLAIMS.iter().find(|standard| standard.name == claim).map(|standard| standard.scope)
}

fn values(claim: &Value) -> Vec<String> {
    let one = claim.get("value").and_then(Value::as_str);
    let many = claim.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many).map(str::to_owned).collect()
}

fn is_essential(claim: &Value) -> bool {
    claim.get("essential").and_then(Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_understood() {
        let request = ClaimsRequest::parse(
            r#"{"userinfo": {"given_name": {"essential": true}, "nickname": null, "http://example.info/x": null},
                "id_token": {"auth_time": {"essential": true}, "acr": {"values": ["urn:a"], "essential": true},
                             "sub": {"value": "u1"}, "email": null}, "other": 1}"#,
        )
        .unwrap();
        assert_eq!(request.userinfo, ["given_name", "nickname"]);
        assert_eq!(request.id_token, ["email"]);
        assert_eq!(request.sub.as_deref(), Some("u1"));
        assert_eq!(request.acr_values, ["urn:a"]);
        assert!(request.acr_essential && request.auth_time);
    }

    #[test]
    fn claims_belong_to_scopes_and_go_no_further_than_those() {
        let request = ClaimsRequest::parse(
            r#"{"userinfo": {"name": null, "email": null}, "id_token": {"email_verified": null, "nickname": null}}"#,
        )
        .unwrap();
        assert_eq!(request.scopes().to_string(), "profile email");
        let within = request.within(&ScopeSet::parse("openid email").unwrap());
        assert_eq!(within.userinfo, ["email"]);
        assert_eq!(within.id_token, ["email_verified"]);
    }

    #[test]
    fn malformed_requests_are_refused_and_empty_ones_ask_for_nothing() {
        for bad in ["", "[]", "1", "{", r#"{"userinfo": 1}"#, r#"{"id_token": {"acr": "x"}}"#, &"[".repeat(100_000)] {
            assert!(ClaimsRequest::parse(bad).is_err(), "{}", &bad[..bad.len().min(20)]);
        }
        assert!(ClaimsRequest::parse("{}").unwrap().is_empty());
    }
}
