//! Texts about sessions of IAM Identity Center, for messages.

use crate::context::Context;
use crate::error::Error;
use crate::plan::model::Acquisition;
use crate::plan::sso::Sso;
use crate::sso::token::TokenState;
use crate::system::terminal::Terminal;
use crate::text::shell_words::shell_word;

/// The session that a token belongs to, in words.
pub fn whose(sso: &Sso) -> String {
    match &sso.session {
        Some(session) => format!("the SSO session '{session}'"),
        None => format!("the SSO session of {}", sso.start_url),
    }
}

/// The advice to log in.
pub fn advice(plan: &Acquisition) -> String {
    let profile = shell_word(plan.profile_name());
    format!("log in with: aws-auth -p {profile} --login")
}

/// The fact that the user is not logged in; `None` if the user is.
pub fn missing(state: &TokenState, sso: &Sso) -> Option<String> {
    match state {
        TokenState::Valid(_) => None,
        TokenState::Expired => Some(format!("{} has expired", whose(sso))),
        TokenState::Missing => Some(format!("you are not logged in to {}", whose(sso))),
    }
}

/// Adds to an error of a renewal that the session has expired. `about` begins the new error.
pub fn unrenewed(sso: &Sso, about: &str, error: Error) -> Error {
    error.in_front(&format!("{about}: {} has expired and was not renewed", whose(sso)))
}

/// Shows what the user must read to go on: on the terminal, or else on stderr, so that it is in the log of a CI job.
pub fn tell(context: &Context<'_>, text: &str) {
    match Terminal::open() {
        Ok(Some(mut terminal)) => terminal.say(&format!("aws-auth: {text}")),
        _ => context.messages.insist(text),
    }
}
