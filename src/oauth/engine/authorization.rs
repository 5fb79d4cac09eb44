use std::borrow::Cow;

use oxide_auth::code_grant::authorization::{Authorization, Input, Output, Request as MachineRequest};
use oxide_auth::primitives::grant::Extensions;
use oxide_auth::primitives::registrar::{BoundClient, ExactUrl, PreGrant, RegisteredUrl};

use super::{out_of_turn, scope};
use crate::oauth::{Client, Error, ScopeSet};

/// An authorization request (RFC 6749 §4.1.1) whose client and redirect URI are bound.
pub struct Request<'a> {
    pub client: &'a Client,
    pub redirect_uri: &'a str,
}

impl MachineRequest for Request<'_> {
    fn valid(&self) -> bool {
        true
    }

    fn client_id(&self) -> Option<Cow<'_, str>> {
        Some(self.client.client_id.as_str().into())
    }

    fn scope(&self) -> Option<Cow<'_, str>> {
        // Ours is parsed in the negotiation, whose error tells more.
        None
    }

    fn redirect_uri(&self) -> Option<Cow<'_, str>> {
        Some(self.redirect_uri.into())
    }

    fn state(&self) -> Option<Cow<'_, str>> {
        None
    }

    fn response_type(&self) -> Option<Cow<'_, str>> {
        // The machine knows no other; which of ours it is was decided when the request was bound.
        Some("code".into())
    }

    fn extension(&self, _key: &str) -> Option<Cow<'_, str>> {
        None
    }
}

/// Leads the request through binding, extension and negotiation, in that order. `extend` checks what the extensions of
/// the protocol ask for, `negotiate` decides the scope; their errors are the answer.
pub fn negotiated(
    request: &Request<'_>,
    extend: impl FnOnce() -> Result<(), Error>,
    negotiate: impl FnOnce() -> Result<ScopeSet, Error>,
) -> Result<ScopeSet, Error> {
    let mut machine = Authorization::new(request);
    let Output::Bind { client_id, .. } = machine.advance(Input::None) else { return Err(out_of_turn()) };
    let url = ExactUrl::new(request.redirect_uri.to_owned()).map_err(|error| Error::Internal(Box::new(error)))?;
    let redirect_uri = RegisteredUrl::Exact(url);
    let bound_client = BoundClient { client_id: Cow::Owned(client_id), redirect_uri: Cow::Owned(redirect_uri.clone()) };
    let Output::Extend = machine.advance(Input::Bound { request, bound_client }) else {
        return Err(out_of_turn());
    };
    extend()?;
    let Output::Negotiate { .. } = machine.advance(Input::Extended(Extensions::new())) else {
        return Err(out_of_turn());
    };
    let granted = negotiate()?;
    let pre_grant = PreGrant { client_id: request.client.client_id.clone(), redirect_uri, scope: scope(&granted)? };
    match machine.advance(Input::Negotiated { pre_grant, state: None }) {
        Output::Ok { .. } => Ok(granted),
        _ => Err(out_of_turn()),
    }
}
