//! Signals during a prompt. They are caught, so that the terminal can be restored first, and then take their usual
//! effect. This needs unsafe code: no safe interface tells whether a signal was ignored at the start, and a command
//! that was started by nohup must ignore SIGHUP also after the prompt.
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

/// The signals that end or stop a program at its terminal, and SIGCONT, which ends a stop.
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

/// The signals that this module changes without catching them.
const CHANGED: [i32; 5] = [libc::SIGCHLD, libc::SIGPIPE, libc::SIGTTIN, libc::SIGTTOU, libc::SIGWINCH];

/// The signals as the caller of this program left them. After execve(2), each signal is either ignored or has its
/// default action.
#[derive(Clone)]
struct Callers {
    /// SIG_IGN or SIG_DFL, for each signal that this module may change.
    dispositions: Vec<(i32, usize)>,
    mask: libc::sigset_t,
}

/// Filled before the first change.
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

/// Gives a helper program the signals as the caller of this one left them. Without this, the standard library resets
/// SIGPIPE and the mask, and the helper inherits what is ignored here for a while.
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

/// Gives a forked child the signals as the caller of this program left them. Its parent's handlers and pipe are gone.
pub fn as_callers() {
    NOTE.store(-1, Ordering::Relaxed);
    for (signal, handler) in &callers().dispositions {
        set(*signal, *handler);
    }
    set_mask(&callers().mask);
}

/// All signals are blocked until this is dropped.
pub struct Blocked(libc::sigset_t);

/// Blocks all signals.
pub fn block_all() -> Blocked {
    let _ = callers();
    let before = mask();
    let mut all = before;
    // SAFETY: the set is valid.
    unsafe { libc::sigfillset(&raw mut all) };
    set_mask(&all);
    Blocked(before)
}

impl Drop for Blocked {
    fn drop(&mut self) {
        set_mask(&self.0);
    }
}

/// The end of the pipe that the handler writes to.
static NOTE: AtomicI32 = AtomicI32::new(-1);

extern "C" fn note(signal: libc::c_int) {
    let byte = [u8::try_from(signal).unwrap_or(0)];
    // SAFETY: write(2) and the errno location are async-signal-safe; the descriptor is open while handlers are
    // installed.
    unsafe {
        let before = *errno();
        libc::write(NOTE.load(Ordering::Relaxed), byte.as_ptr().cast(), 1);
        *errno() = before;
    }
}

/// The reading and the writing end of a pipe. It is close-on-exec and non-blocking.
fn note_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = io::pipe()?;
    // macOS does not have pipe2(2).
    rustix::io::ioctl_fionbio(&reader, true)?;
    rustix::io::ioctl_fionbio(&writer, true)?;
    Ok((reader.into(), writer.into()))
}

/// The result of stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The process did not stop: the signal is ignored, or the process group is orphaned, so that no shell could
    /// continue it.
    Not,
    /// The process was continued.
    Woken,
    /// The process was continued, and this signal is to end it.
    Ended(i32),
}

/// Signal handlers that are installed until this is dropped. Signals that were ignored stay ignored.
pub struct Caught {
    before: Vec<(i32, libc::sigaction)>,
    pipe: OwnedFd,
    /// The pipe of the handlers that were installed before, if there were any.
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

    /// Like [`Self::new`], but [`Self::fd`] is also readable when a child ends or stops; waitpid(2) tells which.
    /// SIGCHLD is unblocked and not ignored meanwhile, because otherwise the kernel reports no child.
    pub fn with_children() -> io::Result<Self> {
        let mut caught = Self::new()?;
        caught.also(libc::SIGCHLD);
        caught.mask = Some(mask());
        unblock(libc::SIGCHLD);
        Ok(caught)
    }

    /// Like [`Self::new`], but [`Self::fd`] is also readable when the size of the terminal has changed.
    pub fn with_resizing() -> io::Result<Self> {
        let mut caught = Self::new()?;
        caught.also(libc::SIGWINCH);
        Ok(caught)
    }

    /// Catches this signal too, even if it was ignored.
    fn also(&mut self, signal: i32) {
        if let Some(old) = disposition(signal)
            && set(signal, note as *const () as usize)
        {
            self.before.push((signal, old));
        }
    }

    /// A descriptor that is readable when a signal was caught.
    pub fn fd(&self) -> BorrowedFd<'_> {
        std::os::fd::AsFd::as_fd(&self.pipe)
    }

    /// The signal to act on, if one was caught. SIGCONT counts only if it came alone: a closed window sends it after
    /// SIGHUP, and its handler runs first.
    pub fn decisive(&self) -> Option<i32> {
        let mut came = None;
        while let Some(signal) = self.take() {
            if !matches!(signal, libc::SIGCHLD | libc::SIGWINCH) {
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

    /// Stops as SIGTSTP or SIGTTIN stops a program that does not catch it, and returns when the process is continued.
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
                // `kill` of a stopped job, or the end of its shell, sends first the signal that ends it and then
                // SIGCONT.
                (_, Stopped::Ended(_)) | (libc::SIGTSTP | libc::SIGCHLD | libc::SIGWINCH, _) => {}
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
        // SAFETY: the descriptor was leaked by `new` for the handler, which is no longer installed.
        unsafe { libc::close(writer) };
        // A signal that was caught after the last check is raised again, now that the handlers are gone.
        while let Some(signal) = self.take() {
            if !matches!(signal, libc::SIGCHLD | libc::SIGCONT | libc::SIGWINCH) {
                raise(signal);
            }
        }
    }
}

/// Ends the process by this signal, as if it were not caught, so that the parent process sees a death by that signal.
pub fn die_by(signal: i32) -> ! {
    set(signal, libc::SIG_DFL);
    raise(signal);
    // The caller's mask blocks the signal, or it does not end processes.
    std::process::exit(i32::from(crate::error::FAILED))
}

/// Ignores the signals that a failing write sends, until this is dropped. A closed stderr (SIGPIPE) or a limit on file
/// sizes (SIGXFSZ) must not end the process after a code was spent and before the command starts.
pub struct Undisturbed(Vec<(i32, libc::sigaction)>);

impl Undisturbed {
    /// Begins to ignore these signals.
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
    /// Begins to ignore the signal.
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
        // SAFETY: the successful call has written it.
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
    // SAFETY: kill(2) of this process. A signal to the whole process is delivered before kill returns if no other
    // thread can take it.
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
