//! `--check`: trying profiles for real, one after the other, and telling in a line each which of them work.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::acquire::forecast::forecast;
use crate::acquire::identity::identity;
use crate::acquire::obtain::Obtained;
use crate::actions::credentials::{self, Purpose};
use crate::command::many::{Done, Finished, Outcome};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages::table::{GivingUp, Layout, NOTHING, width};
use crate::messages::{coloured, print};
use crate::plan::base::Base;
use crate::plan::model::Acquisition;
use crate::text::escape::printable;
use crate::time::{Length, Timestamp};

const PURPOSE: Purpose = Purpose { with_credentials: "check", with_profile: "check" };

const HEADER: [&str; 5] = ["PROFILE", "ACCOUNT", "ROLE", "TIME", "RESULT"];
const ROLE: usize = 2;
const TIME: usize = 3;
const GIVING_UP: GivingUp<'_> = GivingUp { empty: &[], others: &[TIME], shortened: ROLE };

/// The exit status if a profile does not work.
const SOME_FAILED: u8 = 1;

/// A profile that was tried.
pub(crate) struct Checked {
    /// The profile; `None` stands for keys of the environment or of the machine.
    profile: Option<String>,
    /// Whose credentials it gives, as STS says, or why it does not work.
    result: Result<Works>,
    /// How long that took.
    seconds: f64,
}

/// What a profile that works gives.
struct Works {
    arn: String,
    account: String,
    /// The role's name, or `user/NAME`.
    role: String,
    expiration: Option<Timestamp>,
}

/// Tries the profile of the request, and prints the result.
///
/// # Errors
/// Returns an error if the result cannot be printed.
pub fn check(context: &Context<'_>) -> Result<u8> {
    report(&[tried(context)], context)
}

/// Tries the profile of the request. An error of its plan is the result.
pub(crate) fn tried(context: &Context<'_>) -> Checked {
    with_plan(credentials::planned(context, &PURPOSE), context)
}

fn with_plan(plan: Result<Box<Acquisition>>, context: &Context<'_>) -> Checked {
    let begin = Instant::now();
    let named = context.request.profile.as_ref().map(|chosen| chosen.name.clone());
    let profile = named.or_else(|| plan.as_ref().ok().and_then(|plan| plan.profile.clone()));
    let result = plan.and_then(|plan| works(&plan, context));
    Checked { profile, result, seconds: begin.elapsed().as_secs_f64() }
}

/// Tries a profile after others in the same process. Whom nobody answered is not asked again: `unanswered` holds the
/// devices, each with the profile that it was asked for.
pub(crate) fn tried_after(context: &Context<'_>, unanswered: &mut Vec<(String, String)>) -> Checked {
    let profile = context.request.profile_name();
    let plan = credentials::planned(context, &PURPOSE);
    let asked = plan.as_ref().ok().and_then(|plan| forecast(plan, context, context.now).asked(plan));
    if let Some((_, first)) = unanswered.iter().find(|(other, _)| asked.as_ref() == Some(other)) {
        return Checked::not_tried(profile, first);
    }
    let checked = with_plan(plan, context);
    if let (Err(_), Some(asked)) = (&checked.result, asked) {
        unanswered.push((asked, profile.to_owned()));
    }
    checked
}

/// What the child of one of many profiles reports.
pub(crate) fn done(checked: &Checked) -> Done {
    let status = if checked.result.is_ok() { 0 } else { SOME_FAILED };
    Done { status, report: as_json(checked).to_string().into_bytes() }
}

/// Prints what the children reported, one line for each profile, and returns the exit status of [`report`].
///
/// # Errors
/// Returns an error if it cannot be printed.
pub(crate) fn report_of_many<'n>(
    names: impl Iterator<Item = &'n str>,
    finished: &Finished,
    context: &Context<'_>,
) -> Result<u8> {
    let checked = |(name, outcome): (&str, &Outcome)| match outcome {
        Outcome::NotRun => Checked::failed(name, Error::new("not tried"), Duration::ZERO),
        Outcome::Ended(ended) => ended.report.as_deref().and_then(from_report).unwrap_or_else(|| {
            let error = Error::new("the check ended without a result").advise("run it again");
            Checked::failed(name, error, ended.took)
        }),
    };
    report(&names.zip(&finished.outcomes).map(checked).collect::<Vec<_>>(), context)
}

fn works(plan: &Acquisition, context: &Context<'_>) -> Result<Works> {
    let Obtained { credentials, .. } = credentials::get(context, plan, None)?;
    let identity = identity(plan, &credentials, context)?;
    let role = match &plan.base {
        // The role's own name has a prefix and a hash around that of the permission set.
        Base::Sso { sso, .. } if plan.roles.is_empty() => sso.role_name.clone(),
        _ => role_of(&identity.arn),
    };
    Ok(Works { role, arn: identity.arn, account: identity.account, expiration: credentials.expiration })
}

/// The role's name in the ARN of its session; of another ARN what comes after the account.
fn role_of(arn: &str) -> String {
    let resource = arn.splitn(6, ':').last().unwrap_or_default();
    let role = resource.strip_prefix("assumed-role/").and_then(|rest| rest.split('/').next());
    role.unwrap_or(resource).to_owned()
}

