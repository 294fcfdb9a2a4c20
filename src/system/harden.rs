//! What the process does before it handles secrets.

use std::os::fd::{AsRawFd as _, IntoRawFd as _};

/// Prepares the process for secrets and files. A core dump could contain secrets, so the process makes itself
/// undumpable (execve makes the command dumpable again). A cache file could get the number of a closed standard
/// descriptor, so those are opened on /dev/null.
pub fn harden() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
    // They are close-on-exec, so the command finds them closed, as the caller left them.
    while let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        if null.as_raw_fd() > 2 {
            break;
        }
        let _ = null.into_raw_fd();
    }
}
