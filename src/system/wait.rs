//! Waiting for a person (who signs in with a browser, for example) or for a server. There is no prompt, and the
//! terminal is not changed. But the processes that wait for this one must learn that it was ended, and must not wait
//! while it is stopped.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tempfile::TempPath;

use crate::system::signals;
use crate::system::signals::{Caught, Interrupted, Stopped};

/// How often signals are checked for during a call.
const GLANCE: Duration = Duration::from_millis(100);

/// A wait. Signals are caught until it is dropped.
pub struct Wait<'a> {
    caught: Option<Caught>,
    interrupted: &'a mut dyn Interrupted,
    resumed: bool,
    file: Option<TempPath>,
}

impl<'a> Wait<'a> {
    /// Begins to catch signals.
    pub fn begin(interrupted: &'a mut dyn Interrupted) -> io::Result<Self> {
        Ok(Self { caught: Some(Caught::new()?), interrupted, resumed: false, file: None })
    }

    /// Removes this file when the wait ends, also by a signal.
    pub fn keep(&mut self, file: TempPath) {
        self.file = Some(file);
    }

    /// Waits until one of the descriptors is readable (true), or until this time (false), or until the process was
    /// stopped and another one had the lock (false, see [`Self::resumed`]).
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

    /// Waits until a call to a server ends.
    pub async fn during<T>(&mut self, call: impl Future<Output = T>) -> T {
        let mut call = std::pin::pin!(call);
        loop {
            match tokio::time::timeout(GLANCE, call.as_mut()).await {
                Ok(answer) => return answer,
                Err(_) => self.look(),
            }
        }
    }

    /// Whether this process was stopped and another one had its lock meanwhile, and may have done the work.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// Acts on a signal, if one was caught.
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
        // A signal that was caught after the last check.
        self.look();
    }
}
