use form_urlencoded::parse;

use super::Error;

/// The parameters of one request: parsed once, every name at most once (RFC 6749 §3.1, §3.2).
///
/// A parameter sent without a value counts as omitted, as RFC 6749 §3.1 has it.
#[derive(Debug, Default)]
pub struct Params(Vec<(String, String)>);

/// Most parameters in one request.
const MAX_PARAMS: usize = 100;
/// Longest value; a `state` of 1,000 characters is usual, assertions and request objects are longer.
const MAX_VALUE_BYTES: usize = 16 * 1024;
/// Names that RFCs let repeat.
const REPEATABLE: [&str; 2] = ["resource", "audience"];

impl Params {
    /// Reads `application/x-www-form-urlencoded` bytes (a query or a body).
    ///
    /// `invalid_request` for a repeated parameter, bad percent-encoding, text that is not UTF-8, a NUL, or excess.
    pub fn parse(encoded: &[u8]) -> Result<Self, Error> {
        well_encoded(encoded)?;
        let mut params: Vec<(String, String)> = Vec::new();
        for (count, (name, value)) in parse(encoded).enumerate() {
            if count >= MAX_PARAMS {
                return Err(Error::invalid_request("too many parameters"));
            }
            let wrong = |what: &str| Err(Error::invalid_request(format!("{} {what}", printable(&name))));
            if name.contains('\u{FFFD}') || value.contains('\u{FFFD}') {
                return wrong("must be UTF-8");
            }
            if name.contains('\0') || value.contains('\0') {
                return wrong("must not hold NUL");
            }
            if value.len() > MAX_VALUE_BYTES {
                return wrong(&format!("is longer than {MAX_VALUE_BYTES} bytes"));
            }
            if params.iter().any(|(known, _)| *known == name) && !REPEATABLE.contains(&name.as_ref()) {
                return wrong("was sent more than once");
            }
            params.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(params))
    }

    /// The value of `name`; `None` when absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// The value of `name`, or `invalid_request` naming it.
    pub fn require(&self, name: &'static str) -> Result<&str, Error> {
        self.get(name).ok_or_else(|| Error::invalid_request(format!("{name} is missing")))
    }

    /// Whether `name` was sent at all, even empty.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// All values of a repeatable parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// A parameter's name as errors repeat it: as the RFCs write theirs, and nothing that somebody else made up.
fn printable(name: &str) -> &str {
    const LONGEST: usize = 40;
    let usual = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if usual && (1..=LONGEST).contains(&name.len()) { name } else { "a parameter" }
}

/// Percent signs must be followed by two hexadecimal digits, and the decoded bytes must be UTF-8.
fn well_encoded(encoded: &[u8]) -> Result<(), Error> {
    let mut rest = encoded;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let digits = rest.get(at + 1..at + 3).unwrap_or_default();
        if digits.len() != 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(Error::invalid_request("a percent sign is not followed by two hexadecimal digits"));
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::collection::{hash_map, vec};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_decoded_and_empty_ones_count_as_omitted() {
        let params = Params::parse(b"%63lient_id=a+b%21&scope=&state=%C3%A9").unwrap();
        assert_eq!(params.get("client_id"), Some("a b!"));
        assert_eq!(params.get("scope"), None);
        assert!(params.has("scope"));
        assert_eq!(params.get("state"), Some("é"));
    }

    #[test]
    fn repeated_ill_encoded_and_nul_bearing_parameters_are_refused() {
        for bad in [&b"a=1&a=2"[..], b"a=1&%61=2", b"a=%", b"a=%4", b"a=%zz", b"a=%ff", b"a=\xff", b"a=%00"] {
            assert!(Params::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Params::parse(b"resource=a&resource=b").is_ok());
        assert!(Params::parse(&b"a&".repeat(200)).is_err());
    }

    #[test]
    fn s058_an_error_names_a_parameter_as_rfcs_do_and_repeats_nothing_else() {
        for (sent, told) in [
            ("state=a&state=b", "state was sent more than once"),
            ("code_challenge=%ff", "code_challenge must be UTF-8"),
            ("<b>=a&<b>=b", "a parameter was sent more than once"),
            ("%ff=a", "a parameter must be UTF-8"),
            ("=a&=b", "a parameter was sent more than once"),
            (&format!("{0}=a&{0}=b", "a".repeat(41)), "a parameter was sent more than once"),
        ] {
            let error = Params::parse(sent.as_bytes()).unwrap_err();
            assert_eq!(error.description().unwrap(), told, "{sent}");
        }
    }

    /// A name or value that may be sent.
    fn text() -> impl Strategy<Value = String> {
        "\\PC{0,20}".prop_filter("neither NUL nor the replacement character", |text| !text.contains(['\0', '\u{FFFD}']))
    }

    proptest! {
        #[test]
        fn whatever_is_sent_once_is_read_as_it_was_sent(sent in hash_map(text(), text(), 0..20)) {
            let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(&sent).finish();
            let params = Params::parse(encoded.as_bytes()).unwrap();
            for (name, value) in &sent {
                prop_assert!(params.has(name));
                prop_assert_eq!(params.get(name), Some(value.as_str()).filter(|value| !value.is_empty()));
            }
        }

        #[test]
        fn of_any_bytes_either_none_is_read_or_none_is_harmful(bytes in vec(any::<u8>(), 0..200)) {
            if let Ok(params) = Params::parse(&bytes) {
                let mut names: Vec<&str> = params.0.iter().map(|(name, _)| name.as_str()).collect();
                names.retain(|name| !REPEATABLE.contains(name));
                let count = names.len();
                names.sort_unstable();
                names.dedup();
                prop_assert_eq!(names.len(), count);
                prop_assert!(params.0.iter().all(|(name, value)| !name.contains('\0') && !value.contains('\0')));
            }
        }

        #[test]
        fn a_parameter_sent_twice_is_refused_however_it_is_spelt(name in "[a-z_]{1,12}", value in text()) {
            prop_assume!(!REPEATABLE.contains(&name.as_str()));
            let spelt: Vec<String> = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let encoded = format!("{name}={value}&x=1&{}={value}", spelt.concat());
            prop_assert!(Params::parse(encoded.as_bytes()).is_err());
        }
    }
}
