use serde::Serialize;

use super::access_token::AccessTokenClaims;
use super::api_keys::Owner;
use super::client::AccessTokenFormat;
use super::resource::Audience;
use super::{Client, Context, Error, Permit, PersonGrant, ScopeSet, Subject, registration};
use crate::base::{OpaqueToken, RefreshToken, Timestamp, TokenKind, new_id};
use crate::jose::{Expected, sign};
use crate::oidc::id_token::{Bindings, id_token};
use crate::storage::{AccessTokenRecord, AccessTokens as _, FamilyRecord};

/// A successful token response (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
#[derive(Serialize)]
pub struct TokenResponse {
    pub access_token: String,
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
    pub scope: String,
    /// Only from token exchange (RFC 8693 §2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_token_type: Option<&'static str>,
}

/// What goes into one response beyond the grant.
pub struct Issuance<'a> {
    pub scope: &'a ScopeSet,
    /// The resources that the access token is for.
    pub audience: &'a Audience,
    /// Only with the first id_token (OpenID Connect Core §12.2).
    pub nonce: Option<&'a str>,
    pub refresh_token: Option<&'a RefreshToken>,
}

/// Makes the tokens that `permit` allows.
pub async fn issue(cx: &Context, permit: Permit<'_>, issuance: Issuance<'_>) -> Result<TokenResponse, Error> {
    let now = permit.at;
    registration::dynamic::used(cx, permit.client).await?;
    let scope = issuance.scope.to_string();
    let access_token = access_token(cx, &permit, &scope, issuance.audience, now).await?;
    let id_token = match permit.subject {
        Subject::Person(grant) if issuance.scope.contains("openid") => {
            let bindings = Bindings { nonce: issuance.nonce, access_token: Some(&access_token), ..Bindings::default() };
            Some(id_token(cx, &permit, &grant, bindings).await?)
        }
        _ => None,
    };
    Ok(TokenResponse {
        access_token,
        token_type: "Bearer",
        expires_in: expires_at(cx, permit.subject, now).since(now).as_secs(),
        refresh_token: issuance.refresh_token.map(|token| token.expose().to_owned()),
        id_token,
        scope,
        issued_token_type: None,
    })
}

/// When an access token ends: what an API key was exchanged for does not outlive the key.
fn expires_at(cx: &Context, subject: Subject<'_>, now: Timestamp) -> Timestamp {
    let end = now.plus(cx.config.tokens.access_token_ttl.duration());
    match subject {
        Subject::ApiKey(key) => end.min(key.expires_at()),
        Subject::Client | Subject::Person(_) => end,
    }
}

async fn access_token(
    cx: &Context,
    permit: &Permit<'_>,
    scope: &str,
    audience: &Audience,
    now: Timestamp,
) -> Result<String, Error> {
    let id = new_id(now, cx.random.as_ref());
    let mut claims = access_token_claims(cx, permit, scope, audience, id.to_string(), now)?;
    if let Subject::Person(grant) = permit.subject {
        claims.userinfo_claims = userinfo_claims(cx, &grant).await?;
    }
    match permit.client.metadata.access_token_format {
        AccessTokenFormat::Jwt => {
            let typ = Expected::AccessToken.typ();
            Ok(sign(&cx.keys, cx.access_token_alg(), typ, &claims).await?)
        }
        AccessTokenFormat::Opaque => {
            let token = OpaqueToken::generate(TokenKind::AccessToken, id, cx.random.as_ref());
            let record = AccessTokenRecord {
                id: id.to_string(),
                secret_hash: token.hash().as_bytes().to_vec(),
                claims: serde_json::to_string(&claims).map_err(|error| Error::Internal(Box::new(error)))?,
                expires_at: Timestamp::from_seconds(claims.exp).millis(),
            };
            cx.store.insert_access_token(&record).await?;
            Ok(token.expose().to_owned())
        }
    }
}

