//! Running a helper program to its end, within a time, in a process group of its own that ends with it.
//!
//! In the group's own right it is a background job: what it prints is caught, and it never disturbs the terminal of the
//! command's pipeline. Only when it reaches for the terminal (and is stopped for that) is the terminal handed to it.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpgrp, kill_current_process_group, kill_process_group, waitpid,
};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp};
use zeroize::Zeroizing;

use crate::system::signals;
use crate::system::signals::{Caught, Ignored, Stopped};

/// No helper has more to say.
const LONGEST: usize = 256 * 1024;

/// Of what it says on stderr, the end is kept.
const LAST_WORDS: usize = 8 * 1024;

/// How long it has between the polite end and the other one.
const GRACE: Duration = Duration::from_secs(1);

/// A program that ended by itself.
pub struct Finished {
    /// How.
    pub end: End,
    /// What it printed.
    pub stdout: Zeroizing<Vec<u8>>,
    /// What it said, or the end of it.
    pub stderr: Vec<u8>,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With an exit status.
    Status(i32),
    /// By a signal.
    Signal(i32),
}

/// Why there is nothing of it.
pub enum Trouble {
    /// It could not be started.
    NotStarted(io::Error),
    /// It did not end in time, and was ended with its group.
    TooSlow,
    /// It printed without an end, and was ended with its group.
    TooMuch,
    /// It wants the terminal, which belongs to another job.
    NoTerminal,
}

/// Runs a program with these arguments and this environment alone. Its standard input is the terminal, else nothing:
/// ours belongs to the command that comes after it.
pub fn run(
    program: &str,
    arguments: &[String],
    environment: impl Iterator<Item = (OsString, OsString)>,
    limit: Duration,
) -> Result<Finished, Trouble> {
    let tty = File::options().read(true).write(true).open("/dev/tty").ok();
    let stdin = tty.as_ref().and_then(|tty| tty.try_clone().ok()).map_or_else(Stdio::null, Stdio::from);
    // Our own end must take the group along.
    let caught = Caught::new().map_err(Trouble::NotStarted)?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(Trouble::NotStarted)?;
    let group = Pid::from_child(&child);
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Trouble::NotStarted(io::ErrorKind::BrokenPipe.into()));
    };
    let watched = watch(group).map_err(|error| {
        let _ = kill_process_group(group, Signal::KILL);
        Trouble::NotStarted(error)
    })?;
    Job {
        group,
        tty,
        handed: false,
        stopping: false,
        settings: None,
        caught,
        watched,
        stdout,
        stderr,
        said: Said::default(),
    }
    .run(limit)
}

/// What came so far.
#[derive(Default)]
struct Said {
    stdout: Zeroizing<Vec<u8>>,
    stderr: Vec<u8>,
}

/// A child's changes of state, and a pipe that is readable when one came.
struct Watched {
    states: Receiver<WaitStatus>,
    bell: std::os::fd::OwnedFd,
}

/// Waits for the child on a thread: no descriptor tells of stops and ends on every system.
fn watch(child: Pid) -> io::Result<Watched> {
    let (bell, ring) = signals::note_pipe()?;
    // Held by the thread too: a pipe that nobody reads any more would end us by SIGPIPE.
    let held = bell.try_clone()?;
    let (tell, states) = mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        loop {
            match waitpid(Some(child), WaitOptions::UNTRACED) {
                Ok(Some((_, state))) => {
                    let last = !state.stopped();
                    if tell.send(state).is_err() || rustix::io::write(&ring, b".").is_err() || last {
                        break;
                    }
                }
                Ok(None) | Err(Errno::INTR) => {}
                Err(_) => break,
            }
        }
        drop(held);
    })?;
    Ok(Watched { states, bell })
}

struct Job<Out, Err> {
    group: Pid,
    tty: Option<File>,
    /// Whether the terminal is the group's.
    handed: bool,
    /// Whether the group was told to stop.
    stopping: bool,
    /// How it was set when it was handed over.
    settings: Option<Termios>,
    caught: Caught,
    watched: Watched,
    stdout: Out,
    stderr: Err,
    said: Said,
}

