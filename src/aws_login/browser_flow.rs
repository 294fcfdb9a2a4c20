//! Signing in with a browser on this machine, which brings the code back to a port on loopback (RFC 8252).

use std::time::{Duration, Instant};

use crate::aws_login::endpoint::POLICY;
use crate::aws_login::grant::{Begun, NewSession};
use crate::context::Context;
use crate::error::{Error, io_words};
use crate::plan::endpoints::Service;
use crate::sso::callback::{Brought, Callback};
use crate::sso::outcome::NotSignedIn;
use crate::sso::words::tell;
use crate::system::browser::Opened;
use crate::system::wait::Wait;
use crate::text::escape::some_words;

/// How often is looked whether another program has signed in.
const GLANCE: Duration = Duration::from_secs(1);

/// Opens the browser and waits until it brings the code back, at most until `until`, or until another program has
/// signed in (`is_done`).
///
/// # Errors
/// Returns an error if there is no browser, the user denies it or takes too long, or the service refuses the code.
pub fn sign_in(
    signin: &Service,
    until: Instant,
    is_done: &dyn Fn() -> bool,
    context: &Context<'_>,
) -> Result<NewSession, NotSignedIn> {
    let failed = |error: std::io::Error| Error::new(format!("cannot wait for the browser ({})", io_words(&error)));
    let mut callback = Callback::listen().map_err(failed)?;
    let begun = Begun::on_this_device(signin, callback.url())?;
    let code = {
        let mut wait = Wait::begin(&context.locks).map_err(failed)?;
        context.messages.step(|| String::from("opening the browser"));
        let link = begun.link();
        let opened = context.open_in_browser(&link, &mut wait);
        if wait.resumed() {
            return Err(NotSignedIn::Resumed);
        }
        if opened.map_err(NotSignedIn::NoBrowser)? == Opened::Beyond {
            tell(context, &format!("to sign in, open {link}"));
        }
        context.messages.step(|| String::from("waiting until the browser comes back"));
        brought(&mut callback, begun.state(), until, is_done, &mut wait)?
    };
    match code {
        Brought::Code(code) => begun.redeem(&code, context),
        Brought::Error(error) if error == "access_denied" => Err(NotSignedIn::GivenUp(
            Error::new("the sign-in was denied in the browser")
                .advise(format!("run the command again and allow it, or ask for AWS's managed policy {POLICY}")),
        )),
        Brought::Error(error) => Err(NotSignedIn::GivenUp(
            Error::new(format!("the browser came back with the error '{}'", some_words(&error)))
                .advise("try again, and see what the page in the browser says"),
        )),
    }
}

/// What the browser brings.
fn brought(
    callback: &mut Callback,
    state: &str,
    until: Instant,
    is_done: &dyn Fn() -> bool,
    wait: &mut Wait<'_>,
) -> Result<Brought, NotSignedIn> {
    loop {
        let brought = callback.wait(state, until.min(Instant::now() + GLANCE), wait);
        match brought {
            Some(brought) => return Ok(brought),
            None if wait.resumed() || is_done() => return Err(NotSignedIn::Resumed),
            None if Instant::now() >= until => return Err(NotSignedIn::timed_out()),
            None => {}
        }
    }
}
