//! Waiting for a person (who signs in with a browser, for example), for a server, or for another process. There is no prompt, and the
//! terminal is not changed. But the processes that wait for this one must learn that it was ended, and must not wait
//! while it is stopped.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tempfile::TempPath;

use crate::system::held_locks::HeldLocks;
use crate::system::signals;
use crate::system::signals::{Caught, Stopped};

/// How often signals are checked for during a call.
const GLANCE: Duration = Duration::from_millis(100);

/// A wait. Signals are caught until it is dropped.
pub struct Wait<'a> {
    caught: Option<Caught>,
    locks: &'a HeldLocks,
    resumed: bool,
    file: Option<TempPath>,
}

impl<'a> Wait<'a> {
    /// Begins to catch signals.
    pub fn begin(locks: &'a HeldLocks) -> io::Result<Self> {
        Ok(Self { caught: Some(Caught::new()?), locks, resumed: false, file: None })
    }

    /// Removes this file when the wait ends, also by a signal.
    pub fn keep(&mut self, file: TempPath) {
        self.file = Some(file);
    }

    /// Waits until one of the descriptors is readable (true), or until this time (false), or until the process was
    /// stopped and another one had the lock (false, see [`Self::resumed`]).
    pub fn until(&mut self, moment: Instant, awaited: &[BorrowedFd<'_>]) -> bool {
        self.poll(Some(moment), awaited, |wait| wait.resumed)
    }

    /// Like [`Self::until`], but a stop changes nothing. Without a time there is no limit.
    pub fn until_ready(&mut self, moment: Option<Instant>, awaited: &[BorrowedFd<'_>]) -> bool {
        self.poll(moment, awaited, |_| false)
    }

    fn poll(&mut self, moment: Option<Instant>, awaited: &[BorrowedFd<'_>], is_over: fn(&Self) -> bool) -> bool {
        loop {
            self.look();
            let left = moment.map(|moment| moment.saturating_duration_since(Instant::now()));
            if is_over(self) || left.is_some_and(|left| left.is_zero()) {
                return false;
            }
            let timeout = left.map(|left| Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            });
            let signals = self.caught.as_ref().map(Caught::fd);
            let fds = awaited.iter().copied().chain(signals);
            let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
            let came = poll(&mut fds, timeout.as_ref()).is_ok_and(|count| count > 0);
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
                self.locks.stopping();
                if let Stopped::Ended(by) = caught.stop(libc::SIGTSTP) {
                    self.end(by);
                }
                self.resumed |= !self.locks.woken();
            }
            Some(signal) => self.end(signal),
        }
    }

    fn end(&mut self, signal: i32) -> ! {
        self.locks.cancelled();
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
