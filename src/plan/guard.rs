//! The guard: `aws_auth_confirm` in a profile makes aws-auth ask before it starts a command (docs/guard.md).

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::Location;
use crate::error::{Error, Result};

/// The key in a profile.
const KEY: &str = "aws_auth_confirm";

/// When aws-auth asks before it starts a command with this profile's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// Before which commands.
    pub before: Before,
    /// The line that says so.
    pub at: Location,
}

/// The commands before which a guard asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// Every one.
    Any,
    /// Those with one of these words: as an argument, or as the name of the program.
    Words(Vec<String>),
}

impl Guard {
    /// The guard of a profile; `None` if it has none. A guard of a source does not count.
    ///
    /// # Errors
    /// Returns an error if the value says neither yes, no, nor any word. A guard must not be lost to a typing error.
    pub(crate) fn of(set: &ProfileSet<'_>, profile: &Profile<'_>) -> Result<Option<Self>> {
        let Some(value) = profile.get(KEY) else { return Ok(None) };
        let words: Vec<String> =
            value.text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty()).map(String::from).collect();
        let before = match words.as_slice() {
            [] => {
                return Err(Error::new(format!("{}: {KEY} is empty", set.place(value.at)))
                    .advise("write yes, no, or the words before which to ask: apply, destroy"));
            }
            [word] if is_one_of(word, ["no", "false", "off", "0"]) => return Ok(None),
            [word] if is_one_of(word, ["yes", "true", "on", "1"]) => Before::Any,
            _ => Before::Words(words),
        };
        Ok(Some(Self { before, at: value.at }))
    }

    /// Whether it asks before this command, given as the program and its arguments.
    pub fn covers(&self, command: &[OsString]) -> bool {
        let Before::Words(words) = &self.before else { return true };
        let is_word = |text: &OsStr| words.iter().any(|word| text == OsStr::new(word));
        let program = command.first().and_then(|program| Path::new(program).file_name());
        command.iter().any(|argument| is_word(argument)) || program.is_some_and(is_word)
    }

    /// When it asks, to follow `asks on the terminal before `.
    pub fn words(&self) -> String {
        match &self.before {
            Before::Any => String::from("each command"),
            Before::Words(words) => match words.as_slice() {
                [one] => format!("a command with {one}"),
                [others @ .., last] => format!("a command with {} or {last}", others.join(", ")),
                [] => String::from("no command"),
            },
        }
    }
}

fn is_one_of(word: &str, known: [&str; 4]) -> bool {
    known.iter().any(|known| word.eq_ignore_ascii_case(known))
}
