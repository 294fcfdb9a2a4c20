//! Changes one of the two AWS files as an action of aws-auth does, for tests and to try it by hand.
//!
//!     edit-file config|credentials [--dry-run] [--at-any-cost] [--meanwhile COMMAND] < CHANGES
//!     edit-file texts < CASES
//!
//! CHANGES has a line of JSON for each change: `{"set": [SECTION, KEY, VALUE]}`, `{"remove": [SECTION, KEY]}`,
//! `{"add": [SECTION]}` or `{"remove_section": [SECTION]}`, where SECTION is `profile NAME`, `sso-session NAME`,
//! `services NAME` or `DEFAULT`. It prints what will change, and then makes the changes. COMMAND runs in a shell between
//! the two.
//!
//! CASES has a line for each case: `{"file": "config", "text": TEXT, "changes": [CHANGE]}`. It prints a line for each:
//! `{"text": TEXT}` or `{"error": ERROR}`.
// This program prints its result on standard output.
#![allow(clippy::print_stdout)]

use std::borrow::Cow;
use std::ffi::{CString, OsString};
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use aws_auth::cache::store::Store;
use aws_auth::cli::options;
use aws_auth::config::edit::changes::Change;
use aws_auth::config::edit::check::changed;
use aws_auth::config::edit::editor::{Proposal, Written};
use aws_auth::config::profiles::ProfileSet;
use aws_auth::config::section_name::SectionName;
use aws_auth::config::source::SourceFile;
use aws_auth::config::value::FileKind;
use aws_auth::context::Context;
use aws_auth::credentials::Secret;
use aws_auth::env::snapshot::Snapshot;
use aws_auth::error::Error;
use aws_auth::messages::{self, Messages};
use aws_auth::request::Request;
use aws_auth::system::held_locks::HeldLocks;
use aws_auth::time;
use serde_json::{Value, json};

fn main() -> ExitCode {
    let snapshot = Snapshot::new(vec![OsString::from("--list")], environment(), std::env::current_exe);
    match run(&snapshot) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            match error.downcast_ref::<Error>() {
                Some(error) => Messages::error(error, &snapshot),
                None => eprintln!("edit-file: {error:#}"),
            }
            ExitCode::from(125)
        }
    }
}

fn environment() -> Vec<Cow<'static, std::ffi::CStr>> {
    let entries = std::env::vars_os()
        .filter_map(|(name, value)| CString::new([name.into_vec(), value.into_vec()].join(&b'=')).ok().map(Cow::Owned));
    entries.collect()
}

fn run(snapshot: &Snapshot) -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let what = arguments.next().context("which file?")?;
    let (mut is_dry_run, mut at_any_cost, mut meanwhile) = (false, false, None);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--dry-run" => is_dry_run = true,
            "--at-any-cost" => at_any_cost = true,
            "--meanwhile" => meanwhile = Some(arguments.next().context("--meanwhile needs a command")?),
            other => bail!("{other}?"),
        }
    }
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    if what == "texts" {
        return input.lines().try_for_each(|line| texts(&serde_json::from_str(line)?));
    }
    let changes = input.lines().map(|line| change(&serde_json::from_str(line)?)).collect::<Result<Vec<_>>>()?;
    let cli = options::parse(&snapshot.args)?;
    let now = time::now();
    let request = Request::new(&cli, snapshot, now)?;
    let messages = Messages::new(request.output.verbosity, snapshot);
    let set = ProfileSet::parse(None, None)?;
    let store = Store::new(snapshot, false);
    let context = Context {
        now,
        request: &request,
        set: &set,
        snapshot,
        store: &store,
        messages: &messages,
        locks: HeldLocks::default(),
    };
    let editor = context.editor(kind(&what)?)?;
    let mut proposal = editor.propose(|_| Ok(changes.clone()))?;
    show(&proposal, snapshot);
    if let Some(meanwhile) = meanwhile {
        Command::new("sh").args(["-c", &meanwhile]).status()?;
    }
    if is_dry_run {
        return Ok(());
    }
    if at_any_cost {
        let done = proposal.write_at_any_cost()?;
        done.warning.iter().for_each(|warning| messages.warn(warning));
        return Ok(());
    }
    loop {
        match proposal.write()? {
            Written::Done(done) => {
                done.copy.iter().for_each(|copy| println!("copy {}", copy.display()));
                return Ok(());
            }
            Written::Differs(other) => {
                proposal = *other;
                println!("It differs now:");
                show(&proposal, snapshot);
            }
        }
    }
}

fn show(proposal: &Proposal<'_>, snapshot: &Snapshot) {
    print!("{}", proposal.diff().text(messages::coloured(&std::io::stdout(), snapshot)));
}

fn kind(name: &str) -> Result<FileKind> {
    match name {
        "config" => Ok(FileKind::Config),
        "credentials" => Ok(FileKind::Credentials),
        other => bail!("{other} is neither config nor credentials"),
    }
}

fn texts(case: &Value) -> Result<()> {
    let text = case["text"].as_str().context("no text")?;
    let changes = case["changes"].as_array().context("no changes")?.iter().map(change).collect::<Result<Vec<_>>>()?;
    let source = SourceFile::from_text(kind(case["file"].as_str().unwrap_or_default())?, "FILE", text);
    let result = match changed(&source, &changes) {
        Ok(result) => json!({ "text": *result.text }),
        Err(error) => json!({ "error": error.to_string() }),
    };
    println!("{result}");
    Ok(())
}

fn change(change: &Value) -> Result<Change> {
    let (what, words) = change.as_object().and_then(|change| change.iter().next()).context("no change")?;
    let word = |at: usize| words[at].as_str().map(String::from).context("a word is missing");
    let section = match word(0)?.split_once(' ') {
        Some(("profile", name)) => SectionName::Profile(name.to_owned()),
        Some(("sso-session", name)) => SectionName::SsoSession(name.to_owned()),
        Some(("services", name)) => SectionName::Services(name.to_owned()),
        _ if words[0] == "DEFAULT" => SectionName::Defaults,
        _ => bail!("{} is no section", words[0]),
    };
    Ok(match what.as_str() {
        "set" => Change::set(section, &word(1)?, Secret::new(word(2)?)),
        "remove" => Change::Remove { section, key: word(1)? },
        "add" => Change::Add(section),
        "remove_section" => Change::RemoveSection(section),
        other => bail!("{other} is no change"),
    })
}
