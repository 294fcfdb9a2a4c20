//! `--each` with `--whoami` and `--status`: a row for each profile on stdout, or an array of JSON.

use std::io::IsTerminal as _;

use serde_json::{Value, json};

use crate::actions::each::one::One;
use crate::actions::{status, whoami};
use crate::command::many::{Done, Finished, Outcome};
use crate::context::Context;
use crate::error::{FAILED, Result};
use crate::messages::print;
use crate::messages::table::{GivingUp, Layout, NOTHING};
use crate::text::escape::printable;
use crate::text::json::json;
use crate::time::Timestamp;

/// The exit status of `--status` if nothing is cached for a profile.
const NOT_CACHED: u8 = 1;

/// The width of a table that goes to a program: nothing is left out.
const UNLIMITED: usize = 10_000;

/// What the child of a profile does for `--whoami`: it reports the identity, or the error.
pub(crate) fn whoami_of(context: &Context<'_>) -> Done {
    let (status, report) = match whoami::identity_json(context) {
        Ok(identity) => (0, identity),
        Err(error) => (error.status(), json!({ "error": { "fact": error.fact(), "advice": error.advice() } })),
    };
    Done { status, report: report.to_string().into_bytes() }
}

/// Prints what the children of `--whoami` reported, and returns the exit status.
///
/// # Errors
/// Returns an error if stdout cannot be written.
pub(crate) fn whoami_table(context: &Context<'_>, profiles: &[One<'_>], finished: &Finished) -> Result<u8> {
    let reported = |outcome: &Outcome| match outcome {
        Outcome::Ended(ended) => ended.report.as_deref().and_then(|report| serde_json::from_slice(report).ok()),
        Outcome::NotRun => None,
    };
    let rows: Vec<Value> = profiles
        .iter()
        .zip(&finished.outcomes)
        .map(|(one, outcome)| {
            let mut row: Value =
                reported(outcome).unwrap_or_else(|| json!({ "error": { "fact": "it was not asked" } }));
            if let Some(row) = row.as_object_mut() {
                row.insert("profile".into(), json!(one.name));
            }
            row
        })
        .collect();
    let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).map(String::from);
    let left = |row: &Value| Some((Timestamp::parse(&text(row, "expiration")?)? - context.now).to_string());
    let cells = |row: &Value| [text(row, "account"), text(row, "arn"), left(row)];
    let problem = |row: &Value| row.pointer("/error/fact").and_then(Value::as_str).map(String::from);
    let failed = rows.iter().any(|row| problem(row).is_some());
    if context.request.output.json {
        print(&json(&Value::Array(rows)))?;
    } else {
        let rows: Vec<Row> = rows
            .iter()
            .map(|row| Row {
                profile: text(row, "profile").unwrap_or_default(),
                cells: cells(row).to_vec(),
                problem: problem(row),
            })
            .collect();
        let giving_up = GivingUp { empty: &[3], others: &[3], shortened: 2 };
        print(&table(&["PROFILE", "ACCOUNT", "ARN", "LEFT"], &rows, &giving_up))?;
    }
    Ok(if failed { FAILED } else { 0 })
}

/// Prints the time left of each profile's cached credentials, and returns the exit status.
///
/// # Errors
/// Returns an error if stdout cannot be written.
pub(crate) fn status_table(context: &Context<'_>, profiles: &[One<'_>]) -> Result<u8> {
    let found: Vec<(&str, Result<Option<Value>>)> =
        profiles.iter().map(|one| (one.name.as_str(), status::as_json(&one.context(context)))).collect();
    let failed = found.iter().any(|(_, found)| found.is_err());
    let is_missing = found.iter().any(|(_, found)| matches!(found, Ok(None)));
    if context.request.output.json {
        let value = |(name, found): &(&str, Result<Option<Value>>)| match found {
            Ok(Some(found)) => found.clone(),
            Ok(None) => json!({ "profile": name, "expiration": null, "seconds_left": null }),
            Err(error) => json!({ "profile": name, "error": { "fact": error.fact(), "advice": error.advice() } }),
        };
        print(&json(&Value::Array(found.iter().map(value).collect())))?;
    } else {
        let row = |(name, found): &(&str, Result<Option<Value>>)| {
            let end = match found {
                Ok(Some(found)) => found.get("expiration").and_then(Value::as_str).and_then(Timestamp::parse),
                _ => None,
            };
            let problem = found.as_ref().err().map(|error| error.fact().to_owned());
            let left = end.map(|end| (end - context.now).to_string());
            Row { profile: (*name).to_owned(), cells: vec![left], problem }
        };
        let rows: Vec<Row> = found.iter().map(row).collect();
        print(&table(&["PROFILE", "LEFT"], &rows, &GivingUp { empty: &[], others: &[], shortened: 0 }))?;
    }
    Ok(match (failed, is_missing) {
        (true, _) => FAILED,
        (false, true) => NOT_CACHED,
        (false, false) => 0,
    })
}

/// A profile with its values, or the reason why it has none.
struct Row {
    profile: String,
    cells: Vec<Option<String>>,
    problem: Option<String>,
}

/// Aligned columns with a header; for a program they have their full width.
fn table(header: &[&str], rows: &[Row], giving_up: &GivingUp<'_>) -> String {
    let stdout = std::io::stdout();
    let columns = rustix::termios::tcgetwinsize(&stdout).map_or(0, |size| usize::from(size.ws_col));
    let width = match (stdout.is_terminal(), columns) {
        (false, _) => UNLIMITED,
        (true, 0) => 80,
        (true, columns) => columns,
    };
    let cells = |row: &Row| {
        let values = row.cells.iter().map(|cell| match cell {
            Some(text) => printable(text).into_owned(),
            None => NOTHING.to_owned(),
        });
        let profile = printable(&row.profile).into_owned();
        // The problem must not widen a column.
        if row.problem.is_some() { vec![profile] } else { std::iter::once(profile).chain(values).collect() }
    };
    let header: Vec<String> = header.iter().map(|title| (*title).to_owned()).collect();
    let all: Vec<Vec<String>> = std::iter::once(header).chain(rows.iter().map(cells)).collect();
    let layout = Layout::new(&all, giving_up, width);
    let mut text = String::new();
    for (at, cells) in all.iter().enumerate() {
        let problem = at.checked_sub(1).and_then(|at| rows.get(at)).and_then(|row| row.problem.as_deref());
        let lines = match (problem, cells.first()) {
            (Some(problem), Some(name)) => layout.lines_with_text(name, &format!("broken: {}", printable(problem))),
            _ => layout.lines(cells),
        };
        for line in lines {
            text.extend([&line, "\n"]);
        }
    }
    text
}
