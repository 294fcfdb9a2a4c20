//! The stage as its callers see it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::config::{FileKind, Location, ProfileSet, Section, SourceFile, Value};

fn config(text: &str) -> SourceFile {
    SourceFile::from_text(FileKind::Config, "config", text).unwrap()
}

fn credentials(text: &str) -> SourceFile {
    SourceFile::from_text(FileKind::Credentials, "credentials", text).unwrap()
}

/// The set that these two texts make, given to `check`.
fn with<T>(config_text: &str, credentials_text: &str, check: impl FnOnce(&ProfileSet<'_>) -> T) -> T {
    let (config, credentials) = (config(config_text), credentials(credentials_text));
    check(&ProfileSet::parse(Some(&config), Some(&credentials)).unwrap())
}

fn refused(config_text: &str) -> String {
    let config = config(config_text);
    ProfileSet::parse(Some(&config), None).unwrap_err().to_string()
}

fn text(value: Option<Value<'_>>) -> Option<String> {
    value.map(|value| value.text.into_owned())
}

type Pairs = Vec<(String, String)>;

fn texts(pairs: Vec<(Cow<'_, str>, Value<'_>)>) -> Pairs {
    pairs.into_iter().map(|(key, value)| (key.into_owned(), value.text.into_owned())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Pairs {
    expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// All of a profile, its keys sorted.
fn profile(set: &ProfileSet<'_>, name: &str) -> Option<Pairs> {
    let mut pairs = texts(set.profile(name)?.entries());
    pairs.sort();
    Some(pairs)
}

fn line(file: FileKind, line: u32) -> Location {
    Location { file, line }
}

#[test]
fn the_teams_files() {
    let config = "[profile sops]\nsource_profile = default\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n\
                  role_arn = arn:aws:iam::398263320410:role/sops-credentials-access\n\
                  [profile development-infrastructure]            # 381494870249\nsource_profile = default\n";
    let credentials = "[default]\naws_access_key_id=AKIAI\naws_secret_access_key=Kaet7Zae\n";
    with(config, credentials, |set| {
        assert_eq!(set.names(), ["sops", "development-infrastructure", "default"]);
        let sops = set.profile("sops").unwrap();
        let role = sops.get("role_arn").unwrap();
        assert_eq!(role.text, "arn:aws:iam::398263320410:role/sops-credentials-access");
        assert!(matches!(role.text, Cow::Borrowed(_)));
        assert_eq!(set.place(role.at), "config:4");
        assert_eq!(sops.in_file(FileKind::Credentials), None);
        let default = set.profile("default").unwrap();
        assert_eq!(default.at(), line(FileKind::Credentials, 1));
        assert_eq!(text(default.get("aws_access_key_id")).as_deref(), Some("AKIAI"));
        assert_eq!(set.warnings(), [""; 0]);
        assert!(set.profile("Sops").is_none());
    });
}

#[test]
fn which_headers_name_a_profile() {
    for (header, names) in [
        ("default", &["default"][..]),
        ("profile a", &["a"]),
        ("profile\ta ", &["a"]),
        ("profiles j", &["j"]),
        ("profilea b", &["b"]),
        ("profile \"b c\"", &["b c"]),
        ("profile m\\ n", &["m n"]),
        ("profile 'a'\"b\"", &["ab"]),
        ("profile \"\"", &[""]),
        ("profile a]b", &["a]b"]),
        ("profile é", &["é"]),
        ("profile DEFAULT", &["DEFAULT"]),
        ("profile", &[]),
        ("profilei", &[]),
        ("profile f g", &[]),
        ("profile \"b", &[]),
        ("profile\u{a0}a", &[]),
        ("\"profile\" a", &[]),
        (" profile h ", &[]),
        ("default ", &[]),
        ("DEFAULT", &[]),
        ("Profile a", &[]),
        ("a", &[]),
        ("sso-session a", &[]),
        ("services a", &[]),
    ] {
        with(&format!("[{header}]"), "", |set| assert_eq!(set.names(), names, "[{header}]"));
    }
    for header in ["default", "profile a", " a ", "sso-session a", "\"a\""] {
        with("", &format!("[{header}]"), |set| assert_eq!(set.names(), [header]));
    }
    with("", "[DEFAULT]\na = 1", |set| assert_eq!(set.names(), [""; 0]));
}

#[test]
fn the_same_header_merges_and_another_one_for_the_name_replaces() {
    for (text, name, expected) in [
        ("[profile a]\nx=1\ny=1\n[profile a]\ny=2\nz=2", "a", &[("x", "1"), ("y", "2"), ("z", "2")][..]),
        ("[profile a]\nx=1\n[profile \"a\"]\ny=2", "a", &[("y", "2")]),
        ("[profile \"a\"]\nx=1\n[profile a]\ny=2", "a", &[("y", "2")]),
        ("[profile \"a\"]\nx=1\n[profile a]\ny=2\n[profile \"a\"]\nz=3", "a", &[("x", "1"), ("z", "3")]),
        ("[default]\nx=1\n[profile default]\ny=2", "default", &[("y", "2")]),
        ("[profile default]\nx=1\n[default]\ny=2", "default", &[("y", "2")]),
        // Repeated ones the AWS CLI refuses; the other SDKs always prefer `[profile default]`.
        ("[profile default]\nx=1\n[default]\ny=2\n[profile default]\nz=3", "default", &[("x", "1"), ("z", "3")]),
        ("[default]\nx=1\n[profile default]\ny=2\n[default]\nz=3", "default", &[("y", "2")]),
        ("[default]\nx=1\n[default]\ny=2", "default", &[("x", "1"), ("y", "2")]),
        ("[profile a]\nX=1\nx = 2", "a", &[("x", "2")]),
    ] {
        with(text, "", |set| {
            assert_eq!(profile(set, name), Some(pairs(expected)), "{text}");
            assert_eq!(set.names(), [name]);
        });
    }
}

#[test]
fn credentials_stand_over_the_config_key_by_key() {
    let config = "[DEFAULT]\nd = config\n[profile a]\nx = config\ny = config\ns3 =\n  p = 1\nz = plain\n";
    let credentials = "[a]\ny = credentials\ns3 = plain\nz =\n  q = 2\n[b]\nx = 3\n";
    with(config, credentials, |set| {
        let a = set.profile("a").unwrap();
        assert_eq!(text(a.get("x")).as_deref(), Some("config"));
        assert_eq!(text(a.get("d")).as_deref(), Some("config"));
        assert_eq!(a.get("y").map(|value| value.at), Some(line(FileKind::Credentials, 2)));
        assert_eq!(text(a.get_in(FileKind::Config, "y")).as_deref(), Some("config"));
        assert_eq!(a.get_in(FileKind::Credentials, "x"), None);
        assert_eq!(text(a.get("s3")).as_deref(), Some("plain"));
        assert_eq!(a.nested("s3"), Ok(None));
        assert_eq!(a.get_in(FileKind::Config, "s3"), None);
        assert_eq!(a.get("z"), None);
        let nested = a.nested("z").unwrap().unwrap();
        assert_eq!(nested[0].1.at, line(FileKind::Credentials, 5));
        assert_eq!(texts(nested), pairs(&[("q", "2")]));
        assert_eq!(
            (a.at(), a.in_file(FileKind::Credentials)),
            (line(FileKind::Config, 3), Some(line(FileKind::Credentials, 1)))
        );
        let expected = [("d", "config"), ("x", "config"), ("y", "credentials"), ("s3", "plain"), ("z", "\nq = 2")];
        assert_eq!(texts(a.entries()), pairs(&expected));
        assert_eq!(profile(set, "b"), Some(pairs(&[("x", "3")])));
        assert_eq!(set.names(), ["a", "b"]);
    });
}

#[test]
fn capital_default_gives_to_every_section_of_its_file() {
    let config = "[DEFAULT]\nregion = r1\nx = 1\n[profile a]\nx = 2\n[sso-session s]\n[DEFAULT]\nlate = 3\n";
    with(config, "[DEFAULT]\nregion = r2\n[b]\n", |set| {
        assert_eq!(profile(set, "a"), Some(pairs(&[("late", "3"), ("region", "r1"), ("x", "2")])));
        assert_eq!(profile(set, "b"), Some(pairs(&[("region", "r2")])));
        assert_eq!(text(set.sso_session("s").unwrap().get("region")).as_deref(), Some("r1"));
        assert!(set.profile("default").is_none() && set.profile("DEFAULT").is_none());
    });
}

#[test]
fn sso_sessions_and_services() {
    let config = "[sso-session \"my s\"]\nsso_region = r\n[services dev]\nsts =\n  endpoint_url = http://x # y\ns3 =\n  Endpoint_URL=z\n";
    with(config, "[sso-session c]\n[services c]", |set| {
        let session = set.sso_session("my s").unwrap();
        assert_eq!(text(session.get("sso_region")).as_deref(), Some("r"));
        assert_eq!(session.at(), line(FileKind::Config, 1));
        let dev: Section<'_> = set.services("dev").unwrap();
        assert_eq!(dev.get("sts"), None);
        let sts = dev.nested("sts").unwrap().unwrap();
        assert_eq!(sts[0].1.at, line(FileKind::Config, 5));
        assert_eq!(texts(sts), pairs(&[("endpoint_url", "http://x")]));
        assert_eq!(texts(dev.nested("s3").unwrap().unwrap()), pairs(&[("Endpoint_URL", "z")]));
        assert_eq!(texts(dev.entries()), pairs(&[("sts", "\nendpoint_url = http://x"), ("s3", "\nEndpoint_URL=z")]));
        assert!(set.sso_session("c").is_none() && set.services("c").is_none());
    });
}

#[test]
fn of_a_nested_key_the_last_value_counts() {
    with("[profile a]\ns3 =\n  x = 1\n  y = 2\n  x = 3\n", "", |set| {
        let s3 = set.profile("a").unwrap().nested("s3").unwrap().unwrap();
        assert_eq!(texts(s3), pairs(&[("x", "3"), ("y", "2")]));
    });
}

#[test]
fn what_is_no_line_is_an_error_that_says_where_and_not_what() {
    for (text, expected) in [
        (
            "[a]\n\nhunter2",
            "config:3: neither a [section], a key = value, nor a comment; begin a comment with #, and indent a line that continues a value deeper than its key",
        ),
        (
            "hunter2 = 2",
            "config:1: a setting before the first [section]; put a header above it, such as [default] or [profile NAME]",
        ),
        (
            "# x\r\nhunter2",
            "config:2: neither a [section], a key = value, nor a comment; begin a comment with #, and indent a line that continues a value deeper than its key",
        ),
        ("[a]\n= hunter2", "config:2: a value without a key; write key = value"),
        ("[a]\r[hunter2", "config:2: a section header without its closing ]; write [NAME]"),
        (
            "[a]\nk = v\n[b]\n  hunter2",
            "config:4: neither a [section], a key = value, nor a comment; begin a comment with #, and indent a line that continues a value deeper than its key",
        ),
        (
            "[a]\nk =\n  x = y\n  hunter2",
            "config:4: not a nested key = value, though the key above has no value on its own line; write the value on the key's own line, or nested keys as key = value, one on a line",
        ),
    ] {
        assert_eq!(refused(text), expected, "{text:?}");
    }
    let credentials = credentials("[a]\nhunter2");
    let error = ProfileSet::parse(None, Some(&credentials)).unwrap_err();
    assert!(error.fact().starts_with("credentials:2: "));
    with("[profile a]\nk =\n  x = y\u{c}hunter2\n", "", |set| {
        let error = set.profile("a").unwrap().nested("k").unwrap_err().to_string();
        assert!(error.starts_with("config:3: ") && !error.contains("hunter2"));
    });
}

#[test]
fn warnings_say_what_is_hardly_meant() {
    let config = "\u{feff}[profile a]\nx = 1\nX = 2\n[profile a]\n[profile f g]\n[profile \"a\"]\n[b]\n[plugins]\n[DEFAULT]\n[DEFAULT]\n";
    with(config, "[profile a]\n[c]\n[c]\n", |set| {
        assert_eq!(
            set.warnings(),
            [
                "config:1: [profile a] is ignored, for [profile \"a\"] replaces it",
                "config:1: the file begins with a byte order mark, which the AWS CLI refuses",
                "config:3: x stands in [profile a] before: the last one counts (the AWS CLI refuses the file)",
                "config:4: [profile a] is ignored, for [profile \"a\"] replaces it",
                "config:4: [profile a] stands in line 1 too: both count, and of a key the last value (the AWS CLI refuses the file)",
                "config:5: [profile f g] is ignored, for it does not hold exactly one name; quote a name that has spaces",
                "config:7: [b] is not a profile; in this file, a profile's header is [profile NAME]",
                "credentials:3: [c] stands in line 2 too: both count, and of a key the last value (the AWS CLI refuses the file)",
            ]
        );
    });
}

#[test]
fn nothing_shows_a_value_by_debug() {
    with("[profile a]\nk = hunter2\ns3 =\n  x = hunter2\n[services s]\nk = hunter2", "[a]\nz = hunter2", |set| {
        let a = set.profile("a").unwrap();
        let shown = format!("{set:?}{a:?}{:?}{:?}{:?}", a.entries(), a.nested("s3"), set.services("s"));
        assert!(!shown.contains("hunter2"), "{shown}");
    });
    assert!(!format!("{:?}", config("[a]\nk = hunter2")).contains("hunter2"));
}

#[test]
fn many_lookups_answer_as_the_first_ones_do() {
    let text: String = (0..200).map(|i| format!("[profile p{}]\nx = {i}\n", i % 90)).collect();
    with(&text, "[p7]\nx = c\n[DEFAULT]\nd = 1", |set| {
        for name in set.names().iter().chain(&set.names()) {
            with(&text, "[p7]\nx = c\n[DEFAULT]\nd = 1", |fresh| assert_eq!(profile(set, name), profile(fresh, name)));
        }
        assert!(set.profile("p").is_none() && set.profile("zz").is_none());
    });
}

mod files {
    use std::os::unix::fs::PermissionsExt;

    use super::{FileKind, Path, ProfileSet, SourceFile};

    fn read(path: &Path) -> Result<Option<SourceFile>, String> {
        SourceFile::read(FileKind::Config, path).map_err(|e| e.to_string())
    }

    #[test]
    fn missing_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        for path in [dir.path().join("no"), file.join("below"), dir.path().join("no/no"), "".into()] {
            assert!(read(&path).unwrap().is_none(), "{}", path.display());
        }
        assert!(read(&file).unwrap().is_some());
    }

    #[test]
    fn unreadable_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let error = read(dir.path()).unwrap_err();
        let start = format!("cannot read {}: is a directory; make it a file", dir.path().display());
        assert!(error.starts_with(&start) && error.ends_with(" in AWS_CONFIG_FILE"), "{error}");
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0)).unwrap();
        // Root reads everything.
        if std::fs::File::open(&file).is_err() {
            assert!(read(&file).unwrap_err().starts_with("cannot read "));
        }
        assert!(read(Path::new("/dev/zero")).unwrap_err().starts_with("cannot read /dev/zero: "));
    }

    #[test]
    fn what_is_no_text_is_an_error_with_its_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        for (bytes, expected) in [
            (&b"[a]\r\nb = c\rd = \xff"[..], "3: a byte that is no UTF-8; save the file as UTF-8 text"),
            (b"\xff\xfe[\0", "1: a byte that is no UTF-8; save the file as UTF-8 text"),
            (b"[a]\nb = \0", "2: a NUL byte; save the file as UTF-8 text"),
        ] {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(read(&file).unwrap_err(), format!("{}:{expected}", file.display()));
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "\u{feff}[default]\r\nregion = r\r\n").unwrap();
        let source = read(&file).unwrap().unwrap();
        let set = ProfileSet::parse(Some(&source), None).unwrap();
        assert_eq!(set.profile("default").unwrap().get("region").unwrap().text, "r");
        assert_eq!(set.path(FileKind::Config), Some(&*file));
        assert_eq!(set.path(FileKind::Credentials), None);
    }
}

