use serde_json::{Map, Value};

use super::claims_request::WantedValues;
use crate::base::Timestamp;
use crate::storage::UserRecord;

/// One standard claim (OpenID Connect Core §5.1), the scope that asks for it (§5.4), and its type.
pub struct StandardClaim {
    pub name: &'static str,
    pub scope: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Flag,
    Address,
    /// Held in a column of its own, not in the JSON object that an operator or import fills.
    Column,
}

const fn claim(name: &'static str, scope: &'static str, kind: Kind) -> StandardClaim {
    StandardClaim { name, scope, kind }
}

/// Every claim about a person that this server may release. Names outside this table are never taken from stored data,
/// so that no attribute can pose as `sub`, `iss` or the like.
pub const STANDARD_CLAIMS: [StandardClaim; 19] = [
    claim("name", "profile", Kind::Text),
    claim("given_name", "profile", Kind::Text),
    claim("family_name", "profile", Kind::Text),
    claim("middle_name", "profile", Kind::Text),
    claim("nickname", "profile", Kind::Text),
    claim("preferred_username", "profile", Kind::Text),
    claim("profile", "profile", Kind::Text),
    claim("picture", "profile", Kind::Text),
    claim("website", "profile", Kind::Text),
    claim("gender", "profile", Kind::Text),
    claim("birthdate", "profile", Kind::Text),
    claim("zoneinfo", "profile", Kind::Text),
    claim("locale", "profile", Kind::Text),
    claim("updated_at", "profile", Kind::Column),
    claim("email", "email", Kind::Column),
    claim("email_verified", "email", Kind::Column),
    claim("address", "address", Kind::Address),
    claim("phone_number", "phone", Kind::Text),
    claim("phone_number_verified", "phone", Kind::Flag),
];

/// What is known of one person, each claim in its right type.
#[derive(Clone, Debug)]
pub struct UserClaims {
    claims: Map<String, Value>,
    is_admin: bool,
}

impl UserClaims {
    /// Takes the standard claims out of a stored user; a claim of the wrong type is left out.
    pub fn of(user: &UserRecord) -> Self {
        let mut stored: Map<String, Value> = serde_json::from_str(&user.claims).unwrap_or_default();
        let mut claims = Map::new();
        for standard in &STANDARD_CLAIMS {
            let value = match standard.kind {
                Kind::Column => column(user, standard.name),
                kind => stored.remove(standard.name).filter(|value| kind.admits(value)),
            };
            if let Some(value) = value {
                claims.insert(standard.name.to_owned(), value);
            }
        }
        claims.entry("preferred_username").or_insert_with(|| Value::from(user.username.as_str()));
        if !claims.contains_key("phone_number") {
            claims.shift_remove("phone_number_verified");
        }
        Self { claims, is_admin: user.is_admin }
    }

    /// Whether they administer this server; no client is told.
    pub(crate) const fn is_admin(&self) -> bool {
        self.is_admin
    }

    /// Those of `names` that are as they are wanted: a claim asked for with a value is not asked for with another, and to have
    /// another is no error (OpenID Connect Core §5.5.1).
    pub fn as_wanted(&self, names: &[String], wanted: &WantedValues) -> Vec<String> {
        let is_wanted = |name: &String| {
            wanted.get(name).is_none_or(|values| self.claims.get(name).is_some_and(|value| values.contains(value)))
        };
        names.iter().filter(|name| is_wanted(name)).cloned().collect()
    }

    /// Adds to `answer` the claims that `scope` (space-separated) asks for, and those named in `requested`.
    pub fn release(&self, scope: &str, requested: &[String], answer: &mut Map<String, Value>) {
        for standard in &STANDARD_CLAIMS {
            let wanted = scope.split(' ').any(|word| word == standard.scope)
                || requested.iter().any(|name| name == standard.name);
            if let (true, Some(value)) = (wanted, self.claims.get(standard.name)) {
                answer.insert(standard.name.to_owned(), value.clone());
            }
        }
    }
}

impl Kind {
    fn admits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.as_str().is_some_and(|text| !text.is_empty()),
            Self::Flag => value.is_boolean(),
            Self::Address => {
                value.as_object().is_some_and(|members| !members.is_empty() && members.values().all(Value::is_string))
            }
            Self::Column => false,
        }
    }
}

fn column(user: &UserRecord, name: &str) -> Option<Value> {
    let email = user.email.as_deref();
    match name {
        "email" => email.map(Value::from),
        "email_verified" => email.map(|_| Value::from(user.email_verified)),
        "updated_at" => Some(Value::from(Timestamp::from_millis(user.updated_at).seconds())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(claims: &Value) -> UserRecord {
        UserRecord {
            id: "u1".to_owned(),
            username: "alice".to_owned(),
            email: Some("alice@example.test".to_owned()),
            email_verified: true,
            password_hash: None,
            claims: claims.to_string(),
            is_admin: false,
            disabled_at: None,
            tokens_not_before: 0,
            password_changed_at: None,
            created_at: 0,
            updated_at: 1_700_000_000_999,
        }
    }

    fn released(claims: &Value, scope: &str, requested: &[&str]) -> Value {
        let mut answer = Map::new();
        let requested: Vec<String> = requested.iter().map(|name| (*name).to_owned()).collect();
        UserClaims::of(&user(claims)).release(scope, &requested, &mut answer);
        Value::Object(answer)
    }

    #[test]
    fn each_scope_releases_its_own_claims_in_their_right_types() {
        let claims = json!({
            "name": "Alice", "address": {"country": "SE"}, "phone_number": "+46", "phone_number_verified": false,
        });
        assert_eq!(released(&claims, "openid", &[]), json!({}));
        assert_eq!(
            released(&claims, "openid email", &[]),
            json!({"email": "alice@example.test", "email_verified": true})
        );
        assert_eq!(
            released(&claims, "profile", &[]),
            json!({"name": "Alice", "preferred_username": "alice", "updated_at": 1_700_000_000})
        );
        assert_eq!(
            released(&claims, "address phone", &[]),
            json!({"address": {"country": "SE"}, "phone_number": "+46", "phone_number_verified": false})
        );
        assert_eq!(released(&claims, "openid", &["name"]), json!({"name": "Alice"}));
    }

    #[test]
    fn s070_stored_attributes_never_pose_as_protocol_claims_nor_take_a_wrong_type() {
        let claims = json!({
            "sub": "root", "iss": "x", "scope": "admin", "email_verified": false, "email": "x@evil.test",
            "updated_at": "yesterday", "phone_number_verified": "true", "address": "a street", "name": 7,
        });
        assert_eq!(
            released(&claims, "openid profile email address phone", &["sub", "iss", "scope"]),
            json!({
                "preferred_username": "alice", "updated_at": 1_700_000_000,
                "email": "alice@example.test", "email_verified": true,
            })
        );
    }
}
