//! `--forget-keys`: removing a profile's long-term keys from their store, and the line that names them.

use crate::actions::ask::answered;
use crate::actions::store_keys::edits::Edits;
use crate::actions::store_keys::sections::{stored_id, stored_in};
use crate::actions::store_keys::stores;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::keys::failure::Kind;
use crate::keys::stores::holder;
use crate::system::harden;
use crate::system::signals::Undisturbed;

/// Asks, then removes the keys from their store and the line from every profile that has it.
///
/// # Errors
/// Returns an error if the profile has no keys in a store, the answer is no, or the store or a file cannot be changed.
pub fn forget_keys(context: &Context<'_>) -> Result<u8> {
    harden::fill_standard_descriptors();
    let _guard = Undisturbed::begin();
    let name = context.request.profile_name();
    let id = context.set.profile(name).as_ref().and_then(stored_id).ok_or_else(|| {
        Error::new(format!("profile '{name}' has no keys in a store"))
            .advise("name one whose credential_process is aws-auth --stored-keys; --list shows the source of each")
    })?;
    let store = holder(&id, context.snapshot);
    let names = stored_in(context.set, &id);
    let edits = Edits::of_forgetting(context, &names)?;
    if context.request.keys.dry_run {
        return edits.print(context);
    }
    edits.check()?;
    let shown = edits.show(context)?;
    match answered(&format!("{name}: forget the keys {id}, which are in {} alone?", store.words()), context)? {
        Some(true) => {}
        Some(false) => return Err(Error::new("nothing was changed")),
        None => {
            return Err(
                Error::new("there is no terminal to ask on").advise("add --yes if the keys are to be forgotten")
            );
        }
    }
    match stores(context).remove(store, &id) {
        Ok(()) => context.messages.say(&format!("{name}: the keys {id} are no longer in {}", store.words())),
        // They were removed by a run that was ended before it changed the file, or by hand.
        Err(failure) if failure.kind == Kind::NotFound => context.messages.say(failure.error.fact()),
        Err(failure) => return Err(failure.error),
    }
    edits.write(shown, context)?;
    Ok(0)
}
