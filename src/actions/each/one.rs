//! One of the profiles that match.

use crate::context::Context;
use crate::request::Request;
use crate::system::held_locks::HeldLocks;
use crate::time::now;

/// A profile that matches, with the request of a run that names it.
pub(crate) struct One<'a> {
    /// The profile's name.
    pub(crate) name: String,
    /// What a run for this profile alone would be asked for.
    pub(crate) request: Request<'a>,
}

impl One<'_> {
    /// The surroundings of a run for this profile.
    pub(crate) fn context<'c>(&'c self, outer: &'c Context<'_>) -> Context<'c> {
        Context {
            now: now(),
            request: &self.request,
            set: outer.set,
            snapshot: outer.snapshot,
            store: outer.store,
            messages: outer.messages,
            locks: HeldLocks::default(),
        }
    }
}
