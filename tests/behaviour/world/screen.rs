//! What a person sees on a terminal after a program has written these bytes.

use std::fmt::Write as _;
use std::num::NonZero;
use vt100::{Cell, Color, Parser};

/// The lines that a terminal of this width shows, without those that scrolled away at more than 200. Text that does not
/// look as usual stands between its style in braces and `{}`: `{bold red}aws-auth:{}`.
pub fn seen(written: &str, columns: u16) -> String {
    let mut parser = parser(columns);
    parser.process(written.as_bytes());
    let lines: Vec<String> = (0..200).map(|row| line(&parser, row, columns)).collect();
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
    lines.get(..end).unwrap_or_default().iter().flat_map(|line| [line, "\n"]).collect()
}

/// The text in the line of the cursor, up to the cursor.
pub fn line_of_cursor(written: &str, columns: u16) -> String {
    let mut parser = parser(columns);
    parser.process(written.as_bytes());
    let (row, column) = parser.screen().cursor_position();
    parser.screen().contents_between(row, 0, row, column)
}

fn line(parser: &Parser, row: u16, columns: u16) -> String {
    let mut text = String::new();
    let mut style = String::new();
    for cell in (0..columns).filter_map(|column| parser.screen().cell(row, column)) {
        if cell.is_wide_continuation() {
            continue;
        }
        let own = style_of(cell);
        if own != style {
            text.push_str(if style.is_empty() { "" } else { "{}" });
            if !own.is_empty() {
                let _ = write!(text, "{{{own}}}");
            }
            style = own;
        }
        text.push_str(if cell.has_contents() { cell.contents() } else { " " });
    }
    let end = if style.is_empty() { "" } else { "{}" };
    text.trim_end().to_owned() + end
}

fn style_of(cell: &Cell) -> String {
    let colour = match cell.fgcolor() {
        Color::Default => "",
        Color::Idx(1) => "red",
        Color::Idx(2) => "green",
        Color::Idx(3) => "yellow",
        _ => "another colour",
    };
    let words = [("bold", cell.bold()), ("dim", cell.dim()), ("underlined", cell.underline()), (colour, true)];
    let words = words.iter().filter(|(word, holds)| *holds && !word.is_empty()).map(|(word, _)| *word);
    words.collect::<Vec<_>>().join(" ")
}

fn parser(columns: u16) -> Parser {
    let size = |number| NonZero::new(number).expect("a terminal has a size");
    Parser::new(size(200), size(columns), 0)
}
