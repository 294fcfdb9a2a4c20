//! What a rotation has begun, so that it can be killed at any step and run again. The file holds no secret.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, io_words};
use crate::system::directories::Whose;
use crate::system::private_files;
use crate::time::{Length, Timestamp};

/// How much the clocks of this machine and of AWS may differ. STS accepts no more.
const SKEW: Length = Length::minutes(15);

/// A rotation that was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Intent {
    /// The id of the keys that are replaced.
    pub old: String,
    /// The id of the new keys, once they are stored.
    pub new: Option<String>,
    begun: String,
}

/// The noted rotations.
pub struct Intents {
    directory: PathBuf,
}

impl Intents {
    /// Those in aws-auth's own directory for what must outlast the caches.
    pub fn in_directory(directory: &Path) -> Self {
        Self { directory: directory.to_owned() }
    }

    /// The rotation from or to these keys.
    pub fn of_keys(&self, access_key_id: &str) -> Option<Intent> {
        let is_intent = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.strip_prefix("rotation-").is_some_and(|rest| rest.strip_suffix(".json").is_some())
        };
        let paths = private_files::list(&self.directory).unwrap_or_default();
        let mut intents = paths.iter().filter(|path| is_intent(path)).filter_map(|path| {
            let contents = private_files::read(path)?;
            serde_json::from_slice::<Intent>(&contents.bytes).ok()
        });
        let is_of_keys = |intent: &Intent| intent.old == access_key_id || intent.new.as_deref() == Some(access_key_id);
        intents.rfind(is_of_keys)
    }

    /// Notes a rotation before it does anything.
    ///
    /// # Errors
    /// Returns an error if it cannot be noted. Nothing may be done then.
    pub fn begin(&self, old: &str, now: Timestamp) -> Result<Intent> {
        let intent = Intent { old: old.to_owned(), new: None, begun: now.iso8601() };
        self.note(&intent)?;
        Ok(intent)
    }

    /// Notes how far a rotation has come.
    ///
    /// # Errors
    /// Returns an error if it cannot be noted.
    pub fn note(&self, intent: &Intent) -> Result<()> {
        let path = self.path(intent);
        let written = serde_json::to_vec(intent)
            .map_err(std::io::Error::from)
            .and_then(|bytes| private_files::write(&path, &bytes, Whose::Own));
        written.map_err(|error| {
            Error::new(format!("cannot note the rotation in {} ({})", self.directory.display(), io_words(&error)))
                .advise("make room there, or set XDG_STATE_HOME to another directory")
        })
    }

    /// Forgets a rotation that is over.
    pub fn end(&self, intent: &Intent) {
        let _ = std::fs::remove_file(self.path(intent));
    }

    fn path(&self, intent: &Intent) -> PathBuf {
        self.directory.join(format!("rotation-{}.json", intent.old))
    }
}

impl Intent {
    /// Whether keys of this age may be those that this rotation made.
    pub fn may_have_made(&self, created: Option<Timestamp>) -> bool {
        let begun = Timestamp::parse(&self.begun);
        created.zip(begun).is_some_and(|(created, begun)| created + SKEW >= begun)
    }
}

#[cfg(test)]
mod tests {
    use super::{Intent, Intents};
    use crate::time::{Length, Timestamp};

    #[test]
    fn an_intent_is_found_by_both_keys_and_only_keys_made_since_are_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let intents = Intents::in_directory(&directory.path().join("aws-auth"));
        let begun = Timestamp::from_unix(1_764_000_000);
        let mut intent = intents.begin("AKIAOLD", begun).unwrap();
        assert_eq!(intents.of_keys("AKIAOLD"), Some(intent.clone()));
        assert_eq!(intents.of_keys("AKIANEW"), None);
        intent.new = Some(String::from("AKIANEW"));
        intents.note(&intent).unwrap();
        assert_eq!(intents.of_keys("AKIANEW"), Some(intent.clone()));
        for (created, is_own) in [(Some(begun), true), (Some(begun + Length::hours(1)), true), (None, false)] {
            assert_eq!(intent.may_have_made(created), is_own);
        }
        assert!(!intent.may_have_made(Some(Timestamp::from_unix(begun.unix() - 3600))));
        intents.end(&intent);
        assert_eq!(intents.of_keys("AKIAOLD"), None::<Intent>);
    }
}
