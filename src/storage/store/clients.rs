use super::Store;
use crate::storage::{ClientRecord, Clients, Result, sql};

impl Clients for Store {
    async fn list_clients(&self) -> Result<Vec<ClientRecord>> {
        read!(self, |connection| sqlx::query_as(sql::clients::LIST).fetch_all(connection).await?)
    }

    async fn find_client(&self, client_id: &str) -> Result<Option<ClientRecord>> {
        read!(self, |connection| sqlx::query_as(sql::clients::FIND).bind(client_id).fetch_optional(connection).await?)
    }

    async fn insert_client(&self, client: &ClientRecord) -> Result<()> {
        let client = client.clone();
        transaction!(self, |connection| {
            insert_client!(connection, client);
        })
    }

    async fn update_client(&self, client: &ClientRecord) -> Result<bool> {
        let client = client.clone();
        transaction!(self, |connection| {
            sqlx::query(sql::clients::MOVE_VERSION).execute(&mut *connection).await?;
            sqlx::query(sql::clients::UPDATE)
                .bind(&client.client_id)
                .bind(&client.metadata)
                .bind(&client.secret_hash)
                .bind(&client.secret_sealed)
                .bind(client.disabled_at)
                .bind(client.updated_at)
                .execute(&mut *connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn delete_client(&self, client_id: &str) -> Result<bool> {
        let client_id = client_id.to_owned();
        transaction!(self, |connection| {
            sqlx::query(sql::clients::MOVE_VERSION).execute(&mut *connection).await?;
            sqlx::query(sql::clients::DELETE).bind(&client_id).execute(&mut *connection).await?.rows_affected() > 0
        })
    }

    async fn clients_version(&self) -> Result<i64> {
        read!(self, |connection| sqlx::query_scalar(sql::clients::VERSION).fetch_one(connection).await?)
    }
}
