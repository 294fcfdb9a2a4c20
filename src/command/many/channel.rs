//! Writing to stdout and stderr while signals are watched. A consumer that does not read must not keep Ctrl-C from ending
//! the run.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::FileType;
use rustix::io::Errno;

/// What a pipe that poll(2) calls writable takes without blocking, in bytes: PIPE_BUF on Linux; macOS has less, and may
/// block for a moment.
const PIECE: usize = 4096;

/// Which of the two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// The two outputs of this process.
pub(crate) struct Channels {
    /// Whether both lead to the same place: a line that is open on one is open on the other.
    are_one: bool,
    /// Whether nobody reads them any more.
    dead: [bool; 2],
    /// The stream whose line is open on each.
    holders: [Option<usize>; 2],
    /// How much is written at once.
    piece: [usize; 2],
}

impl Channels {
    pub(crate) fn new() -> Self {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        let about = |fd: BorrowedFd<'_>| rustix::fs::fstat(fd).ok();
        let (of_out, of_err) = (about(out.as_fd()), about(err.as_fd()));
        let are_one = match (&of_out, &of_err) {
            (Some(out), Some(err)) => out.st_dev == err.st_dev && out.st_ino == err.st_ino,
            _ => false,
        };
        // A file takes everything at once.
        let is_file = |about: Option<rustix::fs::Stat>| {
            about.is_some_and(|about| FileType::from_raw_mode(about.st_mode) == FileType::RegularFile)
        };
        let piece = [of_out, of_err].map(|about| if is_file(about) { usize::MAX } else { PIECE });
        Self { are_one, dead: [false; 2], holders: [None; 2], piece }
    }

    /// Whether this stream may be read: no line of another stream is open where its lines go.
    pub(crate) fn is_free(&self, which: Which, stream: usize) -> bool {
        self.holder(which).is_none_or(|holder| holder == stream)
    }

    /// Notes whether the line that this stream has begun is open.
    pub(crate) fn hold(&mut self, which: Which, stream: usize, is_open: bool) {
        if is_open || self.holder(which) == Some(stream) {
            let held = is_open.then_some(stream);
            for at in if self.are_one { vec![0, 1] } else { vec![which as usize] } {
                if let Some(holder) = self.holders.get_mut(at) {
                    *holder = held;
                }
            }
        }
    }

    /// Whether no line is open, so that something else may be printed.
    pub(crate) fn are_free(&self) -> bool {
        self.holders.iter().all(Option::is_none)
    }

    /// Whether nobody reads this output any more.
    pub(crate) fn is_dead(&self, which: Which) -> bool {
        self.dead.get(which as usize).copied().unwrap_or(true)
    }

    /// Writes these bytes. If a signal comes while the output takes nothing, it returns early, with what is left.
    pub(crate) fn write<'b>(&mut self, which: Which, mut bytes: &'b [u8], signals: BorrowedFd<'_>) -> &'b [u8] {
        let (out, err) = (std::io::stdout(), std::io::stderr());
        let fd = match which {
            Which::Out => out.as_fd(),
            Which::Err => err.as_fd(),
        };
        let piece = self.piece.get(which as usize).copied().unwrap_or(PIECE);
        while !bytes.is_empty() && !self.is_dead(which) {
            let written = match wait_until_writable(fd, signals) {
                Ok(true) => rustix::io::write(fd, bytes.get(..piece).unwrap_or(bytes)),
                Ok(false) => return bytes,
                Err(Errno::INTR) => continue,
                Err(error) => Err(error),
            };
            match written {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => self.close(which),
            }
        }
        &[]
    }

    /// Gives an output up.
    pub(crate) fn close(&mut self, which: Which) {
        if let Some(dead) = self.dead.get_mut(which as usize) {
            *dead = true;
        }
    }

    fn holder(&self, which: Which) -> Option<usize> {
        self.holders.get(which as usize).copied().flatten()
    }
}

/// Waits until the output takes something (true), or else a signal was caught (false).
fn wait_until_writable(fd: BorrowedFd<'_>, signals: BorrowedFd<'_>) -> Result<bool, Errno> {
    let mut fds = [PollFd::from_borrowed_fd(fd, PollFlags::OUT), PollFd::from_borrowed_fd(signals, PollFlags::IN)];
    poll(&mut fds, None)?;
    Ok(fds.first().is_some_and(|fd| !fd.revents().is_empty()))
}

/// Whether nothing more can come: the end, or an error.
pub(crate) fn is_over(read: &io::Result<usize>) -> bool {
    match read {
        Ok(count) => *count == 0,
        Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted),
    }
}
