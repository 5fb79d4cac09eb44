use super::Store;
use super::users::{email_key, taken};
use crate::storage::{ChallengeRecord, NewAccounts, Result, UserRecord, sql};

impl NewAccounts for Store {
    async fn address_registration(&self, id: &str, purpose: &str, email: &str, now: i64) -> Result<bool> {
        let (id, purpose, email) = (id.to_owned(), purpose.to_owned(), email.to_owned());
        transaction!(self, |connection| {
            let address = sqlx::query(sql::challenges::ADDRESS_BY_EMAIL).bind(&id).bind(&email).bind(now);
            let addressed = address.execute(&mut *connection).await?.rows_affected() > 0;
            if addressed {
                let end = sqlx::query(sql::challenges::END_EARLIER_BY_EMAIL).bind(&email).bind(&purpose);
                end.bind(&id).bind(now).execute(&mut *connection).await?;
            }
            addressed
        })
    }

    async fn insert_new_account(
        &self,
        user: &UserRecord,
        link: Option<&ChallengeRecord>,
        terms: Option<&str>,
    ) -> Result<bool> {
        let (user, link, terms) = (user.clone(), link.cloned(), terms.map(str::to_owned));
        transaction!(self, |connection| {
            let admitted = match &link {
                Some(link) => {
                    let consume = sqlx::query_as::<_, ChallengeRecord>(sql::challenges::CONSUME);
                    let consume = consume.bind(&link.id).bind(&link.purpose).bind(&link.secret_hash);
                    consume.bind(user.created_at).fetch_optional(&mut *connection).await?.is_some()
                }
                None => true,
            };
            if admitted {
                insert_user!(connection, user);
                if let Some(version) = &terms {
                    let accept = sqlx::query(sql::challenges::ACCEPT_TERMS).bind(&user.id).bind(version);
                    accept.bind(user.created_at).execute(&mut *connection).await?;
                }
            }
            admitted
        })
    }
}
