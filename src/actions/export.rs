//! `--export`: printing the credentials for a shell, for docker or as a `credential_process`.

use crate::acquire::obtain::Obtained;
use crate::actions::credentials::{self, Purpose};
use crate::actions::script::script;
use crate::cli::formats::Format;
use crate::command::{environment, old_configs};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::Result;
use crate::messages::print;
use crate::plan::model::Plan;
use crate::plan::resolve;

const PURPOSE: Purpose = Purpose { with_credentials: "export", with_profile: "export the credentials of" };

/// Prints the profile's credentials, or the keys in the environment if they pass through.
///
/// # Errors
/// Returns an error if there are none, they cannot be obtained, or a value cannot be written in the format.
pub fn export(context: &Context<'_>, format: Format) -> Result<u8> {
    let (snapshot, request) = (context.snapshot, context.request);
    let plan = match resolve::resolve(context.set, request)? {
        Plan::Acquire(plan) => plan,
        Plan::PassThrough if format == Format::Json => credentials::of_environment(context, &PURPOSE)?,
        Plan::PassThrough => return print(&script(format, &environment::pass_through(snapshot, request)?)?),
        Plan::Ambient { profile } => return Err(credentials::no_credentials(&PURPOSE, profile.as_deref())),
    };
    let config = if format == Format::Json { None } else { credentials::private_config(context, &plan)? };
    let Obtained { credentials, .. } = credentials::get(context, &plan, None)?;
    if format == Format::Json {
        old_configs::note_renewal(snapshot);
        return print(&json(&credentials));
    }
    print(&script(format, &environment::changes(snapshot, request, &plan, &credentials, config.as_ref())?)?)
}

/// The credentials in the format of a `credential_process`.
fn json(credentials: &Credentials) -> String {
    let mut object = serde_json::Map::new();
    object.insert(String::from("Version"), 1.into());
    object.insert(String::from("AccessKeyId"), credentials.access_key_id.as_str().into());
    object.insert(String::from("SecretAccessKey"), credentials.secret_access_key.expose().into());
    if let Some(token) = &credentials.session_token {
        object.insert(String::from("SessionToken"), token.expose().into());
    }
    if let Some(end) = credentials.expiration {
        object.insert(String::from("Expiration"), end.iso8601().into());
    }
    if let Some(account) = &credentials.account_id {
        object.insert(String::from("AccountId"), account.as_str().into());
    }
    format!("{}\n", serde_json::Value::Object(object))
}
