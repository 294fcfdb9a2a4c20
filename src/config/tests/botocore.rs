//! Files, and what botocore 1.43 with Python 3.11 reads from them: its `Session.full_config`, or null if it refuses
//! them. The first cases are chosen, the others random. None contains what aws-auth reads differently on purpose:
//! comments after values, and repeated headers and keys.

use std::borrow::Cow;

use serde_json::{Map, Value as Json, json};

use crate::config::profiles::ProfileSet;
use crate::config::section;
use crate::config::source::SourceFile;
use crate::config::value::{FileKind, Value};
use crate::error::Result;

const CASES: &str = include_str!("botocore.json");

/// The names of the sso-session and services sections in the cases.
const NAMES: &[&str] = &["default", "dev", "my s", "s"];

/// The entries as a JSON object; a map is a nested object.
fn object<'a>(
    entries: Vec<(Cow<'a, str>, Value<'a>)>,
    nested: impl Fn(&str) -> Result<Option<section::Map<'a>>>,
) -> Result<Json> {
    let mut object = Map::new();
    for (key, value) in entries {
        let value = match nested(&key)? {
            Some(map) => map.into_iter().map(|(key, value)| (key.into_owned(), json!(value.text))).collect(),
            None => json!(value.text),
        };
        object.insert(key.into_owned(), value);
    }
    Ok(Json::Object(object))
}

fn our_reading(case: &Json) -> Result<Json> {
    let text = |key: &str| case[key].as_str().unwrap();
    let config = SourceFile::from_text(FileKind::Config, "config", text("config"));
    let credentials = SourceFile::from_text(FileKind::Credentials, "credentials", text("credentials"));
    let set = ProfileSet::parse(Some(&config), Some(&credentials))?;
    let mut profiles = Map::new();
    for name in set.names() {
        let profile = set.profile(&name).unwrap();
        profiles.insert(name, object(profile.entries(), |key| profile.nested(key))?);
    }
    let mut reading = json!({ "profiles": profiles, "sso_sessions": {}, "services": {} });
    for name in NAMES {
        for (kind, section) in [("sso_sessions", set.sso_session(name)), ("services", set.services(name))] {
            if let Some(section) = section {
                reading[kind][name] = object(section.entries(), |key| section.nested(key))?;
            }
        }
    }
    Ok(reading)
}

#[test]
fn reads_as_botocore_does() {
    let cases: Vec<Json> = serde_json::from_str(CASES).unwrap();
    assert!(cases.len() > 100);
    for case in cases {
        let reading = our_reading(&case).unwrap_or_default();
        assert_eq!(reading, case["read"], "{}\n{}", case["config"], case["credentials"]);
    }
}
