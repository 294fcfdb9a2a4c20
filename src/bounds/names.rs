//! The names of a session: RoleSessionName and SourceIdentity.

use crate::error::{Error, Result};

/// Checks a role session name or a source identity: both have 2 to 64 letters, digits and `_+=,.@-`. `origin` is the
/// option, or the place and the key, for the error.
///
/// # Errors
/// Returns an error if STS would not take it.
pub fn checked(text: &str, origin: &str) -> Result<String> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if (2..=64).contains(&text.len()) && text.chars().all(is_legal) {
        return Ok(text.to_owned());
    }
    Err(Error::new(format!("{origin}: '{text}' is not a name that STS takes"))
        .advise("write 2 to 64 letters, digits or _+=,.@-"))
}
