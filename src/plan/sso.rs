//! Profiles of IAM Identity Center: an account, a role, and the portal that gives their credentials for a token
//! (docs/profiles.md, "Resolving a profile"). Settings are missing if they are missing to botocore's SSOProvider.

use crate::config::profiles::{Profile, ProfileSet};
use crate::config::value::{Location, Value};
use crate::error::{Error, Result};
use crate::plan::endpoints::Service;
use crate::region::Region;
use crate::request::Request;
use crate::text::url::host;

/// Role credentials of IAM Identity Center.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sso {
    /// The `[sso-session NAME]`; `None` for a legacy profile, whose token is never renewed.
    pub session: Option<String>,
    /// The portal's address, as people open it.
    pub start_url: String,
    /// The address that the service knows: the start URL, unless that is of the customer's own domain and leads there.
    pub issuer_url: String,
    /// Whether the files name the region. Otherwise the services have a placeholder, until the start URL was asked.
    pub has_region: bool,
    /// The scopes of `sso_registration_scopes`. If there are none, the login uses a default.
    pub scopes: Vec<String>,
    /// The number of the AWS account.
    pub account_id: String,
    /// The permission set's role.
    pub role_name: String,
    /// The service that gives the role's credentials for a token.
    pub portal: Service,
    /// The service that issues and renews tokens.
    pub oidc: Service,
}

impl Sso {
    /// The text whose SHA-1 is the name of the token's file in the AWS CLI's cache.
    pub fn token_name(&self) -> &str {
        self.session.as_deref().unwrap_or(&self.start_url)
    }

    /// Whether the start URL is of the customer's own domain, and only leads to IAM Identity Center.
    pub fn is_vanity(&self) -> bool {
        !is_of_aws(host(&self.start_url))
    }

    /// The settings with the services of another region.
    #[must_use]
    pub fn in_region(&self, region: &Region) -> Self {
        let mut sso = self.clone();
        sso.portal.region = region.clone();
        sso.oidc.region = region.clone();
        sso
    }

    /// The login of `[sso-session NAME]`, without an account and a role. Endpoints are those of `chosen`.
    ///
    /// # Errors
    /// Returns an error if there is no such section, it lacks a key, or one of its settings cannot be read.
    pub fn of_login(
        set: &ProfileSet<'_>,
        request: &Request<'_>,
        name: &str,
        chosen: Option<&Profile<'_>>,
    ) -> Result<Self> {
        let Some(section) = set.sso_session(name) else {
            return Err(Error::new(format!("there is no section [sso-session {name}]"))
                .advise("add it to the config file; 'aws configure sso-session' asks for what it needs"));
        };
        let place = set.place(section.at());
        let [start_url, region] = ["sso_start_url", "sso_region"].map(|key| section.get(key));
        let is_set = |value: &Value<'_>| !value.text.is_empty();
        let lacks = |key: &str| {
            Error::new(format!("{place}: [sso-session {name}] has no {key}"))
                .advise("it needs sso_start_url and sso_region; 'aws configure sso-session' asks for them")
        };
        let start_url = start_url.filter(is_set).ok_or_else(|| lacks("sso_start_url"))?;
        crate::arn::refuse_placeholder("sso_start_url", &start_url.text, &set.place(start_url.at))?;
        let region = region.filter(is_set);
        let has_region = region.is_some();
        let region = match region {
            Some(region) => Region::parse(&region.text, set.place_if_needed(region.at))?,
            // A start URL of the customer's own domain leads to the region.
            None if start_url.text.starts_with("https://") && !is_of_aws(host(&start_url.text)) => {
                Region::default_of("aws")
            }
            None => return Err(lacks("sso_region")),
        };
        let service = |name, id| Service::new(set, chosen, request, (name, id), region.clone());
        Ok(Self {
            session: Some(name.to_owned()),
            issuer_url: start_url.text.clone().into_owned(),
            start_url: start_url.text.into_owned(),
            has_region,
            scopes: scopes(set, Some(name)),
            account_id: String::new(),
            role_name: String::new(),
            portal: service("the SSO portal", "sso")?,
            oidc: service("SSO OIDC", "sso_oidc")?,
        })
    }

    /// The SSO settings of a profile. `None` if it names neither an account nor a role: `sso_session` alone names a
    /// token and no credentials. Endpoints are those of `chosen`.
    pub(crate) fn of_profile(
        set: &ProfileSet<'_>,
        request: &Request<'_>,
        profile: &Profile<'_>,
        chosen: &Profile<'_>,
    ) -> Result<Option<(Self, Location)>> {
        let [account, role] = ["sso_account_id", "sso_role_name"].map(|key| profile.get(key));
        let Some(at) = account.as_ref().or(role.as_ref()).map(|value| value.at) else { return Ok(None) };
        let session = profile.get("sso_session");
        let [start_url, region] = match &session {
            None => ["sso_start_url", "sso_region"].map(|key| profile.get(key)),
            Some(name) => of_session(set, profile, name)?,
        };
        // A start URL of the customer's own domain leads to the region.
        let may_lack_region =
            start_url.as_ref().is_some_and(|url| url.text.starts_with("https://") && !is_of_aws(host(&url.text)));
        let missing: Vec<&str> = [
            ("sso_role_name", &role),
            ("sso_account_id", &account),
            ("sso_start_url", &start_url),
            ("sso_region", &region),
        ]
        .into_iter()
        .filter_map(|(key, value)| value.as_ref().is_none_or(|value| value.text.is_empty()).then_some(key))
        .filter(|key| *key != "sso_region" || !may_lack_region)
        .collect();
        let (Some(account), Some(role), Some(start_url), []) = (account, role, start_url, missing.as_slice()) else {
            return Err(incomplete(set, profile, session.as_ref(), at, &missing));
        };
        for (key, value) in [("sso_account_id", &account), ("sso_role_name", &role), ("sso_start_url", &start_url)] {
            crate::arn::refuse_placeholder(key, &value.text, &set.place(value.at))?;
        }
        let region = region.filter(|region| !region.text.is_empty());
        let has_region = region.is_some();
        let region = match region {
            Some(region) => Region::parse(&region.text, set.place_if_needed(region.at))?,
            None => Region::default_of("aws"),
        };
        let service = |name, id| Service::new(set, Some(chosen), request, (name, id), region.clone());
        let scopes = scopes(set, session.as_ref().map(|name| &*name.text));
        let sso = Self {
            scopes,
            session: session.map(|name| name.text.into_owned()),
            issuer_url: start_url.text.clone().into_owned(),
            start_url: start_url.text.into_owned(),
            has_region,
            account_id: account.text.into_owned(),
            role_name: role.text.into_owned(),
            portal: service("the SSO portal", "sso")?,
            oidc: service("SSO OIDC", "sso_oidc")?,
        };
        Ok(Some((sso, at)))
    }
}

