use super::Store;
use crate::storage::{Result, SetupLinkRecord, SetupLinks, conflict, sql};

impl SetupLinks for Store {
    async fn insert_setup_link(&self, link: &SetupLinkRecord) -> Result<()> {
        let link = link.clone();
        write!(self, |connection| {
            sqlx::query(sql::setup_links::INSERT)
                .bind(&link.id)
                .bind(&link.secret_hash)
                .bind(&link.user_id)
                .bind(link.created_at)
                .bind(link.expires_at)
                .bind(link.consumed_at)
                .execute(connection)
                .await
                .map_err(|error| conflict(error, "setup link"))?;
        })
    }

    async fn find_setup_link(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<SetupLinkRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::setup_links::FIND)
                .bind(id)
                .bind(secret_hash)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn consume_setup_link(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<SetupLinkRecord>> {
        let (id, secret_hash) = (id.to_owned(), secret_hash.to_vec());
        write!(self, |connection| {
            sqlx::query_as(sql::setup_links::CONSUME)
                .bind(&id)
                .bind(&secret_hash)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }
}
