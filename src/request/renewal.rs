//! Renewals of an outer run's keys, and of a command's credentials with `--keep-fresh` (docs/design.md, "Nested runs"
//! and "Renewals: --keep-fresh").

use std::time::Duration;

use crate::cli::action::Action;
use crate::cli::formats::Format;
use crate::cli::options::Cli;
use crate::env::snapshot::Snapshot;
use crate::error::Result;
use crate::request::caller::EnvironmentKeys;
use crate::request::lengths::length_within;
use crate::request::profile::{Chosen, RENEWED};
use crate::time::{Length, Timestamp};

/// How long a renewal waits if AWS_AUTH_RENEWAL_TIMEOUT is not set. The command waits for its SDK all that time.
const DEFAULT_RENEWAL_PATIENCE: Length = Length::minutes(2);

/// Renewals: what the options ask for, and what this run is part of.
#[derive(Debug)]
pub struct KeepFresh {
    /// `--keep-fresh`.
    pub asked: bool,
    /// The options that renewals repeat, as words of a command line. They never hold a code.
    pub options: Vec<String>,
    /// Whether this run is below a run with `--keep-fresh`.
    pub is_below: bool,
    /// Set if this run is a renewal: the SDK of a running command waits for its output.
    pub renewal: Option<Renewal>,
}

impl KeepFresh {
    pub(crate) fn new(cli: &Cli, action: Action, snapshot: &Snapshot) -> Result<Self> {
        Ok(Self {
            asked: cli.keep_fresh,
            options: repeated_options(cli),
            is_below: snapshot.renewing_command().is_some(),
            renewal: renewal(action, snapshot)?,
        })
    }
}

/// A run that the SDK of a running command started to get new credentials (`--keep-fresh`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The command's name, as it was typed.
    pub command: String,
    /// How long it may wait for a person or another process: AWS_AUTH_RENEWAL_TIMEOUT.
    pub patience: Duration,
}

impl Renewal {
    /// The line above a renewal's prompt, which says for which command it asks.
    pub fn asked_by(&self) -> String {
        format!("aws-auth: {}, which is running, needs new credentials", self.command)
    }
}

/// What the profile of the outer run depends on.
pub(crate) struct Asked<'c> {
    pub(crate) cli: &'c Cli,
    pub(crate) action: Action,
    /// Whether the options bound the session: then the keys of the outer run do not serve.
    pub(crate) is_bounded: bool,
}

/// The profile of the outer run, if this run names none and the environment is not enough. That is so if the outer
/// run's keys are about to expire (a long `aws-auth make` whose recipes call aws-auth goes on working), or if there are
/// no keys because the outer run has `--keep-fresh`.
pub(crate) fn outer_profile(
    asked: &Asked<'_>,
    snapshot: &Snapshot,
    keys: &EnvironmentKeys,
    set_before: &[(String, String)],
    min_ttl: Length,
    now: Timestamp,
) -> Result<Option<Chosen>> {
    let Some(profile) = snapshot.text("AWS_AUTH_PROFILE")? else { return Ok(None) };
    let Asked { cli, action, is_bounded } = *asked;
    let wanted = match keys {
        EnvironmentKeys::Partial => false,
        // A command keeps the variables that lead its SDK to fresh credentials.
        EnvironmentKeys::Absent => {
            snapshot.renewing_command().is_some() && (!action.runs_command() || cli.role_arn.is_some() || is_bounded)
        }
        EnvironmentKeys::Present { .. } => {
            let end = snapshot.text("AWS_CREDENTIAL_EXPIRATION")?.and_then(Timestamp::parse);
            // `--status` reports on the keys that are there, even if they are about to expire.
            keys.are_of(set_before)
                && cli.role_arn.is_none()
                && (is_bounded || action != Action::Status)
                && (is_bounded || cli.keep_fresh || end.is_some_and(|end| end - now < min_ttl))
        }
    };
    Ok(wanted.then(|| Chosen { name: profile.to_owned(), by: RENEWED }))
}

/// The renewal that this run is. An SDK starts it with `--export=json`, below a run with `--keep-fresh`.
fn renewal(action: Action, snapshot: &Snapshot) -> Result<Option<Renewal>> {
    let Some(command) = snapshot.renewing_command().filter(|_| action == Action::Export(Format::Json)) else {
        return Ok(None);
    };
    let patience = length_within(snapshot, "AWS_AUTH_RENEWAL_TIMEOUT")?.unwrap_or(DEFAULT_RENEWAL_PATIENCE);
    Ok(Some(Renewal { command: command.to_owned(), patience: patience.to_duration() }))
}

/// The options that a renewal needs to get the same credentials. Values from variables are not repeated: renewals see
/// the variables too, and the values must not show in the process list.
fn repeated_options(cli: &Cli) -> Vec<String> {
    let mut options = Vec::new();
    let values = [
        ("--region", &cli.region),
        ("--duration", &cli.duration),
        ("--min-ttl", &cli.min_ttl),
        ("--mfa-process", &cli.mfa_process),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            options.extend([name.to_owned(), value.clone()]);
        }
    }
    let switches = [("--no-mfa-session", cli.no_mfa_session), ("--no-cache", cli.no_cache), ("--quiet", cli.quiet)];
    for (name, asked) in switches {
        options.extend(asked.then(|| name.to_owned()));
    }
    options
}
