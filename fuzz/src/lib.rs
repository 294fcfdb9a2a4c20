//! The fuzz targets, and what watches them.

pub mod targets;

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{process, thread};

/// How long one input may take, in seconds that this process was not stopped.
const PATIENCE: u32 = 30;

/// How often an input has come or was done: odd while there is one.
static TURNS: AtomicU64 = AtomicU64::new(0);

/// Runs a target for an input, and ends the process if it takes too long, so that libFuzzer keeps the input. Its own way,
/// SIGALRM, is of no use: while aws-auth waits, it catches that signal.
pub fn watched(run: fn(&[u8]), data: &[u8]) {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| drop(thread::spawn(watch)));
    TURNS.fetch_add(1, Ordering::Relaxed);
    run(data);
    TURNS.fetch_add(1, Ordering::Relaxed);
}

fn watch() {
    let (mut turn, mut seconds) = (0, 0);
    loop {
        thread::sleep(Duration::from_secs(1));
        let now = TURNS.load(Ordering::Relaxed);
        seconds = if now == turn && now % 2 == 1 { seconds + 1 } else { 0 };
        turn = now;
        if seconds > PATIENCE {
            eprintln!("this input takes longer than {PATIENCE} seconds");
            process::abort();
        }
    }
}
