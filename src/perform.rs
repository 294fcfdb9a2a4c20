//! What each action does with its plan.

use std::ffi::{CString, OsString};

use crate::acquire::{self, Context, Obtained, Undisturbed};
use crate::action::{Action, Format};
use crate::cli;
use crate::credentials::now;
use crate::deliver::{self, child, console, export};
use crate::env::Snapshot;
use crate::error::{Error, Result};
use crate::messages::{Messages, print};
use crate::plan::{self, Acquisition, Plan};
use crate::report;
use crate::request::Request;
use crate::shell_help;

/// A run that has a plan.
struct Work<'a> {
    context: &'a Context<'a>,
    /// COMMAND and its arguments, or the shell.
    command: &'a [OsString],
}

/// Does what is to be done, now that the files are read. After a success with a COMMAND it does not return.
///
/// # Errors
/// Whatever the profile, STS or the command has against it.
pub fn perform(context: &Context<'_>, command: &[OsString]) -> Result<u8> {
    match context.request.action {
        Action::Logout { all } => logout(context, all),
        Action::Explain => report::explain(context),
        Action::List => report::list(context),
        Action::Status => report::status(context),
        Action::SwitchRoleUrl => print(&console::switch_role_url(context)?),
        _ => Work { context, command }.with_plan(&plan::resolve(context.set, context.request)?),
    }
}

/// The text of an action that needs neither environment nor files.
pub fn about(action: Action) -> Option<String> {
    match action {
        Action::Help => Some(cli::help()),
        Action::Version => Some(String::from(concat!("aws-auth ", env!("CARGO_PKG_VERSION"), "\n"))),
        Action::Completions(shell) => Some(shell_help::completions(shell)),
        Action::Man => Some(shell_help::manual()),
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

/// Becomes the command with the keys of the environment as they are.
///
/// # Errors
/// When it cannot be executed.
pub fn pass_through(
    snapshot: &Snapshot,
    request: &Request<'_>,
    messages: &Messages,
    command: &[OsString],
) -> Result<u8> {
    messages.step(|| String::from("no profile is named; the keys in the environment pass through"));
    become_command(command, snapshot, &child::untouched(snapshot, request))
}

/// Forgets the cached credentials of the profile, or of every profile.
fn logout(context: &Context<'_>, all: bool) -> Result<u8> {
    let Context { set, request, store, messages, .. } = context;
    let mut removed = 0;
    if all {
        for name in set.names() {
            // A profile that does not resolve has no entries that could be told to be its own.
            if let Ok(Plan::Acquire(plan)) = plan::resolve_named(set, request, &name) {
                removed += acquire::forget(&plan, store)?;
            }
        }
        removed += acquire::forget_all(store)?;
    } else if let Plan::Acquire(plan) = plan::resolve(set, request)? {
        removed += acquire::forget(&plan, store)?;
    }
    messages.say(&match removed {
        0 => String::from("nothing was cached"),
        1 => String::from("1 cached set of credentials is forgotten"),
        more => format!("{more} cached sets of credentials are forgotten"),
    });
    Ok(0)
}

impl Work<'_> {
    fn with_plan(&self, plan: &Plan) -> Result<u8> {
        match plan {
            Plan::Acquire(plan) => self.with_credentials(plan),
            Plan::Ambient { profile } => self.without_credentials(profile.as_deref()),
            Plan::PassThrough => self.with_keys_of_environment(),
        }
    }

    fn with_credentials(&self, plan: &Acquisition) -> Result<u8> {
        let Context { snapshot, request, messages, .. } = self.context;
        let Obtained { credentials, by_this_run } = self.credentials(plan)?;
        match request.action {
            Action::Run | Action::Shell => {
                let environment = child::with_credentials(snapshot, request, plan, &credentials);
                become_command(self.command, snapshot, &environment)
            }
            Action::Export(Format::Json) => print(&export::json(&credentials)),
            Action::Export(format) => {
                print(&export::script(format, &child::changes(snapshot, request, plan, &credentials))?)
            }
            Action::Whoami => report::whoami(plan, &credentials, self.context),
            Action::Console(service) => {
                console::open(&console::Session { plan, credentials: &credentials, by_this_run }, service, self.context)
            }
            _ => {
                messages.say(&acquire::summary(plan, &credentials, now()));
                Ok(0)
            }
        }
    }

    /// The profile names no credentials, or there is none: the command's SDK finds the machine's.
    fn without_credentials(&self, profile: Option<&str>) -> Result<u8> {
        let Context { snapshot, request, messages, .. } = self.context;
        match (request.action, profile) {
            (Action::Run | Action::Shell, profile) => {
                messages.say(&match profile {
                    Some(name) => format!("profile '{name}' names no credentials; the command's own SDK looks for the container's or the instance's"),
                    None => String::from("no profile and no keys; the command's own SDK looks for the container's or the instance's"),
                });
                become_command(self.command, snapshot, &child::ambient(snapshot, request, profile))
            }
            (action, Some(name)) => Err(Error::new(format!(
                "profile '{name}' names no credentials, so there is nothing to {}",
                what(action)
            ))
            .advise("name a profile with a role, keys or SSO")),
            (action, None) => Err(Error::new(format!("there is no profile to {}", what_of_profile(action)))
                .advise("name one with -p or AWS_PROFILE")),
        }
    }

    fn with_keys_of_environment(&self) -> Result<u8> {
        let Context { snapshot, request, set, .. } = self.context;
        match request.action {
            Action::Run | Action::Shell => become_command(self.command, snapshot, &child::untouched(snapshot, request)),
            Action::Export(format) if format != Format::Json => {
                print(&export::script(format, &child::passing(snapshot, request))?)
            }
            Action::Login => {
                Err(Error::new("there is no profile to log in to").advise("name one with -p or AWS_PROFILE"))
            }
            _ => match plan::of_environment(set, request)? {
                Some(plan) => self.with_credentials(&plan),
                None => self.without_credentials(None),
            },
        }
    }

    /// The plan's credentials: from a cache, else from STS. What can fail without a code fails before one is asked for.
    fn credentials(&self, plan: &Acquisition) -> Result<Obtained> {
        // What the console refuses must not cost a code.
        if let Action::Console(_) = self.context.request.action {
            console::refuse_without_role(plan)?;
        }
        if let Some(credentials) = acquire::at_hand(plan, self.context)? {
            return Ok(Obtained { credentials, by_this_run: false });
        }
        if let Some(command) = self.command.first() {
            deliver::find(command, self.context.snapshot.var("PATH"))?;
        }
        acquire::harden();
        // The guard falls before the command is started, which gets these signals as its caller meant them.
        let _guard = Undisturbed::begin();
        acquire::obtain(plan, self.context)
    }
}

/// What an action would do with credentials.
fn what(action: Action) -> &'static str {
    match action {
        Action::Export(_) => "export",
        Action::Whoami => "ask about",
        Action::Console(_) => "sign in with",
        _ => "log in to",
    }
}

/// The same with a profile.
fn what_of_profile(action: Action) -> &'static str {
    match action {
        Action::Export(_) => "export the credentials of",
        Action::Whoami => "ask about",
        Action::Console(_) => "sign in with",
        _ => "log in to",
    }
}

fn become_command(command: &[OsString], snapshot: &Snapshot, environment: &[CString]) -> Result<u8> {
    Err(deliver::exec(command, environment, snapshot.var("PATH")))
}
