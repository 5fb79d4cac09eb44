use serde_json::{Map, Value};

use crate::base::Zone;
use crate::storage::{self, UserRecord};

/// What a person says of themself: standard claims (OpenID Connect Core §5.1), empty where they say nothing. Claims that
/// are not here, such as a verified phone number, are not theirs to set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    pub name: String,
    pub given_name: String,
    pub family_name: String,
    /// A BCP 47 language tag.
    pub locale: String,
    /// A name of the IANA time zone database, such as `Europe/Stockholm`.
    pub zoneinfo: String,
    /// An https URL.
    pub picture: String,
}

#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The claim that is not as it must be.
    #[error("the {0} cannot be used")]
    Field(&'static str),
    #[error("the account was changed elsewhere in the meantime")]
    ChangedMeanwhile,
    #[error(transparent)]
    Storage(#[from] storage::Error),
}

const MAX_NAME_CHARS: usize = 200;
const MAX_TAG_BYTES: usize = 35;
const MAX_URL_BYTES: usize = 1000;

/// Whether a claim may have this value.
type IsLegal = fn(&str) -> bool;

impl Profile {
    pub fn of(claims: &Map<String, Value>) -> Self {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            name: text("name"),
            given_name: text("given_name"),
            family_name: text("family_name"),
            locale: text("locale"),
            zoneinfo: text("zoneinfo"),
            picture: text("picture"),
        }
    }

    fn claims(&self) -> [(&'static str, &str, IsLegal); 6] {
        [
            ("name", &self.name, is_name),
            ("given_name", &self.given_name, is_name),
            ("family_name", &self.family_name, is_name),
            ("locale", &self.locale, is_language_tag),
            ("zoneinfo", &self.zoneinfo, is_zone),
            ("picture", &self.picture, is_picture),
        ]
    }

    pub(super) fn check(&self) -> Result<(), ProfileError> {
        let wrong = self.claims().into_iter().find(|(_, value, is_legal)| !value.is_empty() && !is_legal(value));
        wrong.map_or(Ok(()), |(name, ..)| Err(ProfileError::Field(name)))
    }

    /// Puts the claims into `stored`, or takes the empty ones out; the names of those that changed.
    pub(super) fn write_to(&self, stored: &mut Map<String, Value>) -> Vec<&'static str> {
        let mut changed = Vec::new();
        for (name, value, _) in self.claims() {
            if stored.get(name).and_then(Value::as_str).unwrap_or_default() == value {
                continue;
            }
            changed.push(name);
            if value.is_empty() {
                stored.shift_remove(name);
            } else {
                stored.insert(name.to_owned(), Value::from(value));
            }
        }
        changed
    }
}

fn is_name(text: &str) -> bool {
    // Characters that turn the writing direction of what follows would do so on other people's pages too.
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().count() <= MAX_NAME_CHARS && !text.chars().any(|c| c.is_control() || turns(c))
}

fn is_language_tag(text: &str) -> bool {
    let mut subtags = text.split('-');
    let language = subtags.next().unwrap_or_default();
    text.len() <= MAX_TAG_BYTES
        && (2..=8).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_alphabetic())
        && subtags.all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn is_zone(text: &str) -> bool {
    Zone::named(text).is_some()
}

fn is_picture(text: &str) -> bool {
    let url = url::Url::parse(text).ok();
    text.len() <= MAX_URL_BYTES
        && url.is_some_and(|url| {
            url.scheme() == "https" && url.host().is_some() && url.username().is_empty() && url.password().is_none()
        })
}

/// What a person has chosen: `locale` or `zoneinfo`, or another claim that is text (OpenID Connect Core §5.1). Empty without.
pub fn chosen(user: &UserRecord, name: &str) -> String {
    let claims: Value = serde_json::from_str(&user.claims).unwrap_or_default();
    claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(profile: &Profile) -> Option<&'static str> {
        match profile.check() {
            Err(ProfileError::Field(name)) => Some(name),
            _ => None,
        }
    }

    #[test]
    fn each_claim_has_its_own_form() {
        let good = Profile {
            name: "José Łukasz 王".to_owned(),
            locale: "zh-Hant-TW".to_owned(),
            zoneinfo: "America/Argentina/Buenos_Aires".to_owned(),
            picture: "https://cdn.test/a.png?x=1".to_owned(),
            ..Profile::default()
        };
        assert_eq!(wrong(&good), None);
        for name in ["a\nb", "a\u{202e}b", &"a".repeat(201)] {
            assert_eq!(wrong(&Profile { name: name.to_owned(), ..good.clone() }), Some("name"));
        }
        for locale in ["e", "en_GB", "en-", "../en", "en GB"] {
            assert_eq!(wrong(&Profile { locale: locale.to_owned(), ..good.clone() }), Some("locale"), "{locale}");
        }
        for zoneinfo in ["europe", "Europe/", "../etc", "A/B/C/D", "Europe/Ber lin", "Europe/Nowhere"] {
            let profile = Profile { zoneinfo: zoneinfo.to_owned(), ..good.clone() };
            assert_eq!(wrong(&profile), Some("zoneinfo"), "{zoneinfo}");
        }
        for picture in ["http://cdn.test/a", "javascript:alert(1)", "data:image/png,x", "https://u:p@cdn.test/", "a"] {
            let profile = Profile { picture: picture.to_owned(), ..good.clone() };
            assert_eq!(wrong(&profile), Some("picture"), "{picture}");
        }
    }

    #[test]
    fn what_is_left_empty_is_taken_out_and_what_is_not_theirs_stays() {
        let mut stored = json!({ "name": "A", "phone_number": "+46", "locale": "sv" });
        let profile = Profile { name: "B".to_owned(), ..Profile::default() };
        let changed = profile.write_to(stored.as_object_mut().unwrap());
        assert_eq!(changed, ["name", "locale"]);
        assert_eq!(stored, json!({ "name": "B", "phone_number": "+46" }));
    }
}
