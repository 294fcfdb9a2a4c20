//! Which files of aws-auth's own directory are what, as their names tell.

use crate::system::private_files;

/// What a file of our own is, as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnFile {
    /// A session or role entry.
    Credentials,
    /// The codes that a device has sent.
    Codes,
    /// What a run that was killed left behind.
    HalfWritten,
}

impl OwnFile {
    /// `None` for a file that cannot be told to be ours.
    pub fn of(path: &std::path::Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let keyed = |prefix: &str| {
            name.strip_prefix(prefix)
                .and_then(|rest| rest.strip_suffix(".json"))
                .is_some_and(|key| key.len() == 40 && key.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        if keyed("session-") || keyed("role-") {
            Some(Self::Credentials)
        } else if keyed("codes-") {
            Some(Self::Codes)
        } else {
            (name.starts_with(private_files::HALF.0) && name.ends_with(private_files::HALF.1))
                .then_some(Self::HalfWritten)
        }
    }
}
