//! aws-auth runs a command with the credentials of an AWS profile. docs/design.md describes the parts.
//!
//! ```text
//! arguments + environment + two files  ->  Plan  ->  Credentials  ->  delivery
//!                                         (pure)     (cache, STS)     (exec, export, console, reports)
//! ```

pub mod acquire;
pub mod actions;
pub mod arn;
pub mod aws;
pub mod aws_login;
pub mod bounds;
pub mod cache;
pub mod cli;
pub mod command;
pub mod config;
pub mod context;
pub mod credentials;
pub mod env;
pub mod error;
pub mod keys;
pub mod messages;
pub mod mfa;
pub mod plan;
pub mod providers;
pub mod region;
pub mod request;
pub mod sso;
pub mod system;
pub mod template;
pub mod text;
pub mod time;

use std::io::IsTerminal as _;

use crate::cache::store::Store;
use crate::cli::action::Action;
use crate::cli::options::Cli;
use crate::cli::{action, options};
use crate::config::profiles::ProfileSet;
use crate::config::source::SourceFile;
use crate::context::Context;
use crate::env::nesting;
use crate::env::snapshot::Snapshot;
use crate::error::Result;
use crate::messages::{Messages, Verbosity};
use crate::plan::resolve;
use crate::request::Request;
use crate::system::harden;
use crate::system::held_locks::HeldLocks;
use crate::system::manual_page;

/// Runs aws-auth with these arguments and this environment, and returns the exit status. When a command is started it
/// does not return: the process has become the command.
pub fn run(snapshot: Snapshot) -> u8 {
    let snapshot = nesting::callers_own(snapshot);
    run_or_fail(&snapshot).unwrap_or_else(|error| {
        Messages::error(&error, &snapshot);
        error.status()
    })
}

fn run_or_fail(snapshot: &Snapshot) -> Result<u8> {
    let mut cli = options::parse(&snapshot.args)?;
    let action = action::of(&cli)?;
    if let Some(text) = action.text(|| messages::screen(snapshot)) {
        let is_shown = action == Action::Man && std::io::stdout().is_terminal() && manual_page::show(&text);
        return if is_shown { Ok(0) } else { messages::print(&text) };
    }
    if let Action::Unset(format) = action {
        let messages = Messages::new(request::verbosity(&cli), snapshot);
        return actions::unset::unset(snapshot, format, &messages);
    }
    if let Some(access_key_id) = &cli.stored_keys {
        return actions::stored_keys::stored_keys(access_key_id, snapshot);
    }
    let now = time::now();
    let request = Request::new(&cli, snapshot, now)?;
    let messages = Messages::new(request.output.verbosity, snapshot);
    // `--status` runs in a shell prompt, which warnings would disturb; `--explain` shows them as notes.
    if !matches!(request.action, Action::Status | Action::Explain) {
        request.warnings.iter().for_each(|warning| messages.warn(warning));
    }
    let command = actions::run::command(request.action, std::mem::take(&mut cli.command), snapshot);
    if request.each.is_none() && !cli.pick && request.action.runs_command() && resolve::passes_through(&request)? {
        return actions::run::pass_through(snapshot, &request, &messages, &command);
    }
    harden::forbid_core_dumps();
    let [config_file, credentials_file] = SourceFile::read_both(snapshot)?;
    let set = ProfileSet::parse(config_file.as_ref(), credentials_file.as_ref())?;
    if request.output.verbosity == Verbosity::Verbose {
        set.warnings().iter().for_each(|warning| messages.warn(warning));
    }
    let store = Store::new(snapshot, request.cache.off);
    let context = |request| Context {
        now,
        request,
        set: &set,
        snapshot,
        store: &store,
        messages: &messages,
        locks: HeldLocks::default(),
    };
    if cli.pick {
        let name = Some(actions::pick::pick(&context(&request))?);
        let cli = Cli { pick: false, profile: name, command: command.clone(), ..cli };
        let request = Request::new(&cli, snapshot, time::now())?.chosen_by("--pick");
        return actions::perform(&context(&request), &cli, &command);
    }
    let context = context(&request);
    match &request.each {
        Some(each) => actions::each::each(&context, &cli, each, &command),
        None => actions::perform(&context, &cli, &command),
    }
}
