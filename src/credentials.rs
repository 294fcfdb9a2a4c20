//! Credentials, and how long they are valid.

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};
use crate::time::{Length, Timestamp};

/// Text that must not be shown. It has no Display or Serialize, its Debug hides the text, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes ownership of the text, so that no other copy is left.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Review every use of it.
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

/// A key pair, with a session token and an expiration if it is temporary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `AKIA…` for long-term keys, `ASIA…` for temporary ones. It is not secret: CloudTrail shows it.
    pub access_key_id: String,
    /// The key that signs requests.
    pub secret_access_key: Secret,
    /// Present if the credentials are temporary.
    pub session_token: Option<Secret>,
    /// When they expire; absent for long-term keys and if the provider does not say.
    pub expiration: Option<Timestamp>,
    /// The account that they belong to, if it is known.
    pub account_id: Option<String>,
}

impl Credentials {
    /// The credentials, if they are safe to pass on. A line break in a part would start a new line in a file or a
    /// shell, and a NUL would end the environment variable. `giver` begins the error, which shows no part of them.
    ///
    /// An expiration that is too late to be written, such as the year 9999 that some providers use for "never", becomes
    /// [`Timestamp::LAST`].
    ///
    /// # Errors
    /// Returns an error if any part contains a control character.
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
                    .advise("each part must be one word without a line break"));
            }
        }
        self.expiration = self.expiration.map(|end| end.min(Timestamp::LAST));
        Ok(self)
    }

    /// The time left at `now`, negative after the expiration; `None` if they do not expire.
    pub fn left(&self, now: Timestamp) -> Option<Length> {
        self.expiration.map(|end| end - now)
    }
}
