use super::Store;
use crate::storage::{MailRecord, Outbox, Result, conflict, sql};

impl Outbox for Store {
    async fn insert_mail(&self, mail: &MailRecord) -> Result<()> {
        let mail = mail.clone();
        write!(self, |connection| {
            sqlx::query(sql::mail::INSERT)
                .bind(&mail.id)
                .bind(&mail.kind)
                .bind(&mail.recipient)
                .bind(&mail.user_id)
                .bind(&mail.content)
                .bind(mail.attempts)
                .bind(&mail.last_error)
                .bind(mail.created_at)
                .bind(mail.due_at)
                .bind(mail.give_up_at)
                .bind(mail.sent_at)
                .bind(mail.failed_at)
                .bind(mail.expires_at)
                .execute(connection)
                .await
                .map_err(|error| conflict(error, "mail"))?;
        })
    }

    async fn claim_mails(&self, now: i64, leased_until: i64, limit: i64) -> Result<Vec<MailRecord>> {
        write!(self, |connection| {
            sqlx::query_as(sql::mail::CLAIM).bind(now).bind(leased_until).bind(limit).fetch_all(connection).await?
        })
    }

    async fn address_mail(&self, id: &str, user_id: Option<&str>, recipient: &str) -> Result<()> {
        let (id, user_id, recipient) = (id.to_owned(), user_id.map(str::to_owned), recipient.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::mail::ADDRESS).bind(&id).bind(&user_id).bind(&recipient).execute(connection).await?;
        })
    }

    async fn mail_sent(&self, id: &str, attempt: i64, content: &[u8], now: i64) -> Result<bool> {
        let (id, content) = (id.to_owned(), content.to_vec());
        write!(self, |connection| {
            let done = sqlx::query(sql::mail::SENT).bind(&id).bind(attempt).bind(&content).bind(now);
            done.execute(connection).await?.rows_affected() > 0
        })
    }

    async fn mail_delayed(&self, id: &str, attempt: i64, error: &str, due_at: i64) -> Result<bool> {
        let (id, error) = (id.to_owned(), error.to_owned());
        write!(self, |connection| {
            let done = sqlx::query(sql::mail::DELAYED).bind(&id).bind(attempt).bind(&error).bind(due_at);
            done.execute(connection).await?.rows_affected() > 0
        })
    }

    async fn mail_failed(&self, id: &str, attempt: i64, error: &str, now: i64) -> Result<bool> {
        let (id, error) = (id.to_owned(), error.to_owned());
        write!(self, |connection| {
            let done = sqlx::query(sql::mail::FAILED).bind(&id).bind(attempt).bind(&error).bind(now);
            done.execute(connection).await?.rows_affected() > 0
        })
    }

    async fn remove_mail(&self, id: &str) -> Result<()> {
        let id = id.to_owned();
        write!(self, |connection| {
            sqlx::query(sql::mail::REMOVE).bind(&id).execute(connection).await?;
        })
    }

    async fn list_mails(&self, limit: i64) -> Result<Vec<MailRecord>> {
        read!(self, |connection| sqlx::query_as(sql::mail::LIST).bind(limit).fetch_all(connection).await?)
    }

    async fn list_mails_of_user(&self, user_id: &str) -> Result<Vec<MailRecord>> {
        read!(self, |connection| sqlx::query_as(sql::mail::LIST_OF_USER).bind(user_id).fetch_all(connection).await?)
    }

    async fn find_mail(&self, id: &str) -> Result<Option<MailRecord>> {
        read!(self, |connection| sqlx::query_as(sql::mail::FIND).bind(id).fetch_optional(connection).await?)
    }

    async fn retry_mails(&self, id: Option<&str>, now: i64, give_up_at: i64) -> Result<u64> {
        let id = id.map(str::to_owned);
        write!(self, |connection| {
            let retry = match &id {
                Some(id) => sqlx::query(sql::mail::RETRY).bind(id),
                None => sqlx::query(sql::mail::RETRY_ALL),
            };
            retry.bind(now).bind(give_up_at).execute(connection).await?.rows_affected()
        })
    }

    async fn count_mails(&self) -> Result<(i64, i64)> {
        read!(self, |connection| {
            let waiting = sqlx::query_scalar(sql::mail::COUNT_WAITING).fetch_one(&mut *connection).await?;
            let failed = sqlx::query_scalar(sql::mail::COUNT_FAILED).fetch_one(&mut *connection).await?;
            (waiting, failed)
        })
    }
}
