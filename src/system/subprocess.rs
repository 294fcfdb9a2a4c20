//! Runs a helper program until it ends or its time is over. It has its own process group, which ends with it.
//!
//! The group is a background job: the program's output is captured, and it does not disturb the terminal of the
//! command's pipeline. It gets the terminal only after the kernel has stopped it for using the terminal.
//!
//! No second thread is used, because a limit on processes may allow the helper but no thread.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::io::Read;
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, kill_current_process_group, kill_process_group,
    waitid, waitpid,
};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp};
use zeroize::Zeroizing;

use crate::system::held_locks::HeldLocks;
use crate::system::signals;
use crate::system::signals::{Caught, Ignored, Stopped};
use crate::system::terminal::own_group;

/// The most that a helper may print, in bytes.
const LONGEST: usize = 256 * 1024;

/// How much of its stderr is kept, in bytes, from the end.
const LAST_WORDS: usize = 8 * 1024;

/// The time between SIGTERM (or the signal that ends aws-auth) and SIGKILL.
const GRACE: Duration = Duration::from_secs(1);

/// A helper program to run.
pub struct Helper<'a> {
    /// Its name, which is looked up in PATH, or its path.
    pub program: &'a str,
    /// Its arguments.
    pub arguments: &'a [String],
    /// Its whole environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Where its stderr goes.
    pub stderr: Words,
    /// How long it may run.
    pub limit: Duration,
}

/// Where a helper's stderr goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// To this process's stderr, so that the user can read it.
    Inherit,
    /// Into [`Finished::stderr`].
    Capture,
}

/// The result of a program that ended by itself.
pub struct Finished {
    /// How it ended.
    pub end: End,
    /// What it printed.
    pub stdout: Zeroizing<Vec<u8>>,
    /// The end of its stderr, if that was captured.
    pub stderr: Vec<u8>,
    /// Whether this process was stopped meanwhile and another one took its lock.
    pub resumed: bool,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With an exit status.
    Status(i32),
    /// By a signal.
    Signal(i32),
}

/// Why a program gave no result.
pub enum Trouble {
    /// It could not be started.
    NotStarted(io::Error),
    /// waitpid(2) failed, so it is not known how it ended.
    Lost(io::Error),
    /// It did not end in time, and its group was ended.
    TooSlow,
    /// It printed too much, and its group was ended.
    TooMuch,
    /// It needs the terminal, which another job is using.
    NoTerminal,
}

/// Runs a program with these arguments and only this environment. Its standard input is the terminal if there is one,
/// because aws-auth's own belongs to the command.
pub fn run(helper: Helper<'_>, locks: &HeldLocks) -> Result<Finished, Trouble> {
    let tty = File::options().read(true).write(true).open("/dev/tty").ok();
    let stdin = tty.as_ref().and_then(|tty| tty.try_clone().ok()).map_or_else(Stdio::null, Stdio::from);
    let caught = Caught::with_children().map_err(Trouble::NotStarted)?;
    let mut command = Command::new(helper.program);
    command.args(helper.arguments).env_clear().envs(helper.environment).process_group(0);
    command.stdin(stdin).stdout(Stdio::piped()).stderr(match helper.stderr {
        Words::Inherit => Stdio::inherit(),
        Words::Capture => Stdio::piped(),
    });
    signals::hand_down(&mut command);
    let mut child = command.spawn().map_err(Trouble::NotStarted)?;
    let job = Job {
        group: Pid::from_child(&child),
        tty,
        handed: false,
        stopping: false,
        resumed: false,
        settings: None,
        caught,
        locks,
        stdout: Stream::new(child.stdout.take()),
        stderr: Stream::new(child.stderr.take()),
        printed: Zeroizing::default(),
        said: Vec::new(),
    };
    job.run(helper.limit)
}

/// A pipe from the program; `None` if there is none, or it has ended.
struct Stream<P>(Option<P>);

impl<P: Read + std::os::fd::AsFd> Stream<P> {
    fn new(pipe: Option<P>) -> Self {
        if let Some(pipe) = &pipe {
            let _ = rustix::io::ioctl_fionbio(pipe, true);
        }
        Self(pipe)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.0.as_ref().map(std::os::fd::AsFd::as_fd)
    }

