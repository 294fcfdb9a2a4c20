//! fork(2). It needs unsafe code: in a process with several threads the child could find a lock of another thread that
//! nobody releases. aws-auth forks only before it has started a second thread, tokio or the SDK (docs/design.md,
//! "Many profiles").
#![allow(unsafe_code)]

use std::io;

use rustix::process::Pid;

use crate::system::signals;

/// Which of the two processes this is.
pub enum Forked {
    /// The child. It has the signals as the caller of this program left them.
    Child,
    /// The parent, with the child's process id.
    Parent(Pid),
}

/// Ends a child that does not become a command.
pub fn end(status: u8) -> ! {
    std::process::exit(i32::from(status))
}

/// Forks this process, which must have one thread.
///
/// # Errors
/// Returns an error if there is no room for another process.
pub fn fork() -> io::Result<Forked> {
    // A signal that comes for the child must find the caller's action, and not write into the pipe of the parent.
    let blocked = signals::block_all();
    // SAFETY: the process has one thread, so every lock is free in the child too.
    match unsafe { libc::fork() } {
        0 => {
            // The mask is the caller's now, not the one before the fork.
            std::mem::forget(blocked);
            signals::as_callers();
            Ok(Forked::Child)
        }
        pid => {
            let failed = io::Error::last_os_error();
            drop(blocked);
            Pid::from_raw(pid).filter(|_| pid > 0).map(Forked::Parent).ok_or(failed)
        }
    }
}
