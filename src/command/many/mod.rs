//! Runs something for each of many profiles, some of them at once: one child process for each, and one thread that waits
//! for all of them (docs/design.md, "Many profiles").

mod channel;
mod job;
mod lines;
pub mod outputs;
mod progress;

use std::io::{self, PipeReader, Read as _};
use std::os::fd::AsFd as _;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

use crate::command::many::channel::{Channels, Which, is_over};
pub use crate::command::many::job::{Done, Streams};
use crate::command::many::job::{Job, start};
use crate::command::many::lines::Lines;
use crate::command::many::progress::{Progress, SILENCE};
use crate::error::{Error, Result, io_words};
use crate::system::signals;
use crate::system::signals::{Caught, Stopped, Undisturbed};
use crate::system::subprocess::End;
use crate::system::terminal;

/// How much is read at once, in bytes.
const PIECE: usize = 64 * 1024;

/// What is to be run.
pub struct Many<'a> {
    /// The profiles, as they are shown.
    pub names: &'a [String],
    /// How many run at once.
    pub at_once: usize,
    /// Where their output goes.
    pub streams: Streams,
    /// Whether a line on stderr says how far they are.
    pub has_progress: bool,
    /// Whether none is started after one has failed.
    pub fail_fast: bool,
    /// Called in this process before a child is started.
    pub before: &'a dyn Fn(usize),
    /// What the child of a profile does.
    pub work: &'a dyn Fn(usize) -> Done,
}

/// What became of one profile.
pub enum Outcome {
    /// It was not started.
    NotRun,
    /// Its child ended.
    Ended(Ended),
}

/// How a child ended.
pub struct Ended {
    /// Its exit status, or the signal that ended it.
    pub end: End,
    /// How long it ran.
    pub took: Duration,
    /// What it reported; `None` if it became a command.
    pub report: Option<Vec<u8>>,
}

impl Ended {
    /// Whether it succeeded.
    pub fn is_success(&self) -> bool {
        self.end == End::Status(0)
    }
}

/// What became of all profiles.
pub struct Finished {
    /// One outcome for each profile.
    pub outcomes: Vec<Outcome>,
    /// The signal that ended the run.
    pub signal: Option<i32>,
}

/// Runs them all.
///
/// # Errors
/// Returns an error if signals cannot be caught.
pub fn run(many: &Many<'_>) -> io::Result<Finished> {
    // Writing to an output that nobody reads is an error, which ends only that output.
    let _undisturbed = Undisturbed::begin();
    let runner = Runner {
        many,
        caught: Caught::with_children()?,
        jobs: Vec::new(),
        streams: Vec::new(),
        next: 0,
        at_once: many.at_once.max(1),
        outcomes: many.names.iter().map(|_| Outcome::NotRun).collect(),
        channels: Channels::new(),
        progress: Progress::new(many.has_progress),
        signal: None,
        buffer: vec![0; if matches!(many.streams, Streams::Prefixed) { PIECE } else { 0 }],
    };
    Ok(runner.run())
}

/// Does one thing in a child at the outputs of this process, waits for it, and returns what it returned. If a signal ends
/// the child or comes to this process, this process ends by it too.
///
/// # Errors
/// Returns an error if no child can be started.
pub fn alone(work: &dyn Fn() -> Done) -> Result<Done> {
    let names = [String::new()];
    let many = Many {
        names: &names,
        at_once: 1,
        streams: Streams::Same,
        has_progress: false,
        fail_fast: false,
        before: &|_| {},
        work: &|_| work(),
    };
    let finished = run(&many).map_err(|error| Error::new(format!("cannot start a process ({})", io_words(&error))))?;
    let ended = finished.outcomes.into_iter().find_map(|outcome| match outcome {
        Outcome::Ended(ended) => Some(ended),
        Outcome::NotRun => None,
    });
    match (finished.signal, ended) {
        (Some(signal), _) | (None, Some(Ended { end: End::Signal(signal), .. })) => signals::die_by(signal),
        (None, Some(Ended { end: End::Status(status), report, .. })) => {
            let status = u8::try_from(status).unwrap_or(crate::error::FAILED);
            Ok(Done { status, report: report.unwrap_or_default() })
        }
        (None, None) => Ok(Done { status: crate::error::FAILED, report: Vec::new() }),
    }
}

/// A pipe from a child.
struct Stream {
    profile: usize,
    which: Which,
    pipe: PipeReader,
    lines: Lines,
}

