use serde_json::{Value, json};
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AuthenticationState, Credential, PublicKeyCredential, RequestChallengeResponse, UserVerificationPolicy,
};

use super::answer::made_here;
use super::{Answer, Ceremony, PasskeyError, Purpose, user_handle};
use crate::base::Timestamp;
use crate::identity::{Identity, Origin};
use crate::storage::{self, PasskeyRecord, Passkeys as _, UserRecord, Users as _};

/// Proof that a person holds a passkey of an account, just now. Only [`Identity::verify_passkey`] and
/// [`Identity::verify_passkey_as_second_factor`] make one.
#[derive(Debug)]
pub struct PasskeyVerified {
    user: UserRecord,
    at: Timestamp,
    /// The authenticator has verified its user by PIN, fingerprint or the like: two factors in one.
    verified: bool,
    synced: bool,
}

impl PasskeyVerified {
    pub fn user(&self) -> &UserRecord {
        &self.user
    }

    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether the authenticator has verified its user, which makes two factors of it.
    pub fn is_user_verified(&self) -> bool {
        self.verified
    }

    /// Authentication method references (RFC 8176 §2): possession of a key, held by hardware or, where it is synced
    /// between devices, by software, and somebody there who used it.
    pub fn amr(&self) -> [&'static str; 3] {
        ["pop", if self.synced { "swk" } else { "hwk" }, "user"]
    }
}

impl Identity {
    /// Begins a sign-in with nothing but a passkey (WebAuthn §7.2). The options name no credential and are alike for
    /// everybody.
    pub async fn begin_passkey_sign_in(&self, browser: &str) -> Result<Ceremony, PasskeyError> {
        let (options, state) = self.challenge(Vec::new(), UserVerificationPolicy::Required)?;
        self.keep_challenge(Purpose::SignIn, None, browser, options, &state).await
    }

    /// Begins the second step of a sign-in for a person who has passkeys.
    pub async fn begin_passkey_as_second_factor(
        &self,
        user: &UserRecord,
        browser: &str,
    ) -> Result<Ceremony, PasskeyError> {
        let passkeys = self.store.list_passkeys(&user.id).await?;
        if passkeys.is_empty() {
            return Err(PasskeyError::Unknown);
        }
        let credentials = passkeys.iter().map(credential).collect::<Result<_, _>>()?;
        // Asked for without need, it keeps the keys out that cannot; a telephone verifies its user anyway.
        let (options, state) = self.challenge(credentials, UserVerificationPolicy::Discouraged_DO_NOT_USE)?;
        self.keep_challenge(Purpose::SecondFactor, Some(&user.id), browser, options, &state).await
    }

    fn challenge(
        &self,
        credentials: Vec<Credential>,
        policy: UserVerificationPolicy,
    ) -> Result<(Value, AuthenticationState), PasskeyError> {
        let core = &self.relying_party()?.core;
        let builder = core.new_challenge_authenticate_builder(credentials, Some(policy))?;
        let (options, mut state): (RequestChallengeResponse, _) = core.generate_challenge_authenticate(builder)?;
        // They are read anew with the answer: one that was removed meanwhile is none.
        state.set_allowed_credentials(Vec::new());
        Ok((json!(options.public_key), state))
    }

    /// The passkey step as the only one. The authenticator must have verified its user, and must have been known to do so
    /// before.
    pub async fn verify_passkey(
        &self,
        answer: Answer<'_>,
        browser: &str,
        origin: &Origin,
    ) -> Result<PasskeyVerified, PasskeyError> {
        self.attempt_assertion(answer, browser, None, origin).await
    }

    /// The passkey step after another one of the same person: possession is enough.
    pub async fn verify_passkey_as_second_factor(
        &self,
        user: &UserRecord,
        answer: Answer<'_>,
        browser: &str,
        origin: &Origin,
    ) -> Result<PasskeyVerified, PasskeyError> {
        self.attempt_assertion(answer, browser, Some(user), origin).await
    }

    /// Counts the attempt against the address before anything about it is looked at.
    async fn attempt_assertion(
        &self,
        answer: Answer<'_>,
        browser: &str,
        known: Option<&UserRecord>,
        origin: &Origin,
    ) -> Result<PasskeyVerified, PasskeyError> {
        let attempt = self.reserve_at_address(origin).await?;
        let purpose = if known.is_some() { Purpose::SecondFactor } else { Purpose::SignIn };
        let user_id = known.map(|user| user.id.as_str());
        let state = self.take_challenge(purpose, user_id, browser, answer.challenge).await?;
        let proof = self.verify_assertion(answer, &state, known, origin).await?;
        self.refund(attempt).await?;
        Ok(proof)
    }

