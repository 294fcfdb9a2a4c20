//! Signing in with a browser on any device. The page at the end of the sign-in shows a code, which is pasted here.

use zeroize::Zeroizing;

use crate::aws_login::grant::{Begun, NewSession};
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, io_words};
use crate::messages::wants_colours;
use crate::plan::endpoints::Service;
use crate::sso::outcome::NotSignedIn;
use crate::system::terminal::{Answer, Terminal};
use crate::text::encoding::from_base64;
use crate::text::percent::decoded;

/// How often a code may be wrong.
const TRIES: usize = 3;

const PROMPT: &str = "Code from the browser (hidden): ";

/// Shows a link, and asks on the terminal for the code. `is_done` tells whether another program has signed in.
///
/// # Errors
/// Returns an error if there is no terminal, no code is given, or the service refuses it.
pub fn sign_in(signin: &Service, is_done: &dyn Fn() -> bool, context: &Context<'_>) -> Result<NewSession, NotSignedIn> {
    let opened = Terminal::open_for(context.patience())
        .map_err(|error| Error::new(format!("cannot open the terminal ({})", io_words(&error))))?;
    let Some(terminal) = opened else {
        return Err(Error::new("there is no terminal to paste a code on").advise(no_terminal(context)).into());
    };
    let mut terminal = terminal.bold(wants_colours(context.snapshot));
    let begun = Begun::on_another_device(signin)?;
    terminal.say("aws-auth: to sign in, open this link in any browser, and paste the code that it shows:");
    // A line of its own, so that it can be selected whole.
    terminal.say(&begun.link());
    let mut wrong = 0;
    while wrong < TRIES {
        let answer = terminal
            .ask_for_pasted(PROMPT, &context.locks)
            .map_err(|error| Error::new(format!("cannot ask on the terminal ({})", io_words(&error))))?;
        let line = match answer {
            Answer::Line(line) if !line.expose().is_empty() => line,
            // After a stop (Ctrl-Z), the code of the link above is still good.
            Answer::Resumed if !is_done() => continue,
            _ if is_done() => return Err(NotSignedIn::Resumed),
            Answer::Nowhere => {
                return Err(Error::new("there is no terminal to paste a code on").advise(no_terminal(context)).into());
            }
            Answer::Late => return Err(NotSignedIn::timed_out()),
            Answer::Line(_) | Answer::End | Answer::Resumed => {
                return Err(NotSignedIn::GivenUp(
                    Error::new("no code was pasted").advise("run the command again when you have it"),
                ));
            }
        };
        wrong += 1;
        match Pasted::read(&line) {
            Some(pasted) if pasted.state.as_str() == begun.state() => return begun.redeem(&pasted.code, context),
            Some(_) => terminal.say("aws-auth: this code is of another sign-in; take the one of the link above"),
            None => terminal.say("aws-auth: this is no code, or a part of one; copy it again, as a whole"),
        }
    }
    Err(NotSignedIn::GivenUp(
        Error::new(format!("no code of this sign-in was given in {TRIES} tries")).advise("run the command again"),
    ))
}

fn no_terminal(context: &Context<'_>) -> &'static str {
    if context.request.output.no_browser {
        "run it in a terminal, or leave --no-browser out where there is a browser"
    } else {
        "run it in a terminal"
    }
}

/// A code that was pasted: base64 of `state=…&code=…`.
struct Pasted {
    state: Zeroizing<String>,
    code: Secret,
}

impl Pasted {
    fn read(text: &Secret) -> Option<Self> {
        let bytes = from_base64(text.expose())?;
        let query = std::str::from_utf8(&bytes).ok()?;
        let value = |name: &str| {
            let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
            value.and_then(|(_, value)| decoded(value)).filter(|value| !value.is_empty())
        };
        Some(Self { state: value("state")?, code: Secret::new(value("code")?.to_string()) })
    }
}

#[cfg(test)]
mod tests {
    use super::Pasted;
    use crate::credentials::Secret;
    use crate::text::encoding::base64_url;

    fn read(text: &str) -> Option<(String, String)> {
        let pasted = Pasted::read(&Secret::new(text.to_owned()))?;
        Some((pasted.state.to_string(), pasted.code.expose().to_owned()))
    }

    #[test]
    fn a_code_in_every_form_that_a_copy_may_have() {
        let whole = "c3RhdGU9cyZjb2RlPWErYg==";
        for text in [whole, whole.trim_end_matches('='), " c3RhdGU9cyZj b2RlPWErYg== "] {
            assert_eq!(read(text), Some(("s".to_owned(), "a b".to_owned())), "{text}");
        }
        assert_eq!(read(&base64_url(b"code=%2B%3D&x&state=1")), Some(("1".to_owned(), "+=".to_owned())));
    }

    #[test]
    fn anything_else_is_none() {
        for text in ["", "?", "c3RhdGU9cw==", "123456", "https://example.com/", &base64_url(b"state=&code=x")] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&base64_url(&[0xff; 9])), None);
    }
}
