//! Errors of the programs' endpoints as HTTP: the one place that decides status, body and headers.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::oauth::Error;
use crate::web::request_id;

/// Seconds after which a caller may try again when the server is overloaded or its database away.
const RETRY_SOON: u64 = 2;

/// What keeps a request from being answered.
pub enum Refusal {
    OAuth(Error),
    /// 415: the body is no form.
    UnsupportedMediaType,
    /// 415: the body is no JSON.
    NotJson,
    /// 413.
    TooLarge,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::OAuth(error)
    }
}

impl Refusal {
    /// The `error` code, as it is answered and counted.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OAuth(error) => error.code(),
            Self::UnsupportedMediaType | Self::NotJson | Self::TooLarge => "invalid_request",
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<&'a str>,
    request_id: &'a str,
}

/// The answer to a refused request of the token, introspection, revocation and device authorization endpoints.
pub fn refused(req: &HttpRequest, refusal: &Refusal) -> HttpResponse {
    let (status, description) = match refusal {
        Refusal::OAuth(error) => return json_error(req, error),
        Refusal::UnsupportedMediaType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/x-www-form-urlencoded in UTF-8")
        }
        Refusal::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body must be application/json"),
        Refusal::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
    };
    written(req, status, refusal.code(), Some(description), |_| {})
}

/// The JSON answer for an error of the protocol (RFC 6749 §5.2).
pub fn json_error(req: &HttpRequest, error: &Error) -> HttpResponse {
    log(req, error);
    written(req, status(error), error.code(), error.description().as_deref(), |answer| match error {
        Error::InvalidClient { basic_tried: true, .. } => {
            answer.insert_header((header::WWW_AUTHENTICATE, r#"Basic realm="clients", charset="UTF-8""#));
        }
        Error::TooManyAttempts { retry_after } => {
            answer.insert_header((header::RETRY_AFTER, *retry_after));
        }
        Error::TemporarilyUnavailable { .. } => {
            answer.insert_header((header::RETRY_AFTER, RETRY_SOON));
        }
        _ => {}
    })
}

/// The answer of a protected resource (RFC 6750 §3): the error stands in `WWW-Authenticate` too. `None`: no token was
/// sent, for which the RFC wants a challenge without error.
pub fn bearer_error(req: &HttpRequest, error: Option<&Error>) -> HttpResponse {
    let Some(error) = error else {
        let description = "an access token is required";
        return written(req, StatusCode::UNAUTHORIZED, "invalid_token", Some(description), |answer| {
            answer.insert_header((header::WWW_AUTHENTICATE, r#"Bearer realm="userinfo""#));
        });
    };
    let challenge = match error {
        Error::InvalidToken { .. } | Error::InvalidRequest { .. } => format!(
            r#"Bearer realm="userinfo", error="{}", error_description="{}""#,
            error.code(),
            error.description().unwrap_or_default()
        ),
        Error::InsufficientUserAuthentication { acr_values } => format!(
            r#"Bearer realm="userinfo", error="{}", error_description="{}", acr_values="{acr_values}""#,
            error.code(),
            error.description().unwrap_or_default()
        ),
        Error::InsufficientScope { scope } => {
            format!(r#"Bearer realm="userinfo", error="insufficient_scope", scope="{scope}""#)
        }
        _ => return json_error(req, error),
    };
    written(req, status(error), error.code(), error.description().as_deref(), |answer| {
        answer.insert_header((header::WWW_AUTHENTICATE, challenge));
    })
}

pub fn method_not_allowed(req: &HttpRequest, allow: &'static str) -> HttpResponse {
    let description = format!("the method must be one of {allow}");
    written(req, StatusCode::METHOD_NOT_ALLOWED, "invalid_request", Some(&description), |answer| {
        answer.insert_header((header::ALLOW, allow));
    })
}

pub const fn no_store() -> (header::HeaderName, &'static str) {
    (header::CACHE_CONTROL, "no-store")
}

fn written(
    req: &HttpRequest,
    status: StatusCode,
    error: &'static str,
    error_description: Option<&str>,
    headers: impl FnOnce(&mut HttpResponseBuilder),
) -> HttpResponse {
    let id = request_id(req);
    let mut answer = HttpResponse::build(status);
    answer.insert_header(no_store());
    headers(&mut answer);
    answer.json(Body { error, error_description, request_id: id.as_str() })
}

fn status(error: &Error) -> StatusCode {
    match error {
        Error::InvalidClient { .. } | Error::InvalidToken { .. } | Error::InsufficientUserAuthentication { .. } => {
            StatusCode::UNAUTHORIZED
        }
        Error::InsufficientScope { .. } => StatusCode::FORBIDDEN,
        Error::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::TemporarilyUnavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The cause of what is our own fault goes to the log, and nowhere else.
fn log(req: &HttpRequest, error: &Error) {
    if matches!(error, Error::Internal(_) | Error::TemporarilyUnavailable { .. }) {
        tracing::error!(request_id = %request_id(req), error.type = error.code(), cause = %error, "request failed");
    }
}
