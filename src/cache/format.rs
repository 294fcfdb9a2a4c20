//! The formats of cache files: the AWS CLI's for roles (docs/profiles.md, "The AWS CLI's role cache"), and that of MFA
//! sessions.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::arn::RoleArn;
use crate::cache::entry::{Assumed, Entry};
use crate::credentials::{Credentials, Secret};
use crate::time::{Length, Timestamp};

/// A role's file, as the AWS CLI writes and reads it.
#[derive(Serialize, Deserialize)]
pub(crate) struct RoleFile<'a> {
    #[serde(rename = "Credentials", borrow)]
    pub(crate) credentials: KeysFile<'a>,
    #[serde(rename = "AssumedRoleUser", borrow)]
    pub(crate) user: UserFile<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeysFile<'a> {
    #[serde(borrow)]
    access_key_id: Cow<'a, str>,
    #[serde(borrow)]
    secret_access_key: Cow<'a, str>,
    #[serde(borrow)]
    session_token: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) expiration: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(crate) account_id: Option<Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserFile<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    assumed_role_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) arn: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SessionFile<'a> {
    #[serde(borrow)]
    pub(crate) credentials: KeysFile<'a>,
    #[serde(borrow)]
    pub(crate) base_access_key_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) serial_number: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) sts: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) issued_at: Cow<'a, str>,
    #[serde(default)]
    pub(crate) refused: Vec<String>,
}

/// The credentials in a file; `None` if they cannot be used. `length` is the lifetime that was requested: STS gives
/// that or refuses. The file's modification time is not used, because copying the file changes it.
pub(crate) fn entry(file: &KeysFile<'_>, length: Length, role: Option<&RoleArn>) -> Option<Entry> {
    let expiration = Timestamp::parse(&file.expiration)?;
    if file.access_key_id.is_empty() || file.secret_access_key.is_empty() || file.session_token.is_empty() {
        return None;
    }
    let parts = [&file.access_key_id, &file.secret_access_key, &file.session_token];
    if parts.into_iter().chain(&file.account_id).any(|text| has_control(text)) {
        return None;
    }
    let account_id =
        file.account_id.as_deref().map(String::from).or_else(|| role.map(|role| role.account().to_owned()));
    let credentials = Credentials {
        access_key_id: file.access_key_id.clone().into_owned(),
        secret_access_key: Secret::new(file.secret_access_key.clone().into_owned()),
        session_token: Some(Secret::new(file.session_token.clone().into_owned())),
        expiration: Some(expiration),
        account_id,
    };
    Some(Entry { credentials, expiration, length })
}

/// Whether the text contains a control character. No credentials do: a NUL byte cannot be in a variable, and a line end
/// would start a new line in a file. The loop does not stop early, so that the compiler can vectorise it.
fn has_control(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | byte.is_ascii_control())
}

/// Credentials in the form of a file; `None` if they have no session token or no expiration.
pub(crate) fn keys_file(credentials: &Credentials) -> Option<KeysFile<'_>> {
    Some(KeysFile {
        access_key_id: Cow::Borrowed(&credentials.access_key_id),
        secret_access_key: Cow::Borrowed(credentials.secret_access_key.expose()),
        session_token: Cow::Borrowed(credentials.session_token.as_ref()?.expose()),
        expiration: Cow::Owned(credentials.expiration?.iso8601()),
        account_id: credentials.account_id.as_deref().map(Cow::Borrowed),
    })
}

/// AssumedRoleUser in the form of a file.
pub(crate) fn user_file(assumed: &Assumed) -> UserFile<'_> {
    UserFile { assumed_role_id: assumed.id.as_deref().map(Cow::Borrowed), arn: Cow::Borrowed(&assumed.arn) }
}
