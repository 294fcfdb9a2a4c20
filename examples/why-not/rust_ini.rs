//! rust-ini: how it reads files that the AWS CLI reads with Python's configparser.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use aws_auth::config::profiles::ProfileSet;
use aws_auth::config::source::SourceFile;
use aws_auth::config::value::FileKind;
use ini::{Ini, ParseOption};
use serde_json::{Value, json};

use crate::python;
use crate::report::Report;

/// Short files, and what configparser reads in each; null if it rejects the file.
const DIALECT: &str = include_str!("dialect.json");
/// The number of random files.
const FILES: usize = 4000;

/// configparser as used by botocore, which also rejects a nested line without `=`.
const PYTHON: &str = "
import configparser, io, json, sys
def read(text):
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.Error:
        return None
    sections = {name: dict(parser.items(name)) for name in parser.sections()}
    for section in sections.values():
        for value in section.values():
            if value.startswith('\\n') and any('=' not in line for line in value.splitlines() if line.strip()):
                return None
    return sections
print(json.dumps([read(text) for text in json.load(sys.stdin)]))
";

/// The keys and values of each section; `None` if the file is rejected.
type Reading = Option<BTreeMap<String, BTreeMap<String, String>>>;

pub fn try_claims(report: &mut Report) -> Result<()> {
    report.about("rust-ini", "0002-rust-ini");
    let options = best_options()?;
    for (claim, text) in [
        ("a backslash at the end of a line joins the next line to it", "[a]\nx = C:\\dir\\\ny = 2\n"),
        ("a comment after a section's header is an error", "[a] # was b\nx = 1\n"),
        ("a line that is not a setting becomes part of the next key", "[a]\ngarbage\nx = 1\n"),
        ("a header without its bracket swallows the next header", "[a\n[b]\nx = 1\n"),
        ("blanks in a header are dropped, which names another profile", "[ a ]\nx = 1\n"),
        ("a comment between the lines of a value becomes part of it", "[a]\nx = 1\n  # c\n  2\n"),
    ] {
        let python = case(text)?;
        let (theirs, ours) = (by_rust_ini(text, &options), by_us(text)?);
        let came = [("rust-ini", shown(&theirs)), ("aws-auth", shown(&ours)), ("Python", shown(&python))];
        report.claim(claim, &format!("{text:?}"), &came, theirs != python && ours == python);
    }
    comments_behind_values(report, &options)?;
    nested_keys(report, &options);
    lines_of_errors(report);
    comments(report)?;
    counts(report)?;
    time(report)
}

/// All combinations of the options.
fn every_option() -> impl Iterator<Item = ParseOption> {
    (0..16).map(|bits| ParseOption {
        enabled_quote: bits & 1 != 0,
        enabled_escape: bits & 2 != 0,
        enabled_indented_mutiline_value: bits & 4 != 0,
        enabled_preserve_key_leading_whitespace: bits & 8 != 0,
    })
}

fn same(options: &ParseOption) -> ParseOption {
    ParseOption { ..*options }
}

/// The options with which most files of the dialect are read as by Python.
fn best_options() -> Result<ParseOption> {
    let cases = dialect()?;
    let alike =
        |options: &ParseOption| cases.iter().filter(|(text, python)| by_rust_ini(text, options) == *python).count();
    every_option().max_by_key(alike).context("some options")
}

fn dialect() -> Result<Vec<(String, Reading)>> {
    let cases: Vec<Value> = serde_json::from_str(DIALECT)?;
    cases
        .iter()
        .map(|case| Ok((case["text"].as_str().context("a text")?.to_owned(), reading(&case["python"])?)))
        .collect()
}

fn case(text: &str) -> Result<Reading> {
    let found = dialect()?.into_iter().find(|(other, _)| other == text);
    Ok(found.with_context(|| format!("{text:?} is not in dialect.json"))?.1)
}

/// Removes the line end before a value that begins on the next line, because rust-ini drops it.
fn reading(json: &Value) -> Result<Reading> {
    let reading: Reading = serde_json::from_value(json.clone())?;
    Ok(reading.map(|sections| {
        let trimmed = |value: String| value.trim_start_matches('\n').to_owned();
        let values =
            |keys: BTreeMap<String, String>| keys.into_iter().map(|(key, value)| (key, trimmed(value))).collect();
        sections.into_iter().map(|(name, keys)| (name, values(keys))).collect()
    }))
}

