//! The whole screen of the controlling terminal, and its keys one by one. The terminal is restored at every end, also by
//! a signal and while the process is stopped. Nothing is asked of the terminal itself: one that never answers works.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use crate::system::signals;
use crate::system::signals::{Caught, Stopped};

/// The other screen, and pasted text in brackets.
const ENTER: &str = "\x1b[?1049h\x1b[?2004h";

/// The screen as it was, with the cursor shown.
const LEAVE: &str = "\x1b[?2004l\x1b[?1049l\x1b[?25h";

/// What happened at the terminal.
pub enum Event {
    /// These bytes were typed or pasted.
    Typed(Vec<u8>),
    /// Nothing was typed for a while.
    Nothing,
    /// The size may have changed, or something else may have been drawn meanwhile.
    Changed,
    /// The terminal is gone.
    Gone,
}

/// The screen while this lives.
pub struct FullScreen {
    tty: File,
    before: Termios,
    caught: Option<Caught>,
}

impl FullScreen {
    /// Takes the screen; `None` if there is no terminal.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be set.
    pub fn take() -> io::Result<Option<Self>> {
        let opened = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open("/dev/tty");
        let Ok(tty) = opened else { return Ok(None) };
        let caught = Caught::with_resizing()?;
        let before = tcgetattr(&tty)?;
        let mut screen = Self { tty, before, caught: Some(caught) };
        screen.enter()?;
        Ok(Some(screen))
    }

    /// Lines and columns; 24 and 80 where the terminal does not know.
    pub fn size(&self) -> (usize, usize) {
        let known = |count: u16, otherwise: usize| if count == 0 { otherwise } else { usize::from(count) };
        tcgetwinsize(&self.tty).map_or((24, 80), |size| (known(size.ws_row, 24), known(size.ws_col, 80)))
    }

    /// Draws. Failures are ignored; a terminal that is gone is told by [`Self::next`].
    pub fn draw(&mut self, text: &str) {
        let _ = self.tty.write_all(text.as_bytes());
    }

    /// Waits for the next event, at most for `patience`.
    pub fn next(&mut self, patience: Option<Duration>) -> Event {
        let Some(caught) = &self.caught else { return Event::Gone };
        let timeout = patience.map(|patience| Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        });
        let mut fds = [PollFd::new(&self.tty, PollFlags::IN), PollFd::from_borrowed_fd(caught.fd(), PollFlags::IN)];
        let ready = poll(&mut fds, timeout.as_ref());
        let [typed, signalled] = fds.map(|fd| !fd.revents().is_empty());
        match ready {
            Ok(0) => return Event::Nothing,
            Err(error) if error != Errno::INTR => return Event::Gone,
            _ => {}
        }
        match caught.decisive() {
            None if signalled => return Event::Changed,
            None => {}
            Some(libc::SIGCONT) => {
                // SIGSTOP cannot be caught. A shell sets the terminal for itself meanwhile.
                let _ = self.enter();
                return Event::Changed;
            }
            Some(libc::SIGTSTP) => return self.stop(),
            Some(signal) => self.end_by(signal),
        }
        if typed { self.read() } else { Event::Changed }
    }

    fn read(&mut self) -> Event {
        let mut bytes = [0; 4096];
        match rustix::io::read(&self.tty, &mut bytes) {
            Ok(0) | Err(Errno::IO) => match self.caught.as_ref().and_then(Caught::decisive) {
                Some(signal) if signal != libc::SIGCONT => self.end_by(signal),
                _ => Event::Gone,
            },
            Ok(count) => Event::Typed(bytes.get(..count).unwrap_or_default().to_vec()),
            Err(Errno::INTR | Errno::AGAIN) => Event::Changed,
            Err(_) => Event::Gone,
        }
    }

    /// Each key comes at once and is not shown. Ctrl-C is a key like the others; Ctrl-Z and Ctrl-\ still send signals.
    fn enter(&mut self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHONL);
        raw.local_modes.insert(LocalModes::ISIG);
        // 0 is no key.
        raw.special_codes[SpecialCodeIndex::VINTR] = 0;
        raw.special_codes[SpecialCodeIndex::VMIN] = 1;
        raw.special_codes[SpecialCodeIndex::VTIME] = 0;
        while let Err(error) = tcsetattr(&self.tty, OptionalActions::Drain, &raw) {
            if error != Errno::INTR {
                return Err(error.into());
            }
        }
        self.draw(ENTER);
        Ok(())
    }

    fn leave(&mut self) {
        self.draw(LEAVE);
        while let Err(Errno::INTR) = tcsetattr(&self.tty, OptionalActions::Drain, &self.before) {}
    }

    fn stop(&mut self) -> Event {
        self.leave();
        let stopped = self.caught.as_ref().map(|caught| caught.stop(libc::SIGTSTP));
        if let Some(Stopped::Ended(signal)) = stopped {
            self.caught = None;
            signals::die_by(signal)
        }
        if self.enter().is_err() { Event::Gone } else { Event::Changed }
    }

    fn end_by(&mut self, signal: i32) -> ! {
        self.leave();
        self.caught = None;
        signals::die_by(signal)
    }
}

impl Drop for FullScreen {
    fn drop(&mut self) {
        if self.caught.is_some() {
            self.leave();
        }
    }
}
