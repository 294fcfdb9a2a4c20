//! What is said at the end: a table of the profiles, their exit statuses and times, or lines of JSON.

use std::io::IsTerminal as _;
use std::time::Duration;

use serde_json::json;

use crate::command::many::{Ended, Finished, Outcome};
use crate::context::Context;
use crate::error::FAILED;
use crate::messages::table::{GivingUp, Layout, NOTHING};
use crate::messages::{Style, wants_colours};
use crate::system::subprocess::End;
use crate::text::json::json_line;
use crate::time::Length;

/// The exit status if a command failed, as for xargs(1).
const COMMAND_FAILED: u8 = 123;

const HEADER: [&str; 3] = ["PROFILE", "STATUS", "TIME"];

const GIVING_UP: GivingUp<'_> = GivingUp { empty: &[2], others: &[2], shortened: 0 };

/// The width of the table if stderr is no terminal: nothing is left out.
const UNLIMITED: usize = 10_000;

/// What became of the profiles.
pub(crate) struct Report<'a> {
    names: &'a [String],
    finished: &'a Finished,
}

impl<'a> Report<'a> {
    pub(crate) fn new(names: &'a [String], finished: &'a Finished) -> Self {
        Self { names, finished }
    }

    /// The exit status of the whole run.
    pub(crate) fn status(&self) -> u8 {
        let ended = || self.rows().filter_map(|(_, outcome)| ended(outcome));
        if ended().any(|ended| ended.report.is_some() && !ended.is_success()) {
            FAILED
        } else if ended().any(|ended| !ended.is_success()) {
            COMMAND_FAILED
        } else {
            0
        }
    }

    /// Prints it to stderr.
    pub(crate) fn print(&self, context: &Context<'_>) {
        if self.finished.signal.is_some() {
            let ran = self.rows().filter(|(_, outcome)| ended(outcome).is_some()).count();
            context.messages.say(&format!("interrupted; {ran} of {} profiles had run", self.names.len()));
        }
        if context.request.output.json {
            return context.messages.lines_for_programs(&self.as_json());
        }
        let stderr = std::io::stderr();
        let colours = stderr.is_terminal() && wants_colours(context.snapshot);
        let width = match rustix::termios::tcgetwinsize(&stderr) {
            Ok(size) if size.ws_col > 0 => usize::from(size.ws_col),
            Ok(_) => 80,
            Err(_) => UNLIMITED,
        };
        context.messages.table(&self.as_table(width, colours));
    }

    fn rows(&self) -> impl Iterator<Item = (&'a String, &'a Outcome)> {
        self.names.iter().zip(&self.finished.outcomes)
    }

    fn as_table(&self, width: usize, colours: bool) -> String {
        let header = HEADER.map(String::from).to_vec();
        let cells = |(name, outcome): (&String, &Outcome)| match ended(outcome) {
            Some(ended) => vec![name.clone(), status_text(ended.end), time_text(ended.took)],
            None => vec![name.clone(), String::from("not run"), String::from(NOTHING)],
        };
        let rows: Vec<Vec<String>> = std::iter::once(header).chain(self.rows().map(cells)).collect();
        let layout = Layout::new(&rows, &GIVING_UP, width);
        let styles = std::iter::once(Style::Bold).chain(self.rows().map(|(_, outcome)| match ended(outcome) {
            Some(ended) if ended.is_success() => Style::Plain,
            _ => Style::Error,
        }));
        let mut text = String::new();
        for (row, style) in rows.iter().zip(styles) {
            let (begin, end) = if colours { style.codes() } else { ("", "") };
            for line in layout.lines(row) {
                text.extend([begin, &line, end, "\n"]);
            }
        }
        text
    }

    fn as_json(&self) -> String {
        let line = |(name, outcome): (&String, &Outcome)| {
            let ended = ended(outcome);
            let (status, signal) = match ended.map(|ended| ended.end) {
                Some(End::Status(status)) => (Some(status), None),
                Some(End::Signal(signal)) => (None, Some(signal)),
                None => (None, None),
            };
            json_line(&json!({
                "profile": name,
                "ran": ended.is_some_and(|ended| ended.report.is_none()),
                "status": status,
                "signal": signal,
                "seconds": ended.map(|ended| rounded(ended.took)),
            }))
        };
        self.rows().map(line).collect()
    }
}

fn ended(outcome: &Outcome) -> Option<&Ended> {
    match outcome {
        Outcome::Ended(ended) => Some(ended),
        Outcome::NotRun => None,
    }
}

/// An exit status, or the signal by its name.
fn status_text(end: End) -> String {
    match end {
        End::Status(status) => status.to_string(),
        End::Signal(signal) => match nix::sys::signal::Signal::try_from(signal) {
            Ok(named) => named.as_str().to_owned(),
            Err(_) => format!("signal {signal}"),
        },
    }
}

/// Tenths of a second below a minute: `0.4s`, `12.3s`, `2m`.
fn time_text(took: Duration) -> String {
    if took < Duration::from_mins(1) { format!("{:.1}s", took.as_secs_f64()) } else { Length::of(took).to_string() }
}

/// Seconds with three places.
fn rounded(took: Duration) -> f64 {
    (took.as_secs_f64() * 1000.0).round() / 1000.0
}
