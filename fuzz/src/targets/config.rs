//! The reader of the two files, beside another one that reads the same dialect line by line (docs/profiles.md, "The two
//! files").

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write as _;

use aws_auth::config::profiles::ProfileSet;
use aws_auth::config::section_name::SectionName;
use aws_auth::config::source::SourceFile;
use aws_auth::config::value::FileKind;
use aws_auth::error::Error;
use aws_auth::text::shell_words::split_words;

/// The sections that count, each with its keys and values.
type Sections = BTreeMap<SectionName, BTreeMap<String, String>>;

/// Reads the bytes as a config file and as a credentials file: both readers find the same sections, keys and values, or
/// the same mistake in the same line.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return not_text(data) };
    for kind in [FileKind::Config, FileKind::Credentials] {
        let file = SourceFile::from_text(kind, "f", text);
        let found = parse(&file);
        let expected = sections(text.strip_prefix('\u{feff}').unwrap_or(text));
        match (&found, &expected) {
            (Ok(set), Ok(sections)) => compare(set, kind, sections),
            (Err(found), Err((line, fact))) => assert_eq!(found.fact(), format!("f:{line}: {fact}")),
            (Ok(_), Err(mistake)) => panic!("not found: {mistake:?}"),
            (Err(found), Ok(_)) => panic!("not a mistake: {found}"),
        }
    }
}

fn parse(file: &SourceFile) -> Result<ProfileSet<'_>, Error> {
    match file.kind {
        FileKind::Config => ProfileSet::parse(Some(file), None),
        FileKind::Credentials => ProfileSet::parse(None, Some(file)),
    }
}

/// The sections of the file as aws-auth reads them.
fn own_values(set: &ProfileSet<'_>, kind: FileKind) -> Sections {
    let owned = |(key, value): (Cow<'_, str>, Cow<'_, str>)| (key.into_owned(), value.into_owned());
    let sections = set.own_values(kind).into_iter();
    sections.map(|(name, values)| (name, values.into_iter().map(owned).collect())).collect()
}

/// A file that is not UTF-8 is refused with the line of its first bad byte, or for a line above it.
fn not_text(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(data).unwrap();
    let source = SourceFile::read(FileKind::Config, file.path()).unwrap().expect("a file");
    let refused = parse(&source).expect_err("a file that is not UTF-8");
    let fact = refused.fact().strip_prefix(&format!("{}:", file.path().display())).expect("the file");
    let (line, what) = fact.split_once(": ").expect("a line");
    let good = data.utf8_chunks().next().map(|chunk| chunk.valid()).unwrap_or_default();
    let last = good.replace("\r\n", "\n").matches(['\r', '\n']).count() + 1;
    let line: usize = line.parse().expect("a number");
    assert!(if what == "a byte that is not UTF-8" { line == last } else { line <= last }, "{refused}");
}

fn compare(set: &ProfileSet<'_>, kind: FileKind, sections: &[Section]) {
    let expected = merged(kind, sections);
    assert_eq!(own_values(set, kind), expected);
    let lines = set.text(kind).replace("\r\n", "\n").matches(['\r', '\n']).count() + 1;
    let is_line = |line: usize| (1..=lines).contains(&line);
    for name in set.names() {
        let profile = set.profile(&name).expect("a profile that is listed");
        let header = profile.in_file(kind).expect("a profile of this file").line;
        let is_its =
            |s: &&Section| s.line == header as usize && title(kind, &s.header).as_ref() == Some(&profile_name(&name));
        assert!(sections.iter().any(|section| is_its(&section)), "{name} is not in line {header}");
        for (key, value) in profile.entries() {
            assert!(is_line(value.at.line as usize), "{key} is in line {}", value.at.line);
            assert!(value.text.starts_with('\n') || profile.get(&key).is_some());
            // Python splits a map's lines at more than the ends of the file's lines, and the pieces are read late.
            if let Err(error) = profile.nested(&key) {
                assert!(of_a_line(error.fact()).is_some_and(is_line), "{error}");
            }
        }
        let _ = (set.sso_session(&name), set.services(&name), set.bare_header(&name));
    }
    for warning in set.warnings() {
        assert!(of_a_line(&warning).is_some_and(is_line), "{warning}");
    }
    without_keys(set, kind, expected);
}

/// The copy of the file for a command says all but the access keys.
fn without_keys(set: &ProfileSet<'_>, kind: FileKind, mut expected: Sections) {
    // No section has this name: a header has no line end.
    let copy = SourceFile::from_text(kind, "f", set.text_without_access_keys(kind, "\n"));
    let copied = parse(&copy).expect("a copy of a file that can be read");
    for values in expected.values_mut() {
        values.retain(|key, _| !aws_auth::config::copy::ACCESS_KEY.contains(&key.as_str()));
    }
    assert_eq!(own_values(&copied, kind), expected, "the copy without access keys");
}

/// The line that a message names.
fn of_a_line(message: &str) -> Option<usize> {
    message.strip_prefix("f:")?.split(':').next()?.parse().ok()
}

fn profile_name(name: &str) -> SectionName {
    SectionName::Profile(name.to_owned())
}

/// A header, and the entries below it.
struct Section {
    header: String,
    line: usize,
    entries: Vec<Entry>,
}

struct Entry {
    key: String,
    /// The value on the key's line.
    first: String,
    /// The lines that continue it, with comments and blank lines between them.
    more: Vec<String>,
    /// Blank lines and comments after those, which count if another line continues the value.
    pending: Vec<String>,
}

