use super::Store;
use crate::storage::{Audit, AuditRecord, Result, sql};

impl Audit for Store {
    fn audit(&self, event: AuditRecord) {
        self.audit.push(event);
    }

    async fn list_audit_events(&self, event: Option<&str>, limit: i64) -> Result<Vec<AuditRecord>> {
        // So that whoever reads the log sees what this process has already told it.
        self.audit.flush().await;
        read!(self, |connection| match event {
            Some(event) => {
                sqlx::query_as(sql::audit::LIST_OF_EVENT).bind(event).bind(limit).fetch_all(connection).await?
            }
            None => sqlx::query_as(sql::audit::LIST).bind(limit).fetch_all(connection).await?,
        })
    }

    async fn sweep_audit_events(&self, before: i64, limit: i64) -> Result<u64> {
        write!(self, |connection| {
            sqlx::query(sql::audit::SWEEP).bind(before).bind(limit).execute(connection).await?.rows_affected()
        })
    }
}
