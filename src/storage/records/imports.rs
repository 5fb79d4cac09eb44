use super::{TotpFactorRecord, UserRecord};

/// A person to be imported, with what comes along.
#[derive(Clone, Debug)]
pub struct ImportRecord {
    pub user: UserRecord,
    pub totp: Option<TotpFactorRecord>,
}

/// What became of a person to be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    Made,
    /// Somebody with the same name and address is there: imported before.
    Present,
    /// Somebody else has the `username` or the `email`.
    Taken(&'static str),
}
