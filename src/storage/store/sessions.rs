use super::Store;
use crate::storage::{Result, SessionRecord, Sessions, UserRecord, conflict, sql};

/// A row of `sql::sessions::FIND`.
#[derive(sqlx::FromRow)]
struct SessionWithUser {
    #[sqlx(flatten)]
    session: SessionRecord,
    u_id: String,
    u_username: String,
    u_email: Option<String>,
    u_email_verified: bool,
    u_password_hash: Option<String>,
    u_claims: String,
    u_is_admin: bool,
    u_disabled_at: Option<i64>,
    u_tokens_not_before: i64,
    u_password_changed_at: Option<i64>,
    u_created_at: i64,
    u_updated_at: i64,
}

impl From<SessionWithUser> for (SessionRecord, UserRecord) {
    fn from(row: SessionWithUser) -> Self {
        let user = UserRecord {
            id: row.u_id,
            username: row.u_username,
            email: row.u_email,
            email_verified: row.u_email_verified,
            password_hash: row.u_password_hash,
            claims: row.u_claims,
            is_admin: row.u_is_admin,
            disabled_at: row.u_disabled_at,
            tokens_not_before: row.u_tokens_not_before,
            password_changed_at: row.u_password_changed_at,
            created_at: row.u_created_at,
            updated_at: row.u_updated_at,
        };
        (row.session, user)
    }
}

impl Sessions for Store {
    async fn insert_session(&self, session: &SessionRecord) -> Result<()> {
        let session = session.clone();
        write!(self, |connection| {
            sqlx::query(sql::sessions::INSERT)
                .bind(&session.id)
                .bind(&session.secret_hash)
                .bind(&session.user_id)
                .bind(session.auth_time)
                .bind(&session.acr)
                .bind(&session.amr)
                .bind(&session.address)
                .bind(&session.user_agent)
                .bind(session.created_at)
                .bind(session.last_seen_at)
                .bind(session.expires_at)
                .bind(session.ended_at)
                .execute(connection)
                .await
                .map_err(|error| conflict(error, "session"))?;
        })
    }

    async fn find_session(
        &self,
        id: &str,
        secret_hash: &[u8],
        now: i64,
        idle_since: i64,
    ) -> Result<Option<(SessionRecord, UserRecord)>> {
        let found: Option<SessionWithUser> = read!(self, |connection| {
            sqlx::query_as(sql::sessions::FIND)
                .bind(id)
                .bind(secret_hash)
                .bind(now)
                .bind(idle_since)
                .fetch_optional(connection)
                .await?
        })?;
        Ok(found.map(Into::into))
    }

    async fn touch_session(&self, id: &str, now: i64) -> Result<()> {
        let id = id.to_owned();
        write!(self, |connection| {
            sqlx::query(sql::sessions::TOUCH).bind(&id).bind(now).execute(connection).await?;
        })
    }

    async fn renew_session(&self, id: &str, old_secret_hash: &[u8], new: &SessionRecord) -> Result<bool> {
        let (id, old_secret_hash, new) = (id.to_owned(), old_secret_hash.to_vec(), new.clone());
        write!(self, |connection| {
            sqlx::query(sql::sessions::RENEW)
                .bind(&id)
                .bind(&old_secret_hash)
                .bind(&new.secret_hash)
                .bind(new.auth_time)
                .bind(&new.acr)
                .bind(&new.amr)
                .bind(&new.address)
                .bind(&new.user_agent)
                .bind(new.last_seen_at)
                .bind(new.expires_at)
                .bind(&new.user_id)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn end_session(&self, id: &str, now: i64, revocation_expires_at: i64) -> Result<bool> {
        let id = id.to_owned();
        transaction!(self, |connection| {
            let seq = draw_seq!(connection);
            queue_logout_notices!(connection, QUEUE_OF_SESSION, &id, now);
            let ended =
                sqlx::query(sql::sessions::END).bind(&id).bind(now).execute(&mut *connection).await?.rows_affected()
                    > 0;
            if ended {
                sqlx::query(sql::families::REVOKE_OF_SESSION)
                    .bind(&id)
                    .bind(now)
                    .bind("session_end")
                    .execute(&mut *connection)
                    .await?;
                record_revocation!(connection, seq, "session", &id, now, revocation_expires_at);
            }
            ended
        })
    }

    async fn count_live_sessions(&self, now: i64) -> Result<i64> {
        read!(self, |connection| sqlx::query_scalar(sql::sessions::COUNT_LIVE).bind(now).fetch_one(connection).await?)
    }
}
