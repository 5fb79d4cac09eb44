use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::{BytesMut, Payload};
use futures_util::StreamExt as _;

use super::error::Refusal;
use crate::oauth::{Error, Params};

/// Longest body; client assertions and request objects are the longest things in one.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Names that must never stand in a URL, where logs and histories keep them (RFC 6749 §2.3.1).
const SECRETS: [&str; 8] = [
    "client_secret",
    "client_assertion",
    "code",
    "code_verifier",
    "refresh_token",
    "device_code",
    "token",
    "access_token",
];

/// Reads a request's parameters from its form body, and from nowhere else.
pub async fn read(req: &HttpRequest, body: Payload) -> Result<Params, Refusal> {
    refuse_secrets_in_query(req)?;
    if !is_form(req.headers()) {
        return Err(Refusal::UnsupportedMediaType);
    }
    Ok(Params::parse(&collect(req, body).await?)?)
}

/// `invalid_request` when the URL carries a secret.
pub fn refuse_secrets_in_query(req: &HttpRequest) -> Result<(), Error> {
    let query = req.query_string();
    let found =
        !query.is_empty() && form_urlencoded::parse(query.as_bytes()).any(|(name, _)| SECRETS.contains(&name.as_ref()));
    if found { Err(Error::invalid_request("credentials and tokens must not be sent in the URL")) } else { Ok(()) }
}

/// `application/x-www-form-urlencoded`, if with a charset then UTF-8, and not compressed.
pub fn is_form(headers: &HeaderMap) -> bool {
    let plain = headers.get(header::CONTENT_ENCODING).is_none_or(|coding| coding == "identity");
    let mut types = headers.get_all(header::CONTENT_TYPE);
    let (Some(content_type), None) = (types.next(), types.next()) else { return false };
    let Ok(text) = content_type.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    let is_form = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/x-www-form-urlencoded"));
    let is_utf8 = parts.filter_map(|part| part.split_once('=')).all(|(name, value)| {
        !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    plain && is_form && is_utf8
}

pub async fn collect(req: &HttpRequest, mut body: Payload) -> Result<BytesMut, Refusal> {
    let announced = req.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let announced: usize = announced.unwrap_or(0);
    if announced > MAX_BODY_BYTES {
        return Err(Refusal::TooLarge);
    }
    let mut bytes = BytesMut::with_capacity(announced);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| Error::invalid_request("the body could not be read"))?;
        if bytes.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(Refusal::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn form(content_type: &str) -> bool {
        is_form(TestRequest::post().insert_header((header::CONTENT_TYPE, content_type)).to_http_request().headers())
    }

    #[test]
    fn s232_only_a_form_in_utf8_is_processed() {
        for good in [
            "application/x-www-form-urlencoded",
            "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
            r#"application/x-www-form-urlencoded;charset="utf-8""#,
        ] {
            assert!(form(good), "{good}");
        }
        for bad in [
            "application/json",
            "multipart/form-data; boundary=x",
            "text/plain",
            "",
            "application/x-www-form-urlencoded; charset=utf-7",
            "application/x-www-form-urlencodedx",
        ] {
            assert!(!form(bad), "{bad}");
        }
        assert!(!is_form(TestRequest::post().to_http_request().headers()));
    }

    #[test]
    fn s047_secrets_in_the_url_are_refused_under_any_spelling() {
        for bad in ["client_secret=x", "a=1&client_assertion=x", "%63lient_secret=x", "token", "refresh_token="] {
            let req = TestRequest::post().uri(&format!("/oauth2/token?{bad}")).to_http_request();
            assert!(refuse_secrets_in_query(&req).is_err(), "{bad}");
        }
        let harmless = TestRequest::post().uri("/oauth2/token?lang=en").to_http_request();
        assert!(refuse_secrets_in_query(&harmless).is_ok());
    }
}
