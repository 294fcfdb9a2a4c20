//! What the caches hold.

use crate::credentials::Credentials;
use crate::time::{Length, Timestamp};

/// Credentials from a cache.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The credentials; their expiration is known.
    pub credentials: Credentials,
    /// When they end.
    pub expiration: Timestamp,
    /// How long they live in all, in seconds, as far as it is known.
    pub length: Length,
}

impl Entry {
    /// Seconds left at `now`.
    pub fn left(&self, now: Timestamp) -> Length {
        self.expiration - now
    }

    /// The same with the length of credentials that were made at `made`.
    #[must_use]
    pub fn made(mut self, made: Timestamp) -> Self {
        if self.expiration > made {
            self.length = self.expiration - made;
        }
        self
    }
}

/// An MFA session as it is kept.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// Its credentials.
    pub entry: Entry,
    /// When STS gave it.
    pub issued: Timestamp,
    /// The requests that it was refused for, by their keys: a newer code was of no help.
    pub refused: Vec<String>,
}

/// Role credentials as STS gave them.
pub struct Assumed {
    /// The credentials.
    pub credentials: Credentials,
    /// AssumedRoleUser.Arn.
    pub arn: String,
    /// AssumedRoleUser.AssumedRoleId.
    pub id: Option<String>,
}
