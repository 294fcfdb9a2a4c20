//! What a person has typed and selected, and how it looks.

use std::fmt::Write as _;

use crate::actions::pick::choices::{Choice, Finder};
use crate::actions::pick::keys::Key;
use crate::messages::table::{cut, padded, shown_width};

/// Lines above the choices: the query and the count.
const ABOVE: usize = 2;

/// Between two columns.
const GAP: usize = 2;

/// What stands before the selected choice, and before the others.
const SELECTED: &str = "> ";
const MARGIN: &str = "  ";

/// What is before the query.
const PROMPT: &str = "profile: ";

/// The longest query, in characters.
const LONGEST: usize = 200;

/// What came of a key.
pub(crate) enum Next {
    /// The screen has to be drawn again.
    Draw,
    /// This choice was taken.
    Taken(usize),
    /// None was taken.
    Left,
}

/// The state of the screen.
pub(crate) struct Picker<'a> {
    choices: &'a [Choice<'a>],
    finder: Finder,
    query: String,
    found: Vec<usize>,
    /// Which of the found ones is selected.
    selected: usize,
    /// The first of the found ones that is shown.
    top: usize,
    /// How many choices the screen shows.
    room: usize,
}

impl<'a> Picker<'a> {
    pub(crate) fn new(choices: &'a [Choice<'a>]) -> Self {
        let found = (0..choices.len()).collect();
        Self { choices, finder: Finder::new(), query: String::new(), found, selected: 0, top: 0, room: 1 }
    }

    /// Does what the key says.
    pub(crate) fn press(&mut self, key: Key) -> Next {
        let last = self.found.len().saturating_sub(1);
        match key {
            Key::Text(text) => self.change(|query| query.push_str(&text)),
            Key::Backspace => self.change(|query| {
                let _ = query.pop();
            }),
            Key::Clear => self.change(String::clear),
            Key::RemoveWord => self.change(|query| {
                let end = query.trim_end().rfind(' ').map_or(0, |at| at + 1);
                query.truncate(end);
            }),
            Key::Up => self.selected = self.selected.saturating_sub(1),
            Key::Down => self.selected = (self.selected + 1).min(last),
            Key::PageUp => self.selected = self.selected.saturating_sub(self.room),
            Key::PageDown => self.selected = (self.selected + self.room).min(last),
            Key::First => self.selected = 0,
            Key::Last => self.selected = last,
            Key::Take => {
                if let Some(choice) = self.found.get(self.selected) {
                    return Next::Taken(*choice);
                }
            }
            Key::End if !self.query.is_empty() => {}
            Key::Leave | Key::End => return Next::Left,
        }
        Next::Draw
    }

    fn change(&mut self, change: impl FnOnce(&mut String)) {
        let before = self.query.clone();
        change(&mut self.query);
        if let Some((at, _)) = self.query.char_indices().nth(LONGEST) {
            self.query.truncate(at);
        }
        if self.query != before {
            // Whatever a longer query finds, the shorter one has found.
            let narrows = self.query.starts_with(&before);
            let among = if narrows { std::mem::take(&mut self.found) } else { (0..self.choices.len()).collect() };
            self.found = self.finder.find(self.choices, &among, &self.query);
            self.selected = 0;
            self.top = 0;
        }
    }

    /// The screen of this size, as one text. It begins at the top left and ends with the cursor behind the query.
    pub(crate) fn screen(&mut self, (lines, columns): (usize, usize), has_colours: bool) -> String {
        self.room = lines.saturating_sub(ABOVE).max(1);
        self.top = self.top.min(self.selected);
        if self.selected >= self.top + self.room {
            self.top = self.selected + 1 - self.room;
        }
        let shown: Vec<usize> = self.found.iter().skip(self.top).take(self.room).copied().collect();
        let rows: Vec<Vec<&str>> = shown.iter().filter_map(|at| self.choices.get(*at)).map(cells).collect();
        let widths = widths(&rows, columns.saturating_sub(MARGIN.len()));
        let (bold, reverse, dim, plain) =
            if has_colours { ("\x1b[1m", "\x1b[7m", "\x1b[2m", "\x1b[0m") } else { ("", "", "", "") };
        let (prompt, query) = self.query_line(columns);
        let count = cut(&format!("{} of {}", self.found.len(), self.choices.len()), columns);
        let mut screen = format!("\x1b[?25l\x1b[H{bold}{prompt}{plain}{query}\x1b[K");
        if lines >= ABOVE {
            let _ = write!(screen, "\r\n{dim}{count}{plain}\x1b[K");
        }
        let rows = if lines > ABOVE { rows.as_slice() } else { &[] };
        for (at, row) in rows.iter().enumerate() {
            let is_selected = self.top + at == self.selected;
            let (margin, begin, end) = if is_selected { (SELECTED, reverse, plain) } else { (MARGIN, "", "") };
            let line = cut(&(margin.to_owned() + &line(row, &widths)), columns);
            screen.extend(["\r\n", begin, &line, end, "\x1b[K"]);
        }
        let column = shown_width(&prompt) + shown_width(&query) + 1;
        let _ = write!(screen, "\x1b[J\x1b[1;{}H\x1b[?25h", column.min(columns.max(1)));
        screen
    }

    /// The prompt and the end of the query that fits beside it.
    fn query_line(&self, columns: usize) -> (String, String) {
        let prompt = if columns > 2 * PROMPT.len() { PROMPT } else { SELECTED };
        let room = columns.saturating_sub(prompt.len() + 1);
        let mut query = crate::text::escape::printable(&self.query).into_owned();
        while shown_width(&query) > room && !query.is_empty() {
            query.remove(0);
        }
        (prompt.to_owned(), query)
    }
}

/// The columns of a choice.
fn cells<'c>(choice: &'c Choice<'_>) -> Vec<&'c str> {
    choice.cells.iter().map(String::as_str).chain([choice.left()]).collect()
}

/// The widths of the columns; `None` for those that do not fit: the role goes first, then the time, then the account. The
/// time comes back if it fits without the account.
fn widths(rows: &[Vec<&str>], width: usize) -> Vec<Option<usize>> {
    let widest = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| shown_width(cell)).max().unwrap_or(0);
    let mut widths: Vec<Option<usize>> =
        (0..4).map(|at| Some(widest(at)).filter(|width| at == 0 || *width > 0)).collect();
    for given_up in [2, 3, 1] {
        if total(&widths) <= width {
            break;
        }
        if let Some(column) = widths.get_mut(given_up) {
            *column = None;
        }
    }
    let mut with_time = widths.clone();
    if let Some(column) = with_time.get_mut(3).filter(|_| widest(3) > 0) {
        *column = Some(widest(3));
    }
    if total(&with_time) <= width { with_time } else { widths }
}

/// The width of a line with these columns.
fn total(widths: &[Option<usize>]) -> usize {
    widths.iter().flatten().map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
}

fn line(row: &[&str], widths: &[Option<usize>]) -> String {
    let shown = row.iter().zip(widths).filter_map(|(cell, width)| Some(padded(cell, (*width)? + GAP)));
    shown.collect::<String>().trim_end().to_owned()
}
