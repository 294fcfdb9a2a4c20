//! shlex and shell-words: whether they split a line into words as Python's shlex does for the AWS CLI.

use anyhow::Result;
use aws_auth::text::shell_words::split_words;
use serde_json::json;

use crate::python;
use crate::report::Report;

/// A line that a `credential_process` or a section's header may hold, and the result of Python's `shlex.split`; `None`
/// stands for an error.
type Line = (&'static str, Option<&'static [&'static str]>);

/// A claim about both crates, and the lines that show it.
const CLAIMS: [(&str, &[Line]); 3] = [
    (
        "a # after a blank begins a comment, so the rest of the command is lost",
        &[("a #b c", Some(&["a", "#b", "c"])), ("#a b", Some(&["#a", "b"]))],
    ),
    (
        "a backslash is treated as in a shell",
        &[
            (r#""a\$b""#, Some(&[r"a\$b"])),
            (r#""a\`b""#, Some(&[r"a\`b"])),
            ("a\\\nb", Some(&["a\nb"])),
            ("\"a\\\nb\"", Some(&["a\\\nb"])),
        ],
    ),
    ("a carriage return is part of a word", &[("a\rb", Some(&["a", "b"]))]),
];

/// Lines that all of them split in the same way.
const ALIKE: &[Line] = &[
    ("a#b c", Some(&["a#b", "c"])),
    (r#"profile "b c" 'd e' f\ g"#, Some(&["profile", "b c", "d e", "f g"])),
    (r#"'a\b' "a\b" "a\"b" "a\\b""#, Some(&[r"a\b", r"a\b", "a\"b", r"a\b"])),
    ("a '' \"\"", Some(&["a", "", ""])),
    ("a 'b", None),
];

const PYTHON: &str = "
import json, shlex, sys
def split(line):
    try:
        return shlex.split(line)
    except ValueError:
        return None
print(json.dumps([split(line) for line in json.load(sys.stdin)]))
";

type Words = Option<Vec<String>>;

pub fn try_claims(report: &mut Report) -> Result<()> {
    for (name, split) in [
        ("shlex", (|line| ::shlex::split(line)) as fn(&str) -> Words),
        ("shell-words", |line| shell_words::split(line).ok()),
    ] {
        report.about(name, "0005-shlex-and-shell-words");
        for (claim, lines) in CLAIMS {
            let tried: Vec<_> = lines.iter().map(|(line, _)| format!("{line:?}")).collect();
            let by = |split: &dyn Fn(&str) -> Words| lines.iter().map(|(line, _)| split(line)).collect::<Vec<_>>();
            let theirs = by(&split);
            let ours = by(&|line| split_words(line).ok());
            let python: Vec<_> = lines.iter().map(|(_, words)| words_of(*words)).collect();
            let came = [(name, shown(&theirs)), ("aws-auth", shown(&ours)), ("Python", shown(&python))];
            let all_differ = theirs.iter().zip(&python).all(|(theirs, python)| theirs != python);
            report.claim(claim, &tried.join("  "), &came, all_differ && ours == python);
        }
        let alike = ALIKE.iter().all(|(line, words)| split(line) == words_of(*words));
        report.claim(
            "other lines are split as by Python",
            &format!("{} lines", ALIKE.len()),
            &[(name, String::from(if alike { "all alike" } else { "not all alike" }))],
            alike,
        );
    }
    let lines: Vec<&Line> = CLAIMS.iter().flat_map(|(_, lines)| *lines).chain(ALIKE).collect();
    let claim = "the table of Python's words is correct";
    let question: Vec<&str> = lines.iter().map(|(line, _)| *line).collect();
    let Some(live) = python::ask(PYTHON, &json!(question))? else {
        report.skip(claim, python::MISSING);
        return Ok(());
    };
    let expected: Vec<Words> = lines.iter().map(|(_, words)| words_of(*words)).collect();
    report.claim(
        claim,
        "shlex.split of each line above",
        &[("Python", format!("{} lines", lines.len()))],
        live == json!(expected),
    );
    Ok(())
}

fn words_of(words: Option<&[&str]>) -> Words {
    words.map(|words| words.iter().map(ToString::to_string).collect())
}

fn shown(lines: &[Words]) -> String {
    let one = |words: &Words| words.as_ref().map_or_else(|| String::from("an error"), |words| format!("{words:?}"));
    lines.iter().map(one).collect::<Vec<_>>().join("  ")
}
