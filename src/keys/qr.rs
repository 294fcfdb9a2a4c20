//! A QR code drawn with the characters of a terminal, and the link and the letters that say the same.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;

use crate::text::percent::encoded;

/// How many light modules surround the code. The standard wants four; phones read it with two, and a code with four
/// would not fit into 24 lines.
const MARGIN: usize = 2;

/// Black and white, whatever the colours of the terminal are: 16 and 231 are fixed colours of the palette of 256, and
/// 0 and 15 are not.
const INK: &str = "\x1b[38;5;16;48;5;231m";
const PLAIN: &str = "\x1b[0m";

/// A drawn QR code.
pub struct Drawing {
    /// Each line with its colours and its line end.
    pub text: Zeroizing<String>,
    /// The number of lines, and of columns.
    pub lines: usize,
    /// The number of columns.
    pub columns: usize,
}

/// Draws a text as a QR code, in half blocks: two modules above each other are one character. `None` if it is too long
/// for any code.
pub fn draw(text: &str) -> Option<Drawing> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width();
    let modules = Zeroizing::new(code.to_colors().into_iter().map(|color| color == Color::Dark).collect::<Vec<_>>());
    let columns = width + 2 * MARGIN;
    let is_dark = |column: usize, row: usize| {
        let (Some(x), Some(y)) = (column.checked_sub(MARGIN), row.checked_sub(MARGIN)) else { return false };
        x < width && y < width && modules.get(y * width + x).copied().unwrap_or_default()
    };
    let lines = columns.div_ceil(2);
    let mut drawn = Zeroizing::new(String::with_capacity(lines * (columns * 3 + 32)));
    for line in 0..lines {
        drawn.push_str(INK);
        for column in 0..columns {
            drawn.push(match (is_dark(column, 2 * line), is_dark(column, 2 * line + 1)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            });
        }
        drawn.push_str(PLAIN);
        drawn.push('\n');
    }
    Some(Drawing { text: drawn, lines, columns })
}

/// The link of a virtual MFA device that authenticator apps read: `otpauth://totp/AWS:jo@398263320410?secret=…`. `seed`
/// is the device's secret in base32.
pub fn link(user: &str, account: &str, seed: &str) -> Zeroizing<String> {
    let label = format!("{}@{account}", encoded(user).as_str());
    let mut link = Zeroizing::new(String::with_capacity(64 + label.len() + seed.len()));
    let _ = write!(link, "otpauth://totp/AWS:{label}?secret={seed}&issuer=AWS");
    link
}

/// A secret in groups of four letters, so that a person can copy it: `ABCD EFGH`.
pub fn in_groups(seed: &str) -> Zeroizing<String> {
    let mut groups = Zeroizing::new(String::with_capacity(seed.len() * 2));
    for (at, letter) in seed.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            groups.push(' ');
        }
        groups.push(letter);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::{PLAIN, draw, in_groups, link};

    const SEED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// Reads the drawing as a phone does, from an image of it.
    fn decoded(drawn: &str) -> String {
        const SIZE: usize = 4;
        let rows: Vec<Vec<[bool; 2]>> = drawn
            .lines()
            .map(|line| {
                let line = line.strip_suffix(PLAIN).unwrap();
                let (_, blocks) = line.split_once('m').unwrap();
                let of = |c| match c {
                    '█' => [true, true],
                    '▀' => [true, false],
                    '▄' => [false, true],
                    ' ' => [false, false],
                    other => panic!("{other}"),
                };
                blocks.chars().map(of).collect()
            })
            .collect();
        let (width, height) = (rows[0].len() * SIZE, rows.len() * 2 * SIZE);
        let dark = |x: usize, y: usize| rows[y / SIZE / 2][x / SIZE][y / SIZE % 2];
        let mut image =
            rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| if dark(x, y) { 0 } else { 255 });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_drawn_link_reads_back_and_fits() {
        for user in
            ["jo", "jo.bloggs+aws@example.com", "a-user-name-of-sixty-four-characters-which-is-the-longest-there-i"]
        {
            let link = link(user, "398263320410", SEED);
            let drawing = draw(&link).unwrap();
            assert_eq!(decoded(&drawing.text), *link);
            assert!(drawing.columns <= 80, "{user}: {}", drawing.columns);
            assert_eq!(drawing.text.lines().count(), drawing.lines);
        }
        // A common name fits into 24 lines with the three below it.
        assert!(draw(&link("jo", "398263320410", SEED)).unwrap().lines <= 21);
        assert!(draw(&"x".repeat(3000)).is_none());
    }

    #[test]
    fn a_link_and_letters() {
        assert_eq!(*link("a b", "1", "AB"), "otpauth://totp/AWS:a%20b@1?secret=AB&issuer=AWS");
        assert_eq!(*in_groups("ABCDEFGHIJ"), "ABCD EFGH IJ");
    }
}
