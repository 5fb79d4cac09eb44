use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// Scopes in the order they were asked for, without repetition (RFC 6749 §3.3).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ScopeSet(Vec<String>);

/// Most scopes in one request.
const MAX_SCOPES: usize = 100;
/// Longest single scope.
const MAX_SCOPE_CHARS: usize = 200;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "scope must be at most {MAX_SCOPES} words of %x21 / %x23-5B / %x5D-7E separated by single spaces (RFC 6749 3.3)"
)]
pub struct MalformedScope;

impl ScopeSet {
    /// Parses a `scope` parameter; repeated words and repeated spaces are forgiven, other characters are not.
    pub fn parse(text: &str) -> Result<Self, MalformedScope> {
        let mut scopes: Vec<String> = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let legal = word.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5B | 0x5D..=0x7E));
            if !legal || word.len() > MAX_SCOPE_CHARS || scopes.len() >= MAX_SCOPES {
                return Err(MalformedScope);
            }
            if !scopes.iter().any(|known| known == word) {
                scopes.push(word.to_owned());
            }
        }
        Ok(Self(scopes))
    }

    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|known| known == scope)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|scope| other.contains(scope))
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The scopes for which `keep` holds, in their order.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&str) -> bool) -> Self {
        Self(self.0.iter().filter(|scope| keep(scope)).cloned().collect())
    }

    /// The scopes of `self` that are not in `other`.
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|scope| !other.contains(scope)).cloned().collect())
    }

    /// `self` followed by what `other` adds.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.0.clone();
        all.extend(other.without(self).0);
        Self(all)
    }
}

impl<'a> FromIterator<&'a str> for ScopeSet {
    /// Of scopes known to be well-formed.
    fn from_iter<I: IntoIterator<Item = &'a str>>(scopes: I) -> Self {
        let mut set = Self::default();
        for scope in scopes {
            if !set.contains(scope) {
                set.0.push(scope.to_owned());
            }
        }
        set
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

impl TryFrom<String> for ScopeSet {
    type Error = MalformedScope;

    fn try_from(text: String) -> Result<Self, MalformedScope> {
        Self::parse(&text)
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn repeated_scopes_and_spaces_are_forgiven_and_order_is_kept() {
        assert_eq!(ScopeSet::parse("openid  profile openid").unwrap().to_string(), "openid profile");
    }

    #[test]
    fn tabs_quotes_backslashes_and_floods_are_malformed() {
        for bad in ["openid\t", "a\"b", "a\\b", "é", "a\0"] {
            assert_eq!(ScopeSet::parse(bad), Err(MalformedScope), "{bad:?}");
        }
        let flood: Vec<String> = (0..10_000).map(|n| format!("s{n}")).collect();
        assert_eq!(ScopeSet::parse(&flood.join(" ")), Err(MalformedScope));
    }

    proptest! {
        #[test]
        fn what_is_parsed_is_written_so_that_it_reads_back(text in "[ -~]{0,60}|\\PC{0,30}") {
            if let Ok(scope) = ScopeSet::parse(&text) {
                prop_assert_eq!(ScopeSet::parse(&scope.to_string()), Ok(scope.clone()));
                prop_assert!(scope.iter().all(|word| text.split(' ').any(|sent| sent == word)));
                prop_assert!(scope.is_subset_of(&scope.union(&ScopeSet::default())));
            }
        }
    }
}