/// What rust-ini reads, with keys in lower case, as its caller could convert them.
fn by_rust_ini(text: &str, options: &ParseOption) -> Reading {
    let ini = Ini::load_from_str_opt(text, same(options)).ok()?;
    let mut sections = BTreeMap::new();
    for (name, keys) in &ini {
        // The part before the first header.
        let Some(name) = name else {
            if keys.is_empty() {
                continue;
            }
            return None;
        };
        sections
            .insert(name.to_owned(), keys.iter().map(|(key, value)| (key.to_lowercase(), value.to_owned())).collect());
    }
    Some(sections)
}

/// What aws-auth reads. The text is a credentials file, because its headers are the exact names of profiles.
fn by_us(text: &str) -> Result<Reading> {
    let file = SourceFile::from_text(FileKind::Credentials, "credentials", text);
    let Ok(set) = ProfileSet::parse(None, Some(&file)) else { return Ok(None) };
    let mut sections = BTreeMap::new();
    for name in set.names() {
        let profile = set.profile(&name).context("a profile that is there")?;
        let value = |text: &str| text.trim_start_matches('\n').to_owned();
        let keys = profile.entries().into_iter().map(|(key, entry)| (key.into_owned(), value(&entry.text))).collect();
        sections.insert(name, keys);
    }
    Ok(Some(sections))
}

fn shown(reading: &Reading) -> String {
    reading.as_ref().map_or_else(|| String::from("an error"), |sections| format!("{sections:?}"))
}

/// The other SDKs and aws-auth end a value at ` #`, but aws-auth does not do so for a command. rust-ini's feature
/// inline-comment makes no exception; it is not enabled here.
fn comments_behind_values(report: &mut Report, options: &ParseOption) -> Result<()> {
    let text = "[a]\nregion = r # c\ncredential_process = p #b\n";
    let keys = [("credential_process", "p #b"), ("region", "r")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let wanted = Some(BTreeMap::from([(String::from("a"), BTreeMap::from(keys))]));
    let (theirs, ours) = (by_rust_ini(text, options), by_us(text)?);
    report.claim(
        "a comment after a value stays in every value; a feature removes it from every value, even from a command",
        &format!("{text:?}"),
        &[("rust-ini", shown(&theirs)), ("aws-auth", shown(&ours))],
        theirs != wanted && ours == wanted,
    );
    Ok(())
}

fn nested_keys(report: &mut Report, best: &ParseOption) {
    let (map, value) = ("[a]\ns3 =\n  max = 1\n", "[a]\ns3 = max = 1\n");
    let flat = by_rust_ini(map, &ParseOption::default());
    report.claim(
        "with the default options, nested keys become keys of the profile",
        &format!("{map:?}"),
        &[("rust-ini", shown(&flat))],
        flat.as_ref().is_some_and(|sections| sections["a"].contains_key("max")),
    );
    let (of_map, of_value) = (by_rust_ini(map, best), by_rust_ini(value, best));
    report.claim(
        "with the best options, nested keys look the same as a value",
        &format!("{map:?}  {value:?}"),
        &[("rust-ini", format!("{}  {}", shown(&of_map), shown(&of_value)))],
        of_map == of_value,
    );
}

fn lines_of_errors(report: &mut Report) {
    let text = format!("[a]\nx = 1\ngarbage\n{}", "# nothing\n".repeat(20));
    let theirs = Ini::load_from_str(&text).err().map(|error| error.to_string()).unwrap_or_default();
    let file = SourceFile::from_text(FileKind::Config, "config", text.as_str());
    let ours = ProfileSet::parse(Some(&file), None).err().map(|error| error.to_string()).unwrap_or_default();
    report.claim(
        "an error does not name the line of the mistake",
        "garbage in line 3 of 23",
        &[("rust-ini", theirs.clone()), ("aws-auth", ours.clone())],
        !theirs.starts_with("3:") && ours.starts_with("config:3:"),
    );
}

fn comments(report: &mut Report) -> Result<()> {
    let text = "# mine\n[a]\nx = 1\n";
    let mut written = Vec::new();
    Ini::load_from_str(text)?.write_to(&mut written)?;
    let written = String::from_utf8(written)?;
    report.claim(
        "a written file has lost its comments",
        &format!("{text:?}, read and written"),
        &[("rust-ini", format!("{written:?}"))],
        !written.contains("# mine"),
    );
    Ok(())
}

fn counts(report: &mut Report) -> Result<()> {
    let cases = dialect()?;
    compare(report, "many files of the dialect are read differently", &cases)?;
    let claim = "many random files are read differently";
    let files: Vec<String> = (0..FILES).map(|seed| random_file(seed as u64)).collect();
    let Some(live) = python::ask(PYTHON, &json!(files))? else {
        report.skip(claim, python::MISSING);
        return Ok(());
    };
    let read = live.as_array().context("an array")?.iter().map(reading).collect::<Result<Vec<_>>>()?;
    compare(report, claim, &files.into_iter().zip(read).collect::<Vec<_>>())?;

    let texts: Vec<&str> = cases.iter().map(|(text, _)| text.as_str()).collect();
    let live = python::ask(PYTHON, &json!(texts))?.context("python3")?;
    let live = live.as_array().context("an array")?.iter().map(reading).collect::<Result<Vec<_>>>()?;
    report.claim(
        "the recorded results of Python are correct",
        "the files of dialect.json, read by configparser",
        &[("Python", format!("{} files", live.len()))],
        cases.iter().map(|(_, reading)| reading).eq(&live),
    );
    Ok(())
}

fn compare(report: &mut Report, claim: &str, files: &[(String, Reading)]) -> Result<()> {
    let alike =
        |options: &ParseOption| files.iter().filter(|(text, python)| by_rust_ini(text, options) == *python).count();
    let theirs = every_option().map(|options| alike(&options)).max().context("some options")?;
    let mut ours = 0;
    for (text, python) in files {
        ours += usize::from(by_us(text)? == *python);
    }
    report.claim(
        claim,
        &format!("{} files; read as by Python:", files.len()),
        &[("rust-ini", format!("{theirs}, with the best of its options")), ("aws-auth", ours.to_string())],
        theirs < files.len() * 9 / 10 && ours == files.len(),
    );
    Ok(())
}

/// A few lines of the dialect. A seed gives the same lines on every machine. They avoid what aws-auth reads differently
/// from the AWS CLI on purpose: comments after values, and repeated headers or keys.
fn random_file(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x1234_5678_9ABC_DEF1);
    let mut choose = |from: &[&'static str]| {
        // Knuth's multiplier. The high bits are more random.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        from[usize::try_from(state >> 33).unwrap_or_default() % from.len()]
    };
    let mut text = String::from("[first]\n");
    for number in 0..8 {
        text.push_str(choose(&["", "", "", "  ", "\t"]));
        match choose(&["key", "key", "key", "key", "key", "more", "comment", "blank", "header", "garbage"]) {
            "key" => {
                text.extend(["k", &number.to_string()]);
                text.push_str(choose(&[" = ", "=", ": ", " =  "]));
                text.push_str(choose(&["", "v", "v w", "C:\\dir\\", "a\\b", "\"q\"", "'q' r", "a=b", "a#b", "[v]"]));
            }
            "more" => {
                text.push_str(choose(&["  w", "  n", "  w\\", "  [w", "  \"w\""]));
                text.push_str(&number.to_string());
                text.push_str(choose(&["", " = v", "]"]));
            }
            "comment" => text.push_str(choose(&["# c", "; c", "# c = d", "#"])),
            "header" => {
                text.extend(["[s", &number.to_string()]);
                text.push_str(choose(&["]", " t]", "] ", "] text", " ]"]));
            }
            "garbage" => text.push_str(choose(&["", "", "", "g", "[g"])),
            _ => {}
        }
        text.push_str(choose(&["\n", "\n", "\n", "\r\n"]));
    }
    text
}

