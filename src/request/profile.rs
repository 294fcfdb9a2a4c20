//! Which profile is asked for, and what names it.

use std::ffi::OsStr;

use crate::cli::options::Cli;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};

/// What names the profile of a renewal: the variable that the outer run set.
pub const RENEWED: &str = "AWS_AUTH_PROFILE";

/// A profile, and what named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The profile's name.
    pub name: String,
    /// `--profile`, or a variable's name.
    pub by: &'static str,
}

/// The profile that was named; `None` if none was.
pub(crate) fn chosen_profile(cli: &Cli, snapshot: &Snapshot, warnings: &mut Vec<String>) -> Result<Option<Chosen>> {
    if let Some(name) = &cli.profile {
        if name.is_empty() {
            return Err(Error::new("--profile is empty").advise("name a profile, or leave the option out"));
        }
        return Ok(Some(Chosen { name: name.clone(), by: "--profile" }));
    }
    let [first, second] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].map(|name| (name, snapshot.var(name)));
    let Some((by, value)) = [first, second].into_iter().find_map(|(name, value)| Some((name, value?))) else {
        return Ok(None);
    };
    if value.is_empty() {
        return Err(Error::new(format!("{by} is set but empty"))
            .advise("name a profile, or unset it; in a Makefile, this is a variable that was not filled in"));
    }
    let name = value.to_str().ok_or_else(|| Error::new(format!("{by} is not UTF-8 text")))?.to_owned();
    if by == "AWS_PROFILE"
        && let Some(other) = second.1
        && other != OsStr::new(&name)
    {
        warnings.push(format!(
            "AWS_PROFILE is '{name}' and AWS_DEFAULT_PROFILE is '{}'; using AWS_PROFILE (AWS CLI 1 uses the other)",
            other.to_string_lossy()
        ));
    }
    Ok(Some(Chosen { name, by }))
}
