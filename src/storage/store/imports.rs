use super::Store;
use super::users::email_key;
use crate::storage::{ImportOutcome, ImportRecord, Imports, Result, UserRecord, sql};

/// User name and e-mail key of whoever stands in the way.
type Taken = Option<(String, Option<String>)>;

macro_rules! find_taken {
    ($connection:ident, $user:expr) => {
        sqlx::query_as::<_, (String, Option<String>)>(sql::imports::FIND_TAKEN)
            .bind(&$user.username)
            .bind(email_key($user))
            .fetch_optional(&mut *$connection)
            .await?
    };
}

impl Imports for Store {
    async fn import_users(&self, people: &[ImportRecord]) -> Result<Vec<ImportOutcome>> {
        let people = people.to_vec();
        transaction!(self, |connection| {
            sqlx::query(sql::users::LOCK_NAMES).execute(&mut *connection).await?;
            let mut outcomes = Vec::with_capacity(people.len());
            for ImportRecord { user, totp } in &people {
                let inserted = sqlx::query(sql::imports::INSERT_UNLESS_TAKEN)
                    .bind(&user.id)
                    .bind(&user.username)
                    .bind(&user.email)
                    .bind(user.email_verified)
                    .bind(&user.password_hash)
                    .bind(&user.claims)
                    .bind(user.is_admin)
                    .bind(user.disabled_at)
                    .bind(user.tokens_not_before)
                    .bind(user.password_changed_at)
                    .bind(user.created_at)
                    .bind(user.updated_at)
                    .bind(email_key(user))
                    .execute(&mut *connection)
                    .await?;
                if inserted.rows_affected() == 0 {
                    let taken: Taken = find_taken!(connection, user);
                    outcomes.push(outcome(user, taken));
                    continue;
                }
                if let Some(totp) = totp {
                    sqlx::query(sql::factors::PUT_TOTP)
                        .bind(&totp.user_id)
                        .bind(&totp.id)
                        .bind(&totp.secret_sealed)
                        .bind(totp.last_step)
                        .bind(totp.last_used_at)
                        .bind(totp.created_at)
                        .execute(&mut *connection)
                        .await?;
                }
                outcomes.push(ImportOutcome::Made);
            }
            outcomes
        })
    }

    async fn would_import_user(&self, user: &UserRecord) -> Result<ImportOutcome> {
        let taken: Taken = read!(self, |connection| find_taken!(connection, user))?;
        Ok(outcome(user, taken))
    }
}

fn outcome(user: &UserRecord, taken: Taken) -> ImportOutcome {
    match taken {
        None => ImportOutcome::Made,
        Some((username, email)) if username == user.username && email == email_key(user) => ImportOutcome::Present,
        Some((username, email)) if username == user.username || email.as_ref() == Some(&user.username) => {
            ImportOutcome::Taken("username")
        }
        Some(_) => ImportOutcome::Taken("email"),
    }
}
