//! The output of a running process, collected so that a test can wait for a text instead of sleeping.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a test waits for a text before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How long the test still waits for output after the process has ended.
const AFTERMATH: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Seen {
    bytes: Vec<u8>,
    /// The stream is closed.
    closed: bool,
    /// When the process ended. Its children may still print.
    ended: Option<Instant>,
}

/// The output of one stream.
#[derive(Default)]
pub struct Collected {
    seen: Mutex<Seen>,
    changed: Condvar,
}

impl Collected {
    /// Reads the stream to its end in another thread.
    pub fn gather(mut from: impl Read + Send + 'static) -> Arc<Self> {
        let collected = Arc::new(Self::default());
        let to = Arc::clone(&collected);
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                match from.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(count) => to.push(&buffer[..count]),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            to.close();
        });
        collected
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, bytes: &[u8]) {
        self.seen().bytes.extend_from_slice(bytes);
        self.changed.notify_all();
    }

    pub fn close(&self) {
        self.seen().closed = true;
        self.changed.notify_all();
    }

    /// Notes that the process has ended, so a wait for a text ends soon.
    pub fn ended(&self) {
        self.seen().ended = Some(Instant::now());
        self.changed.notify_all();
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.seen().bytes.clone()
    }

    /// Removes the first occurrence of a text from the output.
    pub fn remove(&self, text: &[u8]) {
        let mut seen = self.seen();
        if let Some(at) = find(&seen.bytes, text, 0) {
            seen.bytes.drain(at..at + text.len());
        }
    }

    /// Blocks until the text appears at position `from` or later; returns the position of its end.
    pub fn wait_for(&self, text: &[u8], from: usize) -> Result<usize, String> {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen();
        loop {
            if let Some(at) = find(&seen.bytes, text, from) {
                return Ok(at + text.len());
            }
            let deadline = seen.ended.map_or(deadline, |ended| deadline.min(ended + AFTERMATH));
            let left = deadline.saturating_duration_since(Instant::now());
            if seen.closed || left.is_zero() {
                let why = match (seen.closed, seen.ended) {
                    (true, _) => "the stream was closed",
                    (_, Some(_)) => "the process ended",
                    _ => "it did not come in time",
                };
                return Err(format!(
                    "waited in vain for {:?}: {why}; seen so far:\n{}",
                    String::from_utf8_lossy(text),
                    String::from_utf8_lossy(&seen.bytes)
                ));
            }
            seen = self.changed.wait_timeout(seen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Blocks until all processes have closed the stream; returns the whole output.
    pub fn wait_for_close(&self) -> Result<Vec<u8>, String> {
        let (seen, timeout) = self
            .changed
            .wait_timeout_while(self.seen(), PATIENCE, |seen| !seen.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            return Err(format!(
                "the process ended, but something it started holds its output open; seen so far:\n{}",
                String::from_utf8_lossy(&seen.bytes)
            ));
        }
        Ok(seen.bytes.clone())
    }
}

pub fn find(bytes: &[u8], text: &[u8], from: usize) -> Option<usize> {
    if text.is_empty() {
        return Some(from);
    }
    let rest = bytes.get(from..)?;
    rest.windows(text.len()).position(|window| window == text).map(|at| from + at)
}
