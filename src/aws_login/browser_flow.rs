//! Signing in with a browser on this machine, which brings the code back to a port on loopback (RFC 8252).

use std::time::Instant;

use crate::aws_login::endpoint::POLICY;
use crate::aws_login::grant::{Begun, NewSession};
use crate::context::Context;
use crate::error::Error;
use crate::plan::endpoints::Service;
use crate::sso::callback::{Callback, Page};
use crate::sso::outcome::NotSignedIn;

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
    let mut callback = Callback::listen()?;
    let begun = Begun::on_this_device(signin, callback.url())?;
    let denied = NotSignedIn::GivenUp(
        Error::new("the sign-in was denied in the browser")
            .advise(format!("run the command again and allow it, or ask for AWS's managed policy {POLICY}")),
    );
    let page = Page { link: &begun.link(), state: begun.state(), until, is_done: Some(is_done) };
    let code = callback.code(&page, denied, context)?;
    begun.redeem(&code, context)
}
