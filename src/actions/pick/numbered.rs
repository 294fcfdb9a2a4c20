//! The choice on a terminal that cannot move its cursor: a list with numbers, and a question.

use crate::actions::pick::choices::{Choice, Finder};
use crate::context::Context;
use crate::error::{Error, Result, io_words};
use crate::system::terminal::{Answer, Terminal};

/// The most choices that are listed at once.
const MOST: usize = 200;

/// Lists the choices and asks for the number of one, or for a part of its name, until one is left. `None` if there was
/// no answer.
///
/// # Errors
/// Returns an error if the terminal cannot be used.
pub(crate) fn choose(mut terminal: Terminal, choices: &[Choice<'_>], context: &Context<'_>) -> Result<Option<usize>> {
    let mut finder = Finder::new();
    let all: Vec<usize> = (0..choices.len()).collect();
    let mut found = all.clone();
    list(&mut terminal, choices, &found);
    loop {
        let question = format!("number (1-{}), or a part of the name: ", found.len().min(MOST));
        let answer = terminal.ask_openly(&question, &context.locks).map_err(|error| {
            Error::new(format!("cannot ask on the terminal ({})", io_words(&error))).advise("name a profile with -p")
        })?;
        let line = match answer {
            Answer::Line(line) => line.expose().to_owned(),
            Answer::Resumed => continue,
            Answer::End | Answer::Nowhere | Answer::Late => return Ok(None),
        };
        let by_number = line.parse::<usize>().ok().and_then(|number| found.get(number.checked_sub(1)?));
        if let Some(choice) = by_number {
            return Ok(Some(*choice));
        }
        let matching = finder.find(choices, &all, &line);
        let exact = matching.iter().find(|at| choices.get(**at).is_some_and(|choice| choice.name == line));
        match (exact, matching.as_slice()) {
            (Some(only), _) | (None, [only]) => return Ok(Some(*only)),
            (None, []) => terminal.say(&format!("aws-auth: no profile matches '{line}'")),
            (None, _) => {
                found = matching;
                list(&mut terminal, choices, &found);
            }
        }
    }
}

fn list(terminal: &mut Terminal, choices: &[Choice<'_>], found: &[usize]) {
    for (number, choice) in found.iter().take(MOST).filter_map(|at| choices.get(*at)).enumerate() {
        let cells = choice.cells.iter().map(String::as_str).chain([choice.left()]).filter(|cell| !cell.is_empty());
        terminal.say(&format!("{:>3}  {}", number + 1, cells.collect::<Vec<_>>().join("  ")));
    }
    if found.len() > MOST {
        terminal.say(&format!("     and {} more", found.len() - MOST));
    }
}
