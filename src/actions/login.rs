//! `--login`: making sure that fresh credentials are cached, with a sign-in if that is needed.

use crate::acquire::obtain::Obtained;
use crate::actions::aws_login;
use crate::actions::credentials::{self, Purpose};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::plan::base::Base;
use crate::plan::model::Plan;
use crate::plan::web_identity::PROCESS;
use crate::plan::{resolve, words};
use crate::providers::fetch;
use crate::time::now;

const PURPOSE: Purpose = Purpose { with_credentials: "log in to", with_profile: "log in to" };

/// Gets the profile's credentials into the caches, and says when they expire.
///
/// # Errors
/// Returns an error if there is no profile, the cache is off, or the credentials cannot be obtained.
pub fn login(context: &Context<'_>) -> Result<u8> {
    let mut plan = match resolve::resolve(context.set, context.request)? {
        Plan::Acquire(plan) => plan,
        Plan::PassThrough => return Err(credentials::no_credentials(&PURPOSE, None)),
        Plan::Ambient { profile } => return Err(credentials::no_credentials(&PURPOSE, profile.as_deref())),
    };
    if context.request.cache.off && !fetch::needs_login(&plan) {
        return Err(Error::new("--login caches credentials, but --no-cache (or AWS_AUTH_NO_CACHE) is on")
            .advise("leave one of them out"));
    }
    if !plan.is_kept() {
        return Err(Error::new(format!("--login caches credentials, but nothing is kept of a token from a {PROCESS}"))
            .advise("leave it out; each run asks the program for its token"));
    }
    if let Base::Login { login, named } = &plan.base {
        let session = aws_login::sign_in(login, named, &plan, context)?;
        if let Base::Login { login, .. } = &mut plan.base {
            login.session = session;
        }
    }
    let Obtained { credentials, .. } = credentials::get(context, &plan, None)?;
    context.messages.say(&words::summary(&plan, &credentials, now()));
    Ok(0)
}
