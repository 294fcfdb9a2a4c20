//! What each action does with its plan.

pub mod cached;
pub mod console;
pub mod explain;
pub mod export;
pub mod list;
pub mod logout;
pub mod run;
pub mod status;
pub mod table;
pub mod whoami;

use std::ffi::OsString;

use crate::actions::logout::logout;
use crate::actions::run::Work;
use crate::cli::action::Action;
use crate::cli::{completions, manual, options};
use crate::context::Context;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, NOT_FOUND, Result};
use crate::messages::{Messages, print};
use crate::plan::resolve;
use crate::request::Request;
use crate::text::shell_words;

/// Does what is to be done, now that the files are read. After a success with a COMMAND it does not return.
///
/// # Errors
/// Whatever the profile, STS or the command has against it.
pub fn perform(context: &Context<'_>, command: &[OsString]) -> Result<u8> {
    let done = match context.request.action {
        Action::Logout { all } => logout(context, all),
        Action::Explain => explain::explain(context),
        Action::List => list::list(context),
        Action::Status => status::status(context),
        Action::SwitchRoleUrl => print(&console::switch_role_url(context)?),
        _ => resolve::resolve(context.set, context.request).and_then(|plan| Work { context, command }.with_plan(&plan)),
    };
    done.map_err(|error| meant(error, command, |name| context.set.profile(name).is_some()))
}

/// What a command that is not there may have been meant for: a profile, or an option.
#[cold]
pub(crate) fn meant(error: Error, command: &[OsString], is_profile: impl Fn(&str) -> bool) -> Error {
    let name = command.first().and_then(|name| name.to_str()).filter(|_| error.status() == NOT_FOUND);
    match name {
        Some(name) if is_profile(name) => {
            error.advise(format!("it is a profile's name: aws-auth -p {} COMMAND", shell_words::shell_word(name)))
        }
        Some(name) if options::definition().get_arguments().any(|option| option.get_long() == Some(name)) => {
            error.advise(format!("did you mean --{name}?"))
        }
        _ => error,
    }
}

/// The text of an action that needs neither environment nor files.
pub fn about(action: Action) -> Option<String> {
    match action {
        Action::Help => Some(options::help()),
        Action::Version => Some(String::from(concat!("aws-auth ", env!("CARGO_PKG_VERSION"), "\n"))),
        Action::Completions(shell) => Some(completions::completions(shell)),
        Action::Man => Some(manual::manual()),
        _ => None,
    }
}

/// COMMAND, or $SHELL for `--shell`.
pub fn command(action: Action, command: Vec<OsString>, snapshot: &Snapshot) -> Vec<OsString> {
    match action {
        Action::Shell => vec![snapshot.non_empty("SHELL").map_or_else(|| OsString::from("/bin/sh"), OsString::from)],
        _ => command,
    }
}

/// Says what is odd about the request. A shell prompt is no place for that, and an explanation has it among its notes.
pub fn warn(request: &Request<'_>, messages: &Messages) {
    if !matches!(request.action, Action::Status | Action::Explain) {
        request.warnings.iter().for_each(|warning| messages.warn(warning));
    }
}
