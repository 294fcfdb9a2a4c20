//! What the process does before it handles secrets.

use std::os::fd::{AsRawFd as _, IntoRawFd as _};

/// Makes core dumps impossible, because they could contain secrets. execve(2) makes them possible again for the command.
pub fn forbid_core_dumps() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Opens closed standard descriptors on /dev/null, because a cache file could get the number of one of them.
pub fn fill_standard_descriptors() {
    // They are close-on-exec, so the command finds them closed, as the caller left them.
    while let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        if null.as_raw_fd() > 2 {
            break;
        }
        let _ = null.into_raw_fd();
    }
}
