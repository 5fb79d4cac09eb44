//! The playground's back channel: plain HTTP/1.1 to this very server over loopback, as any other client would speak it.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer that is read. Bytes.
const MAX_ANSWER: u64 = 1 << 20;
const MAX_HEADERS: usize = 64;

/// Why there is no answer to show.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("the address is not one of this server's over plain http")]
    Elsewhere,
    #[error("the server took longer than {} seconds", TIMEOUT.as_secs())]
    Slow,
    #[error("the connection failed: {0}")]
    Connection(#[from] std::io::Error),
    #[error("the answer is no HTTP/1.1 response of at most {MAX_ANSWER} bytes with a whole body")]
    NotHttp,
}

/// A request on its way.
pub struct Call {
    url: String,
    authorization: Option<String>,
    form: Option<String>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    reason: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Call {
    pub fn get(url: &str) -> Self {
        Self { url: url.to_owned(), authorization: None, form: None }
    }

    pub fn post(url: &str, params: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        Self { url: url.to_owned(), authorization: None, form: Some(form) }
    }

    pub fn bearer(mut self, token: &str) -> Self {
        self.authorization = Some(format!("Bearer {token}"));
        self
    }

    /// `client_secret_basic`: both parts form-encoded first (RFC 6749 §2.3.1).
    pub fn basic(mut self, client_id: &str, secret: &SecretString) -> Self {
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(client_id), encode(secret.expose_secret()));
        self.authorization = Some(format!("Basic {}", STANDARD.encode(pair)));
        self
    }

    /// The request as it goes over the wire.
    fn wire(&self, url: &Url) -> String {
        let method = if self.form.is_some() { "POST" } else { "GET" };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}{query}", url.path());
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", url.authority());
        if let Some(authorization) = &self.authorization {
            let _ = write!(text, "Authorization: {authorization}\r\n");
        }
        if let Some(form) = &self.form {
            let _ =
                write!(text, "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n", form.len());
        }
        text.push_str("Accept: application/json\r\nConnection: close\r\n\r\n");
        text.push_str(self.form.as_deref().unwrap_or_default());
        text
    }

    /// The request as people read it: one parameter a line.
    pub fn shown(&self) -> String {
        let Ok(url) = self.url.parse::<Url>() else { return self.url.clone() };
        let wire = self.wire(&url).replace("\r\n", "\n").replace("Connection: close\n", "");
        wire.trim_end().replace('&', "\n&")
    }

    /// Sends it, if it goes to `origin`.
    pub async fn send(&self, origin: &Url) -> Result<Reply, CallError> {
        let url: Url = self.url.parse().map_err(|_| CallError::Elsewhere)?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(CallError::Elsewhere);
        };
        if url.scheme() != "http" || url.origin() != origin.origin() {
            return Err(CallError::Elsewhere);
        }
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let exchange = async {
            let mut stream = TcpStream::connect((host, port)).await?;
            stream.write_all(self.wire(&url).as_bytes()).await?;
            let mut answer = Vec::new();
            stream.take(MAX_ANSWER).read_to_end(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        let answer = timeout(TIMEOUT, exchange).await.map_err(|_| CallError::Slow)??;
        Reply::read(&answer).ok_or(CallError::NotHttp)
    }
}

impl Reply {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut head = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(length) = head.parse(bytes).ok()? else { return None };
        let headers: Vec<(String, String)> = head
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
            .collect();
        let header = |name: &str| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let body = bytes.get(length..)?;
        let announced = header("content-length").and_then(|(_, length)| length.parse::<usize>().ok());
        if header("transfer-encoding").is_some() || announced.is_some_and(|announced| announced != body.len()) {
            return None;
        }
        let body = String::from_utf8_lossy(body).into_owned();
        Some(Self { status: head.code?, reason: head.reason.unwrap_or_default().to_owned(), headers, body })
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    pub fn status_line(&self) -> String {
        format!("{} {}", self.status, self.reason)
    }

    /// Headers that mean something to a client, and the body, JSON spread out.
    pub fn shown(&self) -> String {
        const TELLING: [&str; 6] =
            ["content-type", "cache-control", "www-authenticate", "retry-after", "etag", "x-request-id"];
        let mut text = format!("HTTP/1.1 {}\n", self.status_line());
        for (name, value) in &self.headers {
            if TELLING.iter().any(|telling| name.eq_ignore_ascii_case(telling)) {
                let _ = writeln!(text, "{name}: {value}");
            }
        }
        let body = self.json().and_then(|json| serde_json::to_string_pretty(&json).ok());
        let _ = write!(text, "\n{}", body.as_deref().unwrap_or(&self.body));
        text.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_as_the_rfcs_have_it() {
        let url: Url = "http://localhost:8080/oauth2/token".parse().unwrap();
        let call = Call::post(url.as_str(), &[("grant_type", "client_credentials"), ("scope", "a b&c")]);
        let wire = call.basic("demo service", &"p:w".into()).wire(&url);
        let (head, body) = wire.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /oauth2/token HTTP/1.1\r\nHost: localhost:8080\r\n"));
        assert!(head.contains(&format!("Authorization: Basic {}", STANDARD.encode("demo+service:p%3Aw"))));
        assert_eq!(body, "grant_type=client_credentials&scope=a+b%26c");
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
    }

    #[tokio::test]
    async fn nothing_is_sent_to_another_server() {
        let origin: Url = "http://localhost:8080".parse().unwrap();
        for url in ["http://localhost:8081/", "https://localhost:8080/", "http://localhost:8080@evil.test/", "x"] {
            assert!(matches!(Call::get(url).send(&origin).await, Err(CallError::Elsewhere)), "{url}");
        }
    }

    #[test]
    fn an_answer_cut_short_is_none() {
        assert!(Reply::read(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab").is_none());
        assert!(Reply::read(b"HTTP/1.1 200 OK\r\nContent-").is_none());
        let whole = Reply::read(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\n\r\n{}").unwrap();
        assert_eq!(whole.shown(), "HTTP/1.1 200 OK\n\n{}");
    }
}
