use super::Store;
use crate::storage::{
    FactorCounts, Factors, KnownDeviceRecord, KnownDevices, PendingLoginRecord, PendingLogins, Result,
    TotpEnrolmentRecord, TotpFactorRecord, conflict, sql,
};

impl PendingLogins for Store {
    async fn insert_pending_login(&self, login: &PendingLoginRecord) -> Result<()> {
        let login = login.clone();
        write!(self, |connection| {
            sqlx::query(sql::factors::INSERT_PENDING)
                .bind(&login.id)
                .bind(&login.secret_hash)
                .bind(&login.user_id)
                .bind(&login.proofs)
                .bind(&login.transaction_id)
                .bind(&login.next)
                .bind(login.tries)
                .bind(login.created_at)
                .bind(login.expires_at)
                .bind(login.consumed_at)
                .execute(connection)
                .await
                .map_err(|error| conflict(error, "pending login"))?;
        })
    }

    async fn find_pending_login(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<PendingLoginRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::factors::FIND_PENDING)
                .bind(id)
                .bind(secret_hash)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn try_pending_login(&self, id: &str, secret_hash: &[u8], most: i64, now: i64) -> Result<bool> {
        let (id, secret_hash) = (id.to_owned(), secret_hash.to_vec());
        write!(self, |connection| {
            sqlx::query(sql::factors::TRY_PENDING)
                .bind(&id)
                .bind(&secret_hash)
                .bind(now)
                .bind(most)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn consume_pending_login(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<bool> {
        let (id, secret_hash) = (id.to_owned(), secret_hash.to_vec());
        write!(self, |connection| {
            sqlx::query(sql::factors::CONSUME_PENDING)
                .bind(&id)
                .bind(&secret_hash)
                .bind(now)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }
}

impl Factors for Store {
    async fn factor_counts(&self, user_id: &str) -> Result<FactorCounts> {
        read!(self, |connection| sqlx::query_as(sql::factors::COUNTS).bind(user_id).fetch_one(connection).await?)
    }

    async fn find_totp_factor(&self, user_id: &str) -> Result<Option<TotpFactorRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::factors::FIND_TOTP).bind(user_id).fetch_optional(connection).await?
        })
    }

    async fn use_totp_step(&self, user_id: &str, factor_id: &str, step: i64, now: i64) -> Result<bool> {
        let (user_id, factor_id) = (user_id.to_owned(), factor_id.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::factors::USE_TOTP_STEP)
                .bind(&user_id)
                .bind(&factor_id)
                .bind(step)
                .bind(now)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn reseal_totp_factor(&self, user_id: &str, old: &[u8], new: &[u8]) -> Result<bool> {
        let (user_id, old, new) = (user_id.to_owned(), old.to_vec(), new.to_vec());
        write!(self, |connection| {
            sqlx::query(sql::factors::RESEAL_TOTP)
                .bind(&user_id)
                .bind(&old)
                .bind(&new)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn begin_totp_enrolment(&self, enrolment: &TotpEnrolmentRecord) -> Result<()> {
        let enrolment = enrolment.clone();
        write!(self, |connection| {
            sqlx::query(sql::factors::PUT_ENROLMENT)
                .bind(&enrolment.id)
                .bind(&enrolment.user_id)
                .bind(&enrolment.session_id)
                .bind(&enrolment.secret_sealed)
                .bind(enrolment.created_at)
                .bind(enrolment.expires_at)
                .execute(connection)
                .await?;
        })
    }

    async fn find_totp_enrolment(
        &self,
        user_id: &str,
        session_id: &str,
        now: i64,
    ) -> Result<Option<TotpEnrolmentRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::factors::FIND_ENROLMENT)
                .bind(user_id)
                .bind(session_id)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }

    async fn confirm_totp_enrolment(
        &self,
        enrolment: &TotpEnrolmentRecord,
        step: i64,
        as_of: i64,
        now: i64,
    ) -> Result<bool> {
        let enrolment = enrolment.clone();
        transaction!(self, |connection| {
            if !hold_person!(connection, &enrolment.user_id, as_of) {
                return Ok(false);
            }
            let taken = sqlx::query(sql::factors::TAKE_ENROLMENT)
                .bind(&enrolment.id)
                .bind(&enrolment.user_id)
                .bind(now)
                .execute(&mut *connection)
                .await?
                .rows_affected()
                > 0;
            if taken {
                sqlx::query(sql::factors::PUT_TOTP)
                    .bind(&enrolment.user_id)
                    .bind(&enrolment.id)
                    .bind(&enrolment.secret_sealed)
                    .bind(step)
                    .bind(now)
                    .bind(now)
                    .execute(&mut *connection)
                    .await?;
            }
            taken
        })
    }

    async fn delete_totp_factor(&self, user_id: &str) -> Result<bool> {
        let user_id = user_id.to_owned();
        transaction!(self, |connection| {
            sqlx::query(sql::factors::DELETE_ENROLMENT).bind(&user_id).execute(&mut *connection).await?;
            let deleted = sqlx::query(sql::factors::DELETE_TOTP).bind(&user_id).execute(&mut *connection).await?;
            deleted.rows_affected() > 0
        })
    }

    async fn replace_recovery_codes(&self, user_id: &str, hashes: &[Vec<u8>], now: i64) -> Result<()> {
        let (user_id, hashes) = (user_id.to_owned(), hashes.to_vec());
        transaction!(self, |connection| {
            sqlx::query(sql::factors::DELETE_RECOVERY_CODES).bind(&user_id).execute(&mut *connection).await?;
            for hash in &hashes {
                sqlx::query(sql::factors::INSERT_RECOVERY_CODE)
                    .bind(&user_id)
                    .bind(hash)
                    .bind(now)
                    .execute(&mut *connection)
                    .await?;
            }
        })
    }

    async fn use_recovery_code(&self, user_id: &str, hash: &[u8], now: i64) -> Result<bool> {
        let (user_id, hash) = (user_id.to_owned(), hash.to_vec());
        write!(self, |connection| {
            sqlx::query(sql::factors::USE_RECOVERY_CODE)
                .bind(&user_id)
                .bind(&hash)
                .bind(now)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn delete_factors(&self, user_id: &str) -> Result<()> {
        let user_id = user_id.to_owned();
        transaction!(self, |connection| {
            for statement in [
                sql::factors::DELETE_ENROLMENT,
                sql::factors::DELETE_TOTP,
                sql::factors::DELETE_RECOVERY_CODES,
                sql::passkeys::DELETE_OF_USER,
                sql::factors::DELETE_PENDING_OF_USER,
            ] {
                sqlx::query(statement).bind(&user_id).execute(&mut *connection).await?;
            }
        })
    }
}

impl KnownDevices for Store {
    async fn remember_device(&self, id: &[u8], user_id: &str, now: i64, expires_at: i64) -> Result<()> {
        let (id, user_id) = (id.to_vec(), user_id.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::factors::REMEMBER_DEVICE)
                .bind(&id)
                .bind(&user_id)
                .bind(now)
                .bind(expires_at)
                .execute(connection)
                .await?;
        })
    }

    async fn is_known_device(&self, id: &[u8], user_id: &str, now: i64) -> Result<bool> {
        let known: i64 = read!(self, |connection| {
            sqlx::query_scalar(sql::factors::FIND_DEVICE).bind(id).bind(user_id).bind(now).fetch_one(connection).await?
        })?;
        Ok(known > 0)
    }

    async fn list_known_devices(&self, user_id: &str, now: i64) -> Result<Vec<KnownDeviceRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::factors::LIST_DEVICES).bind(user_id).bind(now).fetch_all(connection).await?
        })
    }
}
