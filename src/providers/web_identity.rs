//! Credentials of a role for the token of an identity provider.

use crate::aws::sts::Client;
use crate::aws::{http, sts};
use crate::cache::entry::Assumed;
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result, io_words};
use crate::plan::model::Acquisition;
use crate::plan::web_identity::WebIdentity;
use crate::system::private_files;

/// Calls AssumeRoleWithWebIdentity with the token that is in the file now. `about` begins an error.
///
/// # Errors
/// Returns an error if the token cannot be read, or STS refuses it or cannot be reached.
pub fn fetch(web: &WebIdentity, plan: &Acquisition, context: &Context<'_>, about: &str) -> Result<Assumed> {
    let token = token(&web.token_file, about)?;
    context.messages.step(|| {
        let place = sts::sts_place(&plan.sts, context.set);
        format!("AssumeRoleWithWebIdentity {}, authenticated by the token alone, in {place}", web.role.as_str())
    });
    if let Some(url) = plan.sts.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
    Client::new(&plan.sts, http::LIMITS, &context.locks)?.assume_role_with_web_identity(web, &token, about)
}

fn token(path: &str, about: &str) -> Result<Secret> {
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
