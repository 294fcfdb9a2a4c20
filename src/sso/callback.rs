//! The page on loopback that a browser comes back to with an authorization code (RFC 8252, section 7.3). Nothing of
//! what is sent to it is shown.

use std::io;
use std::time::Instant;

use crate::credentials::Secret;
use crate::system::loopback::{Came, Server};
use crate::system::peer::Owner;
use crate::system::wait::Wait;
use crate::text::percent::decoded;

/// The path that is registered.
pub const PATH: &str = "/oauth/callback";

/// A server for one answer.
pub struct Callback(Server);

/// What a browser brought.
pub enum Brought {
    /// The code.
    Code(Secret),
    /// An error instead, as OAuth names it.
    Error(String),
}

impl Callback {
    /// Listens on a port that the system chooses.
    pub fn listen() -> io::Result<Self> {
        Server::listen().map(Self)
    }

    /// Where the browser is to come back to.
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.0.address())
    }

    /// Waits for the browser; `None` when it did not come in time, or the wait was interrupted.
    pub fn wait(&mut self, state: &str, until: Instant, wait: &mut Wait<'_>) -> Option<Brought> {
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

/// What an answer with our state brings; `None` for any other one.
fn read(query: &str, state: &str) -> Option<Brought> {
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