/// Where the AWS SDK's own cases expect something else than we read, and why.
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

/// The directory of the aws-runtime crate, on which the SDK depends.
fn aws_runtime() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Json = serde_json::from_slice(&output.stdout).unwrap();
    let mut packages = metadata["packages"].as_array().unwrap().iter();
    let runtime = packages.find(|package| package["name"] == "aws-runtime").expect("aws-runtime is a dependency");
    Path::new(runtime["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

/// What the SDK's cases state: every profile, or that there is an error.
fn our_reading(input: &Json) -> Json {
    let file = |kind, key: &str| SourceFile::from_text(kind, key, input[key].as_str().unwrap_or_default()).unwrap();
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

fn file_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        2 => "\\[(profile )?(\"a b\"|a|b|default|DEFAULT|x y)\\]( # c)?",
        4 => "[ \t]{0,2}(x|Y|s3|credential_process) ?[=:] ?[a#; =]{0,5}",
        2 => "[ \t]{1,4}[a-c]{1,3} ?=?[#; b]{0,4}",
        1 => "[ \t]{0,2}[#;]?",
        1 => any::<String>(),
    ];
    let line_end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    proptest::collection::vec((line, line_end), 0..12)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(config in any::<String>(), credentials in file_text()) {
        read_all(&config, &credentials);
    }

    #[test]
    fn what_is_read_is_in_the_text(config in file_text(), credentials in file_text()) {
        read_all(&config, &credentials);
    }

    #[test]
    fn line_ends_make_no_difference(text in file_text()) {
        let unix = text.replace("\r\n", "\n").replace('\r', "\n");
        let readings = [unix.replace('\n', "\r\n"), unix.replace('\n', "\r"), unix]
            .map(|text| our_reading(&json!({ "configFile": text.replace('\0', "") })));
        prop_assert!(readings.iter().all(|reading| *reading == readings[0]));
    }
}

/// Reads everything there is, and sees that it agrees with itself and with the texts.
fn read_all(config: &str, credentials: &str) {
    let config = SourceFile::from_text(FileKind::Config, "config", config);
    let credentials = SourceFile::from_text(FileKind::Credentials, "credentials", credentials);
    let (Ok(config), Ok(credentials)) = (config, credentials) else { return };
    let Ok(set) = ProfileSet::parse(Some(&config), Some(&credentials)) else { return };
    set.warnings();
    for name in set.names() {
        let profile = set.profile(&name).unwrap();
        for (key, value) in profile.entries() {
            let source = if value.at.file == FileKind::Config { &config } else { &credentials };
            let own_line = source.text().replace("\r\n", "\n").replace('\r', "\n");
            let own_line = own_line.split('\n').nth(value.at.line as usize - 1).unwrap().to_owned();
            assert!(own_line.to_lowercase().contains(&*key));
            for piece in value.text.split('\n') {
                assert!(source.text().contains(piece));
            }
            match profile.get(&key) {
                Some(plain) => assert_eq!(plain, value),
                None => assert!(value.text.starts_with('\n') && profile.nested(&key) != Ok(None)),
            }
        }
    }
}
