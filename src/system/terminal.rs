//! The controlling terminal, where codes are asked for, whatever stdin, stdout and stderr are.

use std::fs::{File, OpenOptions};
use std::io;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Pid;
use rustix::termios::{
    InputModes, LocalModes, OptionalActions, QueueSelector, SpecialCodeIndex, Termios, tcflush, tcgetattr, tcgetpgrp,
    tcgetwinsize, tcsetattr,
};
use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::system::held_locks::HeldLocks;
use crate::system::signals;
use crate::system::signals::{Caught, Ignored, Stopped};
use crate::text::escape::printable;

/// The controlling terminal.
pub struct Terminal {
    tty: File,
    /// How long a prompt waits, if a command that runs at this terminal needs new credentials; `None` is no limit.
    patience: Option<Duration>,
    /// Whether questions are shown in bold.
    is_bold: bool,
    /// Whether a signal that ends a prompt is left to the caller.
    defers: bool,
    /// The signal that ended the last prompt and did not take effect yet.
    deferred: Option<i32>,
}

/// The result of a prompt.
pub enum Answer {
    /// A line.
    Line(Secret),
    /// End of input.
    End,
    /// The terminal is gone, or another job has it and this process cannot stop to wait for it.
    Nowhere,
    /// The program was stopped and continued: what it knew may be out of date.
    Resumed,
    /// There was no answer in time.
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
            Ok(tty) => Ok(Some(Self { tty, patience: None, is_bold: false, defers: false, deferred: None })),
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

    /// Like [`Self::open`], with a limit for prompts. A limit is given if a command that runs at this terminal waits
    /// for the answer. Then a prompt in the background fails instead of stopping, and it changes the terminal as little
    /// as possible, because the command's SDK may kill this process during the prompt.
    ///
    /// # Errors
    /// Returns an error in the same case as [`Self::open`].
    pub fn open_for(patience: Option<Duration>) -> io::Result<Option<Self>> {
        Ok(Self::open()?.map(|terminal| Self { patience, ..terminal }))
    }

    /// Prints a line on the terminal.
    pub fn say(&mut self, text: &str) {
        let _ = self.tty.write_all(format!("{}\n", printable(text)).as_bytes());
    }

    /// Asks for a line without echo. The terminal is restored in every case. A signal that ends or stops the program
    /// takes effect after that.
    pub fn ask(&mut self, prompt: &str, locks: &HeldLocks) -> io::Result<Answer> {
        self.question(prompt, Echo::Off, locks)
    }

    /// Asks for a line with echo.
    pub fn ask_openly(&mut self, prompt: &str, locks: &HeldLocks) -> io::Result<Answer> {
        self.question(prompt, Echo::On, locks)
    }

    /// Asks for a line without echo that may be longer than a terminal takes by itself (4 KiB, on macOS 1 KiB). Only the
    /// keys that correct what was typed, end it, or send a signal do anything else than add to it.
    pub fn ask_for_pasted(&mut self, prompt: &str, locks: &HeldLocks) -> io::Result<Answer> {
        self.question(prompt, Echo::OffAndRaw, locks)
    }

    /// Shows questions in bold.
    #[must_use]
    pub fn bold(self, is_bold: bool) -> Self {
        Self { is_bold, ..self }
    }

    /// Leaves the signals that end a prompt to the caller, who has something to undo first: the answer is then
    /// [`Answer::End`], and the caller calls [`Self::end`].
    #[must_use]
    pub fn deferring_signals(self) -> Self {
        Self { defers: true, ..self }
    }

    /// Whether a signal is to end the process, and did not yet.
    pub fn is_ending(&self) -> bool {
        self.deferred.is_some()
    }

    /// Ends the process if a signal was to end it at the last prompt.
    pub fn end(&mut self) {
        if let Some(signal) = self.deferred.take() {
            signals::die_by(signal);
        }
    }

