//! The line of a profile whose keys are in a store: `credential_process = aws-auth --stored-keys ID`.

use std::ffi::OsStr;

use crate::command::exec;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::{Error, Result, io_words};
use crate::plan::stored::{self, OPTION, PROGRAM};
use crate::providers::process;
use crate::text::shell_words::shell_word;

/// The value of the line.
pub struct Line {
    /// The command line.
    pub value: String,
}

impl Line {
    /// The line for these keys. The path of the program is absolute, unless PATH finds this very binary.
    ///
    /// # Errors
    /// Returns an error if the path of this binary is not known, or cannot be written into such a line.
    pub fn new(access_key_id: &str, context: &Context<'_>) -> Result<Self> {
        let own = (context.snapshot.executable)().map_err(|error| {
            Error::new(format!("the path of aws-auth is not known ({})", io_words(&error)))
                .advise("run it by its whole path")
        })?;
        let found = exec::find(OsStr::new(PROGRAM), context.snapshot.var("PATH")).ok();
        let is_own = found.and_then(|path| path.canonicalize().ok()) == own.canonicalize().ok();
        let program = if is_own { Some(PROGRAM.to_owned()) } else { own.to_str().map(shell_word) };
        let value = program.map(|program| format!("{program} --{OPTION} {access_key_id}"));
        // Other programs split the line as well, and some of them not as a shell does.
        value.filter(|value| stored::key_id(value).is_some()).map(|value| Self { value }).ok_or_else(|| {
            Error::new(format!("{} cannot stand in a line of the config file", own.display()))
                .advise("install aws-auth under that name in a directory of PATH")
        })
    }

    /// Runs the line once, as an SDK would.
    ///
    /// # Errors
    /// Returns an error if it does not print these keys.
    pub fn proves(&self, keys: &Credentials, profile: &str, context: &Context<'_>) -> Result<()> {
        let given = process::fetch(&self.value, profile, context, &format!("profile '{profile}'"))?;
        if given.access_key_id == keys.access_key_id && given.secret_access_key == keys.secret_access_key {
            return Ok(());
        }
        Err(Error::new(format!("'{}' printed other keys than were stored", self.value))
            .advise("see whether another aws-auth is on PATH"))
    }
}
