//! Questions that are answered with yes or no.

use crate::context::Context;
use crate::error::{Error, Result, io_words};
use crate::messages::wants_colours;
use crate::system::terminal::{Answer, Terminal};

/// Asks on the terminal; no is the default. With `--yes` it is yes, and without a terminal no.
///
/// # Errors
/// Returns an error if the terminal cannot be used.
pub(crate) fn confirmed(question: &str, context: &Context<'_>) -> Result<bool> {
    Ok(answered(question, context)?.unwrap_or(false))
}

/// The answer to a question; `None` if there is no terminal to ask it on. With `--yes` it is yes.
///
/// # Errors
/// Returns an error if the terminal cannot be used.
pub(crate) fn answered(question: &str, context: &Context<'_>) -> Result<Option<bool>> {
    if context.request.yes || context.snapshot.switch("AWS_AUTH_YES")? {
        return Ok(Some(true));
    }
    let Ok(Some(terminal)) = Terminal::open() else { return Ok(None) };
    let mut terminal = terminal.bold(wants_colours(context.snapshot));
    loop {
        match terminal.ask_openly(&format!("{question} [y/N] "), &context.locks) {
            Ok(Answer::Line(line)) => return Ok(Some(matches!(line.expose().to_lowercase().as_str(), "y" | "yes"))),
            Ok(Answer::Resumed) => {}
            Ok(_) => return Ok(Some(false)),
            Err(error) => return Err(Error::new(format!("cannot ask on the terminal ({})", io_words(&error)))),
        }
    }
}