    /// Shows a drawing: lines with colours, which must hold no text from elsewhere.
    pub fn draw(&mut self, drawing: &str) {
        let _ = self.tty.write_all(drawing.as_bytes());
    }

    /// The columns and lines of the terminal; `None` if it does not know them.
    pub fn size(&self) -> Option<(usize, usize)> {
        let size = tcgetwinsize(&self.tty).ok()?;
        (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col.into(), size.ws_row.into()))
    }

    fn question(&mut self, prompt: &str, echo: Echo, locks: &HeldLocks) -> io::Result<Answer> {
        let caught = Caught::new()?;
        let _deaf = self.patience.map(|_| [Ignored::begin(libc::SIGTTIN), Ignored::begin(libc::SIGTTOU)]);
        if self.in_background() {
            if self.patience.is_some() {
                return Ok(Answer::Nowhere);
            }
            // Changing the terminal would stop this process with the lock held, so the lock is released first.
            return Ok(stop(libc::SIGTTIN, caught, locks).map_or(Answer::Nowhere, |()| Answer::Resumed));
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
        let prompt = printable(prompt);
        let shown = if self.is_bold { format!("\x1b[1m{prompt}\x1b[0m") } else { prompt.into_owned() };
        locks.prompt_is_shown(Some(&shown));
        (&self.tty).write_all(shown.as_bytes())?;
        let end = read_line(&self.tty, echo == Echo::OffAndRaw && deadline.is_none(), &caught, deadline);
        locks.prompt_is_shown(None);
        drop(changed);
        // With echo, the line break that was typed is shown.
        let is_shown = echo == Echo::On || deadline.is_some();
        if !is_shown || !matches!(end, Ok(End::Line(_))) {
            let _ = self.tty.write_all(b"\n");
        }
        // A signal that was caught while the answer was read must not be lost.
        let end = match (end?, caught.decisive()) {
            (End::Line(_) | End::Input | End::Time, Some(signal)) if signal != libc::SIGCONT => End::Signal(signal),
            (end, _) => end,
        };
        match end {
            End::Line(line) => Ok(Answer::Line(line)),
            End::Input if deadline.is_some() && self.in_background() => Ok(Answer::Nowhere),
            End::Input => Ok(Answer::End),
            End::Time => Ok(Answer::Late),
            // SIGSTOP cannot be caught. The program that had the terminal meanwhile may have changed its echo.
            End::Signal(libc::SIGCONT) => Ok(Answer::Resumed),
            End::Signal(libc::SIGTSTP) => {
                stop(libc::SIGTSTP, caught, locks);
                Ok(Answer::Resumed)
            }
            End::Signal(signal) if self.defers => {
                locks.cancelled();
                self.deferred = Some(signal);
                Ok(Answer::End)
            }
            End::Signal(signal) => end_by(signal, caught, locks),
        }
    }

    /// Whether the kernel would stop this process for reading, or refuse it.
    fn in_background(&self) -> bool {
        tcgetpgrp(&self.tty).is_ok_and(|foreground| own_group() != Some(foreground))
    }
}

/// Whether this process has a terminal and is in its foreground, so that Ctrl-C there reaches it.
pub fn is_in_foreground() -> bool {
    matches!(Terminal::open(), Ok(Some(terminal)) if !terminal.in_background())
}

/// The process group of this process; `None` if it began outside this process id namespace.
pub fn own_group() -> Option<Pid> {
    Pid::from_raw(nix::unistd::getpgrp().as_raw())
}

/// Stops until the process is continued; `None` if it did not stop.
fn stop(signal: i32, caught: Caught, locks: &HeldLocks) -> Option<()> {
    locks.stopping();
    let stopped = caught.stop(signal);
    if let Stopped::Ended(by) = stopped {
        end_by(by, caught, locks);
    }
    locks.woken();
    (stopped == Stopped::Woken).then_some(())
}

fn end_by(signal: i32, caught: Caught, locks: &HeldLocks) -> ! {
    locks.cancelled();
    drop(caught);
    signals::die_by(signal)
}

