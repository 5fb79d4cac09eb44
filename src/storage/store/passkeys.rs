use super::Store;
use crate::storage::{PasskeyChallengeRecord, PasskeyRecord, Passkeys, Result, WaysIn, conflict, sql};

impl Passkeys for Store {
    async fn insert_passkey(&self, passkey: &PasskeyRecord, as_of: i64) -> Result<bool> {
        let record = passkey.clone();
        transaction!(self, |connection| {
            let held = hold_person!(connection, &record.user_id, as_of);
            if held {
                sqlx::query(sql::passkeys::INSERT)
                    .bind(&record.id)
                    .bind(&record.user_id)
                    .bind(&record.credential_id)
                    .bind(&record.credential)
                    .bind(&record.name)
                    .bind(record.sign_count)
                    .bind(record.user_verified)
                    .bind(record.backup_eligible)
                    .bind(record.backed_up)
                    .bind(record.created_at)
                    .bind(record.last_used_at)
                    .execute(&mut *connection)
                    .await
                    .map_err(|error| conflict(error, "passkey"))?;
            }
            held
        })
    }

    async fn find_passkey(&self, credential_id: &[u8]) -> Result<Option<PasskeyRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::passkeys::FIND).bind(credential_id).fetch_optional(connection).await?
        })
    }

    async fn list_passkeys(&self, user_id: &str) -> Result<Vec<PasskeyRecord>> {
        read!(self, |connection| sqlx::query_as(sql::passkeys::OF_USER).bind(user_id).fetch_all(connection).await?)
    }

    async fn note_passkey_use(
        &self,
        id: &str,
        sign_count: i64,
        backed_up: bool,
        verified: bool,
        now: i64,
    ) -> Result<bool> {
        let id = id.to_owned();
        write!(self, |connection| {
            sqlx::query(sql::passkeys::NOTE_USE)
                .bind(&id)
                .bind(sign_count)
                .bind(backed_up)
                .bind(now)
                .bind(verified)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn rename_passkey(&self, id: &str, user_id: &str, name: &str) -> Result<bool> {
        let (id, user_id, name) = (id.to_owned(), user_id.to_owned(), name.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::passkeys::RENAME)
                .bind(&id)
                .bind(&user_id)
                .bind(&name)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn delete_passkey(&self, id: &str, user_id: &str, taken: &WaysIn) -> Result<Option<PasskeyRecord>> {
        let (id, user_id, taken) = (id.to_owned(), user_id.to_owned(), taken.clone());
        transaction!(self, |connection| {
            if has_another_way_in!(connection, &user_id, taken, "passkey", &id) {
                sqlx::query_as(sql::passkeys::DELETE).bind(&id).bind(&user_id).fetch_optional(&mut *connection).await?
            } else {
                None
            }
        })
    }

    async fn insert_passkey_challenge(&self, challenge: &PasskeyChallengeRecord) -> Result<()> {
        let record = challenge.clone();
        write!(self, |connection| {
            sqlx::query(sql::passkeys::INSERT_CHALLENGE)
                .bind(&record.id)
                .bind(&record.browser_hash)
                .bind(&record.purpose)
                .bind(&record.user_id)
                .bind(&record.state)
                .bind(record.expires_at)
                .execute(connection)
                .await
                .map_err(|error| conflict(error, "passkey challenge"))?;
        })
    }

    async fn consume_passkey_challenge(
        &self,
        id: &str,
        browser_hash: &[u8],
        purpose: &str,
        now: i64,
    ) -> Result<Option<PasskeyChallengeRecord>> {
        let (id, browser_hash, purpose) = (id.to_owned(), browser_hash.to_vec(), purpose.to_owned());
        write!(self, |connection| {
            sqlx::query_as(sql::passkeys::CONSUME_CHALLENGE)
                .bind(&id)
                .bind(&browser_hash)
                .bind(&purpose)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn note_passkey_offer(&self, user_id: &str, now: i64, before: i64) -> Result<bool> {
        let user_id = user_id.to_owned();
        write!(self, |connection| {
            sqlx::query(sql::passkeys::NOTE_OFFER)
                .bind(&user_id)
                .bind(now)
                .bind(before)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }
}
