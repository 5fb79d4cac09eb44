//! Statements that one text cannot say for both databases.

pub mod sqlite {
    pub const BEGIN: &str = "BEGIN IMMEDIATE";
    pub const COMMIT: &str = "COMMIT";
    pub const ROLLBACK: &str = "ROLLBACK";
    pub const SAVEPOINT: &str = "SAVEPOINT job";
    pub const RELEASE: &str = "RELEASE job";
    pub const ROLLBACK_TO: &str = "ROLLBACK TO job";
    pub const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";
    pub const CHECKPOINT_TRUNCATE: &str = "PRAGMA wal_checkpoint(TRUNCATE)";
    pub const COPY: &str = "VACUUM INTO $1";
    pub const HAS_MIGRATIONS: &str =
        "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
}

pub mod postgres {
    /// Held until COMMIT: an insertion and a revocation of one family take turns.
    pub const LOCK_FAMILY: &str = "SELECT pg_advisory_xact_lock(hashtextextended($1, 7))";
    /// Held until COMMIT: one migration at a time.
    pub const LOCK_MIGRATIONS: &str = "SELECT pg_advisory_xact_lock(8675309)";
    /// A migration may take longer than a request.
    pub const NO_TIMEOUT: &str = "SET LOCAL statement_timeout = 0";
    pub const HAS_MIGRATIONS: &str = "SELECT COUNT(*) FROM pg_catalog.pg_tables
        WHERE schemaname = current_schema() AND tablename = 'schema_migrations'";
}
