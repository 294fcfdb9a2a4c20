//! `mfa_process`: a program that prints a code.

use std::io::Read as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::env::snapshot::Entry;
use crate::error::{Error, Result};
use crate::mfa::code::six_digits;
use crate::system::terminal::Terminal;
use crate::time::Length;

/// How long a command may take to print a code.
pub(crate) const PROCESS_TIME: Duration = Duration::from_mins(1);

/// Runs the command that prints a code: split as a shell would, run without a shell, with the terminal but without the
/// AWS keys of our environment, for no longer than `limit`.
pub(crate) fn run_process(command: &str, environment: &[Entry], limit: Duration) -> Result<Secret> {
    use std::os::unix::ffi::OsStrExt as _;
    let fail = |words: String| Error::new(format!("mfa_process {words}"));
    let words =
        crate::text::shell_words::split_words(command).map_err(|_| fail(String::from("has an unbalanced quote")))?;
    let Some((program, arguments)) = words.split_first() else { return Err(fail(String::from("is empty"))) };
    let terminal = Terminal::open();
    let stdin = terminal.as_ref().and_then(|terminal| terminal.try_clone().ok()).map_or_else(Stdio::null, Stdio::from);
    let mut process = Command::new(program);
    process.args(arguments).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::inherit()).env_clear();
    for entry in environment {
        let bytes = entry.to_bytes();
        let name = crate::env::snapshot::name_of(bytes);
        if !crate::env::snapshot::is_credential(name)
            && let Some(value) = bytes.get(name.len() + 1..)
        {
            process.env(std::ffi::OsStr::from_bytes(name), std::ffi::OsStr::from_bytes(value));
        }
    }
    let settings = terminal.as_ref().and_then(Terminal::settings);
    let child = process
        .spawn()
        .map_err(|error| fail(format!("'{program}' cannot be run ({})", crate::error::io_words(&error))))?;
    match outcome(child, limit) {
        None => {
            // It may have died in the middle of a question of its own.
            if let (Some(terminal), Some(settings)) = (&terminal, &settings) {
                terminal.put_back(settings);
            }
            Err(fail(format!("'{program}' did not print a code within {}", Length::of(limit))))
        }
        Some(Err(error)) => Err(fail(format!("'{program}' was lost ({})", crate::error::io_words(&error)))),
        Some(Ok((status, _))) if !status.success() => Err(fail(format!("'{program}' failed ({status})"))),
        Some(Ok((_, output))) => six_digits(&String::from_utf8_lossy(&output))
            .ok_or_else(|| fail(format!("'{program}' printed something other than six digits"))),
    }
}

/// A child's exit status and what it printed; `None`, and the child is killed, when that takes longer than `limit`: it
/// hangs, or something that it started holds its output open.
fn outcome(mut child: Child, limit: Duration) -> Option<std::io::Result<(ExitStatus, Zeroizing<Vec<u8>>)>> {
    enum News {
        Output(std::io::Result<Zeroizing<Vec<u8>>>),
        End(std::io::Result<ExitStatus>),
    }
    let deadline = Instant::now() + limit;
    let pid = rustix::process::Pid::from_child(&child);
    let (send, news) = mpsc::channel();
    if let Some(mut stdout) = child.stdout.take() {
        let send = send.clone();
        std::thread::spawn(move || {
            let mut text = Zeroizing::new(Vec::with_capacity(4096));
            let read = stdout.by_ref().take(4096).read_to_end(&mut text);
            let _ = send.send(News::Output(read.map(|_| text)));
        });
    }
    std::thread::spawn(move || send.send(News::End(child.wait())));
    let (mut status, mut output) = (None, None);
    loop {
        match news.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(News::End(Ok(ended))) if !ended.success() => return Some(Ok((ended, Zeroizing::default()))),
            Ok(News::End(Ok(ended))) => status = Some(ended),
            Ok(News::Output(Ok(text))) => output = Some(text),
            Ok(News::End(Err(error)) | News::Output(Err(error))) => return Some(Err(error)),
            Err(_) => {
                if status.is_none() {
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                    // No zombie is left to the command that we become.
                    while !matches!(news.recv(), Ok(News::End(_)) | Err(_)) {}
                }
                return None;
            }
        }
        if let (Some(status), Some(output)) = (status, output.take_if(|_| status.is_some())) {
            return Some(Ok((status, output)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::mfa::process::run_process;

    #[test]
    fn a_process_that_hangs_is_killed_when_its_time_is_over() {
        let environment = [crate::env::snapshot::Entry::Borrowed(c"PATH=/usr/bin:/bin")];
        for command in ["sleep 600", "sh -c 'exec sleep 600 >/dev/null'", "sh -c 'sleep 3 & echo 123456'"] {
            let error = run_process(command, &environment, Duration::ZERO).err().map(|error| error.to_string());
            let program = command.split(' ').next().unwrap_or_default();
            assert_eq!(error, Some(format!("mfa_process '{program}' did not print a code within 0s")));
        }
    }
}
