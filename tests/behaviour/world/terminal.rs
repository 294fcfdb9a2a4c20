//! A pseudo-terminal; the test plays the person who sits at it.

use super::collected::Collected;
use super::sts::random;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{grantpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, Termios, Winsize, tcgetattr, tcsetattr, tcsetwinsize};
use std::cell::Cell;
use std::io::{PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;

/// The settings of a terminal that a prompt may change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// ECHO: typed characters are shown.
    pub echo: bool,
    /// ICANON: lines can be edited.
    pub canonical: bool,
    /// ISIG: Ctrl-C and similar keys send signals.
    pub signals: bool,
    /// All input, output, control and local modes, and the special characters.
    pub all: String,
}

impl Attributes {
    fn of(termios: &Termios) -> Self {
        let local = termios.local_modes;
        Self {
            echo: local.contains(LocalModes::ECHO),
            canonical: local.contains(LocalModes::ICANON),
            signals: local.contains(LocalModes::ISIG),
            // PENDIN only says that typed text will be processed again.
            all: format!(
                "{:?} {:?} {:?} {:?} {:?}",
                termios.input_modes,
                termios.output_modes,
                termios.control_modes,
                local - LocalModes::PENDIN,
                termios.special_codes
            ),
        }
    }
}

/// The person's side of a pseudo-terminal of 24 lines and 80 columns (see [`Self::set_columns`]).
pub struct Terminal {
    master: Option<Arc<OwnedFd>>,
    slave: Option<OwnedFd>,
    collected: Arc<Collected>,
    position: Cell<usize>,
    reader: Option<(PipeWriter, JoinHandle<()>)>,
    before: Attributes,
}

impl Terminal {
    pub fn open() -> Self {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        // This is what posix_openpt(3) opens, but that does not take O_CLOEXEC on every system.
        let master = rustix::fs::open("/dev/ptmx", flags, Mode::empty()).expect("open a pty");
        grantpt(&master).expect("grantpt");
        unlockpt(&master).expect("unlockpt");
        let name = ptsname(&master, Vec::new()).expect("ptsname");
        let slave = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).expect("open the terminal");
        resize(&slave, 24, 80);
        let before = Attributes::of(&tcgetattr(&slave).expect("tcgetattr"));
        let master = Arc::new(master);
        let collected = Arc::new(Collected::default());
        let (stopped, stop) = std::io::pipe().expect("a pipe");
        let reader = {
            let (master, collected) = (Arc::clone(&master), Arc::clone(&collected));
            std::thread::spawn(move || read(&master, &stopped, &collected))
        };
        Self {
            master: Some(master),
            slave: Some(slave),
            collected,
            position: Cell::new(0),
            reader: Some((stop, reader)),
            before,
        }
    }

    /// The program's side; `None` after [`Self::hang_up`].
    pub(super) fn slave(&self) -> Option<&OwnedFd> {
        self.slave.as_ref()
    }

    pub(super) fn collected(&self) -> &Arc<Collected> {
        &self.collected
    }

    /// Blocks until the text appears, after the last match.
    #[track_caller]
    pub fn expect(&self, text: &str) {
        match self.collected.wait_for(text.as_bytes(), self.position.get()) {
            Ok(end) => self.position.set(end),
            Err(why) => panic!("on the terminal, {why}"),
        }
    }

    /// Types these bytes.
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        let master = self.master.as_ref().expect("the terminal was hung up");
        let mut bytes = bytes.as_ref();
        while !bytes.is_empty() {
            match rustix::io::write(master, bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => panic!("type on the terminal: {error}"),
            }
        }
    }

    /// Types a line and Enter, which is a carriage return.
    pub fn send_line(&self, line: &str) {
        self.send(format!("{line}\r"));
    }

    pub fn ctrl_c(&self) {
        self.send([3]);
    }

    pub fn ctrl_d(&self) {
        self.send([4]);
    }

    pub fn ctrl_z(&self) {
        self.send([26]);
    }

    pub fn ctrl_backslash(&self) {
        self.send([28]);
    }

    /// The settings as they are now.
    pub fn attributes(&self) -> Attributes {
        Attributes::of(&tcgetattr(self.slave.as_ref().expect("the terminal was hung up")).expect("tcgetattr"))
    }

    /// The settings before the program started.
    pub fn attributes_before(&self) -> Attributes {
        self.before.clone()
    }

    /// Changes the settings before the program starts: `terminal.set(|t| t.local_modes -= LocalModes::ECHO)`.
    pub fn set(&mut self, change: impl FnOnce(&mut Termios)) {
        let slave = self.slave.as_ref().expect("the terminal was hung up");
        let mut termios = tcgetattr(slave).expect("tcgetattr");
        change(&mut termios);
        tcsetattr(slave, OptionalActions::Now, &termios).expect("tcsetattr");
        self.before = self.attributes();
    }

    /// Makes it this wide.
    pub fn set_columns(&self, columns: u16) {
        self.set_size(24, columns);
    }

    /// Makes it this large, while a program runs or before.
    pub fn set_size(&self, rows: u16, columns: u16) {
        resize(self.slave.as_ref().expect("the terminal was hung up"), rows, columns);
    }

    /// Everything that was shown so far.
    pub fn transcript(&self) -> String {
        String::from_utf8_lossy(&self.collected.bytes()).into_owned()
    }

    /// Waits until everything that was written to the terminal has been shown. Output of a program that has ended may
    /// still be on its way, so this writes a mark and waits for it.
    pub(super) fn drain(&self) {
        let Some(slave) = &self.slave else { return };
        let mark = random::request_id().into_bytes();
        if rustix::io::write(slave, &mark).is_ok() {
            let _ = self.collected.wait_for(&mark, 0);
            self.collected.remove(&mark);
        }
    }

    /// Hangs up, so the session gets SIGHUP.
    pub fn hang_up(&mut self) {
        if let Some((stop, reader)) = self.reader.take() {
            drop(stop);
            let _ = reader.join();
        }
        self.slave = None;
        self.master = None;
        self.collected.close();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.hang_up();
    }
}

fn resize(terminal: &OwnedFd, rows: u16, columns: u16) {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(terminal, size).expect("set the size of the terminal");
}

fn read(master: &OwnedFd, stopped: &PipeReader, collected: &Collected) {
    let mut buffer = [0; 4096];
    loop {
        let mut ready = [
            PollFd::from_borrowed_fd(master.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(stopped.as_fd(), PollFlags::IN),
        ];
        match poll(&mut ready, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => break,
            Ok(_) => {}
        }
        if ready[0].revents().contains(PollFlags::IN) {
            match rustix::io::read(master, &mut buffer) {
                Ok(0) => break,
                Ok(count) => collected.push(&buffer[..count]),
                Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(_) => break,
            }
        } else if !ready[0].revents().is_empty() || !ready[1].revents().is_empty() {
            break;
        }
    }
    collected.close();
}
