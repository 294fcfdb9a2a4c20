//! `--console`: signing in to the console as the role. The federation endpoint gives a token for the credentials, and a
//! link with that token signs in anyone who opens it within fifteen minutes. So the link is a secret: it is never
//! put into another program's arguments, and it is printed only with `--no-browser`, or on the terminal if the browser
//! is outside this machine's process table (WSL).

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::acquire::identity::identity;
use crate::acquire::lookup::warn_in_clear;
use crate::acquire::obtain::Obtained;
use crate::actions::console_place::Place;
use crate::actions::credentials::{self, Purpose};
use crate::aws::ask;
use crate::aws::http::LIMITS;
use crate::aws::sts::Client;
use crate::aws::sts_errors::Subject;
use crate::cli::console_page::Page;
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Result};
use crate::messages::print;
use crate::plan::base::Base;
use crate::plan::endpoints::Service;
use crate::plan::federation::Federation;
use crate::plan::model::{Acquisition, Mfa};
use crate::plan::origin::Origin;
use crate::plan::sso::Sso;
use crate::providers::fetch;
use crate::sso::words::tell;
use crate::system::browser::{Opened, cannot_wait};
use crate::system::wait::Wait;
use crate::text::percent::encoded;
use crate::text::url::is_url;
use crate::time::{Length, now};

/// The credentials to sign in with, and where they come from.
struct Session<'a> {
    plan: &'a Acquisition,
    credentials: &'a Credentials,
    /// Whether this run got them from STS, not from a cache.
    by_this_run: bool,
    /// Whom the console will show, for messages.
    whose: String,
}

const PURPOSE: Purpose = Purpose { with_credentials: "sign in with", with_profile: "sign in with" };

/// How long a browser has to read a file with the link, once it was told of it.
const TIME_TO_READ: Duration = Duration::from_secs(10);

/// Signs in, and opens the browser, or prints the link with `--no-browser`.
///
/// # Errors
/// Returns an error if the credentials are neither a role's nor bounded by policies, the console of the partition is not
/// known, the page is another partition's, the sign-in is refused, or no browser starts.
pub fn console(context: &Context<'_>) -> Result<u8> {
    let plan = credentials::planned(context, &PURPOSE)?;
    if let (Some(sso), true) = (fetch::sso(&plan), plan.roles.is_empty()) {
        return portal(sso, &plan, context);
    }
    if let Some(federation) = Federation::of(context.set, context.request, &plan)? {
        return federated(&federation, &plan, context);
    }
    // Checked first, so that no MFA code is spent on credentials that the console refuses.
    refuse_without_role(&plan)?;
    Place::of(&plan)?.page(&context.request.console.page)?;
    let Obtained { credentials, by_this_run } = credentials::get(context, &plan, None)?;
    let whose = match plan.roles.last() {
        Some(role) => format!("{}: the console as role {}", plan.profile_name(), role.arn.as_str()),
        None => format!("{}: the console", plan.profile_name()),
    };
    let session = Session { plan: &plan, credentials: &credentials, by_this_run, whose };
    refuse_keys(&session, context)?;
    open(&session, context)
}

/// Opens the link of the SSO portal, which signs in whoever is signed in to the portal; so it is no secret, and needs no
/// call. Other sessions of the browser stay
/// (<https://docs.aws.amazon.com/singlesignon/latest/userguide/createshortcutlink.html>).
fn portal(sso: &Sso, plan: &Acquisition, context: &Context<'_>) -> Result<u8> {
    if context.request.console.signs_out_first {
        return Err(Error::new("--console-logout is not for SSO: the link of the portal leaves other sessions alone")
            .advise("leave it out"));
    }
    if context.request.role.duration.is_some() {
        context.messages.warn(
            "--duration (AWS_AUTH_DURATION) has no effect: the permission set says how long the portal's session lasts",
        );
    }
    let start_url = sso.start_url.split('#').next().unwrap_or_default().trim_end_matches('/');
    if !is_url(start_url) {
        return Err(Error::new(format!("the start URL '{start_url}' is not a URL"))
            .advise("correct sso_start_url, as in https://example.awsapps.com/start"));
    }
    let mut link = format!(
        "{start_url}/#/console?account_id={}&role_name={}",
        encoded(&sso.account_id).as_str(),
        encoded(&sso.role_name).as_str()
    );
    let page = &context.request.console.page;
    // Without a region of the profile, the console shows the one that the person used last.
    if *page != Page::Home || plan.sts.region.origin != Origin::Partition {
        let _ = write!(link, "&destination={}", encoded(&Place::of(plan)?.page(page)?).as_str());
    }
    let whose = format!(
        "{}: the console as SSO role {} in {} (through the portal)",
        plan.profile_name(),
        sso.role_name,
        sso.account_id
    );
    lead(&Link { url: &link, whose: &whose, ends_at: None, is_secret: false }, context)
}

