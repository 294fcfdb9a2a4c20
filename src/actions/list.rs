//! `--list`: a table of every profile with its account, role, source, MFA device, region and time left.

use std::io::IsTerminal as _;

use serde_json::{Value, json};

use crate::acquire::forecast::{Forecast, forecast};
use crate::actions::cached::held_json;
use crate::actions::table::{aligned, cut};
use crate::context::Context;
use crate::error::Result;
use crate::messages::{coloured, print};
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Plan};
use crate::plan::resolve;
use crate::text::escape::printable;

const HEADER: [&str; 7] = ["PROFILE", "ACCOUNT", "ROLE", "SOURCE", "MFA", "REGION", "LEFT"];

/// The width if neither COLUMNS nor the terminal gives one.
const WIDTH: usize = 80;

/// A profile as it resolves; of one that does not, only the name and the problem.
struct Row {
    profile: String,
    account: Option<String>,
    role: Option<String>,
    source: Option<String>,
    mfa: Option<String>,
    region: Option<String>,
    left: Option<crate::acquire::forecast::Held>,
    session: Option<crate::acquire::forecast::Held>,
    /// Why the profile does not resolve.
    problem: Option<String>,
}

/// Lists the profiles in the order of the files.
///
/// # Errors
/// Returns an error if the list cannot be written.
pub fn list(context: &Context<'_>) -> Result<u8> {
    let rows: Vec<Row> = context.set.names().into_iter().map(|name| row(name, context)).collect();
    let stdout = std::io::stdout();
    print(&if context.request.output.json {
        crate::text::json::json(&Value::Array(rows.iter().map(as_json).collect()))
    } else if stdout.is_terminal() {
        for_terminal(&rows, width(context), coloured(&stdout, context.snapshot))
    } else {
        for_program(&rows)
    })
}

fn row(name: String, context: &Context<'_>) -> Row {
    let empty = Row {
        profile: name,
        account: None,
        role: None,
        source: None,
        mfa: None,
        region: None,
        left: None,
        session: None,
        problem: None,
    };
    match resolve::resolve_named(context.set, context.request, &empty.profile) {
        Ok(Plan::Acquire(plan)) => resolved(empty, &plan, &forecast(&plan, context, context.now)),
        Ok(Plan::Ambient { .. } | Plan::PassThrough) => Row { source: Some(String::from("the machine")), ..empty },
        Err(error) => Row { problem: Some(error.fact().to_owned()), ..empty },
    }
}

fn resolved(row: Row, plan: &Acquisition, forecast: &Forecast<'_>) -> Row {
    let (account, role) = match (plan.roles.last(), &plan.base) {
        (Some(role), _) => (Some(role.arn.account().to_owned()), Some(role.arn.name().to_owned())),
        (None, Base::WebIdentity { web, .. }) => {
            (Some(web.role.account().to_owned()), Some(web.role.name().to_owned()))
        }
        (None, Base::Sso { sso, .. }) => (Some(sso.account_id.clone()), Some(sso.role_name.clone())),
        (None, _) => (plan.session.as_ref().and_then(|session| session.serial.value.account()).map(String::from), None),
    };
    Row {
        account,
        role,
        source: Some(source(&plan.base)),
        mfa: plan.device().map(|serial| serial.user().unwrap_or(serial.as_str()).to_owned()),
        region: plan.region.as_ref().map(|region| region.value.to_string()),
        left: forecast.result,
        session: forecast.session,
        ..row
    }
}

/// Where the first credentials come from: the profile with the keys, or a provider.
fn source(base: &Base) -> String {
    match base {
        Base::WebIdentity { .. } => String::from("web identity"),
        Base::Sso { sso, .. } => format!("SSO {}", sso.token_name()),
        Base::Process { .. } => String::from("process"),
        Base::Login { .. } => String::from("aws login"),
        Base::Container { .. } => String::from("container"),
        Base::Instance { .. } => String::from("instance"),
        Base::Static { profile, .. } => profile.clone(),
        Base::Environment { .. } => String::from("environment"),
    }
}

impl Row {
    /// The cells of the table, with control characters escaped: a tab or a line end would break it. `nothing` stands
    /// for a missing value.
    fn cells(&self, nothing: &str) -> Vec<String> {
        let text = |value: &Option<String>| {
            value.as_deref().map_or_else(|| nothing.to_owned(), |text| printable(text).into_owned())
        };
        vec![
            printable(&self.profile).into_owned(),
            text(&self.account),
            text(&self.role),
            text(&self.source),
            text(&self.mfa),
            text(&self.region),
            self.left.map_or_else(|| nothing.to_owned(), |held| held.left.to_string()),
        ]
    }

    fn problem(&self) -> Option<String> {
        self.problem.as_deref().map(|problem| printable(problem).into_owned())
    }
}

/// Aligned columns with a header. A profile that does not resolve shows its problem instead of the columns.
fn for_terminal(rows: &[Row], width: usize, coloured: bool) -> String {
    let cells: Vec<Vec<String>> = std::iter::once(HEADER.map(String::from).to_vec())
        .chain(rows.iter().map(|row| match row.problem {
            // The problem must not widen a column.
            Some(_) => row.cells("").into_iter().take(1).collect(),
            None => row.cells("-"),
        }))
        .collect();
    let names = cells.iter().filter_map(|row| row.first()).map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    let problems = std::iter::once(None).chain(rows.iter().map(Row::problem));
    for (at, (line, problem)) in aligned(&cells, width).into_iter().zip(problems).enumerate() {
        let line = match problem {
            Some(problem) => cut(&format!("{line:<names$}  broken: {problem}"), width),
            None => line,
        };
        if at == 0 && coloured {
            text.push_str("\x1b[1m");
            text.push_str(&line);
            text.push_str("\x1b[0m\n");
        } else {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text
}

/// One line for each profile, without a header: the seven columns and the problem, separated by tabs. A missing value
/// is empty.
fn for_program(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let mut cells = row.cells("");
        cells.push(row.problem().unwrap_or_default());
        cells.join("\t") + "\n"
    };
    rows.iter().map(line).collect()
}

fn as_json(row: &Row) -> Value {
    json!({
        "profile": row.profile,
        "account": row.account,
        "role": row.role,
        "source": row.source,
        "mfa": row.mfa,
        "region": row.region,
        "cached": held_json(row.left),
        "mfa_session": held_json(row.session),
        "problem": row.problem,
    })
}

/// The width of the terminal in characters; COLUMNS wins over what the terminal says.
fn width(context: &Context<'_>) -> usize {
    let columns = context.snapshot.non_empty("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
    let terminal = || rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
    columns.or_else(terminal).filter(|width| *width > 0).unwrap_or(WIDTH)
}
