use super::Store;
use crate::storage::{ChallengeRecord, Challenges, Result, Terms, conflict, sql};

impl Challenges for Store {
    async fn insert_challenge(&self, challenge: &ChallengeRecord) -> Result<()> {
        let challenge = challenge.clone();
        write!(self, |connection| {
            sqlx::query(sql::challenges::INSERT)
                .bind(&challenge.id)
                .bind(&challenge.purpose)
                .bind(&challenge.secret_hash)
                .bind(&challenge.code_sealed)
                .bind(&challenge.browser_hash)
                .bind(&challenge.user_id)
                .bind(&challenge.email)
                .bind(&challenge.details)
                .bind(challenge.tries)
                .bind(challenge.created_at)
                .bind(challenge.expires_at)
                .bind(challenge.consumed_at)
                .execute(connection)
                .await
                .map_err(|error| conflict(error, "challenge"))?;
        })
    }

    async fn find_challenge(
        &self,
        id: &str,
        purpose: &str,
        secret_hash: &[u8],
        now: i64,
    ) -> Result<Option<ChallengeRecord>> {
        read!(self, |connection| {
            let find = sqlx::query_as(sql::challenges::FIND).bind(id).bind(purpose).bind(secret_hash).bind(now);
            find.fetch_optional(connection).await?
        })
    }

    async fn find_challenge_of_browser(
        &self,
        id: &str,
        purpose: &str,
        browser_hash: &[u8],
        now: i64,
    ) -> Result<Option<ChallengeRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::challenges::FIND_OF_BROWSER)
                .bind(id)
                .bind(purpose)
                .bind(browser_hash)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn consume_challenge(
        &self,
        id: &str,
        purpose: &str,
        secret_hash: &[u8],
        now: i64,
    ) -> Result<Option<ChallengeRecord>> {
        let (id, purpose, secret_hash) = (id.to_owned(), purpose.to_owned(), secret_hash.to_vec());
        write!(self, |connection| {
            let consume =
                sqlx::query_as(sql::challenges::CONSUME).bind(&id).bind(&purpose).bind(&secret_hash).bind(now);
            consume.fetch_optional(connection).await?
        })
    }

    async fn try_code(
        &self,
        id: &str,
        purpose: &str,
        browser_hash: &[u8],
        max_tries: i64,
        now: i64,
    ) -> Result<Option<ChallengeRecord>> {
        let (id, purpose, browser_hash) = (id.to_owned(), purpose.to_owned(), browser_hash.to_vec());
        write!(self, |connection| {
            sqlx::query_as(sql::challenges::TRY_CODE)
                .bind(&id)
                .bind(&purpose)
                .bind(&browser_hash)
                .bind(max_tries)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn exchange_code(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<bool> {
        let (id, secret_hash) = (id.to_owned(), secret_hash.to_vec());
        write!(self, |connection| {
            let exchange = sqlx::query(sql::challenges::EXCHANGE_CODE).bind(&id).bind(&secret_hash).bind(now);
            exchange.execute(connection).await?.rows_affected() > 0
        })
    }

    async fn address_challenge(&self, id: &str, purpose: &str, user_id: &str, now: i64) -> Result<bool> {
        let (id, purpose, user_id) = (id.to_owned(), purpose.to_owned(), user_id.to_owned());
        transaction!(self, |connection| {
            let address = sqlx::query(sql::challenges::ADDRESS).bind(&id).bind(&user_id).bind(now);
            let addressed = address.execute(&mut *connection).await?.rows_affected() > 0;
            if addressed {
                let end = sqlx::query(sql::challenges::END_EARLIER).bind(&user_id).bind(&purpose).bind(&id).bind(now);
                end.execute(&mut *connection).await?;
            }
            addressed
        })
    }

    async fn list_challenges(&self, purpose: &str, now: i64) -> Result<Vec<ChallengeRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::challenges::LIST).bind(purpose).bind(now).fetch_all(connection).await?
        })
    }

    async fn end_challenges(&self, purpose: &str, email: &str, now: i64) -> Result<bool> {
        let (purpose, email) = (purpose.to_owned(), email.to_owned());
        write!(self, |connection| {
            let end = sqlx::query(sql::challenges::END_BY_EMAIL).bind(&email).bind(&purpose).bind(now);
            end.execute(connection).await?.rows_affected() > 0
        })
    }
}

impl Terms for Store {
    async fn accept_terms(&self, user_id: &str, version: &str, now: i64) -> Result<()> {
        let (user_id, version) = (user_id.to_owned(), version.to_owned());
        write!(self, |connection| {
            let accept = sqlx::query(sql::challenges::ACCEPT_TERMS).bind(&user_id).bind(&version).bind(now);
            accept.execute(connection).await?;
        })
    }

    async fn accepted_terms(&self, user_id: &str) -> Result<Vec<(String, i64)>> {
        read!(self, |connection| {
            sqlx::query_as(sql::challenges::ACCEPTED_TERMS).bind(user_id).fetch_all(connection).await?
        })
    }
}
