//! What several repositories share when they begin, rotate or end something. Macros, since they stand inside bodies for both
//! drivers.

/// Draws the next number for a revocation. Comes first in a transaction that revokes: see `sql::revocations::DRAW_SEQ`.
macro_rules! draw_seq {
    ($connection:ident) => {
        sqlx::query_scalar::<_, i64>($crate::storage::sql::revocations::DRAW_SEQ).fetch_one(&mut *$connection).await?
    };
}

/// Records that what `kind` and `key` name is void.
macro_rules! record_revocation {
    ($connection:ident, $seq:expr, $kind:expr, $key:expr, $not_before:expr, $expires_at:expr) => {
        sqlx::query($crate::storage::sql::revocations::RECORD)
            .bind($seq)
            .bind($kind)
            .bind($key)
            .bind($not_before)
            .bind($expires_at)
            .execute(&mut *$connection)
            .await?
    };
}

/// Revokes one family and records it, after its number was drawn. True when it was live.
macro_rules! end_family {
    ($connection:ident, $seq:expr, $id:expr, $reason:expr, $now:expr, $expires_at:expr) => {{
        $crate::storage::store::families::FamilyLock::lock_family(&mut *$connection, $id).await?;
        let revoked = sqlx::query($crate::storage::sql::families::REVOKE)
            .bind($id)
            .bind($now)
            .bind($reason)
            .execute(&mut *$connection)
            .await?;
        record_revocation!($connection, $seq, "family", $id, $now, $expires_at);
        revoked.rows_affected() > 0
    }};
}

/// Queues what the clients of a session, or of all sessions of a user, are to be told. Comes before these end.
macro_rules! queue_logout_notices {
    ($connection:ident, $statement:ident, $id:expr, $now:expr) => {
        sqlx::query($crate::storage::sql::logout::$statement)
            .bind($id)
            .bind($now)
            .bind($now + $crate::storage::store::logout::NOTICE_KEPT)
            .execute(&mut *$connection)
            .await?
    };
}

/// Records each end that the list of revocations tells by itself; each under a number of its own.
macro_rules! record_ends {
    ($connection:ident, $kind:expr, $ids:expr, $now:expr, $expires_at:expr) => {
        for id in $ids {
            let seq = draw_seq!($connection);
            record_revocation!($connection, seq, $kind, &id, $now, $expires_at);
        }
    };
}

/// Holds a person until the transaction is over, if what counts of what they have proved is as of `$as_of`: a password
/// change, a reset or signing out everywhere either has not happened yet, and ends what is written here, or it has, and
/// nothing is.
macro_rules! hold_person {
    ($connection:ident, $user_id:expr, $as_of:expr) => {
        sqlx::query($crate::storage::sql::users::HOLD)
            .bind($user_id)
            .bind($as_of)
            .execute(&mut *$connection)
            .await?
            .rows_affected()
            > 0
    };
}

/// Revokes every live API key of a person and records it, after a number was drawn; gives them.
macro_rules! end_api_keys_of_user {
    ($connection:ident, $user_id:expr, $now:expr, $expires_at:expr) => {{
        let revoked: Vec<$crate::storage::ApiKeyRecord> =
            sqlx::query_as($crate::storage::sql::api_keys::REVOKE_ALL_OF_USER)
                .bind($user_id)
                .bind($now)
                .fetch_all(&mut *$connection)
                .await?;
        record_ends!($connection, "family", revoked.iter().map(|key| &key.id), $now, $expires_at);
        revoked
    }};
}

/// Whether a person gets in without `kind` and `name`, by something that this server takes. Locks them, so that of two ways in
/// that are taken away at once one stays.
macro_rules! has_another_way_in {
    ($connection:ident, $user_id:expr, $taken:expr, $kind:expr, $name:expr) => {{
        sqlx::query($crate::storage::sql::users::LOCK).bind($user_id).execute(&mut *$connection).await?;
        let ways: Vec<(String, String)> =
            sqlx::query_as($crate::storage::sql::upstream::WAYS_IN).bind($user_id).fetch_all(&mut *$connection).await?;
        ways.iter().any(|(kind, name)| (kind != $kind || name != $name) && $taken.takes(kind, name))
    }};
}

