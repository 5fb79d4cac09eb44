//! Authorization code grant (RFC 6749 §4.1.3, PKCE RFC 7636 §4.6).

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::TokenRequest;
use crate::base::{OpaqueToken, Timestamp, TokenHash, TokenKind, new_id};
use crate::oauth::context::AuditSubject;
use crate::oauth::engine::access_token::{CodeMachine, CodeRequest, unknown_code};
use crate::oauth::issue::{Issuance, begin_family, issue};
use crate::oauth::pkce::CodeChallenge;
use crate::oauth::{
    Authentication, Client, Context, Error, PersonGrant, ScopeSet, Subject, TokenResponse, may_issue, resource,
};
use crate::storage::{CodeRecord, Codes as _, Consumed};

/// What a person allowed at the authorization endpoint: all that a code stands for.
pub struct CodeGrant<'a> {
    pub client: &'a Client,
    pub user_id: &'a str,
    pub session_id: &'a str,
    pub details: CodeDetails,
}

/// What is kept with a code, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CodeDetails {
    pub redirect_uri: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    pub scope: ScopeSet,
    pub authentication: Authentication,
}

/// A code just made, and the family of whatever it will give.
pub struct IssuedCode {
    pub code: OpaqueToken,
    pub family_id: String,
    pub at: Timestamp,
}

/// Makes an authorization code. It names its family from the start, so that a replay can end whatever came from it.
pub async fn issue_code(cx: &Context, grant: CodeGrant<'_>) -> Result<IssuedCode, Error> {
    let now = cx.now();
    let code = OpaqueToken::generate(TokenKind::AuthorizationCode, new_id(now, cx.random.as_ref()), cx.random.as_ref());
    let family_id = new_id(now, cx.random.as_ref()).to_string();
    let record = CodeRecord {
        id: code.id.to_string(),
        secret_hash: code.hash().as_bytes().to_vec(),
        client_id: grant.client.client_id.clone(),
        user_id: grant.user_id.to_owned(),
        session_id: grant.session_id.to_owned(),
        family_id: family_id.clone(),
        details: serde_json::to_string(&grant.details).map_err(|error| Error::Internal(Box::new(error)))?,
        created_at: now.millis(),
        expires_at: now.plus(cx.config.tokens.authorization_code_ttl.duration()).millis(),
        consumed_at: None,
    };
    cx.store.insert_code(&record).await?;
    Ok(IssuedCode { code, family_id, at: now })
}

/// Exchanges a code for tokens.
///
/// Errors: `invalid_grant` for anything wrong with the code, whatever it is. A right client with a wrong verifier or
/// redirect URI burns the code; another client's attempt leaves it as it is; a replay with everything right ends what
/// the code gave.
pub async fn redeem(cx: &Context, request: TokenRequest<'_>) -> Result<TokenResponse, Error> {
    let client: &Client = request.client;
    let text = request.params.require("code")?;
    let machine = CodeMachine::start(CodeRequest {
        client,
        code: text,
        redirect_uri: request.params.get("redirect_uri"),
        code_verifier: request.params.get("code_verifier"),
    })?;
    let presented = PresentedCode::read(text)?;
    let code = presented.find(cx, client).await?;
    let details: CodeDetails = serde_json::from_str(&code.details).map_err(|error| Error::Internal(Box::new(error)))?;
    // A consumed code is looked at however old it is: its replay has consequences.
    let is_live = code.consumed_at.is_some() || code.expires_at > cx.now().millis();
    if let Err(refused) = machine.recovered(&code.client_id, &details, is_live) {
        cx.store.consume_code(&presented.id, presented.hash(), cx.now().millis()).await?;
        return Err(refused);
    }
    if code.consumed_at.is_some() {
        return Err(end_replayed(cx, request, &code).await?);
    }

    let grant = PersonGrant {
        user_id: &code.user_id,
        session_id: &code.session_id,
        family_id: &code.family_id,
        offline: details.scope.contains("offline_access"),
        granted_at: Timestamp::from_millis(code.created_at),
        authentication: &details.authentication,
    };
    let audience = &resource::audience(cx, request.params, details.authentication.resource.as_ref())?;
    let now = cx.now();
    let permit = may_issue(cx, client, Subject::Person(grant), now).await?;
    let family = begin_family(cx, client, &grant, &details.scope)?;
    let record = family.as_ref().map(|(record, _)| record);
    // Before the code is gone.
    cx.recipient(client, client.metadata.id_token_encrypted_response_alg).await?;
    match cx.store.redeem_code(&presented.id, presented.hash(), now.millis(), record).await? {
        Consumed::Fresh(_) => {}
        Consumed::Replayed(code) => return Err(end_replayed(cx, request, &code).await?),
        Consumed::Unknown => return Err(unknown_code()),
    }
    let issuance = Issuance {
        scope: &details.scope,
        audience,
        nonce: details.nonce.as_deref(),
        refresh_token: family.as_ref().map(|(_, token)| token),
    };
    issue(cx, permit, issuance).await
}

