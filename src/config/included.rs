//! `include_profile`: the settings of another profile as defaults (docs/profiles.md, "Included profiles").

use crate::config::value::Location;

/// The key that names the other profile.
pub const INCLUDE: &str = "include_profile";

/// The keys that a profile never takes from another one: keys are their profile's own, and so is what they are for.
const NEVER: [&str; 7] = [
    INCLUDE,
    "aws_access_key_id",
    "aws_account_id",
    "aws_credential_expiration",
    "aws_secret_access_key",
    "aws_security_token",
    "aws_session_token",
];

/// A mistake in a chain of included profiles.
#[derive(Debug, Clone)]
pub enum Problem {
    /// There is no such profile.
    Missing {
        /// The profile that includes it.
        by: String,
        /// Its name.
        name: String,
        /// The line that names it.
        at: Location,
    },
    /// It leads back to a profile of the chain.
    Circle {
        /// The profiles in order; the last one is that which was there before.
        names: Vec<String>,
        /// The line that leads back.
        at: Location,
    },
}

/// Whether a profile takes this key from those that it includes.
pub(crate) fn is_taken(key: &str) -> bool {
    !NEVER.contains(&key)
}
