//! `--pick`: the profile is chosen on the terminal (docs/pick.md). Stdin and stdout stay the command's.

mod choices;
mod history;
mod keys;
mod numbered;
mod picker;

use std::time::Duration;

use crate::actions::pick::choices::{Choice, choices};
use crate::actions::pick::history::History;
use crate::actions::pick::keys::Keys;
use crate::actions::pick::picker::{Next, Picker};
use crate::context::Context;
use crate::error::{Error, Kind, Result, io_words};
use crate::messages::{is_smart, wants_colours};
use crate::system::full_screen::{Event, FullScreen};
use crate::system::terminal::Terminal;

/// How long the bytes of one key may take. After that, Esc is the key.
const ONE_KEY: Duration = Duration::from_millis(100);

/// Lets a person choose a profile, and returns its name.
///
/// # Errors
/// Returns an error if there is no terminal, no profile resolves, or none was chosen.
pub fn pick(context: &Context<'_>) -> Result<String> {
    let terminal = Terminal::open().ok().flatten().ok_or_else(no_terminal)?;
    let history = History::read(context);
    let choices = choices(context, &history);
    if choices.is_empty() {
        return Err(Error::new("there is no profile to choose").advise("aws-auth --list says why"));
    }
    let taken = if is_smart(context.snapshot) {
        drop(terminal);
        on_screen(&choices, wants_colours(context.snapshot))?
    } else {
        numbered::choose(terminal, &choices, context)?
    };
    let Some(choice) = taken.and_then(|at| choices.get(at)) else {
        return Err(Error::new("no profile was chosen").of_kind(Kind::NotChosen));
    };
    let name = choice.name.clone();
    history.add(&name, context.now, context);
    Ok(name)
}

fn no_terminal() -> Error {
    Error::new("there is no terminal to choose a profile on").advise("name one with -p or AWS_PROFILE")
}

/// Shows the choices on the whole screen, until one is taken.
fn on_screen(choices: &[Choice<'_>], has_colours: bool) -> Result<Option<usize>> {
    let taken = FullScreen::take().map_err(|error| {
        Error::new(format!("cannot choose on the terminal ({})", io_words(&error))).advise("name a profile with -p")
    });
    let mut screen = taken?.ok_or_else(no_terminal)?;
    let (mut picker, mut keys) = (Picker::new(choices), Keys::default());
    loop {
        let shown = picker.screen(screen.size(), has_colours);
        screen.draw(&shown);
        let pressed = match screen.next(keys.is_waiting().then_some(ONE_KEY)) {
            Event::Typed(bytes) => keys.typed(&bytes),
            Event::Nothing => keys.nothing_follows().into_iter().collect(),
            Event::Changed => Vec::new(),
            Event::Gone => return Ok(None),
        };
        for key in pressed {
            match picker.press(key) {
                Next::Draw => {}
                Next::Taken(choice) => return Ok(Some(choice)),
                Next::Left => return Ok(None),
            }
        }
    }
}