/// The scopes of `sso_registration_scopes` of a session.
fn scopes(set: &ProfileSet<'_>, session: Option<&str>) -> Vec<String> {
    let scopes = session.and_then(|name| set.sso_session(name)?.get("sso_registration_scopes"));
    let scopes = scopes.map(|scopes| scopes.text.into_owned()).unwrap_or_default();
    scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(String::from).collect()
}

/// Whether this is a name of IAM Identity Center (the list of AWS CLI 2.36).
pub fn is_of_aws(host: &str) -> bool {
    const EXACT: [&str; 4] = [
        "identitycenter.amazonaws.com",
        "identitycenter.amazonaws.com.cn",
        "identitycenter.amazonaws.eu",
        "identitycenter.us-gov.amazonaws.com",
    ];
    const DOMAINS: [&str; 8] = [
        "app.aws",
        "portal.amazonaws.com",
        "portal.amazonaws.com.cn",
        "app.amazonwebservices.com.cn",
        "portal.amazonaws.eu",
        "api.amazonwebservices.eu",
        "awsapps.com",
        "awsapps.cn",
    ];
    let host = host.to_ascii_lowercase();
    let host = host.trim_end_matches('.');
    EXACT.contains(&host)
        || DOMAINS
            .iter()
            .any(|domain| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// The region in a name of IAM Identity Center: `ID.portal.REGION.app.aws`, `ID.REGION.portal.amazonaws.com` and their
/// like in other partitions.
pub fn region_of(host: &str) -> Option<Region> {
    const BEFORE_PORTAL: [&str; 3] = ["portal.amazonaws.com", "portal.amazonaws.com.cn", "portal.amazonaws.eu"];
    const AFTER_PORTAL: [&str; 3] = ["app.aws", "app.amazonwebservices.com.cn", "api.amazonwebservices.eu"];
    let host = host.to_ascii_lowercase();
    let host = host.trim_end_matches('.');
    let labels = |domain: &&str| Some(host.strip_suffix(*domain)?.strip_suffix('.')?.split('.').collect::<Vec<_>>());
    let before = BEFORE_PORTAL.iter().find_map(labels).and_then(|labels| match labels.as_slice() {
        [_, region] => Some((*region).to_owned()),
        _ => None,
    });
    let after = || {
        AFTER_PORTAL.iter().find_map(labels).and_then(|labels| match labels.as_slice() {
            [_, "portal", region] => Some((*region).to_owned()),
            _ => None,
        })
    };
    Region::parse(&before.or_else(after)?, "").ok()
}

/// `sso_start_url` and `sso_region` of a session. A key that the profile repeats must have the same value.
fn of_session<'a>(set: &ProfileSet<'a>, profile: &Profile<'a>, name: &Value<'_>) -> Result<[Option<Value<'a>>; 2]> {
    let Some(session) = set.sso_session(&name.text) else {
        return Err(Error::new(format!(
            "{}: profile '{}' names the sso_session '{}', but there is no section [sso-session {}]",
            set.place(name.at),
            profile.name,
            name.text,
            name.text
        ))
        .advise("add that section to the config file ('aws configure sso-session' does it), or correct the name"));
    };
    for (key, value) in session.entries() {
        if let Some(own) = profile.get(&key)
            && own.text != value.text
        {
            return Err(Error::new(format!(
                "{}: profile '{}' has a different {key} than its [sso-session {}] ({})",
                set.place(own.at),
                profile.name,
                name.text,
                set.place(value.at)
            ))
            .advise("remove the one in the profile"));
        }
    }
    Ok(["sso_start_url", "sso_region"].map(|key| session.get(key)))
}

fn incomplete(
    set: &ProfileSet<'_>,
    profile: &Profile<'_>,
    session: Option<&Value<'_>>,
    at: Location,
    missing: &[&str],
) -> Error {
    let in_session = missing.iter().all(|key| matches!(*key, "sso_start_url" | "sso_region"));
    let names = missing.join(" and no ");
    match session {
        Some(name) if in_session => {
            let place = set.sso_session(&name.text).map_or(name.at, |session| session.at());
            Error::new(format!(
                "{}: [sso-session {}] of profile '{}' has no {names}",
                set.place(place),
                name.text,
                profile.name
            ))
            .advise("it needs sso_start_url and sso_region; 'aws configure sso-session' asks for them")
        }
        _ => Error::new(format!("{}: profile '{}' uses SSO but has no {names}", set.place(at), profile.name))
            .advise("'aws configure sso' asks for all of them"),
    }
}
