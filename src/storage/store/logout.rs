use super::Store;
use crate::storage::{LogoutNoticeCount, LogoutNoticeRecord, LogoutNotices, Result, SessionClients, sql};

/// How long a notice is kept, so that one that was given up after a day can be seen. Milliseconds; 7 days.
pub const NOTICE_KEPT: i64 = 7 * 24 * 60 * 60 * 1000;

impl SessionClients for Store {
    async fn clients_of_session(&self, session_id: &str) -> Result<Vec<String>> {
        read!(self, |connection| {
            sqlx::query_scalar(sql::logout::CLIENTS_OF_SESSION).bind(session_id).fetch_all(connection).await?
        })
    }
}

impl LogoutNotices for Store {
    async fn take_logout_notices(&self, now: i64, taken_until: i64, limit: i64) -> Result<Vec<LogoutNoticeRecord>> {
        write!(self, |connection| {
            sqlx::query_as(sql::logout::TAKE_DUE).bind(now).bind(taken_until).bind(limit).fetch_all(connection).await?
        })
    }

    async fn logout_notice_delivered(&self, session_id: &str, client_id: &str) -> Result<()> {
        let (session_id, client_id) = (session_id.to_owned(), client_id.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::logout::DELIVERED).bind(&session_id).bind(&client_id).execute(connection).await?;
        })
    }

    async fn logout_notice_failed(
        &self,
        session_id: &str,
        client_id: &str,
        next_attempt_at: Option<i64>,
        error: &str,
    ) -> Result<()> {
        let (session_id, client_id, error) = (session_id.to_owned(), client_id.to_owned(), error.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::logout::FAILED)
                .bind(&session_id)
                .bind(&client_id)
                .bind(next_attempt_at)
                .bind(&error)
                .execute(connection)
                .await?;
        })
    }

    async fn postpone_logout_notices(&self, client_id: &str, at: i64) -> Result<()> {
        let client_id = client_id.to_owned();
        write!(self, |connection| {
            sqlx::query(sql::logout::POSTPONE_OF_CLIENT).bind(&client_id).bind(at).execute(connection).await?;
        })
    }

    async fn list_logout_notices(&self, limit: i64) -> Result<Vec<LogoutNoticeRecord>> {
        read!(self, |connection| sqlx::query_as(sql::logout::LIST).bind(limit).fetch_all(connection).await?)
    }

    async fn retry_logout_notices(&self, client_id: Option<&str>, now: i64) -> Result<u64> {
        let client_id = client_id.map(str::to_owned);
        write!(self, |connection| {
            let all = sqlx::query(sql::logout::RETRY).bind(now);
            let retried = match &client_id {
                None => all.execute(connection).await?,
                Some(client_id) => {
                    sqlx::query(sql::logout::RETRY_OF_CLIENT).bind(now).bind(client_id).execute(connection).await?
                }
            };
            retried.rows_affected()
        })
    }

    async fn count_logout_notices(&self) -> Result<LogoutNoticeCount> {
        let (all, waiting): (i64, i64) =
            read!(self, |connection| sqlx::query_as(sql::logout::COUNT).fetch_one(connection).await?)?;
        Ok(LogoutNoticeCount { waiting, given_up: all - waiting })
    }
}
