/// What became of a person to be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    Made,
    /// Somebody with the same name and address is there: imported before.
    Present,
    /// Somebody else has the `username` or the `email`.
    Taken(&'static str),
}
