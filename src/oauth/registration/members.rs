//! Metadata as it arrives.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::dynamic::ClientInformation;

/// The members of a JSON object. None stands there twice: another reader might believe the first where this one believes the
/// last (RFC 8259 §4). The error says what is wrong.
pub fn members(json: &[u8]) -> Result<ClientInformation, String> {
    serde_json::from_slice(json).map(|Once(members)| members).map_err(|error| error.to_string())
}

struct Once(ClientInformation);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
        let mut members = Map::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("{name} stands there twice")));
            }
            members.insert(name, value);
        }
        Ok(Once(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_stands_there_once_however_it_is_written() {
        assert_eq!(members(br#"{"a": 1, "b": {"a": 2}}"#).unwrap().len(), 2);
        for twice in [r#"{"a": 1, "a": 1}"#, r#"{"a": 1, "\u0061": 2}"#, r#"{"a": null, "b": 1, "a": 2}"#] {
            assert!(members(twice.as_bytes()).unwrap_err().starts_with("a stands there twice"), "{twice}");
        }
        for none in ["", "[]", "1", "{", r#"{"a": 1} {"#, "null", "\u{feff}{}"] {
            assert!(members(none.as_bytes()).is_err(), "{none}");
        }
        assert!(members(b"{\"a\": \"\xff\"}").is_err());
    }
}
