//! `--store-keys`: moving a profile's long-term keys from a file into a store, from one store to another, or back.
//!
//! At every moment a store or a file has the keys, and the plain ones go last, so that it can be ended at any step and
//! run again.

pub mod edits;
pub mod leftovers;
pub mod line;
pub mod sections;
pub mod source;

use crate::acquire::identity::identity_of_keys;
use crate::actions::ask::confirmed;
use crate::actions::store_keys::edits::Edits;
use crate::actions::store_keys::leftovers::{warn_of_given, warn_of_leftovers};
use crate::actions::store_keys::line::Line;
use crate::actions::store_keys::sections::{refuse_unfit, stored_in};
use crate::actions::store_keys::source::{Source, obtained};
use crate::cli::formats::KeyStore;
use crate::config::edit::editor::Proposal;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::keys::failure::Kind;
use crate::keys::stores::{Store, Stores};
use crate::system::harden;
use crate::system::signals::Undisturbed;

/// Moves the profile's keys to this place, by default to the keyring.
///
/// # Errors
/// Returns an error if the profile cannot have its keys there, STS does not accept them, or a store or a file cannot be
/// used. It says what was done already.
pub fn store_keys(context: &Context<'_>, asked: Option<KeyStore>) -> Result<u8> {
    harden::fill_standard_descriptors();
    let _guard = Undisturbed::begin();
    let profile = context.request.profile_name();
    refuse_unfit(context.set, profile)?;
    let source = Source::of(context, profile)?;
    let stores = stores(context);
    let place = chosen(asked, &source, &stores, context)?;
    match (&source, place) {
        (Source::Stored(id, from), KeyStore::Credentials) => bring_back(context, &stores, id, *from),
        (Source::File(keys, FileKind::Credentials), KeyStore::Credentials) => {
            context
                .messages
                .say(&format!("{profile}: the keys {} are in the credentials file already", keys.access_key_id));
            Ok(0)
        }
        (_, KeyStore::Credentials) => write_plain(context, &source),
        (Source::Stored(id, from), KeyStore::Keyring) if *from == Store::Keyring => Ok(already(context, id, *from)),
        (Source::Stored(id, from), KeyStore::File) if *from == Store::File => Ok(already(context, id, *from)),
        (_, KeyStore::Keyring) => store(context, &stores, &source, Store::Keyring),
        (_, KeyStore::File) => store(context, &stores, &source, Store::File),
    }
}

/// The stores, for an action.
pub(crate) fn stores<'a>(context: &'a Context<'_>) -> Stores<'a> {
    Stores { snapshot: context.snapshot, locks: &context.locks, messages: Some(context.messages) }
}

fn already(context: &Context<'_>, id: &str, store: Store) -> u8 {
    context.messages.say(&format!(
        "{}: the keys {id} are in {} already",
        context.request.profile_name(),
        store.words()
    ));
    0
}

/// Where the keys go: as asked; else into the keyring if one answers. Without one, new keys go into the credentials file,
/// and keys that lie in a file stay there.
fn chosen(asked: Option<KeyStore>, source: &Source, stores: &Stores<'_>, context: &Context<'_>) -> Result<KeyStore> {
    if let Some(place) = asked {
        return Ok(place);
    }
    let failure = match stores.keyring_answers() {
        Ok(()) => return Ok(KeyStore::Keyring),
        Err(failure) if failure.kind != Kind::Absent => return Err(failure.error),
        Err(failure) => failure,
    };
    if !source.is_new() {
        let profile = crate::text::shell_words::shell_word(context.request.profile_name());
        return Err(Error::new(failure.error.fact().to_owned()).advise(format!(
            "'aws-auth -p {profile} --store-keys=file' keeps the keys in a file that is encrypted with a passphrase"
        )));
    }
    let how = if context.request.keys.asks_before {
        let profile = crate::text::shell_words::shell_word(context.request.profile_name());
        format!(
            "to encrypt them with a passphrase, stop here with Ctrl-C, run 'aws-auth -p {profile} --store-keys=file' and \
             then --setup again"
        )
    } else {
        String::from("--store-keys=file encrypts them with a passphrase")
    };
    let fact = failure.error.fact();
    context.messages.say(&format!("{fact}: the keys go into the credentials file in plain text; {how}"));
    Ok(KeyStore::Credentials)
}

