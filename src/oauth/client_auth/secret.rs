use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::parse;

use super::Failure;
use crate::base::TokenHash;
use crate::jose::{ForeignKey, Sealer};
use crate::oauth::registration::sealed_secret_purpose;
use crate::oauth::{Client, Error};

/// Client id and secret of an `Authorization: Basic` header, each form-encoded (RFC 6749 §2.3.1).
pub struct Basic {
    pub client_id: String,
    pub secret: String,
}

impl Basic {
    /// `invalid_client` for any header that is not Basic with an id and a secret.
    pub fn read(header: &[u8]) -> Result<Self, Error> {
        Self::parsed(header).ok_or_else(|| Error::InvalidClient {
            hint: "the Authorization header is no Basic one with form-encoded client id and secret".into(),
            basic_tried: true,
        })
    }

    fn parsed(header: &[u8]) -> Option<Self> {
        let (scheme, encoded) = std::str::from_utf8(header).ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (client_id, secret) = pair.split_once(':')?;
        let basic = Self { client_id: form_decoded(client_id)?, secret: form_decoded(secret)? };
        (!basic.client_id.is_empty() && !basic.secret.is_empty()).then_some(basic)
    }
}

/// One form-encoded value. `None` for a broken percent sequence, text that is not UTF-8, or a NUL.
fn form_decoded(text: &str) -> Option<String> {
    let well_formed = text
        .split('%')
        .skip(1)
        .all(|rest| rest.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)));
    // A name for the value, since an `&` or `=` in it must not split it.
    let guarded = format!("v={}", text.replace('&', "%26"));
    let (_, value) = parse(guarded.as_bytes()).next()?;
    (well_formed && !value.contains(['\0', '\u{FFFD}'])).then(|| value.into_owned())
}

/// Whether `presented` is the secret of `client`. Without one the same work is done in vain.
pub fn check(presented: &str, client: Option<&Client>) -> Result<(), Failure> {
    let stored = client.and_then(|client| client.secret_hash.as_deref());
    let right = TokenHash::of(presented).matches(stored.unwrap_or(&[0; 32]));
    if right && stored.is_some() { Ok(()) } else { Err(Failure::Refused("the secret is wrong")) }
}

/// The secret of a `client_secret_jwt` client as a key; `None` where none is stored, or it cannot be opened.
pub fn shared_key(client: &Client, sealer: &Sealer) -> Option<ForeignKey> {
    let sealed = client.secret_sealed.as_deref()?;
    match sealer.open(&sealed_secret_purpose(&client.client_id), sealed) {
        Ok(secret) => ForeignKey::shared_secret(&secret),
        Err(error) => {
            tracing::error!(oauth.client_id = %client.client_id, %error, "the client's secret cannot be opened");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn read(pair: &str) -> Option<(String, String)> {
        let header = format!("Basic {}", STANDARD.encode(pair));
        Basic::read(header.as_bytes()).ok().map(|basic| (basic.client_id, basic.secret))
    }

    #[test]
    fn s045_id_and_secret_are_form_decoded_and_garbage_is_invalid_client() {
        assert_eq!(read("a%3Ab:%25+%2B%C3%A9:x"), Some(("a:b".to_owned(), "% +é:x".to_owned())));
        assert_eq!(read("a:x&y=z"), Some(("a".to_owned(), "x&y=z".to_owned())));
        for bad in ["a", ":x", "a:", "a:%", "a:%4", "a:%zz", "a:%00", "a:%ff", "a\0:b"] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        for bad in [&b"Basic"[..], b"Basic !!!", b"Bearer YTpi", b"\xff\xff", b""] {
            assert!(Basic::read(bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn any_id_and_secret_come_through_form_encoded(id in "\\PC{1,30}", secret in "\\PC{1,60}") {
            prop_assume!(!id.contains('\u{FFFD}') && !secret.contains('\u{FFFD}'));
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            prop_assert_eq!(read(&format!("{}:{}", encode(&id), encode(&secret))), Some((id, secret)));
        }

        #[test]
        fn no_header_is_read_as_empty_or_with_a_nul(header in vec(any::<u8>(), 0..100), pair in vec(any::<u8>(), 0..60)) {
            for header in [header, format!("Basic {}", STANDARD.encode(pair)).into_bytes()] {
                if let Ok(basic) = Basic::read(&header) {
                    for text in [&basic.client_id, &basic.secret] {
                        prop_assert!(!text.is_empty() && !text.contains('\0'));
                    }
                }
            }
        }
    }
}
