//! Where an MFA code comes from, and that none is sent twice (DESIGN, "One MFA code for the day").

use std::io::Read as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::arn::Serial;
use crate::cache::store::{Store, hex_sha1};
use crate::credentials::{Seconds, Secret, for_people, now};
use crate::env::snapshot::Entry;
use crate::error::{Error, Result};
use crate::request::Renewal;
use crate::system::private_files;
use crate::system::terminal::{Answer, Interrupted, Terminal, asked_by};
use crate::text::shell_words::shell_word;

/// How long a sent code is remembered, in seconds.
const REMEMBERED: Seconds = 60;

/// How long a command may take to print a code.
const PROCESS_TIME: Duration = Duration::from_mins(1);

/// How often a code that STS refuses is asked for.
const TRIES: u32 = 3;

/// The codes of one run.
pub struct Codes<'a> {
    /// `--mfa-token`, then AWS_AUTH_MFA_TOKEN: each is good once.
    given: Vec<(&'static str, Secret)>,
    process: Option<String>,
    /// The process that was run for the code at hand.
    ran: Option<String>,
    environment: &'a [Entry],
    used: Used<'a>,
    profile: String,
    place: Option<String>,
    renewal: Option<Renewal>,
    refused: u32,
    /// Whether a person typed a code in this run.
    pub prompted: bool,
}

/// A code, and where it came from.
pub struct Given {
    /// Six digits.
    pub digits: Secret,
    /// Who gave it; `None` when a person typed it.
    pub source: Option<&'static str>,
}

/// Why there is no code.
pub enum NoCode {
    /// There will be none.
    Failed(Error),
    /// The person gave up, or failed three times: those who wait should not ask again.
    GivenUp(Error),
    /// The program was stopped at the prompt and goes on.
    Resumed,
}

/// What the codes of a run need to know.
pub struct Sources<'a> {
    /// `--mfa-token`.
    pub option: Option<Secret>,
    /// AWS_AUTH_MFA_TOKEN.
    pub variable: Option<Secret>,
    /// The mfa_process.
    pub process: Option<String>,
    /// The environment that the mfa_process is run in, but for its keys.
    pub environment: &'a [Entry],
    /// The profile, for the prompt.
    pub profile: String,
    /// The endpoint, when it is not AWS's own, for the prompt.
    pub place: Option<String>,
    /// The renewal that this run is.
    pub renewal: Option<Renewal>,
}

impl<'a> Codes<'a> {
    /// The sources of a run, in the order in which they are asked.
    pub fn new(sources: Sources<'a>, store: &'a Store) -> Self {
        let given = [("AWS_AUTH_MFA_TOKEN", sources.variable), ("--mfa-token", sources.option)];
        Self {
            given: given.into_iter().filter_map(|(name, code)| Some((name, code?))).collect(),
            process: sources.process,
            ran: None,
            environment: sources.environment,
            used: Used { store, sent: Vec::new() },
            profile: sources.profile,
            place: sources.place,
            renewal: sources.renewal,
            refused: 0,
            prompted: false,
        }
    }

    /// The next code for a device: from the option, the variable, the process, then the terminal. `why` tells a person
    /// why a code is asked for again.
    pub fn next(
        &mut self,
        serial: &Serial,
        why: Option<&str>,
        interrupted: &mut dyn Interrupted,
    ) -> Result<Given, NoCode> {
        // The first source that is there counts, once; the terminal follows it.
        let (source, code) = if let Some((name, code)) = self.given.pop() {
            self.given.clear();
            self.process = None;
            let error = || Error::new(format!("{name} holds no MFA code")).advise("a code is six digits");
            (name, six_digits(code.expose()).ok_or_else(error))
        } else if let Some(command) = self.process.take() {
            let code = run_process(&command, self.environment, PROCESS_TIME);
            self.ran = Some(command);
            ("mfa_process", code)
        } else {
            return self.ask(serial, why, None, interrupted);
        };
        let trouble = match code {
            Ok(digits) if self.used.contains(serial, &digits, now()) => {
                Error::new(format!("the code of {source} was used already")).advise("wait for the next one")
            }
            Ok(digits) => return Ok(Given { digits, source: Some(source) }),
            Err(error) => error,
        };
        self.ask(serial, why, Some(trouble), interrupted)
    }

    /// Whether a code may come from elsewhere than the terminal.
    pub fn has_source(&self) -> bool {
        !self.given.is_empty() || self.process.is_some()
    }

    /// Whether a code was spent in this run, or may have been.
    pub fn any_sent(&self) -> bool {
        !self.used.sent.is_empty()
    }

    /// Asks on the terminal until there are six digits that were not sent yet. `trouble` is what was wrong with the
    /// code of another source.
    fn ask(
        &mut self,
        serial: &Serial,
        why: Option<&str>,
        trouble: Option<Error>,
        interrupted: &mut dyn Interrupted,
    ) -> Result<Given, NoCode> {
        let nowhere = |codes: &Self, trouble: Option<Error>| {
            NoCode::Failed(match trouble {
                Some(error) if error.advice().is_some() => error,
                Some(error) => error.advise(format!("correct it, or {}", codes.login_first())),
                None => codes.no_terminal(serial),
            })
        };
        let Some(mut terminal) = Terminal::open_for(self.renewal.as_ref()) else {
            return Err(nowhere(self, trouble));
        };
        if let (Some(renewal), None) = (&self.renewal, why) {
            terminal.say(&asked_by(renewal));
        }
        let place = self.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
        let prompt = format!("MFA code for {} ({}){place}: ", self.profile, serial.as_str());
        if let Some(why) = why {
            terminal.say(&format!("aws-auth: {why}"));
        }
        if let Some(trouble) = &trouble {
            terminal.say(&format!("aws-auth: {trouble}"));
        }
        loop {
            let answer = terminal.ask(&prompt, interrupted).map_err(|error| {
                NoCode::Failed(Error::new(format!("cannot ask on the terminal ({})", crate::error::io_words(&error))))
            })?;
            let line = match answer {
                Answer::Line(line) => line,
                Answer::Resumed => return Err(NoCode::Resumed),
                Answer::Nowhere => return Err(nowhere(self, trouble)),
                Answer::End => return Err(NoCode::GivenUp(Error::new("no MFA code was given"))),
                Answer::Late => {
                    let error = Error::new("nobody gave an MFA code in time");
                    return Err(NoCode::GivenUp(error.advise(self.login_first())));
                }
            };
            match six_digits(line.expose()) {
                None => terminal.say("aws-auth: an MFA code is six digits"),
                Some(digits) if self.used.contains(serial, &digits, now()) => {
                    terminal.say("aws-auth: that code was used already; wait for the next one");
                }
                Some(digits) => {
                    self.prompted = true;
                    return Ok(Given { digits, source: None });
                }
            }
        }
    }

