//! One child process: starting it with its streams, and what it reports before it becomes the command.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::process::Pid;

use crate::command::many::outputs::Outputs;
use crate::system::fork::{self, Forked};

/// Where the output of the children goes.
pub enum Streams {
    /// To the outputs of this process, unchanged.
    Same,
    /// To the outputs of this process, each line with the name of its profile before it.
    Prefixed,
    /// Into files.
    Files(Outputs),
}

/// What a child does. It returns only if it does not become a command: then its exit status, and a report for the parent.
pub struct Done {
    /// The exit status.
    pub status: u8,
    /// What the parent learns besides; at most a few kilobytes.
    pub report: Vec<u8>,
}

/// A child that runs.
pub(crate) struct Job {
    pub(crate) pid: Pid,
    /// Which of the profiles it is for.
    pub(crate) profile: usize,
    pub(crate) since: Instant,
    report: PipeReader,
}

impl Job {
    /// What the child reported; `None` if it became a command.
    pub(crate) fn report(&mut self) -> Option<Vec<u8>> {
        let mut report = Vec::new();
        // A grandchild cannot hold the pipe open: it is closed when the child becomes a command.
        let _ = self.report.read_to_end(&mut report);
        (!report.is_empty()).then(|| report.split_off(1))
    }
}

/// Starts a child for a profile. Returns its job, and with prefixes the pipes of its stdout and stderr.
///
/// # Errors
/// Returns an error if a pipe, a file or the process cannot be made.
pub(crate) fn start(
    profile: usize,
    streams: &Streams,
    work: &dyn Fn(usize) -> Done,
) -> io::Result<(Job, Option<[PipeReader; 2]>)> {
    let (report, mut reporter) = io::pipe()?;
    let (read, given) = match streams {
        Streams::Same => (None, None),
        Streams::Prefixed => {
            let ((out, to_out), (err, to_err)) = (io::pipe()?, io::pipe()?);
            (Some([out, err]), Some([OwnedFd::from(to_out), OwnedFd::from(to_err)]))
        }
        Streams::Files(outputs) => (None, Some(outputs.open(profile)?.map(OwnedFd::from))),
    };
    let null = OpenOptions::new().read(true).open("/dev/null")?;
    if let Forked::Parent(pid) = fork::fork()? {
        if let Some(pipes) = &read {
            for pipe in pipes {
                let _ = rustix::io::ioctl_fionbio(pipe, true);
            }
        }
        return Ok((Job { pid, profile, since: Instant::now(), report }, read));
    }
    let status = match take_streams(&null, given.as_ref()) {
        Ok(()) => finish(&work(profile), &mut reporter),
        Err(_) => crate::error::FAILED,
    };
    fork::end(status)
}

fn take_streams(null: &File, given: Option<&[OwnedFd; 2]>) -> io::Result<()> {
    rustix::stdio::dup2_stdin(null)?;
    if let Some([out, err]) = given {
        rustix::stdio::dup2_stdout(out)?;
        rustix::stdio::dup2_stderr(err)?;
    }
    Ok(())
}

/// Reports to the parent. The first byte says that there is a report, even if it is empty.
fn finish(done: &Done, reporter: &mut PipeWriter) -> u8 {
    let _ = reporter.write_all(&[&[1], done.report.as_slice()].concat());
    done.status
}
