use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use serde_json::{Map, Value};

use super::UserClaims;
use crate::base::acr::Acr;
use crate::jose::sign_untyped;
use crate::oauth::access_token::AccessTokenClaims;
use crate::oauth::response_protection::Content;
use crate::oauth::{Client, Context, Error};
use crate::storage::Users as _;

/// What userinfo says of people, kept for a second: a client that asks in a burst costs one query. A person who has been
/// disabled or signed out everywhere is refused at once all the same, by the revocations that void the token.
pub struct UserCache(Cache<String, Arc<UserClaims>>);

const CACHED_USERS: u64 = 10_000;
const CACHED_FOR: Duration = Duration::from_secs(1);

impl Default for UserCache {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(CACHED_USERS).time_to_live(CACHED_FOR).build())
    }
}

/// The userinfo response (OpenID Connect Core §5.3) for an access token.
///
/// JSON, or a JWT where the client is registered for signed or encrypted answers (§5.3.2).
///
/// `invalid_token` for any token that is not live and a person's; `insufficient_scope` without `openid`;
/// `insufficient_user_authentication` where the client or the server wants a second factor that it was issued without.
pub async fn userinfo(cx: &Context, access_token: &str) -> Result<Userinfo, Error> {
    let refused = || Error::invalid_token("the access token is unknown, expired or revoked");
    let token = cx.verify_access_token(access_token).await?.ok_or_else(refused)?;
    let claims = &token.claims;
    let Some(user_id) = token.user_id() else {
        return Err(Error::invalid_token("the access token belongs to a client, not to a person"));
    };
    if !claims.aud.contains(cx.config.issuer.as_str()) {
        return Err(Error::invalid_token("the access token is for another resource"));
    }
    if !claims.has_scope("openid") {
        return Err(Error::InsufficientScope { scope: "openid".to_owned() });
    }
    let client = cx.clients.get(&claims.client_id).ok_or_else(refused)?;
    known_surely_enough(cx, &client, user_id, claims).await?;
    let user = cx.user_claims(user_id).await?.ok_or_else(refused)?;
    let mut answer = Map::new();
    answer.insert("sub".to_owned(), Value::from(claims.sub.as_str()));
    user.release(&claims.scope, &claims.userinfo_claims, &mut answer);
    protected(cx, &client, answer).await
}

/// A userinfo response.
pub enum Userinfo {
    Json(Map<String, Value>),
    Jwt(String),
}

async fn protected(cx: &Context, client: &Client, mut answer: Map<String, Value>) -> Result<Userinfo, Error> {
    let metadata = &client.metadata;
    let (alg, enc) = (metadata.userinfo_encrypted_response_alg, metadata.userinfo_encrypted_response_enc);
    let content = match metadata.userinfo_signed_response_alg {
        None if alg.is_none() => return Ok(Userinfo::Json(answer)),
        None => Content::Json(Value::Object(answer).to_string()),
        Some(signed) => {
            answer.insert("iss".to_owned(), Value::from(cx.config.issuer.as_str()));
            answer.insert("aud".to_owned(), Value::from(client.client_id.as_str()));
            Content::Jwt(sign_untyped(&cx.keys, signed, &answer).await?)
        }
    };
    Ok(Userinfo::Jwt(cx.encrypted_for(client, alg, enc, content).await?))
}

/// A token from a time when the client, or this server, wanted less of the person (RFC 9470).
async fn known_surely_enough(
    cx: &Context,
    client: &Client,
    user_id: &str,
    claims: &AccessTokenClaims,
) -> Result<(), Error> {
    if cx.is_sure_enough(client, user_id, claims.acr.as_deref()).await? {
        return Ok(());
    }
    let enough = Acr::SUPPORTED.into_iter().filter(|class| *class >= Acr::MultiFactor).map(Acr::name);
    Err(Error::InsufficientUserAuthentication { acr_values: enough.collect::<Vec<_>>().join(" ") })
}

impl Context {
    /// What may be said of an enabled user.
    pub(crate) async fn user_claims(&self, user_id: &str) -> Result<Option<Arc<UserClaims>>, Error> {
        if let Some(known) = self.users.0.get(user_id) {
            return Ok(Some(known));
        }
        let Some(user) = self.store.find_user(user_id).await? else { return Ok(None) };
        if user.disabled_at.is_some() {
            return Ok(None);
        }
        let claims = Arc::new(UserClaims::of(&user));
        self.users.0.insert(user_id.to_owned(), Arc::clone(&claims));
        Ok(Some(claims))
    }
}
