//! `--each`: a command, or an action, for every profile that matches (docs/many.md).

mod one;
mod prepare;
mod report;
mod tables;

use std::ffi::OsString;

use crate::actions::each::one::One;
use crate::actions::each::prepare::Prepared;
use crate::actions::each::report::Report;
use crate::actions::{self, check};
use crate::cli::action::Action;
use crate::cli::hints::{hint_of_each, suggest};
use crate::cli::options::Cli;
use crate::command::exec;
use crate::command::many::outputs::Outputs;
use crate::command::many::{self, Done, Many, Streams};
use crate::context::Context;
use crate::error::{Error, Result, io_words};
use crate::messages::Messages;
use crate::plan::missing::missing_profile;
use crate::request::Request;
use crate::request::many::Each;
use crate::request::profile::Chosen;
use crate::system::{harden, signals};
use crate::text::escape::printable;

/// Runs the command or the action once for each profile, and returns the exit status: 0 if all succeeded, 123 if a
/// command did not, 125 if aws-auth failed for a profile.
///
/// # Errors
/// Returns an error if no profile matches, the command is not found, or the guard's answer is no.
pub fn each(context: &Context<'_>, cli: &Cli, each: &Each, command: &[OsString]) -> Result<u8> {
    let profiles = profiles(context, cli, each, command)?;
    if let Some(program) = command.first() {
        exec::find(program, context.snapshot.var("PATH")).map_err(|error| {
            let patterns = cli.each.as_deref().unwrap_or_default();
            suggest(error, || hint_of_each(patterns, command, |name| context.set.profile(name).is_some()))
        })?;
    }
    let action = context.request.action;
    if action == Action::Status {
        return tables::status_table(context, &profiles);
    }
    harden::fill_standard_descriptors();
    let prepared = prepare::prepare(context, &profiles, command)?;
    let names: Vec<String> = profiles.iter().map(|one| printable(&one.name).into_owned()).collect();
    let streams = match (&each.outputs, each.jobs) {
        // Its messages are of one line each and name the profile.
        _ if !action.runs_command() => Streams::Same,
        (Some(directory), _) => Streams::Files(Outputs::new(directory, &names)?),
        (None, Some(_)) => Streams::Prefixed,
        (None, None) => Streams::Same,
    };
    let runs_alone = each.jobs.is_none() && action.runs_command();
    let heading = |at: usize| {
        if let Some(name) = names.get(at).filter(|_| runs_alone) {
            context.messages.heading(&format!("{name} ({} of {})", at + 1, names.len()));
        }
    };
    let work = |at: usize| match profiles.get(at) {
        Some(one) => run_alone((context, cli), one, &prepared, at, command),
        None => Done { status: crate::error::FAILED, report: Vec::new() },
    };
    let finished = many::run(&Many {
        names: &names,
        at_once: each.jobs.unwrap_or(1),
        has_progress: !matches!(streams, Streams::Same) && context.messages.may_redraw(),
        streams,
        fail_fast: each.fail_fast,
        before: &heading,
        work: &work,
    });
    let finished = finished.map_err(|error| Error::new(format!("cannot watch signals ({})", io_words(&error))))?;
    match action {
        Action::Whoami if finished.signal.is_none() => return tables::whoami_table(context, &profiles, &finished),
        Action::Check if finished.signal.is_none() => {
            return check::report_of_many(profiles.iter().map(|one| one.name.as_str()), &finished, context);
        }
        _ => {}
    }
    let report = Report::new(&names, &finished);
    report.print(context);
    match finished.signal {
        Some(signal) => signals::die_by(signal),
        None => Ok(report.status()),
    }
}

/// The profiles that match, in the order of the files.
fn profiles<'a>(context: &Context<'a>, cli: &Cli, each: &Each, command: &[OsString]) -> Result<Vec<One<'a>>> {
    let names = context.set.names();
    if let Some(name) = each.patterns.missing(&names) {
        return Err(missing_profile(context.set, &Chosen { name: name.to_owned(), by: "--each" }));
    }
    let selected: Vec<String> = names.into_iter().filter(|name| each.patterns.takes(name)).collect();
    if selected.is_empty() {
        let pattern = cli.each.as_deref().unwrap_or_default();
        return Err(Error::new(format!("no profile matches '{pattern}'")).advise("aws-auth --list shows all profiles"));
    }
    let one = |name: String| {
        let alone = Cli {
            profile: Some(name.clone()),
            each: None,
            jobs: None,
            fail_fast: false,
            outputs: None,
            json: false,
            // The guard was answered for all of them.
            yes: true,
            command: command.to_vec(),
            ..cli.clone()
        };
        Ok(One { name, request: Request::new(&alone, context.snapshot, context.now)? })
    };
    selected.into_iter().map(one).collect()
}

/// What the child of a profile does: all that a run for this profile alone does.
fn run_alone(
    (outer, cli): (&Context<'_>, &Cli),
    one: &One<'_>,
    prepared: &Prepared,
    at: usize,
    command: &[OsString],
) -> Done {
    if let Some(report) = prepared.failure(at) {
        return Done { status: crate::error::FAILED, report: report.to_vec() };
    }
    let context = one.context(outer);
    match context.request.action {
        Action::Whoami => return tables::whoami_of(&context),
        Action::Check => return check::done(&check::tried(&context)),
        _ => {}
    }
    let status = actions::perform(&context, cli, command).unwrap_or_else(|error| {
        Messages::error(&error, outer.snapshot);
        error.status()
    });
    Done { status, report: Vec::new() }
}
