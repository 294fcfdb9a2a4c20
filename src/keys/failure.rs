//! Why a store did not do what it was asked for.

use crate::error::Error;

/// The kind of a failure, for code that decides on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// There is no such store on this machine, or nothing answers for it.
    Absent,
    /// It is locked, and was not unlocked: the dialog was dismissed, or the passphrase was not given.
    Locked,
    /// It did not answer in time.
    Late,
    /// It does not have these keys.
    NotFound,
    /// Anything else.
    Other,
}

/// A failure of a store.
#[derive(Debug)]
pub struct Failure {
    /// What kind it is.
    pub kind: Kind,
    /// The failure for a person.
    pub error: Error,
}

impl Failure {
    pub(crate) fn new(kind: Kind, error: Error) -> Self {
        Self { kind, error }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}
