//! Proof Key for Code Exchange (RFC 7636), S256 alone: `plain` protects against nothing that TLS does not.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Error;

/// The one method offered: the `code_challenge_methods_supported` of the metadata.
pub const CHALLENGE_METHODS: [&str; 1] = ["S256"];

/// Base64url of a SHA-256, without padding.
const CHALLENGE_CHARS: usize = 43;

/// A stored `code_challenge` of method S256 (RFC 7636 §4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// Reads `code_challenge` and `code_challenge_method` of an authorization request.
    ///
    /// `invalid_request` when one is sent without the other (an absent method means `plain`), or either is no S256.
    pub fn from_request(challenge: Option<&str>, method: Option<&str>) -> Result<Option<Self>, Error> {
        match (challenge, method) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Error::invalid_request("code_challenge_method was sent without code_challenge")),
            (Some(_), None) => Err(Error::invalid_request("code_challenge_method must be S256; it was absent")),
            (Some(challenge), Some("S256")) => Self::parse(challenge).map(Some),
            (Some(_), Some(_)) => Err(Error::invalid_request("code_challenge_method must be S256")),
        }
    }

    /// Reads a challenge: exactly 43 characters of the base64url alphabet.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let legal = text.len() == CHALLENGE_CHARS
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if legal {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid_request("code_challenge must be 43 characters of base64url without padding"))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CodeChallenge {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        Self::parse(&text)
    }
}

impl fmt::Display for CodeChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether `text` can be a `code_verifier` (RFC 7636 §4.1): 43 to 128 unreserved characters.
pub fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn s023_plain_absent_and_misspelt_methods_are_refused() {
        for method in [None, Some("plain"), Some("s256"), Some("S512")] {
            assert!(CodeChallenge::from_request(Some(CHALLENGE), method).is_err(), "{method:?}");
        }
        assert!(CodeChallenge::from_request(None, Some("S256")).is_err());
        assert_eq!(CodeChallenge::from_request(None, None).unwrap(), None);
    }

    #[test]
    fn s024_challenges_of_another_length_or_alphabet_are_refused() {
        let (short, long) = (&CHALLENGE[1..], format!("{CHALLENGE}A"));
        let replaced = |with: &str| format!("{}{with}", &CHALLENGE[1..]);
        for bad in [short, &long, &replaced("="), &replaced("+"), &replaced("/"), &replaced(" "), &replaced("\0")] {
            assert!(CodeChallenge::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn verifiers_are_43_to_128_unreserved_characters() {
        for bad in ["short", &"a".repeat(129), &"a ".repeat(30), &"é".repeat(30)] {
            assert!(!is_verifier(bad), "{bad}");
        }
        assert!(is_verifier(&"~".repeat(128)));
    }
}