impl<Out: Read + std::os::fd::AsFd, Err: Read + std::os::fd::AsFd> Job<Out, Err> {
    fn run(mut self, limit: Duration) -> Result<Finished, Trouble> {
        let _ = rustix::io::ioctl_fionbio(&self.stdout, true);
        let _ = rustix::io::ioctl_fionbio(&self.stderr, true);
        let mut deadline = Instant::now() + limit;
        let mut open = [true, true];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.end();
                return Err(Trouble::TooSlow);
            }
            self.wait(left, open);
            self.pass_on_signals();
            open = self.listen();
            if self.said.stdout.len() > LONGEST {
                self.end();
                return Err(Trouble::TooMuch);
            }
            let Ok(state) = self.watched.states.try_recv() else { continue };
            let _ = rustix::io::read(&self.watched.bell, &mut [0; 1]);
            if let Some(signal) = state.stopping_signal() {
                if !self.stopped(signal) {
                    self.end();
                    return Err(Trouble::NoTerminal);
                }
                deadline = Instant::now() + limit;
                continue;
            }
            // What it printed before its end is in the pipe already; who inherited the pipe from it is not waited for.
            self.listen();
            return Ok(self.finished(state));
        }
    }

    fn wait(&self, left: Duration, open: [bool; 2]) {
        let mut fds = vec![
            PollFd::from_borrowed_fd(self.caught.fd(), PollFlags::IN),
            PollFd::new(&self.watched.bell, PollFlags::IN),
        ];
        let [stdout, stderr] = open;
        if stdout {
            fds.push(PollFd::new(&self.stdout, PollFlags::IN));
        }
        if stderr {
            fds.push(PollFd::new(&self.stderr, PollFlags::IN));
        }
        let timeout =
            Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() };
        // An error is looked at as an event: the reads tell.
        let _ = poll(&mut fds, Some(&timeout));
    }

    /// Reads what is there; whether more may come.
    fn listen(&mut self) -> [bool; 2] {
        let stdout = drain(&mut self.stdout, |bytes| {
            if self.said.stdout.len() <= LONGEST {
                self.said.stdout.extend_from_slice(bytes);
            }
        });
        let stderr = drain(&mut self.stderr, |bytes| {
            self.said.stderr.extend_from_slice(bytes);
            let surplus = self.said.stderr.len().saturating_sub(LAST_WORDS);
            self.said.stderr.drain(..surplus);
        });
        [stdout, stderr]
    }

    /// A signal that would have ended or stopped us does so, and to the group first.
    fn pass_on_signals(&mut self) {
        match self.caught.decisive() {
            None | Some(libc::SIGCONT) => {}
            // We stop when the group has stopped.
            Some(libc::SIGTSTP) => {
                self.stopping = kill_process_group(self.group, Signal::TSTP).is_ok();
            }
            Some(signal) => self.die(signal),
        }
    }

    fn die(&mut self, signal: i32) -> ! {
        if let Some(named) = Signal::from_named_raw(signal) {
            let _ = kill_process_group(self.group, named);
        }
        self.take_terminal_back(true);
        signals::die_by(signal)
    }

    /// The group was stopped: because it wants the terminal, or as a whole job is. `false` when it can never go on.
    fn stopped(&mut self, signal: i32) -> bool {
        // It may reach for the terminal while the signal that stops it is on its way, and lose it by going on.
        let stopping = std::mem::replace(&mut self.stopping, false);
        let goes_on = if matches!(signal, libc::SIGTTIN | libc::SIGTTOU) && !stopping {
            // If the terminal is not ours to give we are a background job ourselves, and stop as one does.
            self.hand_terminal() || (self.stop(libc::SIGTTIN) && self.hand_terminal())
        } else {
            if self.take_terminal_back(false) {
                // Ctrl-Z reached the group alone; the rest of our job is to stop too.
                let _ = kill_current_process_group(Signal::TSTP);
            }
            self.stop(libc::SIGTSTP);
            true
        };
        let _ = kill_process_group(self.group, Signal::CONT);
        goes_on
    }

    /// Whether we were stopped, and are awake again.
    fn stop(&mut self, signal: i32) -> bool {
        match self.caught.stop(signal) {
            Stopped::Woken => true,
            Stopped::Not => false,
            Stopped::Ended(signal) => self.die(signal),
        }
    }

    /// Makes the group the terminal's, if the terminal is ours to give; whether it is the group's now.
    fn hand_terminal(&mut self) -> bool {
        let Some(tty) = &self.tty else { return false };
        match tcgetpgrp(tty) {
            Ok(owner) if owner == self.group => true,
            Ok(owner) if owner == getpgrp() => {
                self.settings = tcgetattr(tty).ok();
                self.handed = tcsetpgrp(tty, self.group).is_ok();
                self.handed
            }
            _ => false,
        }
    }

    /// Whether the group had it. What was ended in the middle of a question may have left it without echo.
    fn take_terminal_back(&mut self, put_back: bool) -> bool {
        let (true, Some(tty)) = (std::mem::replace(&mut self.handed, false), &self.tty) else { return false };
        // We are in the background of our own terminal now, and would be stopped for this.
        let _ignored = Ignored::begin(libc::SIGTTOU);
        let _ = tcsetpgrp(tty, getpgrp());
        if let (true, Some(settings)) = (put_back, &self.settings) {
            let _ = tcsetattr(tty, OptionalActions::Now, settings);
        }
        true
    }

    /// Ends the group: politely, then for good.
    fn end(&mut self) {
        self.take_terminal_back(true);
        let _ = kill_process_group(self.group, Signal::TERM);
        let _ = kill_process_group(self.group, Signal::CONT);
        let deadline = Instant::now() + GRACE;
        while self
            .watched
            .states
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .is_ok_and(WaitStatus::stopped)
        {}
        let _ = kill_process_group(self.group, Signal::KILL);
    }

    fn finished(mut self, state: WaitStatus) -> Finished {
        let had_terminal = self.take_terminal_back(state.exit_status().is_none());
        let end = match (state.exit_status(), state.terminating_signal()) {
            (Some(status), _) => End::Status(status),
            (None, signal) => End::Signal(signal.unwrap_or_default()),
        };
        if let (true, End::Signal(signal @ (libc::SIGINT | libc::SIGQUIT))) = (had_terminal, end) {
            // Ctrl-C reached the group alone; who pressed it meant the whole job.
            if let Some(named) = Signal::from_named_raw(signal) {
                let _ = kill_current_process_group(named);
            }
            signals::die_by(signal);
        }
        Finished { end, stdout: std::mem::take(&mut self.said.stdout), stderr: std::mem::take(&mut self.said.stderr) }
    }
}

/// Reads what a pipe holds; `false` when it is at its end.
fn drain(pipe: &mut impl Read, mut take: impl FnMut(&[u8])) -> bool {
    let mut buffer = Zeroizing::new([0; 4096]);
    loop {
        match pipe.read(&mut *buffer) {
            Ok(0) => return false,
            Ok(count) => take(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return error.kind() == io::ErrorKind::WouldBlock,
        }
    }
}
