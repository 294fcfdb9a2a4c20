//! The cases of `tests/plan_cases/*.txt`: two files, an environment and arguments, and the plan or the error that the
//! library makes of them.
//!
//! A file begins with sections (`--- config` and so on) that its cases share. A case begins with `== NAME`; its
//! sections replace the shared ones. `--- config escaped` may contain `\r`, `\t`, `\0` and `\u{…}`, and
//! `--- config none` stands for a missing file. `AWS_AUTH_WRITE_CASES=1 cargo test plan_cases` writes the results into
//! the files: review them.

use aws_auth::cli::options;
use aws_auth::config::profiles::ProfileSet;
use aws_auth::config::source::SourceFile;
use aws_auth::config::value::FileKind;
use aws_auth::env::snapshot::Snapshot;
use aws_auth::error::Result;
use aws_auth::plan::base::Base;
use aws_auth::plan::endpoints::{Service, Sts};
use aws_auth::plan::metadata::ContainerToken;
use aws_auth::plan::model::{Acquisition, Mfa, Plan, Role};
use aws_auth::plan::resolve;
use aws_auth::request::Request;
use aws_auth::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CString, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The time of day in all cases.
const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

type Sections = BTreeMap<String, String>;

#[derive(Clone)]
struct Case {
    name: String,
    sections: Sections,
    /// The case's text in the file, without the expected result.
    source: String,
}

#[test]
fn every_case_comes_to_its_plan_or_its_error() {
    let mut failures = String::new();
    let (mut count, mut names) = (0, BTreeSet::new());
    for path in files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let (shared, cases) = parse(&text);
        let mut rewritten = shared.source.clone();
        for case in &cases {
            let place = format!("{}: {}", path.file_name().unwrap().to_string_lossy(), case.name);
            assert!(names.insert(case.name.clone()), "two cases have this name: {place}");
            let (kind, found) = outcome(&shared.sections, &case.sections);
            write!(rewritten, "{}--- {kind}\n{found}\n", case.source).unwrap();
            if case.sections.get(kind).map(|text| text.trim_end()) != Some(found.trim_end()) {
                let expected = ["plan", "error"].map(|kind| case.sections.get(kind).cloned().unwrap_or_default());
                writeln!(failures, "== {place}\nexpected:\n{}found: {kind}\n{found}", expected.concat()).unwrap();
            }
            count += 1;
        }
        if std::env::var_os("AWS_AUTH_WRITE_CASES").is_some() {
            std::fs::write(&path, rewritten).unwrap();
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count >= 150, "only {count} cases were found");
}

/// The inputs of a case, for other tests.
pub struct Inputs {
    pub name: String,
    pub config: Option<String>,
    pub credentials: Option<String>,
    /// `NAME=value`
    pub env: Vec<String>,
    pub args: Vec<String>,
    /// Whether the case results in a plan, not an error.
    pub resolves: bool,
}

/// Every case whose arguments hold no action.
pub fn inputs() -> Vec<Inputs> {
    let mut all = Vec::new();
    for path in files() {
        let (shared, cases) = parse(&std::fs::read_to_string(&path).unwrap());
        for case in cases {
            let text = |name| section(&shared.sections, &case.sections, name);
            let words = |name| text(name).unwrap_or_default();
            let args: Vec<String> = words("args").split_whitespace().map(String::from).collect();
            if !args.iter().any(|arg| arg == "--login" || arg == "--logout") {
                all.push(Inputs {
                    config: text("config"),
                    credentials: text("credentials"),
                    env: words("env").lines().filter(|line| !line.is_empty()).map(String::from).collect(),
                    args,
                    resolves: outcome(&shared.sections, &case.sections).0 == "plan",
                    name: case.name,
                });
            }
        }
    }
    all
}

fn files() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plan_cases");
    let entries = directory.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    files.sort();
    files
}

fn parse(text: &str) -> (Case, Vec<Case>) {
    let new = |name: &str| Case { name: name.to_owned(), sections: Sections::new(), source: String::new() };
    let mut cases = vec![new("")];
    let mut section: Option<String> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches('\n');
        if let Some(name) = bare.strip_prefix("== ") {
            cases.push(new(name));
            section = None;
        } else if let Some(name) = bare.strip_prefix("--- ") {
            section = Some(name.to_owned());
            cases.last_mut().unwrap().sections.insert(name.to_owned(), String::new());
        } else if let Some(section) = &section {
            cases.last_mut().unwrap().sections.get_mut(section).unwrap().push_str(line);
        }
        if !matches!(section.as_deref(), Some("plan" | "error")) {
            cases.last_mut().unwrap().source.push_str(line);
        }
    }
    let shared = cases.remove(0);
    for case in &mut cases {
        // An expected result ends in an empty line. Without one, the empty line belongs to the inputs.
        let trimmed = case.source.trim_end().len();
        case.source.truncate(trimmed);
        case.source.push('\n');
    }
    (shared, cases)
}

