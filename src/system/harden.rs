//! What the process does before it handles secrets.

use std::os::fd::{AsRawFd as _, IntoRawFd as _};

/// Prepares the process for secrets and files: no core dump that could hold them (execve makes the command dumpable
/// again), and no closed standard descriptor that a cache file could take the place of.
pub fn harden() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    // Opened close-on-exec: the command finds them closed as its caller left them.
    while let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        if null.as_raw_fd() > 2 {
            break;
        }
        let _ = null.into_raw_fd();
    }
}
