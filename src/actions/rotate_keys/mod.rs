//! `--rotate-keys`: new long-term keys in the place of the old ones.
//!
//! The intent is noted, new keys are made, stored beside the old ones, proved with STS, and put into the place of the old
//! ones, which are deactivated and deleted. At every moment a store or a file has keys that work. A run that was ended at
//! any step is brought to its end by the next one.

pub mod home;
pub mod intent;
pub mod signer;
pub mod steps;

use crate::actions::rotate_keys::home::{Home, replaced};
use crate::actions::rotate_keys::intent::Intents;
use crate::actions::rotate_keys::steps::Rotation;
use crate::aws::iam::Client;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::error::{Error, Result, io_words};
use crate::messages::print;
use crate::plan::long_term::LongTerm;
use crate::system::lock::{self, Taken};
use crate::system::signals::Undisturbed;
use crate::system::{directories, harden};

/// Replaces the keys that the profile begins with.
///
/// # Errors
/// Returns an error if the profile has no long-term keys, IAM refuses a step, or a file or a store cannot be written. It
/// says what was done already.
pub fn rotate_keys(context: &Context<'_>) -> Result<u8> {
    harden::fill_standard_descriptors();
    let _guard = Undisturbed::begin();
    let keys = LongTerm::of_request(context.set, context.request)?;
    let home = Home::of(&keys.plan.base, context);
    let id = keys.access_key_id.clone();
    if context.request.keys.dry_run {
        return print(&dry_run(&keys, &home, context));
    }
    // It refuses another user's home directory.
    context.editor(FileKind::Config)?;
    let Some(directory) = context.snapshot.lasting_state_dir() else {
        return Err(Error::new("there is no directory to note the rotation in (HOME is not set)").advise("set HOME"));
    };
    if let Err(distrust) = directories::judge(&directory, directories::Whose::Own) {
        return Err(Error::new(format!("{} cannot be used ({distrust})", directory.display())));
    }
    let _lock = lock::take_if_free(&directory.join("lock-rotation"), &context.locks).map_err(|taken| match taken {
        Taken::By(pid) => Error::new(format!("process {pid} is replacing keys now"))
            .advise("wait until it has ended; then this is done, or run it again"),
        Taken::Impossible(error) => {
            Error::new(format!("cannot take a lock in {} ({})", directory.display(), io_words(&error)))
                .advise("make room there, or set XDG_STATE_HOME to another directory")
        }
    })?;
    if !home.still_has(&id)? {
        return Err(replaced(&id));
    }
    if let Some(url) = keys.iam.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
    let intents = Intents::in_directory(&directory);
    let iam = Client::new(&keys.iam, &context.locks)?;
    Rotation { context, keys, home, intents, iam }.run()
}

/// What would be done. Nothing is asked for, and no call is made.
fn dry_run(keys: &LongTerm, home: &Home<'_>, context: &Context<'_>) -> String {
    let over = keys.device().map_or_else(
        || String::from("without an MFA device, unless IAM lists one"),
        |serial| format!("over an MFA session of {}", serial.value.as_str()),
    );
    let end = if context.request.keys.keep_old { "deactivate" } else { "deactivate and delete" };
    let profiles: Vec<&str> = keys.profiles.iter().map(|over| over.name.as_str()).collect();
    format!(
        "replace the keys {} in {}, {over}\nmake new keys, store them there, and wait until AWS knows them\n{end} the old \
         ones\nprofiles with these keys: {}\n",
        keys.access_key_id,
        home.words(),
        profiles.join(", ")
    )
}
