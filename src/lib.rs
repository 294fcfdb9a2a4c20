//! aws-auth: a word put in front of a command, which gives it the credentials of an AWS profile.
//!
//! ```text
//! arguments + environment + two files  ->  Plan  ->  Credentials  ->  delivery
//!                                         (pure)     (cache, STS)     (exec, export, console, reports)
//! ```

pub mod acquire;
pub mod action;
pub mod arn;
pub mod bytes;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod deliver;
pub mod env;
pub mod error;
pub mod messages;
pub mod nested;
pub mod perform;
pub mod plan;
pub mod report;
pub mod request;
pub mod services;
pub mod shell_help;

use acquire::{Context, Store};
use config::{FileKind, ProfileSet, SourceFile};
use credentials::now;
use env::Snapshot;
use error::Result;
use messages::{Messages, Verbosity};
use request::Request;

/// Does what the snapshot asks for. Returns the exit status; after a success with a COMMAND it does not return, for the
/// process has become the command.
pub fn run(snapshot: Snapshot) -> u8 {
    let snapshot = nested::callers_own(snapshot);
    run_or_fail(&snapshot).unwrap_or_else(|error| {
        Messages::error(&error, messages::coloured(&std::io::stderr(), &snapshot));
        error.status()
    })
}

fn run_or_fail(snapshot: &Snapshot) -> Result<u8> {
    let cli = cli::parse(&snapshot.args)?;
    let action = action::of(&cli)?;
    if let Some(text) = perform::about(action) {
        return messages::print(&text);
    }
    let request = Request::new(&cli, snapshot, now())?;
    let messages = Messages::new(request.verbosity);
    let command = perform::command(action, cli.command, snapshot);
    perform::warn(&request, &messages);
    if action.runs_command() && plan::passes_through(&request)? {
        return perform::pass_through(snapshot, &request, &messages, &command);
    }
    let config_file = read(FileKind::Config, snapshot.config_file())?;
    let credentials_file = read(FileKind::Credentials, snapshot.credentials_file())?;
    let set = ProfileSet::parse(config_file.as_ref(), credentials_file.as_ref())?;
    if request.verbosity == Verbosity::Verbose {
        set.warnings().iter().for_each(|warning| messages.warn(warning));
    }
    let store = Store::new(snapshot, request.no_cache);
    let context = Context { request: &request, set: &set, snapshot, store: &store, messages: &messages };
    perform::perform(&context, &command)
}

fn read(kind: FileKind, path: Option<std::path::PathBuf>) -> Result<Option<SourceFile>> {
    path.map_or(Ok(None), |path| SourceFile::read(kind, &path))
}
