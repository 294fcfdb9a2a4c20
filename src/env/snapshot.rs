//! A snapshot of the arguments and the environment that the process was started with. No other code in the crate reads
//! them from the process.
//!
//! The environment is kept as raw `NAME=value` entries, including duplicates and entries without `=`, because every
//! entry that aws-auth does not change must reach the command byte for byte.

use std::borrow::Cow;
use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::text::bytes::find;

/// One entry of an environment, usually `NAME=value`. Entries that the process was started with are borrowed.
pub type Entry = Cow<'static, CStr>;

/// The arguments and the environment of the process.
pub struct Snapshot {
    /// The arguments, without the name of the program.
    pub args: Vec<OsString>,
    /// The entries of the environment, in their original order.
    pub entries: Vec<Entry>,
    /// Finds the path of the aws-auth executable. It is called only if the path is needed.
    pub executable: fn() -> std::io::Result<PathBuf>,
    /// The outer run that made a configuration file for its command, if this run is below one.
    pub above: Option<Box<Above>>,
}

/// What an outer run of aws-auth did that made a configuration file for its command.
pub struct Above {
    /// The name of the command, as it was typed, if it renews its own credentials (`--keep-fresh`).
    pub renews: Option<String>,
    /// The environment before cleaning: it still points to the configuration file that was made for the command.
    pub found: Snapshot,
}

/// The name of an entry: the bytes before its first `=`, or all of them if there is none.
pub fn name_of(entry: &[u8]) -> &[u8] {
    let end = find(b'=', entry).unwrap_or(entry.len());
    entry.get(..end).unwrap_or(entry)
}

impl Snapshot {
    /// A snapshot of a process for which no outer run made a configuration file.
    pub fn new(args: Vec<OsString>, entries: Vec<Entry>, executable: fn() -> std::io::Result<PathBuf>) -> Self {
        Self { args, entries, executable, above: None }
    }

    /// The environment as it was found, including everything that outer runs of aws-auth put there.
    pub fn found(&self) -> &Self {
        self.above.as_ref().map_or(self, |above| &above.found)
    }

    /// The name of the command of an outer `--keep-fresh` run, as it was typed, if this run is below one.
    pub fn renewing_command(&self) -> Option<&str> {
        self.above.as_ref()?.renews.as_deref()
    }

    /// The environment of a helper program: the variables whose names pass. If a name occurs twice, the first entry
    /// counts for getenv(3), but the last one for `Command::envs`: so the entries are in reverse order.
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

