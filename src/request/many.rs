//! `--each` and the options that go with it: which profiles, and how their runs share the machine and the output.

use std::path::PathBuf;

use glob::Pattern;

use crate::cli::options::Cli;
use crate::error::{Error, Result};

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
            patterns: Patterns::parse(text)?,
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

/// The names of profiles that are taken and taken out: `dev-*,!dev-old`.
#[derive(Debug)]
pub struct Patterns {
    taken: Vec<Pattern>,
    taken_out: Vec<Pattern>,
}

impl Patterns {
    /// Reads patterns, separated by commas. If all of them take out, the others are taken.
    ///
    /// # Errors
    /// Returns an error if there is none, or if one of them is no glob.
    pub fn parse(text: &str) -> Result<Self> {
        let (mut taken, mut taken_out) = (Vec::new(), Vec::new());
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            let (place, glob) = match word.strip_prefix('!') {
                Some(glob) => (&mut taken_out, glob),
                None => (&mut taken, word),
            };
            let pattern = Pattern::new(glob).map_err(|error| {
                Error::new(format!("--each: '{glob}' is no pattern ({})", error.msg))
                    .advise("write names with * and ?: 'dev-*,!dev-old'")
            })?;
            place.push(pattern);
        }
        if taken.is_empty() && taken_out.is_empty() {
            return Err(Error::new("--each is empty").advise("write names with * and ?: 'dev-*,!dev-old'"));
        }
        if taken.is_empty() {
            taken.extend(Pattern::new("*"));
        }
        Ok(Self { taken, taken_out })
    }

    /// The names that are taken, in their order.
    pub fn select(&self, names: Vec<String>) -> Vec<String> {
        let matches = |patterns: &[Pattern], name: &str| patterns.iter().any(|pattern| pattern.matches(name));
        let is_taken = |name: &String| matches(&self.taken, name) && !matches(&self.taken_out, name);
        names.into_iter().filter(is_taken).collect()
    }

    /// The first name without `*`, `?` or `[` that is not among these: it was probably mistyped.
    pub fn missing(&self, names: &[String]) -> Option<&str> {
        let is_name = |pattern: &&Pattern| !pattern.as_str().contains(['*', '?', '[']);
        let plain = self.taken.iter().filter(is_name).map(Pattern::as_str);
        plain.into_iter().find(|name| !names.iter().any(|known| known == name))
    }
}

#[cfg(test)]
mod tests {
    use crate::request::many::{Each, Patterns};

    fn selected(text: &str) -> Vec<String> {
        let names = ["dev-a", "dev-old", "prod", "staging/eu", "b[x]"].map(String::from).to_vec();
        Patterns::parse(text).unwrap().select(names)
    }

    #[test]
    fn globs_take_and_take_out_in_the_order_of_the_names() {
        assert_eq!(selected("prod,dev-*"), ["dev-a", "dev-old", "prod"]);
        assert_eq!(selected("dev-*,!dev-old"), ["dev-a"]);
        assert_eq!(selected("!dev-*, dev-a, prod"), ["prod"]);
        assert_eq!(selected("!dev-*"), ["prod", "staging/eu", "b[x]"]);
        assert_eq!(selected("*"), ["dev-a", "dev-old", "prod", "staging/eu", "b[x]"]);
        assert_eq!(selected("p??d,st*[eu]"), ["prod", "staging/eu"]);
        assert_eq!(selected("b[[]x]"), ["b[x]"]);
        assert_eq!(selected("none"), [""; 0]);
    }

    #[test]
    fn a_plain_name_that_is_not_there_is_told() {
        let names = ["prod".to_owned()];
        assert_eq!(Patterns::parse("prdo,x*").unwrap().missing(&names), Some("prdo"));
        assert_eq!(Patterns::parse("prod,x*,!y").unwrap().missing(&names), None);
        assert_eq!(Patterns::parse("!prod").unwrap().missing(&names), None);
    }

    #[test]
    fn what_is_no_pattern_or_no_number_is_an_error() {
        for text in ["", ",", "a[", "!a[b", "a**"] {
            assert!(Patterns::parse(text).is_err(), "{text}");
        }
        for text in ["0", "-1", "1001", "x", ""] {
            assert!(super::jobs(text).is_err(), "{text}");
        }
        let cli = crate::cli::options::Cli { each: Some("a".into()), jobs: Some("32".into()), ..Default::default() };
        assert_eq!(Each::new(&cli).unwrap().unwrap().jobs, Some(32));
    }
}
