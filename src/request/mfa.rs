//! Options about MFA: sessions, and where codes come from.

use std::ops::RangeInclusive;

use crate::cli::options::Cli;
use crate::credentials::Secret;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::request::lengths::not_a_time;
use crate::time::Length;

/// The shortest and the longest MFA session that STS gives.
const SESSION_LENGTHS: RangeInclusive<Length> = Length::minutes(15)..=Length::hours(36);

/// Whether there is an MFA session, and its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionLength {
    /// No session: each role takes a code, as with the AWS CLI.
    Off,
    /// A session of this length.
    For(Length),
}

/// A command that prints a code.
#[derive(Debug, Clone)]
pub enum MfaProcess {
    /// From `--mfa-process`.
    Option(String),
    /// From AWS_AUTH_MFA_PROCESS.
    Variable(String),
}

/// Options about MFA.
#[derive(Debug)]
pub struct MfaOptions {
    /// `--no-mfa-session` or AWS_AUTH_MFA_SESSION; `None` leaves it to the profile.
    pub session: Option<SessionLength>,
    /// `--mfa-token`.
    pub code_option: Option<Secret>,
    /// AWS_AUTH_MFA_TOKEN.
    pub code_variable: Option<Secret>,
    /// A command that prints a code.
    pub process: Option<MfaProcess>,
}

impl MfaOptions {
    pub(crate) fn new(cli: &Cli, snapshot: &Snapshot) -> Result<Self> {
        Ok(Self {
            session: session(cli, snapshot)?,
            code_option: cli.mfa_token.clone().map(Secret::new),
            code_variable: snapshot.text("AWS_AUTH_MFA_TOKEN")?.map(|code| Secret::new(code.to_owned())),
            process: match &cli.mfa_process {
                Some(command) => Some(MfaProcess::Option(command.clone())),
                None => snapshot.text("AWS_AUTH_MFA_PROCESS")?.map(|text| MfaProcess::Variable(text.to_owned())),
            },
        })
    }
}

fn session(cli: &Cli, snapshot: &Snapshot) -> Result<Option<SessionLength>> {
    if cli.no_mfa_session {
        return Ok(Some(SessionLength::Off));
    }
    snapshot.text("AWS_AUTH_MFA_SESSION")?.map(|text| session_length(text, "AWS_AUTH_MFA_SESSION")).transpose()
}

/// Reads the length of an MFA session: `off`, or from 15m to 36h. `name` is where it was set,
/// for the error.
///
/// # Errors
/// Returns an error if the text is neither.
pub fn session_length(text: &str, name: &str) -> Result<SessionLength> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(SessionLength::Off);
    }
    let seconds = Length::parse(text).ok_or_else(|| not_a_time(name, text))?;
    if SESSION_LENGTHS.contains(&seconds) {
        Ok(SessionLength::For(seconds))
    } else {
        Err(Error::new(format!("{name} is '{text}'"))
            .advise("an MFA session lasts from 15m to 36h; write such a length, or off"))
    }
}
