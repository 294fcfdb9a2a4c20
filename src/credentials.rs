//! Credentials, and how long they are good for.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};
use crate::time::{Length, Timestamp};

/// A text that must not be seen: it has no Debug, Display or Serialize that shows it, and is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Every use of it is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Zeroize for Secret {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

/// A key pair, with a session token and an end when it is temporary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA…` for long-term keys, `ASIA…` for temporary ones. No secret: CloudTrail shows it.
    pub access_key_id: String,
    /// The key that signs.
    pub secret_access_key: Secret,
    /// Present with temporary credentials.
    pub session_token: Option<Secret>,
    /// When they end; absent for long-term keys and where the provider does not say.
    pub expiration: Option<Timestamp>,
    /// The account they belong to, where it is known.
    pub account_id: Option<String>,
}

impl Credentials {
    /// The credentials, if they can be passed on. A line end in one of them would begin a line of its own in a file or
    /// in a shell, and a NUL ends a variable of the environment. `giver` begins the error, which shows none of them.
    ///
    /// An expiration that cannot be written as a time, such as the year 9999 that stands for never, becomes the last one
    /// that can.
    ///
    /// # Errors
    /// A control character in any part.
    pub fn checked(mut self, giver: &str) -> Result<Self> {
        let parts = [
            ("access key id", Some(self.access_key_id.as_str())),
            ("secret access key", Some(self.secret_access_key.expose())),
            ("session token", self.session_token.as_ref().map(Secret::expose)),
            ("account id", self.account_id.as_deref()),
        ];
        for (name, text) in parts {
            if text.is_some_and(|text| text.contains(char::is_control)) {
                return Err(Error::new(format!("{giver} gave credentials with a control character in the {name}"))
                    .advise("each part is one word without a line end"));
            }
        }
        self.expiration = self.expiration.map(|end| end.min(Timestamp::LAST));
        Ok(self)
    }

    /// Seconds left at `now`; `None` when they do not expire.
    pub fn left(&self, now: Timestamp) -> Option<Length> {
        self.expiration.map(|end| end - now)
    }
}
