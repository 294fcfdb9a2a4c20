//! Running COMMAND or a shell with the profile's credentials. The process becomes the command.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;

use crate::acquire::obtain::Obtained;
use crate::acquire::story;
use crate::actions::guard::Guarded;
use crate::actions::{credentials, guard, shell};
use crate::cli::action::Action;
use crate::cli::hints::{hint, suggest};
use crate::command::keep_fresh::RenewalFile;
use crate::command::{environment, exec, keep_fresh};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::env::nesting;
use crate::env::snapshot::{Entry, Snapshot};
use crate::error::Result;
use crate::messages::Messages;
use crate::plan::guard::Guard;
use crate::plan::model::{Acquisition, Plan};
use crate::plan::resolve;
use crate::request::Request;
use crate::request::bounds::bounded_by;
use crate::time::now;

/// Becomes the command with the profile's credentials. Returns only on failure.
///
/// # Errors
/// Returns an error if the profile does not resolve, its credentials cannot be obtained, or the command cannot be
/// executed.
pub fn run(context: &Context<'_>, command: &[OsString]) -> Result<u8> {
    let prepared = resolve::resolve(context.set, context.request).and_then(|plan| match plan {
        Plan::Acquire(plan) => with_credentials(context, &plan, command),
        Plan::Ambient { profile } => without_credentials(context, profile.as_deref(), command),
        Plan::PassThrough => passing_through(context.snapshot, context.request, context.messages),
    });
    let path = context.snapshot.var("PATH");
    let failed = prepared.map(|prepared| {
        context.messages.steps(|| starting(command, path, prepared.credentials.as_ref()));
        introduce(&prepared, command, path, context.messages);
        exec::exec(command, &prepared.environment, path)
    });
    let is_profile = |name: &str| context.set.profile(name).is_some();
    Err(suggest(failed.unwrap_or_else(|error| error), || hint(command, is_profile)))
}

/// Becomes the command with the keys of the environment as they are. The AWS files are not read. Returns only on
/// failure.
///
/// # Errors
/// Returns an error if `--keep-fresh` was given, since keys alone cannot be renewed, or if the command cannot be
/// executed.
pub fn pass_through(
    snapshot: &Snapshot,
    request: &Request<'_>,
    messages: &Messages,
    command: &[OsString],
) -> Result<u8> {
    let prepared = passing_through(snapshot, request, messages)?;
    let path = snapshot.var("PATH");
    messages.steps(|| starting(command, path, None));
    introduce(&prepared, command, path, messages);
    Err(suggest(exec::exec(command, &prepared.environment, path), || hint(command, |_| false)))
}

/// COMMAND and its arguments, or $SHELL (else `/bin/sh`) for `--shell`.
pub fn command(action: Action, command: Vec<OsString>, snapshot: &Snapshot) -> Vec<OsString> {
    match action {
        Action::Shell => vec![snapshot.non_empty("SHELL").unwrap_or(OsStr::new("/bin/sh")).to_owned()],
        _ => command,
    }
}

/// What a command is started with.
struct Prepared {
    environment: Vec<Entry>,
    /// The credentials in it, for `-v`.
    credentials: Option<Credentials>,
    /// What the shell of `--shell` is for, and until when.
    shell: Option<String>,
}

impl From<Vec<Entry>> for Prepared {
    fn from(environment: Vec<Entry>) -> Self {
        Self { environment, credentials: None, shell: None }
    }
}

fn with_credentials(context: &Context<'_>, plan: &Acquisition, command: &[OsString]) -> Result<Prepared> {
    let Context { snapshot, request, messages, .. } = context;
    if request.keep_fresh.asked && plan.is_renewed_by_sdks() {
        messages.step(|| String::from("the command's own SDK renews the credentials of the web identity"));
        let shell = (request.action == Action::Shell).then(|| shell::with_renewals(plan, snapshot.found()));
        return Ok(Prepared { shell, ..environment::untouched(snapshot, request)?.into() });
    }
    let confirmed = match (&plan.guard, &plan.profile) {
        (Some(guard), Some(profile)) => confirm(context, &Guarded { profile, plan: Some(plan), guard }, command)?,
        _ => false,
    };
    // Written first: if it cannot be written, no code is spent.
    let file = if request.keep_fresh.asked { Some(renewal_file(context, plan, command)?) } else { None };
    let config = if file.is_none() { credentials::private_config(context, plan)? } else { None };
    let program = command.first().map(OsString::as_os_str);
    let Obtained { credentials, .. } = credentials::get(context, plan, program)?;
    // `--logout --all` may have removed the file during a prompt, because no command used it yet.
    if let Some(file) = file.as_ref().map(|file| &file.config).or(config.as_ref()) {
        file.write(context)?;
    }
    let environment = match &file {
        None => environment::with_credentials(snapshot, request, plan, &credentials, config.as_ref(), confirmed)?,
        Some(file) => environment::with_renewal_file(snapshot, request, plan, &credentials, file, confirmed)?,
    };
    let shell = match (request.action, &file) {
        (Action::Shell, None) => Some(shell::with_credentials(plan, &credentials, snapshot.found())),
        (Action::Shell, Some(_)) => Some(shell::with_renewals(plan, snapshot.found())),
        _ => None,
    };
    Ok(Prepared { environment, credentials: Some(credentials), shell })
}