/// Ends every session, family, unused code, approved device and mailed link of a user and records it, after the number
/// was drawn. The sessions and offline families are recorded each by itself too: their tokens name them, which for some
/// clients is all that leads to the user.
macro_rules! end_everything_of_user {
    ($connection:ident, $seq:expr, $user_id:expr, $reason:expr, $now:expr, $expires_at:expr) => {{
        queue_logout_notices!($connection, QUEUE_OF_USER, $user_id, $now);
        let sessions: Vec<String> = sqlx::query_scalar($crate::storage::sql::sessions::END_OF_USER)
            .bind($user_id)
            .bind($now)
            .fetch_all(&mut *$connection)
            .await?;
        let families: Vec<(String, bool)> = sqlx::query_as($crate::storage::sql::families::REVOKE_OF_USER)
            .bind($user_id)
            .bind($now)
            .bind($reason)
            .fetch_all(&mut *$connection)
            .await?;
        let offline = families.into_iter().filter_map(|(id, is_offline)| is_offline.then_some(id));
        record_ends!($connection, "session", sessions, $now, $expires_at);
        record_ends!($connection, "family", offline, $now, $expires_at);
        sqlx::query($crate::storage::sql::factors::DELETE_PENDING_OF_USER)
            .bind($user_id)
            .execute(&mut *$connection)
            .await?;
        sqlx::query($crate::storage::sql::codes::DELETE_OF_USER).bind($user_id).execute(&mut *$connection).await?;
        sqlx::query($crate::storage::sql::devices::DELETE_OF_USER).bind($user_id).execute(&mut *$connection).await?;
        sqlx::query($crate::storage::sql::challenges::END_OF_USER)
            .bind($user_id)
            .bind($now)
            .execute(&mut *$connection)
            .await?;
        record_revocation!($connection, $seq, "user", $user_id, $now, $expires_at);
    }};
}

/// Inserts a client and moves the version by which instances see it, or fails with `Conflict`.
macro_rules! insert_client {
    ($connection:ident, $client:expr) => {
        sqlx::query($crate::storage::sql::clients::MOVE_VERSION).execute(&mut *$connection).await?;
        sqlx::query($crate::storage::sql::clients::INSERT)
            .bind(&$client.client_id)
            .bind(&$client.metadata)
            .bind(&$client.secret_hash)
            .bind(&$client.secret_sealed)
            .bind($client.disabled_at)
            .bind($client.created_at)
            .bind($client.updated_at)
            .execute(&mut *$connection)
            .await
            .map_err(|error| $crate::storage::conflict(error, "client_id"))?;
    };
}

/// Inserts a live family, or fails with `Conflict` and so undoes what surrounds it. Its lock is held by then.
macro_rules! insert_family {
    ($connection:ident, $family:expr) => {
        let inserted = sqlx::query($crate::storage::sql::families::INSERT)
            .bind(&$family.id)
            .bind(&$family.client_id)
            .bind(&$family.user_id)
            .bind(&$family.session_id)
            .bind($family.offline)
            .bind(&$family.scope)
            .bind(&$family.details)
            .bind($family.generation)
            .bind(&$family.token_hash)
            .bind($family.rotated_at)
            .bind($family.created_at)
            .bind($family.expires_at)
            .bind($family.idle_expires_at)
            .bind($family.revoked_at)
            .bind(&$family.revoked_reason)
            .execute(&mut *$connection)
            .await
            .map_err(|error| $crate::storage::conflict(error, "family"))?;
        if inserted.rows_affected() == 0 {
            return Err($crate::storage::Error::Conflict("family"));
        }
    };
}

/// The statement that rotates `request`'s family, for either driver.
macro_rules! rotate {
    ($request:expr) => {
        sqlx::query_as::<_, $crate::storage::FamilyRecord>($crate::storage::sql::families::ROTATE)
            .bind(&$request.family_id)
            .bind(&$request.client_id)
            .bind($request.generation)
            .bind(&$request.token_hash)
            .bind(&$request.successor_hash)
            .bind($request.now)
            .bind($request.idle_expires_at)
    };
}

/// What a rotation that changed no row was: decides, and ends the family when it was a replay.
macro_rules! refused_rotation {
    ($connection:ident, $request:expr) => {{
        let found: Option<$crate::storage::store::families::FamilyState> =
            sqlx::query_as($crate::storage::sql::families::FIND_WITH_STATE)
                .bind(&$request.family_id)
                .bind(&$request.client_id)
                .bind($request.now)
                .fetch_optional(&mut *$connection)
                .await?;
        match found.map_or($crate::storage::store::families::Refusal::Dead, |state| state.refusal($request)) {
            $crate::storage::store::families::Refusal::Dead => $crate::storage::Rotation::Dead,
            $crate::storage::store::families::Refusal::Repeated(family) => $crate::storage::Rotation::Repeated(family),
            $crate::storage::store::families::Refusal::Replayed(mut family) => {
                let reason = $crate::storage::store::families::REFRESH_REUSE;
                let seq = draw_seq!($connection);
                let until = $request.revocation_expires_at;
                if end_family!($connection, seq, &$request.family_id, reason, $request.now, until) {
                    family.revoked_at = Some($request.now);
                    family.revoked_reason = Some(reason.to_owned());
                    $crate::storage::Rotation::Replayed(family)
                } else {
                    $crate::storage::Rotation::Dead
                }
            }
        }
    }};
}
