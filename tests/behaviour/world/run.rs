//! Runs a command in the world, with or without a terminal, and waits for its end or lets the test interact with it.

use super::collected::{Collected, PATIENCE, find};
use super::terminal::{Attributes, Terminal};
use super::{World, spawn};
use rustix::fs::RawMode;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a command may run before it is killed and the test fails.
const GUARD: Duration = Duration::from_mins(1);

enum Input {
    Nothing,
    Bytes(Vec<u8>),
    Open,
    Terminal,
}

type Prepare<'w> = Box<dyn FnOnce(&mut Command) + 'w>;

/// A command that has not been started yet.
#[must_use]
pub struct Invocation<'w> {
    world: &'w World,
    program: OsString,
    through: Vec<OsString>,
    args: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    directory: PathBuf,
    input: Option<Input>,
    umask: Option<RawMode>,
    stdout_on_terminal: bool,
    stderr_on_terminal: bool,
    secrets_may_show: bool,
    terminal: Option<Terminal>,
    prepare: Vec<Prepare<'w>>,
}

impl<'w> Invocation<'w> {
    pub(super) fn new(world: &'w World, program: impl Into<OsString>) -> Self {
        Self {
            world,
            program: program.into(),
            through: Vec::new(),
            args: Vec::new(),
            environment: world.environment.clone(),
            directory: world.home().to_owned(),
            input: None,
            umask: None,
            stdout_on_terminal: false,
            stderr_on_terminal: false,
            secrets_may_show: false,
            terminal: None,
            prepare: Vec::new(),
        }
    }

