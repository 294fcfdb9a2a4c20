//! Errors about profiles that do not exist, with the names that may have been meant.

use crate::config::profiles::{Profile, ProfileSet};
use crate::error::Error;
use crate::request::profile::Chosen;

pub(crate) fn missing_profile(set: &ProfileSet<'_>, chosen: &Chosen) -> Error {
    let names = set.names();
    let error = Error::new(format!("there is no profile '{}' ({})", chosen.name, chosen.by));
    if let Some(at) = set.bare_header(&chosen.name) {
        let header = if chosen.name.contains(char::is_whitespace) {
            format!("\"{}\"", chosen.name)
        } else {
            chosen.name.clone()
        };
        return error.advise(format!("change the header in {} to [profile {header}]", set.place(at)));
    }
    let mut near: Vec<(f64, &str)> = names
        .iter()
        .map(|name| (strsim::jaro_winkler(&name.to_lowercase(), &chosen.name.to_lowercase()), name.as_str()))
        .filter(|(likeness, _)| *likeness > 0.75)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<&str> = near.into_iter().take(3).map(|(_, name)| name).collect();
    match (near.as_slice(), names.len()) {
        ([], 0) => error.advise(
            "there are no profiles at all; aws-auth --setup makes one, or name other files with AWS_CONFIG_FILE and \
             AWS_SHARED_CREDENTIALS_FILE",
        ),
        ([], _) => error.advise(format!("the profiles are: {}", listed(&names))),
        (near, _) => error.advise(format!("did you mean {}?", near.join(" or "))),
    }
}

/// The first twelve names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 12;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

pub(crate) fn missing_source(
    set: &ProfileSet<'_>,
    profile: &Profile<'_>,
    named: &crate::config::value::Value<'_>,
) -> Error {
    let missing = missing_profile(set, &Chosen { name: named.text.to_string(), by: "source_profile" });
    let error = Error::new(format!(
        "{}: profile '{}' has the source_profile '{}', which does not exist",
        set.place(named.at),
        profile.name,
        named.text
    ));
    match missing.advice() {
        Some(advice) => error.advise(advice),
        None => error,
    }
}
