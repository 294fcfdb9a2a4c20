//! Changes of keys and sections, made on a file as lines.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::config::edit::document::{Block, Document, Place, Row, What};
use crate::config::entry::{entries, is_command, without_comment};
use crate::config::ini::{Lines, is_space, strip};
use crate::config::section_name::SectionName;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::text::bytes::find2;

/// How much deeper than its key a line that continues a value is indented.
const DEEPER: &str = "    ";

/// A change of one of the two files. Several changes are made in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Sets a key. Where it is set already, its value is replaced, and its line keeps its indentation and its comment. A
    /// new key comes after the last one of the section. A section that does not exist is added.
    Set {
        /// The section.
        section: SectionName,
        /// The key, in lower case.
        key: String,
        /// The value as [`crate::config::value::Value`] holds it: lines are joined by `\n`, and a map starts with `\n`.
        value: Secret,
    },
    /// Removes a key: each of its lines in the section, with the lines that continue its value. A value of `[DEFAULT]`
    /// counts then, if there is one.
    Remove {
        /// The section.
        section: SectionName,
        /// The key, in lower case.
        key: String,
    },
    /// Adds a section at the end of the file, unless it exists.
    Add(SectionName),
    /// Removes a section, with every header that gives its name. The comments between its header and its last value go
    /// too, and those that stand together with it and not with its neighbours: no blank line is between, and a blank
    /// line or the end of the file is beyond. Of the blank lines around it one goes.
    RemoveSection(SectionName),
}

impl Change {
    /// The change that sets `key` to a value. Wrap a secret in [`Secret`] early, so that no other copy is left.
    pub fn set(section: SectionName, key: &str, value: Secret) -> Self {
        Self::Set { section, key: key.to_owned(), value }
    }
}

