use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use webauthn_rs_core::proto::{
    AttestationConveyancePreference, Credential, RegisterPublicKeyCredential, RegistrationState,
    ResidentKeyRequirement, UserVerificationPolicy,
};

use super::answer::made_here;
use super::providers::provider_name;
use super::{Answer, Ceremony, MAX_PASSKEYS, PasskeyError, Purpose, clean_name, user_handle};
use crate::base::new_id;
use crate::identity::{ActiveSession, Factor, Identity, Notice, Origin};
use crate::storage::{self, PasskeyRecord, Passkeys as _, UserRecord};

impl Identity {
    /// Begins the registration of a passkey for whoever is signed in (WebAuthn §7.1).
    pub async fn begin_passkey_registration(
        &self,
        session: &ActiveSession,
        browser: &str,
    ) -> Result<Ceremony, PasskeyError> {
        let relying_party = self.relying_party()?;
        let user = &session.user;
        let known = self.store.list_passkeys(&user.id).await?;
        if known.len() >= MAX_PASSKEYS {
            return Err(PasskeyError::TooMany);
        }
        let known = known.into_iter().map(|passkey| passkey.credential_id).collect();
        let builder = relying_party
            .core
            .new_challenge_register_builder(&user_handle(&user.id), &user.username, &display_name(user))?
            .attestation(AttestationConveyancePreference::None)
            .user_verification_policy(UserVerificationPolicy::Preferred)
            .exclude_credentials(Some(known));
        let (mut options, state) = relying_party.core.generate_challenge_register(builder)?;
        if let Some(selection) = &mut options.public_key.authenticator_selection {
            // A key that cannot remember whose it is still serves as a second factor.
            selection.resident_key = Some(ResidentKeyRequirement::Preferred);
        }
        let options = json!(options.public_key);
        self.keep_challenge(Purpose::Registration, Some(&user.id), browser, options, &state).await
    }

    /// Registers the passkey under the name of its provider, or else under `name`.
    pub async fn register_passkey(
        &self,
        session: &ActiveSession,
        answer: Answer<'_>,
        name: &str,
        browser: &str,
        origin: &Origin,
    ) -> Result<PasskeyRecord, PasskeyError> {
        let relying_party = self.relying_party()?;
        let user = &session.user;
        let state: RegistrationState =
            self.take_challenge(Purpose::Registration, Some(&user.id), browser, answer.challenge).await?;
        let response: RegisterPublicKeyCredential = answer.read()?;
        made_here(&response.response.client_data_json, "webauthn.create", &relying_party.origin)?;
        let credential = relying_party.core.register_credential(&response, &state, None)?;
        if self.store.list_passkeys(&user.id).await?.len() >= MAX_PASSKEYS {
            return Err(PasskeyError::TooMany);
        }
        let provider = provider(answer.credential, &response.response.attestation_object);
        let name = clean_name(provider.unwrap_or(name)).ok_or(PasskeyError::Name)?;
        let passkey = self.new_passkey(&user.id, name, &credential)?;
        let inserted = self.store.insert_passkey(&passkey, user.tokens_not_before).await;
        let inserted = inserted.map_err(|error| match error {
            storage::Error::Conflict(_) => PasskeyError::Taken,
            error => error.into(),
        })?;
        if !inserted {
            // The session has become void meanwhile.
            return Err(PasskeyError::Expired);
        }
        let details = json!({ "passkey": passkey.id, "name": passkey.name });
        self.audit("passkey_added", Some(&user.id), Some(&session.sid), origin, &details);
        self.notify(
            user,
            Notice::FactorAdded { factor: Factor::Passkey { name: passkey.name.clone() } },
            origin.locale,
        )
        .await;
        Ok(passkey)
    }

    fn new_passkey(&self, user_id: &str, name: String, credential: &Credential) -> Result<PasskeyRecord, PasskeyError> {
        let now = self.now();
        Ok(PasskeyRecord {
            id: new_id(now, self.random.as_ref()).to_string(),
            user_id: user_id.to_owned(),
            credential_id: credential.cred_id.clone(),
            credential: serde_json::to_string(credential).map_err(PasskeyError::refused)?,
            name,
            sign_count: i64::from(credential.counter),
            user_verified: credential.user_verified,
            backup_eligible: credential.backup_eligible,
            backed_up: credential.backup_state,
            created_at: now.millis(),
            last_used_at: None,
        })
    }
}

/// What the authenticator shows beside the user name.
fn display_name(user: &UserRecord) -> String {
    let claims: Value = serde_json::from_str(&user.claims).unwrap_or_default();
    let name = claims.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    name.unwrap_or(&user.username).to_owned()
}

/// The authenticator data that the browser took out of the attestation object for us.
#[derive(Deserialize)]
struct Parsed {
    response: ParsedResponse,
}

#[derive(Deserialize)]
struct ParsedResponse {
    #[serde(rename = "authenticatorData")]
    authenticator_data: String,
}

/// The provider by name, if what the browser says is indeed part of what was signed for.
fn provider(credential: &str, attestation_object: &[u8]) -> Option<&'static str> {
    let parsed: Parsed = serde_json::from_str(credential).ok()?;
    let data = URL_SAFE_NO_PAD.decode(parsed.response.authenticator_data).ok()?;
    let is_part = !data.is_empty() && attestation_object.windows(data.len()).any(|window| window == data);
    if is_part { provider_name(&data) } else { None }
}
