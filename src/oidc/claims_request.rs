use std::collections::BTreeMap;

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
    /// Of the first ones, those that are asked for with certain values (§5.5.1).
    #[serde(skip_serializing_if = "WantedValues::is_empty")]
    pub userinfo_values: WantedValues,
    /// The same for the id_token.
    #[serde(skip_serializing_if = "WantedValues::is_empty")]
    pub id_token_values: WantedValues,
    /// The people the request may be about: `sub` with `value` or `values`. Not kept with what the request gives.
    #[serde(skip)]
    pub subjects: Vec<String>,
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

/// The values that a claim is wanted with, by the claim's name.
pub type WantedValues = BTreeMap<String, Vec<Value>>;

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
        let (userinfo_names, id_token_names) = (standard(userinfo), standard(id_token));
        Ok(Self {
            userinfo_values: wanted(userinfo, &userinfo_names),
            id_token_values: wanted(id_token, &id_token_names),
            userinfo: userinfo_names,
            id_token: id_token_names,
            subjects: in_both(subjects(id_token)?, subjects(userinfo)?)?,
            acr_values: acr.map(texts).unwrap_or_default(),
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
        self.userinfo_values.retain(|name, _| may_have(name));
        self.id_token_values.retain(|name, _| may_have(name));
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

/// The values that one claim is asked for with; null is none.
fn values(claim: &Value) -> impl Iterator<Item = &Value> {
    let one = claim.get("value").into_iter();
    one.chain(claim.get("values").and_then(Value::as_array).into_iter().flatten()).filter(|value| !value.is_null())
}

fn texts(claim: &Value) -> Vec<String> {
    values(claim).filter_map(Value::as_str).map(str::to_owned).collect()
}

fn wanted(claims: Option<&Map<String, Value>>, names: &[String]) -> WantedValues {
    let values_of = |name: &String| Some(values(claims?.get(name)?).cloned().collect::<Vec<_>>());
    let all = names.iter().filter_map(|name| Some((name.clone(), values_of(name)?)));
    all.filter(|(_, values)| !values.is_empty()).collect()
}

/// A value that is no text is nobody's `sub`, and must not read as if nobody in particular were meant.
fn subjects(claims: Option<&Map<String, Value>>) -> Result<Vec<String>, Error> {
    let Some(sub) = claims.and_then(|claims| claims.get("sub")) else { return Ok(Vec::new()) };
    if values(sub).any(|value| !value.is_string()) {
        return Err(Error::invalid_request("claims asks for a sub that is no string"));
    }
    Ok(texts(sub))
}

/// Who satisfies both members. One without values satisfies itself with everybody.
fn in_both(one: Vec<String>, other: Vec<String>) -> Result<Vec<String>, Error> {
    if one.is_empty() || other.is_empty() {
        return Ok(if one.is_empty() { other } else { one });
    }
    let both: Vec<String> = one.into_iter().filter(|sub| other.contains(sub)).collect();
    if both.is_empty() { Err(Error::invalid_request("the members of claims name different people")) } else { Ok(both) }
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
        assert_eq!(request.subjects, ["u1"]);
        assert!(request.userinfo_values.is_empty() && request.id_token_values.is_empty());
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
    fn values_are_kept_with_their_claims_and_types() {
        let request = ClaimsRequest::parse(
            r#"{"userinfo": {"email": {"value": "a@b.test"}, "phone_number_verified": {"value": true, "essential": true}},
                "id_token": {"locale": {"value": null, "values": ["sv", "en"]}, "name": {"values": []}}}"#,
        )
        .unwrap();
        assert_eq!(request.userinfo_values["email"], ["a@b.test"]);
        assert_eq!(request.userinfo_values["phone_number_verified"], [true]);
        assert_eq!(request.id_token_values["locale"], ["sv", "en"]);
        assert!(!request.id_token_values.contains_key("name"), "no value is any value");
        let within = request.within(&ScopeSet::parse("email").unwrap());
        assert_eq!(within.userinfo_values.keys().collect::<Vec<_>>(), ["email"]);
        assert!(within.id_token_values.is_empty());
    }

    #[test]
    fn a_sub_of_several_values_is_any_of_them_and_of_two_members_one_in_both() {
        let subjects = |text: &str| ClaimsRequest::parse(text).map(|request| request.subjects).map_err(|e| e.code());
        assert_eq!(subjects(r#"{"id_token": {"sub": {"values": ["a", "b"]}}}"#).unwrap(), ["a", "b"]);
        let both = |one, other| {
            subjects(&format!(
                r#"{{"id_token": {{"sub": {{"values": {one}}}}}, "userinfo": {{"sub": {{"values": {other}}}}}}}"#
            ))
        };
        assert_eq!(both(r#"["a", "b"]"#, r#"["b", "c"]"#).unwrap(), ["b"]);
        assert_eq!(both(r#"["a"]"#, "[]").unwrap(), ["a"]);
        assert_eq!(both(r#"["a"]"#, r#"["c"]"#), Err("invalid_request"));
        assert_eq!(both("[1]", "[]"), Err("invalid_request"), "a number is nobody, not everybody");
    }

    #[test]
    fn malformed_requests_are_refused_and_empty_ones_ask_for_nothing() {
        for bad in ["", "[]", "1", "{", r#"{"userinfo": 1}"#, r#"{"id_token": {"acr": "x"}}"#, &"[".repeat(100_000)] {
            assert!(ClaimsRequest::parse(bad).is_err(), "{}", &bad[..bad.len().min(20)]);
        }
        assert!(ClaimsRequest::parse("{}").unwrap().is_empty());
    }
}
