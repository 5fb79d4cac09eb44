use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap,
    HeaderName, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use crate::base::RequestId;
use crate::config::Issuer;
use crate::web::routes::Route;

const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// For whatever sets no policy of its own, which is everything but our pages.
const DEFAULT_CSP: HeaderValue =
    HeaderValue::from_static("default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");
const EXPOSED: HeaderValue = HeaderValue::from_static("WWW-Authenticate, Retry-After");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const NO_DEVICES: HeaderValue = HeaderValue::from_static(
    "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self)",
);
/// One year. Without `includeSubDomains`: other hosts are not ours to decide about.
const ONE_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds to every answer, errors and redirects included, what keeps browsers from being talked into something.
#[derive(Clone, Copy, Debug)]
pub struct StandingHeaders {
    https: bool,
}

impl StandingHeaders {
    pub fn new(issuer: &Issuer) -> Self {
        Self { https: issuer.is_https() }
    }

    pub fn add(self, headers: &mut HeaderMap, route: Route, id: RequestId) {
        let mut unless_set = |name: HeaderName, value: HeaderValue| {
            if !headers.contains_key(&name) {
                headers.insert(name, value);
            }
        };
        unless_set(CONTENT_SECURITY_POLICY, DEFAULT_CSP);
        unless_set(CACHE_CONTROL, NO_STORE);
        if route.may_be_read_from_anywhere() {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
        if !route.may_be_framed() {
            headers.insert(X_FRAME_OPTIONS, DENY);
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.insert(REFERRER_POLICY, NO_REFERRER);
        headers.insert(PERMISSIONS_POLICY, NO_DEVICES);
        // An application that opened the sign-in in a window of its own would lose it to `same-origin` for good.
        if !route.may_have_an_opener() {
            headers.insert(CROSS_ORIGIN_OPENER_POLICY, SAME_ORIGIN);
        }
        if self.https {
            headers.insert(STRICT_TRANSPORT_SECURITY, ONE_YEAR);
        }
        if let Ok(id) = HeaderValue::from_str(id.as_str()) {
            headers.insert(X_REQUEST_ID, id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(issuer: &str, path: &str, mut headers: HeaderMap) -> HeaderMap {
        let route = Route::of(path, "");
        StandingHeaders::new(&issuer.parse().unwrap()).add(&mut headers, route, RequestId::next());
        headers
    }

    #[test]
    fn every_answer_gets_them_and_hsts_is_for_https_alone() {
        let secure = added("https://id.example.test", "/oauth2/token", HeaderMap::new());
        for (name, value) in [
            (X_FRAME_OPTIONS, "DENY"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            (CACHE_CONTROL, "no-store"),
            (CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
            (STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
        ] {
            assert_eq!(secure.get(name).unwrap(), value);
        }
        assert!(secure.contains_key(X_REQUEST_ID));
        let plain = added("http://localhost:8080", "/oauth2/token", HeaderMap::new());
        assert!(!plain.contains_key(STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn a_page_keeps_its_own_policy_and_caching() {
        let mut own = HeaderMap::new();
        own.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; style-src 'self'"));
        own.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        let headers = added("https://id.example.test", "/login", own);
        assert_eq!(headers.get(CONTENT_SECURITY_POLICY).unwrap(), "default-src 'none'; style-src 'self'");
        assert_eq!(headers.get(CACHE_CONTROL).unwrap(), "public, max-age=300");
    }

    #[test]
    fn a_sign_in_window_keeps_its_opener() {
        for path in ["/authorize", "/login", "/consent"] {
            let headers = added("https://id.example.test", path, HeaderMap::new());
            assert!(!headers.contains_key(CROSS_ORIGIN_OPENER_POLICY), "{path}");
        }
    }
}
