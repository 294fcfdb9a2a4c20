//! What a session's section says about the profiles that are made of it: how they are named, which are made, and their
//! region.

use crate::config::profiles::ProfileSet;
use crate::error::{Error, Result};
use crate::region::Region;
use crate::sso::accounts::Assignment;
use crate::text::patterns::{Patterns, Wrong};

const NAME: &str = "sso_profile_name";
const MATCH: &str = "sso_profile_match";
const REGION: &str = "sso_profile_region";

/// The name if `sso_profile_name` does not word it.
const DEFAULT_NAME: &str = "{account_name}-{role_name}";

/// The rules of a session.
#[derive(Debug)]
pub(crate) struct Rules {
    name: Vec<Part>,
    patterns: Patterns,
    /// The region of the profiles.
    pub(crate) region: Option<String>,
}

/// A part of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    AccountName,
    AccountId,
    RoleName,
    Email,
}

impl Rules {
    /// The rules in `[sso-session SESSION]`.
    ///
    /// # Errors
    /// Returns an error, with file and line, if a value cannot be read.
    pub(crate) fn of(set: &ProfileSet<'_>, session: &str) -> Result<Self> {
        let section = set.sso_session(session);
        let value = |key: &str| {
            let value = section.as_ref().and_then(|section| section.get(key)).filter(|value| !value.text.is_empty())?;
            Some((value.text.into_owned(), set.place(value.at)))
        };
        let name = match value(NAME) {
            Some((text, place)) => parts(&text, &place)?,
            None => parts(DEFAULT_NAME, "")?,
        };
        let (text, place) = value(MATCH).unwrap_or_default();
        let patterns = Patterns::parse(&text).map_err(|Wrong { glob, why }| {
            Error::new(format!("{place}: {MATCH} has '{glob}', which is no pattern ({why})"))
                .advise("write names with * and ?: prod-*,!*-Audit")
        })?;
        let region = match value(REGION) {
            Some((text, place)) => Some(Region::parse(&text, &place)?.as_str().to_owned()),
            None => None,
        };
        Ok(Self { name, patterns, region })
    }

    /// The name for a role, made fit: one that no shell and no SDK stumbles over.
    pub(crate) fn name(&self, of: &Assignment) -> String {
        let or_number = |text: &str| {
            let fit = fit(text);
            if fit.is_empty() { of.account_id.clone() } else { fit }
        };
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::AccountName => or_number(&of.account_name),
            Part::AccountId => of.account_id.clone(),
            Part::RoleName => fit(&of.role_name),
            Part::Email => or_number(&of.email),
        };
        self.name.iter().map(part).collect::<String>().trim_start_matches('-').to_owned()
    }

    /// Whether a profile of this name is made.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.patterns.takes(name)
    }
}

/// The parts of `sso_profile_name`.
fn parts(text: &str, place: &str) -> Result<Vec<Part>> {
    let wrong = |what: String| {
        Error::new(format!("{place}: {NAME} {what}"))
            .advise("write it as in {account_name}-{role_name}; there are also {account_id} and {email}")
    };
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let (word, after) = after.split_once('}').ok_or_else(|| wrong(String::from("has a { without its }")))?;
        parts.push(Part::Text(before.to_owned()));
        parts.push(match word {
            "account_name" => Part::AccountName,
            "account_id" => Part::AccountId,
            "role_name" => Part::RoleName,
            "email" => Part::Email,
            other => return Err(wrong(format!("has {{{other}}}, which is not known"))),
        });
        rest = after;
    }
    parts.push(Part::Text(rest.to_owned()));
    let is_unfit = |part: &Part| matches!(part, Part::Text(text) if !text.chars().all(|c| is_fit(c) || c == '/'));
    if parts.iter().any(is_unfit) {
        return Err(wrong(String::from("has a character that would not do in a name")));
    }
    if !parts.iter().any(|part| !matches!(part, Part::Text(_))) {
        return Err(wrong(String::from("gives all profiles the same name")));
    }
    Ok(parts)
}

/// Whether a name may hold the character.
fn is_fit(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+')
}

/// The text with a `-` for each run of characters that would not do in a name, but not at its ends.
pub(crate) fn fit(text: &str) -> String {
    text.split(|c| !is_fit(c)).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}