/// White space, by Python's `str.strip`.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn is_comment(line: &str) -> bool {
    line.starts_with(['#', ';'])
}

/// Reads a file line by line. A mistake is its line and what is wrong.
fn sections(text: &str) -> Result<Vec<Section>, (usize, &'static str)> {
    const NOT_NESTED: &str = "not a nested key = value, though the key above has no value on its own line";
    let mut sections: Vec<Section> = Vec::new();
    let (mut indent, mut in_entry) = (0, false);
    for (number, line) in text.replace("\r\n", "\n").split(['\n', '\r']).enumerate() {
        let number = number + 1;
        if line.contains('\0') {
            return Err((number, "a NUL byte"));
        }
        let stripped = line.trim_matches(is_space);
        let last = sections.last_mut().and_then(|section| section.entries.last_mut());
        if stripped.is_empty() || is_comment(stripped) {
            if let Some(entry) = last {
                entry.pending.push(stripped.to_owned());
            }
            continue;
        }
        let depth = line.chars().take_while(|c| is_space(*c)).count();
        if in_entry && depth > indent {
            let entry = last.expect("an entry, since in_entry");
            if entry.first.is_empty() && !stripped.contains('=') {
                return Err((number, NOT_NESTED));
            }
            let pending = std::mem::take(&mut entry.pending);
            entry.more.extend(pending);
            entry.more.push(stripped.to_owned());
            continue;
        }
        (indent, in_entry) = (depth, false);
        if let Some(header) = header(stripped) {
            sections.push(Section { header: header.to_owned(), line: number, entries: Vec::new() });
            continue;
        }
        let Some((key, rest)) = stripped.split_once(['=', ':']) else {
            let open = stripped.starts_with('[');
            let garbage = "neither a [section], a key = value, nor a comment";
            return Err((number, if open { "a section header without its closing ]" } else { garbage }));
        };
        let key = key.trim_end_matches(is_space);
        if key.is_empty() {
            return Err((number, "a value without a key"));
        }
        let Some(section) = sections.last_mut() else { return Err((number, "a setting before the first [section]")) };
        let key = key.to_lowercase();
        let rest = if is_command(&key) { rest } else { uncommented(rest) };
        let first = rest.trim_matches(is_space).to_owned();
        section.entries.push(Entry { key, first, more: Vec::new(), pending: Vec::new() });
        in_entry = true;
    }
    Ok(sections)
}

/// The text between the brackets: up to the first `]` if nothing or a comment follows it, else up to the last one.
fn header(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?;
    let (first, after) = inner.split_once(']')?;
    let after = after.trim_matches(is_space);
    let header =
        if !first.is_empty() && (after.is_empty() || is_comment(after)) { first } else { inner.rsplit_once(']')?.0 };
    Some(header).filter(|header| !header.is_empty())
}

/// Whether the value is a command, in which ` #` begins no comment.
fn is_command(key: &str) -> bool {
    ["credential_process", "mfa_process", "web_identity_token_process"].contains(&key)
}

/// The text before the first `#` or `;` after white space.
fn uncommented(text: &str) -> &str {
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if matches!(c, '#' | ';') && at > 0 && is_space(before) {
            return text.get(..at).unwrap_or_default();
        }
        before = c;
    }
    text
}

/// The meaning of a header, by botocore's `build_profile_map`; `None` if the section is ignored.
fn title(kind: FileKind, header: &str) -> Option<SectionName> {
    if header == "DEFAULT" {
        return Some(SectionName::Defaults);
    }
    if kind == FileKind::Credentials || header == "default" {
        return Some(SectionName::Profile(header.to_owned()));
    }
    let of: fn(String) -> SectionName = match header {
        _ if header.starts_with("profile") => SectionName::Profile,
        _ if header.starts_with("sso-session") => SectionName::SsoSession,
        _ if header.starts_with("services") => SectionName::Services,
        _ => return None,
    };
    match split_words(header) {
        Ok(words) if words.len() == 2 => words.into_iter().nth(1).map(of),
        _ => None,
    }
}

fn merged(kind: FileKind, sections: &[Section]) -> Sections {
    let mut merged = Sections::new();
    for name in sections.iter().filter_map(|section| title(kind, &section.header)) {
        let same: Vec<&Section> = sections.iter().filter(|s| title(kind, &s.header).as_ref() == Some(&name)).collect();
        let counting = counting(&same);
        let values = same.iter().filter(|s| Some(s.header.as_str()) == counting).flat_map(|s| &s.entries);
        let values = values.map(|entry| (entry.key.clone(), entry.value())).collect();
        merged.insert(name, values);
    }
    merged
}

/// The header that counts of those that give one name: the last one, but not `[default]` if any is repeated.
fn counting<'a>(same: &[&'a Section]) -> Option<&'a str> {
    let headers: Vec<&str> = same.iter().map(|section| section.header.as_str()).collect();
    let repeated = (1..headers.len()).any(|at| headers[..at].contains(&headers[at]));
    let other = headers.iter().rev().find(|header| **header != "default").filter(|_| repeated);
    other.or(headers.last()).copied()
}

impl Entry {
    fn value(&self) -> String {
        let is_map = self.first.is_empty();
        let lines = self.more.iter().filter(|line| !is_comment(line)).map(|line| {
            let at = if is_map { line.find('=').map_or(0, |at| at + 1) } else { 0 };
            let (key, value) = line.split_at(at);
            let value = if is_command(&self.key) { value } else { uncommented(value) };
            format!("{key}{value}").trim_matches(is_space).to_owned()
        });
        [self.first.clone()].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    }
}