    /// Sets AWS_PROFILE.
    pub fn profile(self, name: &str) -> Self {
        self.env("AWS_PROFILE", name)
    }

    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.as_ref().to_owned(), value.as_ref().to_owned());
        self
    }

    pub fn env_remove(mut self, name: impl AsRef<OsStr>) -> Self {
        self.environment.remove(name.as_ref());
        self
    }

    /// Sets static keys in the environment, and a session token unless it is empty.
    pub fn keys(self, access_key_id: &str, secret_access_key: &str, session_token: &str) -> Self {
        let with = self.env("AWS_ACCESS_KEY_ID", access_key_id).env("AWS_SECRET_ACCESS_KEY", secret_access_key);
        if session_token.is_empty() { with } else { with.env("AWS_SESSION_TOKEN", session_token) }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// Runs it through another program, such as `["strace", "-f"]` or `["setpriv", "--reuid=…"]`.
    pub fn through<A: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = A>) -> Self {
        self.through.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    pub fn cwd(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    pub fn umask(mut self, mask: RawMode) -> Self {
        self.umask = Some(mask);
        self
    }

    /// Makes standard input a pipe that holds these bytes. By default it is `/dev/null`, or the terminal if there is
    /// one.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(Input::Bytes(bytes.into()));
        self
    }

    /// Makes standard input a pipe that stays open: see [`Running::write_stdin`] and [`Running::close_stdin`].
    pub fn stdin_open(mut self) -> Self {
        self.input = Some(Input::Open);
        self
    }

    pub fn stdin_null(mut self) -> Self {
        self.input = Some(Input::Nothing);
        self
    }

    /// Makes the terminal standard input, which is the default if there is one.
    pub fn stdin_on_terminal(mut self) -> Self {
        self.input = Some(Input::Terminal);
        self
    }

    pub fn stdout_on_terminal(mut self) -> Self {
        self.stdout_on_terminal = true;
        self
    }

    pub fn stderr_on_terminal(mut self) -> Self {
        self.stderr_on_terminal = true;
        self
    }

    /// Allows secrets on stderr and the terminal, for example for `--export` at a terminal.
    pub fn secrets_may_show(mut self) -> Self {
        self.secrets_may_show = true;
        self
    }

    /// Uses a terminal that the test has prepared instead of a new one.
    pub fn terminal(mut self, terminal: Terminal) -> Self {
        self.terminal = Some(terminal);
        self
    }

    /// Changes the `Command` just before it is spawned: other streams, or limits in a `pre_exec`.
    pub fn prepare(mut self, change: impl FnOnce(&mut Command) + 'w) -> Self {
        self.prepare.push(Box::new(change));
        self
    }

    /// Runs it to its end with no terminal: it gets a session of its own, where `/dev/tty` cannot be opened.
    #[track_caller]
    pub fn run(self) -> Output {
        self.start().wait()
    }

    /// Starts it with no terminal.
    #[track_caller]
    pub fn start(self) -> Running<'w> {
        self.spawn(None)
    }

    /// Starts it at a terminal of its own, which is also its standard input. Standard output and standard error are
    /// still pipes, so that the test can tell the streams apart.
    #[track_caller]
    pub fn in_terminal(mut self) -> Running<'w> {
        let terminal = self.terminal.take().unwrap_or_else(Terminal::open);
        self.spawn(Some(terminal))
    }

    #[track_caller]
    fn spawn(self, terminal: Option<Terminal>) -> Running<'w> {
        let words: Vec<OsString> =
            self.through.into_iter().chain(std::iter::once(self.program)).chain(self.args).collect();
        let shown = words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ");
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env_clear().envs(&self.environment).current_dir(&self.directory);
        let slave = terminal.as_ref().and_then(Terminal::slave);
        let at_terminal = || {
            let slave = slave.expect("a stream on the terminal needs in_terminal()");
            Stdio::from(slave.try_clone().expect("dup the terminal"))
        };
        let input = self.input.unwrap_or(if slave.is_some() { Input::Terminal } else { Input::Nothing });
        command.stdin(match input {
            Input::Nothing => Stdio::null(),
            Input::Terminal => at_terminal(),
            Input::Bytes(_) | Input::Open => Stdio::piped(),
        });
        command.stdout(if self.stdout_on_terminal { at_terminal() } else { Stdio::piped() });
        command.stderr(if self.stderr_on_terminal { at_terminal() } else { Stdio::piped() });
        own_session(&mut command, slave.map(std::os::fd::AsRawFd::as_raw_fd), self.umask);
        for change in self.prepare {
            change(&mut command);
        }
        let mut child = spawn(&mut command).unwrap_or_else(|error| panic!("cannot start {shown}: {error}"));
        // The `Command` holds copies of the terminal. While they are open here, the terminal would never be closed.
        drop(command);
        let mut stdin = child.stdin.take();
        if let Input::Bytes(bytes) = input {
            let mut pipe = stdin.take().expect("a pipe for standard input");
            // The command does not have to read it.
            std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        }
        let stdout = child.stdout.take().map(Collected::gather);
        let stderr = child.stderr.take().map(Collected::gather);
        let pid = Pid::from_child(&child);
        let exit = Arc::new(Exit::default());
        let told: Vec<_> = [stdout.as_ref(), stderr.as_ref(), terminal.as_ref().map(Terminal::collected)]
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let for_thread = Arc::clone(&exit);
        std::thread::spawn(move || {
            let status = child.wait().expect("wait for the child");
            *for_thread.status.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
            for_thread.changed.notify_all();
            for stream in told {
                stream.ended();
            }
        });
        Running {
            world: self.world,
            shown,
            pid,
            exit,
            stdin,
            stdout,
            stderr,
            read: [Cell::new(0), Cell::new(0)],
            terminal,
            secrets_may_show: self.secrets_may_show,
        }
    }
}

/// Makes the child the leader of a session, with this terminal or with none.
#[allow(unsafe_code)] // pre_exec: only async-signal-safe calls are made between fork and exec
fn own_session(command: &mut Command, terminal: Option<RawFd>, umask: Option<RawMode>) {
    let prepare = move || {
        // Tests started in the background of a script, or by nohup, inherit ignored signals; the command must not.
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGTSTP, libc::SIGPIPE] {
            // SAFETY: one async-signal-safe system call.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        rustix::process::setsid()?;
        if let Some(terminal) = terminal {
            // SAFETY: the parent holds the descriptor open until after the spawn.
            rustix::process::ioctl_tiocsctty(unsafe { BorrowedFd::borrow_raw(terminal) })?;
        }
        if let Some(mask) = umask {
            rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
        }
        Ok(())
    };
    // SAFETY: see above.
    unsafe { command.pre_exec(prepare) };
}

#[derive(Default)]
struct Exit {
    status: Mutex<Option<ExitStatus>>,
    changed: Condvar,
}

impl Exit {
    fn wait(&self, patience: Duration) -> Option<ExitStatus> {
        let status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(status, patience, |status| status.is_none());
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// A running command. It is killed when this is dropped.
pub struct Running<'w> {
    world: &'w World,
    shown: String,
    pid: Pid,
    exit: Arc<Exit>,
    stdin: Option<ChildStdin>,
    stdout: Option<Arc<Collected>>,
    stderr: Option<Arc<Collected>>,
    read: [Cell<usize>; 2],
    terminal: Option<Terminal>,
    secrets_may_show: bool,
}

impl Running<'_> {
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Whether the command has not ended yet.
    pub fn is_running(&self) -> bool {
        self.exit.wait(Duration::ZERO).is_none()
    }

