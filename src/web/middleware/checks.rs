use std::borrow::Cow;

use actix_web::dev::ServiceRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, HOST, HeaderMap};
use actix_web::http::{StatusCode, Version};

use crate::config::Issuer;
use crate::web::answer::Refusal;
use crate::web::routes::{Audience, Route};

/// Longest request target. Bytes.
pub const MAX_TARGET: usize = 16 << 10;
/// All header lines of a request together. Bytes.
pub const MAX_HEADERS: usize = 32 << 10;
/// Largest request body of any endpoint. Bytes.
pub const MAX_BODY: usize = 64 << 10;

/// What every request has to pass before a handler sees it, cheapest first.
#[derive(Clone, Debug)]
pub struct Checks {
    issuer: Issuer,
    /// The host names by which this server is known: with and without the scheme's own port.
    authorities: Vec<String>,
}

impl Checks {
    pub fn new(issuer: &Issuer) -> Self {
        let authority = issuer.authority();
        let mut authorities = vec![authority.clone()];
        if issuer.url().port().is_none() {
            authorities.push(format!("{authority}:{}", if issuer.is_https() { 443 } else { 80 }));
        }
        Self { issuer: issuer.clone(), authorities }
    }

    pub fn pass(&self, request: &ServiceRequest, route: Route) -> Result<(), Refusal> {
        let headers = request.headers();
        target_fits(request)?;
        headers_fit(headers)?;
        if route.audience != Audience::Probe {
            self.host_is_ours(request, route)?;
        }
        body_is_plain_and_fits(headers)
    }

    /// What is answered never depends on the host name (the issuer is configured). A person who came by another one is
    /// told so, since their cookies would not follow them; a program may go on.
    fn host_is_ours(&self, request: &ServiceRequest, route: Route) -> Result<(), Refusal> {
        let mut hosts = request.headers().get_all(HOST);
        let host = match (hosts.next(), hosts.next()) {
            (Some(host), None) => host.as_bytes(),
            (None, _) if request.version() < Version::HTTP_11 => b"",
            _ => {
                let text = "The request must name its host exactly once.";
                return Err(Refusal::new(StatusCode::BAD_REQUEST, "invalid_request", text));
            }
        };
        let target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let is_ours = |host: &[u8]| self.authorities.iter().any(|ours| ours.as_bytes().eq_ignore_ascii_case(host));
        if route.audience == Audience::Program || is_ours(host) && target.is_none_or(is_ours) {
            return Ok(());
        }
        let came_by = printable(target.filter(|target| !is_ours(target)).unwrap_or(host));
        let text = format!(
            "You came by {came_by}, this server is {issuer}. Go to {issuer} instead. If that is where you were, the \
             proxy in front of the server has to pass the Host header on, or `issuer` has to be changed.",
            issuer = self.issuer,
        );
        Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, "invalid_request", text))
    }
}

fn target_fits(request: &ServiceRequest) -> Result<(), Refusal> {
    let uri = request.uri();
    if uri.path().len() + uri.query().map_or(0, str::len) > MAX_TARGET {
        let text = "The address is too long; send the parameters in the body of a POST.";
        return Err(Refusal::new(StatusCode::URI_TOO_LONG, "invalid_request", text));
    }
    Ok(())
}

fn headers_fit(headers: &HeaderMap) -> Result<(), Refusal> {
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if bytes > MAX_HEADERS {
        let text = "The header of the request is too large. If this is a browser, clearing its cookies helps.";
        return Err(Refusal::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "invalid_request", text));
    }
    Ok(())
}

/// No endpoint takes a compressed body, so that none can unfold into more than it seemed.
fn body_is_plain_and_fits(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let text = "The request body must not be compressed.";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", text));
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(Refusal::of_status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    Ok(())
}

fn printable(host: &[u8]) -> Cow<'static, str> {
    let text: String =
        host.iter().filter(|byte| byte.is_ascii_graphic()).take(255).map(|byte| char::from(*byte)).collect();
    if text.is_empty() { Cow::Borrowed("no host name") } else { Cow::Owned(text) }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn status(issuer: &str, request: TestRequest) -> Option<u16> {
        let request = request.to_srv_request();
        let route = Route::of(request.path(), "");
        let refusal = Checks::new(&issuer.parse().unwrap()).pass(&request, route).err()?;
        Some(refusal.status.as_u16())
    }

    fn get(path: &str, host: &str) -> TestRequest {
        TestRequest::with_uri(path).insert_header((HOST, host))
    }

    #[test]
    fn s228_a_person_by_another_host_is_told_and_a_program_is_not_stopped() {
        let issuer = "https://id.example.test";
        assert_eq!(status(issuer, get("/login", "id.example.test")), None);
        assert_eq!(status(issuer, get("/login", "ID.Example.Test:443")), None);
        assert_eq!(status(issuer, get("/login", "evil.test")), Some(421));
        assert_eq!(status(issuer, get("/login", "id.example.test:8443")), Some(421));
        assert_eq!(status(issuer, get("https://evil.test/login", "id.example.test")), Some(421));
        assert_eq!(status(issuer, get("/oauth2/token", "evil.test")), None);
        assert_eq!(status(issuer, get("/livez", "10.0.0.7:8080")), None);
        assert_eq!(status("http://localhost:8080", get("/", "localhost:8080")), None);
        assert_eq!(status("http://localhost:8080", get("/", "127.0.0.1:8080")), Some(421));
    }

    #[test]
    fn s228_no_host_and_two_hosts_are_refused() {
        let issuer = "https://id.example.test";
        assert_eq!(status(issuer, TestRequest::with_uri("/oauth2/token")), Some(400));
        let two = get("/oauth2/token", "id.example.test").append_header((HOST, "evil.test"));
        assert_eq!(status(issuer, two), Some(400));
        assert_eq!(status(issuer, TestRequest::with_uri("/readyz")), None);
    }

    #[test]
    fn the_text_about_a_foreign_host_is_bounded_and_printable() {
        let request = get("/", &"x".repeat(5000)).to_srv_request();
        let checks = Checks::new(&"https://id.example.test".parse().unwrap());
        let refusal = checks.pass(&request, Route::of("/", "")).unwrap_err();
        assert!(refusal.text.len() < 600, "{}", refusal.text.len());
        assert_eq!(printable(b"a\x1b[31m\xff b"), "a[31mb");
    }

    #[test]
    fn s234_s243_what_is_too_large_or_compressed_is_refused_by_its_head() {
        let issuer = "https://id.example.test";
        let token = || get("/oauth2/token", "id.example.test");
        assert_eq!(status(issuer, token().insert_header((CONTENT_LENGTH, "65536"))), None);
        assert_eq!(status(issuer, token().insert_header((CONTENT_LENGTH, "65537"))), Some(413));
        assert_eq!(status(issuer, token().insert_header((CONTENT_ENCODING, "gzip"))), Some(415));
        assert_eq!(status(issuer, token().insert_header(("x-long", "x".repeat(64 << 10)))), Some(431));
        let state = |length| get(&format!("/authorize?state={}", "x".repeat(length)), "id.example.test");
        assert_eq!(status(issuer, state(1000)), None);
        assert_eq!(status(issuer, state(20_000)), Some(414));
    }
}
