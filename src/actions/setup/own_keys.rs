//! The first step of `--setup`: the long-term keys of a profile, as `--store-keys` takes them.

use crate::actions::ask::answered_by_hand;
use crate::actions::setup::run::Run;
use crate::actions::store_keys;
use crate::actions::store_keys::sections::{real_plain_id, stored_id};
use crate::context::Context;
use crate::error::{Kind, Result};
use crate::keys::stores;
use crate::messages::Messages;

/// Makes sure that a profile has keys. Returns whether it has.
///
/// # Errors
/// Returns an error if a file cannot be read or written, the profile cannot have keys, STS cannot be reached, or the
/// terminal cannot be used.
pub(crate) fn own_keys(run: &Run<'_>, profile: &str) -> Result<bool> {
    let look = || run.with_files(&run.step_of(profile), |context| Ok(found(context, profile)));
    if let Some(words) = look()? {
        run.say(&format!("keys: {words}"));
        return Ok(true);
    }
    let what = format!("the keys of profile '{profile}'");
    if run.is_dry() {
        run.say(&format!("keys: {what} would be asked for"));
        return Ok(false);
    }
    if !run.can_ask_for(&what) {
        return Ok(false);
    }
    run.say(&format!("keys: '{profile}' has none; type an access key, or Enter to leave it out"));
    loop {
        match run.with_files(&run.step_of(profile), |context| store_keys::store_keys(context, None)) {
            // The person may not have wanted them to be written.
            Ok(_) => break,
            Err(error) if error.kind() == Kind::NothingGiven => break,
            Err(error) if error.kind() == Kind::KeysRefused => {
                Messages::error(&error, run.outer.snapshot);
                if answered_by_hand("aws-auth: type the keys again?", run.outer)? != Some(true) {
                    break;
                }
            }
            // Other keys would change nothing.
            Err(error) => return Err(error),
        }
    }
    // Those that were typed, or those that another program has written in the meantime.
    if let Some(words) = look()? {
        run.say(&format!("keys: {words}"));
        run.note_change();
        return Ok(true);
    }
    run.skip(&what);
    Ok(false)
}

/// The keys that a profile has, in words.
fn found(context: &Context<'_>, name: &str) -> Option<String> {
    let profile = context.set.profile(name)?;
    if let Some((id, file)) = real_plain_id(&profile) {
        let path = context.set.path(file).map(|path| path.display().to_string()).unwrap_or_default();
        return Some(format!("{id} of profile '{name}', in {path}"));
    }
    let id = stored_id(&profile)?;
    Some(format!("{id} of profile '{name}', in {}", stores::holder(&id, context.snapshot).words()))
}
