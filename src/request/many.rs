//! `--each` and the options that go with it: which profiles, and how their runs share the machine and the output.

use std::path::PathBuf;

use crate::cli::options::Cli;
use crate::error::{Error, Result};
use crate::text::patterns::{Patterns, Wrong};

/// The most runs at once.
const MOST_JOBS: usize = 1000;

/// Runs for many profiles.
#[derive(Debug)]
pub struct Each {
    /// Which profiles.
    pub patterns: Patterns,
    /// `-j`: how many runs at once. Without it they run one after another, and their output is not changed.
    pub jobs: Option<usize>,
    /// `--fail-fast`: after a failure, no other run is started.
    pub fail_fast: bool,
    /// `--outputs`: the directory for one file per profile and stream.
    pub outputs: Option<PathBuf>,
}

impl Each {
    /// Reads the options; `None` without `--each`.
    ///
    /// # Errors
    /// Returns an error if a pattern or the number of runs cannot be read.
    pub(crate) fn new(cli: &Cli) -> Result<Option<Self>> {
        let Some(text) = &cli.each else { return Ok(None) };
        Ok(Some(Self {
            patterns: patterns(text)?,
            jobs: cli.jobs.as_deref().map(jobs).transpose()?,
            fail_fast: cli.fail_fast,
            outputs: cli.outputs.as_ref().map(PathBuf::from),
        }))
    }
}

fn jobs(text: &str) -> Result<usize> {
    text.parse().ok().filter(|jobs| (1..=MOST_JOBS).contains(jobs)).ok_or_else(|| {
        Error::new(format!("--jobs is '{text}'")).advise(format!("write how many runs at once, from 1 to {MOST_JOBS}"))
    })
}

/// The patterns of `--each`.
fn patterns(text: &str) -> Result<Patterns> {
    let advice = "write names with * and ?: 'dev-*,!dev-old'";
    let patterns = Patterns::parse(text)
        .map_err(|Wrong { glob, why }| Error::new(format!("--each: '{glob}' is no pattern ({why})")).advise(advice))?;
    if patterns.is_empty() {
        return Err(Error::new("--each is empty").advise(advice));
    }
    Ok(patterns)
}

#[cfg(test)]
mod tests {
    use crate::request::many::Each;

    #[test]
    fn what_is_no_pattern_or_no_number_is_an_error() {
        for text in ["", ",", "a[", "!a[b", "a**"] {
            assert!(super::patterns(text).is_err(), "{text}");
        }
        for text in ["0", "-1", "1001", "x", ""] {
            assert!(super::jobs(text).is_err(), "{text}");
        }
        let cli = crate::cli::options::Cli { each: Some("a".into()), jobs: Some("32".into()), ..Default::default() };
        assert_eq!(Each::new(&cli).unwrap().unwrap().jobs, Some(32));
    }
}