    /// The value of a variable. As for getenv(3), the first entry with that name counts.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.entries.iter().find_map(|entry| {
            // One byte rules out nearly every other variable.
            let (before, rest) = entry.to_bytes().split_at_checked(name.len())?;
            let value = rest.strip_prefix(b"=")?;
            (before == name.as_bytes()).then(|| OsStr::from_bytes(value))
        })
    }

    /// The value of a variable; `None` if it is unset or empty.
    pub fn non_empty(&self, name: &str) -> Option<&OsStr> {
        self.var(name).filter(|value| !value.is_empty())
    }

    /// The value of a variable as text; `None` if it is unset or empty.
    ///
    /// # Errors
    /// Returns an error if it is not UTF-8, which every setting of aws-auth must be.
    pub fn text(&self, name: &str) -> Result<Option<&str>> {
        match self.non_empty(name) {
            None => Ok(None),
            Some(value) => value.to_str().map(Some).ok_or_else(|| Error::new(format!("{name} is not UTF-8 text"))),
        }
    }

    /// Whether a switch variable is on (`1`, `true`, `yes`, `on`) or off (`0`, `false`, `no`, `off`, empty, unset).
    ///
    /// # Errors
    /// Returns an error for any other value.
    pub fn switch(&self, name: &str) -> Result<bool> {
        match self.text(name)?.map(str::to_ascii_lowercase).as_deref() {
            None | Some("0" | "false" | "no" | "off") => Ok(false),
            Some("1" | "true" | "yes" | "on") => Ok(true),
            Some(other) => Err(Error::new(format!("{name} is '{other}'")).advise("set it to 1, or unset it")),
        }
    }

    /// The home directory: HOME, or else the one in the user database.
    pub fn home(&self) -> Option<PathBuf> {
        match self.non_empty("HOME") {
            Some(home) => Some(PathBuf::from(home)),
            None => dirs::home_dir(),
        }
    }

    /// The path of the config file: AWS_CONFIG_FILE, or else `~/.aws/config`. `None` if the variable is empty, or if it
    /// is unset and there is no home directory.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.aws_file("AWS_CONFIG_FILE", "config")
    }

    /// The path of the credentials file: AWS_SHARED_CREDENTIALS_FILE, or else `~/.aws/credentials`. `None` as for
    /// [`Snapshot::config_file`].
    pub fn credentials_file(&self) -> Option<PathBuf> {
        self.aws_file("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    }

    fn aws_file(&self, variable: &str, name: &str) -> Option<PathBuf> {
        match self.var(variable) {
            // An empty variable means that there is no file (docs/profiles.md, "The two files").
            Some(value) if value.is_empty() => None,
            Some(value) => Some(self.expand(value)),
            None => Some(self.home()?.join(".aws").join(name)),
        }
    }

    /// The directory in which the AWS CLI caches role credentials; `None` without a home directory.
    pub fn cli_cache_dir(&self) -> Option<PathBuf> {
        Some(self.home()?.join(".aws/cli/cache"))
    }

    /// The directory in which the AWS CLI caches SSO tokens; `None` without a home directory.
    pub fn sso_cache_dir(&self) -> Option<PathBuf> {
        Some(self.home()?.join(".aws/sso/cache"))
    }

    /// The directory in which the AWS CLI keeps the sessions of `aws login`; `None` without a home directory, unless
    /// AWS_LOGIN_CACHE_DIRECTORY is set.
    pub fn login_cache_dir(&self) -> Option<PathBuf> {
        match self.non_empty("AWS_LOGIN_CACHE_DIRECTORY") {
            Some(path) => Some(self.expand(path)),
            None => Some(self.home()?.join(".aws/login/cache")),
        }
    }

    /// The directory for files of this user's login session (XDG_RUNTIME_DIR); `None` if there is none, or if it
    /// belongs to another user.
    pub fn runtime_dir(&self) -> Option<PathBuf> {
        use std::os::unix::fs::MetadataExt as _;
        let dir = self.non_empty("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute())?;
        let about = dir.metadata().ok()?;
        (about.is_dir() && about.uid() == rustix::process::geteuid().as_raw()).then_some(dir)
    }

    /// aws-auth's own directory, for MFA sessions, locks, and role credentials that do not fit into the AWS CLI's
    /// cache.
    pub fn state_dir(&self) -> Option<PathBuf> {
        self.own_dir("Library/Caches", "XDG_CACHE_HOME", ".cache")
    }

    /// aws-auth's own directory for what must outlast the caches: copies of changed files, and their locks. `None`
    /// without a home directory.
    pub fn lasting_state_dir(&self) -> Option<PathBuf> {
        self.own_dir("Library/Application Support", "XDG_STATE_HOME", ".local/state")
    }

    /// aws-auth's own directory for what no other copy exists of: encrypted keys. `None` without a home directory.
    pub fn data_dir(&self) -> Option<PathBuf> {
        self.own_dir("Library/Application Support", "XDG_DATA_HOME", ".local/share")
    }

    /// The directory `aws-auth` in that of the variable, else in its default below the home directory; on macOS in
    /// `on_macos` below it.
    fn own_dir(&self, on_macos: &str, variable: &str, default: &str) -> Option<PathBuf> {
        let parent = if cfg!(target_os = "macos") {
            self.home()?.join(on_macos)
        } else {
            match self.non_empty(variable).map(PathBuf::from).filter(|path| path.is_absolute()) {
                Some(path) => path,
                None => self.home()?.join(default),
            }
        };
        Some(parent.join("aws-auth"))
    }

    /// Expands `$VAR` and `${VAR}` anywhere, then `~` at the start, like Python's `expandvars` and `expanduser`, which
    /// the AWS CLI uses for these paths in this order. A variable that is not set stays as it is written.
    pub fn expand(&self, value: &OsStr) -> PathBuf {
        let mut rest = value.as_bytes();
        let mut path = Vec::with_capacity(rest.len() + 32);
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
        if let (Some(tail), Some(home)) = (path.strip_prefix(b"~"), self.home())
            && (tail.is_empty() || tail.starts_with(b"/"))
        {
            path = [home.as_os_str().as_bytes(), tail].concat();
        }
        PathBuf::from(OsString::from(OsStr::from_bytes(&path)))
    }

    /// The name of the local user, for role session names that show who made a call.
    pub fn user(&self) -> Option<String> {
        let name = ["LOGNAME", "USER", "LNAME", "USERNAME"].into_iter().find_map(|name| self.non_empty(name))?;
        Some(name.to_string_lossy().into_owned())
    }
}

/// Splits `from`, which starts with `$`, into the name of the variable and the rest.
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

/// Whether a variable holds or leads to credentials. Such a variable of the caller never reaches an mfa_process or a
/// browser, nor a command that gets other credentials (docs/design.md, "The command's environment").
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
