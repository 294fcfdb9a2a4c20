//! The credentials that a plan begins with.

use crate::config::ProfileSet;
use crate::credentials::{Credentials, Secret};
use crate::env::Snapshot;
use crate::error::{Error, Result};
use crate::plan::{Base, Provider};

/// Fetches the base's credentials.
///
/// # Errors
/// When they are not where the plan saw them, or the provider gives none.
pub fn fetch(base: &Base, set: &ProfileSet<'_>, snapshot: &Snapshot) -> Result<Credentials> {
    match base {
        Base::Static { profile, file, access_key_id, .. } => {
            let profile = set.profile(profile);
            let text = |key: &str| {
                profile.as_ref().and_then(|profile| profile.get_in(*file, key)).map(|value| value.text.into_owned())
            };
            let token =
                text("aws_session_token").or_else(|| text("aws_security_token")).filter(|token| !token.is_empty());
            let Some(secret) = text("aws_secret_access_key") else { return Err(gone()) };
            Ok(Credentials {
                access_key_id: access_key_id.clone(),
                secret_access_key: Secret::new(secret),
                session_token: token.map(Secret::new),
                expiration: None,
                account_id: text("aws_account_id"),
            })
        }
        Base::Environment { access_key_id, .. } => {
            let token = match snapshot.text("AWS_SESSION_TOKEN")? {
                Some(token) => Some(token),
                None => snapshot.text("AWS_SECURITY_TOKEN")?,
            };
            let Some(secret) = snapshot.text("AWS_SECRET_ACCESS_KEY")? else { return Err(gone()) };
            Ok(Credentials {
                access_key_id: access_key_id.clone(),
                secret_access_key: Secret::new(secret.to_owned()),
                session_token: token.map(|token| Secret::new(token.to_owned())),
                expiration: snapshot.text("AWS_CREDENTIAL_EXPIRATION")?.and_then(crate::credentials::parse_iso8601),
                account_id: snapshot.text("AWS_ACCOUNT_ID")?.map(String::from),
            })
        }
        Base::Provider { kind, profile, at } => {
            let what = match kind {
                Provider::WebIdentity => "web identity",
                Provider::Sso => "IAM Identity Center (SSO)",
                Provider::Process => "credential_process",
                Provider::Login => "login_session",
                Provider::Container => "EcsContainer",
                Provider::Instance => "Ec2InstanceMetadata",
            };
            let place = at.map(|at| format!("{}: ", set.place(at))).unwrap_or_default();
            let whose = profile.as_ref().map(|name| format!(" of profile '{name}'")).unwrap_or_default();
            Err(Error::new(format!(
                "{place}the credentials{whose} come from {what}, which aws-auth does not support yet"
            ))
            .advise("use the AWS CLI's own --profile for this one"))
        }
    }
}

fn gone() -> Error {
    Error::new("the keys that were there a moment ago are gone").advise("try again")
}
