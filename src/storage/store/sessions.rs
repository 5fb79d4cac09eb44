use super::Store;
use crate::storage::redis::DATABASE_TOUCH_MS;
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

/// How often the last use is written at most. Milliseconds.
const TOUCH_MS: i64 = 60_000;

impl Sessions for Store {
    async fn insert_session(&self, session: &SessionRecord, as_of: i64) -> Result<bool> {
        let row = session.clone();
        let inserted = transaction!(self, |connection| {
            let held = hold_person!(connection, &row.user_id, as_of);
            if held {
                sqlx::query(sql::sessions::INSERT)
                    .bind(&row.id)
                    .bind(&row.secret_hash)
                    .bind(&row.user_id)
                    .bind(row.auth_time)
                    .bind(&row.acr)
                    .bind(&row.amr)
                    .bind(&row.address)
                    .bind(&row.user_agent)
                    .bind(row.created_at)
                    .bind(row.last_seen_at)
                    .bind(row.expires_at)
                    .bind(row.ended_at)
                    .bind(row.proved_at)
                    .execute(&mut *connection)
                    .await
                    .map_err(|error| conflict(error, "session"))?;
            }
            held
        })?;
        if let Some(redis) = self.redis.as_ref().filter(|_| inserted) {
            redis.saw(&session.id, session.last_seen_at).await;
        }
        Ok(inserted)
    }

    async fn find_session(
        &self,
        id: &str,
        secret_hash: &[u8],
        now: i64,
        idle_since: i64,
    ) -> Result<Option<(SessionRecord, UserRecord)>> {
        let last_seen = match &self.redis {
            Some(redis) => redis.last_seen(id).await,
            None => None,
        };
        // What Redis knows of the last use is later than what the database does.
        let seen_since = if last_seen.is_some() { i64::MIN } else { idle_since };
        let found: Option<SessionWithUser> = read!(self, |connection| {
            sqlx::query_as(sql::sessions::FIND)
                .bind(id)
                .bind(secret_hash)
                .bind(now)
                .bind(seen_since)
                .fetch_optional(connection)
                .await?
        })?;
        let Some((mut session, user)) = found.map(<(SessionRecord, UserRecord)>::from) else { return Ok(None) };
        session.last_seen_at = session.last_seen_at.max(last_seen.unwrap_or(i64::MIN));
        Ok((session.last_seen_at > idle_since).then_some((session, user)))
    }

    async fn touch_session(&self, id: &str, now: i64) -> Result<()> {
        let mut every = TOUCH_MS;
        if let Some(redis) = self.redis.as_ref().filter(|redis| redis.keeps_sessions()) {
            redis.touch(id, now).await;
            every = DATABASE_TOUCH_MS;
        }
        let id = id.to_owned();
        write!(self, |connection| {
            sqlx::query(sql::sessions::TOUCH).bind(&id).bind(now).bind(every).execute(connection).await?;
        })
    }

    async fn renew_session(&self, id: &str, old_secret_hash: &[u8], new: &SessionRecord, as_of: i64) -> Result<bool> {
        let (sid, old_secret_hash, row) = (id.to_owned(), old_secret_hash.to_vec(), new.clone());
        let renewed = transaction!(self, |connection| {
            hold_person!(connection, &row.user_id, as_of)
                && sqlx::query(sql::sessions::RENEW)
                    .bind(&sid)
                    .bind(&old_secret_hash)
                    .bind(&row.secret_hash)
                    .bind(row.auth_time)
                    .bind(&row.acr)
                    .bind(&row.amr)
                    .bind(&row.address)
                    .bind(&row.user_agent)
                    .bind(row.last_seen_at)
                    .bind(row.expires_at)
                    .bind(&row.user_id)
                    .bind(row.proved_at)
                    .execute(&mut *connection)
                    .await?
                    .rows_affected()
                    > 0
        })?;
        if let Some(redis) = self.redis.as_ref().filter(|_| renewed) {
            redis.saw(id, new.last_seen_at).await;
        }
        Ok(renewed)
    }

    async fn end_session(&self, id: &str, now: i64, revocation_expires_at: i64) -> Result<bool> {
        if let Some(redis) = &self.redis {
            redis.forget(id).await;
        }
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
