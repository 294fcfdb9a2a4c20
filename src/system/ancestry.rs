//! The ancestors of this process, as the kernel knows them. A changed environment cannot hide them.

/// The ancestors of this process that run this program, the nearest first. A process that has become another program
/// does not count. Empty if there is no /proc.
pub fn of_this_program() -> Vec<u32> {
    #[cfg(target_os = "linux")]
    return linux::of_this_program();
    #[cfg(not(target_os = "linux"))]
    Vec::new()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::unix::fs::MetadataExt as _;

    /// The largest number of ancestors that are looked at.
    const LONGEST: usize = 4096;

    pub fn of_this_program() -> Vec<u32> {
        let own = std::process::id();
        let (Some(me), program) = (stat(own), program(own)) else { return Vec::new() };
        let mut found = Vec::new();
        let mut pid = me.parent;
        for _ in 0..LONGEST {
            let Some(process) = stat(pid).filter(|_| pid > 1) else { break };
            // The program of an undumpable process cannot be read; aws-auth makes itself undumpable before a prompt.
            if self::program(pid).map_or(process.name == me.name, |its| Some(its) == program) {
                found.push(pid);
            }
            pid = process.parent;
        }
        found
    }

    struct Stat {
        name: String,
        parent: u32,
    }

    /// Reads `PID (NAME) STATE PARENT ...` (proc_pid_stat(5)); the name may hold spaces and parentheses.
    fn stat(pid: u32) -> Option<Stat> {
        let text = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
        let text = String::from_utf8_lossy(&text);
        let (start, rest) = text.rsplit_once(')')?;
        let (_, name) = start.split_once('(')?;
        Some(Stat { name: name.to_owned(), parent: rest.split_whitespace().nth(1)?.parse().ok()? })
    }

    /// The device and the inode of a process's program.
    fn program(pid: u32) -> Option<(u64, u64)> {
        let about = std::fs::metadata(format!("/proc/{pid}/exe")).ok()?;
        Some((about.dev(), about.ino()))
    }
}
