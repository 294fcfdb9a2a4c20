//! Prints what was tried, the results, and whether each claim holds.

use std::process::ExitCode;

/// Counts the claims and their results.
#[derive(Default)]
pub struct Report {
    crates: usize,
    hold: usize,
    fail: Vec<String>,
    skipped: usize,
}

impl Report {
    /// Prints the heading of a crate, with its version in this build and its page in docs/decisions.
    pub fn about(&mut self, name: &str, page: &str) {
        self.crates += 1;
        println!("\n{name} {}, docs/decisions/{page}.md\n", version(name));
    }

    /// Prints a claim, what was tried, and the result of each program.
    pub fn claim(&mut self, claim: &str, tried: &str, came: &[(&str, String)], holds: bool) {
        println!("  {}  {claim}", if holds { "holds" } else { "FAILS" });
        let width = came.iter().map(|(who, _)| who.len()).max().unwrap_or_default().max("tried".len());
        println!("         {:width$}  {tried}", "tried");
        for (who, what) in came {
            println!("         {who:width$}  {what}");
        }
        if holds {
            self.hold += 1;
        } else {
            self.fail.push(claim.to_owned());
        }
    }

    /// Prints that a claim cannot be checked on this machine.
    pub fn skip(&mut self, claim: &str, why: &str) {
        println!("  skips  {claim}\n         {why}");
        self.skipped += 1;
    }

    /// Prints the totals; returns the exit status.
    pub fn finish(self) -> ExitCode {
        println!(
            "\ncrates: {}; claims: {} hold, {} fail, {} not tried",
            self.crates,
            self.hold,
            self.fail.len(),
            self.skipped
        );
        for claim in &self.fail {
            println!("FAILS: {claim}");
        }
        if self.fail.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The version of a crate in Cargo.lock; the last one if there are several.
fn version(name: &str) -> &'static str {
    let heading = format!("name = \"{name}\"\nversion = \"");
    let lock = include_str!("../../Cargo.lock");
    let rest = lock.rfind(&heading).and_then(|at| lock.get(at + heading.len()..)).unwrap_or_default();
    rest.split('"').next().unwrap_or_default()
}