/// A section of the case, or else of its file; `None` stands for a missing file.
fn section(shared: &Sections, own: &Sections, name: &str) -> Option<String> {
    for sections in [own, shared] {
        if sections.contains_key(&format!("{name} none")) {
            return None;
        }
        if let Some(text) = sections.get(&format!("{name} escaped")) {
            return Some(unescape(text.trim_end_matches('\n')));
        }
        if let Some(text) = sections.get(name) {
            return Some(text.clone());
        }
    }
    None
}

fn unescape(text: &str) -> String {
    let text = text.replace("\\r", "\r").replace("\\t", "\t").replace("\\0", "\0").replace("\\n", "\n");
    let mut pieces = text.split("\\u{");
    let mut result = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (digits, rest) = piece.split_once('}').unwrap();
        result.push(char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap());
        result.push_str(rest);
    }
    result
}

fn outcome(shared: &Sections, own: &Sections) -> (&'static str, String) {
    let lines = |name: &str| section(shared, own, name).unwrap_or_default();
    let mut args: Vec<OsString> = lines("args").lines().flat_map(str::split_whitespace).map(OsString::from).collect();
    if !args.iter().any(|arg| arg == "--login" || arg == "--logout") {
        args.push("true".into());
    }
    let environment = lines("env");
    let entries = ["HOME=/home/jo"].into_iter().chain(environment.lines().filter(|line| !line.is_empty()));
    let entries = entries.map(|entry| CString::new(entry).unwrap().into()).collect();
    let snapshot = Snapshot::new(args, entries, || Err(std::io::ErrorKind::NotFound.into()));
    let file = |kind, name| section(shared, own, name).map(|text| SourceFile::from_text(kind, name, text));
    let resolve = || -> Result<String> {
        let request = Request::new(&options::parse(&snapshot.args)?, &snapshot, NOW)?;
        let config = file(FileKind::Config, "config");
        let credentials = file(FileKind::Credentials, "credentials");
        let set = ProfileSet::parse(config.as_ref(), credentials.as_ref())?;
        let plan = resolve::resolve(&set, &request)?;
        let mut text = String::new();
        for warning in &request.warnings {
            writeln!(text, "warning: {warning}").unwrap();
        }
        for warning in set.warnings() {
            writeln!(text, "with -v: {warning}").unwrap();
        }
        Ok(text + &shown(&plan, &set))
    };
    match resolve() {
        Ok(plan) => ("plan", plan),
        Err(error) => {
            assert_eq!(error.status(), 125, "{error}");
            ("error", format!("{error}\n"))
        }
    }
}

/// A plan with one step on each line; defaults are left out.
fn shown(plan: &Plan, set: &ProfileSet<'_>) -> String {
    match plan {
        Plan::PassThrough => String::from("the keys in the environment pass through\n"),
        Plan::Ambient { profile: None } => String::from("no credentials are named, and no profile\n"),
        Plan::Ambient { profile: Some(name) } => format!("no credentials are named by profile {name}\n"),
        Plan::Acquire(plan) => acquisition(plan, set),
    }
}

fn acquisition(plan: &Acquisition, set: &ProfileSet<'_>) -> String {
    let mut text = String::new();
    writeln!(text, "profile {}", plan.profile.as_deref().unwrap_or("(none)")).unwrap();
    writeln!(text, "base    {}", base(&plan.base, set)).unwrap();
    if let Some(session) = &plan.session {
        let kept = if session.kept { "kept" } else { "not kept" };
        writeln!(text, "session {} {}s {kept}", session.serial.value.as_str(), session.length.as_seconds()).unwrap();
    }
    for role in &plan.roles {
        writeln!(text, "role    {}", role_line(role, set)).unwrap();
    }
    if let Some(temporary) = &plan.if_temporary {
        for role in &temporary.roles {
            writeln!(text, "or role {}, if the keys are temporary", role_line(role, set)).unwrap();
        }
    }
    writeln!(text, "sts     {}", sts(&plan.sts, set)).unwrap();
    if let Some(command) = &plan.mfa_process {
        writeln!(text, "codes   {}", command.value).unwrap();
    }
    if let Some(region) = &plan.region {
        writeln!(text, "region  {} ({})", region.value, region.origin.text(set)).unwrap();
    }
    for (name, value) in &plan.variables {
        writeln!(text, "set     {name}={value}").unwrap();
    }
    if let Some(guard) = &plan.guard {
        writeln!(text, "guard   {} ({})", guard.words(), set.place(guard.at)).unwrap();
    }
    if let Some(reason) = &plan.private_config {
        let reach = if reason.is_out_of_reach { ", which no file can replace" } else { "" };
        let whose = if reason.of_default { "[default]" } else { "the profile" };
        writeln!(text, "config  private, for {} of {whose} ({}){reach}", reason.key, set.place(reason.at)).unwrap();
    }
    text
}

