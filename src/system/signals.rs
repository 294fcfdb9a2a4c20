//! Signals while a prompt stands: caught, so that the terminal can be put back first, and then taken as they were
//! meant. The one module (with `command::exec`) that needs unsafe: no safe interface tells whether a signal was
//! ignored when we started, and a command run by nohup must stay deaf to SIGHUP after our prompt.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, IntoRawFd as _, OwnedFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, Ordering};

#[cfg(target_os = "linux")]
use libc::__errno_location as errno;
#[cfg(not(target_os = "linux"))]
use libc::__error as errno;

/// What ends or stops a program at its terminal; SIGCONT tells that a stop is over.
const CAUGHT: [i32; 13] = [
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGHUP,
    libc::SIGALRM,
    libc::SIGVTALRM,
    libc::SIGPROF,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGXCPU,
    libc::SIGXFSZ,
    libc::SIGTSTP,
    libc::SIGCONT,
];

/// What this module changes in other ways than by catching it.
const CHANGED: [i32; 4] = [libc::SIGCHLD, libc::SIGPIPE, libc::SIGTTIN, libc::SIGTTOU];

/// The signals as the caller of the program left them: a program that was just executed ignores a signal or does not,
/// and catches none.
#[derive(Clone)]
struct Callers {
    /// SIG_IGN or SIG_DFL for every signal that this module may change.
    dispositions: Vec<(i32, usize)>,
    mask: libc::sigset_t,
}

/// Read before the first change.
fn callers() -> &'static Callers {
    static CALLERS: OnceLock<Callers> = OnceLock::new();
    CALLERS.get_or_init(|| {
        let handler = |signal| {
            let ignored = disposition(signal).is_some_and(|old| old.sa_sigaction == libc::SIG_IGN);
            (signal, if ignored { libc::SIG_IGN } else { libc::SIG_DFL })
        };
        Callers { dispositions: CAUGHT.into_iter().chain(CHANGED).map(handler).collect(), mask: mask() }
    })
}

/// Gives a helper program the signals as the caller of this one left them. The standard library alone would reset
/// SIGPIPE and the mask, and pass on what is ignored here for a while.
pub fn hand_down(command: &mut Command) {
    let callers = callers().clone();
    let prepare = move || {
        for (signal, handler) in &callers.dispositions {
            set(*signal, *handler);
        }
        set_mask(&callers.mask);
        Ok(())
    };
    // SAFETY: sigaction(2) and pthread_sigmask(3) are async-signal-safe, and nothing is allocated.
    unsafe { command.pre_exec(prepare) };
}

/// The end of the pipe that the handler writes to.
static NOTE: AtomicI32 = AtomicI32::new(-1);

extern "C" fn note(signal: libc::c_int) {
    let byte = [u8::try_from(signal).unwrap_or(0)];
    // SAFETY: write(2) and the errno location are async-signal-safe; the descriptor is open while handlers stand.
    unsafe {
        let before = *errno();
        libc::write(NOTE.load(Ordering::Relaxed), byte.as_ptr().cast(), 1);
        *errno() = before;
    }
}

/// The reading and the writing end of a pipe that no command inherits and that nobody is ever held up at.
fn note_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    // pipe2(2) would do it at once, but macOS does not have that.
    rustix::io::ioctl_fionbio(&reader, true)?;
    rustix::io::ioctl_fionbio(&writer, true)?;
    Ok((reader.into(), writer.into()))
}

/// What came of a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Nothing stopped us: the signal is ignored, or in an orphaned process group, where nobody could wake us again.
    Not,
    /// It is over.
    Woken,
    /// It is over, and this signal wants an end.
    Ended(i32),
}

/// What has to happen when a signal stops or ends the program while it waits for a person or for another program.
pub trait Interrupted {
    /// Before a stop: others must not wait for a stopped program.
    fn stopping(&mut self);
    /// After a stop: whether nothing has changed meanwhile, so that what was begun may go on.
    fn woken(&mut self) -> bool;
    /// Before death by a signal.
    fn cancelled(&mut self);
}

/// For a wait on which no other process depends.
pub struct Alone;

impl Interrupted for Alone {
    fn stopping(&mut self) {}

    fn woken(&mut self) -> bool {
        true
    }

    fn cancelled(&mut self) {}
}

/// Handlers that stand until this is dropped; signals that were ignored stay ignored.
pub struct Caught {
    before: Vec<(i32, libc::sigaction)>,
    pipe: OwnedFd,
    /// The pipe of the handlers that stood before, if any.
    outer: i32,
    mask: Option<libc::sigset_t>,
}

impl Caught {
    /// Installs the handlers.
    pub fn new() -> io::Result<Self> {
        let _ = callers();
        let (pipe, writer) = note_pipe()?;
        let outer = NOTE.swap(writer.into_raw_fd(), Ordering::Relaxed);
        let before = CAUGHT.into_iter().filter_map(|signal| {
            let old = disposition(signal)?;
            if old.sa_sigaction == libc::SIG_IGN {
                return None;
            }
            set(signal, note as *const () as usize).then_some((signal, old))
        });
        Ok(Self { before: before.collect(), pipe, outer, mask: None })
    }

    /// The same, and [`Self::fd`] is readable when a child ends or stops, too: waitpid(2) tells which. Where the caller
    /// ignores SIGCHLD, or blocks it, the kernel would report no child.
    pub fn with_children() -> io::Result<Self> {
        let mut caught = Self::new()?;
        if let Some(old) = disposition(libc::SIGCHLD)
            && set(libc::SIGCHLD, note as *const () as usize)
        {
            caught.before.push((libc::SIGCHLD, old));
        }
        caught.mask = Some(mask());
        unblock(libc::SIGCHLD);
        Ok(caught)
    }

