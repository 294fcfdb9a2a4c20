//! The parser test cases of the AWS SDK for Rust, from its aws-runtime crate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::config::profiles::ProfileSet;
use crate::config::source::SourceFile;
use crate::config::tests::texts;
use crate::config::value::FileKind;

/// The SDK's cases whose expected result differs from ours, and why.
const OTHER_THAN_THE_SDK: &[(&str, &str)] = &[
    (
        "Profile names support alphanumeric characters and - / . % @ _ : +",
        "the AWS CLI takes any character, so foo!bar is a profile",
    ),
    ("Property definitions must contain an equals sign.", "the AWS CLI takes a colon too"),
    ("Continuation values include pound comments.", "a comment ends every line of a value here"),
    ("Continuation values include semicolon comments.", "a comment ends every line of a value here"),
    (
        "Default profile with profile prefix overrides default profile without prefix when profile prefix is first.",
        "in the AWS CLI the later one wins",
    ),
    ("Invalid profile names are ignored.", "in the AWS CLI any header of the credentials file is a name"),
    ("Invalid property names are ignored.", "in the AWS CLI any text is a key"),
    ("Sub-property definitions cannot have an empty name.", "the AWS CLI takes them"),
    (
        "Sub-properties can have blank lines that are ignored",
        "the raw text keeps them, as in the AWS CLI; the map does not show it",
    ),
    ("Credentials profiles with prefix are ignored.", "in the AWS CLI any header of the credentials file is a name"),
    ("profile name with extra whitespace", "the AWS CLI drops [   profile foo    ]"),
    (
        "profile name with extra whitespace in credentials",
        "in the AWS CLI the blanks are part of the name, and [profile bar] is one",
    ),
];

/// The source directory of the aws-runtime crate, on which the SDK depends.
fn aws_runtime() -> PathBuf {
    // Without a platform, cargo needs the crates of all platforms, which an offline machine may not have.
    let host = Command::new("rustc").args(["--print", "host-tuple"]).output().expect("rustc runs").stdout;
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .args(["--filter-platform", String::from_utf8(host).unwrap().trim()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Json = serde_json::from_slice(&output.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let runtime = packages.find(|package| package["name"] == "aws-runtime").expect("aws-runtime is a dependency");
    Path::new(runtime["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

/// Our result in the form of the SDK's cases: every profile, or that there is an error.
pub(super) fn our_reading(input: &Json) -> Json {
    let file = |kind, key: &str| SourceFile::from_text(kind, key, input[key].as_str().unwrap_or_default());
    let (config, credentials) = (file(FileKind::Config, "configFile"), file(FileKind::Credentials, "credentialsFile"));
    let Ok(set) = ProfileSet::parse(Some(&config), Some(&credentials)) else {
        return json!("an error");
    };
    let object = |pairs| texts(pairs).into_iter().collect::<BTreeMap<_, _>>();
    let profiles: BTreeMap<_, _> =
        set.names().into_iter().map(|name| (name.clone(), object(set.profile(&name).unwrap().entries()))).collect();
    let sessions: BTreeMap<_, _> =
        set.sso_session("foo").into_iter().map(|session| ("foo", object(session.entries()))).collect();
    json!({ "profiles": profiles, "sso_sessions": sessions })
}

#[test]
fn the_sdks_own_cases() {
    let path = aws_runtime().join("test-data/profile-parser-tests.json");
    let cases: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = cases["tests"].as_array().unwrap();
    assert!(cases.len() > 50);
    let mut differ = BTreeSet::new();
    for case in cases {
        let mut expected = match &case["output"]["config"] {
            Json::Null => json!("an error"),
            config => config.clone(),
        };
        if let Some(config) = expected.as_object_mut() {
            config.entry("sso_sessions").or_insert_with(|| json!({}));
        }
        if our_reading(&case["input"]) != expected {
            differ.insert(case["name"].as_str().unwrap());
        }
    }
    assert_eq!(differ, OTHER_THAN_THE_SDK.iter().map(|(name, _)| *name).collect());
}
