//! `--check`: trying profiles for real, one after the other, and telling in a line each which of them work.

use std::io::IsTerminal as _;
use std::time::Instant;

use serde_json::{Value, json};

use crate::acquire::identity::identity;
use crate::acquire::obtain::Obtained;
use crate::actions::credentials::{self, Purpose};
use crate::actions::table::{GivingUp, Layout, NOTHING, width};
use crate::context::Context;
use crate::error::{Error, Result};
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
    let name = context.request.profile.as_ref().map(|chosen| chosen.name.clone());
    report(&[tried(name, credentials::planned(context, &PURPOSE), context)], context)
}

/// Tries what a plan gives. An error of the plan is the result.
pub(crate) fn tried(profile: Option<String>, plan: Result<Box<Acquisition>>, context: &Context<'_>) -> Checked {
    let begin = Instant::now();
    let profile = profile.or_else(|| plan.as_ref().ok().and_then(|plan| plan.profile.clone()));
    let result = plan.and_then(|plan| works(&plan, context));
    Checked { profile, result, seconds: begin.elapsed().as_secs_f64() }
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
