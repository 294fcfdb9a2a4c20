//! `--list`: a table of every profile with its account, role, source, MFA device, region and time left, in which the
//! current profile is marked.

use std::io::IsTerminal as _;

use serde_json::{Value, json};

use crate::acquire::forecast::{self, Held, Sessions};
use crate::actions::cached::held_json;
use crate::config::profiles::DEFAULT_PROFILE;
use crate::context::Context;
use crate::env::nesting;
use crate::env::snapshot::Snapshot;
use crate::error::Result;
use crate::keys::stores;
use crate::messages::table::{GivingUp, Layout, NOTHING, width};
use crate::messages::{coloured, print};
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Plan};
use crate::plan::resolve;
use crate::system::held_locks::HeldLocks;
use crate::system::threads::in_parts;
use crate::text::escape::printable;

const HEADER: [&str; 7] = ["PROFILE", "ACCOUNT", "ROLE", "SOURCE", "MFA", "REGION", "LEFT"];

const ROLE: usize = 2;
const SOURCE: usize = 3;
const MFA: usize = 4;
const REGION: usize = 5;
const LEFT: usize = 6;

/// For fewer, another thread is not worth its start.
const PROFILES_PER_THREAD: usize = 500;

/// What the table gives up in a narrow terminal. The names and the account numbers are what people look for.
const GIVING_UP: GivingUp<'_> =
    GivingUp { empty: &[REGION, SOURCE, MFA, ROLE, LEFT], others: &[REGION, SOURCE, MFA], shortened: ROLE };

/// What stands before the current profile, and before every other line.
const CURRENT: &str = "* ";
const MARGIN: &str = "  ";

/// A profile as it resolves; of one that does not, only the name and the problem.
struct Row {
    profile: String,
    /// Whether a run that names no other profile would use it.
    current: bool,
    account: Option<String>,
    role: Option<String>,
    source: Option<String>,
    mfa: Option<String>,
    region: Option<String>,
    left: Option<Held>,
    session: Option<Held>,
    /// The session policies that bound the role.
    bounded: Option<Vec<String>>,
    /// Why the profile does not resolve.
    problem: Option<String>,
}

/// Lists the profiles in the order of the files.
///
/// # Errors
/// Returns an error if the list cannot be written.
pub fn list(context: &Context<'_>) -> Result<u8> {
    let current = current(context);
    let Context { now, request, set, snapshot, store, messages, .. } = *context;
    let rows = in_parts(&set.names(), PROFILES_PER_THREAD, |names| {
        // Locks belong to one thread; these lines need none.
        let context = &Context { now, request, set, snapshot, store, messages, locks: HeldLocks::default() };
        let mut sessions = Sessions::default();
        let row = |name: &String| Row { current: current.as_ref() == Some(name), ..row(name, context, &mut sessions) };
        names.iter().map(row).collect()
    });
    if rows.is_empty() && !context.request.output.json {
        say_how_to_begin(context);
    }
    let stdout = std::io::stdout();
    print(&if context.request.output.json {
        crate::text::json::json(&Value::Array(rows.iter().map(as_json).collect()))
    } else if stdout.is_terminal() {
        for_terminal(&rows, width(context.snapshot), coloured(&stdout, context.snapshot))
    } else {
        for_program(&rows)
    })
}

/// The profile that a run with the same options and variables would use; `None` if it would use none.
fn current(context: &Context<'_>) -> Option<String> {
    if let Some(chosen) = &context.request.profile {
        return Some(chosen.name.clone());
    }
    match resolve::resolve(context.set, context.request) {
        Ok(Plan::Acquire(plan)) => plan.profile,
        Ok(Plan::PassThrough) => {
            // Below another run, the keys in the environment are those of its profile.
            let unchanged = nesting::unchanged(&nesting::settings(context.snapshot), context.snapshot);
            let ours = unchanged.iter().any(|name| name == "AWS_ACCESS_KEY_ID");
            context.snapshot.non_empty("AWS_AUTH_PROFILE").filter(|_| ours)?.to_str().map(String::from)
        }
        Ok(Plan::Ambient { .. }) | Err(_) => Some(String::from(DEFAULT_PROFILE)),
    }
}

fn row(name: &str, context: &Context<'_>, sessions: &mut Sessions) -> Row {
    let empty = Row {
        profile: name.to_owned(),
        current: false,
        account: None,
        role: None,
        source: None,
        mfa: None,
        region: None,
        left: None,
        session: None,
        bounded: None,
        problem: None,
    };
    match resolve::resolve_named(context.set, context.request, &empty.profile) {
        Ok(Plan::Acquire(plan)) => resolved(empty, &plan, context, sessions),
        Ok(Plan::Ambient { .. } | Plan::PassThrough) => Row { source: Some(String::from("the machine")), ..empty },
        Err(error) => Row { problem: Some(error.fact().to_owned()), ..empty },
    }
}

fn resolved(row: Row, plan: &Acquisition, context: &Context<'_>, sessions: &mut Sessions) -> Row {
    Row {
        account: plan.account().map(String::from),
        role: plan.role_name().map(String::from),
        source: Some(source(&plan.base, context.snapshot)),
        mfa: plan.device().map(|serial| serial.user().unwrap_or(serial.as_str()).to_owned()),
        region: plan.region.as_ref().map(|region| region.value.to_string()),
        left: forecast::result_left(plan, context, context.now),
        session: sessions.left(plan, context, context.now),
        bounded: plan.policies().map(|policies| policies.names.clone()),
        ..row
    }
}