    /// Reads what is in the pipe, but not more than a pipe can hold, because the writer may be faster than this reader.
    fn drain(&mut self, mut take: impl FnMut(&[u8])) {
        let Some(pipe) = &mut self.0 else { return };
        let mut buffer = Zeroizing::new([0; 4096]);
        for _ in 0..=LONGEST / buffer.len() {
            match pipe.read(&mut *buffer) {
                Ok(0) => break,
                Ok(count) => take(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => break,
            }
        }
        self.0 = None;
    }
}

struct Job<'a> {
    group: Pid,
    tty: Option<File>,
    /// Whether the group has the terminal.
    handed: bool,
    /// Whether the group was sent a signal to stop.
    stopping: bool,
    resumed: bool,
    /// The terminal's settings when the group got it.
    settings: Option<Termios>,
    caught: Caught,
    locks: &'a HeldLocks,
    stdout: Stream<ChildStdout>,
    stderr: Stream<ChildStderr>,
    printed: Zeroizing<Vec<u8>>,
    said: Vec<u8>,
}

impl Job<'_> {
    fn run(mut self, limit: Duration) -> Result<Finished, Trouble> {
        let mut deadline = Instant::now() + limit;
        loop {
            self.wait(deadline.saturating_duration_since(Instant::now()));
            self.pass_on_signals();
            let state = waitpid(Some(self.group), WaitOptions::UNTRACED | WaitOptions::NOHANG);
            // Read after the state: by then, everything that the program printed is in the pipe. Another process that
            // inherited the pipe is not waited for.
            self.listen();
            if self.printed.len() > LONGEST {
                self.end();
                return Err(Trouble::TooMuch);
            }
            match state {
                Ok(Some((_, state))) => match state.stopping_signal() {
                    None => return Ok(self.finished(state)),
                    Some(signal) if self.stopped(signal) => deadline = Instant::now() + limit,
                    Some(_) => {
                        self.end();
                        return Err(Trouble::NoTerminal);
                    }
                },
                Ok(None) | Err(Errno::INTR) if deadline > Instant::now() => {}
                Ok(None) | Err(Errno::INTR) => {
                    self.end();
                    return Err(Trouble::TooSlow);
                }
                Err(error) => {
                    self.end();
                    return Err(Trouble::Lost(error.into()));
                }
            }
        }
    }

    /// Waits for a signal, for the program to end or stop, or for its output.
    fn wait(&self, left: Duration) {
        let fds = [Some(self.caught.fd()), self.stdout.fd(), self.stderr.fd()];
        let mut fds: Vec<PollFd<'_>> =
            fds.into_iter().flatten().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        // An error counts as an event; the reads then find it.
        let _ = poll(&mut fds, Some(&timeout(left)));
    }

    fn listen(&mut self) {
        let printed = &mut self.printed;
        self.stdout.drain(|bytes| {
            if printed.len() <= LONGEST {
                printed.extend_from_slice(bytes);
            }
        });
        let said = &mut self.said;
        self.stderr.drain(|bytes| {
            said.extend_from_slice(bytes);
            let surplus = said.len().saturating_sub(LAST_WORDS);
            said.drain(..surplus);
        });
    }

    /// Passes a signal that ends or stops aws-auth to the group first, then acts on it.
    fn pass_on_signals(&mut self) {
        match self.caught.decisive() {
            None | Some(libc::SIGCONT) => {}
            // This process stops after the group has stopped.
            Some(libc::SIGTSTP) => {
                self.stopping = kill_process_group(self.group, Signal::TSTP).is_ok();
            }
            Some(signal) => self.die(signal),
        }
    }

    fn die(&mut self, signal: i32) -> ! {
        self.locks.cancelled();
        self.end_group(Signal::from_named_raw(signal).unwrap_or(Signal::TERM));
        signals::die_by(signal)
    }

    /// Handles a stop of the group: it needs the terminal, or the whole job was stopped. `false` if it can never go on.
    fn stopped(&mut self, signal: i32) -> bool {
        // It may use the terminal while a signal to stop is on its way, and lose the terminal when it goes on.
        let stopping = std::mem::replace(&mut self.stopping, false);
        let goes_on = if matches!(signal, libc::SIGTTIN | libc::SIGTTOU) && !stopping {
            // If this process does not have the terminal, it is a background job itself, and stops like one.
            self.hand_terminal() || (self.stop(libc::SIGTTIN) && self.hand_terminal())
        } else {
            if self.take_terminal_back(false) {
                // Ctrl-Z reached only the group; the rest of the job has to stop too.
                let _ = kill_current_process_group(Signal::TSTP);
            }
            self.stop(libc::SIGTSTP);
            true
        };
        let _ = kill_process_group(self.group, Signal::CONT);
        goes_on
    }

    /// Stops this process. Returns whether it was stopped and continued.
    fn stop(&mut self, signal: i32) -> bool {
        self.locks.stopping();
        let stopped = self.caught.stop(signal);
        if let Stopped::Ended(signal) = stopped {
            self.die(signal);
        }
        self.resumed |= !self.locks.woken();
        stopped == Stopped::Woken
    }

    /// Gives the terminal to the group if this process has it. Returns whether the group has it now.
    fn hand_terminal(&mut self) -> bool {
        let Some(tty) = &self.tty else { return false };
        match tcgetpgrp(tty) {
            Ok(owner) if owner == self.group => true,
            Ok(owner) if own_group() == Some(owner) => {
                self.settings = tcgetattr(tty).ok();
                self.handed = tcsetpgrp(tty, self.group).is_ok();
                self.handed
            }
            _ => false,
        }
    }

    /// Takes the terminal back and restores its settings, because a program that was ended at a prompt may have left it
    /// without echo. Returns whether the group had it.
    fn take_terminal_back(&mut self, put_back: bool) -> bool {
        let (true, Some(tty)) = (std::mem::replace(&mut self.handed, false), &self.tty) else { return false };
        // This process is in the background now; the kernel would stop it for this.
        let _ignored = Ignored::begin(libc::SIGTTOU);
        let _ = own_group().map(|group| tcsetpgrp(tty, group));
        if let (true, Some(settings)) = (put_back, &self.settings) {
            let _ = tcsetattr(tty, OptionalActions::Now, settings);
        }
        true
    }

    fn end(&mut self) {
        self.end_group(Signal::TERM);
    }

    /// Ends the group: with this signal first, then with SIGKILL, because a child of the program may ignore the first.
    fn end_group(&mut self, signal: Signal) {
        self.take_terminal_back(true);
        let _ = kill_process_group(self.group, signal);
        let _ = kill_process_group(self.group, Signal::CONT);
        let deadline = Instant::now() + GRACE;
        // No other group can get this number before the program was waited for.
        let ended = || {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            !matches!(waitid(WaitId::Pid(self.group), options), Ok(None) | Err(Errno::INTR))
        };
        while !ended() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let mut fds = [PollFd::from_borrowed_fd(self.caught.fd(), PollFlags::IN)];
            let _ = poll(&mut fds, Some(&timeout(left)));
            let _ = self.caught.decisive();
        }
        let _ = kill_process_group(self.group, Signal::KILL);
        // The command that this process becomes must not have a zombie.
        while let Err(Errno::INTR) = waitpid(Some(self.group), WaitOptions::empty()) {}
    }

    fn finished(mut self, state: WaitStatus) -> Finished {
        let had_terminal = self.take_terminal_back(state.exit_status().is_none());
        let end = match (state.exit_status(), state.terminating_signal()) {
            (Some(status), _) => End::Status(status),
            (None, signal) => End::Signal(signal.unwrap_or_default()),
        };
        if let (true, End::Signal(signal @ (libc::SIGINT | libc::SIGQUIT))) = (had_terminal, end) {
            // Ctrl-C reached only the group, but is for the whole job.
            self.locks.cancelled();
            if let Some(named) = Signal::from_named_raw(signal) {
                let _ = kill_current_process_group(named);
            }
            signals::die_by(signal);
        }
        Finished {
            end,
            stdout: std::mem::take(&mut self.printed),
            stderr: std::mem::take(&mut self.said),
            resumed: self.resumed,
        }
    }
}

fn timeout(left: Duration) -> Timespec {
    Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() }
}