/// Whether the terminal shows what is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Echo {
    On,
    Off,
    /// It does not show it, and leaves it to the program to find the lines.
    OffAndRaw,
}

/// Whether a line can be typed with the terminal's settings.
fn takes_lines(settings: &Termios) -> bool {
    settings.local_modes.contains(LocalModes::ICANON | LocalModes::ISIG)
        && settings.input_modes.contains(InputModes::ICRNL)
}

/// A terminal that is set for typing lines, until this is dropped.
struct Changed<'a> {
    terminal: &'a Terminal,
    before: &'a Termios,
}

impl<'a> Changed<'a> {
    fn new(terminal: &'a Terminal, before: &'a Termios, echo: Echo) -> io::Result<Self> {
        let mut changed = before.clone();
        match echo {
            Echo::Off | Echo::OffAndRaw => changed.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL),
            Echo::On => changed.local_modes.insert(LocalModes::ECHO),
        }
        changed.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG);
        if echo == Echo::OffAndRaw {
            changed.local_modes.remove(LocalModes::ICANON);
            changed.special_codes[SpecialCodeIndex::VMIN] = 1;
            changed.special_codes[SpecialCodeIndex::VTIME] = 0;
        }
        changed.input_modes.insert(InputModes::ICRNL);
        // Flushing drops what was typed before the prompt.
        set(&terminal.tty, OptionalActions::Flush, &changed)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Changed<'_> {
    fn drop(&mut self) {
        // If the caller ignores SIGTTOU, the kernel does not stop this process from changing a terminal that it no
        // longer has.
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

/// The longest line, in bytes, from a terminal that finds lines itself, and from one that does not.
const LONGEST_LINE: usize = 4097;
const LONGEST_PASTED: usize = 64 * 1024;

/// Keys of a terminal that does not find lines: Delete, Ctrl-H, Ctrl-U and Ctrl-D.
const ERASE: u8 = 0x7f;
const BACKSPACE: u8 = 0x08;
const KILL: u8 = 0x15;
const END_OF_INPUT: u8 = 0x04;

enum End {
    Line(Secret),
    Input,
    Signal(i32),
    Time,
}

/// Reads one line. Returns earlier at a signal, at the end of input, or when the time is over.
fn read_line(tty: &File, is_raw: bool, caught: &Caught, deadline: Option<Instant>) -> io::Result<End> {
    let mut line = Typed::new(is_raw);
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
                // After a hang-up, the kernel ends reads before SIGHUP arrives.
                return Ok(caught.decisive().map_or(End::Input, End::Signal));
            }
            Ok(count) => {
                for byte in bytes.iter().take(count) {
                    if let Some(end) = line.add(*byte) {
                        return Ok(end);
                    }
                }
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The line so far.
struct Typed {
    bytes: Zeroizing<Vec<u8>>,
    is_raw: bool,
}

impl Typed {
    /// A line from a terminal that finds lines itself, or from one that does not (`is_raw`).
    fn new(is_raw: bool) -> Self {
        let most = if is_raw { LONGEST_PASTED } else { LONGEST_LINE };
        Self { bytes: Zeroizing::new(Vec::with_capacity(most)), is_raw }
    }

    /// Takes a byte. Returns how the prompt ends, if it does.
    fn add(&mut self, byte: u8) -> Option<End> {
        match byte {
            b'\n' => return Some(End::Line(Secret::new(String::from_utf8_lossy(&self.bytes).trim().to_owned()))),
            ERASE | BACKSPACE if self.is_raw => drop(self.bytes.pop()),
            KILL if self.is_raw => self.bytes.clear(),
            END_OF_INPUT if self.is_raw && self.bytes.is_empty() => return Some(End::Input),
            END_OF_INPUT if self.is_raw => {}
            // What is too long is nothing that was asked for. More capacity would leave copies in memory.
            _ if self.bytes.len() == self.bytes.capacity() => self.bytes.clear(),
            _ => self.bytes.push(byte),
        }
        None
    }
}
