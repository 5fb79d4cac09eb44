use super::Store;
use crate::storage::{ApiKeyRecord, ApiKeys, Error, Result, conflict, sql};

impl ApiKeys for Store {
    async fn insert_api_key(&self, key: &ApiKeyRecord, as_of: Option<i64>, limit: i64) -> Result<bool> {
        let key = key.clone();
        transaction!(self, |connection| {
            // Of two that are made at once the second one is to see the first.
            match (&key.user_id, as_of) {
                (Some(user_id), Some(as_of)) => {
                    if !hold_person!(connection, user_id, as_of) {
                        return Err(Error::Conflict("owner"));
                    }
                }
                (Some(user_id), None) => {
                    sqlx::query(sql::users::LOCK).bind(user_id).execute(&mut *connection).await?;
                }
                (None, _) => {
                    sqlx::query(sql::api_keys::LOCK_CLIENT).bind(&key.client_id).execute(&mut *connection).await?;
                }
            }
            sqlx::query(sql::api_keys::INSERT)
                .bind(&key.id)
                .bind(&key.secret_hash)
                .bind(&key.prefix)
                .bind(&key.name)
                .bind(&key.scope)
                .bind(&key.user_id)
                .bind(&key.client_id)
                .bind(key.created_at)
                .bind(key.expires_at)
                .bind(limit)
                .execute(&mut *connection)
                .await
                .map_err(|error| conflict(error, "api key"))?
                .rows_affected()
                > 0
        })
    }

    async fn find_live_api_key(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<ApiKeyRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::api_keys::FIND_LIVE)
                .bind(id)
                .bind(secret_hash)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn list_api_keys_of_user(&self, user_id: &str) -> Result<Vec<ApiKeyRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::api_keys::LIST_OF_USER).bind(user_id).fetch_all(connection).await?
        })
    }

    async fn list_api_keys_of_client(&self, client_id: &str) -> Result<Vec<ApiKeyRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::api_keys::LIST_OF_CLIENT).bind(client_id).fetch_all(connection).await?
        })
    }

    async fn list_api_keys(&self, after: &str, limit: i64) -> Result<Vec<ApiKeyRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::api_keys::LIST).bind(after).bind(limit).fetch_all(connection).await?
        })
    }

    async fn find_api_keys_by_prefix(&self, prefix: &str) -> Result<Vec<ApiKeyRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::api_keys::FIND_BY_PREFIX).bind(prefix).fetch_all(connection).await?
        })
    }

    async fn revoke_api_key(
        &self,
        id: &str,
        user_id: Option<&str>,
        now: i64,
        revocation_expires_at: i64,
    ) -> Result<Option<ApiKeyRecord>> {
        let (id, user_id) = (id.to_owned(), user_id.map(str::to_owned));
        transaction!(self, |connection| {
            let seq = draw_seq!(connection);
            let revoke = match &user_id {
                Some(user_id) => sqlx::query_as(sql::api_keys::REVOKE_OF_USER).bind(&id).bind(now).bind(user_id),
                None => sqlx::query_as(sql::api_keys::REVOKE).bind(&id).bind(now),
            };
            let revoked: Option<ApiKeyRecord> = revoke.fetch_optional(&mut *connection).await?;
            if revoked.is_some() {
                record_revocation!(connection, seq, "family", &id, now, revocation_expires_at);
            }
            revoked
        })
    }

    async fn touch_api_keys(&self, uses: &[(String, i64)]) -> Result<()> {
        let uses = uses.to_vec();
        transaction!(self, |connection| {
            for (id, used_at) in &uses {
                sqlx::query(sql::api_keys::TOUCH).bind(id).bind(*used_at).execute(&mut *connection).await?;
            }
        })
    }
}
