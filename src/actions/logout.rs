//! `--logout`: removing cached credentials.

use crate::cache::forget;
use crate::command::old_configs;
use crate::context::Context;
use crate::error::Result;
use crate::plan::model::Plan;
use crate::plan::resolve;

/// Removes the cached credentials of the profile, or of every profile with `--all`.
///
/// # Errors
/// Returns an error if the profile does not resolve or a file cannot be removed.
pub fn logout(context: &Context<'_>, all: bool) -> Result<u8> {
    let Context { set, request, store, messages, snapshot, .. } = context;
    let (mut removed, mut device) = (0, None);
    if all {
        for name in set.names() {
            // If a profile does not resolve, its cache keys are not known.
            if let Ok(Plan::Acquire(plan)) = resolve::resolve_named(set, request, &name) {
                removed += forget::forget(&plan, store)?.sets;
            }
        }
        removed += forget::forget_all(store)?;
        old_configs::forget(snapshot, store);
    } else if let Plan::Acquire(plan) = resolve::resolve(set, request)? {
        let forgotten = forget::forget(&plan, store)?;
        removed = forgotten.sets;
        device = plan.session.filter(|_| forgotten.session).map(|session| session.serial);
    }
    let done = match removed {
        0 => String::from("nothing was cached"),
        1 => String::from("removed 1 cached set of credentials"),
        more => format!("removed {more} cached sets of credentials"),
    };
    messages.say(&match device {
        Some(serial) => format!(
            "{done}, including the MFA session of {}: other profiles with this device will ask for a new code",
            serial.value.as_str()
        ),
        None => done,
    });
    Ok(0)
}