    /// Sends a signal to this process, not to its group.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        assert!(self.is_running(), "{} has ended already", self.shown);
        kill_process(self.pid, signal).expect("send a signal");
    }

    #[track_caller]
    pub fn write_stdin(&mut self, bytes: impl AsRef<[u8]>) {
        let stdin = self.stdin.as_mut().expect("standard input is not open");
        stdin.write_all(bytes.as_ref()).and_then(|()| stdin.flush()).expect("write to standard input");
    }

    pub fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Blocks until the text appears on standard output, after the last match there.
    #[track_caller]
    pub fn expect_stdout(&self, text: &str) {
        expect("standard output", self.stdout.as_ref(), &self.read[0], text);
    }

    /// Blocks until the text appears on standard error, after the last match there.
    #[track_caller]
    pub fn expect_stderr(&self, text: &str) {
        expect("standard error", self.stderr.as_ref(), &self.read[1], text);
    }

    /// Standard error so far.
    pub fn stderr_so_far(&self) -> String {
        self.stderr.as_ref().map(|stream| lossy(&stream.bytes())).unwrap_or_default()
    }

    #[track_caller]
    pub fn terminal(&self) -> &Terminal {
        self.terminal.as_ref().expect("this command has no terminal")
    }

    /// Blocks until the text appears on the terminal, after the last match there.
    #[track_caller]
    pub fn expect(&self, text: &str) {
        self.terminal().expect(text);
    }

    #[track_caller]
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        self.terminal().send(bytes);
    }

    #[track_caller]
    pub fn send_line(&self, line: &str) {
        self.terminal().send_line(line);
    }

    #[track_caller]
    pub fn ctrl_c(&self) {
        self.terminal().ctrl_c();
    }

    #[track_caller]
    pub fn ctrl_d(&self) {
        self.terminal().ctrl_d();
    }

    #[track_caller]
    pub fn ctrl_z(&self) {
        self.terminal().ctrl_z();
    }

    #[track_caller]
    pub fn ctrl_backslash(&self) {
        self.terminal().ctrl_backslash();
    }

    #[track_caller]
    pub fn attributes(&self) -> Attributes {
        self.terminal().attributes()
    }

    #[track_caller]
    pub fn transcript(&self) -> String {
        self.terminal().transcript()
    }

    /// Hangs up the terminal, so the command gets SIGHUP.
    #[track_caller]
    pub fn hang_up(&mut self) {
        self.terminal.as_mut().expect("this command has no terminal").hang_up();
    }

    /// Closes the command's standard input and waits for its end.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        self.close_stdin();
        let Some(status) = self.exit.wait(GUARD) else {
            let _ = kill_process_group(self.pid, Signal::KILL);
            let transcript = self.terminal.as_ref().map(Terminal::transcript).unwrap_or_default();
            panic!("{} did not end in time; stderr:\n{}\nterminal:\n{transcript}", self.shown, self.stderr_so_far());
        };
        let rest = |stream: Option<&Arc<Collected>>| match stream.map(|stream| stream.wait_for_close()) {
            None => Vec::new(),
            Some(Ok(bytes)) => bytes,
            Some(Err(why)) => panic!("{}: {why}", self.shown),
        };
        let stdout = rest(self.stdout.as_ref());
        let stderr = rest(self.stderr.as_ref());
        let screen = self.terminal.as_ref().map(|terminal| {
            terminal.drain();
            Screen {
                transcript: terminal.transcript(),
                before: terminal.attributes_before(),
                after: terminal.slave().is_some().then(|| terminal.attributes()),
            }
        });
        let output = Output {
            command: self.shown.clone(),
            status: status.signal().map_or_else(|| Status::Code(status.code().unwrap_or(-1)), Status::Signal),
            stdout,
            stderr: lossy(&stderr),
            screen,
        };
        if !self.secrets_may_show {
            self.world.assert_no_secret("standard error", &output.stderr);
            self.world.assert_no_secret("the terminal", output.transcript());
        }
        output
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if self.is_running() {
            let _ = kill_process_group(self.pid, Signal::KILL);
            let _ = kill_process(self.pid, Signal::KILL);
            self.exit.wait(PATIENCE);
        }
    }
}

