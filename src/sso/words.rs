//! Sessions of IAM Identity Center in words, for messages.

use crate::context::Context;
use crate::error::Error;
use crate::plan::model::Acquisition;
use crate::plan::sso::Sso;
use crate::sso::token::TokenState;
use crate::system::terminal::Terminal;
use crate::text::shell_words::shell_word;

/// Whom a token is of, in words.
pub fn whose(sso: &Sso) -> String {
    match &sso.session {
        Some(session) => format!("the SSO session '{session}'"),
        None => format!("the SSO session of {}", sso.start_url),
    }
}

/// How to log in, for an advice.
pub fn advice(plan: &Acquisition) -> String {
    let profile = shell_word(plan.profile_name());
    format!("log in with: aws-auth -p {profile} --login")
}

/// The fact that nobody is logged in; `None` when somebody is.
pub fn missing(state: &TokenState, sso: &Sso) -> Option<String> {
    match state {
        TokenState::Valid(_) => None,
        TokenState::Expired => Some(format!("{} has expired", whose(sso))),
        TokenState::Missing => Some(format!("nobody is logged in to {}", whose(sso))),
    }
}

/// A renewal that failed on the way.
pub fn unrenewed(sso: &Sso, about: &str, error: Error) -> Error {
    error.in_front(&format!("{about}: {} has expired and was not renewed", whose(sso)))
}

/// What a person has to read to go on: on the terminal, else on stderr, where the log of a machine shows it.
pub fn tell(context: &Context<'_>, text: &str) {
    match Terminal::open() {
        Ok(Some(mut terminal)) => terminal.say(&format!("aws-auth: {text}")),
        _ => context.messages.insist(text),
    }
}
