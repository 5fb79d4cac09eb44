use sqlx::PgConnection;

use super::{Database, Store};
use crate::storage::{
    AccessTokenRecord, AccessTokens, Families, FamilyRecord, Replays, Result, RevocationRecord, Revocations,
    RotateFamily, Rotation, conflict, postgres, sql, sqlite,
};

/// Why a family ended when an old token of it was presented.
pub const REFRESH_REUSE: &str = "refresh_reuse";

#[derive(sqlx::FromRow)]
pub struct FamilyState {
    #[sqlx(flatten)]
    family: FamilyRecord,
    /// 1 while neither the family nor what it hangs on has ended.
    alive: i32,
}

pub enum Refusal {
    Dead,
    Repeated(FamilyRecord),
    Replayed(FamilyRecord),
}

impl FamilyState {
    /// Reads a rotation that was refused. The presented token is authentic: its maker checked it.
    pub fn refusal(self, request: &RotateFamily) -> Refusal {
        let family = self.family;
        if self.alive == 0 || request.generation >= family.generation {
            return Refusal::Dead;
        }
        let successor_stands =
            request.generation + 1 == family.generation && family.token_hash == request.successor_hash;
        if successor_stands && family.rotated_at >= request.grace_since {
            Refusal::Repeated(family)
        } else {
            Refusal::Replayed(family)
        }
    }
}

/// Lets the insertion and the revocation of one family take turns. SQLite's only writer does so by itself.
pub trait FamilyLock {
    fn lock_family(&mut self, id: &str) -> impl Future<Output = Result<()>> + Send;
}

impl FamilyLock for sqlite::Connection {
    async fn lock_family(&mut self, _id: &str) -> Result<()> {
        Ok(())
    }
}

impl FamilyLock for PgConnection {
    async fn lock_family(&mut self, id: &str) -> Result<()> {
        postgres::lock_family(self, id).await
    }
}

impl Families for Store {
    async fn insert_family(&self, family: &FamilyRecord) -> Result<()> {
        let family = family.clone();
        transaction!(self, |connection| {
            connection.lock_family(&family.id).await?;
            insert_family!(connection, family);
        })
    }

    async fn find_family(&self, id: &str) -> Result<Option<FamilyRecord>> {
        read!(self, |connection| sqlx::query_as(sql::families::FIND).bind(id).fetch_optional(connection).await?)
    }

    async fn find_live_family(&self, id: &str, now: i64) -> Result<Option<FamilyRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::families::FIND_LIVE).bind(id).bind(now).fetch_optional(connection).await?
        })
    }

    async fn rotate_family(&self, rotation: RotateFamily) -> Result<Rotation> {
        match self.database() {
            Database::Sqlite(db) => db.rotate(rotation).await,
            Database::Postgres(db) => {
                let rotation = &rotation;
                let rotated = postgres_write!(db, |connection| rotate!(rotation).fetch_optional(connection).await?)?;
                if let Some(family) = rotated {
                    return Ok(Rotation::Rotated(family));
                }
                postgres_transaction!(db, |connection| refused_rotation!(connection, rotation))
            }
        }
    }

    async fn revoke_family(&self, id: &str, reason: &str, now: i64, revocation_expires_at: i64) -> Result<bool> {
        let (id, reason) = (id.to_owned(), reason.to_owned());
        transaction!(self, |connection| {
            let seq = draw_seq!(connection);
            end_family!(connection, seq, &id, &reason, now, revocation_expires_at)
        })
    }
}

impl AccessTokens for Store {
    async fn insert_access_token(&self, token: &AccessTokenRecord) -> Result<()> {
        let token = token.clone();
        write!(self, |connection| {
            sqlx::query(sql::tokens::INSERT_ACCESS_TOKEN)
                .bind(&token.id)
                .bind(&token.secret_hash)
                .bind(&token.claims)
                .bind(token.expires_at)
                .execute(connection)
                .await
                .map_err(|error| conflict(error, "access token"))?;
        })
    }

    async fn find_access_token(&self, id: &str, secret_hash: &[u8], now: i64) -> Result<Option<AccessTokenRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::tokens::FIND_ACCESS_TOKEN)
                .bind(id)
                .bind(secret_hash)
                .bind(now)
                .fetch_optional(connection)
                .await?
        })
    }
}

impl Revocations for Store {
    async fn insert_revocation(&self, kind: &str, key: &str, not_before: i64, expires_at: i64) -> Result<()> {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        transaction!(self, |connection| {
            let seq = draw_seq!(connection);
            record_revocation!(connection, seq, &kind, &key, not_before, expires_at);
        })
    }

    async fn revocations_after(&self, after: i64, now: i64) -> Result<Vec<RevocationRecord>> {
        read!(self, |connection| {
            sqlx::query_as(sql::revocations::AFTER).bind(after).bind(now).fetch_all(connection).await?
        })
    }
}

impl Replays for Store {
    async fn remember_once(&self, key: &[u8], expires_at: i64, now: i64) -> Result<bool> {
        let key = key.to_vec();
        write!(self, |connection| {
            sqlx::query(sql::tokens::REMEMBER_ONCE)
                .bind(&key)
                .bind(expires_at)
                .bind(now)
                .execute(connection)
                .await?
                .rows_affected()
                > 0
        })
    }

    async fn is_remembered(&self, key: &[u8], now: i64) -> Result<bool> {
        let count: i64 = read!(self, |connection| {
            sqlx::query_scalar(sql::tokens::IS_REMEMBERED).bind(key).bind(now).fetch_one(connection).await?
        })?;
        Ok(count > 0)
    }
}
