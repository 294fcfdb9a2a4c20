//! The plan of two files, an environment and a command line.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use aws_auth::cli::options;
use aws_auth::config::profiles::{Profile, ProfileSet};
use aws_auth::config::source::SourceFile;
use aws_auth::config::value::FileKind;
use aws_auth::env::nesting;
use aws_auth::env::snapshot::Snapshot;
use aws_auth::error::Result;
use aws_auth::plan::resolve;
use aws_auth::request::Request;
use aws_auth::time::Timestamp;

use super::setting::snapshot;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

/// What separates the four parts of an input. No file that can be read has such a line.
const BETWEEN: &str = "\n---\n";

/// The settings whose values no plan and no error shows, if they are as long as real ones.
const SECRET: [&str; 3] = ["aws_secret_access_key", "aws_session_token", "aws_security_token"];
const LENGTH_OF_A_SECRET: usize = 16;

/// How many profiles of a file are resolved.
const PROFILES: usize = 16;

/// An input is a config file, a credentials file, variables and arguments, with [`BETWEEN`] between them; arguments and
/// variables have a line each. Every profile comes to a plan or an error, the same each time, which show no secret.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (snapshot, config, credentials) = parts(&text);
    let told = plans(&snapshot, &config, &credentials);
    assert_eq!(told, plans(&snapshot, &config, &credentials), "the second time");
    let Ok(set) = ProfileSet::parse(Some(&config), Some(&credentials)) else { return };
    for name in set.names() {
        for (key, value) in set.profile(&name).iter().flat_map(Profile::entries) {
            let secret = &*value.text;
            let is_shown = |told: &[String]| told.iter().any(|told| told.contains(secret));
            // A text that occurs twice may be shown for the other place's sake.
            let is_secret = SECRET.contains(&&*key) && secret.len() >= LENGTH_OF_A_SECRET;
            if is_secret && text.matches(secret).count() == 1 && is_shown(&told) {
                // It may be the same as words of the plan, which stand there whatever it is.
                let (snapshot, config, credentials) = parts(&text.replace(secret, &"z".repeat(secret.len())));
                assert!(is_shown(&plans(&snapshot, &config, &credentials)), "{key} of {name} is shown");
            }
        }
    }
}

/// The environment with the command line, and the two files.
fn parts(text: &str) -> (Snapshot, SourceFile, SourceFile) {
    let mut parts = text.splitn(4, BETWEEN);
    let mut part = || parts.next().unwrap_or_default();
    let config = SourceFile::from_text(FileKind::Config, "config", part());
    let credentials = SourceFile::from_text(FileKind::Credentials, "credentials", part());
    let variables: Vec<&str> = ["HOME=/home/jo"].into_iter().chain(part().lines()).collect();
    let args = part().lines().map(|arg| OsString::from_vec(arg.as_bytes().to_vec())).chain(["true".into()]).collect();
    (nesting::callers_own(snapshot(args, &variables)), config, credentials)
}

/// The plans and errors: of the request, then of each profile.
fn plans(snapshot: &Snapshot, config: &SourceFile, credentials: &SourceFile) -> Vec<String> {
    let mut told = Vec::new();
    let mut of_request = || -> Result<()> {
        let cli = options::parse(&snapshot.args)?;
        let request = Request::new(&cli, snapshot, NOW)?;
        let set = ProfileSet::parse(Some(config), Some(credentials))?;
        told.extend([request.warnings.join("\n"), set.warnings().join("\n")]);
        told.push(shown(resolve::resolve(&set, &request).map(|plan| format!("{plan:?}"))));
        told.push(format!("{:?} {:?}", resolve::visited(&set, &request), resolve::inclusions(&set, &request).len()));
        told.push(shown(resolve::of_environment(&set, &request).map(|plan| format!("{plan:?}"))));
        for name in set.names().iter().take(PROFILES) {
            told.push(shown(resolve::resolve_named(&set, &request, name).map(|plan| format!("{plan:?}"))));
        }
        Ok(())
    };
    let ended = of_request().map(|()| String::new());
    told.push(shown(ended));
    told
}

/// A plan, or a line that says what is wrong.
fn shown(outcome: Result<String>) -> String {
    outcome.unwrap_or_else(|error| {
        assert_eq!(error.status(), 125, "{error}");
        let line = error.to_string();
        assert!(!line.contains(char::is_control) && !error.fact().is_empty(), "{line:?}");
        line
    })
}
