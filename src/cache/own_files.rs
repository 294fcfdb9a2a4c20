//! Tells aws-auth's own files apart by their names.

use crate::system::private_files;

/// The kinds of files that aws-auth may remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnFile {
    /// A role entry, or what a credential_process printed.
    Credentials,
    /// An MFA session.
    Session,
    /// The used codes of a device.
    Codes,
    /// A temporary file: a run is writing it, or was killed while it did.
    HalfWritten,
}

impl OwnFile {
    /// The kind of file that has this name; `None` for any other file.
    pub fn of(path: &std::path::Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let keyed = |prefix: &str| {
            name.strip_prefix(prefix)
                .and_then(|rest| rest.strip_suffix(".json"))
                .is_some_and(|key| key.len() == 40 && key.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        if keyed("session-") {
            Some(Self::Session)
        } else if keyed("role-") || keyed("process-") {
            Some(Self::Credentials)
        } else if keyed("codes-") {
            Some(Self::Codes)
        } else {
            (name.starts_with(private_files::HALF.0) && name.ends_with(private_files::HALF.1))
                .then_some(Self::HalfWritten)
        }
    }
}
