//! `--logout`: forgetting cached credentials.

use crate::cache::forget;
use crate::command::fresh_files;
use crate::context::Context;
use crate::error::Result;
use crate::plan::model::Plan;
use crate::plan::resolve;

/// Forgets the cached credentials of the profile, or of every profile.
#[cold]
pub fn logout(context: &Context<'_>, all: bool) -> Result<u8> {
    let Context { set, request, store, messages, snapshot, .. } = context;
    let (mut removed, mut device) = (0, None);
    if all {
        for name in set.names() {
            // A profile that does not resolve has no entries that could be told to be its own.
            if let Ok(Plan::Acquire(plan)) = resolve::resolve_named(set, request, &name) {
                removed += forget::forget(&plan, store)?.sets;
            }
        }
        removed += forget::forget_all(store)?;
        fresh_files::forget(snapshot, store);
    } else if let Plan::Acquire(plan) = resolve::resolve(set, request)? {
        let forgotten = forget::forget(&plan, store)?;
        removed = forgotten.sets;
        device = plan.session.filter(|_| forgotten.session).map(|session| session.serial);
    }
    let told = match removed {
        0 => String::from("nothing was cached"),
        1 => String::from("1 cached set of credentials is forgotten"),
        more => format!("{more} cached sets of credentials are forgotten"),
    };
    messages.say(&match device {
        Some(serial) => {
            format!("{told} (the MFA session of {}, which other profiles use, too)", serial.value.as_str())
        }
        None => told,
    });
    Ok(0)
}
