use std::sync::Arc;

use sqlx::{ColumnIndex, Either, Error, SqlStr};
use sqlx_core::impl_statement_query;

use super::{Arguments, Column, Driver, Kind};

/// A statement that SQLite has found to be sound. It is prepared again, from the connection's cache, when it is run.
#[derive(Clone, Debug)]
pub struct Statement {
    pub sql: SqlStr,
    pub parameters: usize,
    pub columns: Arc<[Column]>,
}

impl sqlx::Statement for Statement {
    type Database = Driver;

    fn into_sql(self) -> SqlStr {
        self.sql
    }

    fn sql(&self) -> &SqlStr {
        &self.sql
    }

    fn parameters(&self) -> Option<Either<&[Kind], usize>> {
        Some(Either::Right(self.parameters))
    }

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    impl_statement_query!(Arguments);
}

impl ColumnIndex<Statement> for &'_ str {
    fn index(&self, statement: &Statement) -> Result<usize, Error> {
        let found = statement.columns.iter().position(|column| sqlx::Column::name(column) == *self);
        found.ok_or_else(|| Error::ColumnNotFound((*self).to_owned()))
    }
}
