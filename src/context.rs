//! What carrying a plan out needs beside the plan.

use crate::cache::store::Store;
use crate::config::profiles::ProfileSet;
use crate::env::snapshot::Snapshot;
use crate::messages::Messages;
use crate::request::Request;

/// Everything that carrying out needs beside the plan.
pub struct Context<'a> {
    /// What was asked for.
    pub request: &'a Request<'a>,
    /// The files, for the base's secret.
    pub set: &'a ProfileSet<'a>,
    /// The environment.
    pub snapshot: &'a Snapshot,
    /// The caches.
    pub store: &'a Store,
    /// The voice.
    pub messages: &'a Messages,
}
