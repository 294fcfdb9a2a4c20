//! The world that a test runs aws-auth in: a private home, an otherwise empty environment, an STS on loopback and a
//! pseudo-terminal. Tests wait for output instead of sleeping, and share nothing.

// Each crate that includes this module uses a part of it.
#![allow(dead_code, unused_imports)]

pub mod aws_login;
pub mod collected;
pub mod github;
pub mod metadata;
pub mod run;
pub mod screen;
pub mod sso;
pub mod sts;
pub mod terminal;
pub mod web;

pub use run::{Invocation, Output, Running, Screen, Status};
pub use sts::{Fault, LocalSts, Role, User, seed};
pub use terminal::{Attributes, Terminal};

use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{PoisonError, RwLock};

/// The binary under test: that of `AWS_AUTH_BIN` when the tests were compiled (`make check-dist`), else cargo's. Cargo
/// passes its path only to tests, so an example that includes this module finds it itself.
pub const AWS_AUTH: &str = match (option_env!("AWS_AUTH_BIN"), option_env!("CARGO_BIN_EXE_aws-auth")) {
    (Some(path), _) | (None, Some(path)) => path,
    (None, None) => "",
};

pub struct World {
    home: PathBuf,
    _directory: tempfile::TempDir,
    pub sts: LocalSts,
    /// The user jo, whose keys [`Self::seed`] writes.
    pub user: User,
    environment: BTreeMap<OsString, OsString>,
}

impl World {
    /// A world with an empty home. STS knows jo and the four roles. The environment is PATH, HOME,
    /// `AWS_ENDPOINT_URL_STS`, and an address at which there is no bus.
    pub fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("aws-auth-world-").tempdir().expect("a temporary directory");
        // The path without symbolic links, as messages name it.
        let home = directory.path().canonicalize().expect("a real path");
        let sts = LocalSts::start();
        let user = seed::populate(&sts);
        let environment = [
            ("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into())),
            ("HOME", home.clone().into_os_string()),
            ("AWS_ENDPOINT_URL_STS", sts.endpoint().into()),
            // There is no bus, so no test reaches the keyring of the person who runs it.
            ("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}/no-bus", home.display()).into()),
        ];
        let environment = environment.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Self { home, _directory: directory, sts, user, environment }
    }

    /// A world with the two files of the README: profiles sops, development-infrastructure,
    /// production-infrastructure and main-infrastructure.
    pub fn seeded() -> Self {
        let world = Self::new();
        world.seed();
        world
    }

    /// Writes the two files of the README.
    pub fn seed(&self) {
        self.config(&seed::config_file());
        self.credentials(&seed::credentials_file(&self.user));
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The absolute path of a file under the home.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.home.join(relative)
    }

    /// Writes `~/.aws/config`.
    pub fn config(&self, text: &str) {
        self.write(".aws/config", text);
    }

    pub fn append_config(&self, text: &str) {
        let before = fs::read_to_string(self.path(".aws/config")).unwrap_or_default();
        self.config(&(before + text));
    }

    /// Writes `~/.aws/credentials`.
    pub fn credentials(&self, text: &str) {
        self.write(".aws/credentials", text);
    }

    /// Writes a file under the home and creates its directories; returns its path.
    pub fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("make directories");
        fs::write(&path, bytes).unwrap_or_else(|error| panic!("write {}: {error}", path.display()));
        path
    }

    /// Writes an executable file under the home.
    pub fn script(&self, path: impl AsRef<Path>, text: &str) -> PathBuf {
        // A child that another thread forks meanwhile would keep the file open for writing until its exec, and running
        // the file would fail with "text file busy".
        let _alone = SPAWNING.write().unwrap_or_else(PoisonError::into_inner);
        let path = self.write(path, text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
        path
    }

    /// Adds a desktop with a browser that follows links.
    pub fn give_browser(&mut self) {
        self.give_desktop("#!/bin/sh\nexec curl -sL -o /dev/null \"$1\"\n");
    }

    /// Adds a desktop where the test acts as the browser: see [`Self::browsers_link`].
    pub fn be_browser(&mut self) {
        self.fifo("links");
        self.give_desktop("#!/bin/sh\necho \"$1\" > \"$HOME/links\"\n");
    }

    fn give_desktop(&mut self, browser: &str) {
        let browser = self.script("browser", browser);
        self.set_env("BROWSER", browser);
        self.set_env("DISPLAY", ":0");
    }

    /// The link that the browser was given.
    pub fn browsers_link(&self) -> String {
        self.read("links").trim().to_owned()
    }

    /// Makes a named pipe under the home, with mkfifo(1), because rustix cannot make one on every system.
    pub fn fifo(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = self.path(path);
        let made = output(Command::new("mkfifo").args(["-m", "600"]).arg(&path)).expect("run mkfifo");
        assert!(made.status.success(), "mkfifo {}", path.display());
        path
    }

    #[track_caller]
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
    }

    /// `~/.aws/cli/cache`
    pub fn cli_cache_dir(&self) -> PathBuf {
        self.path(".aws/cli/cache")
    }

    /// The entries of the AWS CLI's cache by file name, as JSON.
    pub fn cli_cache(&self) -> BTreeMap<String, serde_json::Value> {
        let Ok(entries) = fs::read_dir(self.cli_cache_dir()) else { return BTreeMap::new() };
        entries
            .map(|entry| entry.expect("a directory entry"))
            .map(|entry| {
                let text = fs::read(entry.path()).expect("read a cache file");
                let json = serde_json::from_slice(&text).expect("JSON in a cache file");
                (entry.file_name().to_string_lossy().into_owned(), json)
            })
            .collect()
    }

    /// aws-auth's own cache directory.
    pub fn own_cache_dir(&self) -> PathBuf {
        let caches = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        self.path(caches).join("aws-auth")
    }

    /// Describes every file under the home as `0600 file SHA-256`, `0700 dir` or `0777 link TARGET`.
    pub fn snapshot(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        describe(&self.home, &self.home, &mut found);
        found
    }

    /// Sets a variable for all commands that are built from now on.
    pub fn set_env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
    }

    pub fn unset_env(&mut self, name: impl AsRef<OsStr>) {
        self.environment.remove(name.as_ref());
    }

    /// A run of aws-auth, still without arguments.
    pub fn aws_auth(&self) -> Invocation<'_> {
        Invocation::new(self, AWS_AUTH)
    }

    /// A run of another program in the same environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Invocation<'_> {
        Invocation::new(self, program.as_ref())
    }

    /// Runs aws-auth with these arguments and no terminal.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Output {
        self.aws_auth().args(args).run()
    }

    /// An interactive bash at a terminal, with job control, all streams on the terminal and aws-auth in its PATH;
    /// its prompt is [`SHELL_PROMPT`]. Returns when the first prompt has appeared.
    #[track_caller]
    pub fn shell_in_terminal(&self) -> Running<'_> {
        let bin = Path::new(AWS_AUTH).parent().expect("the binary's directory").to_owned();
        let path = self.environment.get(OsStr::new("PATH")).cloned().unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path))).expect("a PATH");
        let shell = self
            .command("bash")
            .args(["--noprofile", "--norc", "--noediting", "-i"])
            .env("PATH", path)
            .env("PS1", SHELL_PROMPT)
            .env("HISTFILE", "/dev/null")
            .stdout_on_terminal()
            .stderr_on_terminal()
            .in_terminal();
        shell.expect(SHELL_PROMPT);
        shell
    }

    /// A code of jo's device that is valid now and was never sent.
    pub fn fresh_code(&self) -> String {
        self.sts.fresh_code(seed::SERIAL)
    }

    /// A wrong code for jo's device, a different one each time.
    pub fn wrong_code(&self) -> String {
        self.sts.wrong_code(seed::SERIAL)
    }

    /// The prompt for a code of jo's device, exactly as it is printed.
    pub fn prompt(&self, profile: &str) -> String {
        format!("MFA code for {profile} ({}) at {}: ", seed::SERIAL, self.sts.endpoint())
    }

    /// Fails if the text contains a secret that STS knows, or a code that was sent.
    #[track_caller]
    pub fn assert_no_secret(&self, place: &str, text: &str) {
        for secret in self.sts.secrets() {
            assert!(!text.contains(&secret), "a secret access key or session token on {place}:\n{text}");
        }
        for code in self.sts.sent_codes() {
            assert!(!run::shows_code(text, &code), "the MFA code {code} on {place}:\n{text}");
        }
    }
}