impl Stream {
    /// A number that no other stream has.
    fn id(&self) -> usize {
        self.profile * 2 + self.which as usize
    }
}

struct Runner<'a> {
    many: &'a Many<'a>,
    caught: Caught,
    jobs: Vec<Job>,
    streams: Vec<Stream>,
    next: usize,
    at_once: usize,
    outcomes: Vec<Outcome>,
    channels: Channels,
    progress: Progress,
    signal: Option<i32>,
    buffer: Vec<u8>,
}

impl Runner<'_> {
    fn run(mut self) -> Finished {
        loop {
            self.look();
            while self.may_start() {
                self.start_next();
            }
            if self.jobs.is_empty() {
                break;
            }
            self.wait();
            self.pass_on();
        }
        // What the children wrote before their ends. Programs that they left behind are not waited for.
        self.pass_on_all();
        self.progress.hide();
        Finished { outcomes: self.outcomes, signal: self.signal }
    }

    fn may_start(&self) -> bool {
        let has_failed = |outcome: &Outcome| matches!(outcome, Outcome::Ended(ended) if !ended.is_success());
        self.signal.is_none()
            && self.jobs.len() < self.at_once
            && self.next < self.many.names.len()
            && !(self.many.fail_fast && self.outcomes.iter().any(has_failed))
    }

    fn start_next(&mut self) {
        let profile = self.next;
        (self.many.before)(profile);
        match start(profile, &self.many.streams, self.many.work) {
            Ok((job, pipes)) => {
                self.next += 1;
                let pid = job.pid;
                self.jobs.push(job);
                self.streams.extend(pipes.into_iter().flat_map(|[out, err]| {
                    let stream = |which, pipe| {
                        let prefix = format!("{} | ", self.many.names.get(profile).map_or("", String::as_str));
                        Stream { profile, which, pipe, lines: Lines::new(prefix) }
                    };
                    [stream(Which::Out, out), stream(Which::Err, err)]
                }));
                self.look();
                // Ctrl-C may have come before the child was there to get it.
                if let Some(signal) = self.signal {
                    send(pid, signal);
                }
            }
            // There is no room for one more: as many as there are must do.
            Err(_) if !self.jobs.is_empty() => self.at_once = self.jobs.len(),
            Err(error) => {
                self.next += 1;
                let report = Some(crate::error::io_words(&error).into_bytes());
                let end = End::Status(i32::from(crate::error::FAILED));
                self.set(profile, Ended { end, took: Duration::ZERO, report });
            }
        }
    }

    /// Waits until a signal was caught, which may tell of the end of a child, or a child has written something.
    fn wait(&mut self) {
        let silence = Timespec { tv_sec: 0, tv_nsec: SILENCE.subsec_nanos().into() };
        let patience = (self.progress.is_due() && self.channels.are_free()).then_some(&silence);
        if self.wait_at_most(patience) {
            self.show_progress();
        }
    }

    fn show_progress(&mut self) {
        let done = self.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Ended(_))).count();
        let mut running: Vec<usize> = self.jobs.iter().map(|job| job.profile).collect();
        running.sort_unstable();
        let names: Vec<&str> =
            running.iter().filter_map(|profile| self.many.names.get(*profile)).map(String::as_str).collect();
        self.progress.show(done, self.outcomes.len(), &names);
    }

    /// Returns whether nothing happened in this time.
    fn wait_at_most(&self, patience: Option<&Timespec>) -> bool {
        let readable = self.streams.iter().filter(|stream| self.channels.is_free(stream.which, stream.id()));
        let pipes = readable.map(|stream| stream.pipe.as_fd());
        let fds = std::iter::once(self.caught.fd()).chain(pipes);
        let mut fds: Vec<PollFd<'_>> = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        matches!(poll(&mut fds, patience), Ok(0))
    }

    /// Acts on the signals that were caught, and takes note of the children that have ended. Returns whether one of the
    /// signals ends this process.
    fn look(&mut self) -> bool {
        let ends = match self.caught.decisive() {
            None | Some(libc::SIGCONT) => None,
            // The children were stopped by the same key.
            Some(libc::SIGTSTP) => {
                self.progress.hide();
                match self.caught.stop(libc::SIGTSTP) {
                    Stopped::Ended(signal) => Some(signal),
                    Stopped::Not | Stopped::Woken => None,
                }
            }
            signal => signal,
        };
        // The signal of a child was read together with the others.
        self.reap();
        if let Some(signal) = ends {
            self.end_by(signal);
        }
        ends.is_some()
    }

    /// Starts no more children, and passes the signal on, unless they got it from the terminal as this process did.
    fn end_by(&mut self, signal: i32) {
        self.signal.get_or_insert(signal);
        if matches!(signal, libc::SIGINT | libc::SIGQUIT) && terminal::is_in_foreground() {
            return;
        }
        for job in &self.jobs {
            send(job.pid, signal);
        }
    }

    /// Takes note of the children that have ended.
    fn reap(&mut self) {
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let Some(at) = self.jobs.iter().position(|job| job.pid == pid) else { continue };
            let mut job = self.jobs.swap_remove(at);
            let end = match (status.exit_status(), status.terminating_signal()) {
                (Some(status), _) => End::Status(status),
                (None, signal) => End::Signal(signal.unwrap_or_default()),
            };
            let ended = Ended { end, took: job.since.elapsed(), report: job.report() };
            self.set(job.profile, ended);
            if self.progress.is_shown() {
                self.show_progress();
            }
        }
    }

    fn set(&mut self, profile: usize, ended: Ended) {
        if let Some(outcome) = self.outcomes.get_mut(profile) {
            *outcome = Outcome::Ended(ended);
        }
    }

    /// Reads once from each stream that may be read, and passes on its lines. Returns whether there was something.
    fn pass_on(&mut self) -> bool {
        let mut found = false;
        let mut at = 0;
        while at < self.streams.len() {
            match self.pass_on_one(at) {
                Passed::Nothing => at += 1,
                Passed::Some => {
                    found = true;
                    at += 1;
                }
                Passed::Last => drop(self.streams.remove(at)),
            }
        }
        found
    }

    fn pass_on_one(&mut self, at: usize) -> Passed {
        let Some(stream) = self.streams.get_mut(at) else { return Passed::Nothing };
        let (which, id) = (stream.which, stream.id());
        if !self.channels.is_free(which, id) {
            return Passed::Nothing;
        }
        let read = stream.pipe.read(&mut self.buffer);
        let mut out = Vec::new();
        if let Ok(count) = read {
            stream.lines.take(self.buffer.get(..count).unwrap_or_default(), &mut out);
        }
        let is_last = is_over(&read);
        // A program that a command left behind must not keep the others from printing.
        let is_left = read.is_err() && matches!(self.outcomes.get(stream.profile), Some(Outcome::Ended(_)));
        if is_last || is_left && stream.lines.is_open() {
            stream.lines.end(&mut out);
        }
        self.channels.hold(which, id, stream.lines.is_open());
        self.write(which, &out);
        match read {
            // A child that writes to an output that nobody reads gets SIGPIPE, as it would alone.
            _ if is_last || self.channels.is_dead(which) => Passed::Last,
            Ok(_) => Passed::Some,
            Err(_) => Passed::Nothing,
        }
    }

    /// Passes on everything that the pipes hold.
    fn pass_on_all(&mut self) {
        while self.pass_on() {}
        // What is open now belongs to a program that a child left behind.
        for at in 0..self.streams.len() {
            let Some(stream) = self.streams.get_mut(at) else { continue };
            let (which, id, mut out) = (stream.which, stream.id(), Vec::new());
            stream.lines.end(&mut out);
            self.channels.hold(which, id, false);
            self.write(which, &out);
            while let Passed::Some = self.pass_on_one(at) {}
        }
    }

    fn write(&mut self, which: Which, mut bytes: &[u8]) {
        if !bytes.is_empty() {
            self.progress.hide();
        }
        loop {
            bytes = self.channels.write(which, bytes, self.caught.fd());
            if bytes.is_empty() {
                return;
            }
            // What the children say after Ctrl-C is worth showing. After another one, an output that nobody reads is given up.
            let was_ended = self.signal.is_some();
            if self.look() && was_ended {
                self.channels.close(which);
            }
        }
    }
}

/// What was passed on of a stream.
enum Passed {
    Nothing,
    Some,
    Last,
}

/// Sends a signal to a child, and wakes it up if it is stopped.
fn send(pid: Pid, signal: i32) {
    if let Some(named) = Signal::from_named_raw(signal) {
        let _ = kill_process(pid, named);
        let _ = kill_process(pid, Signal::CONT);
    }
}
