//! The caches: role credentials under the AWS CLI's key in the AWS CLI's directory, and aws-auth's own entries and MFA
//! sessions in its own (SEMANTICS, "The AWS CLI's role cache"; DESIGN, "Role cache").
//!
//! Whatever cannot be used is a miss. A failure to write is said once and stops nothing.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::arn::RoleArn;
use crate::credentials::{Credentials, Seconds, Secret, iso8601, parse_iso8601};
use crate::env::snapshot::Snapshot;
use crate::messages::Messages;
use crate::plan::base::Base;
use crate::plan::resolve::{Acquisition, Role, Session};
use crate::system::private_files;

/// Where entries are, and whether they are read and written.
pub struct Store {
    cli: Option<PathBuf>,
    state: Option<PathBuf>,
    home: Option<PathBuf>,
    /// Nothing is read or written, as was asked for.
    off: bool,
}

/// Credentials from a cache.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The credentials; their expiration is known.
    pub credentials: Credentials,
    /// When they end.
    pub expiration: Seconds,
    /// How long they live in all, in seconds, as far as it is known.
    pub length: Seconds,
}

impl Entry {
    /// Seconds left at `now`.
    pub fn left(&self, now: Seconds) -> Seconds {
        self.expiration - now
    }
}

/// An MFA session as it is kept.
#[derive(Debug, Clone)]
pub struct KeptSession {
    /// Its credentials.
    pub entry: Entry,
    /// When STS gave it.
    pub issued: Seconds,
    /// The requests that it was refused for, by their keys: a newer code was of no help.
    pub refused: Vec<String>,
}

/// What the AWS CLI writes and reads.
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
    expiration: Cow<'a, str>,
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
struct SessionFile<'a> {
    #[serde(borrow)]
    credentials: KeysFile<'a>,
    #[serde(borrow)]
    base_access_key_id: Cow<'a, str>,
    #[serde(borrow)]
    serial_number: Cow<'a, str>,
    #[serde(borrow)]
    sts: Cow<'a, str>,
    #[serde(borrow)]
    issued_at: Cow<'a, str>,
    #[serde(default)]
    refused: Vec<String>,
}

/// Role credentials as STS gave them.
pub struct Assumed {
    /// The credentials.
    pub credentials: Credentials,
    /// AssumedRoleUser.Arn.
    pub arn: String,
    /// AssumedRoleUser.AssumedRoleId.
    pub id: Option<String>,
}

impl Store {
    /// The places of this run; without any when nothing is to be read or written.
    pub fn new(snapshot: &Snapshot, no_cache: bool) -> Self {
        if no_cache {
            return Self { cli: None, state: None, home: snapshot.home(), off: true };
        }
        Self { cli: snapshot.cli_cache_dir(), state: snapshot.state_dir(), home: snapshot.home(), off: false }
    }

    /// aws-auth's own directory; `None` when nothing is kept.
    pub fn state(&self) -> Option<&PathBuf> {
        self.state.as_ref()
    }

    /// The AWS CLI's directory of role credentials; `None` when nothing is kept.
    pub(crate) fn cli(&self) -> Option<&PathBuf> {
        self.cli.as_ref()
    }

    /// Whether anything may be written: not into a home directory that is another user's (sudo keeps HOME on some
    /// systems, and would leave files there that their owner cannot read).
    pub fn writable(&self) -> bool {
        use std::os::unix::fs::MetadataExt as _;
        let Some(home) = &self.home else { return self.state.is_some() };
        home.metadata().map_or(true, |about| about.uid() == rustix::process::geteuid().as_raw())
    }

    /// Why nothing will be kept, when nobody asked for that.
    pub fn keeps_nothing(&self) -> Option<String> {
        match &self.home {
            _ if self.off || (self.state.is_some() && self.writable()) => None,
            Some(home) => Some(format!("the home directory {} is another user's", home.display())),
            None => Some(String::from("there is no home directory (HOME is not set)")),
        }
    }

