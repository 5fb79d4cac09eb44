use super::Store;
use crate::storage::{ConsentRecord, Consents, Result, TransactionRecord, Transactions, conflict, sql};

impl Transactions for Store {
    async fn insert_transaction(&self, transaction: &TransactionRecord) -> Result<()> {
        let record = transaction.clone();
        write!(self, |connection| {
            sqlx::query(sql::transactions::INSERT)
                .bind(&record.id)
                .bind(&record.secret_hash)
                .bind(&record.client_id)
                .bind(&record.request)
                .bind(&record.progress)
                .bind(record.created_at)
                .bind(record.expires_at)
                .bind(record.completed_at)
                .execute(connection)
                .await
                .map_err(|error| conflict(error, "transaction"))?;
        })
    }

    async fn find_transaction(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<TransactionRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::transactions::FIND)
                .bind(id)
                .bind(secret_hash)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn advance_transaction(&self, id: &str, expected: &str, progress: &str, now: i64) -> Result<bool> {
        let (id, expected, progress) = (id.to_owned(), expected.to_owned(), progress.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::transactions::ADVANCE)
                .bind(&id)
                .bind(&expected)
                .bind(&progress)
                .bind(now)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn complete_transaction(&self, id: &str, now: i64) -> Result<bool> {
        let id = id.to_owned();
        write!(self, |connection| {
            sqlx::query(sql::transactions::COMPLETE).bind(&id).bind(now).execute(connection).await?.rows_affected() > 0
        })
    }
}

impl Consents for Store {
    async fn find_consent(&self, user_id: &str, client_id: &str) -> Result<Option<ConsentRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::transactions::FIND_CONSENT)
                .bind(user_id)
                .bind(client_id)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn save_consent(&self, consent: &ConsentRecord) -> Result<()> {
        let consent = consent.clone();
        write!(self, |connection| {
            sqlx::query(sql::transactions::SAVE_CONSENT)
                .bind(&consent.user_id)
                .bind(&consent.client_id)
                .bind(&consent.scope)
                .bind(consent.created_at)
                .bind(consent.last_used_at)
                .execute(connection)
                .await?;
        })
    }

    async fn revoke_consent(
        &self,
        user_id: &str,
        client_id: &str,
        now: i64,
        revocation_expires_at: i64,
    ) -> Result<bool> {
        let (user_id, client_id) = (user_id.to_owned(), client_id.to_owned());
        transaction!(self, |connection| {
            let mut seq = draw_seq!(connection);
            let removed = sqlx::query(sql::transactions::DELETE_CONSENT)
                .bind(&user_id)
                .bind(&client_id)
                .execute(&mut *connection)
                .await?
                .rows_affected()
                > 0;
            let families: Vec<String> = sqlx::query_scalar(sql::transactions::FAMILIES_OF_CONSENT)
                .bind(&user_id)
                .bind(&client_id)
                .bind(now)
                .fetch_all(&mut *connection)
                .await?;
            for family in &families {
                let _ = end_family!(connection, seq, family, "consent_revoked", now, revocation_expires_at);
                seq = draw_seq!(connection);
            }
            for statement in [sql::transactions::DELETE_CODES_OF_CONSENT, sql::transactions::DELETE_DEVICES_OF_CONSENT]
            {
                sqlx::query(statement).bind(&user_id).bind(&client_id).execute(&mut *connection).await?;
            }
            removed
        })
    }
}
