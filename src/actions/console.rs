//! `--console`: signing in to the console as the role. The federation endpoint gives a token for the credentials, and a
//! link with that token signs in anyone who opens it within fifteen minutes. So the link is a secret: it is never
//! put into another program's arguments, and it is printed only with `--no-browser`, or on the terminal if the browser
//! is outside this machine's process table (WSL).

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::acquire::identity::identity;
use crate::acquire::obtain::Obtained;
use crate::actions::console_place::Place;
use crate::actions::credentials::{self, Purpose};
use crate::aws::ask;
use crate::cli::console_services;
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Result, io_words};
use crate::messages::print;
use crate::plan::base::Base;
use crate::plan::endpoints::Service;
use crate::plan::model::{Acquisition, Mfa};
use crate::sso::words::tell;
use crate::system::browser::Opened;
use crate::system::wait::Wait;
use crate::text::percent::encoded;

/// The credentials to sign in with, and where they come from.
struct Session<'a> {
    plan: &'a Acquisition,
    credentials: &'a Credentials,
    /// Whether this run got them from STS, not from a cache.
    by_this_run: bool,
}

const PURPOSE: Purpose = Purpose { with_credentials: "sign in with", with_profile: "sign in with" };

/// How long a browser has to read a file with the link, once it was told of it.
const TIME_TO_READ: Duration = Duration::from_secs(10);

/// Signs in, and opens the browser, or prints the link with `--no-browser`.
///
/// # Errors
/// Returns an error if the credentials are not a role's, the console of the partition is not known, the sign-in is
/// refused, or no browser starts.
pub fn console(context: &Context<'_>, service: Option<&console_services::Service>) -> Result<u8> {
    let plan = credentials::planned(context, &PURPOSE)?;
    // Checked first, so that no MFA code is spent on credentials that the console refuses.
    refuse_without_role(&plan)?;
    let Obtained { credentials, by_this_run } = credentials::get(context, &plan, None)?;
    open(&Session { plan: &plan, credentials: &credentials, by_this_run }, service, context)
}

fn open(session: &Session<'_>, service: Option<&console_services::Service>, context: &Context<'_>) -> Result<u8> {
    let place = Place::of(session.plan)?;
    refuse_keys(session, context)?;
    let profile = session.plan.profile.as_deref();
    let signin = Service::console(context.set, profile, context.request, place.region.clone())?;
    if let Some(url) = signin.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
    let endpoint = match signin.endpoint.url() {
        Some(url) => format!("{url}/federation"),
        None => format!("https://{}/federation", place.signin()),
    };
    let token = signin_token(&endpoint, &signin, session, context)?;
    let link = Zeroizing::new(format!(
        "{endpoint}?Action=login&Issuer=aws-auth&Destination={}&SigninToken={}",
        encoded(&place.page(service)).as_str(),
        encoded(&token).as_str()
    ));
    if context.request.output.no_browser {
        return print(&format!("{}\n", *link));
    }
    let failed = |error: std::io::Error| Error::new(format!("cannot wait for the browser ({})", io_words(&error)));
    let mut wait = Wait::begin(&context.locks).map_err(failed)?;
    let opened = context.open_in_browser(&link, &mut wait)?;
    let whose = console_name(session.plan);
    if opened == Opened::Beyond {
        tell(context, &format!("{whose}: open this link, which signs in whoever has it: {}", *link));
    } else {
        context.messages.say(&format!("{whose} is open in the browser"));
    }
    if opened == Opened::ByFile {
        wait.until(Instant::now() + TIME_TO_READ, &[]);
    }
    Ok(0)
}

/// The profile and its console, to begin a message with.
fn console_name(plan: &Acquisition) -> String {
    let profile = plan.profile_name();
    match plan.roles.last() {
        Some(role) => format!("{profile}: the console as role {}", role.arn.as_str()),
        None => format!("{profile}: the console"),
    }
}

