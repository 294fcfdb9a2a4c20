//! What the caches hold.

use crate::arn::Serial;
use crate::credentials::Credentials;
use crate::time::{Length, Timestamp};

/// Credentials from a cache.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The credentials; their `expiration` is never `None`.
    pub credentials: Credentials,
    /// When they expire.
    pub expiration: Timestamp,
    /// Their full lifetime: what was requested, or less if they expire earlier.
    pub length: Length,
}

impl Entry {
    /// The lifetime left at `now`; negative after the expiration.
    pub fn left(&self, now: Timestamp) -> Length {
        self.expiration - now
    }

    /// The same entry, with the length of credentials that were issued at `made`.
    #[must_use]
    pub fn made(mut self, made: Timestamp) -> Self {
        if self.expiration > made {
            self.length = self.expiration - made;
        }
        self
    }
}

/// An MFA session, as stored.
#[derive(Debug, Clone)]
pub struct StoredSession {
    /// The device whose code made it.
    pub serial: Serial,
    /// Its credentials.
    pub entry: Entry,
    /// When STS gave it.
    pub issued: Timestamp,
    /// The cache keys of the role requests that were refused although the session was new.
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
