//! `mfa_process`: a program that prints an MFA code.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use crate::credentials::Secret;
use crate::env::ancestors;
use crate::env::snapshot::{Snapshot, is_credential};
use crate::error::{Error, Result, io_words};
use crate::mfa::code::six_digits;
use crate::system::held_locks::HeldLocks;
use crate::system::subprocess;
use crate::system::subprocess::{End, Helper, Trouble, Words};
use crate::text::shell_words::split_words;
use crate::time::Length;

/// How long the command may run.
const LIMIT: Duration = Duration::from_mins(1);

/// What the command printed.
pub(crate) struct Printed {
    /// The six digits.
    pub digits: Secret,
    /// Whether this process was stopped meanwhile and lost its lock to another process.
    pub resumed: bool,
}

/// Runs the command that prints a code. It is split like a shell command but run without a shell. It may use the
/// terminal, but it does not get the AWS keys of our environment. Its stderr is passed on, because it may ask the user
/// to touch a security key.
///
/// # Errors
/// Returns an error if the command cannot be run, fails, takes too long, or prints something other than a code.
pub(crate) fn run(command: &str, snapshot: &Snapshot, profile: &str, locks: &HeldLocks) -> Result<Printed> {
    let fail = |words: String| Error::new(format!("mfa_process {words}"));
    let words = split_words(command).map_err(|_| fail(String::from("has an unbalanced quote")))?;
    let Some((program, arguments)) = words.split_first() else { return Err(fail(String::from("is empty"))) };
    let helper = Helper {
        program,
        arguments,
        environment: ancestors::environment_for(snapshot, profile, is_credential),
        stderr: Words::Inherit,
        limit: LIMIT,
    };
    let finished =
        subprocess::run(helper, locks).map_err(|trouble| fail(format!("'{program}' {}", in_words(&trouble))))?;
    let status = match finished.end {
        End::Status(0) => None,
        End::Status(status) => Some(ExitStatus::from_raw(status << 8)),
        End::Signal(signal) => Some(ExitStatus::from_raw(signal)),
    };
    if let Some(status) = status {
        return Err(fail(format!("'{program}' failed ({status})")));
    }
    let digits = six_digits(&String::from_utf8_lossy(&finished.stdout));
    let digits = digits.ok_or_else(|| fail(format!("'{program}' printed something other than six digits")))?;
    Ok(Printed { digits, resumed: finished.resumed })
}

fn in_words(trouble: &Trouble) -> String {
    match trouble {
        Trouble::NotStarted(error) => format!("cannot be run ({})", io_words(error)),
        Trouble::Lost(error) => format!("was lost ({})", io_words(error)),
        Trouble::TooSlow => {
            format!("did not print a code within {}", Length::of(LIMIT))
        }
        Trouble::TooMuch => String::from("printed something other than six digits"),
        Trouble::NoTerminal => String::from("needs the terminal, which another job is using"),
    }
}
