//! Where the sections of a file are. A file may have ten thousand, of which a run needs two, so little is kept of each.

use std::borrow::Cow;

use crate::config::header_line::{Header, Tag, before_name};
use crate::config::headers::{Kind, title};
use crate::config::ini::{Line, State};
use crate::config::occurrence::Occurrence;
use crate::config::scan::scan;
use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::error::Result;

/// The headers of a file, in their order.
pub(crate) struct Outline<'a> {
    file: &'a SourceFile,
    bytes: &'a [u8],
    headers: Vec<Header>,
    /// Those that are not plain, by their place: what they mean.
    others: Vec<(usize, Kind, Cow<'a, str>)>,
}

impl<'a> Outline<'a> {
    /// Checks every line of a file, and finds its headers.
    ///
    /// # Errors
    /// Returns the errors of [`scan`].
    pub(crate) fn of(file: &'a SourceFile) -> Result<Self> {
        let (headers, others) = scan(file)?;
        let mut outline = Self { file, bytes: file.bytes(), headers, others: Vec::new() };
        for at in others {
            let header = outline.headers.get(at).copied();
            if let Some((kind, name, _)) = header.and_then(|header| outline.meaning(header)) {
                outline.others.push((at, kind, name));
            }
        }
        Ok(outline)
    }

    pub(crate) fn file(&self) -> &'a SourceFile {
        self.file
    }

    /// How many headers there are.
    pub(crate) fn len(&self) -> usize {
        self.headers.len()
    }

    /// The sections, in their order.
    pub(crate) fn occurrences(&self) -> impl Iterator<Item = Occurrence<'a>> {
        (0..self.headers.len()).filter_map(|at| self.occurrence(at))
    }

    /// The kind and the name of every section with the place of its header, in their order.
    pub(crate) fn titles(&self) -> impl Iterator<Item = (Kind, Cow<'a, str>, (FileKind, usize))> {
        let titles = self.headers.iter().enumerate().map(|(at, header)| (at, self.meaning(*header)));
        titles.filter_map(|(at, meaning)| meaning.map(|(kind, name, _)| (kind, name, (self.file.kind, at))))
    }

    /// Adds the places of the headers of this kind with this name, in their order.
    pub(crate) fn find(&self, kind: Kind, name: &str, found: &mut Vec<(FileKind, usize)>) {
        let mut places = Vec::new();
        let tag = Tag::of(name.as_bytes());
        if kind == Kind::Profile && tag != Tag::NOT_PLAIN {
            for (at, header) in self.headers.iter().enumerate() {
                if header.tag == tag && self.plain_name(*header) == Some(name) {
                    places.push(at);
                }
            }
        }
        let others = self.others.iter().filter(|(_, other, named)| *other == kind && *named == name);
        places.extend(others.map(|(at, ..)| *at));
        places.sort_unstable();
        found.extend(places.into_iter().map(|at| (self.file.kind, at)));
    }

    /// The section below this header.
    pub(crate) fn occurrence(&self, at: usize) -> Option<Occurrence<'a>> {
        let header = *self.headers.get(at)?;
        let end = self.headers.get(at + 1).map_or(self.bytes.len(), |next| next.start as usize);
        let body = self.text(header.end as usize, end)?;
        let (kind, name, text) = self.meaning(header)?;
        Some(Occurrence { file: self.file.kind, kind, name, header: text, line: header.line, body })
    }

    /// The kind and the name of a section, and the text between the brackets.
    fn meaning(&self, header: Header) -> Option<(Kind, Cow<'a, str>, &'a str)> {
        if let Some(name) = self.plain_name(header) {
            return Some((Kind::Profile, name.into(), self.text(header.start as usize + 1, header.end as usize - 1)?));
        }
        let row = self.text(header.start as usize, header.end as usize)?;
        let Line::Header(text) = State::default().classify(row) else { return None };
        let (kind, name) = title(self.file.kind, text);
        Some((kind, name, text))
    }

    /// The name of a profile, if its header is plain.
    fn plain_name(&self, header: Header) -> Option<&'a str> {
        if header.tag == Tag::NOT_PLAIN {
            return None;
        }
        self.text(header.start as usize + before_name(self.file.kind).len(), header.end as usize - 1)
    }

    /// A part of the file's text.
    fn text(&self, start: usize, end: usize) -> Option<&'a str> {
        str::from_utf8(self.bytes.get(start..end)?).ok()
    }
}