/// Asks before the command, if the profile is guarded. A command that is not there is no question, and an answer of no
/// must not cost a code.
fn confirm(context: &Context<'_>, guarded: &Guarded<'_>, command: &[OsString]) -> Result<bool> {
    if let Some(program) = command.first() {
        exec::find(program, context.snapshot.var("PATH"))?;
    }
    guard::confirm(context, guarded, command)
}

/// Writes the configuration file for `--keep-fresh`.
fn renewal_file(context: &Context<'_>, plan: &Acquisition, command: &[OsString]) -> Result<RenewalFile> {
    let file = RenewalFile::new(plan, command, context)?;
    file.config.write(context).map_err(|error| error.in_front("--keep-fresh"))?;
    let messages = context.messages;
    messages.step(|| format!("the command gets its credentials from profile {} in {}", file.profile, file.config.path));
    Ok(file)
}

/// Becomes the command without credentials of a profile: its SDK looks for those of the container or instance.
fn without_credentials(context: &Context<'_>, profile: Option<&str>, command: &[OsString]) -> Result<Prepared> {
    let Context { snapshot, request, set, messages, .. } = context;
    // A command that is not there uses no credentials, so nothing is said about them.
    if let Some(program) = command.first() {
        exec::find(program, snapshot.var("PATH"))?;
    }
    messages.step(|| story::profile(profile, context));
    let own = profile.and_then(|name| set.profile(name));
    let guard = own.as_ref().map_or(Ok(None), |own| Guard::of(set, own))?;
    let confirmed = match (&guard, profile) {
        (Some(guard), Some(profile)) => confirm(context, &Guarded { profile, plan: None, guard }, command)?,
        _ => false,
    };
    let sdk = "the command will use the credentials of the container or instance, if there are any";
    let nested = if request.action == Action::Shell { shell::nested(snapshot.found()) } else { String::new() };
    match profile {
        Some(name) => messages.say(&format!("profile '{name}' names no credentials; {sdk}{nested}")),
        None if !set.has_profiles() => messages.say(&format!("no profile and no keys; {sdk}{nested}")),
        None => {
            let hint = if std::io::stderr().is_terminal() { "; --pick chooses a profile" } else { "" };
            messages.say(&format!("no profile is named (-p, AWS_PROFILE), and there are no keys; {sdk}{hint}{nested}"));
        }
    }
    Ok(environment::ambient(snapshot, request, profile, confirmed)?.into())
}

/// No profile is named: the keys in the environment reach the command as they are.
fn passing_through(snapshot: &Snapshot, request: &Request<'_>, messages: &Messages) -> Result<Prepared> {
    if request.keep_fresh.asked && !request.keep_fresh.is_below {
        return Err(keep_fresh::nothing_to_renew("no profile is named, and the environment holds keys"));
    }
    messages.step(|| {
        if request.keep_fresh.is_below {
            return String::from("no profile is named; this command renews its credentials as the one above it does");
        }
        let key = snapshot.var("AWS_ACCESS_KEY_ID").unwrap_or_default().to_string_lossy();
        let settings = nesting::settings(snapshot);
        let bounded =
            bounded_by(&settings).map(|names| format!(", bounded by {names} as they are")).unwrap_or_default();
        format!("no profile is named; the keys {key} in the environment pass through{bounded}, and no call is made")
    });
    let shell = (request.action == Action::Shell).then(|| shell::with_keys(snapshot.found()));
    Ok(Prepared { shell, ..environment::untouched(snapshot, request)?.into() })
}

/// Says what a shell is for, if there is such a shell.
fn introduce(prepared: &Prepared, command: &[OsString], path: Option<&OsStr>, messages: &Messages) {
    if let (Some(text), Some(shell)) = (&prepared.shell, command.first())
        && exec::find(shell, path).is_ok()
    {
        messages.say(text);
    }
}

/// The program that is started and its credentials, for `-v`. Its arguments may hold secrets. That it cannot be found
/// is said by the attempt to execute it.
fn starting(command: &[OsString], path: Option<&OsStr>, credentials: Option<&Credentials>) -> Vec<String> {
    let program = command.first().and_then(|name| exec::find(name, path).ok());
    let with = credentials.map(|credentials| story::with_credentials(credentials, now())).unwrap_or_default();
    program.map(|program| format!("starts {}{with}", program.display())).into_iter().collect()
}