/// Where the first credentials come from: the profile with the keys, a provider or a store.
fn source(base: &Base, snapshot: &Snapshot) -> String {
    match base {
        Base::WebIdentity { .. } => String::from("web identity"),
        Base::Sso { sso, .. } => format!("SSO {}", sso.token_name()),
        Base::Process { .. } => String::from("process"),
        Base::Stored { access_key_id, .. } => stores::holder(access_key_id, snapshot).name().to_owned(),
        Base::Login { .. } => String::from("aws login"),
        Base::Container { .. } => String::from("container"),
        Base::Instance { .. } => String::from("instance"),
        Base::Static { profile, .. } => profile.clone(),
        Base::Environment { .. } => String::from("environment"),
    }
}

impl Row {
    /// The seven columns, with control characters escaped: a tab or a line end would break them. `nothing` stands for a
    /// missing value.
    fn cells(&self, nothing: &str) -> [String; 7] {
        let text = |value: &Option<String>| {
            value.as_deref().map_or_else(|| nothing.to_owned(), |text| printable(text).into_owned())
        };
        [
            printable(&self.profile).into_owned(),
            text(&self.account),
            text(&self.role),
            text(&self.source),
            text(&self.mfa),
            text(&self.region),
            self.left.map_or_else(|| nothing.to_owned(), |held| held.left.to_string()),
        ]
    }

    /// The cells of the table. Without credentials of the role, LEFT tells of the MFA session: a run needs no code.
    fn cells_of_table(&self) -> Vec<String> {
        let mut cells = self.cells(NOTHING).to_vec();
        if self.problem.is_some() {
            // The problem must not widen a column.
            cells.truncate(1);
        } else if let (None, Some(session)) = (self.left, self.session.filter(|session| session.usable)) {
            cells.truncate(LEFT);
            cells.push(format!("session {}", session.left.roughly()));
        }
        if let (Some(role), true) = (cells.get_mut(ROLE), self.bounded.is_some()) {
            role.push_str(" (bounded)");
        }
        cells
    }

    fn problem(&self) -> Option<String> {
        self.problem.as_deref().map(|problem| printable(problem).into_owned())
    }
}

/// Aligned columns with a header. A profile that does not resolve shows its problem instead of the columns. The current
/// profile is marked.
fn for_terminal(rows: &[Row], width: usize, coloured: bool) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let header = HEADER.map(String::from).to_vec();
    let cells: Vec<Vec<String>> = std::iter::once(header).chain(rows.iter().map(Row::cells_of_table)).collect();
    let layout = Layout::new(&cells, &GIVING_UP, width.saturating_sub(MARGIN.len()));
    let mut text = String::new();
    for (at, cells) in cells.iter().enumerate() {
        let row = at.checked_sub(1).and_then(|at| rows.get(at));
        let lines = match (row.and_then(Row::problem), cells.first()) {
            (Some(problem), Some(name)) => layout.lines_with_text(name, &format!("broken: {problem}")),
            _ => layout.lines(cells),
        };
        let current = row.is_some_and(|row| row.current);
        let colour = match row {
            None => Some("\x1b[1m"),
            Some(_) => current.then_some("\x1b[1;32m"),
        };
        for (at, line) in lines.iter().enumerate() {
            let margin = if current && at == 0 { CURRENT } else { MARGIN };
            match colour.filter(|_| coloured) {
                Some(colour) => text.extend([colour, margin, line, "\x1b[0m\n"]),
                None => text.extend([margin, line, "\n"]),
            }
        }
    }
    text
}

/// One line for each profile, without a header: the seven columns and the problem, separated by tabs. A missing value
/// is empty.
fn for_program(rows: &[Row]) -> String {
    let line = |row: &Row| row.cells("").join("\t") + "\t" + &row.problem().unwrap_or_default() + "\n";
    in_parts(rows, PROFILES_PER_THREAD, |rows| vec![rows.iter().map(line).collect::<String>()]).concat()
}

fn as_json(row: &Row) -> Value {
    json!({
        "profile": row.profile,
        "current": row.current,
        "account": row.account,
        "role": row.role,
        "source": row.source,
        "mfa": row.mfa,
        "region": row.region,
        "cached": held_json(row.left),
        "mfa_session": held_json(row.session),
        "bounded": row.bounded,
        "problem": row.problem,
    })
}

/// Says where profiles were looked for, and shows an example. Its placeholders are refused until they are replaced.
fn say_how_to_begin(context: &Context<'_>) {
    let (config, credentials) = (context.snapshot.config_file(), context.snapshot.credentials_file());
    let (Some(config), Some(credentials)) = (config, credentials) else {
        return context.messages.say(
            "there are no profiles, and no place to look for them; set HOME, or AWS_CONFIG_FILE and \
             AWS_SHARED_CREDENTIALS_FILE",
        );
    };
    let [config, credentials] = [config, credentials].map(|path| path.display().to_string());
    context.messages.say(&format!("there are no profiles in {config} and {credentials}; write them, for example:"));
    context.messages.example(&[
        &format!("# {config}"),
        "[profile production]",
        "source_profile = default",
        "role_arn = arn:aws:iam::<account>:role/<role>",
        "# if the role asks for an MFA code:",
        "mfa_serial = arn:aws:iam::<account>:mfa/<IAM username>",
        "",
        &format!("# {credentials}"),
        "[default]",
        "aws_access_key_id = <access key id>",
        "aws_secret_access_key = <secret access key>",
        "",
        "# then, for any command:",
        "aws-auth -p production COMMAND",
        "# or, to be asked for all of this:",
        "aws-auth --setup",
    ]);
}
