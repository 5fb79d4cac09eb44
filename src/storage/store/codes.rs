use super::Store;
use super::families::FamilyLock;
use crate::storage::{CodeRecord, Codes, Consumed, FamilyRecord, Result, conflict, sql};

/// Runs a consuming statement; the row decides.
macro_rules! consume {
    ($connection:ident, $statement:expr, $id:ident, $secret_hash:ident, $now:ident) => {
        sqlx::query_as::<_, CodeRecord>($statement)
            .bind(&$id)
            .bind(&$secret_hash)
            .bind($now)
            .fetch_optional(&mut *$connection)
            .await?
    };
}

/// What a code is that could not be consumed.
macro_rules! unconsumable {
    ($connection:ident, $id:ident, $secret_hash:ident) => {
        sqlx::query_as(sql::codes::FIND)
            .bind(&$id)
            .bind(&$secret_hash)
            .fetch_optional(&mut *$connection)
            .await?
            .filter(|code: &CodeRecord| code.consumed_at.is_some())
            .map_or(Consumed::Unknown, Consumed::Replayed)
    };
}

impl Codes for Store {
    async fn insert_code(&self, code: &CodeRecord) -> Result<()> {
        let code = code.clone();
        transaction!(self, |connection| {
            sqlx::query(sql::codes::INSERT)
                .bind(&code.id)
                .bind(&code.secret_hash)
                .bind(&code.client_id)
                .bind(&code.user_id)
                .bind(&code.session_id)
                .bind(&code.family_id)
                .bind(&code.details)
                .bind(code.created_at)
                .bind(code.expires_at)
                .bind(code.consumed_at)
                .execute(&mut *connection)
                .await
                .map_err(|error| conflict(error, "code"))?;
            sqlx::query(sql::logout::NOTE_CLIENT)
                .bind(&code.session_id)
                .bind(&code.client_id)
                .bind(code.created_at)
                .execute(&mut *connection)
                .await?;
        })
    }

    async fn find_code(&self, id: &str, secret_hash: &[u8]) -> Result<Option<CodeRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::codes::FIND).bind(id).bind(secret_hash).fetch_optional(connection).await?
        })
    }

    async fn consume_code(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Consumed<CodeRecord>> {
        let (id, secret_hash) = (id.to_owned(), secret_hash.to_vec());
        write!(self, |connection| match consume!(connection, sql::codes::CONSUME, id, secret_hash, now) {
            Some(code) => Consumed::Fresh(code),
            None => unconsumable!(connection, id, secret_hash),
        })
    }

    async fn redeem_code(
        &self,
        id: &str,
        secret_hash: &[u8],
        now: i64,
        family: Option<&FamilyRecord>,
    ) -> Result<Consumed<CodeRecord>> {
        let (id, secret_hash, family) = (id.to_owned(), secret_hash.to_vec(), family.cloned());
        transaction!(self, |connection| {
            if let Some(family) = &family {
                connection.lock_family(&family.id).await?;
            }
            match consume!(connection, sql::codes::REDEEM, id, secret_hash, now) {
                Some(code) => {
                    if let Some(family) = &family {
                        insert_family!(connection, family);
                    }
                    Consumed::Fresh(code)
                }
                None => unconsumable!(connection, id, secret_hash),
            }
        })
    }
}
