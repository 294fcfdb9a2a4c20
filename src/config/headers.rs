//! What a section's header means.

use std::borrow::Cow;

use crate::config::value::FileKind;
use crate::text::bytes::{find2, find3};
use crate::text::shell_words::split_words;

/// What a section's header says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Profile,
    SsoSession,
    Services,
    /// `[DEFAULT]`
    Defaults,
    /// It begins as one of the first three, but does not hold exactly one name.
    Unnamed,
    /// Someone else's.
    Other,
}

/// What a header of this file means, as botocore's `build_profile_map` has it.
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
        // As below, but most headers are so.
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

/// Whether there is a byte that means something to `split_words`; CR and LF are in no header.
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
