//! The meaning of section headers.

use std::borrow::Cow;

use crate::config::value::FileKind;
use crate::text::bytes::{find2, find3};
use crate::text::shell_words::split_words;

/// The kind of a section, from its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Profile,
    SsoSession,
    Services,
    /// `[DEFAULT]`
    Defaults,
    /// It starts like one of the first three, but does not have exactly one name.
    Unnamed,
    /// Any other header; aws-auth ignores the section.
    Other,
}

/// The kind and the name of a section, by the rules of botocore's `build_profile_map`.
pub(crate) fn title(file: FileKind, header: &str) -> (Kind, Cow<'_, str>) {
    const NO_NAME: Cow<'_, str> = Cow::Borrowed("");
    if header == "DEFAULT" {
        return (Kind::Defaults, NO_NAME);
    }
    if file == FileKind::Credentials || header == "default" {
        return (Kind::Profile, Cow::Borrowed(header));
    }
    if let Some(name) = header.strip_prefix("profile ")
        && !name.is_empty()
        && !splits_or_quotes(name.as_bytes())
    {
        // A shortcut for most headers, with the same result as below.
        return (Kind::Profile, Cow::Borrowed(name));
    }
    let kind = if header.starts_with("profile") {
        Kind::Profile
    } else if header.starts_with("sso-session") {
        Kind::SsoSession
    } else if header.starts_with("services") {
        Kind::Services
    } else {
        return (Kind::Other, NO_NAME);
    };
    second_of_two_words(header).map_or((Kind::Unnamed, NO_NAME), |name| (kind, name))
}

/// Whether the name contains a byte that is special to `split_words`. A header cannot contain CR or LF.
fn splits_or_quotes(name: &[u8]) -> bool {
    find3([b' ', b'\t', b'"'], name).is_some() || find2([b'\'', b'\\'], name).is_some()
}

fn second_of_two_words(header: &str) -> Option<Cow<'_, str>> {
    if find3([b'"', b'\'', b'\\'], header.as_bytes()).is_none() {
        let mut words = header.split([' ', '\t']).filter(|word| !word.is_empty()).skip(1);
        return words.next().filter(|_| words.next().is_none()).map(Cow::Borrowed);
    }
    match <[String; 2]>::try_from(split_words(header).ok()?) {
        Ok([_, name]) => Some(Cow::Owned(name)),
        Err(_) => None,
    }
}