impl Document<'_> {
    /// Makes a change.
    ///
    /// # Errors
    /// Returns an error if the file cannot hold the name, the key or the value.
    pub(crate) fn make(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Set { section, key, value } => self.set(section, key, value.expose()),
            Change::Remove { section, key } => {
                self.remove(section, key);
                Ok(())
            }
            Change::Add(section) => self.existing_or_added(section).map(|_| ()),
            Change::RemoveSection(section) => {
                self.remove_section(section);
                Ok(())
            }
        }
    }

    fn set(&mut self, section: &SectionName, key: &str, value: &str) -> Result<()> {
        let block = self.existing_or_added(section)?;
        let (place, shape) = match self.entries_of(section, key).pop() {
            Some(old) if *old.value == value => return Ok(()),
            Some(old) => {
                old.rows.iter().for_each(|row| self.strike(*row));
                (old.place, old.shape)
            }
            None => self.place_for(block, key),
        };
        let rows = shape.rows(key, value).ok_or_else(|| self.unfit(section, key))?;
        if let Some(block) = self.blocks.get_mut(place.0) {
            block.rows.splice(place.1 + 1..=place.1, rows);
        }
        Ok(())
    }

    fn remove(&mut self, section: &SectionName, key: &str) {
        for entry in self.entries_of(section, key) {
            entry.rows.iter().for_each(|row| self.strike(*row));
        }
    }

    /// The last block of the section that counts.
    fn existing_or_added(&mut self, section: &SectionName) -> Result<usize> {
        let (kind, name) = section.parts();
        if let Some(last) = self.counting(kind, name).last() {
            return Ok(*last);
        }
        let header = section.header(self.file)?;
        let end = self.line_end(self.blocks.len());
        let last = self.above((self.blocks.len(), 0));
        if last.and_then(|last| self.row(last)).is_some_and(|last| last.what != What::Blank)
            && let Some(block) = self.blocks.last_mut()
        {
            block.rows.push(Row::new(end.clone(), What::Blank));
            self.revive(self.blocks.len() - 1);
        }
        let inner = header.strip_prefix('[').and_then(|header| header.strip_suffix(']')).unwrap_or(&header).to_owned();
        let rows = vec![Row::new(header + &end, What::Header)];
        self.add(Block { kind, name: Cow::Owned(name.to_owned()), header: Cow::Owned(inner), rows });
        Ok(self.blocks.len() - 1)
    }

    /// The entries with this key in the section, in their order. The last one counts.
    fn entries_of(&self, section: &SectionName, key: &str) -> Vec<Found> {
        let (kind, name) = section.parts();
        let mut found = Vec::new();
        for at in self.counting(kind, name) {
            let rows = self.blocks.get(at).map(|block| &*block.rows).unwrap_or_default();
            for (row, _) in rows.iter().enumerate().filter(|(_, row)| row.remains() && row.is_entry_of(key)) {
                found.extend(self.entry_at((at, row)));
            }
        }
        found
    }

    fn entry_at(&self, place: Place) -> Option<Found> {
        let (at, first) = place;
        let rows = self.blocks.get(at)?.rows.get(first..)?;
        let mut text = Zeroizing::new(String::new());
        let mut own = Vec::new();
        for (row, here) in rows.iter().enumerate().filter(|(_, here)| here.remains()) {
            if row > 0 && (here.is_entry() || here.what == What::Header) {
                break;
            }
            text.push_str(here.text());
            if row == 0 || here.what == What::More {
                own.push((at, first + row));
            }
        }
        let shape = Shape::of(rows.first()?, &self.line_end(at))?;
        let value = Zeroizing::new(entries(&text, 1).first()?.text().into_owned());
        Some(Found { place, rows: own, value, shape })
    }

    /// Where a new key of this block comes, and how its line looks.
    fn place_for(&self, block: usize, key: &str) -> (Place, Shape) {
        let rows = self.blocks.get(block).map(|block| &*block.rows).unwrap_or_default();
        let last = rows.iter().rposition(|row| row.remains() && matches!(row.what, What::Entry(_) | What::More));
        let place = last.or_else(|| rows.iter().rposition(|row| row.what == What::Header)).unwrap_or_default();
        let mut end = rows.get(place).map(|row| row.end().to_owned()).unwrap_or_default();
        if end.is_empty() {
            end = self.line_end(block);
        }
        let neighbour = rows.iter().rfind(|row| row.remains() && row.is_entry());
        let indent = match neighbour {
            Some(row) => row.indent(),
            None => self.indent_without_keys(block),
        };
        let style = neighbour.or_else(|| self.rows().map(|(_, row)| row).find(|row| row.is_entry()));
        let equals = style.map_or(" = ", |row| equals_as_in(row.line()));
        let before = format!("{indent}{key}{equals}");
        ((block, place), Shape { before, after: String::new(), indent: indent.to_owned(), end })
    }

    /// The indentation of the first key of a section. It is that of its header, or that of the next one if that is
    /// deeper: a header that is indented deeper than a key would continue the key's value.
    fn indent_without_keys(&self, block: usize) -> &str {
        let headers = |at: &&Block<'_>| at.rows.first().is_some_and(|row| row.remains() && row.what == What::Header);
        let mut indents =
            self.blocks.iter().skip(block).filter(headers).filter_map(|at| at.rows.first()).map(Row::indent);
        let (own, next) = (indents.next().unwrap_or_default(), indents.next().unwrap_or_default());
        if next.chars().count() > own.chars().count() { next } else { own }
    }

    fn remove_section(&mut self, section: &SectionName) {
        let (kind, name) = section.parts();
        for block in self.named(kind, name) {
            self.remove_block(block);
        }
    }

    fn remove_block(&mut self, at: usize) {
        let Some(block) = self.blocks.get(at) else { return };
        let is_own = |row: &Row<'_>| row.remains() && !matches!(row.what, What::Blank | What::Comment);
        let last = block.rows.iter().rposition(is_own).unwrap_or_default();
        let mut struck: Vec<Place> = (0..=last).map(|row| (at, row)).collect();
        let below = self.comments((at, last), Self::below);
        let beyond = below.last().map_or_else(|| self.below((at, last)), |last| self.below(*last));
        if beyond.is_none_or(|beyond| self.is_blank(beyond)) {
            struck.extend(below);
        }
        let above = self.comments((at, 0), Self::above);
        if above.last().and_then(|first| self.above(*first)).is_some_and(|beyond| self.is_blank(beyond)) {
            struck.extend(above);
        }
        for place in struck {
            self.strike(place);
        }
        let (above, below) = (self.above((at, 0)), self.below((at, last)));
        let is_apart = above.is_none_or(|above| self.is_blank(above));
        match (above, below) {
            (_, Some(below)) if is_apart && self.is_blank(below) => self.strike(below),
            (Some(above), None) if is_apart => self.strike(above),
            _ => {}
        }
        self.note_if_empty(at);
    }

    /// The comments next to a line, up to the first line that is none.
    fn comments(&self, from: Place, next: fn(&Self, Place) -> Option<Place>) -> Vec<Place> {
        let is_comment = |place: &Place| self.row(*place).is_some_and(|row| row.what == What::Comment);
        std::iter::successors(next(self, from), |place| next(self, *place)).take_while(is_comment).collect()
    }

    fn is_blank(&self, place: Place) -> bool {
        self.row(place).is_some_and(|row| row.what == What::Blank)
    }

    fn unfit(&self, section: &SectionName, key: &str) -> Error {
        let header = section.header(self.file).unwrap_or_default();
        Error::new(format!("{header} of the {} file cannot hold this {key}", self.file.word())).advise(
            "take a value without white space at its ends, without a # or ; after white space, and without control \
             characters",
        )
    }
}

