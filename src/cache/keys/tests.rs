#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::cache::keys::{bounded_prefix, cli_key, own_name, session_key};
use crate::config::profiles::ProfileSet;
use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::env::snapshot::Snapshot;
use crate::plan::model::{Acquisition, Plan, Role};
use crate::request::Request;
use crate::time::Timestamp;

const ARN: &str = "arn:aws:iam::123456789012:role/A";

/// The role of a profile with these lines.
fn role(lines: &str) -> Role {
    planned(lines, &[]).unwrap().roles.remove(0)
}

/// The plan of a profile with these lines, for a run with these options; `None` if it is refused.
fn planned(lines: &str, options: &[String]) -> Option<Box<Acquisition>> {
    planned_from("AKIA", lines, options)
}

/// The same, with this access key id in the profile that is the base.
fn planned_from(key: &str, lines: &str, options: &[String]) -> Option<Box<Acquisition>> {
    let text = format!(
        "[profile p]\nsource_profile = s\nrole_arn = {ARN}\n{lines}\n[profile s]\naws_access_key_id = {key}\naws_secret_access_key = x\n"
    );
    let file = SourceFile::from_text(FileKind::Config, "config", &text);
    let set = ProfileSet::parse(Some(&file), None).unwrap();
    let words = ["-p", "p"].into_iter().chain(options.iter().map(String::as_str)).chain(["true"]);
    let args = words.map(Into::into).collect();
    let snapshot = Snapshot::new(args, Vec::new(), || Err(std::io::ErrorKind::NotFound.into()));
    let cli = crate::cli::options::parse(&snapshot.args).unwrap();
    let request = Request::new(&cli, &snapshot, Timestamp::from_unix(0)).unwrap();
    match crate::plan::resolve::resolve(&set, &request).ok()? {
        Plan::Acquire(plan) => Some(plan),
        Plan::PassThrough | Plan::Ambient { .. } => panic!("no role"),
    }
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

/// A role of one user's keys, or of one STS, must never be given to a run with other keys or another STS.
#[test]
fn own_entries_and_sessions_are_of_one_key_and_one_sts() {
    let names = |key, lines: &str| {
        let added = ["--role-arn", "arn:aws:iam::123456789012:role/B"].map(String::from);
        let serial = "mfa_serial = arn:aws:iam::123456789012:mfa/jo";
        let plan = planned_from(key, &format!("{serial}\n{lines}"), &added).unwrap();
        let serial = plan.session.as_ref().unwrap().serial.value.clone();
        let mut names: Vec<String> = (0..plan.roles.len()).map(|at| own_name(&plan, at)).collect();
        names.push(session_key(&plan, &serial).unwrap());
        names
    };
    let name = names("AKIA", "");
    assert_eq!(name.len(), 3, "two roles and a session");
    assert_eq!(name, names("AKIA", ""));
    let others = [
        names("AKIB", ""),
        names("AKIA", "endpoint_url = http://127.0.0.1:1"),
        names("AKIA", "endpoint_url = http://127.0.0.1:2"),
    ];
    let all: BTreeSet<&String> = others.iter().flatten().chain(&name).collect();
    assert_eq!(all.len(), 4 * name.len(), "{others:?}");
}

/// What a person asks for: the keys of the profile, and the options. Every value comes from a small set, so that equal
/// requests are as common as different ones.
#[derive(Debug, Clone)]
struct Asked {
    keys: Part,
    options: Part,
    external_id: Option<&'static str>,
    duration: Option<&'static str>,
    role_arn: bool,
}

#[derive(Debug, Clone)]
struct Part {
    policies: Vec<usize>,
    session_name: Option<&'static str>,
    identity: Option<&'static str>,
    tags: BTreeMap<&'static str, &'static str>,
    transitive: BTreeSet<&'static str>,
}

const ADDED: &str = "arn:aws:iam::123456789012:role/B";
const POLICIES: [&str; 4] = [
    "read-only",
    "arn:aws:iam::aws:policy/x",
    r#"{"Statement":{"Effect":"Deny","Action":"a","Resource":"*"}}"#,
    r#"{"Statement":{"Effect":"Allow","Action":"a","Resource":"*"}}"#,
];

fn part(policies: usize) -> impl Strategy<Value = Part> {
    let name = || proptest::option::weighted(0.3, proptest::sample::select(vec!["n1", "n2"]));
    let tags = proptest::collection::btree_map(
        proptest::sample::select(vec!["a", "b"]),
        proptest::sample::select(vec!["", "a", "b"]),
        0..2,
    );
    let transitive = proptest::collection::btree_set(proptest::sample::select(vec!["a", "b"]), 0..2);
    (proptest::collection::vec(0..policies, 0..3), name(), name(), tags, transitive).prop_map(
        |(policies, session_name, identity, tags, transitive)| Part {
            policies,
            session_name,
            identity,
            tags,
            transitive,
        },
    )
}

fn asked() -> impl Strategy<Value = Asked> {
    let external_id = proptest::option::of(proptest::sample::select(vec!["n1", "n2"]));
    let duration = proptest::option::of(proptest::sample::select(vec!["15m", "1h"]));
    // A file for each policy in JSON would be needed in a profile.
    (part(2), part(4), external_id, duration, proptest::bool::weighted(0.2)).prop_map(
        |(keys, options, external_id, duration, role_arn)| Asked { keys, options, external_id, duration, role_arn },
    )
}

impl Asked {
    fn plan(&self) -> Option<Box<Acquisition>> {
        let joined = |words: Vec<String>| words.join(", ");
        let tags = |part: &Part| part.tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>();
        let keys = &self.keys;
        let lines = [
            ("external_id", self.external_id.unwrap_or_default().to_owned()),
            ("role_session_name", keys.session_name.unwrap_or_default().to_owned()),
            ("source_identity", keys.identity.unwrap_or_default().to_owned()),
            ("aws_auth_policies", joined(keys.policies.iter().map(|&at| POLICIES[at].to_owned()).collect())),
            ("session_tags", joined(tags(keys))),
            ("transitive_session_tags", joined(keys.transitive.iter().map(ToString::to_string).collect())),
        ];
        let lines = lines.iter().filter(|(_, value)| !value.is_empty());
        let lines: Vec<String> = lines.map(|(key, value)| format!("{key} = {value}")).collect();
        let mut args = Vec::new();
        let mut push = |name: &str, value: &str| args.push(format!("--{name}={value}"));
        self.options.policies.iter().for_each(|&at| push("policy", POLICIES[at]));
        self.options.session_name.iter().for_each(|name| push("session-name", name));
        self.options.identity.iter().for_each(|name| push("source-identity", name));
        for tag in tags(&self.options) {
            push("tag", &tag);
        }
        self.options.transitive.iter().for_each(|key| push("transitive-tag", key));
        self.duration.iter().for_each(|duration| push("duration", duration));
        if self.role_arn {
            push("role-arn", ADDED);
        }
        planned(&lines.join("\n"), &args)
    }

    /// The request in other words, from what was asked for alone: all that STS is told, and whether the AWS CLI could
    /// have asked for the same.
    fn request(&self) -> String {
        let (keys, options) = (&self.keys, &self.options);
        let said = |own: Option<&str>, tags: &BTreeMap<&str, &str>, transitive: &BTreeSet<&str>| {
            format!("{own:?} {tags:?} {transitive:?}")
        };
        let policies = if options.policies.is_empty() { &keys.policies } else { &options.policies };
        let arns: BTreeSet<&usize> = policies.iter().filter(|at| **at < 2).collect();
        let documents: Vec<&usize> = policies.iter().filter(|at| **at >= 2).collect();
        let duration = self.duration;
        if self.role_arn {
            // The profile's role is a step, with its own external id, name, identity and tags.
            let step = said(keys.identity, &keys.tags, &keys.transitive);
            let last = said(options.identity, &options.tags, &options.transitive);
            let (of_step, name) = (keys.session_name, options.session_name);
            return format!(
                "{:?} {of_step:?} {step} then {duration:?} {name:?} {last} {arns:?} {documents:?}",
                self.external_id
            );
        }
        let mut tags = keys.tags.clone();
        tags.extend(&options.tags);
        let transitive: BTreeSet<&str> = keys.transitive.union(&options.transitive).copied().collect();
        let said = said(options.identity.or(keys.identity), &tags, &transitive);
        let name = options.session_name.or(keys.session_name);
        let is_named_anew = name != keys.session_name;
        let nothing = format!("None {:?} {:?}", BTreeMap::<&str, &str>::new(), BTreeSet::<&str>::new());
        let by_cli = said == nothing && policies.is_empty() && !is_named_anew;
        format!("{:?} {by_cli} {duration:?} {name:?} {said} {arns:?} {documents:?}", self.external_id)
    }
}

/// The file that a request's result is kept in.
fn file(plan: &Acquisition) -> String {
    let at = plan.roles.len() - 1;
    let role = plan.roles.last().unwrap();
    if role.shared { format!("the AWS CLI's {}", cli_key(role)) } else { own_name(plan, at) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn two_requests_have_the_same_file_if_and_only_if_they_are_the_same((one, other) in (asked(), asked())) {
        // Those with a transitive key without its tag are refused.
        if let (Some(plan), Some(of_other)) = (one.plan(), other.plan()) {
            prop_assert_eq!(file(&plan) == file(&of_other), one.request() == other.request(), "{} and {}", one.request(), other.request());
        }
    }

    /// Random pairs are seldom alike; a request and the same with one part taken from another one are so more often.
    #[test]
    fn a_request_and_its_neighbour((one, other) in (asked(), asked()), which in 0..8) {
        let mut near = one.clone();
        match which {
            0 => near.options.policies = other.options.policies,
            1 => near.options.session_name = other.options.session_name,
            2 => near.options.identity = other.options.identity,
            3 => near.options.tags = other.options.tags,
            4 => near.options.transitive = other.options.transitive,
            5 => near.keys.session_name = other.keys.session_name,
            6 => near.keys.policies = other.keys.policies,
            _ => std::mem::swap(&mut near.keys.identity, &mut near.options.identity),
        }
        if let (Some(plan), Some(of_near)) = (one.plan(), near.plan()) {
            prop_assert_eq!(file(&plan) == file(&of_near), one.request() == near.request(), "{} and {}", one.request(), near.request());
        }
    }
}

#[test]
fn a_bounded_file_is_found_from_the_unbounded_plan() {
    let name_of = |lines: &str, args: &[&str]| {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        own_name(&planned(lines, &args).unwrap(), 0)
    };
    for lines in ["", "role_session_name = x1", "aws_auth_policies = read-only", "external_id = x"] {
        let prefix = bounded_prefix(&planned(lines, &[]).unwrap(), 0);
        for option in ["--read-only", "--session-name=y1", "--tag=a=b", "--source-identity=jo"] {
            let name = name_of(lines, &[option]);
            assert!(name.starts_with(&prefix) && name.len() == prefix.len() + 40, "{lines} {option}: {name} {prefix}");
        }
    }
    assert!(!name_of("", &["--read-only"]).starts_with(&bounded_prefix(&planned("external_id = x", &[]).unwrap(), 0)));
}
