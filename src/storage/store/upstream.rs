use super::Store;
use super::users::{email_key, taken};
use crate::storage::{
    Error, Result, UpstreamAccounts, UpstreamIdentityRecord, UpstreamLoginRecord, UpstreamSessionRecord, UserRecord,
    WaysIn, conflict, sql,
};

macro_rules! insert_identity {
    ($connection:ident, $identity:expr) => {
        insert_identity!($connection, $identity, sql::upstream::INSERT_IDENTITY)
    };
    ($connection:ident, $identity:expr, $sql:expr) => {
        sqlx::query($sql)
            .bind(&$identity.issuer)
            .bind(&$identity.subject)
            .bind(&$identity.user_id)
            .bind(&$identity.label)
            .bind($identity.created_at)
            .bind($identity.last_used_at)
            .execute(&mut *$connection)
            .await?
            .rows_affected()
            > 0
    };
}

impl UpstreamAccounts for Store {
    async fn insert_upstream_login(&self, login: &UpstreamLoginRecord) -> Result<()> {
        let login = login.clone();
        write!(self, |connection| {
            sqlx::query(sql::upstream::INSERT_LOGIN)
                .bind(&login.id)
                .bind(&login.secret_hash)
                .bind(&login.upstream)
                .bind(&login.transaction_id)
                .bind(&login.next)
                .bind(&login.link_session_id)
                .bind(login.fresh_since)
                .bind(login.expires_at)
                .execute(connection)
                .await
                .map_err(|error| conflict(error, "upstream login"))?;
        })
    }

    async fn consume_upstream_login(
        &self,
        id: &str,
        secret_hash: &[u8],
        upstream: &str,
        now: i64,
    ) -> Result<Option<UpstreamLoginRecord>> {
        let (id, secret_hash, upstream) = (id.to_owned(), secret_hash.to_vec(), upstream.to_owned());
        write!(self, |connection| {
            sqlx::query_as(sql::upstream::CONSUME_LOGIN)
                .bind(&id)
                .bind(&secret_hash)
                .bind(&upstream)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn find_user_by_upstream(&self, issuer: &str, subject: &str, now: i64) -> Result<Option<UserRecord>> {
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        transaction!(self, |connection| {
            let user_id: Option<String> = sqlx::query_scalar(sql::upstream::USE_IDENTITY)
                .bind(&issuer)
                .bind(&subject)
                .bind(now)
                .fetch_optional(&mut *connection)
                .await?;
            match user_id {
                Some(id) => sqlx::query_as(sql::users::FIND).bind(&id).fetch_optional(&mut *connection).await?,
                None => None,
            }
        })
    }

    async fn insert_upstream_identity(&self, identity: &UpstreamIdentityRecord, as_of: i64) -> Result<bool> {
        let identity = identity.clone();
        transaction!(self, |connection| {
            if !hold_person!(connection, &identity.user_id, as_of) {
                return Ok(false);
            }
            sqlx::query(sql::upstream::DELETE_PARTING)
                .bind(&identity.issuer)
                .bind(&identity.subject)
                .bind(&identity.user_id)
                .execute(&mut *connection)
                .await?;
            insert_identity!(connection, identity)
        })
    }

    async fn insert_upstream_identity_unless_parted(&self, identity: &UpstreamIdentityRecord) -> Result<bool> {
        let identity = identity.clone();
        write!(self, |connection| insert_identity!(connection, identity, sql::upstream::INSERT_UNLESS_PARTED))
    }

    async fn insert_user_with_upstream(&self, user: &UserRecord, identity: &UpstreamIdentityRecord) -> Result<()> {
        let (user, identity) = (user.clone(), identity.clone());
        transaction!(self, |connection| {
            insert_user!(connection, user);
            if !insert_identity!(connection, identity) {
                return Err(Error::Conflict("upstream"));
            }
        })
    }

    async fn list_upstream_identities(&self, user_id: &str) -> Result<Vec<UpstreamIdentityRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::upstream::LIST_OF_USER).bind(user_id).fetch_all(connection).await?
        })
    }

    async fn delete_upstream_identity(&self, user_id: &str, issuer: &str, taken: &WaysIn, now: i64) -> Result<bool> {
        let (user_id, issuer, taken) = (user_id.to_owned(), issuer.to_owned(), taken.clone());
        transaction!(self, |connection| {
            let subject: Option<String> = if has_another_way_in!(connection, &user_id, taken, "upstream", &issuer) {
                sqlx::query_scalar(sql::upstream::DELETE)
                    .bind(&user_id)
                    .bind(&issuer)
                    .fetch_optional(&mut *connection)
                    .await?
            } else {
                None
            };
            if let Some(subject) = &subject {
                sqlx::query(sql::upstream::INSERT_PARTING)
                    .bind(&issuer)
                    .bind(subject)
                    .bind(&user_id)
                    .bind(now)
                    .execute(&mut *connection)
                    .await?;
            }
            subject.is_some()
        })
    }

    async fn tie_upstream_sessions(
        &self,
        session_id: &str,
        expires_at: i64,
        there: &[UpstreamSessionRecord],
    ) -> Result<()> {
        let (session_id, there) = (session_id.to_owned(), there.to_vec());
        transaction!(self, |connection| {
            sqlx::query(sql::upstream::EXTEND_SESSIONS)
                .bind(&session_id)
                .bind(expires_at)
                .execute(&mut *connection)
                .await?;
            for session in &there {
                sqlx::query(sql::upstream::PUT_SESSION)
                    .bind(&session_id)
                    .bind(&session.issuer)
                    .bind(&session.subject)
                    .bind(&session.sid)
                    .bind(&session.user_id)
                    .bind(expires_at)
                    .execute(&mut *connection)
                    .await?;
            }
        })
    }

    async fn move_upstream_sessions(&self, from: &str, to: &str, expires_at: i64) -> Result<()> {
        let (from, to) = (from.to_owned(), to.to_owned());
        write!(self, |connection| {
            let moved = sqlx::query(sql::upstream::MOVE_SESSIONS).bind(&from).bind(&to).bind(expires_at);
            moved.execute(connection).await?;
        })
    }

    async fn list_upstream_sessions(
        &self,
        issuer: &str,
        subject: Option<&str>,
        sid: Option<&str>,
    ) -> Result<Vec<UpstreamSessionRecord>> {
        let (statement, key) = match (sid, subject) {
            (Some(sid), _) => (sql::upstream::SESSIONS_OF_SID, sid),
            (None, Some(subject)) => (sql::upstream::SESSIONS_OF_SUBJECT, subject),
            (None, None) => return Ok(Vec::new()),
        };
        let found: Result<Vec<UpstreamSessionRecord>> =
            read!(self, |connection| sqlx::query_as(statement).bind(issuer).bind(key).fetch_all(connection).await?);
        let of_subject = |session: &UpstreamSessionRecord| subject.is_none_or(|subject| session.subject == subject);
        Ok(found?.into_iter().filter(of_subject).collect())
    }
}
