//! Tells aws-auth's own files apart by their names.

use crate::system::private_files;

/// The kinds of files that aws-auth may remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnFile {
    /// A role entry, bounded or not, or what a credential_process printed.
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
        let is_key = |key: &str| key.len() == 40 && key.bytes().all(|b| b.is_ascii_hexdigit());
        let keyed = |prefix: &str| {
            let keys = name.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(".json"));
            // The name of a bounded role has two keys.
            keys.is_some_and(|keys| keys.splitn(if prefix == "role-" { 2 } else { 1 }, '-').all(is_key))
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
