//! What people do with their own account.

use serde_json::{Value, json};

use super::profile::{Profile, ProfileError};
use super::{ActiveSession, Identity, Notice, Origin, UserError};
use crate::base::{OpaqueToken, TokenKind, new_id};
use crate::storage::{Accounts, ApiKeyRecord, Result, SessionRecord, Sessions, UpstreamAccounts as _, UserRecord};

use secrecy::SecretString;

impl Identity {
    /// A person's sessions that have not ended, the most recently used first. Those that have been idle for too long are
    /// among them: their browser is let in no more, but the applications that were signed in with it go on.
    pub async fn sessions_of(&self, user_id: &str) -> Result<Vec<SessionRecord>> {
        self.store.list_sessions(user_id, self.now().millis()).await
    }

    /// Whether a session is among those.
    pub fn is_idle(&self, session: &SessionRecord) -> bool {
        session.last_seen_at <= self.now().minus(self.config.sessions.idle_ttl.duration()).millis()
    }

    /// Ends a session of this person; one that is over already is no error. False, with nothing changed, when there is none of
    /// theirs with this id.
    pub async fn end_session_of(&self, user_id: &str, sid: &str, origin: &Origin) -> Result<bool> {
        // Whose a session is never changes.
        if !self.store.is_session_of(user_id, sid).await? {
            return Ok(false);
        }
        self.end_own(user_id, sid, origin).await?;
        Ok(true)
    }

    /// Ends a session that is this person's; false when it was over.
    async fn end_own(&self, user_id: &str, sid: &str, origin: &Origin) -> Result<bool> {
        let now = self.now();
        let ended = self.store.end_session(sid, now.millis(), self.revocation_end(now).millis()).await?;
        if ended {
            self.audit("session_ended", Some(user_id), Some(sid), origin, &json!({}));
        }
        Ok(ended)
    }

    /// Ends every session of the person but this one; how many there were.
    pub async fn end_other_sessions(&self, session: &ActiveSession, origin: &Origin) -> Result<usize> {
        let mut ended = 0;
        for other in self.sessions_of(&session.user.id).await? {
            if other.id != session.sid && self.end_own(&session.user.id, &other.id, origin).await? {
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Signs out everywhere, here too: every session and refresh token ends, and whatever was issued before is void.
    /// With `end_keys` the person's API keys end too.
    pub async fn sign_out_everywhere(&self, session: &ActiveSession, end_keys: bool, origin: &Origin) -> Result<()> {
        let (now, user_id) = (self.now(), &session.user.id);
        let until = self.revocation_end(now);
        let keys = self.store.sign_out_everywhere(user_id, end_keys, now.millis(), until.millis()).await?;
        self.audit("signed_out_everywhere", Some(user_id), Some(&session.sid), origin, &json!({}));
        self.audit_ended_keys(user_id, &keys, "owner", origin);
        Ok(())
    }

    pub(super) fn audit_ended_keys(&self, user_id: &str, keys: &[ApiKeyRecord], by: &str, origin: &Origin) {
        for key in keys {
            let details = json!({ "api_key_id": key.id, "prefix": key.prefix, "by": by });
            self.audit("api_key_revoked", Some(user_id), None, origin, &details);
        }
    }

    /// Gives the person a new password. Every session and refresh token ends, with `end_keys` every API key too; this browser,
    /// where it was changed just now, gets a new session in place of its own. `Unknown` when the session has become void
    /// meanwhile.
    pub async fn change_password(
        &self,
        session: &ActiveSession,
        password: &SecretString,
        end_keys: bool,
        origin: &Origin,
    ) -> std::result::Result<(ActiveSession, OpaqueToken), UserError> {
        let user = &session.user;
        let hash = self.hash_new_password(password, &user.username, user.email.as_deref()).await?;
        let (now, keys) = self.store_password(&user.id, &hash, Some(user.tokens_not_before), end_keys).await?;
        self.audit("password_changed", Some(&user.id), Some(&session.sid), origin, &json!({}));
        self.audit_ended_keys(&user.id, &keys, "owner", origin);
        self.notify(user, Notice::PasswordChanged, origin.locale).await;
        let sessions = &self.config.sessions;
        let ttl = if origin.brief { sessions.brief_ttl } else { sessions.ttl };
        let token = OpaqueToken::generate(TokenKind::Session, new_id(now, self.random.as_ref()), self.random.as_ref());
        let replaced = session.replaced_by(&token, now);
        let expires_at = now.plus(ttl.duration()).millis();
        self.store.move_upstream_sessions(&session.sid, &replaced.sid, expires_at).await?;
        let record = SessionRecord {
            id: replaced.sid.clone(),
            secret_hash: token.hash().as_bytes().to_vec(),
            user_id: replaced.user.id.clone(),
            auth_time: now.millis(),
            acr: replaced.acr.name().to_owned(),
            amr: json!(replaced.amr).to_string(),
            address: origin.address.to_string(),
            user_agent: origin.user_agent.clone(),
            created_at: now.millis(),
            last_seen_at: now.millis(),
            expires_at,
            ended_at: None,
            proved_at: now.millis(),
        };
        if !self.store.insert_session(&record, now.millis()).await? {
            return Err(UserError::Unknown);
        }
        Ok((replaced, token))
    }

    /// Changes what the person says of themself; whatever else is known of them stays.
    pub async fn change_profile(
        &self,
        session: &ActiveSession,
        profile: &Profile,
        origin: &Origin,
    ) -> std::result::Result<(), ProfileError> {
        profile.check()?;
        let user = &session.user;
        let mut claims = serde_json::from_str(&user.claims).unwrap_or_default();
        let changed = profile.write_to(&mut claims);
        if changed.is_empty() {
            return Ok(());
        }
        let new = Value::Object(claims).to_string();
        if !self.store.replace_claims(&user.id, &user.claims, &new, self.now().millis()).await? {
            return Err(ProfileError::ChangedMeanwhile);
        }
        self.audit("profile_changed", Some(&user.id), Some(&session.sid), origin, &json!({ "claims": changed }));
        Ok(())
    }

    /// Deletes the person's account and everything that hangs on it. Whatever was issued for it is void.
    pub async fn delete_account(&self, user: &UserRecord, origin: &Origin) -> Result<()> {
        let now = self.now();
        if self.store.delete_user(&user.id, now.millis(), self.revocation_end(now).millis()).await? {
            self.audit("account_deleted", Some(&user.id), None, origin, &json!({}));
            self.notify(user, Notice::AccountDeleted, origin.locale).await;
        }
        Ok(())
    }

    /// Notes in the activity log that the person took a copy of their data.
    pub fn note_export(&self, session: &ActiveSession, origin: &Origin) {
        self.audit("data_exported", Some(&session.user.id), Some(&session.sid), origin, &json!({}));
    }
}
