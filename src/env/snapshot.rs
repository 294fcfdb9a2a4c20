//! The snapshot of what the process was started with: its arguments and environment. Nothing else in the crate asks
//! the process for them.
//!
//! The environment is kept as the raw `NAME=value` entries, duplicates and entries without `=` included, for
//! everything that is not ours to change reaches the command byte for byte.

use std::borrow::Cow;
use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::text::bytes::find;

/// One entry of an environment, `NAME=value` as a rule. Those that the process was started with are not copied.
pub type Entry = Cow<'static, CStr>;

/// Arguments and environment at the start.
pub struct Snapshot {
    /// The arguments without the program's own name.
    pub args: Vec<OsString>,
    /// The environment's entries, in their order.
    pub entries: Vec<Entry>,
    /// Finds the path of the program itself; asked only when it is needed.
    pub executable: fn() -> std::io::Result<PathBuf>,
    /// The run above this one whose command renews its credentials by itself, if this is below one.
    pub renewing_command: Option<Box<RenewingCommand>>,
}

/// A command that renews its credentials by itself (`--keep-fresh`), seen from below.
pub struct RenewingCommand {
    /// The command's name, as it was typed.
    pub command: String,
    /// The environment as it was found: with the configuration file that was made for the command.
    pub found: Snapshot,
}

/// The name of an entry: what stands before its first `=`.
pub fn name_of(entry: &[u8]) -> &[u8] {
    let end = find(b'=', entry).unwrap_or(entry.len());
    entry.get(..end).unwrap_or(entry)
}

impl Snapshot {
    /// What the process was started with.
    pub fn new(args: Vec<OsString>, entries: Vec<Entry>, executable: fn() -> std::io::Result<PathBuf>) -> Self {
        Self { args, entries, executable, renewing_command: None }
    }

    /// The environment as it was found, whatever an aws-auth above has put there.
    pub fn found(&self) -> &Self {
        self.renewing_command.as_ref().map_or(self, |above| &above.found)
    }

    /// The environment of a helper program: the variables whose names pass. Of a name that is there twice the first
    /// counts, as for getenv(3): it comes last here.
    pub fn variables(&self, passes: impl Fn(&[u8]) -> bool) -> Vec<(OsString, OsString)> {
        let of_bytes = |bytes| OsStr::from_bytes(bytes).to_owned();
        let entries = self.entries.iter().rev().filter_map(|entry| {
            let bytes = entry.to_bytes();
            let name = name_of(bytes);
            let value = bytes.get(name.len() + 1..)?;
            (!name.is_empty() && passes(name)).then(|| (of_bytes(name), of_bytes(value)))
        });
        entries.collect()
    }