/// An entry of the file.
struct Found {
    place: Place,
    /// Its line and those that continue it.
    rows: Vec<Place>,
    value: Zeroizing<String>,
    shape: Shape,
}

/// How the line of an entry looks around its value.
struct Shape {
    before: String,
    /// White space and a comment.
    after: String,
    indent: String,
    end: String,
}

impl Shape {
    fn of(row: &Row<'_>, line_end: &str) -> Option<Self> {
        let line = row.line();
        let What::Entry(key) = &row.what else { return None };
        let at = find2([b'=', b':'], line.as_bytes())?;
        let (name, rest) = line.split_at_checked(at + 1)?;
        let kept = if is_command(key) { rest } else { without_comment(rest) };
        let value = strip(kept);
        let (space, after) = if value.is_empty() {
            let comment = rest.get(kept.len()..)?;
            let space = if name.get(..at)?.ends_with(is_space) { " " } else { "" };
            (space, if comment.is_empty() { String::new() } else { format!(" {comment}") })
        } else {
            let space = kept.get(..kept.len() - kept.trim_start_matches(is_space).len())?;
            (space, rest.get(space.len() + value.len()..)?.to_owned())
        };
        let end = if row.end().is_empty() { line_end } else { row.end() };
        Some(Self { before: format!("{name}{space}"), after, indent: row.indent().to_owned(), end: end.to_owned() })
    }

    /// The lines of an entry with this value; `None` if they would not read back as it.
    fn rows(&self, key: &str, value: &str) -> Option<Vec<Row<'static>>> {
        let Self { before, after, indent, end } = self;
        let mut pieces = value.split('\n');
        let first = pieces.next().unwrap_or_default();
        let before = if first.is_empty() { before.trim_end_matches(is_space) } else { before };
        let mut rows = vec![Row::new([before, first, after, end].concat(), What::Entry(Cow::Owned(key.to_owned())))];
        rows.extend(pieces.map(|piece| match piece {
            "" => Row::new(end.clone(), What::Blank),
            piece => Row::new([indent, DEEPER, piece, end].concat(), What::More),
        }));
        let text = Zeroizing::new(rows.iter().map(Row::text).collect::<String>());
        let read = entries(&text, 1);
        let [entry] = &*read else { return None };
        let lines = value.matches('\n').count() + 1;
        let is_same = entry.key == key && *Zeroizing::new(entry.text().into_owned()) == value;
        let is_whole = (!entry.is_map() || entry.nested().is_ok())
            && Lines::new(&text, 1).count() == lines
            && !value.contains('\0');
        (is_same && is_whole).then_some(rows)
    }
}

/// The sign between key and value, with the white space that this entry has around its own.
fn equals_as_in(line: &str) -> &'static str {
    let at = find2([b'=', b':'], line.as_bytes()).unwrap_or_default();
    let (key, rest) = line.split_at_checked(at).unwrap_or_default();
    let rest = rest.get(1..).unwrap_or_default();
    let before = key.ends_with(is_space);
    let after = if strip(rest).is_empty() { before } else { rest.starts_with(is_space) };
    match (before, after) {
        (true, true) => " = ",
        (true, false) => " =",
        (false, true) => "= ",
        (false, false) => "=",
    }
}