    /// Readable when a signal came.
    pub fn fd(&self) -> BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.pipe)
    }

    /// The signal to act on, if one came. SIGCONT counts only when it came alone: a closed window sends it behind
    /// SIGHUP, and its handler runs first.
    pub fn decisive(&self) -> Option<i32> {
        let mut came = None;
        while let Some(signal) = self.take() {
            if signal != libc::SIGCHLD {
                came = came.filter(|signal| *signal != libc::SIGCONT).or(Some(signal));
            }
        }
        came
    }

    fn take(&self) -> Option<i32> {
        let mut byte = [0];
        match rustix::io::read(&self.pipe, &mut byte) {
            Ok(1) => byte.first().map(|signal| i32::from(*signal)),
            _ => None,
        }
    }

    /// Stops as SIGTSTP or SIGTTIN stops a program that does not catch it, and returns when it goes on.
    pub fn stop(&self, signal: i32) -> Stopped {
        let old = disposition(signal);
        if old.is_some_and(|old| old.sa_sigaction == libc::SIG_IGN) {
            return Stopped::Not;
        }
        set(signal, libc::SIG_DFL);
        raise(signal);
        if let Some(old) = old {
            restore(signal, &old);
        }
        let mut stopped = Stopped::Not;
        while let Some(came) = self.take() {
            match (came, stopped) {
                // `kill` on a stopped job, or its shell's end, sends the signal that ends it and then SIGCONT.
                (_, Stopped::Ended(_)) | (libc::SIGTSTP | libc::SIGCHLD, _) => {}
                (libc::SIGCONT, _) => stopped = Stopped::Woken,
                (other, _) => stopped = Stopped::Ended(other),
            }
        }
        stopped
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        if let Some(mask) = &self.mask {
            set_mask(mask);
        }
        for (signal, old) in &self.before {
            restore(*signal, old);
        }
        let writer = NOTE.swap(self.outer, Ordering::Relaxed);
        // SAFETY: the descriptor was leaked by `new` for the handler, which no longer stands.
        unsafe { libc::close(writer) };
        // What came behind the last look is taken as it was meant, now that it acts as it did before.
        while let Some(signal) = self.take() {
            if !matches!(signal, libc::SIGCHLD | libc::SIGCONT) {
                raise(signal);
            }
        }
    }
}

/// Ends as this signal ends a program that does not catch it, so that whoever waits for us sees that.
pub fn die_by(signal: i32) -> ! {
    set(signal, libc::SIG_DFL);
    raise(signal);
    // Blocked by the caller's mask, or one that does not kill.
    std::process::exit(i32::from(crate::error::FAILED))
}

/// Ignores the signals that a failing write sends until the guard is dropped: a closed stderr (SIGPIPE), or a limit on
/// the size of files (SIGXFSZ), must not end us between a spent code and the command.
pub struct Undisturbed(Vec<(i32, libc::sigaction)>);

impl Undisturbed {
    /// Begins to ignore them.
    pub fn begin() -> Self {
        let _ = callers();
        let before = [libc::SIGPIPE, libc::SIGXFSZ].into_iter().filter_map(|signal| {
            let old = disposition(signal)?;
            set(signal, libc::SIG_IGN).then_some((signal, old))
        });
        Self(before.collect())
    }
}

impl Drop for Undisturbed {
    fn drop(&mut self) {
        for (signal, old) in &self.0 {
            restore(*signal, old);
        }
    }
}

/// Ignores a signal until this is dropped.
pub struct Ignored {
    signal: i32,
    before: Option<libc::sigaction>,
}

impl Ignored {
    /// Begins to ignore it.
    pub fn begin(signal: i32) -> Self {
        let _ = callers();
        let before = disposition(signal);
        set(signal, libc::SIG_IGN);
        Self { signal, before }
    }
}

impl Drop for Ignored {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            restore(self.signal, before);
        }
    }
}

fn disposition(signal: i32) -> Option<libc::sigaction> {
    let mut old = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: with a null new action, sigaction(2) only writes the old one.
    (unsafe { libc::sigaction(signal, std::ptr::null(), old.as_mut_ptr()) } == 0)
        // SAFETY: written by the successful call.
        .then(|| unsafe { old.assume_init() })
}

fn set(signal: i32, handler: usize) -> bool {
    // SAFETY: a zeroed sigaction is a valid one; the handler is SIG_DFL, SIG_IGN or `note`.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = handler;
        libc::sigaction(signal, &raw const new, std::ptr::null_mut()) == 0
    }
}

fn restore(signal: i32, old: &libc::sigaction) {
    // SAFETY: `old` came from sigaction(2).
    unsafe { libc::sigaction(signal, old, std::ptr::null_mut()) };
}

fn raise(signal: i32) {
    // SAFETY: plain kill(2) of ourselves. A signal to the whole process is delivered before kill returns when no
    // other thread can take it.
    unsafe { libc::raise(signal) };
}

/// The mask of blocked signals.
fn mask() -> libc::sigset_t {
    let mut mask = MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: without a new mask, pthread_sigmask(3) only writes the old one; a zeroed set is an empty one.
    unsafe {
        libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), mask.as_mut_ptr());
        mask.assume_init()
    }
}

fn set_mask(mask: &libc::sigset_t) {
    // SAFETY: the set is valid.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, std::ptr::null_mut()) };
}

fn unblock(signal: i32) {
    let mut set = mask();
    // SAFETY: the set is valid.
    unsafe { libc::sigdelset(&raw mut set, signal) };
    set_mask(&set);
}
