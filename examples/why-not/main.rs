//! Shows why aws-auth does not use some crates that seem to fit. Each claim about them in docs/decisions is checked
//! with the crate itself and with aws-auth, and the results are printed.
//!
//!     make evidence
//!     cargo run --example why-not -- rust-ini       # one of aws-config, rpassword, rust-ini, shlex, signal-hook
//!
//! It needs the debug binary of aws-auth, and calls only its own servers on loopback. The exit status is 1 if a claim
//! does not hold: a new release of the crate may have fixed something, and the decision should be reviewed.
// This program prints its results on standard output.
#![allow(clippy::print_stdout)]
// It includes the tests' world, which may panic. The names in AWS's documentation need no backticks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::doc_markdown)]

mod aws_config;
mod python;
mod report;
mod rpassword;
mod rust_ini;
mod shlex;
mod signal_hook;
#[path = "../../tests/behaviour/world/mod.rs"]
mod world;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail, ensure};

use report::Report;

type TryClaims = fn(&mut Report) -> Result<()>;

/// The name of a crate, and the function that checks the claims about it.
const GROUPS: [(&str, TryClaims); 5] = [
    ("aws-config", aws_config::try_claims),
    ("rpassword", rpassword::try_claims),
    ("rust-ini", rust_ini::try_claims),
    ("shlex", shlex::try_claims),
    ("signal-hook", signal_hook::try_claims),
];

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("child", part)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return play(part).map(|()| ExitCode::SUCCESS);
    }
    for name in &arguments {
        ensure!(GROUPS.iter().any(|(group, _)| group == name), "no claims about {name:?}; see the head of {}", file!());
    }
    let mut report = Report::default();
    for (name, try_claims) in GROUPS {
        if arguments.is_empty() || arguments.iter().any(|argument| argument == name) {
            try_claims(&mut report).with_context(|| format!("while checking the claims about {name}"))?;
        }
    }
    Ok(report.finish())
}

/// Runs one part of a check in a child process, because it needs its own terminal, signals or environment.
fn play(part: &[String]) -> Result<()> {
    match part.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["prompt"] => rpassword::prompt(),
        ["prompt", "by-descriptor"] => rpassword::prompt_by_descriptor(),
        ["catch-hangup", command @ ..] => signal_hook::catch_hangup_and_run(command),
        ["catch-and-release"] => signal_hook::catch_and_release(),
        ["default-chain"] => aws_config::print_credentials_of_default_chain(),
        ["container"] => aws_config::wait_for_a_container(),
        other => bail!("no part {other:?}"),
    }
}

/// The debug binary of aws-auth. Cargo puts examples into a directory next to it.
fn aws_auth() -> Result<PathBuf> {
    let example = std::env::current_exe().context("the path of this program")?;
    let path = example.ancestors().nth(2).context("this program's directory")?.join("aws-auth");
    ensure!(path.exists(), "{} is not there; `cargo build` makes it", path.display());
    Ok(path)
}
