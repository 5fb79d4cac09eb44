use super::Store;
use crate::storage::{
    ClientRecord, ClientRegistrationRecord, ClientRegistrations, Error, InitialAccessTokenRecord, InitialAccessTokens,
    Result, sql,
};

macro_rules! insert_registration {
    ($connection:ident, $registration:expr) => {
        sqlx::query(sql::registration::INSERT)
            .bind(&$registration.client_id)
            .bind(&$registration.token_hash)
            .bind(&$registration.address)
            .bind($registration.created_at)
            .bind($registration.last_used_at)
            .bind($registration.expires_at)
            .execute(&mut *$connection)
            .await?
    };
}

impl ClientRegistrations for Store {
    async fn register_client(
        &self,
        client: &ClientRecord,
        registration: &ClientRegistrationRecord,
        initial_access_token: Option<&InitialAccessTokenRecord>,
        now: i64,
    ) -> Result<bool> {
        let (client, registration) = (client.clone(), registration.clone());
        let token = initial_access_token.cloned();
        let outcome: Result<()> = transaction!(self, |connection| {
            if let Some(token) = &token {
                let taken = sqlx::query(sql::registration::TAKE_USE)
                    .bind(&token.id)
                    .bind(&token.secret_hash)
                    .bind(now)
                    .execute(&mut *connection)
                    .await?;
                if taken.rows_affected() == 0 {
                    return Err(Error::Conflict(USED_UP));
                }
            }
            insert_client!(connection, client);
            insert_registration!(connection, registration);
        });
        match outcome {
            Ok(()) => Ok(true),
            Err(Error::Conflict(USED_UP)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn find_client_registration(&self, client_id: &str) -> Result<Option<ClientRegistrationRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::registration::FIND).bind(client_id).fetch_optional(connection).await?
        })
    }

    async fn replace_registered_client(&self, client: &ClientRecord, old_hash: &[u8], new_hash: &[u8]) -> Result<bool> {
        let (client, old_hash, new_hash) = (client.clone(), old_hash.to_vec(), new_hash.to_vec());
        transaction!(self, |connection| {
            let rotated = sqlx::query(sql::registration::ROTATE_TOKEN)
                .bind(&client.client_id)
                .bind(&old_hash)
                .bind(&new_hash)
                .execute(&mut *connection)
                .await?
                .rows_affected()
                > 0;
            if rotated {
                sqlx::query(sql::clients::MOVE_VERSION).execute(&mut *connection).await?;
                sqlx::query(sql::clients::UPDATE)
                    .bind(&client.client_id)
                    .bind(&client.metadata)
                    .bind(&client.secret_hash)
                    .bind(&client.secret_sealed)
                    .bind(client.disabled_at)
                    .bind(client.updated_at)
                    .execute(&mut *connection)
                    .await?;
            }
            rotated
        })
    }

    async fn save_document_client(&self, client: &ClientRecord, registration: &ClientRegistrationRecord) -> Result<()> {
        let (client, registration) = (client.clone(), registration.clone());
        transaction!(self, |connection| {
            sqlx::query(sql::clients::MOVE_VERSION).execute(&mut *connection).await?;
            sqlx::query(sql::registration::SAVE_DOCUMENT)
                .bind(&client.client_id)
                .bind(&client.metadata)
                .bind(client.updated_at)
                .execute(&mut *connection)
                .await?;
            insert_registration!(connection, registration);
        })
    }

    async fn client_used(&self, client_id: &str, now: i64, expires_at: i64) -> Result<()> {
        let client_id = client_id.to_owned();
        write!(self, |connection| {
            sqlx::query(sql::registration::USED)
                .bind(&client_id)
                .bind(now)
                .bind(expires_at)
                .execute(connection)
                .await?;
        })
    }
}

/// What undoes a registration whose initial access token has no use left.
const USED_UP: &str = "initial access token";

impl InitialAccessTokens for Store {
    async fn insert_initial_access_token(&self, token: &InitialAccessTokenRecord) -> Result<()> {
        let token = token.clone();
        write!(self, |connection| {
            sqlx::query(sql::registration::INSERT_TOKEN)
                .bind(&token.id)
                .bind(&token.secret_hash)
                .bind(&token.note)
                .bind(token.uses_left)
                .bind(token.created_at)
                .bind(token.expires_at)
                .execute(connection)
                .await?;
        })
    }

    async fn find_initial_access_token(
        &self,
        id: &str,
        secret_hash: &[u8],
        now: i64,
    ) -> Result<Option<InitialAccessTokenRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::registration::FIND_TOKEN)
                .bind(id)
                .bind(secret_hash)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn list_initial_access_tokens(&self) -> Result<Vec<InitialAccessTokenRecord>> {
        read!(self, |connection| sqlx::query_as(sql::registration::LIST_TOKENS).fetch_all(connection).await?)
    }

    async fn delete_initial_access_token(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        write!(self, |connection| {
            sqlx::query(sql::registration::DELETE_TOKEN).bind(&id).execute(connection).await?.rows_affected() > 0
        })
    }
}

impl Store {
    /// Removes up to `limit` clients that were not used in time; how many went.
    pub(super) async fn sweep_clients(&self, now: i64, limit: i64) -> Result<u64> {
        transaction!(self, |connection| {
            let swept = sqlx::query(sql::registration::SWEEP_CLIENTS)
                .bind(now)
                .bind(limit)
                .execute(&mut *connection)
                .await?
                .rows_affected();
            if swept > 0 {
                sqlx::query(sql::clients::MOVE_VERSION).execute(&mut *connection).await?;
            }
            swept
        })
    }
}
