use super::Store;
use crate::storage::{
    Accounts, ApiKeyRecord, AuditRecord, GrantRecord, Result, RevocationList, RevocationRecord, SessionRecord, sql,
};

impl Accounts for Store {
    async fn replace_claims(&self, user_id: &str, old: &str, new: &str, now: i64) -> Result<bool> {
        let (user_id, old, new) = (user_id.to_owned(), old.to_owned(), new.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::account::REPLACE_CLAIMS)
                .bind(&user_id)
                .bind(&old)
                .bind(&new)
                .bind(now)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn list_sessions(&self, user_id: &str, now: i64) -> Result<Vec<SessionRecord>> {
        let mut sessions: Vec<SessionRecord> = read!(self, |connection| {
            sqlx::query_as(sql::account::LIST_SESSIONS).bind(user_id).bind(now).fetch_all(connection).await?
        })?;
        // What Redis knows of the last use is later than what the database does.
        if let Some(redis) = &self.redis {
            for session in &mut sessions {
                let last_seen = redis.last_seen(&session.id).await;
                session.last_seen_at = session.last_seen_at.max(last_seen.unwrap_or(i64::MIN));
            }
            sessions.sort_by_key(|session| std::cmp::Reverse(session.last_seen_at));
        }
        Ok(sessions)
    }

    async fn list_session_clients(&self, user_id: &str) -> Result<Vec<(String, String)>> {
        read!(self, |connection| {
            sqlx::query_as(sql::account::LIST_SESSION_CLIENTS).bind(user_id).fetch_all(connection).await?
        })
    }

    async fn is_session_of(&self, user_id: &str, sid: &str) -> Result<bool> {
        let found: i64 = read!(self, |connection| {
            sqlx::query_scalar(sql::account::IS_SESSION_OF).bind(user_id).bind(sid).fetch_one(connection).await?
        })?;
        Ok(found > 0)
    }

    async fn sign_out_everywhere(
        &self,
        user_id: &str,
        end_keys: bool,
        now: i64,
        revocation_expires_at: i64,
    ) -> Result<Vec<ApiKeyRecord>> {
        let user_id = user_id.to_owned();
        transaction!(self, |connection| {
            let seq = draw_seq!(connection);
            let known = sqlx::query(sql::account::SIGN_OUT_EVERYWHERE)
                .bind(&user_id)
                .bind(now)
                .execute(&mut *connection)
                .await?
                .rows_affected()
                > 0;
            if known {
                end_everything_of_user!(connection, seq, &user_id, "signed_out_everywhere", now, revocation_expires_at);
            }
            if known && end_keys {
                end_api_keys_of_user!(connection, &user_id, now, revocation_expires_at)
            } else {
                Vec::new()
            }
        })
    }

    async fn delete_user(&self, user_id: &str, now: i64, revocation_expires_at: i64) -> Result<bool> {
        let user_id = user_id.to_owned();
        transaction!(self, |connection| {
            let seq = draw_seq!(connection);
            end_everything_of_user!(connection, seq, &user_id, "account_deleted", now, revocation_expires_at);
            // What they were exchanged for names them, and nobody will be able to tell whose they were.
            let keys: Vec<ApiKeyRecord> =
                sqlx::query_as(sql::api_keys::LIST_OF_USER).bind(&user_id).fetch_all(&mut *connection).await?;
            record_ends!(connection, "family", keys.into_iter().map(|key| key.id), now, revocation_expires_at);
            sqlx::query(sql::account::DELETE_CHALLENGES_OF_ADDRESS).bind(&user_id).execute(&mut *connection).await?;
            let deleted = sqlx::query(sql::account::DELETE_USER).bind(&user_id).execute(&mut *connection).await?;
            deleted.rows_affected() > 0
        })
    }

    async fn list_grants(&self, user_id: &str, now: i64) -> Result<Vec<GrantRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::account::LIST_GRANTS).bind(user_id).bind(now).fetch_all(connection).await?
        })
    }

    async fn touch_consent(&self, user_id: &str, client_id: &str, now: i64) -> Result<()> {
        let (user_id, client_id) = (user_id.to_owned(), client_id.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::account::TOUCH_CONSENT)
                .bind(&user_id)
                .bind(&client_id)
                .bind(now)
                .execute(connection)
                .await?;
        })
    }

    async fn list_activity(&self, user_id: &str, before: Option<(i64, &str)>, limit: i64) -> Result<Vec<AuditRecord>> {
        // So that the person sees what they have just done.
        self.audit.flush().await;
        let (at, id) = before.unwrap_or((i64::MAX, ""));
        read!(self, |connection| {
            sqlx::query_as(sql::account::LIST_ACTIVITY)
                .bind(user_id)
                .bind(at)
                .bind(id)
                .bind(limit)
                .fetch_all(connection)
                .await?
        })
    }
}

impl RevocationList for Store {
    async fn page_of_revocations(&self, after: i64, now: i64, limit: i64) -> Result<Vec<RevocationRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::account::PAGE_OF_REVOCATIONS)
                .bind(after)
                .bind(now)
                .bind(limit)
                .fetch_all(connection)
                .await?
        })
    }
}
