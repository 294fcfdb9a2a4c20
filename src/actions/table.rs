//! Rows of text in columns that fit a terminal.

/// The last character of a text that was cut.
const MARK: char = '…';

/// Columns are not narrowed below this many characters.
const NARROWEST: usize = 6;

/// Aligns the rows in columns, two spaces apart, so that no line is longer than `width` characters.
pub fn aligned(rows: &[Vec<String>], width: usize) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0))
        .collect();
    // The widest column is narrowed first. The first one holds the names that people need; it is narrowed last.
    while widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1) > width {
        let (first, others) = widths.split_at_mut(columns.min(1));
        let widest = others.iter_mut().max().filter(|widest| **widest > NARROWEST);
        match widest.or_else(|| first.first_mut().filter(|first| **first > NARROWEST)) {
            Some(widest) => *widest -= 1,
            None => break,
        }
    }
    rows.iter().map(|row| line(row, &widths, width)).collect()
}

fn line(row: &[String], widths: &[usize], width: usize) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        let cell = cut(cell, *width);
        let padding = width - cell.chars().count();
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', padding + 2));
    }
    cut(line.trim_end(), width)
}

/// Cuts the text to at most `width` characters.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain([MARK]).collect()
}

#[cfg(test)]
mod tests {
    use crate::actions::table::{aligned, cut};

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        assert_eq!(aligned(&rows(&[&["A", "B", "C"], &["aaa", "é", ""]]), 80), ["A    B  C", "aaa  é"]);
    }

    #[test]
    fn the_widest_column_is_narrowed_first() {
        let cells = rows(&[&["name", "a-very-long-role-name"], &["b", "short"]]);
        assert_eq!(aligned(&cells, 16), ["name  a-very-lo…", "b     short"]);
        assert!(aligned(&cells, 3).iter().all(|line| line.chars().count() <= 3));
    }

    #[test]
    fn the_first_column_is_narrowed_last() {
        let cells = rows(&[&["a-very-long-profile-name", "a-long-role", "source"], &["b", "short", "x"]]);
        assert_eq!(aligned(&cells, 43)[0], "a-very-long-profile-name  a-long-r…  source");
        assert_eq!(aligned(&cells, 40)[0], "a-very-long-profile-name  a-lon…  source");
        assert_eq!(aligned(&cells, 30)[0], "a-very-long-p…  a-lon…  source");
    }

    #[test]
    fn a_cut_text_ends_in_the_mark() {
        assert_eq!([cut("abc", 3), cut("abcd", 3), cut("abcd", 1)], ["abc", "ab…", "…"]);
    }
}
