//! A file as lines, each of which stays, goes or is new. Every byte of the file belongs to one line.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use zeroize::Zeroizing;

use crate::config::entry::folded;
use crate::config::headers::{Kind, title};
use crate::config::ini::{Line, Lines, is_space, split_line};
use crate::config::occurrence::prevailing_header;
use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::error::Result;

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What<'a> {
    Header,
    /// The key in lower case.
    Entry(Cow<'a, str>),
    /// It continues the value above it.
    More,
    Blank,
    Comment,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Stays,
    Goes,
    New,
    /// It was new, and a later change removed it.
    Dropped,
}

enum Text<'a> {
    Old(&'a str),
    New(Zeroizing<String>),
}

/// A line with its end.
pub(crate) struct Row<'a> {
    text: Text<'a>,
    pub(crate) what: What<'a>,
    pub(crate) fate: Fate,
}

impl<'a> Row<'a> {
    pub(crate) fn new(text: String, what: What<'a>) -> Self {
        Self { text: Text::New(Zeroizing::new(text)), what, fate: Fate::New }
    }

    /// The line with its end.
    pub(crate) fn text(&self) -> &str {
        match &self.text {
            Text::Old(text) => text,
            Text::New(text) => text,
        }
    }

    /// The line without its end.
    pub(crate) fn line(&self) -> &str {
        split_line(self.text()).0
    }

    /// LF, CR LF or CR; empty in the last line of some files.
    pub(crate) fn end(&self) -> &str {
        self.text().get(self.line().len()..).unwrap_or_default()
    }

    /// The white space that it begins with.
    pub(crate) fn indent(&self) -> &str {
        let line = self.line();
        line.get(..line.len() - line.trim_start_matches(is_space).len()).unwrap_or_default()
    }

    /// Whether it is in the file after the changes.
    pub(crate) fn remains(&self) -> bool {
        matches!(self.fate, Fate::Stays | Fate::New)
    }

    /// Takes the line out of the file.
    pub(crate) fn strike(&mut self) {
        self.fate = match self.fate {
            Fate::Stays | Fate::Goes => Fate::Goes,
            Fate::New | Fate::Dropped => Fate::Dropped,
        };
    }

    pub(crate) fn is_entry_of(&self, key: &str) -> bool {
        matches!(&self.what, What::Entry(found) if found == key)
    }

    pub(crate) fn is_entry(&self) -> bool {
        matches!(self.what, What::Entry(_))
    }
}

/// A header and the lines below it, or the lines before the first header.
pub(crate) struct Block<'a> {
    pub(crate) kind: Kind,
    /// Empty if sections of this kind have no name, and before the first header.
    pub(crate) name: Cow<'a, str>,
    /// The text between the brackets.
    pub(crate) header: Cow<'a, str>,
    pub(crate) rows: Vec<Row<'a>>,
}

/// The place of a line: its block, and its index there.
pub(crate) type Place = (usize, usize);

/// A file as lines. It is made from a file that the reader accepts.
pub(crate) struct Document<'a> {
    pub(crate) file: FileKind,
    has_byte_order_mark: bool,
    /// The first one holds the lines before the first header.
    pub(crate) blocks: Vec<Block<'a>>,
    by_name: HashMap<(Kind, String), Vec<usize>>,
    /// The blocks in which a line may remain. Without it, each of many removed sections in a row would look at all of
    /// the others.
    alive: BTreeSet<usize>,
}

impl<'a> Document<'a> {
    /// The lines of a file.
    ///
    /// # Errors
    /// Returns an error if the file is not text.
    pub(crate) fn new(source: &'a SourceFile) -> Result<Self> {
        let before_headers = Block { kind: Kind::Other, name: "".into(), header: "".into(), rows: Vec::new() };
        let mut document = Self {
            file: source.kind,
            has_byte_order_mark: source.has_byte_order_mark(),
            blocks: vec![before_headers],
            by_name: HashMap::new(),
            alive: BTreeSet::from([0]),
        };
        let mut lines = Lines::new(source.text()?, 1);
        loop {
            let before = lines.rest();
            let Some((_, line)) = lines.next() else { return Ok(document) };
            let text = before.get(..before.len() - lines.rest().len()).unwrap_or_default();
            let what = match line {
                Line::Header(header) => {
                    let (kind, name) = title(source.kind, header);
                    document.add(Block { kind, name, header: Cow::Borrowed(header), rows: Vec::new() });
                    What::Header
                }
                Line::Entry { key, .. } => What::Entry(folded(key)),
                Line::More(_) => What::More,
                Line::Blank => What::Blank,
                // The reader refuses the others.
                Line::Comment | Line::NoKey | Line::OpenHeader | Line::Garbage => What::Comment,
            };
            if let Some(block) = document.blocks.last_mut() {
                block.rows.push(Row { text: Text::Old(text), what, fate: Fate::Stays });
            }
        }
    }

    /// Adds a block at the end of the file.
    pub(crate) fn add(&mut self, block: Block<'a>) {
        self.by_name.entry((block.kind, block.name.clone().into_owned())).or_default().push(self.blocks.len());
        self.alive.insert(self.blocks.len());
        self.blocks.push(block);
    }

    /// Notes that a block has a line again.
    pub(crate) fn revive(&mut self, block: usize) {
        self.alive.insert(block);
    }

