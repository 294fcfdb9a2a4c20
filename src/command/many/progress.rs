//! A line on stderr that says how far a run with many profiles is, while nothing else is printed. It is gone before
//! anything else appears, so that it never mixes with output.

use std::io::Write as _;
use std::time::Duration;

use rustix::termios::{LocalModes, tcgetattr, tcgetwinsize};
use unicode_width::UnicodeWidthChar as _;

/// How long nothing must be printed before the line appears.
pub(crate) const SILENCE: Duration = Duration::from_millis(200);

/// Erases the line that the cursor is in.
const ERASE: &str = "\r\x1b[K";

/// The line, if stderr is a terminal on which it can be erased again.
pub(crate) struct Progress {
    is_wanted: bool,
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new(is_wanted: bool) -> Self {
        Self { is_wanted, is_shown: false }
    }

    /// Whether it waits for a silence to appear.
    pub(crate) fn is_due(&self) -> bool {
        self.is_wanted && !self.is_shown
    }

    /// Whether it is on the terminal now.
    pub(crate) fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// Shows how many of `all` are done, and which are running. At a prompt for a code it stays away: the prompt is to
    /// be the last line.
    pub(crate) fn show(&mut self, done: usize, all: usize, running: &[&str]) {
        if !self.is_wanted || is_at_a_prompt() {
            return;
        }
        let columns = tcgetwinsize(std::io::stderr()).map_or(0, |size| usize::from(size.ws_col));
        // The last column stays free, so that the cursor stays in the line.
        let width = if columns == 0 { 80 } else { columns } - 1;
        let text = format!("{done} of {all} done, {} running: {}", running.len(), running.join(", "));
        let erase = if self.is_shown { ERASE } else { "" };
        let _ = std::io::stderr().write_all(format!("{erase}{}", fitted(&text, width)).as_bytes());
        self.is_shown = true;
    }

    /// Takes the line away.
    pub(crate) fn hide(&mut self) {
        if std::mem::take(&mut self.is_shown) && !is_at_a_prompt() {
            let _ = std::io::stderr().write_all(ERASE.as_bytes());
        }
    }
}

/// Whether a program asks for something secret on the terminal.
fn is_at_a_prompt() -> bool {
    tcgetattr(std::io::stderr()).is_ok_and(|settings| !settings.local_modes.contains(LocalModes::ECHO))
}

/// As much of the text as fits.
fn fitted(text: &str, width: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= width
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use crate::command::many::progress::fitted;

    #[test]
    fn the_line_is_never_wider_than_the_terminal() {
        assert_eq!(fitted("0 of 3 done", 80), "0 of 3 done");
        assert_eq!(fitted("0 of 3 done", 4), "0 of");
        assert_eq!(fitted("a帳號", 4), "a帳");
    }
}
