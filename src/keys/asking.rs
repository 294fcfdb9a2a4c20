//! What the keyring is asked with, and how long it may take.

use std::time::Duration;

use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::messages::Messages;
use crate::system::held_locks::HeldLocks;
use crate::time::Length;

/// The service that keys are stored under.
pub(crate) const SERVICE: &str = "aws-auth";

/// How long the keyring may take for an answer; its program may have to be started for it.
const ANSWER: Duration = Duration::from_secs(10);

/// How long a person may take to unlock it. An SDK may end a `credential_process` after a minute.
const DIALOG: Duration = Duration::from_secs(55);

/// How long the keyring may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For an answer.
    pub answer: Duration,
    /// For a dialog that asks a person.
    pub dialog: Duration,
}

impl Limits {
    /// Ten seconds for an answer and 55 for a person. If AWS_AUTH_PROCESS_TIMEOUT is set, that is the limit for both,
    /// because the keyring stands in the place of a `credential_process`.
    ///
    /// # Errors
    /// Returns an error if the variable holds no time from 1s to 1h.
    pub fn new(snapshot: &Snapshot) -> Result<Self> {
        let Some(text) = snapshot.text("AWS_AUTH_PROCESS_TIMEOUT")? else {
            return Ok(Self { answer: ANSWER, dialog: DIALOG });
        };
        let length = Length::parse(text).filter(|limit| (Length::seconds(1)..=Length::hours(1)).contains(limit));
        let limit = length.map(Length::to_duration).ok_or_else(|| {
            Error::new(format!("AWS_AUTH_PROCESS_TIMEOUT is '{text}'")).advise("write a time from 1s to 1h: 90, 5m")
        })?;
        Ok(Self { answer: limit.min(ANSWER), dialog: limit })
    }
}

/// What the keyring is asked with.
pub struct Asking<'a> {
    /// The environment, which names the bus.
    pub snapshot: &'a Snapshot,
    /// The locks that are released while the process is stopped.
    pub locks: &'a HeldLocks,
    /// Where a person is told that a dialog waits.
    pub messages: Option<&'a Messages>,
    /// How long it may take.
    pub limits: Limits,
}