    /// Notes that no line of a block remains, if that is so.
    pub(crate) fn note_if_empty(&mut self, block: usize) {
        if self.blocks.get(block).is_some_and(|block| !block.rows.iter().any(Row::remains)) {
            self.alive.remove(&block);
        }
    }

    /// The blocks with this kind and name, as indices into `blocks`, without those that were removed.
    pub(crate) fn named(&self, kind: Kind, name: &str) -> Vec<usize> {
        let found = self.by_name.get(&(kind, name.to_owned())).map(Vec::as_slice).unwrap_or_default();
        let remains =
            |at: &&usize| self.blocks.get(**at).is_some_and(|block| block.rows.first().is_some_and(Row::remains));
        found.iter().filter(remains).copied().collect()
    }

    /// Those of [`Document::named`] that count: all of one header.
    pub(crate) fn counting(&self, kind: Kind, name: &str) -> Vec<usize> {
        let named = self.named(kind, name);
        let header = |at: usize| self.blocks.get(at).map_or("", |block| &*block.header);
        let counts = prevailing_header(&named.iter().map(|at| header(*at)));
        named.iter().copied().filter(|at| Some(header(*at)) == counts).collect()
    }

    pub(crate) fn row(&self, (block, row): Place) -> Option<&Row<'a>> {
        self.blocks.get(block)?.rows.get(row)
    }

    pub(crate) fn strike(&mut self, (block, row): Place) {
        if let Some(row) = self.blocks.get_mut(block).and_then(|block| block.rows.get_mut(row)) {
            row.strike();
        }
    }

    /// The nearest line above that remains. The place may be the one after the last block.
    pub(crate) fn above(&self, (block, row): Place) -> Option<Place> {
        let remaining = |rows: &[Row<'_>]| rows.iter().rposition(Row::remains);
        let here = self.blocks.get(block).and_then(|block| block.rows.get(..row)).and_then(remaining);
        let in_block = |block: &usize| Some((*block, remaining(&self.blocks.get(*block)?.rows)?));
        let before = || self.alive.range(..block).rev().find_map(in_block);
        here.map(|row| (block, row)).or_else(before)
    }

    /// The nearest line below that remains.
    pub(crate) fn below(&self, (block, row): Place) -> Option<Place> {
        let remaining = |rows: &[Row<'_>]| rows.iter().position(Row::remains);
        let here = self.blocks.get(block)?.rows.get(row + 1..).and_then(remaining);
        let in_block = |block: &usize| Some((*block, remaining(&self.blocks.get(*block)?.rows)?));
        here.map(|at| (block, row + 1 + at)).or_else(|| self.alive.range(block + 1..).find_map(in_block))
    }

    /// All lines, with the header of the section that they are in.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Block<'a>, &Row<'a>)> {
        self.blocks.iter().flat_map(|block| block.rows.iter().map(move |row| (block, row)))
    }

    /// The end of the nearest line above the end of this block that has one; else that of any line.
    pub(crate) fn line_end(&self, block: usize) -> String {
        let above = self.blocks.iter().take(block.saturating_add(1)).rev().flat_map(|block| block.rows.iter().rev());
        let all = self.blocks.iter().flat_map(|block| &block.rows);
        let mut ends = above.chain(all).map(Row::end).filter(|end| !end.is_empty());
        ends.next().unwrap_or("\n").to_owned()
    }

    /// Makes headers that would now continue the value above them less indented. They could be indented deeper only
    /// because a section without a value was above them.
    pub(crate) fn settle_headers(&mut self) {
        let mut open: Option<String> = None;
        for block in &mut self.blocks {
            if let (Some(indent), Some(header)) = (&open, block.rows.first_mut())
                && header.remains()
                && header.indent().chars().count() > indent.chars().count()
            {
                let text = format!("{indent}{}", header.text().trim_start_matches(is_space));
                header.strike();
                block.rows.insert(1, Row::new(text, What::Header));
            }
            for row in block.rows.iter().filter(|row| row.remains()) {
                match row.what {
                    What::Header => open = None,
                    What::Entry(_) => open = Some(row.indent().to_owned()),
                    What::More | What::Blank | What::Comment => {}
                }
            }
        }
    }

    /// The text of the file after the changes.
    pub(crate) fn text(&self) -> Zeroizing<String> {
        let old = self.rows().filter(|(_, row)| matches!(row.fate, Fate::Stays | Fate::Goes));
        let is_ended = old.last().is_none_or(|(_, row)| !row.end().is_empty());
        let room: usize = self.rows().map(|(_, row)| row.text().len() + 2).sum();
        let mut text = Zeroizing::new(String::with_capacity(room + 3));
        if self.has_byte_order_mark {
            text.push('\u{feff}');
        }
        let mut last = None;
        for (at, block) in self.blocks.iter().enumerate() {
            for row in block.rows.iter().filter(|row| row.remains()) {
                if last.is_some_and(|last: &Row<'_>| last.end().is_empty()) {
                    text.push_str(&self.line_end(at));
                } else if text.ends_with('\r') && row.text().starts_with('\n') {
                    // The two would be one line end. They are two lines because one between them went.
                    text.push('\n');
                }
                text.push_str(row.text());
                last = Some(row);
            }
        }
        // A file whose last line has no end stays so.
        if let Some(last) = last.filter(|last| !is_ended && last.fate == Fate::New) {
            let length = text.len() - last.end().len();
            text.truncate(length);
        }
        text
    }
}
