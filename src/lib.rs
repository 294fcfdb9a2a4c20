//! aws-auth: a word put in front of a command, which gives it the credentials of an AWS profile.
//!
//! ```text
//! arguments + environment + two files  ->  Plan  ->  Credentials  ->  delivery
//!                                         (pure)     (cache, STS)     (exec)
//! ```

pub mod acquire;
pub mod arn;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod deliver;
pub mod env;
pub mod error;
pub mod messages;
pub mod plan;
pub mod request;

use std::ffi::CString;
use std::io::Write as _;

use acquire::{Context, Store, Undisturbed};
use cli::Cli;
use config::{FileKind, ProfileSet, SourceFile};
use credentials::now;
use deliver::child;
use env::Snapshot;
use error::{Error, FAILED, Result};
use messages::Messages;
use plan::{Acquisition, Plan};
use request::{Action, Request};

/// Does what the snapshot asks for. Returns the exit status; after a success with a COMMAND it does not return, for the
/// process has become the command.
pub fn run(snapshot: &Snapshot) -> u8 {
    run_or_fail(snapshot).unwrap_or_else(|error| {
        Messages::error(&error);
        error.status()
    })
}

fn run_or_fail(snapshot: &Snapshot) -> Result<u8> {
    let cli = cli::parse(&snapshot.args)?;
    match request::action(&cli)? {
        Action::Help => return print(&cli::help()),
        Action::Version => return print(concat!("aws-auth ", env!("CARGO_PKG_VERSION"), "\n")),
        _ => {}
    }
    let request = Request::new(&cli, snapshot, now())?;
    let messages = Messages::new(request.verbosity);
    for warning in &request.warnings {
        messages.warn(warning);
    }
    if request.action == Action::Run && plan::passes_through(&request)? {
        messages.step(|| String::from("no profile is named; the keys in the environment pass through"));
        return become_command(&cli, snapshot, &child::untouched(snapshot, &request));
    }
    let config_file = read(FileKind::Config, snapshot.config_file())?;
    let credentials_file = read(FileKind::Credentials, snapshot.credentials_file())?;
    let set = ProfileSet::parse(config_file.as_ref(), credentials_file.as_ref())?;
    if request.verbosity == messages::Verbosity::Verbose {
        set.warnings().iter().for_each(|warning| messages.warn(warning));
    }
    let store = Store::new(snapshot, request.no_cache);
    if let Action::Logout { all } = request.action {
        return logout(&set, &request, &store, &messages, all);
    }
    let plan = plan::resolve(&set, &request)?;
    let context = Context { request: &request, set: &set, snapshot, store: &store, messages: &messages };
    match (&plan, request.action) {
        (Plan::Acquire(plan), Action::Run) => {
            let credentials = credentials(plan, &context, &cli)?;
            become_command(&cli, snapshot, &child::with_credentials(snapshot, &request, plan, &credentials))
        }
        (Plan::Acquire(plan), _) => login(plan, &context, &cli),
        (Plan::Ambient { profile }, Action::Run) => {
            messages.say(&match profile {
                Some(name) => format!("profile '{name}' names no credentials; the command's own SDK looks for the container's or the instance's"),
                None => String::from("no profile and no keys; the command's own SDK looks for the container's or the instance's"),
            });
            become_command(&cli, snapshot, &child::ambient(snapshot, &request, profile.as_deref()))
        }
        (Plan::PassThrough, Action::Run) => become_command(&cli, snapshot, &child::untouched(snapshot, &request)),
        (Plan::Ambient { profile: Some(name) }, _) => {
            Err(Error::new(format!("profile '{name}' names no credentials, so there is nothing to log in to"))
                .advise("name a profile with a role, keys or SSO"))
        }
        (Plan::PassThrough | Plan::Ambient { profile: None }, _) => {
            Err(Error::new("there is no profile to log in to").advise("name one with -p or AWS_PROFILE"))
        }
    }
}

fn read(kind: FileKind, path: Option<std::path::PathBuf>) -> Result<Option<SourceFile>> {
    path.map_or(Ok(None), |path| SourceFile::read(kind, &path))
}

/// The plan's credentials: from a cache, else from STS. What can fail without a code fails before one is asked for.
fn credentials(plan: &Acquisition, context: &Context<'_>, cli: &Cli) -> Result<credentials::Credentials> {
    if let Some(credentials) = acquire::at_hand(plan, context)? {
        return Ok(credentials);
    }
    if let Some(command) = cli.command.first() {
        deliver::find(command, context.snapshot.var("PATH"))?;
    }
    acquire::harden();
    // The guard falls before the command is started, which gets these signals as its caller meant them.
    let _guard = Undisturbed::begin();
    acquire::obtain(plan, context)
}

fn become_command(cli: &Cli, snapshot: &Snapshot, environment: &[CString]) -> Result<u8> {
    Err(deliver::exec(&cli.command, environment, snapshot.var("PATH")))
}

fn login(plan: &Acquisition, context: &Context<'_>, cli: &Cli) -> Result<u8> {
    let credentials = credentials(plan, context, cli)?;
    context.messages.say(&acquire::summary(plan, &credentials, now()));
    Ok(0)
}

fn logout(set: &ProfileSet<'_>, request: &Request<'_>, store: &Store, messages: &Messages, all: bool) -> Result<u8> {
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

fn print(text: &str) -> Result<u8> {
    let written = std::io::stdout().write_all(text.as_bytes());
    written
        .map(|()| 0)
        .map_err(|error| Error::new(format!("cannot write ({})", acquire::io_words(&error))).with_status(FAILED))
}
