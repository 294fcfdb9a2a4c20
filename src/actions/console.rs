//! Signing in to the console as the role: the federation endpoint gives a token for the credentials, and a link with
//! the token signs in whoever opens it within fifteen minutes. The link is a secret: it is printed only when somebody
//! asks for that, and never said, logged or put into another program's arguments.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use crate::acquire::identity::identity;
use crate::arn::RoleArn;
use crate::aws::http;
use crate::cli::console_services;
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Result};
use crate::messages::print;
use crate::plan::base::Base;
use crate::plan::endpoints::Service;
use crate::plan::model::{Acquisition, Mfa};
use crate::plan::resolve;
use crate::region::Region;
use crate::system::browser;
use crate::text::percent::encoded;

/// What is signed in with.
pub struct Session<'a> {
    /// How the credentials were got.
    pub plan: &'a Acquisition,
    /// The credentials.
    pub credentials: &'a Credentials,
    /// Whether this very run got them from STS.
    pub by_this_run: bool,
}

/// The hosts of a partition's console.
struct Place {
    region: Region,
    partition: &'static str,
}

/// Signs in, and opens the browser, or prints the link with `--no-browser`.
///
/// # Errors
/// Credentials that are no role's, a partition without a console, a sign-in that is refused, no browser.
#[cold]
pub fn open(session: &Session<'_>, service: Option<&console_services::Service>, context: &Context<'_>) -> Result<u8> {
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
    browser::open(&link, context.snapshot, &mut || {})?;
    context.messages.say(&format!("{} is open in the browser", whose(session.plan)));
    Ok(0)
}

/// Who is signed in, for a message.
fn whose(plan: &Acquisition) -> String {
    let profile = plan.profile_name();
    match plan.roles.last() {
        Some(role) => format!("{profile}: the console as role {}", role.arn.as_str()),
        None => format!("{profile}: the console"),
    }
}

/// Refuses a plan whose result is no role's: known without a call.
///
/// # Errors
/// The reason.
#[cold]
pub fn refuse_without_role(plan: &Acquisition) -> Result<()> {
    if !plan.roles.is_empty() || plan.base.is_provider() {
        return Ok(());
    }
    let profile = plan.profile_name();
    let fact = match (&plan.base, &plan.session) {
        // Whose temporary keys these are, only STS knows.
        (Base::Environment { temporary: true, .. }, _) => return Ok(()),
        (Base::Environment { .. }, _) => String::from("the keys in the environment are a user's"),
        (_, Some(_)) => format!("profile '{profile}' gives a user's MFA session"),
        (_, None) => format!("profile '{profile}' gives a user's keys"),
    };
    Err(Error::new(format!("{fact}, and the console lets in only roles"))
        .advise("name a profile with a role_arn, add --role-arn ARN, or sign in by password"))
}

/// Temporary keys of the environment, or of a process, may be a user's session, which the sign-in refuses without
/// saying why.
fn refuse_keys(session: &Session<'_>, context: &Context<'_>) -> Result<()> {
    let users = |whose: &str| {
        Err(Error::new(format!("these credentials are {whose}, and the console lets in only roles"))
            .advise("name a profile with a role_arn, add --role-arn ARN, or sign in by password"))
    };
    if session.credentials.session_token.is_none() {
        return users("a user's keys");
    }
    if session.plan.roles.is_empty() && !session.plan.base.is_provider() {
        let identity = identity(session.plan, session.credentials, context)?;
        if !identity.arn.contains(":assumed-role/") && !identity.arn.contains(":federated-user/") {
            return users(&format!("a session of {}", identity.arn));
        }
    }
    Ok(())
}

/// The token that the sign-in gives for the credentials.
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
    let answer = http::get(signin, &url)?;
    if answer.status != 200 {
        return Err(Error::new(format!("{} refused these credentials (status {})", signin.place(), answer.status))
            .advise("it takes those of a role that have not expired; try --refresh, and check the region"));
    }
    let given: Given = serde_json::from_slice(&answer.body).map_err(|_| {
        Error::new(format!("{} answered with something that is not a sign-in token", signin.place()))
            .advise("check any configured endpoint, and whether a proxy or a captive portal stands in between")
    })?;
    Ok(Zeroizing::new(given.signin_token))
}

