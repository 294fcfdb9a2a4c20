//! Options about long-term keys.

use crate::cli::options::Cli;
use crate::env::snapshot::Snapshot;
use crate::error::Result;
use crate::request::lengths::length_within;
use crate::time::Length;

/// Options about long-term keys, and about changes of the two files.
#[derive(Debug)]
pub struct KeyOptions {
    /// `--from`: the file with new keys, or for `--setup` with the team's profiles; `-` is stdin.
    pub from: Option<String>,
    /// `--keep-old`: old keys are deactivated and not deleted.
    pub keep_old: bool,
    /// The name of the MFA device in `--register-mfa=NAME`.
    pub device_name: Option<String>,
    /// How long `--rotate-keys` waits until new keys are known: AWS_AUTH_KEYS_TIMEOUT, else a minute.
    pub known_within: Length,
    /// Whether a person is asked before anything is written. Of the actions that change the two files, `--setup` asks.
    pub asks_before: bool,
    /// `--dry-run`: only show what would change.
    pub dry_run: bool,
    /// The session in `--sync-sso=SESSION`; `None` if none was named.
    pub sync_session: Option<String>,
    /// How long `--sync-sso` repeats a call that the service throttles: AWS_AUTH_SYNC_TIMEOUT, else a minute.
    pub listing_patience: Length,
    /// `--prune`: profiles whose role is gone are removed.
    pub prune: bool,
}

impl KeyOptions {
    pub(crate) fn new(cli: &Cli, snapshot: &Snapshot) -> Result<Self> {
        // A run from the cache does not look for the variable.
        let known_within = if cli.rotate_keys { length_within(snapshot, "AWS_AUTH_KEYS_TIMEOUT")? } else { None };
        let listing_patience =
            if cli.sync_sso.is_some() { length_within(snapshot, "AWS_AUTH_SYNC_TIMEOUT")? } else { None };
        Ok(Self {
            from: cli.from.clone(),
            keep_old: cli.keep_old,
            device_name: cli.register_mfa.clone().filter(|name| !name.is_empty()),
            known_within: known_within.unwrap_or(Length::minutes(1)),
            asks_before: cli.setup,
            dry_run: cli.dry_run,
            sync_session: cli.sync_sso.clone().filter(|name| !name.is_empty()),
            listing_patience: listing_patience.unwrap_or(Length::minutes(1)),
            prune: cli.prune,
        })
    }
}
