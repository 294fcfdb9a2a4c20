//! Any change of any file that the reader accepts changes only the lines in question, and reads back as meant.

use proptest::prelude::*;

use crate::config::edit::changes::Change;
use crate::config::edit::check::{changed, parsed};
use crate::config::edit::document::{Document, What};
use crate::config::edit::tests::source;
use crate::config::ini::split_line;
use crate::config::profiles::OwnValues;
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::credentials::Secret;
use crate::error::Result;

/// A file that the reader accepts.
fn file_text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        3 => "[ \t]{0,3}\\[(profile )?(\"a b\"|a|b|\"a\"|default|DEFAULT|x y)\\]( # c)?",
        1 => "\\[(sso-session|services|plugins) ?(s|a b|\"t\")?\\]",
        5 => "[ \t]{0,3}(x|Y|y|s3|credential_process|aws_secret_access_key) ?[=:] ?[a#; =]{0,5}",
        3 => "[ \t]{1,5}[a-c]{1,3} ?=?[#; b]{0,4}",
        2 => "[ \t]{0,2}[#;] ?[a=]{0,3}",
        2 => Just(String::new()),
        1 => "[ \t\u{2003}\u{b}]{1,3}",
    ];
    let one_end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    let mixed_end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    let lines = proptest::collection::vec((line, mixed_end), 0..24);
    (lines, one_end, any::<bool>(), any::<bool>(), 0..4_u8).prop_map(|(lines, end, has_mark, is_ended, mixed)| {
        let end_of = |own: &'static str| if mixed == 0 { own } else { end };
        let mut text = String::new();
        for (line, own) in lines {
            let more = format!("{text}{line}{}", end_of(own));
            if values(FileKind::Config, &more).is_ok() {
                text = more;
            }
        }
        while !is_ended && text.ends_with(['\n', '\r']) {
            text.pop();
        }
        if has_mark { format!("\u{feff}{text}") } else { text }
    })
}

fn section() -> impl Strategy<Value = SectionName> {
    prop_oneof![
        6 => prop::sample::select(vec!["a", "b", "a b", "default", "new", "q\"x"])
            .prop_map(|name| SectionName::Profile(name.into())),
        1 => Just(SectionName::SsoSession("s".into())),
        1 => Just(SectionName::Services("t".into())),
        1 => Just(SectionName::Defaults),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let key = prop::sample::select(vec!["x", "y", "s3", "credential_process", "new_key"]);
    let value = prop_oneof![
        4 => "[a-z/+=\"]{0,6}",
        1 => "a #b",
        1 => "\n[a-c] = d(\n\n?e = #)?",
        1 => "a\n[b-d]=\n? x",
        1 => any::<String>(),
    ];
    prop_oneof![
        5 => (section(), key.clone(), value)
            .prop_map(|(section, key, value)| Change::set(section, key, Secret::new(value))),
        3 => (section(), key).prop_map(|(section, key)| Change::Remove { section, key: key.into() }),
        1 => section().prop_map(Change::Add),
        2 => section().prop_map(Change::RemoveSection),
    ]
}

fn values(file: FileKind, text: &str) -> Result<OwnValues<'static>> {
    let source = source(file, text);
    let set = parsed(&source)?;
    let owned = |text: &str| std::borrow::Cow::Owned(text.to_owned());
    let sections = set.own_values(file).into_iter();
    Ok(sections
        .map(|(name, keys)| (name, keys.iter().map(|(key, value)| (owned(key), owned(value))).collect()))
        .collect())
}

/// What a reader knows who knows nothing of lines.
fn meant(mut sections: OwnValues<'static>, change: &Change) -> OwnValues<'static> {
    match change.clone() {
        Change::Set { section, key, value } => {
            sections.entry(section).or_default().insert(key.into(), value.expose().to_owned().into());
        }
        Change::Remove { section, key } => {
            if let Some(keys) = sections.get_mut(&section) {
                keys.remove(&*key);
            }
        }
        Change::Add(section) => {
            sections.entry(section).or_default();
        }
        Change::RemoveSection(section) => {
            sections.remove(&section);
        }
    }
    sections
}

/// The lines with their ends.
fn lines(mut text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    while !text.is_empty() {
        let rest = split_line(text).1;
        lines.push(&text[..text.len() - rest.len()]);
        text = rest;
    }
    lines
}

/// The lines of `old` that are not in `new`, and the other way round, by the longest common subsequence. Ends count
/// too, but for that of the last line.
fn difference(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let (old, new) = (lines(old), lines(new));
    let is_same = |i: usize, j: usize| {
        let is_last = i + 1 == old.len() || j + 1 == new.len();
        // If what stood between a CR and an LF goes, they are one line end.
        let meets = old[i].ends_with('\r') && new[j].strip_suffix('\n') == Some(old[i]);
        old[i] == new[j] || meets || (is_last && split_line(old[i]).0 == split_line(new[j]).0)
    };
    let mut longest = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i][j] =
                (longest[i + 1][j].max(longest[i][j + 1])).max(longest[i + 1][j + 1] + usize::from(is_same(i, j)));
        }
    }
    let (mut i, mut j, mut removed, mut added) = (0, 0, Vec::new(), Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && is_same(i, j) && longest[i][j] == longest[i + 1][j + 1] + 1 {
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && longest[i][j] == longest[i + 1][j] {
            removed.push(old[i].to_owned());
            i += 1;
        } else {
            added.push(new[j].to_owned());
            j += 1;
        }
    }
    (removed, added)
}

