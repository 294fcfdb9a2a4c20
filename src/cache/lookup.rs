//! A look into a cache: where it was, and what was found there.

use std::fmt;
use std::path::PathBuf;

use crate::time::Timestamp;

/// What a look into a cache came to. It tells the whole story, so that `-v` and `--explain` need not look again.
#[derive(Debug, Clone)]
pub struct Lookup<T> {
    /// The file that was looked for; `None` when no cache may hold what was asked for.
    pub place: Option<Place>,
    /// What was there.
    pub found: Found<T>,
}

/// A file of a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whose cache it is.
    pub cache: Cache,
    /// The file.
    pub path: PathBuf,
}

/// The two caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// The AWS CLI's own, which is shared with it.
    AwsCli,
    /// That of aws-auth.
    Own,
}

/// What a look into a cache found.
#[derive(Debug, Clone)]
pub enum Found<T> {
    /// An entry that has not expired.
    Entry(T),
    /// An MFA session that has not expired, but is older than the profile wants its sessions to be.
    TooOld(T),
    /// An entry that expired at this moment.
    Expired(Timestamp),
    /// The credentials of another role, with this ARN.
    OtherRole(String),
    /// A file that is no entry: torn, in another format, or about something else.
    Unusable,
    /// No file.
    Nothing,
}

impl<T> Lookup<T> {
    /// A look that did not take place: no cache may hold it.
    pub const fn nowhere() -> Self {
        Self { place: None, found: Found::Nothing }
    }

    /// The entry, if one was found that may be used.
    pub fn entry(self) -> Option<T> {
        match self.found {
            Found::Entry(entry) => Some(entry),
            _ => None,
        }
    }

    /// The same without taking it.
    pub fn as_entry(&self) -> Option<&T> {
        match &self.found {
            Found::Entry(entry) => Some(entry),
            _ => None,
        }
    }

    /// The lookup of something else that was found in the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Lookup<U> {
        let found = match self.found {
            Found::Entry(entry) => Found::Entry(change(entry)),
            Found::TooOld(entry) => Found::TooOld(change(entry)),
            Found::Expired(at) => Found::Expired(at),
            Found::OtherRole(arn) => Found::OtherRole(arn),
            Found::Unusable => Found::Unusable,
            Found::Nothing => Found::Nothing,
        };
        Lookup { place: self.place, found }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self.cache {
            Cache::AwsCli => "the AWS CLI's",
            Cache::Own => "aws-auth's",
        };
        write!(f, "{whose} cache, {}", self.path.display())
    }
}