/// Whether the name is that of a cache entry.
pub fn is_json(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "json")
}

/// Locked for reading to spawn a process, and for writing to write a file that will be executed.
static SPAWNING: RwLock<()> = RwLock::new(());

/// Spawns a program, but not while another test writes a file that will be executed.
pub fn spawn(command: &mut Command) -> io::Result<Child> {
    let _with_others = SPAWNING.read().unwrap_or_else(PoisonError::into_inner);
    command.spawn()
}

/// Like [`Command::output`], spawned by [`spawn`].
pub fn output(command: &mut Command) -> io::Result<std::process::Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    spawn(command)?.wait_with_output()
}

/// The prompt of [`World::shell_in_terminal`].
pub const SHELL_PROMPT: &str = "shell> ";

fn describe(root: &Path, directory: &Path, found: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries {
        let path = entry.expect("a directory entry").path();
        let metadata = fs::symlink_metadata(&path).expect("a file's metadata");
        let mode = metadata.mode() & 0o7777;
        let what = if metadata.is_symlink() {
            format!("link {}", fs::read_link(&path).expect("a link").display())
        } else if metadata.is_dir() {
            describe(root, &path, found);
            "dir".to_owned()
        } else if metadata.is_file() {
            fs::read(&path).map_or_else(
                |_| "file (unreadable)".to_owned(),
                |bytes| {
                    let hash = Sha256::digest(bytes);
                    hash.iter().fold("file ".to_owned(), |text, byte| text + &format!("{byte:02x}"))
                },
            )
        } else {
            "special".to_owned()
        };
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        found.insert(name, format!("{mode:04o} {what}"));
    }
}