/// How long the console stays signed in, in seconds: said only for a role that this run assumed directly with
/// long-term keys. For all others the sign-in answers 400 to it, and lets them stay as long as their credentials last;
/// a cache does not tell how its entry was got.
fn duration(session: &Session<'_>) -> Option<i64> {
    let plan = session.plan;
    match plan.roles.as_slice() {
        [role] if session.by_this_run && plan.base.long_term_key().is_some() && role.mfa != Mfa::Session => {
            Some(role.length().as_seconds())
        }
        _ => None,
    }
}

impl Place {
    /// The partition is the role's, else the region's; a region of another partition does not count.
    fn of(plan: &Acquisition) -> Result<Self> {
        let region = &plan.sts.region.value;
        let named = plan.roles.last().map_or_else(|| region.partition(), |role| role.arn.partition());
        let partition = known(named)?;
        let fits = region.partition() == partition && region.as_str() != "aws-global";
        Ok(Self { region: if fits { region.clone() } else { Region::default_of(partition) }, partition })
    }

    /// The host of the federation endpoint.
    fn signin(&self) -> String {
        match self.partition {
            "aws" => format!("{}.signin.aws.amazon.com", self.region),
            other => general_signin(other).to_owned(),
        }
    }

    /// The page of a service, or the console's first one.
    fn page(&self, service: Option<&console_services::Service>) -> String {
        let path = service.map_or("console/home", |service| service.path);
        let regional = service.is_none_or(|service| service.regional);
        let region = if regional { self.region.clone() } else { Region::default_of(self.partition) };
        let host = match self.partition {
            "aws-cn" => String::from("console.amazonaws.cn"),
            "aws-us-gov" => String::from("console.amazonaws-us-gov.com"),
            _ => format!("{region}.console.aws.amazon.com"),
        };
        match path.split_once('#') {
            Some((path, inner)) => format!("https://{host}/{path}?region={region}#{inner}"),
            None => format!("https://{host}/{path}?region={region}"),
        }
    }
}

/// The partitions whose console is known.
fn known(partition: &str) -> Result<&'static str> {
    ["aws", "aws-cn", "aws-us-gov"].into_iter().find(|known| *known == partition).ok_or_else(|| {
        Error::new(format!("aws-auth knows no console of the partition {partition}"))
            .advise("it knows those of aws, aws-cn and aws-us-gov")
    })
}

/// The sign-in that serves every region of a partition.
fn general_signin(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "signin.amazonaws.cn",
        "aws-us-gov" => "signin.amazonaws-us-gov.com",
        _ => "signin.aws.amazon.com",
    }
}

/// The link by which a person who is signed in already switches to the profile's role (`--switch-role-url`). Needs no
/// credentials, and no source that could be had.
///
/// # Errors
/// When there is no such profile, or it has no role that one could switch to.
pub fn switch_role_url(context: &Context<'_>) -> Result<String> {
    let (request, set) = (context.request, context.set);
    let outer = context.snapshot.text("AWS_AUTH_PROFILE")?.filter(|_| request.profile.is_none());
    let name = outer.unwrap_or(request.profile_name());
    let role = match (&request.role.arn, set.profile(name)) {
        (Some(role), _) => role.clone(),
        (None, None) => {
            let missing = resolve::resolve(set, request).err();
            return Err(missing.unwrap_or_else(|| {
                Error::new("there is no profile to switch to").advise("name one with -p or AWS_PROFILE")
            }));
        }
        (None, Some(profile)) => match profile.get("role_arn") {
            Some(role) => RoleArn::parse(&role.text, &set.place(role.at))?,
            None => {
                return Err(Error::new(format!("profile '{name}' has no role_arn, so there is no role to switch to"))
                    .advise("name a profile that has one, or add --role-arn ARN"));
            }
        },
    };
    let host = general_signin(known(role.partition())?);
    Ok(format!(
        "https://{host}/switchrole?account={}&roleName={}&displayName={}\n",
        role.account(),
        encoded(role.path_and_name()).as_str(),
        encoded(name).as_str()
    ))
}