/// Whether this change may remove the line, which is in a section with this name, under an entry with this key.
fn may_remove(change: &Change, section: Option<&SectionName>, key: Option<&str>, what: &What<'_>) -> bool {
    match change {
        Change::Set { section: changed, key: set, .. } | Change::Remove { section: changed, key: set } => {
            section == Some(changed) && key == Some(set) && matches!(what, What::Entry(_) | What::More)
        }
        Change::RemoveSection(removed) => section == Some(removed) || matches!(what, What::Blank | What::Comment),
        Change::Add(_) => false,
    }
}

fn check(file: FileKind, text: &str, change: &Change) -> std::result::Result<(), TestCaseError> {
    let before = values(file, text).unwrap();
    let text_source = source(file, text);
    let result = match changed(&text_source, std::slice::from_ref(change)) {
        Ok(result) => result,
        Err(error) => {
            // Only a name or a value that no file can hold is refused.
            prop_assert!(
                changed(&source(file, ""), std::slice::from_ref(change)).is_err() || in_place(&error),
                "{}",
                error
            );
            return Ok(());
        }
    };
    prop_assert_eq!(values(file, &result.text).unwrap(), meant(before.clone(), change));
    prop_assert_eq!(result.text.starts_with('\u{feff}'), text.starts_with('\u{feff}'));
    let is_ended = |text: &str| text.ends_with(['\n', '\r']) || text.trim_start_matches('\u{feff}').is_empty();
    prop_assert!(is_ended(&result.text) || !is_ended(text));
    let (removed, added) = difference(text.trim_start_matches('\u{feff}'), result.text.trim_start_matches('\u{feff}'));
    // A header may lose white space, if nothing else keeps it a header; and the last line may have no end.
    let same = |a: &String, b: &String| split_line(a.trim_start()).0 == split_line(b.trim_start()).0;
    let unindented = |line: &String| line.trim_start().starts_with('[') && removed.iter().any(|old| same(old, line));
    let document = Document::new(&text_source).unwrap();
    let mut section = None;
    let mut key = None;
    let mut may_go = Vec::new();
    for (block, row) in document.rows() {
        match &row.what {
            What::Header => (section, key) = (SectionName::new(block.kind, &block.name), None),
            What::Entry(found) => key = Some(found.clone().into_owned()),
            _ => {}
        }
        if may_remove(change, section.as_ref(), key.as_deref(), &row.what) {
            may_go.push(row.line().to_owned());
        }
    }
    for line in &removed {
        let is_header = line.trim_start().starts_with('[') && added.iter().any(|new| same(new, line));
        prop_assert!(may_go.contains(&split_line(line).0.to_owned()) || is_header, "{:?} went", line);
    }
    match change {
        Change::Set { key, value, .. } => {
            let most = value.expose().matches('\n').count() + 1 + if added.len() > 1 { 2 } else { 0 };
            prop_assert!(added.len() <= most, "{:?} for {}", added, key);
        }
        Change::Add(_) => prop_assert!(added.len() <= 2),
        Change::Remove { .. } | Change::RemoveSection(_) => prop_assert!(added.iter().all(unindented)),
    }
    // Once more changes nothing.
    let again = changed(&source(file, &result.text), std::slice::from_ref(change)).unwrap();
    prop_assert!(again.diff.is_empty() && *again.text == *result.text);
    Ok(())
}

/// Whether a value fits into a new line, but not into the line that is there.
fn in_place(error: &crate::error::Error) -> bool {
    error.fact().contains("cannot hold this")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn only_the_lines_in_question_change(text in file_text(), change in change()) {
        for file in [FileKind::Config, FileKind::Credentials] {
            check(file, &text, &change)?;
        }
    }

    #[test]
    fn several_changes_are_as_one_after_another(text in file_text(), changes in prop::collection::vec(change(), 0..6)) {
        for file in [FileKind::Config, FileKind::Credentials] {
            let mut one_by_one: Result<String> = Ok(text.clone());
            for change in &changes {
                one_by_one = one_by_one.and_then(|text| {
                    Ok(changed(&source(file, &text), std::slice::from_ref(change))?.text.to_string())
                });
            }
            let at_once = changed(&source(file, &text), &changes);
            prop_assert_eq!(at_once.is_ok(), one_by_one.is_ok());
            if let (Ok(at_once), Ok(one_by_one)) = (at_once, one_by_one) {
                prop_assert_eq!(values(file, &at_once.text).unwrap(), values(file, &one_by_one).unwrap());
            }
        }
    }
}
