use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::base::{Timestamp, TokenHash};
use crate::identity::{Identity, Origin, Proofs};
use crate::storage::{self, Replays as _, SessionRecord, Sessions as _, UpstreamAccounts as _, UpstreamSessionRecord};

/// A session at a provider that a sign-in here stands on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpstreamSession {
    pub(super) issuer: String,
    pub(super) subject: String,
    /// `sid` of the id_token, where the provider names its sessions.
    pub(super) sid: Option<String>,
}

/// What a logout token says, everything about it checked but whether it came before.
#[derive(Debug)]
pub struct SignedOutThere {
    pub(super) issuer: String,
    pub(super) subject: Option<String>,
    pub(super) sid: Option<String>,
    /// By what it is known again, until it would be too old.
    pub(super) token: TokenHash,
    pub(super) expires_at: Timestamp,
}

impl Identity {
    /// Notes which sessions of providers a session stands on. Before it begins: none is to be there without.
    pub(in crate::identity) async fn tie_to_upstream(
        &self,
        record: &SessionRecord,
        proofs: &Proofs,
    ) -> storage::Result<()> {
        if !self.config.upstream.values().any(|upstream| upstream.backchannel_logout) {
            return Ok(());
        }
        let tie = |there: &UpstreamSession| UpstreamSessionRecord {
            session_id: record.id.clone(),
            issuer: there.issuer.clone(),
            subject: there.subject.clone(),
            sid: there.sid.clone(),
            user_id: record.user_id.clone(),
            expires_at: record.expires_at,
        };
        let there: Vec<UpstreamSessionRecord> = proofs.upstream_sessions().map(tie).collect();
        self.store.tie_upstream_sessions(&record.id, record.expires_at, &there).await
    }

    /// Ends the sessions that stand on one that has ended at its provider (OpenID Connect Back-Channel Logout 1.0 §2.7).
    /// False, with nothing changed, for a token that came before.
    pub async fn end_sessions_from(&self, there: &SignedOutThere, origin: &Origin) -> storage::Result<bool> {
        let now = self.now();
        let key = there.token.as_bytes();
        if self.store.is_remembered(key, now.millis()).await? {
            return Ok(false);
        }
        let (subject, sid) = (there.subject.as_deref(), there.sid.as_deref());
        for tie in self.store.list_upstream_sessions(&there.issuer, subject, sid).await? {
            let until = self.revocation_end(now).millis();
            if self.store.end_session(&tie.session_id, now.millis(), until).await? {
                let details = json!({ "issuer": there.issuer });
                self.audit("upstream_logout", Some(&tie.user_id), Some(&tie.session_id), origin, &details);
            }
        }
        // Last: a provider that hears nothing tells it again, and then everything has to end.
        self.store.remember_once(key, there.expires_at.millis(), now.millis()).await?;
        Ok(true)
    }
}
