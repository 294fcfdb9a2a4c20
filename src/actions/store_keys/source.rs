//! Where `--store-keys` takes the keys from.

use std::io::Read as _;
use std::path::Path;

use zeroize::Zeroizing;

use crate::actions::store_keys::sections::{PAIR, plain_id, real_plain_id, stored_id};
use crate::config::value::FileKind;
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Kind, Result, io_words};
use crate::keys::given;
use crate::keys::stores::{self, Store, Stores};
use crate::messages::wants_colours;
use crate::plan::stored::is_key_id;
use crate::system::private_files::read_token;
use crate::system::terminal::{Answer, Terminal};
use crate::text::shell_words::shell_word;

/// The most that is read from stdin, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Where the keys are now.
pub enum Source {
    /// In the file of `--from`.
    Given(Credentials),
    /// In plain text in one of the two files.
    File(Credentials, FileKind),
    /// In a store, under this id.
    Stored(String, Store),
    /// A person is asked for them.
    Asked,
}

impl Source {
    /// Finds the keys of a profile.
    ///
    /// # Errors
    /// Returns an error if `--from` cannot be read, the profile has other keys already, or its keys are temporary.
    pub fn of(context: &Context<'_>, name: &str) -> Result<Self> {
        let profile = context.set.profile(name);
        // Where a person says yes before, placeholders of keys are replaced.
        let found_in = if context.request.keys.asks_before { real_plain_id } else { plain_id };
        let plain = profile.as_ref().and_then(found_in);
        let stored = profile.as_ref().and_then(stored_id);
        let given = context.request.keys.from.as_deref().map(from).transpose()?;
        let found = match (given, &plain) {
            (Some(keys), _) => Some(Self::Given(keys)),
            (None, Some((id, file))) => Some(of_file(context, name, id, *file)?),
            (None, None) => None,
        };
        let id = match &found {
            Some(Self::Given(keys) | Self::File(keys, _)) => Some(keys.access_key_id.as_str()),
            _ => None,
        };
        refuse_others(name, id, plain.as_ref(), stored.as_deref(), context)?;
        Ok(match (found, stored) {
            (Some(found), _) => found,
            (None, Some(id)) => {
                let store = stores::holder(&id, context.snapshot);
                Self::Stored(id, store)
            }
            (None, None) => Self::Asked,
        })
    }

    /// Whether no file of AWS and no store has the keys yet.
    pub fn is_new(&self) -> bool {
        matches!(self, Self::Given(_) | Self::Asked)
    }
}

/// Refuses to put other keys in the place of those that a profile has: they would be lost.
fn refuse_others(
    name: &str,
    id: Option<&str>,
    plain: Option<&(String, FileKind)>,
    stored: Option<&str>,
    context: &Context<'_>,
) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    if let Some((other, file)) = plain.filter(|(other, _)| other != id) {
        let path = context.set.path(*file).map(|path| path.display().to_string()).unwrap_or_default();
        return Err(Error::new(format!("profile '{name}' has other keys already: {other} in {path}"))
            .advise("take them out first, or name another profile with -p"));
    }
    if let Some(other) = stored.filter(|other| *other != id) {
        return Err(Error::new(format!("profile '{name}' has other keys already: {other} in a store"))
            .advise(format!("forget those first with 'aws-auth -p {} --forget-keys'", shell_word(name))));
    }
    Ok(())
}

/// The keys of a profile in one of the two files.
fn of_file(context: &Context<'_>, name: &str, id: &str, file: FileKind) -> Result<Source> {
    let profile = context.set.profile(name);
    let text = |key: &str| profile.as_ref().and_then(|profile| profile.get_in(file, key));
    let place = text(PAIR[0]).map(|value| context.set.place(value.at)).unwrap_or_default();
    let Some(secret) = text(PAIR[1]) else {
        return Err(Error::new(format!("{place}: profile '{name}' has no {} beside this key", PAIR[1]))
            .advise("both keys of a pair must be in the same file; add the other"));
    };
    let token = ["aws_session_token", "aws_security_token"].into_iter().find_map(text);
    let keys = Credentials {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret.text.into_owned()),
        session_token: token.filter(|token| !token.text.is_empty()).map(|token| Secret::new(token.text.into_owned())),
        expiration: None,
        account_id: None,
    };
    Ok(Source::File(given::checked(keys, &format!("{place}: profile '{name}'"))?, file))
}

