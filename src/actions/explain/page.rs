//! The page that `--explain` prints. On a terminal its lines are broken at words, headings are bold, and notes stand out.

use std::io::IsTerminal as _;

use crate::env::snapshot::Snapshot;
use crate::messages::{self, Style};
use crate::text::escape::printable;
use crate::text::wrap::wrap;

/// The columns by which details stand below their heading, and the rest of a fact below its first line.
const INDENT: usize = 3;

/// The text so far. Control characters from the files are escaped, so that a line stays one.
pub struct Page {
    pub text: String,
    /// The width at which lines are broken; `None` if stdout is no terminal.
    width: Option<usize>,
    has_colours: bool,
}

impl Page {
    /// An empty page for stdout.
    pub fn new(snapshot: &Snapshot) -> Self {
        let screen = messages::screen(snapshot);
        let width = std::io::stdout().is_terminal().then_some(screen.columns);
        Self { text: String::with_capacity(2048), width, has_colours: screen.has_colours }
    }

    /// Adds a line that begins a part: the profile, or a step.
    pub fn heading(&mut self, words: &str) {
        let lines = self.broken(words, INDENT, 0);
        self.push(Style::Bold, &lines, "");
    }

    /// Adds a line below a heading.
    pub fn detail(&mut self, words: &str) {
        let lines = self.broken(words, INDENT + 2, INDENT);
        self.push(Style::Plain, "", &lines);
    }

    /// Adds `NAME: WORDS`.
    pub fn fact(&mut self, name: &str, words: &str) {
        self.named(Style::Bold, name, words);
    }

    /// Adds what may surprise.
    pub fn notes(&mut self, notes: &[String]) {
        for note in notes {
            self.named(Style::Warning, "note", note);
        }
    }

    /// Adds a line of a file, which is not broken.
    pub fn copy(&mut self, line: &str) {
        self.push(Style::Plain, "", &format!("{:INDENT$}{}", "", printable(line)));
    }

    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    fn named(&mut self, style: Style, name: &str, words: &str) {
        let name = format!("{name}:");
        let lines = self.broken(&format!("{name} {words}"), INDENT, 0);
        let (name, rest) = lines.split_at(name.len());
        self.push(style, name, rest);
    }

    /// Adds a line whose beginning has a style.
    fn push(&mut self, style: Style, begin: &str, rest: &str) {
        let (on, off) = if self.has_colours { style.codes() } else { ("", "") };
        self.text.extend([on, begin, off, rest, "\n"]);
    }

    /// The words, broken for the terminal. The first line begins in the column `first`, the others in `indent`.
    fn broken(&self, words: &str, indent: usize, first: usize) -> String {
        let words = printable(words);
        match self.width {
            Some(width) => format!("{:first$}{}", "", wrap(words.split(' '), width, first, indent)),
            None => format!("{:first$}{words}", ""),
        }
    }
}