/// Refuses a plan without a role, before any call is made.
///
/// # Errors
/// Returns an error that says whose credentials the plan gives instead.
fn refuse_without_role(plan: &Acquisition) -> Result<()> {
    if !plan.roles.is_empty() || plan.base.is_provider() && plan.base.long_term_key().is_none() {
        return Ok(());
    }
    let profile = plan.profile_name();
    let fact = match (&plan.base, &plan.session) {
        // They may be a role's; `refuse_keys` asks STS.
        (Base::Environment { temporary: true, .. }, _) => return Ok(()),
        (Base::Environment { .. }, _) => String::from("the keys in the environment are a user's"),
        (_, Some(_)) => format!("profile '{profile}' gives a user's MFA session"),
        (_, None) => format!("profile '{profile}' gives a user's keys"),
    };
    Err(Error::new(format!("{fact}, and the console accepts only roles"))
        .advise("name a profile with a role_arn, add --role-arn ARN, or sign in with a password"))
}

/// Refuses a user's keys and sessions, as temporary keys from the environment may be: the console would refuse them
/// without saying why.
fn refuse_keys(session: &Session<'_>, context: &Context<'_>) -> Result<()> {
    let refused = |whose: &str| {
        Err(Error::new(format!("these credentials are {whose}, and the console accepts only roles"))
            .advise("name a profile with a role_arn, add --role-arn ARN, or sign in with a password"))
    };
    if session.credentials.session_token.is_none() {
        return refused("a user's keys");
    }
    if session.plan.roles.is_empty()
        && (!session.plan.base.is_provider() || session.plan.base.long_term_key().is_some())
    {
        let identity = identity(session.plan, session.credentials, context)?;
        if !identity.arn.contains(":assumed-role/") && !identity.arn.contains(":federated-user/") {
            return refused(&format!("a session of {}", identity.arn));
        }
    }
    Ok(())
}

/// Gets a sign-in token for the credentials from the federation endpoint.
fn signin_token(
    endpoint: &str,
    signin: &Service,
    session: &Session<'_>,
    context: &Context<'_>,
) -> Result<Zeroizing<String>> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Given {
        signin_token: String,
    }
    let keys = session.credentials;
    let json = Zeroizing::new(
        serde_json::json!({
            "sessionId": keys.access_key_id,
            "sessionKey": keys.secret_access_key.expose(),
            "sessionToken": keys.session_token.as_ref().map(Secret::expose),
        })
        .to_string(),
    );
    let mut url = Zeroizing::new(format!("{endpoint}?Action=getSigninToken"));
    if let Some(seconds) = duration(session) {
        let _ = write!(*url, "&SessionDuration={seconds}");
    }
    let _ = write!(*url, "&Session={}", encoded(&json).as_str());
    context.messages.step(|| format!("asking {} for a sign-in token", signin.place()));
    let answer = ask::get(signin, &url)?;
    if answer.status != 200 {
        return Err(Error::new(format!("{} refused these credentials (status {})", signin.place(), answer.status))
            .advise("it accepts only role credentials that have not expired; try --refresh, and check the region"));
    }
    let given: Given = serde_json::from_slice(&answer.body).map_err(|_| {
        Error::new(format!("{} answered with something that is not a sign-in token", signin.place()))
            .advise("check any configured endpoint, and whether a proxy or a captive portal stands in between")
    })?;
    Ok(Zeroizing::new(given.signin_token))
}

/// The SessionDuration to ask for, in seconds. Only a role that was assumed directly with long-term keys may have one;
/// for all others the sign-in answers 400, and their console session ends with their credentials. A cache entry does
/// not say how its role was assumed, so it counts among the others.
fn duration(session: &Session<'_>) -> Option<i64> {
    let plan = session.plan;
    match plan.roles.as_slice() {
        [role] if session.by_this_run && plan.base.long_term_key().is_some() && role.mfa != Mfa::Session => {
            Some(role.length().as_seconds())
        }
        _ => None,
    }
}
