#![allow(clippy::unwrap_used)]

use crate::cache::keys::cli_key;
use crate::config::profiles::ProfileSet;
use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::env::snapshot::Snapshot;
use crate::plan::model::{Plan, Role};
use crate::request::Request;
use crate::time::Timestamp;

const ARN: &str = "arn:aws:iam::123456789012:role/A";

/// The role of a profile with these lines.
fn role(lines: &str) -> Role {
    let text = format!(
        "[profile p]\nsource_profile = s\nrole_arn = {ARN}\n{lines}\n[profile s]\naws_access_key_id = AKIA\naws_secret_access_key = x\n"
    );
    let file = SourceFile::from_text(FileKind::Config, "config", &text).unwrap();
    let set = ProfileSet::parse(Some(&file), None).unwrap();
    let args = ["-p", "p", "true"].map(Into::into).to_vec();
    let snapshot = Snapshot::new(args, Vec::new(), || Err(std::io::ErrorKind::NotFound.into()));
    let cli = crate::cli::options::parse(&snapshot.args).unwrap();
    let request = Request::new(&cli, &snapshot, Timestamp::from_unix(0)).unwrap();
    let Plan::Acquire(mut plan) = crate::plan::resolve::resolve(&set, &request).unwrap() else { panic!("no role") };
    plan.roles.remove(0)
}

/// External ids, and the keys that Python's json and hashlib make from them.
const EXTERNAL_IDS: [(&str, &str); 11] = [
    ("x", "867ca31a88f8e951d379b2858bf1e9118b53dfbf"),
    ("say \"hi\"", "3b9a2c5f885ab62e1a9d3ab314f75e623ddf3cbd"),
    ("back\\slash", "93d3ed1335d94839c5f98ff5e506edb116cac874"),
    ("del\u{7f}", "d24ca2f7ec6b682f18a0f272803cb2b06a58be55"),
    ("h\u{e9}", "37521fb43f0408afb75f2d3ca99eb36e27f5ceb3"),
    ("\u{65e5}\u{672c}", "ecc92c12fc19207604f0bba2d2177fb127bdc449"),
    ("\u{1f600}", "d96b19dfd5f949de9311ea6b7ed9951077c61573"),
    ("\u{10ffff}\u{d7ff}\u{e000}", "067c1ffae716632ba17f065820e6d85ab15ea5a1"),
    ("tab\u{9}newline\u{a}return\u{d}", "adca94713b58c386aded46941297c15db05194b3"),
    ("\u{8}\u{c}\u{1b}\u{0}", "83adca4a67f62370decfa55b4f6007f5c75af4f9"),
    ("a/b<&>'", "2a5a03bf09ce8c84e983b35dfc6be2da70557eae"),
];

#[test]
fn keys_are_those_of_python() {
    let mut role = role("");
    assert_eq!(cli_key(&role), "2807bfcd7c5bd8aa285ad333d88b7686b1fa34f9");
    for (id, key) in EXTERNAL_IDS {
        role.external_id = Some(id.to_owned());
        assert_eq!(cli_key(&role), key, "{id:?}");
    }
}

#[test]
fn every_parameter_is_in_the_key() {
    let all =
        "external_id = x\nrole_session_name = n\nduration_seconds = 900\nmfa_serial = arn:aws:iam::123456789012:mfa/jo";
    assert_eq!(cli_key(&role(all)), "b20640b28719c1963ddbd95db140fa519c089bf6");
    assert_eq!(
        cli_key(&role("mfa_serial = arn:aws:iam::123456789012:mfa/jo")),
        "4abdc8616c27ff9f371d7368d9b8756a9be13cf0"
    );
    // Neither the region nor the endpoint is in it.
    let elsewhere = role("region = eu-west-1\nendpoint_url = http://127.0.0.1:1\noutput = json");
    assert_eq!(cli_key(&elsewhere), "2807bfcd7c5bd8aa285ad333d88b7686b1fa34f9");
}