    /// The path of a role's entry.
    pub fn role_path(&self, plan: &Acquisition, at: usize) -> Option<PathBuf> {
        let role = plan.roles.get(at)?;
        if role.shared {
            Some(self.cli.as_ref()?.join(format!("{}.json", cli_key(role))))
        } else {
            Some(self.state.as_ref()?.join(format!("role-{}.json", own_key(plan, at))))
        }
    }

    /// The cached credentials of a role, fresh or not (but not ended at `now`).
    pub fn role(&self, plan: &Acquisition, at: usize, now: Seconds) -> Option<Entry> {
        let role = plan.roles.get(at)?;
        let contents = private_files::read(&self.role_path(plan, at)?)?;
        let file: RoleFile<'_> = serde_json::from_slice(&contents.bytes).ok()?;
        if !role.arn.is_role_of(&file.user.arn) {
            return None;
        }
        entry(&file.credentials, contents.written, role.length(), Some(&role.arn)).filter(|entry| entry.left(now) > 0)
    }

    /// Keeps a role's credentials.
    pub fn keep_role(&self, plan: &Acquisition, at: usize, assumed: &Assumed, messages: &Messages) {
        let Some(path) = self.role_path(plan, at) else { return };
        let Some(file) = keys_file(&assumed.credentials) else { return };
        let file = RoleFile { credentials: file, user: user_file(assumed) };
        self.keep(&path, &file, messages);
    }

    /// The path of an MFA session.
    pub fn session_path(&self, plan: &Acquisition, session: &Session) -> Option<PathBuf> {
        let key = session_key(plan, session)?;
        Some(self.state.as_ref()?.join(format!("session-{key}.json")))
    }

    /// The MFA session that is kept for this plan, fresh or not (but not ended at `now`).
    pub fn session(&self, plan: &Acquisition, session: &Session, now: Seconds) -> Option<KeptSession> {
        if !session.kept {
            return None;
        }
        let contents = private_files::read(&self.session_path(plan, session)?)?;
        let file: SessionFile<'_> = serde_json::from_slice(&contents.bytes).ok()?;
        let fits = Some(&*file.base_access_key_id) == plan.base.long_term_key()
            && file.serial_number == session.serial.as_str()
            && file.sts == plan.sts.identity();
        if !fits {
            return None;
        }
        let issued = parse_iso8601(&file.issued_at)?;
        let entry = entry(&file.credentials, issued, Seconds::MAX, None)?;
        // A session from the future is a clock that was set back; its age would never end.
        (entry.left(now) > 0 && issued <= now + 60).then(|| KeptSession {
            entry,
            issued,
            refused: file.refused.clone(),
        })
    }

    /// Keeps an MFA session in the place of the one before it.
    pub fn keep_session(&self, plan: &Acquisition, session: &Session, kept: &KeptSession, messages: &Messages) {
        let (Some(path), Some(base)) = (self.session_path(plan, session), plan.base.long_term_key()) else { return };
        let Some(credentials) = keys_file(&kept.entry.credentials) else { return };
        let file = SessionFile {
            credentials,
            base_access_key_id: Cow::Borrowed(base),
            serial_number: Cow::Borrowed(session.serial.as_str()),
            sts: Cow::Borrowed(plan.sts.identity()),
            issued_at: Cow::Owned(iso8601(kept.issued)),
            refused: kept.refused.clone(),
        };
        self.keep(&path, &file, messages);
    }

    /// Forgets the MFA session of a plan.
    pub fn drop_session(&self, plan: &Acquisition, session: &Session) {
        if let (true, Some(path)) = (self.writable(), self.session_path(plan, session)) {
            let _ = std::fs::remove_file(path);
        }
    }

    /// The AWS CLI's directory; `None` when nothing is kept.
    pub fn shared(&self) -> Option<&PathBuf> {
        self.cli.as_ref()
    }

