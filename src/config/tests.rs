//! The configuration as its callers see it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::borrow::Cow;

use crate::config::profiles::ProfileSet;
use crate::config::section::Section;
use crate::config::source::SourceFile;
use crate::config::value::{FileKind, Location, Value};

mod botocore;

mod properties;

mod sdk;

fn config(text: &str) -> SourceFile {
    SourceFile::from_text(FileKind::Config, "config", text)
}

fn credentials(text: &str) -> SourceFile {
    SourceFile::from_text(FileKind::Credentials, "credentials", text)
}

/// Parses the two texts and passes the profiles to `check`.
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

pub(crate) fn texts(pairs: Vec<(Cow<'_, str>, Value<'_>)>) -> Pairs {
    pairs.into_iter().map(|(key, value)| (key.into_owned(), value.text.into_owned())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Pairs {
    expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// All keys and values of a profile, sorted by key.
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
        // The AWS CLI refuses repeated headers; the other SDKs always prefer `[profile default]`.
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
fn keys_of_the_credentials_file_replace_those_of_the_config_file() {
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
fn keys_of_capital_default_count_in_every_section_of_its_file() {
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
fn the_last_value_of_a_repeated_nested_key_counts() {
    with("[profile a]\ns3 =\n  x = 1\n  y = 2\n  x = 3\n", "", |set| {
        let s3 = set.profile("a").unwrap().nested("s3").unwrap().unwrap();
        assert_eq!(texts(s3), pairs(&[("x", "3"), ("y", "2")]));
    });
}

#[test]
fn a_bad_line_is_an_error_that_shows_its_place_but_not_its_text() {
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
            "config:4: not a nested key = value, though the key above has no value on its own line; write the value \
             on the key's own line, or nested keys as key = value, one per line",
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
fn warnings_show_probable_mistakes() {
    let config = "\u{feff}[profile a]\nx = 1\nX = 2\n[profile a]\n[profile f g]\n[profile \"a\"]\n[b]\n[plugins]\n[DEFAULT]\n[DEFAULT]\n";
    with(config, "[profile a]\n[c]\n[c]\n", |set| {
        assert_eq!(
            set.warnings(),
            [
                "config:1: [profile a] is ignored, because [profile \"a\"] replaces it",
                "config:1: the file begins with a byte order mark, which the AWS CLI refuses",
                "config:3: x is set more than once in [profile a]: the last value counts (the AWS CLI refuses the \
                 file)",
                "config:4: [profile a] is also in line 1: both count, and the last value of a key is used (the AWS \
                 CLI refuses the file)",
                "config:4: [profile a] is ignored, because [profile \"a\"] replaces it",
                "config:5: [profile f g] is ignored, because it does not have exactly one name; quote a name that \
                 contains spaces",
                "config:7: [b] is not a profile; in this file, a profile's header is [profile NAME]",
                "credentials:3: [c] is also in line 2: both count, and the last value of a key is used (the AWS CLI \
                 refuses the file)",
            ]
        );
    });
}

#[test]
fn debug_output_shows_no_value() {
    with("[profile a]\nk = hunter2\ns3 =\n  x = hunter2\n[services s]\nk = hunter2", "[a]\nz = hunter2", |set| {
        let a = set.profile("a").unwrap();
        let shown = format!("{set:?}{a:?}{:?}{:?}{:?}", a.entries(), a.nested("s3"), set.services("s"));
        assert!(!shown.contains("hunter2"), "{shown}");
    });
    assert!(!format!("{:?}", config("[a]\nk = hunter2")).contains("hunter2"));
}

#[test]
fn many_lookups_answer_as_the_first_ones_do() {
    let sections: Vec<_> = (0..200).map(|i| format!("[profile p{}]\nx = {i}\n", i % 90)).collect();
    let text = sections.concat();
    with(&text, "[p7]\nx = c\n[DEFAULT]\nd = 1", |set| {
        for name in set.names().iter().chain(&set.names()) {
            with(&text, "[p7]\nx = c\n[DEFAULT]\nd = 1", |fresh| assert_eq!(profile(set, name), profile(fresh, name)));
        }
        assert!(set.profile("p").is_none() && set.profile("zz").is_none());
    });
}
