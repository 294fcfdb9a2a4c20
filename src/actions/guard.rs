//! Asks before a command is started with a guarded profile (docs/guard.md).

use std::ffi::OsString;

use crate::cache::keys::device_lock;
use crate::context::Context;
use crate::env::nesting;
use crate::error::{Error, Result, io_words};
use crate::messages::wants_colours;
use crate::plan::guard::Guard;
use crate::plan::model::Acquisition;
use crate::system::lock::Task;
use crate::system::terminal::{Answer, Terminal};
use crate::text::shell_words::shell_word;

/// The name of the lock around a question for a profile without an MFA device.
const LOCK: &str = "question";

/// The longest command that a question shows, in characters.
const LONGEST: usize = 300;

/// The most profiles that a question names.
const MOST_NAMES: usize = 20;

/// A guarded profile, and how a question names it.
pub(crate) struct Guarded<'a> {
    /// The profile's name.
    pub(crate) profile: &'a str,
    /// Its plan; `None` if it names no credentials.
    pub(crate) plan: Option<&'a Acquisition>,
    /// Its guard.
    pub(crate) guard: &'a Guard,
}

impl Guarded<'_> {
    /// The profile with its account: `production-infrastructure (050019655025)`.
    fn subject(&self) -> String {
        match self.plan.and_then(Acquisition::account) {
            Some(account) => format!("{} ({account})", self.profile),
            None => self.profile.to_owned(),
        }
    }
}

/// Asks whether to run the command, if the guard covers it and nobody has answered for it yet. Returns whether it was
/// confirmed, so that the runs below this one do not ask again.
///
/// # Errors
/// Returns an error if the answer is no, or if there is no terminal to ask on.
pub(crate) fn confirm(context: &Context<'_>, guarded: &Guarded<'_>, command: &[OsString]) -> Result<bool> {
    let role_arn = context.request.role.arn.as_ref().map(crate::arn::RoleArn::as_str);
    if nesting::is_confirmed(guarded.profile, role_arn, context.snapshot) {
        context.messages.step(|| format!("the guard of profile '{}' was answered by an outer run", guarded.profile));
        return Ok(true);
    }
    if !guarded.guard.covers(command) {
        return Ok(false);
    }
    let lock = guarded.plan.and_then(|plan| Some(device_lock(&plan.base, plan.device()?)));
    let question = format!("{}: run {}? [y/N] ", guarded.subject(), shown(command));
    let place = context.set.place(guarded.guard.at);
    let who = format!("profile '{}' asks before {} ({place})", guarded.profile, guarded.guard.words());
    ask(context, &question, &who, lock.as_deref().unwrap_or(LOCK)).map(|()| true)
}

/// Asks once for all guarded profiles whether to run the command for `count` profiles.
///
/// # Errors
/// Returns an error if the answer is no, or if there is no terminal to ask on.
pub(crate) fn confirm_all(
    context: &Context<'_>,
    guarded: &[Guarded<'_>],
    count: usize,
    command: &[OsString],
) -> Result<()> {
    let role_arn = context.request.role.arn.as_ref().map(crate::arn::RoleArn::as_str);
    let is_asked = |guarded: &&Guarded<'_>| {
        guarded.guard.covers(command) && !nesting::is_confirmed(guarded.profile, role_arn, context.snapshot)
    };
    let asked: Vec<&Guarded<'_>> = guarded.iter().filter(is_asked).collect();
    let Some(first) = asked.first() else { return Ok(()) };
    let mut names: Vec<String> = asked.iter().take(MOST_NAMES).map(|guarded| guarded.subject()).collect();
    if asked.len() > MOST_NAMES {
        names.push(format!("and {} more", asked.len() - MOST_NAMES));
    }
    let (names, number) = (names.join(", "), asked.len());
    let question = format!("{names}; {number} of {count} profiles: run {}? [y/N] ", shown(command));
    let place = context.set.place(first.guard.at);
    let who = format!("profile '{}' asks before {} ({place})", first.profile, first.guard.words());
    let lock = first.plan.and_then(|plan| Some(device_lock(&plan.base, plan.device()?)));
    ask(context, &question, &who, lock.as_deref().unwrap_or(LOCK))
}

/// Asks a question on the terminal, unless `--yes` answers it. `who` begins the error without a terminal. One process
/// asks at a time: `lock` is that of the device, so that a question and the prompt for a code do not meet.
fn ask(context: &Context<'_>, question: &str, who: &str, lock: &str) -> Result<()> {
    if context.request.yes || context.snapshot.switch("AWS_AUTH_YES")? {
        context.messages.step(|| format!("{who}; the answer is --yes"));
        return Ok(());
    }
    let nowhere = || {
        Error::new(format!("{who}, and there is no terminal to ask on"))
            .advise("run it in a terminal, or answer with --yes or AWS_AUTH_YES=1")
    };
    let _turn = if Terminal::is_missing() { None } else { context.take_turn(lock, Task::Ask("the question"))? };
    loop {
        let cannot = |error: &std::io::Error| {
            Error::new(format!("{who}, and the terminal cannot be used ({})", io_words(error)))
                .advise("raise the limit of open files (ulimit -n), or answer with --yes")
        };
        let terminal = Terminal::open().map_err(|error| cannot(&error))?.ok_or_else(nowhere)?;
        let answer = terminal.bold(wants_colours(context.snapshot)).ask_openly(question, &context.locks);
        match answer.map_err(|error| cannot(&error))? {
            Answer::Line(line) if ["y", "yes"].iter().any(|yes| line.expose().eq_ignore_ascii_case(yes)) => {
                return Ok(());
            }
            Answer::Line(_) | Answer::End | Answer::Late => {
                return Err(Error::new("the answer was not yes, so nothing was run"));
            }
            Answer::Nowhere => return Err(nowhere()),
            // What was asked before the stop may have scrolled away.
            Answer::Resumed => {}
        }
    }
}

/// The command as it would be typed. The middle of a long one is left out.
fn shown(command: &[OsString]) -> String {
    let words: Vec<String> = command.iter().map(|word| shell_word(&word.to_string_lossy())).collect();
    let text = words.join(" ");
    let count = text.chars().count();
    if count <= LONGEST {
        return text;
    }
    let half = LONGEST / 2;
    let begin: String = text.chars().take(half).collect();
    let end: String = text.chars().skip(count - half).collect();
    format!("{begin} … {end}")
}
