//! Rows of text in columns that fit a terminal.

use unicode_width::UnicodeWidthChar as _;

use crate::env::snapshot::Snapshot;

/// What stands for the part of a text that was cut out.
const MARK: &str = "…";

/// What a cell without a value shows.
pub const NOTHING: &str = "-";

/// A column is not shortened below this width.
const NARROWEST: usize = 9;

/// Between two columns, and before the second line of a row.
const GAP: usize = 2;

/// The width if neither COLUMNS nor the terminal gives one.
const WIDTH: usize = 80;

/// The width of the terminal in characters; COLUMNS wins over what the terminal says.
pub fn width(snapshot: &Snapshot) -> usize {
    let columns = snapshot.non_empty("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok());
    let terminal = || rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
    columns.or_else(terminal).filter(|width| *width > 0).unwrap_or(WIDTH)
}

/// What a table that is too wide gives up. It stops as soon as it fits. The other columns always stay whole.
pub struct GivingUp<'a> {
    /// First these columns are left out, in this order, each if no row has a value in it.
    pub empty: &'a [usize],
    /// Then these, in this order.
    pub others: &'a [usize],
    /// At last the cells of this column are shortened in the middle.
    pub shortened: usize,
}

/// The widths of the columns of a table.
pub struct Layout {
    /// The width of the terminal.
    width: usize,
    /// The width of the first column.
    first: usize,
    /// The widths of all columns on the line of the others; `None` for a column that is left out.
    widths: Vec<Option<usize>>,
    /// Whether the first column has a line of its own, because nothing more can be given up.
    two_lines: bool,
}

impl Layout {
    /// Chooses the columns, so that no line is wider than `width` if that is possible.
    pub fn new(rows: &[Vec<String>], giving_up: &GivingUp<'_>, width: usize) -> Self {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widest = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| shown_width(cell)).max();
        let natural: Vec<Option<usize>> = (0..columns).map(widest).collect();
        let first = natural.first().copied().flatten().unwrap_or(0);
        let widths = narrowed(natural.clone(), rows, giving_up, width);
        if total(&widths) <= width {
            return Self { width, first, widths, two_lines: false };
        }
        let others = natural.into_iter().enumerate().map(|(at, width)| width.filter(|_| at > 0)).collect();
        Self { width, first, widths: narrowed(others, rows, giving_up, width.saturating_sub(GAP)), two_lines: true }
    }

    /// The line of a row, or its two lines. A second line without a value is left out.
    pub fn lines(&self, row: &[String]) -> Vec<String> {
        let shown = row.iter().zip(&self.widths).filter_map(|(cell, width)| Some((cell, (*width)?)));
        let has_value = shown.clone().any(|(cell, _)| cell != NOTHING);
        let line: String = shown.map(|(cell, width)| padded(&cut_in_the_middle(cell, width), width + GAP)).collect();
        let line = line.trim_end();
        match row.first().filter(|_| self.two_lines) {
            Some(first) if !has_value => vec![first.clone()],
            Some(first) => vec![first.clone(), padded("", GAP) + line],
            None => vec![line.to_owned()],
        }
    }

    /// Like [`Layout::lines`], with a text in place of the columns after the first. It is cut at its end.
    pub fn lines_with_text(&self, first: &str, text: &str) -> Vec<String> {
        let room = |before: usize| self.width.saturating_sub(before).max(NARROWEST);
        if self.two_lines {
            return vec![first.to_owned(), padded("", GAP) + &cut(text, room(GAP))];
        }
        vec![padded(first, self.first + GAP) + &cut(text, room(self.first + GAP))]
    }
}

/// Gives up one thing after the other until the columns fit or nothing is left to give up.
fn narrowed(
    mut widths: Vec<Option<usize>>,
    rows: &[Vec<String>],
    giving_up: &GivingUp<'_>,
    width: usize,
) -> Vec<Option<usize>> {
    // The first row holds the titles.
    let is_empty = |at: usize| rows.iter().skip(1).filter_map(|row| row.get(at)).all(|cell| cell == NOTHING);
    let empty = giving_up.empty.iter().filter(|at| is_empty(**at));
    for at in empty.chain(giving_up.others) {
        if total(&widths) <= width {
            return widths;
        }
        if let Some(column) = widths.get_mut(*at) {
            *column = None;
        }
    }
    let excess = total(&widths).saturating_sub(width);
    if let Some(Some(column)) = widths.get_mut(giving_up.shortened) {
        *column = column.saturating_sub(excess).max(NARROWEST.min(*column));
    }
    widths
}

/// The width of a line with these columns.
fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    shown.clone().sum::<usize>() + GAP * shown.count().saturating_sub(1)
}

/// How many columns of a terminal the text takes: none for an accent that joins the letter before it, two for a Chinese
/// character.
pub(crate) fn shown_width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

pub(crate) fn padded(text: &str, width: usize) -> String {
    let padding = width.saturating_sub(shown_width(text));
    text.chars().chain(std::iter::repeat_n(' ', padding)).collect()
}

