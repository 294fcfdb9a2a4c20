//! Waiting for a person who is at work elsewhere, in a browser say, or for a server. No question stands on the terminal
//! and nothing of it is changed; but those who wait for this process must be told of its end, and not wait while it is
//! stopped.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tempfile::TempPath;

use crate::system::signals;
use crate::system::signals::{Caught, Interrupted, Stopped};

/// How long a call may go on before a signal is looked for.
const GLANCE: Duration = Duration::from_millis(100);

/// Signals are caught until this is dropped.
pub struct Wait<'a> {
    caught: Option<Caught>,
    interrupted: &'a mut dyn Interrupted,
    resumed: bool,
    file: Option<TempPath>,
}

impl<'a> Wait<'a> {
    /// Begins to catch them.
    pub fn begin(interrupted: &'a mut dyn Interrupted) -> io::Result<Self> {
        Ok(Self { caught: Some(Caught::new()?), interrupted, resumed: false, file: None })
    }

    /// Removes this file when the wait ends, even by a signal.
    pub fn keep(&mut self, file: TempPath) {
        self.file = Some(file);
    }

    /// Returns when one of the descriptors is readable (true), or the moment has come (false), or what is waited for may
    /// be old (false, see [`Self::resumed`]).
    pub fn until(&mut self, moment: Instant, awaited: &[BorrowedFd<'_>]) -> bool {
        loop {
            self.look();
            let left = moment.saturating_duration_since(Instant::now());
            if self.resumed || left.is_zero() {
                return false;
            }
            let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
            let timeout = Timespec { tv_sec: seconds, tv_nsec: left.subsec_nanos().into() };
            let signals = self.caught.as_ref().map(Caught::fd);
            let fds = awaited.iter().copied().chain(signals);
            let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
            let came = poll(&mut fds, Some(&timeout)).is_ok_and(|count| count > 0);
            if came && fds.iter().take(awaited.len()).any(|fd| !fd.revents().is_empty()) {
                return true;
            }
        }
    }

    /// Waits for the end of a call to a server.
    pub async fn during<T>(&mut self, call: impl Future<Output = T>) -> T {
        let mut call = std::pin::pin!(call);
        loop {
            match tokio::time::timeout(GLANCE, call.as_mut()).await {
                Ok(answer) => return answer,
                Err(_) => self.look(),
            }
        }
    }

    /// Whether this process was stopped, and another one had its lock meanwhile and may have done the work.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// Acts on a signal, if one came.
    pub fn look(&mut self) {
        let Some(caught) = &self.caught else { return };
        match caught.decisive() {
            None | Some(libc::SIGCONT) => {}
            Some(libc::SIGTSTP) => {
                self.interrupted.stopping();
                if let Stopped::Ended(by) = caught.stop(libc::SIGTSTP) {
                    self.end(by);
                }
                self.resumed |= !self.interrupted.woken();
            }
            Some(signal) => self.end(signal),
        }
    }

    fn end(&mut self, signal: i32) -> ! {
        self.interrupted.cancelled();
        self.file = None;
        self.caught = None;
        signals::die_by(signal)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        // What came behind the last look.
        self.look();
    }
}
