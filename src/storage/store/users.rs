use super::Store;
use crate::storage::{ApiKeyRecord, Error, Result, UserRecord, Users, conflict, sql};

/// Refuses a name that is somebody else's address, or the other way round, until the transaction is over.
macro_rules! keep_names_apart {
    ($connection:ident, $id:expr, $username:expr, $email_key:expr) => {
        sqlx::query(sql::users::LOCK_NAMES).execute(&mut *$connection).await?;
        let crossed: Option<String> = sqlx::query_scalar(sql::users::CROSSED)
            .bind($id)
            .bind($username)
            .bind($email_key)
            .fetch_optional(&mut *$connection)
            .await?;
        if let Some(crossed) = crossed {
            return Err($crate::storage::Error::Conflict(if crossed == "email" { "email" } else { "username" }));
        }
    };
}

/// Binds every column of `INSERT`, for either driver.
macro_rules! insert_user {
    ($connection:ident, $user:expr) => {
        keep_names_apart!($connection, &$user.id, Some(&$user.username), email_key(&$user));
        sqlx::query(sql::users::INSERT)
            .bind(&$user.id)
            .bind(&$user.username)
            .bind(&$user.email)
            .bind($user.email_verified)
            .bind(&$user.password_hash)
            .bind(&$user.claims)
            .bind($user.is_admin)
            .bind($user.disabled_at)
            .bind($user.tokens_not_before)
            .bind($user.password_changed_at)
            .bind($user.created_at)
            .bind($user.updated_at)
            .bind(email_key(&$user))
            .execute(&mut *$connection)
            .await
            .map_err(taken)?
    };
}

impl Users for Store {
    async fn find_user(&self, id: &str) -> Result<Option<UserRecord>> {
        read!(self, |connection| sqlx::query_as(sql::users::FIND).bind(id).fetch_optional(connection).await?)
    }

    async fn find_user_by_login(&self, login: &str) -> Result<Option<UserRecord>> {
        let email_key = login.to_lowercase();
        read!(self, |connection| {
            sqlx::query_as(sql::users::FIND_BY_LOGIN).bind(login).bind(&email_key).fetch_optional(connection).await?
        })
    }

    async fn list_users(&self, after: &str, limit: i64) -> Result<Vec<UserRecord>> {
        read!(self, |connection| sqlx::query_as(sql::users::LIST).bind(after).bind(limit).fetch_all(connection).await?)
    }

    async fn insert_user(&self, user: &UserRecord) -> Result<()> {
        let user = user.clone();
        transaction!(self, |connection| {
            insert_user!(connection, user);
        })
    }

    async fn insert_first_admin(&self, user: &UserRecord) -> Result<bool> {
        let user = user.clone();
        transaction!(self, |connection| {
            sqlx::query(sql::users::LOCK_ADMINISTRATORS).execute(&mut *connection).await?;
            let present: Option<UserRecord> =
                sqlx::query_as(sql::users::ANY_ADMIN).fetch_optional(&mut *connection).await?;
            if present.is_none() {
                insert_user!(connection, user);
            }
            present.is_none()
        })
    }

    async fn any_admin(&self) -> Result<Option<UserRecord>> {
        read!(self, |connection| sqlx::query_as(sql::users::ANY_ADMIN).fetch_optional(connection).await?)
    }

    async fn set_email(
        &self,
        user_id: &str,
        email: Option<&str>,
        verified: bool,
        as_of: Option<i64>,
        now: i64,
    ) -> Result<bool> {
        let (user_id, email) = (user_id.to_owned(), email.map(str::to_owned));
        let email_key = email.as_ref().map(|email| email.to_lowercase());
        transaction!(self, |connection| {
            keep_names_apart!(connection, &user_id, None::<&str>, &email_key);
            if let Some(as_of) = as_of
                && !hold_person!(connection, &user_id, as_of)
            {
                return Ok(false);
            }
            let changed = sqlx::query(sql::users::SET_EMAIL)
                .bind(&user_id)
                .bind(&email)
                .bind(&email_key)
                .bind(verified)
                .bind(now)
                .execute(&mut *connection)
                .await
                .map_err(taken)?
                .rows_affected()
                > 0;
            sqlx::query(sql::challenges::END_OF_USER).bind(&user_id).bind(now).execute(&mut *connection).await?;
            changed
        })
    }

    async fn upgrade_password_hash(&self, user_id: &str, old_hash: &str, new_hash: &str) -> Result<bool> {
        let (user_id, old_hash, new_hash) = (user_id.to_owned(), old_hash.to_owned(), new_hash.to_owned());
        write!(self, |connection| {
            sqlx::query(sql::users::UPGRADE_PASSWORD_HASH)
                .bind(&user_id)
                .bind(&old_hash)
                .bind(&new_hash)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn change_password(
        &self,
        user_id: &str,
        new_hash: &str,
        as_of: Option<i64>,
        end_keys: bool,
        now: i64,
        revocation_expires_at: i64,
    ) -> Result<Option<Vec<ApiKeyRecord>>> {
        let (user_id, new_hash) = (user_id.to_owned(), new_hash.to_owned());
        transaction!(self, |connection| {
            let seq = draw_seq!(connection);
            let changed = sqlx::query(sql::users::CHANGE_PASSWORD)
                .bind(&user_id)
                .bind(&new_hash)
                .bind(now)
                .bind(as_of)
                .execute(&mut *connection)
                .await?
                .rows_affected()
                > 0;
            if changed {
                end_everything_of_user!(connection, seq, &user_id, "password_change", now, revocation_expires_at);
            }
            match (changed, end_keys) {
                (false, _) => None,
                (true, false) => Some(Vec::new()),
                (true, true) => Some(end_api_keys_of_user!(connection, &user_id, now, revocation_expires_at)),
            }
        })
    }

    async fn set_user_disabled(
        &self,
        user_id: &str,
        disabled: bool,
        now: i64,
        revocation_expires_at: i64,
    ) -> Result<bool> {
        let user_id = user_id.to_owned();
        transaction!(self, |connection| {
            let seq = draw_seq!(connection);
            let statement = if disabled { sql::users::DISABLE } else { sql::users::ENABLE };
            let changed =
                sqlx::query(statement).bind(&user_id).bind(now).execute(&mut *connection).await?.rows_affected() > 0;
            if changed && disabled {
                end_everything_of_user!(connection, seq, &user_id, "user_disabled", now, revocation_expires_at);
            }
            changed
        })
    }
}

/// As e-mail addresses are compared, alike on every database.
pub(super) fn email_key(user: &UserRecord) -> Option<String> {
    user.email.as_ref().map(|email| email.to_lowercase())
}

pub(super) fn taken(error: sqlx::Error) -> Error {
    let email = error.as_database_error().is_some_and(|cause| {
        cause.constraint() == Some("users_email_key") || cause.message().contains("users.email_key")
    });
    conflict(error, if email { "email" } else { "username" })
}