/// Cuts the end of the text, so that it is at most `width` wide.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if shown_width(text) <= width {
        return text.to_owned();
    }
    beginning(text.chars(), width.saturating_sub(1)) + MARK
}

/// Cuts the middle out of the text, so that it is at most `width` wide.
fn cut_in_the_middle(text: &str, width: usize) -> String {
    if shown_width(text) <= width {
        return text.to_owned();
    }
    let end: String = beginning(text.chars().rev(), width.saturating_sub(1) / 2).chars().rev().collect();
    let room = width.saturating_sub(1 + shown_width(&end));
    beginning(text.chars(), room) + MARK + &end
}

/// As many of the first characters as fit into `width`.
fn beginning(characters: impl Iterator<Item = char>, width: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= width
    };
    characters.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use crate::messages::table::{GivingUp, Layout, cut, cut_in_the_middle, shown_width};

    const GIVING_UP: GivingUp<'_> = GivingUp { empty: &[4, 3], others: &[4, 3], shortened: 2 };

    const ROWS: [[&str; 5]; 3] = [
        ["NAME", "ID", "ROLE", "FROM", "REGION"],
        ["one", "123456", "administrator", "keys", "-"],
        ["another", "7", "reader", "-", "-"],
    ];

    fn lines(rows: &[[&str; 5]], width: usize) -> Vec<String> {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(String::from).to_vec()).collect();
        let layout = Layout::new(&rows, &GIVING_UP, width);
        rows.iter().flat_map(|row| layout.lines(row)).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        assert_eq!(
            lines(&ROWS, 44),
            [
                "NAME     ID      ROLE           FROM  REGION",
                "one      123456  administrator  keys  -",
                "another  7       reader         -     -"
            ]
        );
    }

    #[test]
    fn a_column_without_a_value_is_left_out_first() {
        assert_eq!(lines(&ROWS, 43)[1], "one      123456  administrator  keys");
        let mut rows = ROWS;
        rows[1] = ["one", "123456", "administrator", "-", "eu-west-1"];
        assert_eq!(lines(&rows, 47)[1], "one      123456  administrator  -     eu-west-1");
        assert_eq!(lines(&rows, 46)[1], "one      123456  administrator  eu-west-1");
        assert_eq!(lines(&rows, 40)[1], "one      123456  administrator");
    }

    #[test]
    fn the_role_is_shortened_last_and_in_its_middle() {
        assert_eq!(lines(&ROWS, 35)[1], "one      123456  administrator");
        assert_eq!(lines(&ROWS, 28)[1], "one      123456  admin…rator");
        assert_eq!(lines(&ROWS, 26)[1..], ["one      123456  admi…ator", "another  7       reader"]);
    }

    #[test]
    fn the_first_column_has_its_own_line_if_the_rest_does_not_fit_beside_it() {
        let narrow = ["NAME", "  ID      ROLE", "one", "  123456  admin…ator", "another", "  7       reader"];
        assert_eq!(lines(&ROWS, 20), narrow);
        assert_eq!(lines(&ROWS, 1)[3], "  123456  admi…ator");
        // There is room for more on a line of their own.
        assert_eq!(lines(&ROWS, 25)[3], "  123456  administrator");
        let mut rows = ROWS;
        rows[2] = ["another", "-", "-", "keys", "-"];
        assert_eq!(lines(&rows, 25)[2..], ["one", "  123456  administrator", "another"]);
    }

    #[test]
    fn a_text_takes_the_place_of_the_columns() {
        let rows = [vec![String::from("NAME"), String::from("IDENTIFIER")]];
        let layout = |width| Layout::new(&rows, &GIVING_UP, width);
        assert_eq!(layout(20).lines_with_text("x", "a text that is long"), ["x     a text that i…"]);
        assert_eq!(layout(12).lines_with_text("x", "a text that is long"), ["x", "  a text th…"]);
        assert_eq!(layout(1).lines_with_text("x", "a text that is long"), ["x", "  a text t…"]);
    }

    #[test]
    fn widths_are_those_that_a_terminal_shows() {
        assert_eq!(["abc", "é", "e\u{301}", "帳號", ""].map(shown_width), [3, 1, 1, 4, 0]);
        let mut rows = ROWS;
        rows[1][0] = "帳號帳號";
        assert_eq!(lines(&rows, 80)[1], "帳號帳號  123456  administrator  keys  -");
        assert_eq!(lines(&rows, 80)[2], "another   7       reader         -     -");
    }

    #[test]
    fn a_cut_text_has_the_mark() {
        assert_eq!([cut("abc", 3), cut("abcd", 3), cut("abcd", 1)], ["abc", "ab…", "…"]);
        let cases = [("abcde", 5), ("abcdef", 5), ("abcdef", 4), ("abcdef", 1), ("帳號帳號", 6)];
        assert_eq!(cases.map(|(text, width)| cut_in_the_middle(text, width)), ["abcde", "ab…ef", "ab…f", "…", "帳…號"]);
    }
}
