//! The token endpoint's grants, one file each. The table below is what is dispatched and what discovery lists.

pub mod authorization_code;
pub mod client_credentials;
pub mod device_code;
pub mod refresh_token;
pub mod token_exchange;

use super::client_auth::AuthenticatedClient;
use super::context::Caller;
use super::{Context, Error, Params, TokenResponse};
use crate::config::Config;

/// A grant type of the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantType {
    AuthorizationCode,
    ClientCredentials,
    RefreshToken,
    DeviceCode,
    TokenExchange,
}

impl GrantType {
    pub const ALL: [Self; 5] =
        [Self::AuthorizationCode, Self::ClientCredentials, Self::RefreshToken, Self::DeviceCode, Self::TokenExchange];

    /// The `grant_type` value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// What is switched on.
    pub fn offered(config: &Config) -> impl Iterator<Item = Self> {
        let has_keys = config.api_keys.enabled;
        Self::ALL.into_iter().filter(move |grant| has_keys || *grant != Self::TokenExchange)
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.name() == name)
    }
}

/// A token request of an authenticated client.
#[derive(Clone, Copy)]
pub struct TokenRequest<'a> {
    pub client: &'a AuthenticatedClient,
    pub params: &'a Params,
    pub caller: Caller<'a>,
}

/// Answers a token request by the grant it names.
pub async fn dispatch(cx: &Context, request: TokenRequest<'_>) -> Result<TokenResponse, Error> {
    let name = request.params.require("grant_type")?;
    let Some(grant) = GrantType::offered(&cx.config).find(|grant| grant.name() == name) else {
        let offered: Vec<&str> = GrantType::offered(&cx.config).map(GrantType::name).collect();
        let hint = format!("grant_type must be one of: {}", offered.join(", ")).into();
        return Err(Error::UnsupportedGrantType { hint });
    };
    if !request.client.may_use_grant(grant.name()) {
        let registered = request.client.metadata.grant_types.join(", ");
        return Err(Error::unauthorized_client(format!(
            "the client is registered for these grant_types: {registered}"
        )));
    }
    match grant {
        GrantType::AuthorizationCode => authorization_code::redeem(cx, request).await,
        GrantType::ClientCredentials => client_credentials::grant(cx, request).await,
        GrantType::RefreshToken => refresh_token::refresh(cx, request).await,
        GrantType::DeviceCode => device_code::redeem(cx, request).await,
        GrantType::TokenExchange => token_exchange::exchange(cx, request).await,
    }
}
