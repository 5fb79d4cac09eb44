//! Client authentication (RFC 6749 §2.3): one method per client, the registered one, and never two in one request.

mod assertion;
mod secret;
mod throttle;

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use super::{Client, Context, Error, Params};
use crate::jose::{ForeignAlgorithm, ForeignJwt};

pub use secret::Basic;
pub use throttle::ClientThrottle;

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
        [Self::ClientSecretBasic, Self::ClientSecretPost, Self::PrivateKeyJwt, Self::ClientSecretJwt, Self::None];

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

    /// What assertions of this method are signed with; nothing for methods without assertion.
    pub const fn algorithms(self) -> &'static [ForeignAlgorithm] {
        match self {
            Self::PrivateKeyJwt => &ForeignAlgorithm::ASYMMETRIC,
            Self::ClientSecretJwt => &ForeignAlgorithm::SYMMETRIC,
            Self::None | Self::ClientSecretBasic | Self::ClientSecretPost => &[],
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

impl Endpoint {
    /// The methods it takes: introspection shows what only a client that proves who it is may see (RFC 7662 §2.1).
    pub fn methods(self) -> impl Iterator<Item = AuthMethod> {
        AuthMethod::ALL.into_iter().filter(move |method| self != Self::Introspection || *method != AuthMethod::None)
    }

    /// What it takes assertions signed with.
    pub fn algorithms(self) -> impl Iterator<Item = ForeignAlgorithm> {
        self.methods().flat_map(|method| method.algorithms().iter().copied())
    }
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
/// Errors: `invalid_request` for more than one method, `TooManyAttempts` after many failures from one address,
/// `invalid_client` for everything else. Unknown clients, disabled ones, other methods than the registered one and wrong
/// secrets are answered in the same words after the same work.
pub async fn authenticate(cx: &Context, credentials: &Credentials<'_>) -> Result<AuthenticatedClient, Error> {
    let Presented { client_id, proof } = Presented::read(credentials)?;
    let pair = cx.client_throttle.pair(&client_id, credentials.address);
    let guessable = !matches!(proof, Proof::Nothing);
    if guessable {
        cx.client_throttle.admit(pair, cx.now())?;
    }
    let client = cx.current_client(&client_id, credentials.address).await?;
    let outcome = proof.check(cx, credentials.endpoint, client.as_deref()).await;
    let failure = match (outcome, client) {
        (Ok(()), Some(client)) => {
            if guessable {
                cx.client_throttle.succeeded(pair);
            }
            return Ok(AuthenticatedClient(client));
        }
        (Err(Failure::Other(error)), _) => return Err(error),
        (Err(failure), Some(_)) => failure,
        (_, None) => Failure::Refused("there is no such client, or it is disabled"),
    };
    tracing::info!(oauth.client_id = %client_id, reason = failure.reason(), "client authentication failed");
    let guessed = guessable && matches!(failure, Failure::Refused(_));
    if guessed && cx.client_throttle.failed(pair, cx.now()) {
        tracing::warn!(oauth.client_id = %client_id, client.address = %credentials.address, "client is throttled");
    }
    Err(credentials.refused(failure.hint()))
}

impl Credentials<'_> {
    fn refused(&self, hint: &'static str) -> Error {
        Error::InvalidClient { hint: hint.into(), basic_tried: self.authorization.is_some() }
    }
}

/// What a request presents, before it is held against any client.
struct Presented<'a> {
    client_id: Cow<'a, str>,
    proof: Proof<'a>,
}

enum Proof<'a> {
    Nothing,
    Secret(AuthMethod, Cow<'a, str>),
    Assertion(ForeignJwt<'a>),
}

impl<'a> Presented<'a> {
    fn read(credentials: &Credentials<'a>) -> Result<Self, Error> {
        let params = credentials.params;
        let in_body = params.get("client_secret");
        let asserted = params.get("client_assertion").or_else(|| params.get("client_assertion_type"));
        let tried = [credentials.authorization.is_some(), in_body.is_some(), asserted.is_some()];
        if tried.into_iter().filter(|tried| *tried).count() > 1 {
            return Err(Error::invalid_request("the client authenticated in more than one way"));
        }
        let named = params.get("client_id");
        let need_named = || named.map(Cow::Borrowed).ok_or_else(|| credentials.refused("client_id is missing"));
        let presented = if let Some(header) = credentials.authorization {
            let basic = secret::Basic::read(header)?;
            let proof = Proof::Secret(AuthMethod::ClientSecretBasic, basic.secret.into());
            Self { client_id: basic.client_id.into(), proof }
        } else if let Some(secret) = in_body {
            Self { client_id: need_named()?, proof: Proof::Secret(AuthMethod::ClientSecretPost, secret.into()) }
        } else if asserted.is_some() {
            let (client_id, jwt) = assertion::read(params).map_err(|hint| credentials.refused(hint))?;
            Self { client_id: client_id.into(), proof: Proof::Assertion(jwt) }
        } else {
            Self { client_id: need_named()?, proof: Proof::Nothing }
        };
        if named.is_some_and(|named| named != presented.client_id) {
            return Err(Error::invalid_request("client_id is not that of the client's authentication"));
        }
        Ok(presented)
    }
}

/// Why a proof is none.
enum Failure {
    /// For the log alone: outside it is indistinguishable from an unknown client.
    Refused(&'static str),
    /// What whoever holds the client's key did wrong, for them to know.
    Told(&'static str),
    /// It could not be found out.
    Other(Error),
}

impl Failure {
    const fn reason(&self) -> &'static str {
        match self {
            Self::Refused(reason) | Self::Told(reason) => reason,
            Self::Other(_) => "it could not be checked",
        }
    }

    const fn hint(&self) -> &'static str {
        match self {
            Self::Told(hint) => hint,
            Self::Refused(_) | Self::Other(_) => "client authentication failed",
        }
    }
}

impl Proof<'_> {
    /// Holds the proof against `client`; where there is none, the same work is done in vain.
    async fn check(self, cx: &Context, endpoint: Endpoint, client: Option<&Client>) -> Result<(), Failure> {
        let method = match &self {
            Self::Nothing => AuthMethod::None,
            Self::Secret(method, _) => *method,
            Self::Assertion(jwt) if jwt.alg.is_symmetric() => AuthMethod::ClientSecretJwt,
            Self::Assertion(_) => AuthMethod::PrivateKeyJwt,
        };
        let registered = client.filter(|client| client.metadata.token_endpoint_auth_method == method.name());
        let proved = match self {
            Self::Nothing => Ok(()),
            Self::Secret(_, presented) => secret::check(&presented, registered),
            Self::Assertion(jwt) => assertion::check(cx, jwt, registered).await,
        };
        if registered.is_none() {
            return Err(Failure::Refused("it is registered for another method"));
        }
        if !endpoint.methods().any(|taken| taken == method) {
            return Err(Failure::Told("this endpoint is for clients with credentials"));
        }
        proved
    }
}

#[cfg(test)]
mod tests;
