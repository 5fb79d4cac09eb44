use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::PasskeyError;

/// What a browser sends back: the challenge's id, and the credential in the JSON form of WebAuthn Level 3 §5.1.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    pub challenge: &'a str,
    pub credential: &'a str,
}

impl Answer<'_> {
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, PasskeyError> {
        serde_json::from_str(self.credential).map_err(PasskeyError::refused)
    }
}

/// `CollectedClientData` (WebAuthn §5.8.1), as far as the library leaves it to us.
#[derive(Deserialize)]
struct ClientData {
    #[serde(rename = "type")]
    kind: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin")]
    top_origin: Option<String>,
}

/// Refuses what was not made on a page of ours that stood alone in its window. The library reads origins as URLs and takes
/// one with a path for the same, and looks for a foreign frame at registration only.
pub(super) fn made_here(client_data_json: &[u8], kind: &str, origin: &str) -> Result<(), PasskeyError> {
    let data: ClientData = serde_json::from_slice(client_data_json).map_err(PasskeyError::refused)?;
    let refused = |what: &str| Err(PasskeyError::refused(what));
    if data.kind != kind {
        return refused("the type is that of another ceremony");
    }
    if data.origin != origin {
        return refused("the origin is not this server's");
    }
    if data.cross_origin || data.top_origin.is_some() {
        return refused("the page stood in another site's frame");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s202_only_our_own_page_in_a_window_of_its_own_makes_an_answer() {
        let made = |text: &str| made_here(text.as_bytes(), "webauthn.get", "https://id.test").is_ok();
        assert!(made(r#"{"type":"webauthn.get","origin":"https://id.test","crossOrigin":false,"extra":1}"#));
        assert!(made(r#"{"type":"webauthn.get","origin":"https://id.test"}"#));
        for bad in [
            r#"{"type":"webauthn.create","origin":"https://id.test"}"#,
            r#"{"type":"webauthn.get","origin":"https://badid.test"}"#,
            r#"{"type":"webauthn.get","origin":"http://id.test"}"#,
            r#"{"type":"webauthn.get","origin":"https://id.test:8443"}"#,
            r#"{"type":"webauthn.get","origin":"https://sub.id.test"}"#,
            r#"{"type":"webauthn.get","origin":"https://id.test/"}"#,
            r#"{"type":"webauthn.get","origin":"https://id.test","crossOrigin":true}"#,
            r#"{"type":"webauthn.get","origin":"https://id.test","topOrigin":"https://evil.test"}"#,
            r#"{"type":"webauthn.get","origin":"https://evil.test","origin":"https://id.test"}"#,
            r#"{"type":"webauthn.get"}"#,
            "",
        ] {
            assert!(!made(bad), "{bad}");
        }
    }
}
