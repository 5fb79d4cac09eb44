use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use serde_json::json;

use super::routes::Audience;
use crate::base::RequestId;

/// A request that no handler answers: refused before one was asked, or left by one without a word.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub status: StatusCode,
    /// `error` of the JSON form.
    pub error: &'static str,
    /// One plain sentence that names nothing of the inside.
    pub text: Cow<'static, str>,
}

impl Refusal {
    pub fn new(status: StatusCode, error: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error, text: text.into() }
    }

    /// What there is to say about a bare status.
    pub fn of_status(status: StatusCode) -> Self {
        let (error, text) = match status {
            StatusCode::NOT_FOUND => ("not_found", "There is nothing at this address."),
            StatusCode::METHOD_NOT_ALLOWED => ("invalid_request", "This address does not take this method; see Allow."),
            StatusCode::REQUEST_TIMEOUT => ("invalid_request", "The request took too long to arrive."),
            StatusCode::PAYLOAD_TOO_LARGE => ("invalid_request", "The request body is too large."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("invalid_request", "The body must be application/x-www-form-urlencoded.")
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                ("temporarily_unavailable", "The server is busy; try again as Retry-After says.")
            }
            status if status.is_server_error() => {
                ("server_error", "Something went wrong on this server. The request id helps its operator to find it.")
            }
            _ => ("invalid_request", "The request cannot be read."),
        };
        Self::new(status, error, text)
    }

    /// The answer in the form that suits whoever reads it.
    pub fn answer(&self, audience: Audience, id: RequestId) -> HttpResponse {
        let (content_type, body) = self.body(audience, id);
        HttpResponse::build(self.status).insert_header((CONTENT_TYPE, content_type)).body(body)
    }

    pub fn body(&self, audience: Audience, id: RequestId) -> (&'static str, String) {
        match audience {
            Audience::Program => {
                let text = json!({ "error": self.error, "error_description": self.text, "request_id": id.as_str() });
                ("application/json", text.to_string())
            }
            Audience::Person | Audience::Probe => {
                ("text/plain; charset=utf-8", format!("{}\nRequest id: {id}\n", self.text))
            }
        }
    }
}
