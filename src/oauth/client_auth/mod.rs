//! Client authentication (RFC 6749 §2.3): one method per client, the registered one, and never two in one request.

mod secret;

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use super::{Client, Context, Error, Params};

/// A `token_endpoint_auth_method`. The table is what is dispatched and what discovery lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    None,
    ClientSecretBasic,
    ClientSecretPost,
    ClientSecretJwt,
    PrivateKeyJwt,
}

impl AuthMethod {
    pub const ALL: [Self; 5] =
        [Self::ClientSecretBasic, Self::ClientSecretPost, Self::ClientSecretJwt, Self::PrivateKeyJwt, Self::None];

    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether a client of this method has a secret.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
    }

    /// The algorithms that an assertion of this method may be signed with (RFC 7523 §3).
    pub const fn signing_algorithms(self) -> &'static [&'static str] {
        match self {
            Self::ClientSecretJwt => &["HS256", "HS384", "HS512"],
            Self::PrivateKeyJwt => &["ES256", "ES384", "PS256", "RS256", "EdDSA"],
            _ => &[],
        }
    }
}

/// Where a client authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    Token,
    Introspection,
    Revocation,
    DeviceAuthorization,
}

/// What a request brings to prove who its client is.
pub struct Credentials<'a> {
    /// The value of the one `Authorization` header.
    pub authorization: Option<&'a [u8]>,
    pub params: &'a Params,
    pub endpoint: Endpoint,
    pub address: IpAddr,
}

/// A client that has proved who it is, or a public one that said so. Only [`authenticate`] makes one.
#[derive(Clone, Debug)]
pub struct AuthenticatedClient(Arc<Client>);

impl Deref for AuthenticatedClient {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}

/// Finds out which client a request comes from.
///
/// Errors: `invalid_request` for more than one method, `invalid_client` for everything else, in the same words for
/// unknown clients, disabled ones and wrong secrets.
#[expect(clippy::unused_async, reason = "methods that ask the database join this table")]
pub async fn authenticate(cx: &Context, credentials: &Credentials<'_>) -> Result<AuthenticatedClient, Error> {
    let params = credentials.params;
    let basic = credentials.authorization.map(secret::Basic::read).transpose()?;
    let in_body = params.get("client_secret");
    if basic.is_some() && in_body.is_some() {
        return Err(Error::invalid_request("the client authenticated in more than one way"));
    }
    let refused = || Error::InvalidClient {
        hint: "client authentication failed".into(),
        basic_tried: credentials.authorization.is_some(),
    };
    let (method, client_id, presented) = match (&basic, in_body) {
        (Some(basic), _) => {
            if params.get("client_id").is_some_and(|client_id| client_id != basic.client_id) {
                return Err(Error::invalid_request("client_id is not the one of the Authorization header"));
            }
            (AuthMethod::ClientSecretBasic, basic.client_id.as_str(), Some(basic.secret.as_str()))
        }
        (None, Some(secret)) => {
            (AuthMethod::ClientSecretPost, params.get("client_id").ok_or_else(refused)?, Some(secret))
        }
        (None, None) => (AuthMethod::None, params.get("client_id").ok_or_else(refused)?, None),
    };
    let client = cx.clients.get(client_id).filter(|client| !client.disabled);
    let proved = match presented {
        None => true,
        Some(presented) => {
            secret::matches(presented, client.as_deref().and_then(|client| client.secret_hash.as_deref()))
        }
    };
    let client = client.filter(|client| client.metadata.token_endpoint_auth_method == method.name());
    client.filter(|_| proved).map(AuthenticatedClient).ok_or_else(refused)
}