    /// Removes sessions and role entries of our own that have ended, and what killed runs left half written. Called when
    /// a session is made, not on every run.
    pub fn sweep(&self, now: Seconds) {
        #[derive(Deserialize)]
        struct Ended<'a> {
            #[serde(rename = "Credentials", borrow)]
            credentials: KeysFile<'a>,
        }
        if !self.writable() {
            return;
        }
        let dirs = [&self.state, &self.cli].into_iter().flatten();
        for path in dirs.flat_map(|dir| private_files::list(dir).unwrap_or_default()) {
            let own = path.parent() == self.state.as_deref();
            let gone = match Kept::of(&path) {
                Some(Kept::Credentials) if own => private_files::read(&path).is_some_and(|contents| {
                    serde_json::from_slice::<Ended<'_>>(&contents.bytes)
                        .ok()
                        .and_then(|file| parse_iso8601(&file.credentials.expiration))
                        .is_some_and(|end| end <= now)
                }),
                // Writing takes no minute.
                Some(Kept::HalfWritten) => {
                    private_files::read(&path).is_some_and(|contents| contents.written + 60 < now)
                }
                _ => false,
            };
            if gone {
                let _ = std::fs::remove_file(path);
            }
        }
    }

    /// Writes an entry, or says once that it cannot be written.
    pub(crate) fn keep(&self, path: &std::path::Path, file: &impl Serialize, messages: &Messages) {
        if !self.writable() {
            messages.step(|| String::from("the home directory is another user's; nothing is kept"));
            return;
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
        let written = serde_json::to_writer(&mut *bytes, file)
            .map_err(std::io::Error::from)
            .and_then(|()| private_files::write(path, &bytes));
        if let Err(error) = written {
            messages.cache_failure(&format!(
                "cannot keep credentials in {} ({}); the next run will ask again",
                path.display(),
                crate::error::io_words(&error)
            ));
        }
    }
}

/// What a file of our own is, as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// A session or role entry.
    Credentials,
    /// The codes that a device has sent.
    Codes,
    /// What a run that was killed left behind.
    HalfWritten,
}

