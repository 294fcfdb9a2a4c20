//! Options about long-term keys.

use crate::cli::options::Cli;
use crate::env::snapshot::Snapshot;
use crate::error::Result;

/// Options about long-term keys, and about changes of the two files.
#[derive(Debug)]
pub struct KeyOptions {
    /// `--from`: the file with new keys; `-` is stdin.
    pub from: Option<String>,
    /// `--dry-run`: only show what would change.
    pub dry_run: bool,
    /// `--yes` or AWS_AUTH_YES: questions are answered with yes.
    pub yes: bool,
}

impl KeyOptions {
    pub(crate) fn new(cli: &Cli, snapshot: &Snapshot) -> Result<Self> {
        let yes = cli.yes || snapshot.switch("AWS_AUTH_YES")?;
        Ok(Self { from: cli.from.clone(), dry_run: cli.dry_run, yes })
    }
}
