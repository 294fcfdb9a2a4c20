//! Renewals: of the outer run's keys, and by a command that renews its credentials by itself (`--keep-fresh`).

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

/// How long a renewal waits unless AWS_AUTH_RENEWAL_TIMEOUT says otherwise: behind the SDK that asks, the command waits
/// too.
const DEFAULT_RENEWAL_PATIENCE: Length = Length::minutes(2);

/// What is asked about renewing.
#[derive(Debug)]
pub struct KeepFresh {
    /// `--keep-fresh`.
    pub asked: bool,
    /// The options that a renewal by the command is to have too, as they stand on a command line; never a code.
    pub options: Vec<String>,
    /// Whether this run is below one whose command renews its credentials by itself.
    pub is_below: bool,
    /// The renewal that this run is: the SDK of a running command waits for the answer.
    pub renewal: Option<Renewal>,
}

impl KeepFresh {
    pub(crate) fn new(cli: &Cli, action: Action, snapshot: &Snapshot) -> Result<Self> {
        Ok(Self {
            asked: cli.keep_fresh,
            options: travelling(cli),
            is_below: snapshot.renewing_command.is_some(),
            renewal: renewal(action, snapshot)?,
        })
    }
}

/// A run that the SDK of a command began, to get new credentials for it (`--keep-fresh`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The command's name, as it was typed.
    pub command: String,
    /// How long it may wait for a person or another process: AWS_AUTH_RENEWAL_TIMEOUT.
    pub patience: Duration,
}

impl Renewal {
    /// Who needs what a renewal asks for, for the line above its question.
    pub fn asked_by(&self) -> String {
        format!("aws-auth: {}, which is running, needs new credentials", self.command)
    }
}

/// The profile of the outer run, where this one names none and cannot do with what the environment holds: its keys are
/// about to end, so that a long `aws-auth make` whose recipes call aws-auth goes on working; or the outer run's command
/// renews its credentials by itself, and there are no keys at all.
pub(crate) fn outer_profile(
    cli: &Cli,
    action: Action,
    snapshot: &Snapshot,
    keys: &EnvironmentKeys,
    set_before: &[(String, String)],
    min_ttl: Length,
    now: Timestamp,
) -> Result<Option<Chosen>> {
    let Some(profile) = snapshot.text("AWS_AUTH_PROFILE")? else { return Ok(None) };
    let wanted = match keys {
        EnvironmentKeys::Partial => false,
        // A command goes on with what leads its SDK to fresh credentials.
        EnvironmentKeys::Absent => {
            snapshot.renewing_command.is_some() && (!action.runs_command() || cli.role_arn.is_some())
        }
        EnvironmentKeys::Present { access_key_id, .. } => {
            let ours = set_before.iter().any(|(name, value)| name == "AWS_ACCESS_KEY_ID" && value == access_key_id);
            let end = snapshot.text("AWS_CREDENTIAL_EXPIRATION")?.and_then(Timestamp::parse);
            // A status is that of the keys which are there, however little they have left.
            ours && cli.role_arn.is_none()
                && action != Action::Status
                && (cli.keep_fresh || end.is_some_and(|end| end - now < min_ttl))
        }
    };
    Ok(wanted.then(|| Chosen { name: profile.to_owned(), by: RENEWED }))
}

/// Whether the SDK of a command above asks, and how long it is to wait.
fn renewal(action: Action, snapshot: &Snapshot) -> Result<Option<Renewal>> {
    let Some(above) = snapshot.renewing_command.as_ref().filter(|_| action == Action::Export(Format::Json)) else {
        return Ok(None);
    };
    let patience = length_within(snapshot, "AWS_AUTH_RENEWAL_TIMEOUT")?.unwrap_or(DEFAULT_RENEWAL_PATIENCE);
    Ok(Some(Renewal { command: above.command.clone(), patience: patience.to_duration() }))
}

/// The options that a renewal has to have for the same credentials. What came from a variable reaches it as one: it
/// must not appear in the list of processes.
fn travelling(cli: &Cli) -> Vec<String> {
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
    for (name, asked) in [("--no-mfa-session", cli.no_mfa_session), ("--no-cache", cli.no_cache)] {
        options.extend(asked.then(|| name.to_owned()));
    }
    options
}
