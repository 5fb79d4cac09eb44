//! A sign-in that still lacks a factor: no session, and it opens nothing.

use std::time::Duration;

use super::proofs::{Fact, Proofs};
use super::{Identity, LoginError};
use crate::base::{OpaqueToken, TokenKind, new_id};
use crate::storage::{self, PendingLoginRecord, PendingLogins as _, Users as _};

/// How long the second factor is waited for.
pub const PENDING_TTL: Duration = Duration::from_mins(5);
/// Codes that may be tried before the person begins anew.
const MOST_TRIES: i64 = 10;

/// A half-done sign-in whose cookie was just checked.
#[derive(Debug)]
pub struct PendingLogin {
    pub id: String,
    pub proofs: Proofs,
    pub transaction_id: Option<String>,
    pub next: Option<String>,
    /// Tries left, this one not counted.
    pub tries_left: i64,
    secret_hash: Vec<u8>,
}

impl Identity {
    /// Keeps proofs that are not enough, for the request or the page that the person came for.
    pub async fn keep_pending_login(
        &self,
        proofs: &Proofs,
        transaction_id: Option<&str>,
        next: Option<&str>,
    ) -> storage::Result<OpaqueToken> {
        let (now, random) = (self.now(), self.random.as_ref());
        let token = OpaqueToken::generate(TokenKind::PendingLogin, new_id(now, random), random);
        self.store
            .insert_pending_login(&PendingLoginRecord {
                id: token.id.to_string(),
                secret_hash: token.hash().as_bytes().to_vec(),
                user_id: proofs.user().id.clone(),
                proofs: serde_json::to_string(proofs.facts()).unwrap_or_default(),
                transaction_id: transaction_id.map(str::to_owned),
                next: next.map(str::to_owned),
                tries: 0,
                created_at: now.millis(),
                expires_at: now.plus(PENDING_TTL).millis(),
                consumed_at: None,
            })
            .await?;
        Ok(token)
    }

    /// The half-done sign-in of a cookie's value; `None` for anything but a live one of a person who may still sign in.
    pub async fn pending_login(&self, cookie: &str) -> storage::Result<Option<PendingLogin>> {
        let Some(token) = OpaqueToken::parse(TokenKind::PendingLogin, cookie) else { return Ok(None) };
        let (hash, now) = (token.hash(), self.now().millis());
        let Some(record) = self.store.find_pending_login(&token.id.to_string(), hash.as_bytes(), now).await? else {
            return Ok(None);
        };
        let user = self.store.find_user(&record.user_id).await?.filter(|user| user.disabled_at.is_none());
        let facts: Result<Vec<Fact>, _> = serde_json::from_str(&record.proofs);
        let (Some(user), Ok(facts)) = (user, facts) else { return Ok(None) };
        let proofs = Proofs::kept(user, facts);
        // Whoever has signed out everywhere, or changed the password, begins anew.
        if proofs.as_of() != proofs.user().tokens_not_before {
            return Ok(None);
        }
        Ok(Some(PendingLogin {
            id: record.id,
            proofs,
            transaction_id: record.transaction_id,
            next: record.next,
            tries_left: MOST_TRIES.saturating_sub(record.tries),
            secret_hash: record.secret_hash,
        }))
    }

    /// Counts a try; false when they are used up.
    pub async fn count_try(&self, login: &PendingLogin) -> storage::Result<bool> {
        self.store.try_pending_login(&login.id, &login.secret_hash, MOST_TRIES, self.now().millis()).await
    }

    /// Ends the half-done sign-in, to go on with what it has proved. `Rejected` for whoever comes second.
    pub async fn take_pending_login(&self, login: PendingLogin) -> Result<Proofs, LoginError> {
        let taken = self.store.consume_pending_login(&login.id, &login.secret_hash, self.now().millis()).await?;
        if taken { Ok(login.proofs) } else { Err(LoginError::Rejected) }
    }
}