/// What userinfo is going to tell besides the scopes. Values are compared here: they go no further, since resource servers
/// read the token.
async fn userinfo_claims(cx: &Context, grant: &PersonGrant<'_>) -> Result<Vec<String>, Error> {
    let asked = &grant.authentication.claims;
    if asked.userinfo_values.is_empty() {
        return Ok(asked.userinfo.clone());
    }
    let user = cx.user_claims(grant.user_id).await?;
    Ok(user.map(|user| user.as_wanted(&asked.userinfo, &asked.userinfo_values)).unwrap_or_default())
}

fn access_token_claims(
    cx: &Context,
    permit: &Permit<'_>,
    scope: &str,
    audience: &Audience,
    jti: String,
    now: Timestamp,
) -> Result<AccessTokenClaims, Error> {
    let issuer = cx.config.issuer.as_str();
    let client_id = permit.client.client_id.as_str();
    let of_client = AccessTokenClaims {
        iss: issuer.to_owned(),
        exp: expires_at(cx, permit.subject, now).seconds(),
        aud: audience.clone(),
        sub: client_id.to_owned(),
        client_id: client_id.to_owned(),
        iat: now.seconds(),
        jti,
        scope: scope.to_owned(),
        auth_time: None,
        acr: None,
        amr: Vec::new(),
        sid: None,
        family: None,
        api_key: None,
        userinfo_claims: Vec::new(),
        veiled_user: None,
    };
    let veiled = |user_id: &str, session_id: Option<&str>| match &permit.client.sector {
        None => Ok(None),
        Some(_) => cx.pseudonyms.veil(user_id, session_id, cx.random.as_ref()).map(Some),
    };
    Ok(match permit.subject {
        Subject::Client => of_client,
        Subject::Person(grant) => AccessTokenClaims {
            veiled_user: veiled(grant.user_id, (!grant.offline).then_some(grant.session_id))?,
            sub: cx.subject(permit.client, grant.user_id).into_owned(),
            auth_time: Some(grant.authentication.auth_time),
            acr: Some(grant.authentication.acr.clone()),
            amr: grant.authentication.amr.clone(),
            sid: (!grant.offline).then(|| cx.sid(permit.client, grant.session_id).into_owned()),
            family: Some(grant.family_id.to_owned()),
            ..of_client
        },
        Subject::ApiKey(key) => match key.owner() {
            Owner::Person(user_id) => AccessTokenClaims {
                veiled_user: veiled(user_id, None)?,
                sub: cx.subject(permit.client, user_id).into_owned(),
                family: Some(key.id().to_owned()),
                ..of_client
            },
            Owner::Client(client_id) => {
                AccessTokenClaims { sub: client_id.clone(), api_key: Some(key.id().to_owned()), ..of_client }
            }
        },
    })
}

/// The refresh family that a grant begins: its row and its first token. `None` for clients that may not refresh.
pub fn begin_family(
    cx: &Context,
    client: &Client,
    grant: &PersonGrant<'_>,
    scope: &ScopeSet,
) -> Result<Option<(FamilyRecord, RefreshToken)>, Error> {
    if !client.may_use_grant("refresh_token") {
        return Ok(None);
    }
    let now = cx.now();
    let family_id = grant.family_id.parse().map_err(|error| Error::Internal(Box::new(error)))?;
    let first = RefreshToken::derive(family_id, 1, &cx.refresh_key);
    let tokens = &cx.config.tokens;
    let details = serde_json::to_string(grant.authentication).map_err(|error| Error::Internal(Box::new(error)))?;
    let record = FamilyRecord {
        id: grant.family_id.to_owned(),
        client_id: client.client_id.clone(),
        user_id: grant.user_id.to_owned(),
        session_id: grant.session_id.to_owned(),
        offline: grant.offline,
        scope: scope.to_string(),
        details,
        generation: 1,
        token_hash: first.hash().as_bytes().to_vec(),
        rotated_at: now.millis(),
        created_at: now.millis(),
        expires_at: now.plus(tokens.refresh_token_ttl.duration()).millis(),
        idle_expires_at: now.plus(tokens.refresh_token_idle_ttl.duration()).millis(),
        revoked_at: None,
        revoked_reason: None,
    };
    Ok(Some((record, first)))
}
