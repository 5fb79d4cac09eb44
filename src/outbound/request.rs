use std::time::Duration;

use reqwest::header::HeaderMap;

/// No answer is waited for longer.
const MAX_TIMEOUT: Duration = Duration::from_secs(5);
/// No answer is larger.
const MAX_BYTES: usize = 1024 * 1024;

/// Bounds of one exchange; never wider than the default, which is 5 seconds and 1 MiB.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the first look at the name to the last byte of the answer.
    pub timeout: Duration,
    pub max_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout: MAX_TIMEOUT, max_bytes: MAX_BYTES }
    }
}

impl Limits {
    /// The default with another size.
    pub fn of_bytes(max_bytes: usize) -> Self {
        Self { max_bytes, ..Self::default() }
    }

    pub(super) fn within_bounds(self) -> Self {
        Self { timeout: self.timeout.min(MAX_TIMEOUT), max_bytes: self.max_bytes.min(MAX_BYTES) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
        }
    }
}

/// A request to make.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub fn get(url: &str) -> Self {
        Self { method: Method::Get, url: url.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// A body of any type.
    pub fn post(url: &str, content_type: &str, body: Vec<u8>) -> Self {
        Self { method: Method::Post, url: url.to_owned(), headers: Vec::new(), body }
            .header("content-type", content_type)
    }

    /// An `application/x-www-form-urlencoded` body.
    pub fn post_form(url: &str, form: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        Self::post(url, "application/x-www-form-urlencoded", body.into_bytes())
    }

    /// `name` in lower case.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    pub(super) const fn new(status: u16, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self { status, headers, body }
    }

    /// A header's value, if it is there as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> String {
        let text = self.header("content-type").unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// How long the answer may be kept (RFC 9111 §5.2.2): `max-age`, nothing for `no-store` and `no-cache`; `None` where
    /// it does not say.
    pub fn max_age(&self) -> Option<Duration> {
        let text = self.header("cache-control")?.to_ascii_lowercase();
        let mut directives = text.split(',').map(str::trim);
        if directives.clone().any(|directive| matches!(directive, "no-store" | "no-cache")) {
            return Some(Duration::ZERO);
        }
        let seconds = directives.find_map(|directive| directive.strip_prefix("max-age="))?;
        seconds.trim_matches('"').parse().ok().map(Duration::from_secs)
    }
}