fn time(report: &mut Report) -> Result<()> {
    let section = |number| {
        format!(
            "[profile team-{number}]\nsource_profile = default\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\nrole_arn = \
             arn:aws:iam::398263320410:role/team-{number}\nregion = eu-west-1\n"
        )
    };
    let text: String = (0..10_000).map(section).collect();
    let file = SourceFile::from_text(FileKind::Config, "config", text.as_str());
    let (mut theirs, mut ours) = (Duration::MAX, Duration::MAX);
    // In turns, and only the best time of each counts, because the machine may do other work.
    for _ in 0..5 {
        let start = Instant::now();
        let ini = Ini::load_from_str(&text)?;
        let region = ini.get_from(Some("profile team-9999"), "region").context("rust-ini finds the last profile")?;
        theirs = theirs.min(start.elapsed());
        let start = Instant::now();
        let set = ProfileSet::parse(Some(&file), None)?;
        let profile = set.profile("team-9999").context("aws-auth finds the last profile")?;
        ours = ours.min(start.elapsed());
        anyhow::ensure!(profile.get("region").is_some_and(|value| value.text == region), "both read the same");
    }
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    report.claim(
        "it is slower",
        "one of 10,000 profiles, both built without optimization",
        &[("rust-ini", format!("{ratio:.1} times the time of aws-auth"))],
        ratio > 2.0,
    );
    Ok(())
}
