//! Proof Key for Code Exchange (RFC 7636), S256 alone: `plain` protects against nothing that TLS does not.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::Error;

/// The one method offered: the `code_challenge_methods_supported` of the metadata.
pub const CHALLENGE_METHODS: [&str; 1] = ["S256"];

/// Base64url of a SHA-256, without padding.
const CHALLENGE_CHARS: usize = 43;

/// A stored `code_challenge` of method S256 (RFC 7636 §4.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct CodeChallenge(String);

/// A `code_verifier` (RFC 7636 §4.1). A secret: it has no `Debug`.
#[derive(Clone)]
pub struct CodeVerifier(String);

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

    /// Whether `verifier` is what this challenge was made from (RFC 7636 §4.6). Takes the same time for every verifier.
    pub fn matches(&self, verifier: &CodeVerifier) -> bool {
        let mut computed = [0_u8; CHALLENGE_CHARS];
        let hash = digest(&SHA256, verifier.0.as_bytes());
        let written = URL_SAFE_NO_PAD.encode_slice(hash.as_ref(), &mut computed);
        written.is_ok() && bool::from(computed.as_slice().ct_eq(self.0.as_bytes()))
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

impl CodeVerifier {
    /// Reads a verifier: 43 to 128 unreserved characters. `None` for anything else, which then matches no challenge.
    pub fn parse(text: &str) -> Option<Self> {
        let legal = (43..=128).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'));
        legal.then(|| Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_rfc_matches_and_its_neighbours_do_not() {
        let challenge = CodeChallenge::from_request(Some(CHALLENGE), Some("S256")).unwrap().unwrap();
        assert!(challenge.matches(&CodeVerifier::parse(VERIFIER).unwrap()));
        let wrong = VERIFIER.replace('d', "e");
        assert!(!challenge.matches(&CodeVerifier::parse(&wrong).unwrap()));
        // S027: the challenge itself is no verifier.
        assert!(!challenge.matches(&CodeVerifier::parse(CHALLENGE).unwrap()));
    }

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
    fn verifiers_outside_43_to_128_unreserved_characters_are_none() {
        for bad in ["short", &"a".repeat(129), &"a ".repeat(30), &"é".repeat(30)] {
            assert!(CodeVerifier::parse(bad).is_none(), "{bad}");
        }
        assert!(CodeVerifier::parse(&"~".repeat(128)).is_some());
    }
}
