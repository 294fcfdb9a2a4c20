//! Which profiles were picked lately, and when: nothing else is kept of them.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use crate::context::Context;
use crate::system::directories::Whose;
use crate::system::private_files;
use crate::time::Timestamp;

/// The file in aws-auth's directory for what lasts.
const FILE: &str = "picked";

/// How many profiles are remembered.
const MOST: usize = 200;

/// The profiles with the times of their last choice, in seconds since 1970.
pub(crate) struct History {
    path: Option<PathBuf>,
    picked: HashMap<String, i64>,
}

impl History {
    /// Reads it; empty if there is none, or with `--no-cache`.
    pub(crate) fn read(context: &Context<'_>) -> Self {
        let is_kept = !context.request.cache.off && context.store.writable();
        let path = context.snapshot.lasting_state_dir().filter(|_| is_kept).map(|dir| dir.join(FILE));
        let contents = path.as_ref().and_then(|path| private_files::read(path));
        let text = contents.map(|contents| String::from_utf8_lossy(&contents.bytes).into_owned()).unwrap_or_default();
        let entry = |line: &str| {
            let (time, name) = line.split_once(' ')?;
            Some((name.to_owned(), time.parse().ok()?))
        };
        Self { path, picked: text.lines().filter_map(entry).collect() }
    }

    /// When this profile was picked last; 0 if it was not.
    pub(crate) fn last(&self, profile: &str) -> i64 {
        self.picked.get(profile).copied().unwrap_or_default()
    }

    /// Remembers that this profile was picked. A failure to write is no reason to stop.
    pub(crate) fn add(mut self, profile: &str, now: Timestamp, context: &Context<'_>) {
        let Some(path) = &self.path else { return };
        self.picked.insert(profile.to_owned(), now.unix());
        let mut all: Vec<(&String, &i64)> = self.picked.iter().collect();
        all.sort_by(|(name, time), (other, other_time)| other_time.cmp(time).then(name.cmp(other)));
        let mut text = String::new();
        for (name, time) in all.iter().take(MOST) {
            let _ = writeln!(text, "{time} {name}");
        }
        if let Err(error) = private_files::write(path, text.as_bytes(), Whose::Own) {
            let words = crate::error::io_words(&error);
            context.messages.step(|| format!("cannot keep which profile was picked ({words})"));
        }
    }
}
