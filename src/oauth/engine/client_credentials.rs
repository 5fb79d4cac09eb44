use std::borrow::Cow;

use oxide_auth::code_grant::client_credentials::{ClientCredentials, Input, Output, Request};
use oxide_auth::primitives::grant::Extensions;
use oxide_auth::primitives::registrar::{BoundClient, ExactUrl, PreGrant, RegisteredUrl};

use super::{out_of_turn, scope};
use crate::oauth::{Client, Error, ScopeSet};

/// The machine wants a redirect URI even where the grant has none; it is never followed.
const NONE: &str = "about:blank";

/// The client credentials request (RFC 6749 §4.4.2), by a client whose authentication is done.
struct ClientCredentialsRequest<'a> {
    client: &'a Client,
}

impl Request for ClientCredentialsRequest<'_> {
    fn valid(&self) -> bool {
        true
    }

    fn authorization(&self) -> Option<(Cow<'_, str>, Cow<'_, [u8]>)> {
        Some((self.client.client_id.as_str().into(), Cow::Borrowed(&[])))
    }

    fn scope(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn grant_type(&self) -> Option<Cow<'_, str>> {
        Some("client_credentials".into())
    }

    fn extension(&self, _key: &str) -> Option<Cow<'_, str>> {
        None
    }
}

/// Leads the request through authentication, binding and negotiation. `negotiate` decides what scope is given; its error
/// is the answer.
pub fn negotiated(client: &Client, negotiate: impl FnOnce() -> Result<ScopeSet, Error>) -> Result<ScopeSet, Error> {
    let mut machine = ClientCredentials::new(&ClientCredentialsRequest { client });
    let Output::Authenticate { .. } = machine.advance(Input::None) else { return Err(out_of_turn()) };
    let Output::Binding { .. } = machine.advance(Input::Authenticated) else { return Err(out_of_turn()) };
    let url = ExactUrl::new(NONE.to_owned()).map_err(|error| Error::Internal(Box::new(error)))?;
    let redirect_uri = RegisteredUrl::Exact(url);
    let bound_client =
        BoundClient { client_id: Cow::Owned(client.client_id.clone()), redirect_uri: Cow::Owned(redirect_uri.clone()) };
    let Output::Extend = machine.advance(Input::Bound { bound_client }) else { return Err(out_of_turn()) };
    let Output::Negotiate { .. } = machine.advance(Input::Extended { extensions: Extensions::new() }) else {
        return Err(out_of_turn());
    };
    let granted = negotiate()?;
    let pre_grant = PreGrant { client_id: client.client_id.clone(), redirect_uri, scope: scope(&granted)? };
    match machine.advance(Input::Negotiated { pre_grant }) {
        Output::Ok { .. } => Ok(granted),
        _ => Err(out_of_turn()),
    }
}
