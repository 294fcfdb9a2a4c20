//! The fuzz targets, and what watches them.

pub mod targets;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use std::{process, thread};

/// How long one input may take, in seconds.
const PATIENCE: u64 = 30;

/// Runs a target for an input, and ends the process if it takes too long, so that libFuzzer keeps the input. Its own way,
/// SIGALRM, is of no use: while aws-auth waits, it catches that signal.
pub fn watched(run: fn(&[u8]), data: &[u8]) {
    static STARTED: OnceLock<Instant> = OnceLock::new();
    /// When the input came, in seconds; 0 if there is none.
    static SINCE: AtomicU64 = AtomicU64::new(0);
    let now = || STARTED.get().map_or(0, |started| started.elapsed().as_secs() + 1);
    STARTED.get_or_init(|| {
        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_secs(1));
                let since = SINCE.load(Ordering::Relaxed);
                if since > 0 && now() > since + PATIENCE {
                    eprintln!("this input takes longer than {PATIENCE} seconds");
                    process::abort();
                }
            }
        });
        Instant::now()
    });
    SINCE.store(now(), Ordering::Relaxed);
    run(data);
    SINCE.store(0, Ordering::Relaxed);
}
