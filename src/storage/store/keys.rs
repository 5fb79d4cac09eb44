use super::Store;
use crate::storage::{Result, SigningKeyRecord, SigningKeys, conflict, sql};

impl SigningKeys for Store {
    async fn list_signing_keys(&self, now: i64) -> Result<Vec<SigningKeyRecord>> {
        read!(self, |connection| sqlx::query_as(sql::keys::LIST).bind(now).fetch_all(connection).await?)
    }

    async fn insert_signing_key(&self, key: &SigningKeyRecord) -> Result<bool> {
        let key = key.clone();
        transaction!(self, |connection| {
            sqlx::query(sql::keys::LOCK).execute(&mut *connection).await?;
            sqlx::query(sql::keys::INSERT)
                .bind(&key.kid)
                .bind(&key.alg)
                .bind(&key.public_jwk)
                .bind(&key.private_sealed)
                .bind(key.created_at)
                .bind(key.sign_at)
                .bind(key.retire_at)
                .bind(key.remove_at)
                .execute(&mut *connection)
                .await
                .map_err(|error| conflict(error, "kid"))?
                .rows_affected()
                > 0
        })
    }

    async fn retire_signing_keys(&self, alg: &str, except_kid: &str, retire_at: i64, remove_at: i64) -> Result<u64> {
        let (alg, except_kid) = (alg.to_owned(), except_kid.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::keys::RETIRE)
                .bind(&alg)
                .bind(&except_kid)
                .bind(retire_at)
                .bind(remove_at)
                .execute(connection)
                .await?
                .rows_affected()
        })
    }

    async fn server_secret(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let (name, sealed) = (name.to_owned(), sealed.to_vec());
        write!(self, |connection| {
            sqlx::query(sql::keys::INSERT_SECRET).bind(&name).bind(&sealed).execute(&mut *connection).await?;
            sqlx::query_scalar(sql::keys::FIND_SECRET).bind(&name).fetch_one(&mut *connection).await?
        })
    }
}
