use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::AuthorizationRequest;
use crate::oauth::Error;

/// How the response reaches the client (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    #[default]
    Query,
    Fragment,
    FormPost,
}

impl ResponseMode {
    /// `response_modes_supported` of the metadata.
    pub const SUPPORTED: [Self; 3] = [Self::Query, Self::Fragment, Self::FormPost];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Fragment => "fragment",
            Self::FormPost => "form_post",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::SUPPORTED.into_iter().find(|mode| mode.name() == name)
    }
}

/// An answer to the client through the browser: where to, how, and the parameters in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizationResponse {
    pub redirect_uri: String,
    pub mode: ResponseMode,
    pub params: Vec<(&'static str, String)>,
}

impl AuthorizationResponse {
    /// What was asked for, `state`, `iss` (RFC 6749 §4.1.2, RFC 9207 §2).
    pub fn success(request: &AuthorizationRequest, given: Vec<(&'static str, String)>, issuer: &str) -> Self {
        Self::new(&request.redirect_uri, request.response_mode, given, request.state.as_deref(), issuer)
    }

    /// `error`, `error_description`, `state`, `iss` (RFC 6749 §4.1.2.1, RFC 9207 §2).
    pub fn error(redirect_uri: &str, mode: ResponseMode, state: Option<&str>, error: &Error, issuer: &str) -> Self {
        let mut params = vec![("error", error.code().to_owned())];
        if let Some(description) = error.description() {
            params.push(("error_description", description.into_owned()));
        }
        Self::new(redirect_uri, mode, params, state, issuer)
    }

    /// With `session_state` (OpenID Connect Session Management §2).
    #[must_use]
    pub fn with_session_state(mut self, session_state: String) -> Self {
        self.params.push(("session_state", session_state));
        self
    }

    fn new(
        redirect_uri: &str,
        mode: ResponseMode,
        mut params: Vec<(&'static str, String)>,
        state: Option<&str>,
        issuer: &str,
    ) -> Self {
        params.extend(state.map(|state| ("state", state.to_owned())));
        params.push(("iss", issuer.to_owned()));
        Self { redirect_uri: redirect_uri.to_owned(), mode, params }
    }

    /// The redirect URI with the parameters in its query or fragment; a query it was registered with stays (RFC 6749
    /// §3.1.2).
    pub fn location(&self) -> String {
        let joint = match self.mode {
            ResponseMode::Fragment => '#',
            _ if self.redirect_uri.contains('?') => '&',
            _ => '?',
        };
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.params).finish();
        format!("{}{joint}{query}", self.redirect_uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_by(mode: ResponseMode, redirect_uri: &str) -> AuthorizationResponse {
        let error = Error::invalid_request("a hint");
        AuthorizationResponse::error(redirect_uri, mode, Some("a b&c=é"), &error, "https://id.test")
    }

    fn error(redirect_uri: &str) -> AuthorizationResponse {
        error_by(ResponseMode::Query, redirect_uri)
    }

    #[test]
    fn parameters_are_appended_and_state_and_issuer_come_back() {
        assert_eq!(
            error("https://app.test/cb").location(),
            "https://app.test/cb?error=invalid_request&error_description=a+hint&state=a+b%26c%3D%C3%A9&iss=https%3A%2F%2Fid.test"
        );
    }

    #[test]
    fn a_registered_query_is_kept() {
        assert!(error("https://app.test/cb?a=1").location().starts_with("https://app.test/cb?a=1&error="));
        let in_fragment = error_by(ResponseMode::Fragment, "https://app.test/cb?a=1").location();
        assert!(in_fragment.starts_with("https://app.test/cb?a=1#error=invalid_request&"), "{in_fragment}");
    }
}
