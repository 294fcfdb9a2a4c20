//! Questions on the terminal that are answered with yes or no, or with a line of text.

use crate::context::Context;
use crate::error::{Error, Result, io_words};
use crate::messages::wants_colours;
use crate::system::terminal::{Answer, Terminal};

/// A line of text, shown while it is typed; empty if a person gives none, or if there is no terminal.
///
/// # Errors
/// Returns an error if the terminal cannot be used.
pub(crate) fn line(question: &str, context: &Context<'_>) -> Result<String> {
    let Ok(Some(terminal)) = Terminal::open() else { return Ok(String::new()) };
    let mut terminal = terminal.bold(wants_colours(context.snapshot));
    loop {
        match terminal.ask_openly(question, &context.locks) {
            Ok(Answer::Line(line)) => return Ok(line.expose().to_owned()),
            Ok(Answer::Resumed) => {}
            Ok(_) => return Ok(String::new()),
            Err(error) => return Err(unusable(&error)),
        }
    }
}

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
    answered_by_hand(question, context)
}

/// The answer to a question that `--yes` does not answer, because it is not about what is written; `None` if there is no
/// terminal to ask it on.
///
/// # Errors
/// Returns an error if the terminal cannot be used.
pub(crate) fn answered_by_hand(question: &str, context: &Context<'_>) -> Result<Option<bool>> {
    let Ok(Some(terminal)) = Terminal::open() else { return Ok(None) };
    let mut terminal = terminal.bold(wants_colours(context.snapshot));
    loop {
        match terminal.ask_openly(&format!("{question} [y/N] "), &context.locks) {
            Ok(Answer::Line(line)) => match line.expose().to_lowercase().as_str() {
                "y" | "yes" => return Ok(Some(true)),
                "" | "n" | "no" => return Ok(Some(false)),
                // What was typed for something else is no answer.
                _ => {}
            },
            Ok(Answer::Resumed) => {}
            Ok(_) => return Ok(Some(false)),
            Err(error) => return Err(unusable(&error)),
        }
    }
}

fn unusable(error: &std::io::Error) -> Error {
    Error::new(format!("cannot ask on the terminal ({})", io_words(error)))
}