/// Checks the files, asks STS whose the keys are, and shows what will change, before anything is written. With
/// `--dry-run` it only prints what would change. Returns what was shown; `None` if nothing is to be written.
fn announced<'e>(context: &Context<'_>, keys: &Credentials, edits: &'e Edits<'_>) -> Result<Option<[Proposal<'e>; 2]>> {
    if context.request.keys.dry_run {
        edits.print(context)?;
        return Ok(None);
    }
    edits.check()?;
    let profile = context.request.profile_name();
    let identity = identity_of_keys(profile, keys, context)?;
    context.messages.say(&format!("{profile}: the keys {} are those of {}", keys.access_key_id, identity.arn));
    let shown = edits.show(context)?;
    if context.request.keys.asks_before && !confirmed("aws-auth: write this?", context)? {
        context.messages.say(&format!("{profile}: nothing was written"));
        return Ok(None);
    }
    Ok(Some(shown))
}

/// Puts the keys into a store, then writes the line, runs it, and takes the plain keys out.
fn store(context: &Context<'_>, stores: &Stores<'_>, source: &Source, store: Store) -> Result<u8> {
    let profile = context.request.profile_name();
    let keys = obtained(source, stores, context)?;
    let id = keys.access_key_id.as_str();
    let line = Line::new(id, context)?;
    let edits = Edits::of_storing(context, id, &line)?;
    if announced(context, &keys, &edits)?.is_none() {
        return Ok(0);
    }
    stores.put(store, id, &keys.secret_access_key)?;
    if let Err(error) = written_and_proved(context, stores, source, &keys, &edits, (&line, store)) {
        let _ = stores.remove(store, id);
        return Err(error.in_front("nothing was changed"));
    }
    if let Source::Stored(_, before) = source {
        stores.remove(*before, id)?;
    }
    let gone = edits.write_all(context)?;
    context.messages.say(&format!("{profile}: the keys {id} are in {} now", store.words()));
    for place in gone {
        context.messages.say(&format!("they no longer lie in {place}"));
    }
    warn_of_leftovers(context, &keys.secret_access_key);
    Ok(0)
}

/// Writes the line, and proves that it gives the keys; else takes it back.
fn written_and_proved(
    context: &Context<'_>,
    stores: &Stores<'_>,
    source: &Source,
    keys: &Credentials,
    edits: &Edits<'_>,
    (line, store): (&Line, Store),
) -> Result<()> {
    let undo = edits.write_line(context)?;
    let proved = match source {
        // The line reads the encrypted file as long as there is one.
        Source::Stored(id, Store::File) => {
            let is_same = stores.get(store, id)? == keys.secret_access_key;
            let other = || Error::new("the keyring gave another key than was stored").advise("look at its entries");
            is_same.then_some(()).ok_or_else(other)
        }
        _ => line.proves(keys, context.request.profile_name(), context),
    };
    if proved.is_err() {
        undo.undo(context)?;
    }
    proved
}

/// Puts keys that were in a store back into the sections of the credentials file, and takes the lines out.
fn bring_back(context: &Context<'_>, stores: &Stores<'_>, id: &str, from: Store) -> Result<u8> {
    let profile = context.request.profile_name();
    let keys = obtained(&Source::Stored(id.to_owned(), from), stores, context)?;
    let names = stored_in(context.set, id);
    let edits = Edits::of_bringing_back(context, &keys, &names)?;
    if announced(context, &keys, &edits)?.is_none() {
        return Ok(0);
    }
    edits.write_all(context)?;
    stores.remove(from, id)?;
    context.messages.say(&format!("{profile}: the keys {id} are in the credentials file again, in plain text"));
    Ok(0)
}

/// Writes new keys into the profile's section of the credentials file.
fn write_plain(context: &Context<'_>, source: &Source) -> Result<u8> {
    let profile = context.request.profile_name();
    let stores = stores(context);
    let keys = obtained(source, &stores, context)?;
    let edits = Edits::of_writing(context, &keys)?;
    let Some(shown) = announced(context, &keys, &edits)? else { return Ok(0) };
    edits.write(shown, context)?;
    context.messages.say(&format!("{profile}: the keys {} are in the credentials file", keys.access_key_id));
    warn_of_given(context);
    Ok(0)
}
