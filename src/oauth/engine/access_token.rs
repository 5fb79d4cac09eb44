use std::borrow::Cow;

use oxide_auth::code_grant::accesstoken::{AccessToken, Authorization, Input, Output, Request};
use oxide_auth::code_grant::extensions::Pkce;
use oxide_auth::primitives::grant::{Extensions, Grant, Value};
use url::Url;

use super::{out_of_turn, scope, until};
use crate::oauth::grant::authorization_code::CodeDetails;
use crate::oauth::pkce::is_verifier;
use crate::oauth::{Client, Error};

/// Stands for "the redirect URI of the authorization request" where the token request names none: with PKCE it need not
/// (OAuth 2.1 §4.1.3).
const AS_AUTHORIZED: &str = "about:as-authorized";

/// The token request of the code grant (RFC 6749 §4.1.3), by a client whose authentication is done.
pub struct CodeRequest<'a> {
    pub client: &'a Client,
    pub code: &'a str,
    pub redirect_uri: Option<&'a str>,
    pub code_verifier: Option<&'a str>,
}

/// The machine, waiting for the code to be looked up.
pub struct CodeMachine<'a> {
    machine: AccessToken,
    request: CodeRequest<'a>,
}

impl Request for CodeRequest<'_> {
    fn valid(&self) -> bool {
        true
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.into())
    }

    fn authorization(&self) -> Authorization<'_> {
        Authorization::Username(self.client.client_id.as_str().into())
    }

    fn client_id(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn redirect_uri(&self) -> Option<Cow<'_, str>> {
        Some(self.redirect_uri.unwrap_or(AS_AUTHORIZED).into())
    }

    fn grant_type(&self) -> Option<Cow<'_, str>> {
        Some("authorization_code".into())
    }

    fn extension(&self, _key: &str) -> Option<Cow<'_, str>> {
        None
    }
}

impl<'a> CodeMachine<'a> {
    /// Checks the request as such. `invalid_grant` for a redirect URI that no authorization request can have had.
    pub fn start(request: CodeRequest<'a>) -> Result<Self, Error> {
        let mut machine = AccessToken::new(&request);
        match machine.advance(Input::None) {
            Output::Authenticate { .. } => {}
            Output::Err(_) => return Err(other_redirect_uri()),
            _ => return Err(out_of_turn()),
        }
        match machine.advance(Input::Authenticated) {
            Output::Recover { .. } => Ok(Self { machine, request }),
            _ => Err(out_of_turn()),
        }
    }

    /// Checks the code that was looked up: client, redirect URI, expiry, then the code verifier.
    ///
    /// `is_live` is whether the code has expired by our clock. `invalid_grant` for each of them.
    pub fn recovered(mut self, code_client_id: &str, details: &CodeDetails, is_live: bool) -> Result<(), Error> {
        let mut extensions = Extensions::new();
        let pkce = if details.code_challenge.is_some() { Pkce::required() } else { Pkce::optional() };
        if let Some(challenge) = &details.code_challenge {
            extensions.set(&pkce, Value::private(Some(format!("{challenge}S"))));
        }
        let grant = Grant {
            owner_id: String::new(),
            client_id: code_client_id.to_owned(),
            scope: scope(&details.scope)?,
            redirect_uri: self.authorized_redirect_uri(details)?,
            until: until(is_live),
            extensions,
        };
        let stored = match self.machine.advance(Input::Recovered(Some(Box::new(grant)))) {
            Output::Extend { extensions } => extensions.remove(&pkce),
            Output::Err(_) if self.request.redirect_uri.is_some_and(|uri| uri != details.redirect_uri) => {
                return Err(other_redirect_uri());
            }
            Output::Err(_) => return Err(unknown_code()),
            _ => return Err(out_of_turn()),
        };
        // The machine compares parsed URLs; byte for byte is the rule.
        if self.request.redirect_uri.is_some_and(|uri| uri != details.redirect_uri) {
            return Err(other_redirect_uri());
        }
        if self.request.redirect_uri.is_none() && details.code_challenge.is_none() {
            return Err(Error::invalid_grant("redirect_uri must be repeated where there is no code_challenge"));
        }
        verify_pkce(&pkce, stored, self.request.code_verifier)?;
        match self.machine.advance(Input::Extended { access_extensions: Extensions::new() }) {
            Output::Issue { .. } => Ok(()),
            _ => Err(out_of_turn()),
        }
    }

    fn authorized_redirect_uri(&self, details: &CodeDetails) -> Result<Url, Error> {
        let text = if self.request.redirect_uri.is_some() { &details.redirect_uri } else { AS_AUTHORIZED };
        Url::parse(text).map_err(|error| Error::Internal(Box::new(error)))
    }
}

/// Whoever sent a challenge must send its verifier, and nobody else may send one (RFC 9700 §4.8.2).
fn verify_pkce(pkce: &Pkce, stored: Option<Value>, sent: Option<&str>) -> Result<(), Error> {
    if stored.is_none() && sent.is_some() {
        return Err(Error::invalid_grant(
            "code_verifier was sent, but the authorization request had no code_challenge",
        ));
    }
    if stored.is_some() && sent.is_none() {
        return Err(Error::invalid_grant("code_verifier is missing"));
    }
    let well_formed = sent.filter(|verifier| is_verifier(verifier));
    pkce.verify(stored, well_formed.map(Cow::Borrowed))
        .map_err(|()| Error::invalid_grant("code_verifier does not match the code_challenge"))
}

pub fn unknown_code() -> Error {
    Error::invalid_grant("the code is unknown, has expired, or was issued to another client")
}

fn other_redirect_uri() -> Error {
    Error::invalid_grant("redirect_uri is not the one of the authorization request")
}
