//! Waiting for a person who is at work elsewhere, in a browser say. No question stands on the terminal and nothing of
//! it is changed; but an end by Ctrl-C must tell those who wait for us.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::system::signals;
use crate::system::signals::{Caught, Interrupted, Stopped};

/// Signals are caught until this is dropped.
pub struct Wait<'a> {
    caught: Option<Caught>,
    interrupted: &'a mut dyn Interrupted,
}

impl<'a> Wait<'a> {
    /// Begins to catch them.
    pub fn begin(interrupted: &'a mut dyn Interrupted) -> io::Result<Self> {
        Ok(Self { caught: Some(Caught::new()?), interrupted })
    }

    /// Returns when the descriptor is readable (true), or the moment has come (false).
    pub fn until(&mut self, moment: Instant, readable: Option<BorrowedFd<'_>>) -> bool {
        loop {
            self.look();
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
            let timeout = Timespec { tv_sec: seconds, tv_nsec: left.subsec_nanos().into() };
            let signals = self.caught.as_ref().map(|caught| PollFd::from_borrowed_fd(caught.fd(), PollFlags::IN));
            let awaited = readable.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
            let awaits = awaited.is_some();
            let mut fds: Vec<PollFd<'_>> = awaited.into_iter().chain(signals).collect();
            let came = poll(&mut fds, Some(&timeout)).is_ok_and(|count| count > 0);
            if came && awaits && fds.first().is_some_and(|fd| !fd.revents().is_empty()) {
                return true;
            }
        }
    }

    /// Acts on a signal, if one came. While we are stopped the lock stays ours: the browser's page is still open, and a
    /// second one would only confuse.
    pub fn look(&mut self) {
        let Some(caught) = &self.caught else { return };
        match caught.decisive() {
            None | Some(libc::SIGCONT) => {}
            Some(libc::SIGTSTP) => {
                if let Stopped::Ended(by) = caught.stop(libc::SIGTSTP) {
                    self.end(by);
                }
            }
            Some(signal) => self.end(signal),
        }
    }

    fn end(&mut self, signal: i32) -> ! {
        self.interrupted.cancelled();
        self.caught = None;
        signals::die_by(signal)
    }
}
