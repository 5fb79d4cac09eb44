use std::net::IpAddr;

use serde_json::json;

use super::{Identity, Origin, Proofs};
use crate::base::acr::{Acr, FRESH_FOR};
use crate::base::{OpaqueToken, Timestamp, TokenKind, new_id, subscriber};
use crate::storage::{Result, SessionRecord, Sessions, UserRecord};

/// A signed-in browser whose cookie was just checked.
#[derive(Clone, Debug)]
pub struct ActiveSession {
    /// `sid` of id_tokens.
    pub sid: String,
    pub user: UserRecord,
    /// When the person last signed in (`auth_time`).
    pub auth_time: Timestamp,
    /// When they proved that here; the same unless they had signed in at a provider before.
    pub(super) proved_at: Timestamp,
    pub acr: Acr,
    pub amr: Vec<String>,
    secret_hash: Vec<u8>,
}

impl ActiveSession {
    /// Whether the person proved who they are a short while ago, as is asked for before something that matters.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.auth_time) <= FRESH_FOR
    }

    /// The same person's, proved again at `at`, under another id and secret.
    pub(super) fn replaced_by(&self, token: &OpaqueToken, at: Timestamp) -> Self {
        let secret_hash = token.hash().as_bytes().to_vec();
        Self { sid: token.id.to_string(), auth_time: at, proved_at: at, secret_hash, ..self.clone() }
    }
}

impl Identity {
    /// Starts a session from proofs. The cookie's secret is always new (no session fixation); the `sid` stays only
    /// when the same person proves again in the same browser, otherwise the previous session ends. `None` when the proofs are
    /// void by now: the password was changed, or they signed out everywhere, while they were looked at.
    pub async fn start_session(
        &self,
        proofs: Proofs,
        previous: Option<&ActiveSession>,
        origin: &Origin,
    ) -> Result<Option<(ActiveSession, OpaqueToken)>> {
        if let Some(previous) = previous.filter(|previous| previous.user.id == proofs.user().id) {
            if let Some(renewed) = self.renew(previous, &proofs, origin).await? {
                self.note_sign_in(proofs.user(), origin).await;
                return Ok(Some(renewed));
            }
        } else if let Some(previous) = previous {
            self.end_session(previous, origin).await?;
        }
        let now = self.now();
        let token = OpaqueToken::generate(TokenKind::Session, new_id(now, self.random.as_ref()), self.random.as_ref());
        let record = self.record(&token, &proofs, origin);
        self.tie_to_upstream(&record, &proofs).await?;
        if !self.store.insert_session(&record, proofs.as_of()).await? {
            return Ok(None);
        }
        let details = json!({ "amr": proofs.amr() });
        self.audit("login_succeeded", Some(&record.user_id), Some(&record.id), origin, &details);
        self.note_sign_in(proofs.user(), origin).await;
        Ok(Some((active(record, proofs.into_user()), token)))
    }

    async fn renew(
        &self,
        previous: &ActiveSession,
        proofs: &Proofs,
        origin: &Origin,
    ) -> Result<Option<(ActiveSession, OpaqueToken)>> {
        let Ok(id) = previous.sid.parse() else { return Ok(None) };
        let token = OpaqueToken::generate(TokenKind::Session, id, self.random.as_ref());
        let record = self.record(&token, proofs, origin);
        self.tie_to_upstream(&record, proofs).await?;
        if !self.store.renew_session(&previous.sid, &previous.secret_hash, &record, proofs.as_of()).await? {
            return Ok(None);
        }
        let details = json!({ "amr": proofs.amr() });
        self.audit("login_renewed", Some(&record.user_id), Some(&record.id), origin, &details);
        Ok(Some((active(record, proofs.user().clone()), token)))
    }

    fn record(&self, token: &OpaqueToken, proofs: &Proofs, origin: &Origin) -> SessionRecord {
        let now = self.now();
        let sessions = &self.config.sessions;
        let ttl = if origin.brief { sessions.brief_ttl } else { sessions.ttl };
        SessionRecord {
            id: token.id.to_string(),
            secret_hash: token.hash().as_bytes().to_vec(),
            user_id: proofs.user().id.clone(),
            auth_time: proofs.auth_time().millis(),
            acr: proofs.acr().name().to_owned(),
            amr: json!(proofs.amr()).to_string(),
            address: origin.address.to_string(),
            user_agent: origin.user_agent.clone(),
            created_at: now.millis(),
            last_seen_at: now.millis(),
            expires_at: now.plus(ttl.duration()).millis(),
            ended_at: None,
            proved_at: proofs.proved_at().millis(),
        }
    }

    /// The session of a cookie's value, sent from `address`; `None` for anything but a live one.
    pub async fn authenticate(&self, cookie: &str, address: IpAddr) -> Result<Option<ActiveSession>> {
        let Some(token) = OpaqueToken::parse(TokenKind::Session, cookie) else { return Ok(None) };
        let now = self.now();
        let idle_since = now.minus(self.config.sessions.idle_ttl.duration());
        let hash = token.hash();
        let found =
            self.store.find_session(&token.id.to_string(), hash.as_bytes(), now.millis(), idle_since.millis()).await?;
        let Some((record, user)) = found else { return Ok(None) };
        let from_elsewhere = || record.address.parse().is_ok_and(|bound| subscriber(bound) != subscriber(address));
        if self.config.sessions.bind_address && from_elsewhere() {
            return Ok(None);
        }
        if Timestamp::from_millis(record.last_seen_at).plus(TOUCH_EVERY) <= now {
            let store = self.store.clone();
            let id = record.id.clone();
            tokio::spawn(async move {
                if let Err(error) = store.touch_session(&id, now.millis()).await {
                    tracing::debug!(%error, "last use of a session could not be noted");
                }
            });
        }
        Ok(Some(active(record, user)))
    }

    /// Ends the session and what is bound to it. Ending it twice is no error.
    pub async fn end_session(&self, session: &ActiveSession, origin: &Origin) -> Result<()> {
        let now = self.now();
        if self.store.end_session(&session.sid, now.millis(), self.revocation_end(now).millis()).await? {
            self.audit("logout", Some(&session.user.id), Some(&session.sid), origin, &json!({}));
        }
        Ok(())
    }
}

/// How often the last use is written.
const TOUCH_EVERY: std::time::Duration = std::time::Duration::from_mins(1);

fn active(record: SessionRecord, user: UserRecord) -> ActiveSession {
    ActiveSession {
        sid: record.id,
        user,
        auth_time: Timestamp::from_millis(record.auth_time),
        proved_at: Timestamp::from_millis(record.proved_at),
        acr: Acr::from_name(&record.acr).unwrap_or_default(),
        amr: serde_json::from_str(&record.amr).unwrap_or_default(),
        secret_hash: record.secret_hash,
    }
}