/// Prints a line for each profile. The exit status is 0 if all of them work, else 1.
///
/// # Errors
/// Returns an error if it cannot be printed.
pub(crate) fn report(all: &[Checked], context: &Context<'_>) -> Result<u8> {
    let stdout = std::io::stdout();
    print(&if context.request.output.json {
        crate::text::json::json(&Value::Array(all.iter().map(as_json).collect()))
    } else if stdout.is_terminal() {
        for_terminal(all, width(context.snapshot), coloured(&stdout, context.snapshot))
    } else {
        all.iter().map(|checked| checked.cells("").join("\t") + "\n").collect()
    })?;
    Ok(if all.iter().all(|checked| checked.result.is_ok()) { 0 } else { SOME_FAILED })
}

impl Checked {
    /// A profile that does not work.
    pub(crate) fn failed(profile: &str, error: Error, took: Duration) -> Self {
        Self { profile: Some(profile.to_owned()), result: Err(error), seconds: took.as_secs_f64() }
    }

    /// A profile for which a person is not asked, because what was asked for `first` was not given.
    pub(crate) fn not_tried(profile: &str, first: &str) -> Self {
        let error =
            Error::new(format!("not tried, because it needs the code or the sign-in that '{first}' did not get"));
        Self::failed(profile, error, Duration::ZERO)
    }

    fn name(&self) -> String {
        self.profile.as_deref().map_or_else(|| String::from(NOTHING), |name| printable(name).into_owned())
    }

    /// The five columns, safe for a terminal. `nothing` stands for what is not known.
    fn cells(&self, nothing: &str) -> Vec<String> {
        let (account, role, result) = match &self.result {
            Ok(works) => (printable(&works.account).into_owned(), printable(&works.role).into_owned(), "ok".to_owned()),
            Err(error) => (nothing.to_owned(), nothing.to_owned(), error.to_string()),
        };
        // Whole seconds: what is of interest is a profile that takes long.
        #[expect(clippy::cast_possible_truncation, reason = "no profile takes that long")]
        let time = Length::seconds(self.seconds.round() as i64).to_string();
        vec![self.name(), account, role, time, result]
    }
}

/// Aligned columns with a header. The problem of a profile that does not work stands in place of the columns, whole.
fn for_terminal(all: &[Checked], width: usize, coloured: bool) -> String {
    let broken = |checked: &Checked| checked.result.as_ref().err().map(Error::to_string);
    let row = |checked: &Checked| {
        let mut cells = checked.cells(NOTHING);
        cells.truncate(if checked.result.is_ok() { HEADER.len() } else { 1 });
        cells
    };
    let cells: Vec<Vec<String>> =
        std::iter::once(HEADER.map(String::from).to_vec()).chain(all.iter().map(row)).collect();
    let layout = Layout::new(&cells, &GIVING_UP, width);
    let unbounded = Layout::new(&cells, &GIVING_UP, usize::MAX);
    let mut text = String::new();
    for (at, cells) in cells.iter().enumerate() {
        let checked = at.checked_sub(1).and_then(|at| all.get(at));
        let problem = checked.and_then(broken);
        let lines = match (&problem, cells.first()) {
            (Some(problem), Some(name)) => unbounded.lines_with_text(name, problem),
            _ => layout.lines(cells),
        };
        let colour = match (checked, &problem) {
            (None, _) => Some("\x1b[1m"),
            (Some(_), Some(_)) => Some("\x1b[31m"),
            (Some(_), None) => None,
        };
        for line in lines {
            match colour.filter(|_| coloured) {
                Some(colour) => text.extend([colour, &line, "\x1b[0m\n"]),
                None => text.extend([&line, "\n"]),
            }
        }
    }
    text
}

fn as_json(checked: &Checked) -> Value {
    let works = checked.result.as_ref().ok();
    let error = checked.result.as_ref().err();
    json!({
        "profile": checked.profile,
        "ok": works.is_some(),
        "account": works.map(|works| &works.account),
        "role": works.map(|works| &works.role),
        "arn": works.map(|works| &works.arn),
        "expiration": works.and_then(|works| works.expiration).map(Timestamp::iso8601),
        "problem": error.map(Error::fact),
        "words": error.and_then(Error::words),
        "advice": error.and_then(Error::advice),
        "seconds": checked.seconds,
    })
}

/// Reads what [`as_json`] wrote.
fn from_report(report: &[u8]) -> Option<Checked> {
    let value: Value = serde_json::from_slice(report).ok()?;
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(String::from);
    let result = match text("problem") {
        Some(problem) => {
            let error = Error::new(problem).quote(text("words").unwrap_or_default());
            Err(text("advice").into_iter().fold(error, Error::advise))
        }
        None => Ok(Works {
            arn: text("arn")?,
            account: text("account")?,
            role: text("role")?,
            expiration: text("expiration").as_deref().and_then(Timestamp::parse),
        }),
    };
    Some(Checked { profile: text("profile"), result, seconds: value.get("seconds")?.as_f64()? })
}
