//! Running a helper program to its end, within a time, in a process group of its own that ends with it.
//!
//! The group is a background job: what the program prints is caught, and it never disturbs the terminal of the
//! command's pipeline. The terminal is handed to it only when it reaches for the terminal and is stopped for that.
//!
//! There is no second thread: a limit on processes that leaves room for the helper may leave none for a thread.

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
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, getpgrp, kill_current_process_group,
    kill_process_group, waitid, waitpid,
};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr, tcsetpgrp};
use zeroize::Zeroizing;

use crate::system::signals;
use crate::system::signals::{Caught, Ignored, Interrupted, Stopped};

/// No helper has more to say, in bytes.
const LONGEST: usize = 256 * 1024;

/// Of what it says on stderr, the end is kept.
const LAST_WORDS: usize = 8 * 1024;

/// The time between the signal that asks a program to end and SIGKILL.
const GRACE: Duration = Duration::from_secs(1);

/// A helper program about to be run.
pub struct Helper<'a> {
    /// Its name, looked for in PATH, or its path.
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
    /// To our own stderr, where people read what it wants from them.
    Inherit,
    /// Into [`Finished::stderr`].
    Capture,
}

/// A program that ended by itself.
pub struct Finished {
    /// How it ended.
    pub end: End,
    /// What it printed.
    pub stdout: Zeroizing<Vec<u8>>,
    /// The end of what it said on stderr, when that was captured.
    pub stderr: Vec<u8>,
    /// Whether this process was stopped meanwhile and lost its lock to another one.
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
    /// The system does not tell how it ended.
    Lost(io::Error),
    /// It did not end in time, and was ended with its group.
    TooSlow,
    /// It printed without an end, and was ended with its group.
    TooMuch,
    /// It wants the terminal, which belongs to another job.
    NoTerminal,
}

/// Runs a program with these arguments and this environment alone. Its standard input is the terminal if there is one:
/// our own belongs to the command that comes after it.
pub fn run(helper: Helper<'_>, interrupted: &mut dyn Interrupted) -> Result<Finished, Trouble> {
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
        interrupted,
        stdout: Stream::new(child.stdout.take()),
        stderr: Stream::new(child.stderr.take()),
        printed: Zeroizing::default(),
        said: Vec::new(),
    };
    job.run(helper.limit)
}

/// A pipe from the program; `None` where there is none, or nothing more comes.
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

    /// Takes what the pipe holds, but no more than a pipe can hold: a writer may be faster than this reader.
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
    /// Whether the terminal is the group's.
    handed: bool,
    /// Whether the group was told to stop.
    stopping: bool,
    resumed: bool,
    /// The terminal's settings when it was handed over.
    settings: Option<Termios>,
    caught: Caught,
    interrupted: &'a mut dyn Interrupted,
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
            // Read after the state: what the program printed before its end is in the pipe by then. What another
            // process that inherited the pipe may still print is not waited for.
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

    /// Waits for a signal, the end or stop of the program, or something that it prints.
    fn wait(&self, left: Duration) {
        let fds = [Some(self.caught.fd()), self.stdout.fd(), self.stderr.fd()];
        let mut fds: Vec<PollFd<'_>> =
            fds.into_iter().flatten().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        // An error is looked at as an event: the reads tell.
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
        self.interrupted.cancelled();
        self.end_group(Signal::from_named_raw(signal).unwrap_or(Signal::TERM));
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
        self.interrupted.stopping();
        let stopped = self.caught.stop(signal);
        if let Stopped::Ended(signal) = stopped {
            self.die(signal);
        }
        self.resumed |= !self.interrupted.woken();
        stopped == Stopped::Woken
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

    fn end(&mut self) {
        self.end_group(Signal::TERM);
    }

    /// Ends the group: by this signal first, then for good, for a child of the program may be deaf to it.
    fn end_group(&mut self, signal: Signal) {
        self.take_terminal_back(true);
        let _ = kill_process_group(self.group, signal);
        let _ = kill_process_group(self.group, Signal::CONT);
        let deadline = Instant::now() + GRACE;
        // As long as the program is not waited for, its number is no other group's.
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
        // The command that this process becomes is left no zombie.
        while let Err(Errno::INTR) = waitpid(Some(self.group), WaitOptions::empty()) {}
    }

    fn finished(mut self, state: WaitStatus) -> Finished {
        let had_terminal = self.take_terminal_back(state.exit_status().is_none());
        let end = match (state.exit_status(), state.terminating_signal()) {
            (Some(status), _) => End::Status(status),
            (None, signal) => End::Signal(signal.unwrap_or_default()),
        };
        if let (true, End::Signal(signal @ (libc::SIGINT | libc::SIGQUIT))) = (had_terminal, end) {
            // Ctrl-C reached the group alone, and was meant for the whole job.
            self.interrupted.cancelled();
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
