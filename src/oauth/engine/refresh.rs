use std::borrow::Cow;

use oxide_auth::code_grant::error::{AccessTokenError, AccessTokenErrorType};
use oxide_auth::code_grant::refresh::{Error as MachineError, Input, Output, Refresh, Request};
use oxide_auth::primitives::grant::{Extensions, Grant};
use url::Url;

use super::{out_of_turn, scope, until};
use crate::oauth::{Client, Error, ScopeSet};

/// The refresh request (RFC 6749 §6), by a client whose authentication is done.
struct RefreshRequest<'a> {
    client: &'a Client,
    refresh_token: &'a str,
}

/// The machine, waiting for the refresh token to be looked up.
pub struct RefreshMachine(Refresh);

impl Request for RefreshRequest<'_> {
    fn valid(&self) -> bool {
        true
    }

    fn refresh_token(&self) -> Option<Cow<'_, str>> {
        Some(self.refresh_token.into())
    }

    fn scope(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn grant_type(&self) -> Option<Cow<'_, str>> {
        Some("refresh_token".into())
    }

    fn authorization(&self) -> Option<(Cow<'_, str>, Cow<'_, [u8]>)> {
        Some((self.client.client_id.as_str().into(), Cow::Borrowed(&[])))
    }

    fn extension(&self, _key: &str) -> Option<Cow<'_, str>> {
        None
    }
}

impl RefreshMachine {
    pub fn start(client: &Client, refresh_token: &str) -> Result<Self, Error> {
        let mut machine = Refresh::new(&RefreshRequest { client, refresh_token });
        match machine.advance(Input::None) {
            Output::Unauthenticated { .. } => {}
            _ => return Err(out_of_turn()),
        }
        match machine.advance(Input::Authenticated { scope: None }) {
            Output::RecoverRefresh { .. } => Ok(Self(machine)),
            _ => Err(out_of_turn()),
        }
    }

    /// Checks the family that was looked up: client, expiry, then that `asked` is within what was granted.
    ///
    /// `invalid_grant` for the first two, `invalid_scope` for the last.
    pub fn recovered(
        mut self,
        family_client_id: &str,
        granted: &ScopeSet,
        asked: Option<&ScopeSet>,
        is_live: bool,
    ) -> Result<(), Error> {
        let grant = Grant {
            owner_id: String::new(),
            client_id: family_client_id.to_owned(),
            scope: scope(granted)?,
            redirect_uri: Url::parse("about:blank").map_err(|error| Error::Internal(Box::new(error)))?,
            until: until(is_live),
            extensions: Extensions::new(),
        };
        let asked = asked.map(|scope| Cow::Owned(scope.to_string()));
        match self.0.advance(Input::Recovered { scope: asked, grant: Some(Box::new(grant)) }) {
            Output::Refresh { .. } => Ok(()),
            Output::Err(error) => Err(translated(error, granted)),
            _ => Err(out_of_turn()),
        }
    }
}

fn translated(mut error: MachineError, granted: &ScopeSet) -> Error {
    match error.description().map(AccessTokenError::kind) {
        Some(AccessTokenErrorType::InvalidScope) => {
            Error::invalid_scope(format!("the scope exceeds what was granted: {granted}"))
        }
        Some(_) => unknown_token(),
        None => out_of_turn(),
    }
}

pub fn unknown_token() -> Error {
    Error::invalid_grant("the refresh token is unknown, has expired or was revoked")
}
