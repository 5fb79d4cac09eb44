use super::Store;
use super::families::FamilyLock;
use crate::storage::{DeviceRecord, Devices, FamilyRecord, Result, conflict, sql};

impl Devices for Store {
    async fn insert_device(&self, device: &DeviceRecord) -> Result<()> {
        let device = device.clone();
        transaction!(self, |connection| {
            sqlx::query(sql::devices::DELETE_EXPIRED_USER_CODE)
                .bind(&device.user_code_hash)
                .bind(device.created_at)
                .execute(&mut *connection)
                .await?;
            sqlx::query(sql::devices::INSERT)
                .bind(&device.id)
                .bind(&device.secret_hash)
                .bind(&device.user_code_hash)
                .bind(&device.client_id)
                .bind(&device.scope)
                .bind(&device.status)
                .bind(device.interval_seconds)
                .bind(&device.user_id)
                .bind(&device.session_id)
                .bind(&device.family_id)
                .bind(&device.details)
                .bind(&device.address)
                .bind(&device.user_agent)
                .bind(device.created_at)
                .bind(device.expires_at)
                .bind(device.decided_at)
                .execute(&mut *connection)
                .await
                .map_err(|error| conflict(error, "user_code"))?;
        })
    }

    async fn find_device(&self, id: &str, secret_hash: &[u8]) -> Result<Option<DeviceRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::devices::FIND).bind(id).bind(secret_hash).fetch_optional(connection).await?
        })
    }

    async fn find_device_by_user_code(&self, user_code_hash: &[u8], now: i64) -> Result<Option<DeviceRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::devices::FIND_BY_USER_CODE)
                .bind(user_code_hash)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn decide_device(
        &self,
        id: &str,
        approved: bool,
        user_id: &str,
        session_id: &str,
        details: &str,
        now: i64,
    ) -> Result<bool> {
        let status = if approved { "approved" } else { "denied" };
        let (id, user_id, session_id, details) =
            (id.to_owned(), user_id.to_owned(), session_id.to_owned(), details.to_owned());
        transaction!(self, |connection| {
            let decided = sqlx::query(sql::devices::DECIDE)
                .bind(&id)
                .bind(status)
                .bind(&user_id)
                .bind(&session_id)
                .bind(&details)
                .bind(now)
                .execute(&mut *connection)
                .await?
                .rows_affected()
                > 0;
            if decided && approved {
                sqlx::query(sql::logout::NOTE_CLIENT_OF_DEVICE).bind(&id).bind(now).execute(&mut *connection).await?;
            }
            decided
        })
    }

    async fn slow_device_down(&self, id: &str, by: i64) -> Result<()> {
        let id = id.to_owned();
        write!(self, |connection| {
            sqlx::query(sql::devices::SLOW_DOWN).bind(&id).bind(by).execute(connection).await?;
        })
    }

    async fn consume_device(&self, id: &str, now: i64, family: Option<&FamilyRecord>) -> Result<Option<DeviceRecord>> {
        let (id, family) = (id.to_owned(), family.cloned());
        transaction!(self, |connection| {
            if let Some(family) = &family {
                connection.lock_family(&family.id).await?;
            }
            let consumed: Option<DeviceRecord> =
                sqlx::query_as(sql::devices::CONSUME).bind(&id).bind(now).fetch_optional(&mut *connection).await?;
            if let Some(family) = &family
                && consumed.is_some()
            {
                insert_family!(connection, family);
            }
            consumed
        })
    }
}
