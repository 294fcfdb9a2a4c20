//! Runs a program that a profile names, and says what was wrong with it.

use zeroize::Zeroizing;

use crate::context::Context;
use crate::env::ancestors;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result, io_words};
use crate::system::subprocess;
use crate::system::subprocess::{End, Finished, Helper, Trouble, Words};
use crate::text::escape::some_words;
use crate::text::shell_words::split_words;
use crate::time::Length;

/// The time limit for a program, unless AWS_AUTH_PROCESS_TIMEOUT sets another one.
const DEFAULT_TIME_LIMIT: Length = Length::seconds(60);

/// A program that a profile names in one of its keys.
pub(crate) struct Program<'a> {
    /// The key, for example `credential_process`.
    pub key: &'static str,
    /// The value of the key.
    pub command: &'a str,
    /// The profile.
    pub profile: &'a str,
    /// What the program must print, for advice.
    pub prints: &'static str,
}

/// What a program printed.
pub(crate) struct Printed {
    /// Its stdout. It may hold secrets.
    pub stdout: Zeroizing<Vec<u8>>,
    /// The profile, the key and the program, to begin an error with.
    pub about: String,
}

impl Program<'_> {
    /// Runs the program without a shell. `about` begins an error.
    ///
    /// # Errors
    /// Returns an error if the program cannot be run, fails, takes too long or prints too much.
    pub(crate) fn run(&self, context: &Context<'_>, about: &str) -> Result<Printed> {
        let about = format!("{about}: {}", self.key);
        let words = split_words(self.command).map_err(|_| {
            Error::new(format!("{about} has a quote that is not closed"))
                .advise("close it, or write \\\" for the character itself")
        })?;
        let Some((program, arguments)) = words.split_first() else {
            return Err(Error::new(format!("{about} is empty")).advise("write the command there, or remove the line"));
        };
        let about = format!("{about} '{program}'");
        let limit = limit(context.snapshot)?;
        context.messages.step(|| format!("running {program}"));
        // Like the AWS CLI, pass on the caller's environment with its keys. Only the MFA code is not for the process.
        let withheld = |name: &[u8]| name == b"AWS_AUTH_MFA_TOKEN";
        let helper = Helper {
            program,
            arguments,
            environment: ancestors::environment_for(context.snapshot, self.profile, withheld),
            stderr: Words::Capture,
            limit: limit.to_duration(),
        };
        let finished =
            subprocess::run(helper, &context.locks).map_err(|trouble| self.in_words(&about, &trouble, limit))?;
        if finished.end != End::Status(0) {
            return Err(failed(&about, &finished));
        }
        Ok(Printed { stdout: finished.stdout, about })
    }

    fn in_words(&self, about: &str, trouble: &Trouble, limit: Length) -> Error {
        match trouble {
            Trouble::NotStarted(error) => Error::new(format!("{about} cannot be run ({})", io_words(error)))
                .advise("it is run without a shell: write a program's full path, or sh -c '...'"),
            Trouble::Lost(error) => Error::new(format!("{about} was lost ({})", io_words(error))).advise("try again"),
            Trouble::TooSlow => Error::new(format!("{about} did not finish within {limit} and was stopped"))
                .advise("run it by hand to see what it waits for; AWS_AUTH_PROCESS_TIMEOUT gives it more time"),
            Trouble::TooMuch => Error::new(format!("{about} printed too much and was stopped"))
                .advise(format!("run it by hand; it must print {}", self.prints)),
            Trouble::NoTerminal => Error::new(format!("{about} needs the terminal, which another job is using"))
                .advise("run the command in the foreground"),
        }
    }
}

fn limit(snapshot: &Snapshot) -> Result<Length> {
    match snapshot.text("AWS_AUTH_PROCESS_TIMEOUT")? {
        None => Ok(DEFAULT_TIME_LIMIT),
        Some(text) => Length::parse(text)
            .filter(|limit| (Length::seconds(1)..=Length::hours(1)).contains(limit))
            .ok_or_else(|| {
                Error::new(format!("AWS_AUTH_PROCESS_TIMEOUT is '{text}'")).advise("write a time from 1s to 1h: 90, 5m")
            }),
    }
}

/// The error for a program that failed. It shows the program's stderr, but never its stdout, which may hold secrets.
fn failed(about: &str, finished: &Finished) -> Error {
    let how = match finished.end {
        End::Status(status) => format!("exit status {status}"),
        End::Signal(signal) => format!("signal {signal}"),
    };
    let words = some_words(&String::from_utf8_lossy(&finished.stderr));
    if words.is_empty() {
        Error::new(format!("{about} failed ({how}) and printed no error message")).advise("run it by hand to see why")
    } else {
        Error::new(format!("{about} failed ({how})")).quote(words)
    }
}