impl Kept {
    /// `None` for a file that cannot be told to be ours.
    pub fn of(path: &std::path::Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let keyed = |prefix: &str| {
            name.strip_prefix(prefix)
                .and_then(|rest| rest.strip_suffix(".json"))
                .is_some_and(|key| key.len() == 40 && key.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        if keyed("session-") || keyed("role-") {
            Some(Self::Credentials)
        } else if keyed("codes-") {
            Some(Self::Codes)
        } else {
            (name.starts_with(private_files::HALF.0) && name.ends_with(private_files::HALF.1))
                .then_some(Self::HalfWritten)
        }
    }
}

/// The credentials in a file; `None` when they cannot be used. `written` is when they were made, `nominal` how long
/// they were asked for.
pub(crate) fn entry(file: &KeysFile<'_>, written: Seconds, nominal: Seconds, role: Option<&RoleArn>) -> Option<Entry> {
    let expiration = parse_iso8601(&file.expiration)?;
    if file.access_key_id.is_empty() || file.secret_access_key.is_empty() || file.session_token.is_empty() {
        return None;
    }
    // STS may give less than was asked for; the file's own time tells. A copied file can only look shorter.
    let length = if expiration > written { nominal.min(expiration - written) } else { nominal };
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

/// Credentials as they are written; `None` for those without a token and an end.
pub(crate) fn keys_file(credentials: &Credentials) -> Option<KeysFile<'_>> {
    Some(KeysFile {
        access_key_id: Cow::Borrowed(&credentials.access_key_id),
        secret_access_key: Cow::Borrowed(credentials.secret_access_key.expose()),
        session_token: Cow::Borrowed(credentials.session_token.as_ref()?.expose()),
        expiration: Cow::Owned(iso8601(credentials.expiration?)),
        account_id: credentials.account_id.as_deref().map(Cow::Borrowed),
    })
}

/// AssumedRoleUser as it is written.
pub(crate) fn user_file(assumed: &Assumed) -> UserFile<'_> {
    UserFile { assumed_role_id: assumed.id.as_deref().map(Cow::Borrowed), arn: Cow::Borrowed(&assumed.arn) }
}

/// The AWS CLI's key of a role: SHA-1 of its parameters as Python's json.dumps(…, sort_keys=True) writes them.
pub fn cli_key(role: &Role) -> String {
    hex_sha1(&cli_parameters(role))
}

fn cli_parameters(role: &Role) -> String {
    parameters(
        role.duration,
        role.external_id.as_deref(),
        role.arn.as_str(),
        role.session_name.as_deref(),
        role.serial.as_ref().map(crate::arn::Serial::as_str),
    )
}

/// The AWS CLI's key of these parameters.
pub(crate) fn parameters_key(
    duration: Option<Seconds>,
    external_id: Option<&str>,
    arn: &str,
    session_name: Option<&str>,
    serial: Option<&str>,
) -> String {
    hex_sha1(&parameters(duration, external_id, arn, session_name, serial))
}

fn parameters(
    duration: Option<Seconds>,
    external_id: Option<&str>,
    arn: &str,
    session_name: Option<&str>,
    serial: Option<&str>,
) -> String {
    let mut json = String::with_capacity(256);
    json.push('{');
    if let Some(duration) = duration {
        let _ = write!(json, "\"DurationSeconds\": {duration}, ");
    }
    let texts = [
        ("ExternalId", external_id),
        ("RoleArn", Some(arn)),
        ("RoleSessionName", session_name),
        ("SerialNumber", serial),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            let _ = write!(json, "\"{name}\": ");
            push_json_text(&mut json, text);
            json.push_str(", ");
        }
    }
    json.truncate(json.len() - 2);
    json.push('}');
    json
}

/// A JSON text as Python writes it with ensure_ascii: everything outside printable ASCII as `\uXXXX`.
pub(crate) fn push_json_text(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            '\u{8}' => json.push_str("\\b"),
            '\u{c}' => json.push_str("\\f"),
            ' '..='~' => json.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(json, "\\u{unit:04x}");
                }
            }
        }
    }
    json.push('"');
}

/// The key of an entry of our own: the base's access key id, every hop's parameters, the serial and the STS.
fn own_key(plan: &Acquisition, at: usize) -> String {
    let mut text = String::with_capacity(512);
    text.push_str(match &plan.base {
        Base::Static { access_key_id, .. } | Base::Environment { access_key_id, .. } => access_key_id,
        Base::Provider { profile, .. } => profile.as_deref().unwrap_or_default(),
    });
    for role in plan.roles.iter().take(at + 1) {
        text.push('\n');
        text.push_str(&cli_parameters(role));
    }
    text.push('\n');
    if let Some(session) = &plan.session {
        text.push_str(session.serial.as_str());
    }
    if let Some(crate::plan::resolve::Mfa::Code(serial)) = plan.roles.get(at).map(|role| &role.mfa) {
        text.push_str(serial.as_str());
    }
    text.push('\n');
    text.push_str(plan.sts.identity());
    hex_sha1(&text)
}

/// The key of an MFA session: access key id, serial, STS.
fn session_key(plan: &Acquisition, session: &Session) -> Option<String> {
    let base = plan.base.long_term_key()?;
    Some(hex_sha1(&format!("{base}\n{}\n{}", session.serial.as_str(), plan.sts.identity())))
}

/// SHA-1 in lower-case hexadecimal.
pub fn hex_sha1(text: &str) -> String {
    // The sha1 crate asks the processor first whether it has instructions for this (see `bytes` for what that costs).
    sha1_smol::Sha1::from(text).digest().to_string()
}

#[cfg(test)]
mod tests;
