//! What is different in a file after changes, for a person: the lines in question with a few around them, without
//! secrets.

use std::hash::{DefaultHasher, Hasher as _};
use std::path::Path;

use crate::config::edit::document::{Document, Fate, What};
use crate::config::secrets::masked;
use crate::text::escape::printable;

/// How many unchanged lines are shown above and below a changed one.
const CONTEXT: usize = 2;

const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// The difference between a file and itself after changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    path: String,
    hunks: Vec<Hunk>,
    /// A hash of the changed lines with their secrets, without blank ones: whether one comes before a new section depends
    /// on what is above it.
    changes: u64,
    /// How many lines are new.
    pub added: usize,
    /// How many lines go.
    pub removed: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Hunk {
    /// The first line and the number of lines before the changes, and the same after them.
    old: (usize, usize),
    new: (usize, usize),
    /// The header above its first changed line, unless that is among its lines.
    section: String,
    /// Each with ` `, `-` or `+` before it.
    lines: Vec<(char, String)>,
}

/// A line of the file before or after the changes.
struct Seen<'d> {
    sign: char,
    key: Option<&'d str>,
    line: &'d str,
    /// Of the section that it is in, or that it begins.
    header: &'d str,
    is_header: bool,
}

impl Diff {
    pub(crate) fn of(document: &Document<'_>, path: &Path) -> Self {
        let seen = seen(document);
        let mut hash = DefaultHasher::new();
        for line in seen.iter().filter(|line| line.sign != ' ' && !line.line.is_empty()) {
            hash.write(line.header.as_bytes());
            hash.write_u32(line.sign.into());
            hash.write(line.line.as_bytes());
            hash.write_u8(0xff);
        }
        let count = |sign: char| seen.iter().filter(|line| line.sign == sign).count();
        Self {
            path: path.to_string_lossy().into_owned(),
            hunks: hunks(document, &seen),
            changes: hash.finish(),
            added: count('+'),
            removed: count('-'),
        }
    }

    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        self.hunks.is_empty()
    }

    /// Whether the same lines change as in `other`, secrets included, wherever they stand.
    pub fn changes_the_same(&self, other: &Self) -> bool {
        self.changes == other.changes
    }

    /// The difference as `diff -u` shows it, safe for a terminal; empty if there is none. Each line ends in LF.
    pub fn text(&self, colours: bool) -> String {
        if self.is_empty() {
            return String::new();
        }
        let in_colour = |colour: &str, line: &str| {
            let line = line.trim_end();
            if colours && !colour.is_empty() { format!("{colour}{line}{PLAIN}\n") } else { format!("{line}\n") }
        };
        let path = printable(&self.path);
        let mut text = in_colour("", &format!("--- {path}")) + &in_colour("", &format!("+++ {path}"));
        for hunk in &self.hunks {
            let (old, new) = (range(hunk.old), range(hunk.new));
            text += &in_colour(CYAN, &format!("@@ -{old} +{new} @@ {}", printable(&hunk.section)));
            for (sign, line) in &hunk.lines {
                let colour = match sign {
                    '-' => RED,
                    '+' => GREEN,
                    _ => "",
                };
                text += &in_colour(colour, &format!("{sign}{}", printable(&line.replace('\t', "    "))));
            }
        }
        text
    }
}

/// The lines of the file before and after the changes. Of neighbours, those that go come first.
fn seen<'d>(document: &'d Document<'_>) -> Vec<Seen<'d>> {
    let mut all: Vec<Seen<'d>> = Vec::new();
    let (mut old, mut new) = (Vec::new(), Vec::new());
    let mut key: Option<&str> = None;
    for (block, row) in document.rows() {
        match &row.what {
            What::Header => key = None,
            What::Entry(found) => key = Some(found),
            What::More | What::Blank | What::Comment => {}
        }
        let is_header = row.what == What::Header;
        let line = |sign: char| Seen { sign, key, line: row.line(), header: &block.header, is_header };
        match row.fate {
            Fate::Goes => old.push(line('-')),
            Fate::New => new.push(line('+')),
            Fate::Stays => {
                replaced(&mut all, &mut old, &mut new);
                all.push(line(' '));
            }
            Fate::Dropped => {}
        }
    }
    replaced(&mut all, &mut old, &mut new);
    all
}

/// Adds lines that replace each other. Those that are the same at the beginning or at the end are unchanged.
fn replaced<'d>(all: &mut Vec<Seen<'d>>, old: &mut Vec<Seen<'d>>, new: &mut Vec<Seen<'d>>) {
    let same = |pair: &(&Seen<'d>, &Seen<'d>)| pair.0.line == pair.1.line;
    let first = old.iter().zip(&*new).take_while(same).count();
    let rest = (old.iter().skip(first).rev()).zip(new.iter().skip(first).rev());
    let last = rest.take_while(same).count();
    let unchanged = |line: Seen<'d>| Seen { sign: ' ', ..line };
    let end = old.split_off(old.len() - last);
    new.truncate(new.len() - last);
    all.extend(old.drain(..first).map(unchanged));
    all.append(old);
    all.extend(new.drain(..).skip(first));
    all.extend(end.into_iter().map(unchanged));
}

fn hunks(document: &Document<'_>, seen: &[Seen<'_>]) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    // The end of the last hunk.
    let mut end = 0;
    // The number of the next line before and after the changes.
    let (mut old, mut new) = (1, 1);
    for (at, line) in seen.iter().enumerate() {
        if line.sign != ' ' && at >= end {
            let first = at.saturating_sub(CONTEXT).max(end);
            let lead = at - first;
            let last = last_of_hunk(seen, at);
            let shown = seen.get(first..last).unwrap_or_default();
            let count = |other: char| shown.iter().filter(|line| line.sign != other).count();
            let is_shown = shown.iter().take(lead + 1).any(|line| line.is_header);
            let section = Some(line.header).filter(|header| !is_shown && !header.is_empty());
            hunks.push(Hunk {
                old: (old - lead, count('+')),
                new: (new - lead, count('-')),
                section: section.map(|header| format!("[{header}]")).unwrap_or_default(),
                lines: shown
                    .iter()
                    .map(|line| (line.sign, masked(document.file, line.key, line.line).into_owned()))
                    .collect(),
            });
            end = last;
        }
        old += usize::from(line.sign != '+');
        new += usize::from(line.sign != '-');
    }
    hunks
}

/// The end of the hunk whose first changed line is at `at`: a few lines after a changed one that is followed by more
/// unchanged ones than two hunks would show.
fn last_of_hunk(seen: &[Seen<'_>], at: usize) -> usize {
    let mut last = at;
    for (next, line) in seen.iter().enumerate().skip(at) {
        if next > last + 2 * CONTEXT + 1 {
            break;
        }
        if line.sign != ' ' {
            last = next;
        }
    }
    (last + 1 + CONTEXT).min(seen.len())
}

/// `FIRST,COUNT`, as `diff -u` writes it: the count is left out if it is one, and without lines the line before counts.
fn range((first, count): (usize, usize)) -> String {
    match count {
        0 => format!("{},0", first - 1),
        1 => first.to_string(),
        _ => format!("{first},{count}"),
    }
}
