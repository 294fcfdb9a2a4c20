//! Running COMMAND or a shell, and the actions that need the same credentials.

use std::ffi::OsString;

use crate::acquire::obtain::Obtained;
use crate::acquire::{lookup, obtain, story};
use crate::actions::{console, export, meant, whoami};
use crate::cli::action::{Action, Format};
use crate::command::keep_fresh::RenewalFile;
use crate::command::{environment, exec, keep_fresh};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::env::snapshot::{Entry, Snapshot};
use crate::error::{Error, Result};
use crate::messages::{Messages, print};
use crate::plan::model::{Acquisition, Plan};
use crate::plan::{resolve, words};
use crate::providers::fetch;
use crate::request::Request;
use crate::system::harden;
use crate::system::signals::Undisturbed;
use crate::time::now;

/// A run that has a plan.
pub(crate) struct Work<'a> {
    pub(crate) context: &'a Context<'a>,
    /// COMMAND and its arguments, or the shell.
    pub(crate) command: &'a [OsString],
}

/// Becomes the command with the keys of the environment as they are.
///
/// # Errors
/// When it cannot be executed.
#[cold]
pub fn pass_through(
    snapshot: &Snapshot,
    request: &Request<'_>,
    messages: &Messages,
    command: &[OsString],
) -> Result<u8> {
    refuse_to_renew_keys(request)?;
    messages.step(|| {
        if request.keep_fresh.is_below {
            return String::from("no profile is named; the command above renews its credentials, and so does this one");
        }
        let key = snapshot.var("AWS_ACCESS_KEY_ID").unwrap_or_default().to_string_lossy();
        format!("no profile is named; the keys {key} in the environment pass through, and no call is made")
    });
    become_command(command, (snapshot, messages), &environment::untouched(snapshot, request), None)
        .map_err(|error| meant(error, command, |_| false))
}

/// Keys that somebody put into the environment are no profile's.
fn refuse_to_renew_keys(request: &Request<'_>) -> Result<()> {
    if request.keep_fresh.asked && !request.keep_fresh.is_below {
        return Err(keep_fresh::nothing_to_renew("no profile is named, and the environment holds keys"));
    }
    Ok(())
}