/// Signs in with a user's own keys, as a federated user who may do what the user and the policies allow.
fn federated(federation: &Federation, plan: &Acquisition, context: &Context<'_>) -> Result<u8> {
    let profile = plan.profile_name();
    Place::of(plan)?.page(&context.request.console.page)?;
    let keys = credentials::base(context, plan)?;
    if keys.session_token.is_some() {
        return Err(Error::new(format!(
            "profile '{profile}' gives temporary keys, and GetFederationToken takes only a user's long-term ones"
        ))
        .advise("name a profile with a role_arn, or add --role-arn ARN"));
    }
    warn_in_clear(plan, context);
    context.messages.step(|| format!("GetFederationToken, signed by {}", keys.access_key_id));
    let subject = Subject { profile: plan.profile.as_deref(), role: None };
    let client = Client::new(&plan.sts, LIMITS, &context.locks)?;
    let (credentials, arn) = client.federation_token(&keys, federation, subject)?;
    context.messages.say(&format!(
        "{profile}: this console session carries no MFA, so it is refused what policies allow only with MFA"
    ));
    let name = arn.rsplit('/').next().unwrap_or_default();
    let whose = format!("{profile}: the console as federated user {name} (bounded by {})", federation.policies.words());
    open(&Session { plan, credentials: &credentials, by_this_run: true, whose }, context)
}

fn open(session: &Session<'_>, context: &Context<'_>) -> Result<u8> {
    let place = Place::of(session.plan)?;
    let profile = session.plan.profile.as_deref();
    let signin = Service::console(context.set, profile, context.request, place.region.clone())?;
    if let Some(url) = signin.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
    let host = signin.endpoint.url().map_or_else(|| format!("https://{}", place.signin()), String::from);
    let endpoint = format!("{host}/federation");
    let token = signin_token(&endpoint, &signin, session, context)?;
    let mut link = Zeroizing::new(format!(
        "{endpoint}?Action=login&Issuer=aws-auth&Destination={}&SigninToken={}",
        encoded(&place.page(&context.request.console.page)?).as_str(),
        encoded(&token).as_str()
    ));
    if context.request.console.signs_out_first {
        link = Zeroizing::new(format!("{host}/oauth?Action=logout&redirect_uri={}", encoded(&link).as_str()));
    }
    let now = now();
    let end = duration(session).map(|seconds| now + Length::seconds(seconds)).or(session.credentials.expiration);
    let ends_at = end.map(|end| end.local(now));
    lead(&Link { url: &link, whose: &session.whose, ends_at, is_secret: true }, context)
}

/// A link to the console.
struct Link<'a> {
    url: &'a str,
    /// Whom the console shows; it begins the line after.
    whose: &'a str,
    /// When the console's session ends, if that is known.
    ends_at: Option<String>,
    /// Whether the link signs in whoever has it.
    is_secret: bool,
}

/// Leads the browser to a link, or prints it.
fn lead(link: &Link<'_>, context: &Context<'_>) -> Result<u8> {
    let Link { url, whose, ends_at, is_secret } = link;
    let end = ends_at.as_ref().map(|at| format!("; its session ends at {at}")).unwrap_or_default();
    if context.request.output.no_browser {
        print(&Zeroizing::new(format!("{url}\n")))?;
        if !end.is_empty() {
            context.messages.say(&format!("{whose}{end}"));
        }
        return Ok(0);
    }
    let mut wait = Wait::begin(&context.locks).map_err(cannot_wait)?;
    let opened = context.open_in_browser(url, &mut wait)?;
    if opened == Opened::Beyond {
        let warning = if *is_secret { ", which signs in whoever has it" } else { "" };
        tell(context, &format!("{whose}: open this link{warning}: {url}"));
    } else {
        context.messages.say(&format!("{whose} is open in the browser{end}"));
    }
    if opened == Opened::ByFile {
        wait.until(Instant::now() + TIME_TO_READ, &[]);
    }
    Ok(0)
}

/// Refuses a plan without a role, before any call is made.
///
/// # Errors
/// Returns an error that says whose credentials the plan gives instead.
fn refuse_without_role(plan: &Acquisition) -> Result<()> {
    if let (true, Base::Login { login, .. }) = (plan.roles.is_empty(), &plan.base)
        && (login.session.contains(":user/") || login.session.ends_with(":root"))
    {
        let fact = format!("profile '{}' is signed in as {}", plan.profile_name(), login.session);
        return Err(Error::new(format!("{fact}, and the console accepts only roles")).advise(
            "add --role-arn ARN, or open the console without aws-auth: the browser has signed in to it already",
        ));
    }
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
    Err(Error::new(format!("{fact}, and the console accepts only roles")).advise(
        "name a profile with a role_arn, add --role-arn ARN, or say with --policy or --read-only what these keys may do \
         there",
    ))
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