#[track_caller]
fn expect(name: &str, stream: Option<&Arc<Collected>>, position: &Cell<usize>, text: &str) {
    let stream = stream.unwrap_or_else(|| panic!("{name} is not a pipe of this test"));
    match stream.wait_for(text.as_bytes(), position.get()) {
        Ok(end) => position.set(end),
        Err(why) => panic!("on {name}, {why}"),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Code(i32),
    Signal(i32),
}

/// What a terminal showed, and its settings before and after (`None` if it was hung up).
#[derive(Debug, Clone)]
pub struct Screen {
    pub transcript: String,
    pub before: Attributes,
    pub after: Option<Attributes>,
}

/// How a command ended and what it printed.
#[derive(Debug, Clone)]
pub struct Output {
    pub command: String,
    pub status: Status,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub screen: Option<Screen>,
}

impl Output {
    pub fn stdout_text(&self) -> String {
        lossy(&self.stdout)
    }

    /// What the terminal showed; empty if there was no terminal.
    pub fn transcript(&self) -> &str {
        self.screen.as_ref().map_or("", |screen| screen.transcript.as_str())
    }

    /// Asserts that none of these texts is shown.
    #[track_caller]
    pub fn assert_hides(&self, secrets: &[String]) {
        let shown = self.report();
        for secret in secrets {
            assert!(!shown.contains(secret.as_str()), "{secret} in {shown}");
        }
    }

    /// Everything about the run, for the message of a failed assertion.
    pub fn report(&self) -> String {
        let mut report = format!("{} ended with {:?}\n", self.command, self.status);
        for (name, text) in [
            ("stdout", self.stdout_text().replace('\0', "\n")),
            ("stderr", self.stderr.clone()),
            ("terminal", self.transcript().to_owned()),
        ] {
            if !text.is_empty() {
                writeln!(report, "--- {name}\n{text}").expect("writing to a string");
            }
        }
        report
    }

    #[track_caller]
    pub fn assert_status(&self, code: i32) -> &Self {
        assert_eq!(self.status, Status::Code(code), "{}", self.report());
        self
    }

    /// Asserts that this signal ended the command.
    #[track_caller]
    pub fn assert_signal(&self, signal: Signal) -> &Self {
        assert_eq!(self.status, Status::Signal(signal.as_raw()), "{}", self.report());
        self
    }

    #[track_caller]
    pub fn success(&self) -> &Self {
        self.assert_status(0)
    }

    #[track_caller]
    pub fn assert_stdout(&self, text: &str) -> &Self {
        assert_eq!(self.stdout_text(), text, "{}", self.report());
        self
    }

    #[track_caller]
    pub fn assert_stderr(&self, text: &str) -> &Self {
        assert_eq!(self.stderr, text, "{}", self.report());
        self
    }

    #[track_caller]
    pub fn assert_stderr_contains(&self, text: &str) -> &Self {
        assert!(self.stderr.contains(text), "no {text:?} on stderr: {}", self.report());
        self
    }

    #[track_caller]
    pub fn assert_transcript(&self, text: &str) -> &Self {
        assert_eq!(self.transcript(), text, "{}", self.report());
        self
    }

    /// Asserts that the terminal has the same settings as before.
    #[track_caller]
    pub fn assert_terminal_restored(&self) -> &Self {
        let screen = self.screen.as_ref().expect("this command had no terminal");
        assert_eq!(screen.after.as_ref(), Some(&screen.before), "{}", self.report());
        self
    }

    /// The environment of the command, which must be `env -0`.
    #[track_caller]
    pub fn env_of_child(&self) -> BTreeMap<String, String> {
        self.success();
        self.stdout
            .split(|byte| *byte == 0)
            .filter(|entry| !entry.is_empty())
            .map(|entry| {
                let entry = lossy(entry);
                let (name, value) = entry.split_once('=').unwrap_or_else(|| panic!("no variable: {entry}"));
                (name.to_owned(), value.to_owned())
            })
            .collect()
    }
}

/// Whether the text contains this code, not as part of a longer number.
pub(super) fn shows_code(text: &str, code: &str) -> bool {
    let digit = |index: Option<usize>| index.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_digit);
    let mut from = 0;
    while let Some(at) = find(text.as_bytes(), code.as_bytes(), from) {
        if !digit(at.checked_sub(1)) && !digit(Some(at + code.len())) {
            return true;
        }
        from = at + 1;
    }
    false
}
