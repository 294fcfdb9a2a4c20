//! The controlling terminal: where a code is asked for, whatever stdin, stdout and stderr are.

use std::fs::{File, OpenOptions};
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetpgrp, tcsetattr,
};
use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::system::signals;
use crate::system::signals::{Caught, Ignored, Interrupted, Stopped};
use crate::text::escape::printable;

/// The controlling terminal.
pub struct Terminal {
    tty: File,
    /// How long a question stands, where a command that runs at this terminal needs new credentials.
    patience: Option<Duration>,
}

/// What came of a prompt.
pub enum Answer {
    /// A line.
    Line(Secret),
    /// End of input.
    End,
    /// The terminal is gone, or belongs to others for good.
    Nowhere,
    /// The program was stopped and goes on: whatever it knew may be old.
    Resumed,
    /// Nobody answered in time.
    Late,
}

impl Terminal {
    /// The terminal, if the process has one.
    ///
    /// # Errors
    /// Returns an error if there may be a terminal, but it cannot be opened now, because too many files are open.
    pub fn open() -> io::Result<Option<Self>> {
        let opened = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open("/dev/tty");
        match opened {
            Ok(tty) => Ok(Some(Self { tty, patience: None })),
            Err(error) if matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOMEM)) => {
                Err(error)
            }
            Err(_) => Ok(None),
        }
    }

    /// Whether the process has no terminal.
    pub fn is_missing() -> bool {
        matches!(Self::open(), Ok(None))
    }

    /// The same as [`Self::open`], with how long a question stands. A limit is given where a command that runs at this
    /// terminal waits for the answer: a question does not stop that command in the background, and changes no more of
    /// the terminal than it must, for the command's SDK may kill us at it.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_for(patience: Option<Duration>) -> io::Result<Option<Self>> {
        Ok(Self::open()?.map(|terminal| Self { patience, ..terminal }))
    }

    /// Prints a line on the terminal.
    pub fn say(&mut self, text: &str) {
        let _ = self.tty.write_all(format!("{}\n", printable(text)).as_bytes());
    }

    /// Asks for a line that is not shown. Every end leaves the terminal as it was; a signal that would have ended or
    /// stopped the program does so after that.
    pub fn ask(&mut self, prompt: &str, interrupted: &mut dyn Interrupted) -> io::Result<Answer> {
        self.question(prompt, Echo::Off, interrupted)
    }

    /// The same for a line that is no secret.
    pub fn ask_openly(&mut self, prompt: &str, interrupted: &mut dyn Interrupted) -> io::Result<Answer> {
        self.question(prompt, Echo::On, interrupted)
    }

    fn question(&mut self, prompt: &str, echo: Echo, interrupted: &mut dyn Interrupted) -> io::Result<Answer> {
        let caught = Caught::new()?;
        let _deaf = self.patience.map(|_| [Ignored::begin(libc::SIGTTIN), Ignored::begin(libc::SIGTTOU)]);
        if self.in_background() {
            if self.patience.is_some() {
                return Ok(Answer::Nowhere);
            }
            // Touching the terminal would stop us with the lock in hand: let go of it first.
            return Ok(stop(libc::SIGTTIN, caught, interrupted).map_or(Answer::Nowhere, |()| Answer::Resumed));
        }
        let before = match tcgetattr(&self.tty) {
            Ok(before) => before,
            Err(Errno::IO) => return Ok(Answer::Nowhere),
            Err(error) => return Err(error.into()),
        };
        let deadline = self.patience.map(|patience| Instant::now() + patience);
        let changed = match deadline {
            None => Some(Changed::new(self, &before, echo)?),
            Some(_) if takes_lines(&before) => {
                let _ = tcflush(&self.tty, QueueSelector::IFlush);
                None
            }
            Some(_) => Some(Changed::new(self, &before, Echo::On)?),
        };
        (&self.tty).write_all(printable(prompt).as_bytes())?;
        let end = read_line(&self.tty, &caught, deadline);
        drop(changed);
        // A line that is shown ends with the person's own.
        let shown = echo == Echo::On || deadline.is_some();
        if !shown || !matches!(end, Ok(End::Line(_))) {
            let _ = self.tty.write_all(b"\n");
        }
        // A signal that came while the answer was read must not be lost with it.
        let end = match (end?, caught.decisive()) {
            (End::Line(_) | End::Input | End::Time, Some(signal)) if signal != libc::SIGCONT => End::Signal(signal),
            (end, _) => end,
        };
        match end {
            End::Line(line) => Ok(Answer::Line(line)),
            End::Input if deadline.is_some() && self.in_background() => Ok(Answer::Nowhere),
            End::Input => Ok(Answer::End),
            End::Time => Ok(Answer::Late),
            // Without our doing: SIGSTOP stopped us, and whoever had the terminal meanwhile may have set its echo.
            End::Signal(libc::SIGCONT) => Ok(Answer::Resumed),
            End::Signal(libc::SIGTSTP) => {
                stop(libc::SIGTSTP, caught, interrupted);
                Ok(Answer::Resumed)
            }
            End::Signal(signal) => end_by(signal, caught, interrupted),
        }
    }

    /// Whether a reader or writer would be stopped, or refused.
    fn in_background(&self) -> bool {
        tcgetpgrp(&self.tty).is_ok_and(|foreground| foreground != rustix::process::getpgrp())
    }
}

