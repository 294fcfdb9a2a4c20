//! The result of a cache lookup: which file, and what was in it.

use std::fmt;
use std::path::PathBuf;

use crate::time::Timestamp;

/// The result of a cache lookup. It says why an entry cannot be used, so that `-v` and `--explain` need no lookup of
/// their own.
#[derive(Debug, Clone)]
pub struct Lookup<T> {
    /// The file that was looked for; `None` if no cache holds such credentials.
    pub place: Option<Place>,
    /// What was there.
    pub found: Found<T>,
}

/// A file of a cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Whose cache it is.
    pub cache: Cache,
    /// The path of the file.
    pub path: PathBuf,
}

/// The two caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// The AWS CLI's cache, which aws-auth shares.
    AwsCli,
    /// aws-auth's own cache.
    Own,
}

/// What a cache lookup found.
#[derive(Debug, Clone)]
pub enum Found<T> {
    /// An entry that has not expired.
    Entry(T),
    /// An MFA session that has not expired, but is older than the session length of the profile.
    TooOld(T),
    /// An entry that expired at this moment.
    Expired(Timestamp),
    /// The credentials of another role, with this ARN.
    OtherRole(String),
    /// A file that is not a usable entry: torn, in another format, or for something else.
    Unusable,
    /// No file.
    Nothing,
}

impl<T> Lookup<T> {
    /// No file was looked for, because no cache holds such credentials.
    pub const fn nowhere() -> Self {
        Self { place: None, found: Found::Nothing }
    }

    /// The entry, if one was found that has not expired.
    pub fn entry(self) -> Option<T> {
        match self.found {
            Found::Entry(entry) => Some(entry),
            _ => None,
        }
    }

    /// The same, by reference.
    pub fn as_entry(&self) -> Option<&T> {
        match &self.found {
            Found::Entry(entry) => Some(entry),
            _ => None,
        }
    }

    /// Changes the entry that was found, and keeps the rest.
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