impl Work<'_> {
    pub(crate) fn with_plan(&self, plan: &Plan) -> Result<u8> {
        match plan {
            Plan::Acquire(plan) => self.with_credentials(plan),
            Plan::Ambient { profile } => self.without_credentials(profile.as_deref()),
            Plan::PassThrough => self.with_keys_of_environment(),
        }
    }

    fn with_credentials(&self, plan: &Acquisition) -> Result<u8> {
        let Context { snapshot, request, messages, .. } = self.context;
        if request.keep_fresh.asked && plan.profile.is_none() && plan.is_web_identity_alone() {
            messages.step(|| String::from("the command's own SDK renews what the web identity token gives"));
            return become_command(
                self.command,
                (snapshot, messages),
                &environment::untouched(snapshot, request),
                None,
            );
        }
        if request.action == Action::Login && request.cache.off && !fetch::is_sso(plan) {
            return Err(Error::new("--login keeps what it gets, and --no-cache (or AWS_AUTH_NO_CACHE) is on")
                .advise("leave one of them out"));
        }
        // Before a code is spent on credentials that the command could not be given.
        let fresh = if request.keep_fresh.asked { Some(self.file_to_keep_fresh(plan)?) } else { None };
        let Obtained { credentials, by_this_run } = self.credentials(plan)?;
        match request.action {
            Action::Run | Action::Shell => {
                let environment = match &fresh {
                    None => environment::with_credentials(snapshot, request, plan, &credentials),
                    Some(fresh) => environment::with_renewal_file(snapshot, request, plan, &credentials, fresh),
                };
                become_command(self.command, (snapshot, messages), &environment, Some(&credentials))
            }
            Action::Export(Format::Json) => {
                keep_fresh::note_renewal(snapshot);
                print(&export::json(&credentials))
            }
            Action::Export(format) => {
                print(&export::script(format, &environment::changes(snapshot, request, plan, &credentials))?)
            }
            Action::Whoami => whoami::whoami(plan, &credentials, self.context),
            Action::Console(service) => {
                console::open(&console::Session { plan, credentials: &credentials, by_this_run }, service, self.context)
            }
            _ => {
                messages.say(&words::summary(plan, &credentials, now()));
                Ok(0)
            }
        }
    }

    /// The file for `--keep-fresh`, written.
    #[cold]
    fn file_to_keep_fresh(&self, plan: &Acquisition) -> Result<RenewalFile> {
        let messages = self.context.messages;
        let fresh = RenewalFile::new(plan, self.command, self.context)?;
        fresh.write(self.context)?;
        messages.step(|| format!("the command gets its credentials from profile {} in {}", fresh.profile, fresh.path));
        Ok(fresh)
    }

    /// The profile names no credentials, or there is none: the command's SDK finds the machine's.
    #[cold]
    fn without_credentials(&self, profile: Option<&str>) -> Result<u8> {
        let Context { snapshot, request, set, messages, .. } = self.context;
        match (request.action, profile) {
            (Action::Run | Action::Shell, profile) => {
                messages.step(|| story::profile(profile, self.context));
                let sdk = "the command's own SDK looks for the container's or the instance's";
                match (profile, profile.and_then(|name| resolve::why_no_credentials(set, name))) {
                    (Some(name), Some(why)) => {
                        messages.warn(&format!("profile '{name}' names no credentials: {why}; {sdk}"));
                    }
                    (Some(name), None) => messages.say(&format!("profile '{name}' names no credentials; {sdk}")),
                    (None, _) if !set.has_profiles() => messages.say(&format!("no profile and no keys; {sdk}")),
                    (None, _) => {
                        messages.say(&format!("no profile is named (-p, AWS_PROFILE), and there are no keys; {sdk}"));
                    }
                }
                become_command(
                    self.command,
                    (snapshot, messages),
                    &environment::ambient(snapshot, request, profile),
                    None,
                )
            }
            (action, Some(name)) => Err(Error::new(format!(
                "profile '{name}' names no credentials, so there is nothing to {}",
                what(action)
            ))
            .advise(match resolve::why_no_credentials(set, name) {
                Some(why) => why,
                None => String::from("name a profile with a role, keys or SSO"),
            })),
            (action, None) => Err(Error::new(format!("there is no profile to {}", what_of_profile(action)))
                .advise("name one with -p or AWS_PROFILE")),
        }
    }

    #[cold]
    fn with_keys_of_environment(&self) -> Result<u8> {
        let Context { snapshot, request, set, messages, .. } = self.context;
        match request.action {
            Action::Run | Action::Shell => {
                refuse_to_renew_keys(request)?;
                become_command(self.command, (snapshot, messages), &environment::untouched(snapshot, request), None)
            }
            Action::Export(format) if format != Format::Json => {
                print(&export::script(format, &environment::passing(snapshot, request))?)
            }
            Action::Login => {
                Err(Error::new("there is no profile to log in to").advise("name one with -p or AWS_PROFILE"))
            }
            _ => match resolve::of_environment(set, request)? {
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
        self.context.messages.steps(|| story::beginning(plan, self.context));
        if let Some(credentials) = lookup::at_hand(plan, self.context, self.context.now)? {
            let Context { request, messages, .. } = self.context;
            if !request.action.says_result() {
                messages.step(|| words::summary(plan, &credentials, now()));
            }
            return Ok(Obtained { credentials, by_this_run: false });
        }
        if let Some(command) = self.command.first() {
            exec::find(command, self.context.snapshot.var("PATH"))?;
        }
        harden::harden();
        // The guard falls before the command is started, which gets these signals as its caller meant them.
        let _guard = Undisturbed::begin();
        obtain::obtain(plan, self.context)
    }
}

/// What an action would do with credentials.
pub(crate) fn what(action: Action) -> &'static str {
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

fn become_command(
    command: &[OsString],
    (snapshot, messages): (&Snapshot, &Messages),
    environment: &[Entry],
    credentials: Option<&Credentials>,
) -> Result<u8> {
    let path = snapshot.var("PATH");
    // Its arguments may hold secrets. That it cannot be found is said by the attempt.
    messages.steps(|| {
        let program = command.first().and_then(|name| exec::find(name, path).ok());
        let with = credentials.map(|credentials| story::with_credentials(credentials, now())).unwrap_or_default();
        program.map(|program| format!("starts {}{with}", program.display())).into_iter().collect()
    });
    Err(exec::exec(command, environment, path))
}
