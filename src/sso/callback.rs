//! The page on loopback that a browser comes back to with an authorization code (RFC 8252, section 7.3). Nothing of
//! what is sent to it is shown.

use std::time::{Duration, Instant};

use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::sso::outcome::NotSignedIn;
use crate::sso::words::tell;
use crate::system::browser::{Opened, cannot_wait};
use crate::system::loopback::{Came, Server};
use crate::system::peer::Owner;
use crate::system::wait::Wait;
use crate::text::escape::some_words;
use crate::text::percent::decoded;

/// The path that is registered.
pub const PATH: &str = "/oauth/callback";

/// How often is looked whether another program has signed in.
const GLANCE: Duration = Duration::from_secs(1);

/// A server for one answer.
pub struct Callback(Server);

/// A sign-in page, and how long is waited for what the browser brings from there.
pub struct Page<'a> {
    /// Its URL.
    pub link: &'a str,
    /// The secret that the answer must bring back, so that it is known to be for this sign-in.
    pub state: &'a str,
    /// The end of the wait.
    pub until: Instant,
    /// Whether another program has signed in meanwhile; `None` if that is not looked for.
    pub is_done: Option<&'a dyn Fn() -> bool>,
}

/// What a browser brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Brought {
    /// The code.
    Code(Secret),
    /// An error instead, as OAuth names it.
    Error(String),
}

impl Callback {
    /// Listens on a port that the system chooses.
    ///
    /// # Errors
    /// Returns an error if the system has none.
    pub fn listen() -> Result<Self> {
        Server::listen().map(Self).map_err(cannot_wait)
    }

    /// Where the browser is to come back to.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.0.address())
    }

    /// Opens the browser at a page, and waits until it brings the code back. `denied` is the failure if the user denies the
    /// sign-in there.
    ///
    /// # Errors
    /// Returns an error if there is no browser, or the user denies it or takes too long.
    pub fn code(&mut self, page: &Page<'_>, denied: NotSignedIn, context: &Context<'_>) -> Result<Secret, NotSignedIn> {
        let mut wait = Wait::begin(&context.locks).map_err(cannot_wait)?;
        context.messages.step(|| String::from("opening the browser"));
        let opened = context.open_in_browser(page.link, &mut wait);
        if wait.resumed() {
            return Err(NotSignedIn::Resumed);
        }
        if opened.map_err(NotSignedIn::NoBrowser)? == Opened::Beyond {
            tell(context, &format!("to sign in, open {}", page.link));
        }
        context.messages.step(|| String::from("waiting until the browser comes back"));
        match self.brought(page, &mut wait)? {
            Brought::Code(code) => Ok(code),
            Brought::Error(error) if error == "access_denied" => Err(denied),
            Brought::Error(error) => Err(NotSignedIn::GivenUp(
                Error::new(format!("the browser came back with the error '{}'", some_words(&error)))
                    .advise("try again, and see what the page in the browser says"),
            )),
        }
    }

    fn brought(&mut self, page: &Page<'_>, wait: &mut Wait<'_>) -> Result<Brought, NotSignedIn> {
        loop {
            let until = page.is_done.map_or(page.until, |_| page.until.min(Instant::now() + GLANCE));
            let brought = self.wait(page.state, until, wait);
            match brought {
                _ if wait.resumed() => return Err(NotSignedIn::Resumed),
                Some(brought) => return Ok(brought),
                None if page.is_done.is_some_and(|is_done| is_done()) => return Err(NotSignedIn::Resumed),
                None if Instant::now() >= page.until => return Err(NotSignedIn::timed_out()),
                None => {}
            }
        }
    }

    /// Waits for the browser; `None` when it did not come in time, or the wait was interrupted.
    fn wait(&mut self, state: &str, until: Instant, wait: &mut Wait<'_>) -> Option<Brought> {
        while let Came::Request(exchange) = self.0.next(until, None, wait) {
            if exchange.owner == Owner::Another {
                continue;
            }
            if !exchange.is("GET", PATH) {
                exchange.answer("404 Not Found", "", "There is nothing here.");
                continue;
            }
            // A page that only knows the port sends what it likes; it cannot know the state.
            let Some(brought) = read(exchange.query(), state) else {
                exchange.answer("400 Bad Request", "", "This is not the sign-in that the terminal waits for.");
                continue;
            };
            exchange.answer(
                "200 OK",
                "",
                match brought {
                    Brought::Code(_) => "This is all. Close this page and go back to the terminal.",
                    Brought::Error(_) => "You are not signed in. The terminal says why.",
                },
            );
            return Some(brought);
        }
        None
    }
}

/// What the query of an answer with our state brings; `None` for any other one.
pub fn read(query: &str, state: &str) -> Option<Brought> {
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let value = pairs.find(|(key, _)| *key == name).and_then(|(_, value)| decoded(value));
        value.filter(|value| !value.is_empty())
    };
    value("state").filter(|sent| sent.as_str() == state)?;
    match (value("error"), value("code")) {
        (Some(error), _) => Some(Brought::Error(error.to_string())),
        (None, Some(code)) => Some(Brought::Code(Secret::new(code.to_string()))),
        (None, None) => None,
    }
}