struct PresentedCode {
    id: String,
    hash: TokenHash,
}

impl PresentedCode {
    fn read(text: &str) -> Result<Self, Error> {
        let token = OpaqueToken::parse(TokenKind::AuthorizationCode, text).ok_or_else(unknown_code)?;
        Ok(Self { id: token.id.to_string(), hash: token.hash() })
    }

    fn hash(&self) -> &[u8] {
        self.hash.as_bytes()
    }

    /// The code, if it is this client's.
    async fn find(&self, cx: &Context, client: &Client) -> Result<CodeRecord, Error> {
        let found = cx.store.find_code(&self.id, self.hash()).await?;
        found.filter(|code| code.client_id == client.client_id).ok_or_else(unknown_code)
    }
}

/// A second valid request for a code (RFC 6749 §4.1.2): somebody else has seen it, so nothing it gave may live on.
async fn end_replayed(cx: &Context, request: TokenRequest<'_>, code: &CodeRecord) -> Result<Error, Error> {
    cx.revoke_family(&code.family_id, "code_replay").await?;
    let about = AuditSubject {
        user_id: Some(&code.user_id),
        client_id: Some(&code.client_id),
        session_id: Some(&code.session_id),
    };
    cx.audit("code_replay", about, request.caller, &json!({ "family_id": code.family_id }));
    Ok(Error::invalid_grant("the code was used before; what it gave is revoked"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::oauth::testing::{ALICE, C1, C2, CP, REDIRECT_URI, VERIFIER, World, claims, refused};
    use crate::oidc::ClaimsRequest;

    #[tokio::test]
    async fn a_code_gives_the_tokens_that_the_person_allowed() {
        let world = World::new().await;
        let tokens = world.signed_in(C1, "openid profile offline_access").await;
        assert_eq!((tokens.token_type, tokens.expires_in), ("Bearer", 900));
        assert_eq!(tokens.scope, "openid profile offline_access");

        let access = claims(&tokens.access_token);
        assert_eq!((&access["iss"], &access["aud"]), (&"https://id.test".into(), &"https://id.test".into()));
        assert_eq!((&access["sub"], &access["client_id"]), (&ALICE.into(), &C1.into()));
        assert_eq!(access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap(), 900);
        assert_eq!(access["sid"], serde_json::Value::Null, "an offline grant outlives its session");

        let id_token = claims(tokens.id_token.as_deref().unwrap());
        assert_eq!(
            (&id_token["aud"], &id_token["sub"], &id_token["nonce"]),
            (&C1.into(), &ALICE.into(), &"n-0S6".into())
        );
        for name in ["iat", "exp", "auth_time", "at_hash", "acr", "amr", "sid"] {
            assert!(!id_token[name].is_null(), "{name}");
        }
        assert!(id_token["name"].is_null(), "profile claims come from userinfo");
        assert!(world.is_live(&tokens.access_token).await);
        assert!(tokens.refresh_token.is_some());
    }

    #[tokio::test]
    async fn claims_asked_for_in_the_id_token_stand_in_it() {
        let world = World::new().await;
        let ask = ClaimsRequest::parse(r#"{"id_token": {"name": null, "address": null}}"#).unwrap();
        let code = world.code_with(C1, "openid", |details| details.authentication.claims = ask).await;
        let id_token = claims(world.redeem(C1, &code).await.unwrap().id_token.as_deref().unwrap());
        assert_eq!(id_token["name"], "Alice");
        assert_eq!(id_token["address"]["country"], "SE");
        assert!(id_token["email"].is_null());
    }

    #[tokio::test]
    async fn without_openid_there_is_no_id_token() {
        let world = World::new().await;
        assert!(world.signed_in(C1, "api:read").await.id_token.is_none());
    }

    #[tokio::test]
    async fn s016_another_redirect_uri_is_refused_and_none_is_fine_with_pkce() {
        let world = World::new().await;
        for other in ["https://app.test/cb/", "https://app.test:443/cb", "HTTPS://APP.TEST/cb", "not a url"] {
            let code = world.code(CP, "openid").await;
            let params = [
                ("grant_type", "authorization_code"),
                ("code", code.expose()),
                ("redirect_uri", other),
                ("code_verifier", VERIFIER),
            ];
            assert_eq!(refused(world.token(CP, &params).await), "invalid_grant", "{other}");
        }
        let code = world.code(CP, "openid").await;
        let params = [("grant_type", "authorization_code"), ("code", code.expose()), ("code_verifier", VERIFIER)];
        assert!(world.token(CP, &params).await.is_ok());
    }

    #[tokio::test]
    async fn s016_without_pkce_the_redirect_uri_must_be_repeated() {
        let world = World::new().await;
        let code = world.code_with(C1, "openid", |details| details.code_challenge = None).await;
        let params = [("grant_type", "authorization_code"), ("code", code.expose())];
        assert_eq!(refused(world.token(C1, &params).await), "invalid_grant");
    }

    #[tokio::test]
    async fn s026_a_wrong_verifier_burns_the_code() {
        let world = World::new().await;
        let code = world.code(CP, "openid").await;
        let wrong = VERIFIER.replace('d', "e");
        let params = [("grant_type", "authorization_code"), ("code", code.expose()), ("code_verifier", &wrong)];
        assert_eq!(refused(world.token(CP, &params).await), "invalid_grant");
        assert_eq!(refused(world.redeem(CP, &code).await), "invalid_grant");
    }

    #[tokio::test]
    async fn s027_a_missing_verifier_and_the_challenge_as_verifier_are_refused() {
        let world = World::new().await;
        for verifier in [None, Some(crate::oauth::testing::CHALLENGE), Some("short")] {
            let code = world.code(CP, "openid").await;
            let mut params = vec![("grant_type", "authorization_code"), ("code", code.expose())];
            params.extend(verifier.map(|verifier| ("code_verifier", verifier)));
            assert_eq!(refused(world.token(CP, &params).await), "invalid_grant", "{verifier:?}");
        }
    }

    #[tokio::test]
    async fn a_verifier_without_challenge_is_refused() {
        let world = World::new().await;
        let code = world.code_with(C1, "openid", |details| details.code_challenge = None).await;
        assert_eq!(refused(world.redeem(C1, &code).await), "invalid_grant");
        let code = world.code_with(C1, "openid", |details| details.code_challenge = None).await;
        let params = [("grant_type", "authorization_code"), ("code", code.expose()), ("redirect_uri", REDIRECT_URI)];
        assert!(world.token(C1, &params).await.is_ok(), "an exempted client gets through without");
    }

    #[tokio::test]
    async fn s031_a_replay_ends_everything_that_the_code_gave() {
        let world = World::new().await;
        let code = world.code(C1, "openid offline_access").await;
        let tokens = world.redeem(C1, &code).await.unwrap();
        assert!(world.is_live(&tokens.access_token).await);
        world.pass(30);
        assert_eq!(refused(world.redeem(C1, &code).await), "invalid_grant");
        assert!(!world.is_live(&tokens.access_token).await);
        assert_eq!(refused(world.refresh(C1, &tokens.refresh_token.unwrap()).await), "invalid_grant");
        assert_eq!(world.audited("code_replay").await, 1);
    }

    #[tokio::test]
    async fn s033_a_code_is_dead_after_its_minute() {
        let world = World::new().await;
        let code = world.code(C1, "openid").await;
        world.pass(61);
        assert_eq!(refused(world.redeem(C1, &code).await), "invalid_grant");
        let code = world.code(C1, "openid").await;
        world.pass(59);
        assert!(world.redeem(C1, &code).await.is_ok());
    }

    #[tokio::test]
    async fn s035_a_used_code_in_wrong_hands_ends_nothing() {
        let world = World::new().await;
        let code = world.code(C1, "openid offline_access").await;
        let tokens = world.redeem(C1, &code).await.unwrap();
        let form = [("grant_type", "authorization_code"), ("code", code.expose()), ("code_verifier", VERIFIER)];
        let wrong_secret = [form[0], form[1], form[2], ("client_secret", "wrong")];
        assert_eq!(refused(world.token(C1, &wrong_secret).await), "invalid_client");
        let wrong_verifier = [form[0], form[1], ("code_verifier", &VERIFIER.replace('d', "e"))];
        assert_eq!(refused(world.token(C1, &wrong_verifier).await), "invalid_grant");
        assert_eq!(refused(world.token(C2, &form).await), "invalid_grant");
        assert!(world.is_live(&tokens.access_token).await);
        assert!(world.refresh(C1, &tokens.refresh_token.unwrap()).await.is_ok());
    }

    #[tokio::test]
    async fn another_clients_attempt_leaves_an_unused_code_as_it_is() {
        let world = World::new().await;
        let code = world.code(C1, "openid").await;
        assert_eq!(refused(world.redeem(C2, &code).await), "invalid_grant");
        assert!(world.redeem(C1, &code).await.is_ok());
    }

    #[tokio::test]
    async fn s037_neighbours_of_a_code_are_unknown_and_leave_it_alone() {
        let world = World::new().await;
        let code = world.code(C1, "openid").await;
        let text = code.expose();
        for near in [
            &text[..text.len() - 1],
            &format!("{text}A"),
            &format!("{text}="),
            &text.to_uppercase(),
            &text.to_lowercase(),
            &format!(" {text} "),
        ] {
            let params = [("grant_type", "authorization_code"), ("code", near), ("code_verifier", VERIFIER)];
            assert_eq!(refused(world.token(C1, &params).await), "invalid_grant", "{near}");
        }
        assert!(world.redeem(C1, &code).await.is_ok());
    }

    #[tokio::test]
    async fn s039_whatever_ends_before_the_exchange_ends_the_code() {
        let world = World::new().await;
        let code = world.code(C1, "openid offline_access").await;
        world.end_session().await;
        assert_eq!(refused(world.redeem(C1, &code).await), "invalid_grant");

        let world = World::new().await;
        let code = world.code(C1, "openid").await;
        world.disable_alice().await;
        assert_eq!(refused(world.redeem(C1, &code).await), "invalid_grant");

        let world = World::new().await;
        let code = world.code(C1, "openid").await;
        world.change_client(C1, |_| {}, true).await;
        assert_eq!(refused(world.redeem(C1, &code).await), "invalid_client");
    }

    #[tokio::test]
    async fn s040_codes_are_unique_and_only_their_hash_is_stored() {
        let world = World::new().await;
        let mut seen = HashSet::new();
        for _ in 0..100 {
            let code = world.code(C1, "openid").await;
            let stored = world.cx.store.find_code(&code.id.to_string(), code.hash().as_bytes()).await.unwrap().unwrap();
            assert!(!format!("{stored:?}").contains(&code.expose()[30..60]));
            assert!(seen.insert(code.expose().to_owned()));
        }
    }

    #[tokio::test]
    async fn twenty_exchanges_at_once_give_one_set_of_tokens() {
        let world = World::new().await;
        let code = world.code(CP, "openid").await;
        let outcomes = futures_util::future::join_all((0..20).map(|_| world.redeem(CP, &code))).await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    }

    #[tokio::test]
    async fn clients_without_the_refresh_grant_get_no_refresh_token() {
        let world = World::new().await;
        world.change_client(C1, |metadata| metadata["grant_types"] = ["authorization_code"].into(), false).await;
        let tokens = world.signed_in(C1, "openid").await;
        assert!(tokens.refresh_token.is_none());
        assert_eq!(refused(world.refresh(C1, "x").await), "unauthorized_client");
    }
}