    /// STS took a code: the process that gave it may be asked for the next one.
    pub fn accepted(&mut self) {
        self.process = self.ran.take().or(self.process.take());
    }

    /// A code is about to be sent: it will not be sent again, whatever comes of it.
    pub fn sent(&mut self, serial: &Serial, digits: &Secret) {
        self.used.add(serial, digits, now());
    }

    /// STS refused a code. `Err` when it was the last try.
    pub fn refused(&mut self, given: &Given, error: Error) -> Result<String, NoCode> {
        let Some(source) = given.source else {
            self.refused += 1;
            if self.refused >= TRIES {
                let error = Error::new(format!("STS refused three MFA codes ({})", error.fact()));
                return Err(NoCode::GivenUp(
                    error.advise("check that the device is the one of this serial, and that its clock is right"),
                ));
            }
            return Ok(String::from(
                "STS refused that code; it may be mistyped or used, give the one that the device shows now",
            ));
        };
        if Terminal::open().is_none() {
            return Err(NoCode::Failed(error));
        }
        Ok(format!("STS refused the code of {source}; give the one that the device shows now"))
    }

    fn login_first(&self) -> String {
        let login = format!("run 'aws-auth -p {} --login'", shell_word(&self.profile));
        match &self.renewal {
            None => format!("{login} in a terminal first"),
            Some(renewal) => format!("{login} in a terminal; {} goes on with what that gets", renewal.command),
        }
    }

    fn no_terminal(&self, serial: &Serial) -> Error {
        Error::new(format!(
            "profile '{}' needs an MFA code of {}, and there is no terminal to ask on",
            self.profile,
            serial.as_str()
        ))
        .advise(match self.renewal {
            None => format!("{}, or set AWS_AUTH_MFA_TOKEN, or configure an mfa_process", self.login_first()),
            Some(_) => self.login_first(),
        })
    }
}

/// The digits of a code; people group them as their device does.
fn six_digits(text: &str) -> Option<Secret> {
    let digits = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect::<String>());
    (digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| Secret::new(digits.to_string()))
}

/// The codes that were sent in the last minute, by this run or another: a salted hash each.
struct Used<'a> {
    store: &'a Store,
    sent: Vec<(String, Secret)>,
}

#[derive(Serialize, Deserialize)]
struct Sent {
    at: Seconds,
    salt: String,
    hash: String,
}

impl Used<'_> {
    fn path(&self, serial: &Serial) -> Option<std::path::PathBuf> {
        Some(self.store.state()?.join(format!("codes-{}.json", hex_sha1(serial.as_str()))))
    }

    fn read(&self, serial: &Serial, now: Seconds) -> Vec<Sent> {
        let contents = self.path(serial).and_then(|path| private_files::read(&path));
        let all: Vec<Sent> =
            contents.and_then(|contents| serde_json::from_slice(&contents.bytes).ok()).unwrap_or_default();
        all.into_iter().filter(|sent| (0..REMEMBERED).contains(&(now - sent.at))).collect()
    }

    fn contains(&self, serial: &Serial, digits: &Secret, now: Seconds) -> bool {
        self.sent.iter().any(|(device, sent)| device == serial.as_str() && sent == digits)
            || self.read(serial, now).iter().any(|sent| hash(&sent.salt, digits) == sent.hash)
    }

    fn add(&mut self, serial: &Serial, digits: &Secret, now: Seconds) {
        self.sent.push((serial.as_str().to_owned(), digits.clone()));
        let (Some(path), true) = (self.path(serial), self.store.writable()) else { return };
        let mut all = self.read(serial, now);
        let salt = format!("{:x}-{:x}", std::process::id(), jiff::Timestamp::now().as_nanosecond());
        let hash = hash(&salt, digits);
        all.push(Sent { at: now, salt, hash });
        // Where it cannot be kept, STS itself refuses a code that comes twice.
        let _ = serde_json::to_vec(&all)
            .map_err(std::io::Error::from)
            .and_then(|bytes| private_files::write(&path, &bytes));
    }
}

fn hash(salt: &str, digits: &Secret) -> String {
    hex_sha1(&Zeroizing::new(format!("{salt}\n{}", digits.expose())))
}

/// Runs the command that prints a code: split as a shell would, run without a shell, with the terminal but without the
/// AWS keys of our environment, for no longer than `limit`.
fn run_process(command: &str, environment: &[Entry], limit: Duration) -> Result<Secret> {
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
            Err(fail(format!(
                "'{program}' did not print a code within {}",
                for_people(Seconds::try_from(limit.as_secs()).unwrap_or(Seconds::MAX))
            )))
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

    use crate::mfa::codes::run_process;

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
