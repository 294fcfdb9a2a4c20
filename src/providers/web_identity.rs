//! Credentials of a role for the token of an identity provider.

use crate::aws::sts::Client;
use crate::aws::{http, sts};
use crate::cache::entry::Assumed;
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result, io_words};
use crate::plan::model::Acquisition;
use crate::plan::web_identity::{PROCESS, TokenSource, WebIdentity};
use crate::providers::github;
use crate::providers::program::Program;
use crate::system::private_files;

/// Calls AssumeRoleWithWebIdentity with a token that is fetched now. `about` begins an error.
///
/// # Errors
/// Returns an error if the token cannot be read, or STS refuses it or cannot be reached.
pub fn fetch(web: &WebIdentity, plan: &Acquisition, context: &Context<'_>, about: &str) -> Result<Assumed> {
    let token = match &web.token {
        TokenSource::File(path) => of_file(path, about)?,
        TokenSource::Process(command) => of_process(command, plan, context, about)?,
        TokenSource::GitHub(github) => github::token(github, context, about)?,
    };
    context.messages.step(|| {
        let place = sts::sts_place(&plan.sts, context.set);
        format!("AssumeRoleWithWebIdentity {}, authenticated by the token alone, in {place}", web.role.as_str())
    });
    if let Some(url) = plan.sts.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
    Client::new(&plan.sts, http::LIMITS, &context.locks)?.assume_role_with_web_identity(web, &token, about)
}

fn of_file(path: &str, about: &str) -> Result<Secret> {
    let wrong = |words: &str| {
        Error::new(format!("{about}: the token file {path} {words}"))
            .advise("it must hold one token, a JWT, that the identity provider's agent writes and renews")
    };
    let bytes = private_files::read_token(std::path::Path::new(path))
        .map_err(|error| wrong(&format!("cannot be read ({})", io_words(&error))))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong("is not text"))?.trim();
    if text.is_empty() {
        return Err(wrong("is empty"));
    }
    Ok(Secret::new(text.to_owned()))
}

/// The token that the profile's program prints. No error shows what it printed.
fn of_process(command: &str, plan: &Acquisition, context: &Context<'_>, about: &str) -> Result<Secret> {
    let profile = plan.base.profile().unwrap_or_default();
    let printed = Program { key: PROCESS, command, profile, prints: "one token" }.run(context, about)?;
    let wrong = |words: &str| {
        Error::new(format!("{} printed {words}", printed.about))
            .advise("it must print one token, a JWT, and nothing else (its output is not shown here)")
    };
    let text = std::str::from_utf8(&printed.stdout).map_err(|_| wrong("something that is not text"))?.trim();
    if text.is_empty() {
        return Err(wrong("nothing"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("more than one word"));
    }
    Ok(Secret::new(text.to_owned()))
}