    /// The value of a variable, as getenv(3) gives it: the first entry of that name.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.entries.iter().find_map(|entry| {
            let rest = entry.to_bytes().strip_prefix(name.as_bytes())?;
            rest.strip_prefix(b"=").map(OsStr::from_bytes)
        })
    }

    /// The value of a variable that is set and not empty.
    pub fn non_empty(&self, name: &str) -> Option<&OsStr> {
        self.var(name).filter(|value| !value.is_empty())
    }

    /// The value of a variable that is set and not empty, as text.
    ///
    /// # Errors
    /// When it is not UTF-8: no setting of aws-auth can be.
    pub fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.non_empty(name) {
            None => Ok(None),
            Some(value) => value.to_str().map(Some).ok_or_else(|| Error::new(format!("{name} is not UTF-8 text"))),
        }
    }

    /// Whether a switch variable is on: `1`, `true`, `yes` or `on`.
    ///
    /// # Errors
    /// When it is neither on nor off (`0`, `false`, `no`, `off`, empty).
    pub fn switch(&self, name: &str) -> Result<bool> {
        match self.text(name)?.map(str::to_ascii_lowercase).as_deref() {
            None | Some("0" | "false" | "no" | "off") => Ok(false),
            Some("1" | "true" | "yes" | "on") => Ok(true),
            Some(other) => Err(Error::new(format!("{name} is '{other}'")).advise("set it to 1, or unset it")),
        }
    }

    /// The home directory: HOME, else the user database's.
    pub fn home(&self) -> Option<PathBuf> {
        match self.non_empty("HOME") {
            Some(home) => Some(PathBuf::from(home)),
            None => dirs::home_dir(),
        }
    }

    /// The config file: AWS_CONFIG_FILE, else `~/.aws/config`. `None` where there is none to look for.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.aws_file("AWS_CONFIG_FILE", "config")
    }

    /// The credentials file: AWS_SHARED_CREDENTIALS_FILE, else `~/.aws/credentials`.
    pub fn credentials_file(&self) -> Option<PathBuf> {
        self.aws_file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    }

    fn aws_file(&self, variable: &str, name: &str) -> Option<PathBuf> {
        match self.var(variable) {
            // An empty variable is an absent file (docs/profiles.md, "The two files").
            Some(value) if value.is_empty() => None,
            Some(value) => Some(self.expand(value)),
            None => Some(self.home()?.join(".aws").join(name)),
        }
    }

    /// The AWS CLI's cache of role credentials.
    pub fn cli_cache_dir(&self) -> Option<PathBuf> {
        Some(self.home()?.join(".aws/cli/cache"))
    }

    /// The AWS CLI's cache of SSO tokens.
    pub fn sso_cache_dir(&self) -> Option<PathBuf> {
        Some(self.home()?.join(".aws/sso/cache"))
    }

    /// The AWS CLI's cache of what `aws login` got.
    pub fn login_cache_dir(&self) -> Option<PathBuf> {
        match self.non_empty("AWS_LOGIN_CACHE_DIRECTORY") {
            Some(path) => Some(self.expand(path)),
            None => Some(self.home()?.join(".aws/login/cache")),
        }
    }

    /// The directory for files of this user's login session (XDG_RUNTIME_DIR); `None` where there is none, or it is
    /// another user's.
    pub fn runtime_dir(&self) -> Option<PathBuf> {
        use std::os::unix::fs::MetadataExt as _;
        let dir = self.non_empty("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute())?;
        let about = dir.metadata().ok()?;
        (about.is_dir() && about.uid() == rustix::process::geteuid().as_raw()).then_some(dir)
    }

    /// aws-auth's own directory: MFA sessions, locks, and role entries that the AWS CLI has no key for.
    pub fn state_dir(&self) -> Option<PathBuf> {
        let cache = if cfg!(target_os = "macos") {
            self.home()?.join("Library/Caches")
        } else {
            match self.non_empty("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
                Some(path) => path,
                None => self.home()?.join(".cache"),
            }
        };
        Some(cache.join("aws-auth"))
    }

    /// `~` at the start and `$VAR`, `${VAR}` anywhere, as Python's expanduser and expandvars (which the AWS CLI uses
    /// on these two variables): an unknown variable stays as it is written.
    fn expand(&self, value: &OsStr) -> PathBuf {
        let bytes = value.as_bytes();
        let mut path = Vec::with_capacity(bytes.len() + 32);
        let mut rest = bytes;
        if let (Some(tail), Some(home)) = (bytes.strip_prefix(b"~"), self.home())
            && (tail.is_empty() || tail.starts_with(b"/"))
        {
            path.extend_from_slice(home.as_os_str().as_bytes());
            rest = tail;
        }
        while let Some(at) = find(b'$', rest) {
            let (before, from) = rest.split_at(at);
            path.extend_from_slice(before);
            let (name, after) = variable_name(from);
            match std::str::from_utf8(name).ok().filter(|name| !name.is_empty()).and_then(|name| self.var(name)) {
                Some(found) => path.extend_from_slice(found.as_bytes()),
                None => path.extend_from_slice(from.strip_suffix(after).unwrap_or(from)),
            }
            rest = after;
        }
        path.extend_from_slice(rest);
        PathBuf::from(OsString::from(OsStr::from_bytes(&path)))
    }

    /// The local user's name, for a session name that shows a person.
    pub fn user(&self) -> Option<String> {
        let name = ["LOGNAME", "USER", "LNAME", "USERNAME"].into_iter().find_map(|name| self.non_empty(name))?;
        Some(name.to_string_lossy().into_owned())
    }
}

/// The name after the `$` that `from` starts with, and what follows it.
fn variable_name(from: &[u8]) -> (&[u8], &[u8]) {
    let word = |bytes: &[u8]| bytes.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let tail = from.get(1..).unwrap_or_default();
    if let Some(braced) = tail.strip_prefix(b"{")
        && let Some(end) = find(b'}', braced)
    {
        return (braced.get(..end).unwrap_or_default(), braced.get(end + 1..).unwrap_or_default());
    }
    tail.split_at(word(tail))
}

/// Whether a variable holds or leads to credentials of the caller, and so never reaches a helper, nor a command that is
/// given others (docs/design.md, "The command's environment").
pub fn is_credential(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 23] = [
        b"AWS_ACCESS_KEY_ID",
        b"AWS_SECRET_ACCESS_KEY",
        b"AWS_SESSION_TOKEN",
        b"AWS_SECURITY_TOKEN",
        b"AWS_CREDENTIAL_EXPIRATION",
        b"AWS_SESSION_EXPIRATION",
        b"AWS_CREDENTIAL_SCOPE",
        b"AWS_CREDENTIAL_FILE",
        b"AWS_ACCESS_KEY",
        b"AWS_SECRET_KEY",
        b"AWS_ROLE_ARN",
        b"AWS_ROLE_SESSION_NAME",
        b"AWS_WEB_IDENTITY_TOKEN_FILE",
        b"AMAZON_ACCESS_KEY_ID",
        b"AMAZON_SECRET_ACCESS_KEY",
        b"AMAZON_SESSION_TOKEN",
        b"EC2_ACCESS_KEY",
        b"EC2_SECRET_KEY",
        b"EC2_ACCESS_KEY_ID",
        b"EC2_SECRET_ACCESS_KEY",
        b"EC2_SECURITY_TOKEN",
        b"AWS_AUTH_MFA_TOKEN",
        b"AWS_EXPIRATION",
    ];
    NAMES.contains(&name) || name.starts_with(b"AWS_CONTAINER_") || name.starts_with(b"AWS_BEARER_TOKEN_")
}
