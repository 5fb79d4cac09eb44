//! Session management (OpenID Connect Session Management 1.0): what an application holds against the browser's state to
//! see whether the person who is signed in is still the same.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::base::Random;

/// The state of a browser with this session (§3.2), for a cookie that scripts may read. It tells nothing, opens nothing,
/// and is another for each session.
pub fn browser_state(key: &hmac::Key, sid: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    for part in ["browser_state", sid] {
        context.update(&part.len().to_be_bytes());
        context.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(context.sign())
}

/// `session_state` (§2) for the client behind `redirect_uri`. `static/check_session.js` computes the same.
pub fn session_state(client_id: &str, redirect_uri: &str, browser_state: &str, random: &dyn Random) -> String {
    let mut salt = [0_u8; 16];
    random.fill(&mut salt);
    let salt = URL_SAFE_NO_PAD.encode(salt);
    let origin = Url::parse(redirect_uri).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let hash = digest(&SHA256, format!("{client_id} {origin} {browser_state} {salt}").as_bytes());
    format!("{}.{salt}", URL_SAFE_NO_PAD.encode(hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SystemRandom;

    #[test]
    fn a_session_state_is_for_one_client_one_origin_and_one_session() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
        let (one, other) = (browser_state(&key, "s1"), browser_state(&key, "s2"));
        assert_ne!(one, other);
        let random = SystemRandom::default();
        let state = session_state("c1", "https://app.test/cb?x=1", &one, &random);
        assert!(!state.contains(' '));
        let salt = state.split_once('.').unwrap().1;
        let expected = |client: &str, origin: &str, browser: &str| {
            let hash = digest(&SHA256, format!("{client} {origin} {browser} {salt}").as_bytes());
            format!("{}.{salt}", URL_SAFE_NO_PAD.encode(hash))
        };
        assert_eq!(state, expected("c1", "https://app.test", &one));
        assert_ne!(state, expected("c1", "https://app.test", &other));
        assert_ne!(state, session_state("c1", "https://app.test/cb", &one, &random), "salted anew each time");
    }
}
