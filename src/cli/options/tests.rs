#![allow(clippy::unwrap_used)]

use crate::cli::options::{Cli, LONG_WITH_VALUE, SHORT_WITH_VALUE, common, definition, parse, parse_options};
use proptest::prelude::*;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

fn words(words: &[&str]) -> Vec<OsString> {
    words.iter().map(OsString::from).collect()
}

fn parsed(line: &[&str]) -> Cli {
    parse(&words(line)).unwrap()
}

#[test]
fn the_definition_is_sound_and_the_lists_of_options_with_values_agree_with_it() {
    definition().debug_assert();
    let with_value =
        |arg: &&clap::Arg| arg.get_action().takes_values() && !arg.is_require_equals_set() && !arg.is_positional();
    let long: Vec<_> =
        definition().get_arguments().filter(with_value).filter_map(clap::Arg::get_long).map(String::from).collect();
    let short: Vec<_> =
        definition().get_arguments().filter(with_value).filter_map(clap::Arg::get_short).map(|c| c as u8).collect();
    assert_eq!(long, LONG_WITH_VALUE);
    assert_eq!(short, SHORT_WITH_VALUE);
}

#[test]
fn everything_from_the_command_on_belongs_to_the_command() {
    for (line, command) in [
        (&["env"][..], &["env"][..]),
        (&["-p", "x", "env", "--help", "-p", "--"], &["env", "--help", "-p", "--"]),
        (&["-px", "env"], &["env"]),
        (&["-qp", "x", "env"], &["env"]),
        (&["--profile=x", "--region", "eu-west-1", "make", "--", "-j"], &["make", "--", "-j"]),
        (&["--", "-x", "--", "y"], &["-x", "--", "y"]),
        (&["--", "--"], &["--"]),
        (&["-"], &["-"]),
        (&["", "x"], &["", "x"]),
        (&["-q"], &[]),
    ] {
        assert_eq!(parsed(line).command, words(command), "{line:?}");
    }
    let raw = vec![OsString::from("echo"), OsString::from_vec(vec![0xff, b'-', 0xfe])];
    assert_eq!(parse(&raw).unwrap().command, raw);
}

const WORDS: [&str; 25] = [
    "-p",
    "x",
    "--profile",
    "--profile=a=b",
    "--profile=",
    "-px",
    "-p=x",
    "--region",
    "--region=eu-west-1",
    "-q",
    "--quiet",
    "-v",
    "--verbose",
    "-qv",
    "--status",
    "--explain",
    "--list",
    "--json",
    "--export",
    "--export=json",
    "--export=",
    "--prof=x",
    "-",
    "",
    "é",
];

/// Checks that options which are read without clap are read as clap does. Returns whether they are.
fn agree(line: &[&str]) -> bool {
    let line = words(line);
    let lean = common(&line);
    if let Some(lean) = &lean {
        assert_eq!(Some(lean), parse_options(&line).ok().as_ref(), "{line:?}");
    }
    lean.is_some()
}

#[test]
fn common_options_read_as_by_clap() {
    for line in [
        &[][..],
        &["-p", "sops"],
        &["--profile=sops", "-q"],
        &["--profile", "a b", "--region", "eu-west-1", "-v", "-v"],
        &["-p", "a", "-p", "b"],
        &["-p", "sops", "--status", "--json"],
        &["-p", "sops", "--explain", "--json"],
        &["--list", "-q"],
        &["--export"],
        &["--export=json", "-p", "x", "--export"],
    ] {
        assert!(agree(line), "{line:?}");
    }
    for line in [&["-p"][..], &["-p", "-"], &["-p", "-q"], &["-q", "-v"], &["--login"], &["-px"], &["--region="]] {
        assert!(!agree(line), "{line:?}");
    }
    for first in WORDS {
        agree(&[first]);
        for second in WORDS {
            agree(&[first, second]);
        }
    }
}

proptest! {
    #[test]
    fn any_common_options_read_as_by_clap(line in proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..7)) {
        agree(&line);
    }
}

#[test]
fn the_last_of_a_repeated_option_counts() {
    assert_eq!(parsed(&["-p", "a", "-p", "b", "true"]).profile.as_deref(), Some("b"));
}

#[test]
fn usage_errors_are_one_line() {
    for (line, message) in [
        (&["--profil", "x"][..], "unexpected argument '--profil' found; did you mean --profile?"),
        (&["-x", "env"], "unexpected argument '-x' found; see aws-auth --help"),
        (&["-p"], "a value is required for '--profile <NAME>' but none was supplied; see aws-auth --help"),
    ] {
        assert_eq!(parse(&words(line)).unwrap_err().to_string(), message);
    }
}