/// Stops, and goes on; `None` when nothing stopped us.
fn stop(signal: i32, caught: Caught, interrupted: &mut dyn Interrupted) -> Option<()> {
    interrupted.stopping();
    let stopped = caught.stop(signal);
    if let Stopped::Ended(by) = stopped {
        end_by(by, caught, interrupted);
    }
    interrupted.woken();
    (stopped == Stopped::Woken).then_some(())
}

fn end_by(signal: i32, caught: Caught, interrupted: &mut dyn Interrupted) -> ! {
    interrupted.cancelled();
    drop(caught);
    signals::die_by(signal)
}

/// Whether what is typed shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Echo {
    On,
    Off,
}

/// Whether a line can be typed at the terminal as it is set.
fn takes_lines(settings: &Termios) -> bool {
    settings.local_modes.contains(LocalModes::ICANON | LocalModes::ISIG)
        && settings.input_modes.contains(InputModes::ICRNL)
}

/// A terminal that lines are typed at, until dropped.
struct Changed<'a> {
    terminal: &'a Terminal,
    before: &'a Termios,
}

impl<'a> Changed<'a> {
    fn new(terminal: &'a Terminal, before: &'a Termios, echo: Echo) -> io::Result<Self> {
        let mut changed = before.clone();
        match echo {
            Echo::Off => changed.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL),
            Echo::On => changed.local_modes.insert(LocalModes::ECHO),
        }
        changed.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        changed.input_modes.insert(InputModes::ICRNL);
        // Flushing drops what was typed before the question stood.
        set(&terminal.tty, OptionalActions::Flush, &changed)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        // Deaf to SIGTTOU we would not be stopped at what is no longer ours to set.
        if self.terminal.patience.is_none() || !self.terminal.in_background() {
            let _ = set(&self.terminal.tty, OptionalActions::Flush, self.before);
        }
    }
}

fn set(tty: &File, when: OptionalActions, to: &Termios) -> io::Result<()> {
    loop {
        match tcsetattr(tty, when, to) {
            Err(Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

enum End {
    Line(Secret),
    Input,
    Signal(i32),
    Time,
}

/// One line, or the signal or end that came before it was whole, or the moment after which nobody waits.
fn read_line(tty: &File, caught: &Caught, deadline: Option<Instant>) -> io::Result<End> {
    let mut line = Zeroizing::new(Vec::with_capacity(256));
    loop {
        let mut fds = [PollFd::new(tty, PollFlags::IN), PollFd::from_borrowed_fd(caught.fd(), PollFlags::IN)];
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = left.map(|left| Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => return Ok(End::Time),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = !fds[0].revents().is_empty();
        if let Some(signal) = caught.decisive() {
            return Ok(End::Signal(signal));
        }
        if !ready {
            continue;
        }
        let mut bytes = Zeroizing::new([0; 256]);
        match rustix::io::read(tty, &mut *bytes) {
            Ok(0) | Err(Errno::IO) => {
                // The kernel ends the reads of a terminal that was hung up before SIGHUP is seen.
                return Ok(caught.decisive().map_or(End::Input, End::Signal));
            }
            Ok(count) => line.extend_from_slice(bytes.get(..count).unwrap_or_default()),
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
        if line.last() == Some(&b'\n') {
            return Ok(End::Line(Secret::new(String::from_utf8_lossy(&line).trim().to_owned())));
        }
        if line.len() > 4096 {
            line.clear();
        }
    }
}
