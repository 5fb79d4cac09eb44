use serde::{Deserialize, Serialize};

use super::api_keys::ApiKey;
use super::authorize::required;
use super::resource::Audience;
use super::{Client, Context, Error, TokenMarks};
use crate::base::Timestamp;
use crate::base::acr::Acr;
use crate::config::RequireMfa;
use crate::oidc::ClaimsRequest;

/// How and when a person proved who they are, and what the client asked to be told about it. Kept as JSON with the code,
/// the device authorization and the refresh family, since every token of the grant repeats it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// Seconds since the epoch.
    pub auth_time: i64,
    pub acr: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    #[serde(default, skip_serializing_if = "ClaimsRequest::is_empty")]
    pub claims: ClaimsRequest,
    /// The resources that access tokens of the grant are for; `None` for the issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Audience>,
}

/// What a person allowed a client.
#[derive(Clone, Copy, Debug)]
pub struct PersonGrant<'a> {
    pub user_id: &'a str,
    pub session_id: &'a str,
    pub family_id: &'a str,
    /// Outlives its session.
    pub offline: bool,
    pub granted_at: Timestamp,
    pub authentication: &'a Authentication,
}

/// For whom tokens are issued.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// The client itself (client credentials).
    Client,
    Person(PersonGrant<'a>),
    /// Whom an API key stands for (token exchange).
    ApiKey(&'a ApiKey),
}

/// Leave to issue tokens now. Only [`may_issue`] gives one, and nothing is signed without.
pub struct Permit<'a> {
    pub(crate) client: &'a Client,
    pub(crate) subject: Subject<'a>,
    /// When it was decided. Tokens are dated with it and not with the moment of their signature: an end that comes
    /// between the two must void them.
    pub(crate) at: Timestamp,
}

/// The one gate before every token: the client is enabled as of now, nothing that the grant came from has ended, and the
/// person was known as surely as the client and the server want by now.
///
/// That the user is enabled and the session alive is decided by the storage in the very statement that consumes a code
/// or device code, rotates a refresh token or finds an API key; what it has recorded of ends until now is looked at again here. `at` is
/// the time that statement decides by. Errors: `invalid_client`, `invalid_grant`.
pub async fn may_issue<'a>(
    cx: &Context,
    client: &'a Client,
    subject: Subject<'a>,
    at: Timestamp,
) -> Result<Permit<'a>, Error> {
    if cx.active_client(&client.client_id).is_none() {
        return Err(Error::invalid_client("client authentication failed"));
    }
    let ended = match subject {
        Subject::Client => false,
        Subject::Person(grant) => cx.revocations.is_void(&TokenMarks {
            jti: "",
            issued: grant.granted_at,
            client_id: &client.client_id,
            user_id: Some(grant.user_id),
            family: Some(grant.family_id),
            sid: (!grant.offline).then_some(grant.session_id),
        }),
        Subject::ApiKey(key) => cx.revocations.is_void(&TokenMarks {
            jti: "",
            issued: key.read_at(),
            client_id: &client.client_id,
            user_id: key.user_id(),
            family: Some(key.id()),
            sid: None,
        }),
    };
    if ended {
        return Err(Error::invalid_grant("the grant has ended"));
    }
    if let Subject::Person(grant) = subject
        && !cx.is_sure_enough(client, grant.user_id, Some(&grant.authentication.acr)).await?
    {
        return Err(Error::invalid_grant("the person has to sign in with a second factor"));
    }
    Ok(Permit { client, subject, at })
}

impl Context {
    /// Whether a person whose sign-in reached `acr` is known as surely as `client` and this server want of them now; they may
    /// have wanted less when it was told.
    pub(crate) async fn is_sure_enough(
        &self,
        client: &Client,
        user_id: &str,
        acr: Option<&str>,
    ) -> Result<bool, Error> {
        let reached = acr.and_then(Acr::from_name).unwrap_or_default();
        if reached >= Acr::MultiFactor {
            return Ok(true);
        }
        let of_them = match self.config.sign_in.require_mfa {
            RequireMfa::None => false,
            RequireMfa::All => true,
            RequireMfa::Admins => self.user_claims(user_id).await?.is_some_and(|user| user.is_admin()),
        };
        let policy = if of_them { Acr::MultiFactor } else { Acr::SingleFactor };
        Ok(reached >= required(client, policy))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::oauth::RevocationKind;
    use crate::oauth::ScopeSet;
    use crate::oauth::issue::{Issuance, issue};
    use crate::oauth::testing::{ALICE, C1, SESSION, World};
    use crate::storage::{UserRecord, Users as _};

    #[tokio::test]
    async fn administrators_are_known_by_two_factors_where_the_server_wants_it_of_them() {
        let mut world = World::new().await;
        let mut config = (*world.cx.config).clone();
        config.sign_in.require_mfa = RequireMfa::Admins;
        world.cx.config = Arc::new(config);
        let alice = world.cx.store.find_user(ALICE).await.unwrap().unwrap();
        let root = UserRecord { id: "root".into(), username: "root".into(), email: None, is_admin: true, ..alice };
        world.cx.store.insert_user(&root).await.unwrap();
        let client = world.cx.clients.get(C1).unwrap();
        for (user_id, acr, is_enough) in [
            (ALICE, Acr::SingleFactor, true),
            ("root", Acr::SingleFactor, false),
            ("root", Acr::MultiFactor, true),
            ("root", Acr::PhishingResistant, true),
        ] {
            let decided = world.cx.is_sure_enough(&client, user_id, Some(acr.name())).await.unwrap();
            assert_eq!(decided, is_enough, "{user_id} {}", acr.name());
        }
    }

    #[tokio::test]
    async fn an_end_between_the_decision_and_the_signature_voids_the_token() {
        let world = World::new().await;
        let (cx, authentication) = (&world.cx, world.authentication());
        let client = cx.clients.get(C1).unwrap();
        let grant = PersonGrant {
            user_id: ALICE,
            session_id: SESSION,
            family_id: "01900000-0000-7000-8000-000000000003",
            offline: true,
            granted_at: cx.now(),
            authentication: &authentication,
        };
        let permit = may_issue(cx, &client, Subject::Person(grant), cx.now()).await.unwrap();
        // Signed out everywhere, by another instance even.
        cx.revocations.apply(RevocationKind::User, ALICE, cx.now(), cx.revocation_expires_at(cx.now()));
        world.pass(1);
        let scope = ScopeSet::parse("openid").unwrap();
        let tokens = issue(
            cx,
            permit,
            Issuance { scope: &scope, audience: &Audience::one("x"), nonce: None, refresh_token: None },
        )
        .await
        .unwrap();
        assert!(!world.is_live(&tokens.access_token).await);
    }
}