/// The keys of `--from`.
fn from(name: &str) -> Result<Credentials> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let read = if name == "-" {
        std::io::stdin().take(LONGEST).read_to_end(&mut bytes).map(|_| bytes)
    } else {
        read_token(Path::new(name))
    };
    let about = if name == "-" { "stdin" } else { name };
    let bytes = read.map_err(|error| {
        Error::new(format!("cannot read {about} ({})", io_words(&error))).advise("name a file that you can read")
    })?;
    given::read(&bytes, about)
}

/// The keys themselves: those of a store are read, and a person is asked. With `--dry-run` a secret that is nowhere in
/// a file is neither read nor asked for.
///
/// # Errors
/// Returns an error if there are none.
pub fn obtained(source: &Source, stores: &Stores<'_>, context: &Context<'_>) -> Result<Credentials> {
    let unseen = || Secret::new(String::from("unseen"));
    let (id, secret) = match source {
        Source::Given(keys) | Source::File(keys, _) => return Ok(keys.clone()),
        Source::Stored(id, _) if context.request.keys.dry_run => (id.clone(), unseen()),
        Source::Stored(id, store) => (id.clone(), stores.get(*store, id)?),
        Source::Asked => {
            let profile = context.request.profile_name();
            let mut terminal = terminal(profile, context)?;
            let id = access_key_id(&mut terminal, profile, context)?;
            let question = format!("Secret access key of {id}: ");
            let secret =
                if context.request.keys.dry_run { unseen() } else { ask(&mut terminal, &question, false, context)? };
            (id, secret)
        }
    };
    let keys = Credentials {
        access_key_id: id,
        secret_access_key: secret,
        session_token: None,
        expiration: None,
        account_id: None,
    };
    given::checked(keys, "what was given").map_err(|error| error.of_kind(Kind::KeysRefused))
}

fn terminal(profile: &str, context: &Context<'_>) -> Result<Terminal> {
    match Terminal::open() {
        Ok(Some(terminal)) => Ok(terminal.bold(wants_colours(context.snapshot))),
        Ok(None) | Err(_) => {
            Err(Error::new(format!("profile '{profile}' has no keys, and there is no terminal to ask for them on"))
                .advise("give them with --from accessKeys.csv, or with --from - on stdin"))
        }
    }
}

/// Asks until it is an access key id, so that nobody types a secret for a wrong one.
fn access_key_id(terminal: &mut Terminal, profile: &str, context: &Context<'_>) -> Result<String> {
    loop {
        let id = ask(terminal, &format!("Access key id for {profile}: "), true, context)?;
        if is_key_id(id.expose()) {
            return Ok(id.expose().to_owned());
        }
        terminal.say("aws-auth: that is none; an access key id is AKIA and 16 more letters and digits");
    }
}

fn ask(terminal: &mut Terminal, question: &str, is_shown: bool, context: &Context<'_>) -> Result<Secret> {
    loop {
        let answer = if is_shown {
            terminal.ask_openly(question, &context.locks)
        } else {
            terminal.ask(question, &context.locks)
        };
        match answer {
            Ok(Answer::Line(line)) if !line.expose().is_empty() => return Ok(line),
            Ok(Answer::Resumed) => {}
            Ok(_) => {
                return Err(Error::new("no keys were given")
                    .advise("run the command again to be asked again")
                    .of_kind(Kind::NothingGiven));
            }
            Err(error) => return Err(Error::new(format!("cannot ask on the terminal ({})", io_words(&error)))),
        }
    }
}
