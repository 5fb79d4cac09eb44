use std::sync::Arc;

use sqlx::{ColumnIndex, Error};

use super::{Driver, Kind, Value, ValueRef};

#[derive(Clone, Debug)]
pub struct Column {
    ordinal: usize,
    name: Box<str>,
}

impl Column {
    /// The columns of a prepared statement.
    pub fn of(statement: &rusqlite::Statement<'_>) -> Arc<[Self]> {
        let names = statement.column_names().into_iter().enumerate();
        names.map(|(ordinal, name)| Self { ordinal, name: name.into() }).collect()
    }
}

impl sqlx::Column for Column {
    type Database = Driver;

    fn ordinal(&self) -> usize {
        self.ordinal
    }

    fn name(&self) -> &str {
        &self.name
    }

    /// A column may hold values of every kind; each value knows its own.
    fn type_info(&self) -> &Kind {
        &Kind::Null
    }
}

#[derive(Debug)]
pub struct Row {
    columns: Arc<[Column]>,
    values: Vec<Value>,
}

impl Row {
    /// Copies the row that a statement stands at.
    pub fn read(columns: &Arc<[Column]>, row: &rusqlite::Row<'_>) -> Result<Self, Error> {
        let mut values = Vec::with_capacity(columns.len());
        for index in 0..columns.len() {
            values.push(Value(row.get(index).map_err(super::error::read)?));
        }
        Ok(Self { columns: Arc::clone(columns), values })
    }
}

impl sqlx::Row for Row {
    type Database = Driver;

    fn columns(&self) -> &[Column] {
        &self.columns
    }

    fn try_get_raw<I: ColumnIndex<Self>>(&self, index: I) -> Result<ValueRef<'_>, Error> {
        let (index, len) = (index.index(self)?, self.values.len());
        let value = self.values.get(index).ok_or(Error::ColumnIndexOutOfBounds { index, len })?;
        Ok(ValueRef(&value.0))
    }
}

impl ColumnIndex<Row> for &'_ str {
    fn index(&self, row: &Row) -> Result<usize, Error> {
        let found = row.columns.iter().position(|column| *column.name == **self);
        found.ok_or_else(|| Error::ColumnNotFound((*self).to_owned()))
    }
}

sqlx_core::impl_column_index_for_row!(Row);