    async fn verify_assertion(
        &self,
        answer: Answer<'_>,
        state: &AuthenticationState,
        known: Option<&UserRecord>,
        origin: &Origin,
    ) -> Result<PasskeyVerified, PasskeyError> {
        let response: PublicKeyCredential = answer.read()?;
        let passkey = self.store.find_passkey(&response.raw_id).await?;
        let user_id = passkey.as_ref().map(|passkey| passkey.user_id.clone());
        let outcome = self.check_assertion(&response, passkey, state, known, origin).await;
        if let Err(error) = &outcome {
            let details = json!({ "method": "passkey", "reason": error.to_string() });
            self.audit("login_failed", user_id.as_deref(), None, origin, &details);
        }
        outcome
    }

    async fn check_assertion(
        &self,
        response: &PublicKeyCredential,
        passkey: Option<PasskeyRecord>,
        state: &AuthenticationState,
        known: Option<&UserRecord>,
        origin: &Origin,
    ) -> Result<PasskeyVerified, PasskeyError> {
        let relying_party = self.relying_party()?;
        let passkey = passkey.ok_or(PasskeyError::Unknown)?;
        // From here on it is a passkey of somebody's: the browser is not to forget it, whatever else is wrong.
        let user = self.store.find_user(&passkey.user_id).await?.filter(|user| user.disabled_at.is_none());
        let user = user.filter(|user| known.is_none_or(|known| known.id == user.id));
        let user = user.ok_or_else(|| PasskeyError::refused("its person may not sign in, or is another one"))?;
        let handle = response.response.user_handle.as_deref();
        // Whoever signs in by the passkey alone is named by it; after another step it may stay silent.
        if handle.map_or(known.is_none(), |handle| handle != user_handle(&user.id)) {
            return Err(PasskeyError::refused("the user handle is not its person's"));
        }
        made_here(&response.response.client_data_json, "webauthn.get", &relying_party.origin)?;
        let mut credential = credential(&passkey)?;
        // The state's policy decides, not that of the registration.
        credential.registration_policy = UserVerificationPolicy::Discouraged_DO_NOT_USE;
        let result = relying_party.core.authenticate_single_credential(response, state, &credential);
        let result = match result {
            Ok(result) => result,
            Err(WebauthnError::CredentialPossibleCompromise) => return Err(self.counter_regress(&passkey, origin)),
            Err(error) => return Err(error.into()),
        };
        let verified = result.user_verified();
        // Verification first seen in a ceremony that rests on it would be the word of whoever holds the key alone
        // (WebAuthn §7.2 step 25).
        if known.is_none() && !(verified && passkey.user_verified) {
            return Err(PasskeyError::Unverified);
        }
        let (count, now) = (i64::from(result.counter()), self.now());
        if !self.store.note_passkey_use(&passkey.id, count, result.backup_state(), verified, now.millis()).await? {
            return Err(self.counter_regress(&passkey, origin));
        }
        let details = json!({ "passkey": passkey.id, "name": passkey.name, "user_verified": verified });
        self.audit("passkey_used", Some(&user.id), None, origin, &details);
        Ok(PasskeyVerified { user, at: now, verified, synced: passkey.backup_eligible })
    }

    /// Two authenticators with one key: one of them is a copy (WebAuthn §6.1.1).
    fn counter_regress(&self, passkey: &PasskeyRecord, origin: &Origin) -> PasskeyError {
        let details = json!({ "passkey": passkey.id, "name": passkey.name, "sign_count": passkey.sign_count });
        self.audit("passkey_counter_regress", Some(&passkey.user_id), None, origin, &details);
        PasskeyError::refused("the signature counter has not grown")
    }
}

/// The credential with what has changed since its registration.
fn credential(passkey: &PasskeyRecord) -> storage::Result<Credential> {
    let stored = serde_json::from_str(&passkey.credential);
    let mut credential: Credential = stored.map_err(|error| storage::Error::Corrupt(format!("passkey: {error}")))?;
    credential.counter = u32::try_from(passkey.sign_count).unwrap_or(u32::MAX);
    credential.backup_state = passkey.backed_up;
    Ok(credential)
}