fn base(base: &Base, set: &ProfileSet<'_>) -> String {
    let kind = |temporary: &bool| if *temporary { "temporary keys" } else { "keys" };
    match base {
        Base::Static { profile, access_key_id, temporary, at, file: _ } => {
            format!("{} {access_key_id} of {profile} ({})", kind(temporary), set.place(*at))
        }
        Base::Environment { access_key_id, temporary } => {
            format!("{} {access_key_id} of the environment", kind(temporary))
        }
        provider => {
            let named = provider.named();
            let profile = named.map_or("(none)", |named| named.profile.as_str());
            let at = named.and_then(|named| named.at);
            let at = at.map_or_else(|| String::from("the environment"), |at| set.place(at));
            format!("{} of {profile} ({at})", provider_line(provider, set))
        }
    }
}

fn provider_line(base: &Base, set: &ProfileSet<'_>) -> String {
    let at = |service: &Service| match &service.endpoint.url {
        Some(url) => format!("{} in {} at {} ({})", service.name, service.region, url.value, url.origin.text(set)),
        None => format!("{} in {}", service.name, service.region),
    };
    match base {
        Base::Static { .. } | Base::Environment { .. } => panic!("no provider"),
        Base::WebIdentity { web, .. } => {
            let mut text = format!("web identity {} by {}", web.role.as_str(), web.token.words());
            match &web.session_name {
                Some(name) => write!(text, ", named {name}").unwrap(),
                None => write!(
                    text,
                    ", by default named {}",
                    web.default_session_name.as_deref().unwrap_or("by the user database")
                )
                .unwrap(),
            }
            match web.duration {
                Some(length) => text + &format!(", seconds {},", length.as_seconds()),
                None => text + ",",
            }
        }
        Base::Sso { sso, .. } => format!(
            "SSO {} in {} by the token of {} ({}), {}, {},",
            sso.role_name,
            sso.account_id,
            sso.token_name(),
            sso.start_url,
            at(&sso.portal),
            at(&sso.oidc)
        ),
        Base::Process { command, is_cached, .. } => {
            format!("process '{command}'{}", if *is_cached { ", cached" } else { "" })
        }
        Base::Stored { access_key_id, .. } => format!("stored {access_key_id}"),
        Base::Login { login, .. } => format!("login {}", login.session),
        Base::Container { container, .. } => {
            let token = match &container.token {
                ContainerToken::None => String::new(),
                ContainerToken::File(path) => format!(", token in {path},"),
                ContainerToken::Variable => String::from(", token in its variable,"),
            };
            format!("container {} ({}){token}", container.url, container.variable)
        }
        Base::Instance { instance, .. } => format!(
            "instance {}, {}s, {} tries, {},",
            instance.endpoint,
            instance.timeout.as_secs(),
            instance.attempts,
            if instance.v1 { "v2 or v1" } else { "v2 alone" }
        ),
    }
}

fn role_line(role: &Role, set: &ProfileSet<'_>) -> String {
    let at = role.at.map_or_else(|| String::from("--role-arn"), |at| set.place(at));
    let profile = if role.profile.is_empty() { "(none)" } else { &role.profile };
    let mut text = format!("{} of {profile} ({at})", role.arn.as_str());
    match &role.session_name {
        Some(name) => write!(text, ", named {name}").unwrap(),
        None => write!(
            text,
            ", by default named {}",
            role.default_session_name.as_deref().unwrap_or("by the user database")
        )
        .unwrap(),
    }
    for (name, value) in [
        ("external id", role.external_id.clone()),
        ("seconds", role.duration.map(|length| length.as_seconds().to_string())),
        ("serial", role.serial.as_ref().map(|serial| serial.value.as_str().to_owned())),
    ] {
        if let Some(value) = value {
            write!(text, ", {name} {value}").unwrap();
        }
    }
    let mfa = match &role.mfa {
        Mfa::None => String::from("no MFA"),
        Mfa::Session => String::from("by the session"),
        Mfa::Code(serial) => format!("by a code of {}", serial.as_str()),
    };
    let cache = if role.shared { "the CLI's cache" } else { "own cache" };
    text + &format!(", {mfa}, {cache}")
}

fn sts(sts: &Sts, set: &ProfileSet<'_>) -> String {
    let mut text = format!("{} ({})", sts.region.value, sts.region.origin.text(set));
    if let Some(url) = &sts.endpoint.url {
        write!(text, " at {} ({})", url.value, url.origin.text(set)).unwrap();
    }
    for (on, name) in [(sts.global, "global"), (sts.endpoint.fips, "FIPS"), (sts.endpoint.dual_stack, "dual-stack")] {
        if on {
            write!(text, ", {name}").unwrap();
        }
    }
    if let Some(path) = &sts.endpoint.ca_bundle {
        write!(text, ", trusting {path}").unwrap();
    }
    if let Some(url) = sts.foreign() {
        write!(text, ", the prompt names {url}").unwrap();
    }
    if sts.endpoint.in_clear().is_some() {
        text.push_str(", unencrypted");
    }
    write!(text, ", sessions of {}", sts.identity()).unwrap();
    text
}
