//! Proof that a form comes from one of our own pages in the same browser.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::config::Issuer;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The token of a form: bound to the browser's cookie, to what the form is for, and to what it is about (a transaction,
/// a person), so that no other form's token and no other browser's passes.
pub fn token(key: &hmac::Key, device: &str, purpose: &str, about: &str) -> String {
    let mut context = hmac::Context::with_key(key);
    for part in ["csrf", device, purpose, about] {
        context.update(&part.len().to_be_bytes());
        context.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(context.sign())
}

pub fn matches(expected: &str, sent: &str) -> bool {
    expected.as_bytes().ct_eq(sent.as_bytes()).into()
}

/// Whether the browser says that the request comes from our own pages. What says nothing passes: the token decides.
///
/// Our pages send no referrer, so browsers write `Origin: null` on their forms.
pub fn is_same_origin(req: &HttpRequest, issuer: &Issuer) -> bool {
    let all = |name: HeaderName, allowed: &[&str]| {
        req.headers().get_all(name).all(|value| allowed.iter().any(|one| value.as_bytes() == one.as_bytes()))
    };
    all(header::ORIGIN, &[&issuer.origin(), "null"]) && all(SEC_FETCH_SITE, &["same-origin", "none"])
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_token_holds_for_one_browser_one_purpose_and_one_subject() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &[1; 32]);
        let right = token(&key, "device", "login", "tx");
        assert!(matches(&right, &token(&key, "device", "login", "tx")));
        for (device, purpose, about) in
            [("other", "login", "tx"), ("device", "consent", "tx"), ("device", "login", "t"), ("devicel", "ogin", "tx")]
        {
            assert!(!matches(&right, &token(&key, device, purpose, about)));
        }
        assert!(!matches(&right, ""));
    }

    #[test]
    fn s166_other_origins_are_refused_whatever_their_token() {
        let issuer: Issuer = "https://id.test".parse().unwrap();
        let from = |headers: &[(&'static str, &'static str)]| {
            let request = headers.iter().fold(TestRequest::post(), |request, header| request.append_header(*header));
            is_same_origin(&request.to_http_request(), &issuer)
        };
        assert!(from(&[]) && from(&[("Origin", "null")]) && from(&[("Origin", "https://id.test")]));
        assert!(from(&[("Sec-Fetch-Site", "same-origin")]));
        for bad in [
            &[("Origin", "https://evil.test")][..],
            &[("Origin", "https://id.test.evil.test")],
            &[("Origin", "https://id.test"), ("Origin", "https://evil.test")],
            &[("Sec-Fetch-Site", "cross-site")],
            &[("Sec-Fetch-Site", "same-site"), ("Origin", "null")],
        ] {
            assert!(!from(bad), "{bad:?}");
        }
    }
}
