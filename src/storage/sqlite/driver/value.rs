use std::borrow::Cow;
use std::fmt;

use rusqlite::types::Value as Stored;
use sqlx::encode::{Encode, IsNull};
use sqlx::error::{BoxDynError, UnexpectedNullError};
use sqlx::{Decode, Type, TypeInfo};

use super::Driver;

/// SQLite's storage classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Null,
    Integer,
    Real,
    Text,
    Blob,
}

impl Kind {
    const fn of(stored: &Stored) -> Self {
        match stored {
            Stored::Null => Self::Null,
            Stored::Integer(_) => Self::Integer,
            Stored::Real(_) => Self::Real,
            Stored::Text(_) => Self::Text,
            Stored::Blob(_) => Self::Blob,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TypeInfo for Kind {
    fn is_null(&self) -> bool {
        *self == Self::Null
    }

    fn name(&self) -> &str {
        match self {
            Self::Null => "NULL",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Value(pub Stored);

impl sqlx::Value for Value {
    type Database = Driver;

    fn as_ref(&self) -> ValueRef<'_> {
        ValueRef(&self.0)
    }

    fn type_info(&self) -> Cow<'_, Kind> {
        Cow::Owned(Kind::of(&self.0))
    }

    fn is_null(&self) -> bool {
        self.0 == Stored::Null
    }
}

#[derive(Clone, Copy, Debug)]
pub struct ValueRef<'r>(pub &'r Stored);

impl ValueRef<'_> {
    fn unexpected(self) -> BoxDynError {
        match self.0 {
            Stored::Null => Box::new(UnexpectedNullError),
            other => format!("unexpected {}", Kind::of(other)).into(),
        }
    }
}

impl<'r> sqlx::ValueRef<'r> for ValueRef<'r> {
    type Database = Driver;

    fn to_owned(&self) -> Value {
        Value(self.0.clone())
    }

    fn type_info(&self) -> Cow<'_, Kind> {
        Cow::Owned(Kind::of(self.0))
    }

    fn is_null(&self) -> bool {
        *self.0 == Stored::Null
    }
}

/// The values of a statement's parameters: the first is `$1`.
#[derive(Debug, Default)]
pub struct Arguments(pub Vec<Stored>);

impl sqlx::Arguments for Arguments {
    type Database = Driver;

    fn reserve(&mut self, additional: usize, _size: usize) {
        self.0.reserve(additional);
    }

    fn add<'t, T: Encode<'t, Driver> + Type<Driver>>(&mut self, value: T) -> Result<(), BoxDynError> {
        if value.encode(&mut self.0)?.is_null() {
            self.0.push(Stored::Null);
        }
        Ok(())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

sqlx_core::impl_into_arguments_for_arguments!(Arguments);
sqlx_core::impl_encode_for_option!(Driver);

/// Teaches sqlx a Rust type: the storage class it has, how it is stored, and how it is read.
macro_rules! stored_as {
    ($rust:ty, $kind:ident, |$value:ident| $store:expr, |$stored:ident| $read:expr) => {
        impl Type<Driver> for $rust {
            fn type_info() -> Kind {
                Kind::$kind
            }
        }

        impl Encode<'_, Driver> for $rust {
            fn encode_by_ref(&self, buffer: &mut Vec<Stored>) -> Result<IsNull, BoxDynError> {
                let $value = self;
                buffer.push(Stored::$kind($store));
                Ok(IsNull::No)
            }
        }

        impl<'r> Decode<'r, Driver> for $rust {
            fn decode(value: ValueRef<'r>) -> Result<Self, BoxDynError> {
                match value.0 {
                    Stored::$kind($stored) => Ok($read),
                    _ => Err(value.unexpected()),
                }
            }
        }
    };
}

stored_as!(i64, Integer, |value| *value, |stored| *stored);
stored_as!(i32, Integer, |value| i64::from(*value), |stored| i32::try_from(*stored)?);
stored_as!(bool, Integer, |value| i64::from(*value), |stored| *stored != 0);
stored_as!(String, Text, |value| value.clone(), |stored| stored.clone());
stored_as!(Vec<u8>, Blob, |value| value.clone(), |stored| stored.clone());

/// The same for a type that is only ever lent.
macro_rules! lent_as {
    ($rust:ty, $kind:ident, |$value:ident| $store:expr) => {
        impl Type<Driver> for $rust {
            fn type_info() -> Kind {
                Kind::$kind
            }
        }

        impl Encode<'_, Driver> for &$rust {
            fn encode_by_ref(&self, buffer: &mut Vec<Stored>) -> Result<IsNull, BoxDynError> {
                let $value = *self;
                buffer.push(Stored::$kind($store));
                Ok(IsNull::No)
            }
        }
    };
}

lent_as!(str, Text, |value| value.to_owned());
lent_as!([u8], Blob, |value| value.to_vec());
