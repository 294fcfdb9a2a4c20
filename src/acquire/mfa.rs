//! Where an MFA code comes from, and that none is sent twice (DESIGN, "One MFA code for the day").

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::credentials::{Seconds, Secret, now};
use crate::error::{Error, Result};
use crate::messages::Messages;
use crate::plan::Serial;

use super::cache::{Store, hex_sha1};
use super::files;
use super::terminal::{Answer, Interrupted, Terminal};

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
    process_asked: bool,
    environment: &'a [std::ffi::CString],
    used: Used<'a>,
    profile: String,
    place: Option<String>,
    refused: u32,
    messages: &'a Messages,
    /// Whether a person typed a code in this run.
    pub prompted: bool,
}

/// A code, and where it came from.
pub struct Given {
    /// Six digits.
    pub digits: Secret,
    /// Whether a person typed it.
    pub typed: bool,
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
    pub environment: &'a [std::ffi::CString],
    /// The profile, for the prompt.
    pub profile: String,
    /// The endpoint, when it is not AWS's own, for the prompt.
    pub place: Option<String>,
}

impl<'a> Codes<'a> {
    /// The sources of a run, in the order in which they are asked.
    pub fn new(sources: Sources<'a>, store: &'a Store, messages: &'a Messages) -> Self {
        let given = [("AWS_AUTH_MFA_TOKEN", sources.variable), ("--mfa-token", sources.option)];
        Self {
            given: given.into_iter().filter_map(|(name, code)| Some((name, code?))).collect(),
            process: sources.process,
            process_asked: false,
            environment: sources.environment,
            used: Used { store, sent: Vec::new() },
            profile: sources.profile,
            place: sources.place,
            refused: 0,
            messages,
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
        if let Some((name, code)) = self.given.pop() {
            // The first source that is there counts; the terminal follows it.
            self.given.clear();
            match six_digits(code.expose()) {
                None => self.note(&format!("{name} holds no six digits")),
                Some(digits) if self.used.contains(serial, &digits, now()) => {
                    self.note(&format!("the code of {name} was used already"));
                }
                Some(digits) => return Ok(Given { digits, typed: false }),
            }
            self.process = None;
        }
        if let Some(command) = self.process.clone().filter(|_| !self.process_asked) {
            self.process_asked = true;
            match run_process(&command, self.environment) {
                Ok(digits) if self.used.contains(serial, &digits, now()) => {
                    self.note("the code of mfa_process was used already");
                }
                Ok(digits) => return Ok(Given { digits, typed: false }),
                Err(error) => self.note(&error.to_string()),
            }
        }
        self.ask(serial, why, interrupted)
    }

    /// Whether a code may come from elsewhere than the terminal.
    pub fn has_source(&self) -> bool {
        !self.given.is_empty() || (self.process.is_some() && !self.process_asked)
    }

    /// Whether a code was spent in this run, or may have been.
    pub fn any_sent(&self) -> bool {
        !self.used.sent.is_empty()
    }

    fn note(&self, text: &str) {
        self.messages.warn(text);
    }

    /// Asks on the terminal until there are six digits that were not sent yet.
    fn ask(&mut self, serial: &Serial, why: Option<&str>, interrupted: &mut dyn Interrupted) -> Result<Given, NoCode> {
        let Some(mut terminal) = Terminal::open() else { return Err(NoCode::Failed(self.no_terminal(serial))) };
        let place = self.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
        let prompt = format!("MFA code for {} ({}){place}: ", self.profile, serial.as_str());
        if let Some(why) = why {
            terminal.say(&format!("aws-auth: {why}"));
        }
        loop {
            let answer = terminal.ask(&prompt, interrupted).map_err(|error| {
                NoCode::Failed(Error::new(format!("cannot ask on the terminal ({})", super::io_words(&error))))
            })?;
            let line = match answer {
                Answer::Line(line) => line,
                Answer::Resumed => return Err(NoCode::Resumed),
                Answer::End => return Err(NoCode::GivenUp(Error::new("no MFA code was given"))),
            };
            match six_digits(line.expose()) {
                None => terminal.say("aws-auth: an MFA code is six digits"),
                Some(digits) if self.used.contains(serial, &digits, now()) => {
                    terminal.say("aws-auth: that code was used already; wait for the next one");
                }
                Some(digits) => {
                    self.prompted = true;
                    return Ok(Given { digits, typed: true });
                }
            }
        }
    }

    /// A code is about to be sent: it will not be sent again, whatever comes of it.
    pub fn sent(&mut self, serial: &Serial, digits: &Secret) {
        self.used.add(serial, digits, now());
    }

    /// STS refused a code. `Err` when it was the last try.
    pub fn refused(&mut self, typed: bool, error: Error) -> Result<String, NoCode> {
        if typed {
            self.refused += 1;
            if self.refused >= TRIES {
                let error = Error::new(format!("STS refused three MFA codes ({})", error.fact()));
                return Err(NoCode::GivenUp(
                    error.advise("check that the device is the one of this serial, and that its clock is right"),
                ));
            }
        } else if Terminal::open().is_none() {
            return Err(NoCode::Failed(error));
        }
        Ok(String::from("STS refused that code; it may be mistyped or used, give the one that the device shows now"))
    }

    fn no_terminal(&self, serial: &Serial) -> Error {
        Error::new(format!(
            "profile '{}' needs an MFA code of {}, and there is no terminal to ask on",
            self.profile,
            serial.as_str()
        ))
        .advise(format!(
            "run 'aws-auth -p {} --login' in a terminal first, or set AWS_AUTH_MFA_TOKEN, or configure an mfa_process",
            shell_word(&self.profile)
        ))
    }
}

/// A word as a shell takes it, for commands that an advice names.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./@+=:,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
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
        let contents = self.path(serial).and_then(|path| files::read(&path));
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
        let _ = serde_json::to_vec(&all).map_err(std::io::Error::from).and_then(|bytes| files::write(&path, &bytes));
    }
}

fn hash(salt: &str, digits: &Secret) -> String {
    hex_sha1(&Zeroizing::new(format!("{salt}\n{}", digits.expose())))
}

/// Runs the command that prints a code: split as a shell would, run without a shell, with the terminal but without the
/// AWS keys of our environment, for a minute at the most.
fn run_process(command: &str, environment: &[std::ffi::CString]) -> Result<Secret> {
    use std::os::unix::ffi::OsStrExt as _;
    let fail = |words: String| Error::new(format!("mfa_process {words}"));
    let words = crate::config::split_words(command).map_err(|_| fail(String::from("has an unbalanced quote")))?;
    let Some((program, arguments)) = words.split_first() else { return Err(fail(String::from("is empty"))) };
    let stdin = Terminal::open().and_then(|terminal| terminal.try_clone().ok()).map_or_else(Stdio::null, Stdio::from);
    let mut process = Command::new(program);
    process.args(arguments).stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::inherit()).env_clear();
    for entry in environment {
        let bytes = entry.to_bytes();
        let name = crate::env::name_of(bytes);
        if !crate::env::is_credential(name)
            && let Some(value) = bytes.get(name.len() + 1..)
        {
            process.env(std::ffi::OsStr::from_bytes(name), std::ffi::OsStr::from_bytes(value));
        }
    }
    let mut child =
        process.spawn().map_err(|error| fail(format!("'{program}' cannot be run ({})", super::io_words(&error))))?;
    let Some(mut stdout) = child.stdout.take() else { return Err(fail(String::from("has no output"))) };
    let (send, output) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Zeroizing::new(Vec::with_capacity(4096));
        let read = stdout.by_ref().take(4096).read_to_end(&mut text);
        let _ = send.send(read.map(|_| text));
    });
    let output = output.recv_timeout(PROCESS_TIME);
    if output.is_err() {
        let _ = child.kill();
    }
    let status = child.wait();
    let Ok(Ok(output)) = output else { return Err(fail(format!("'{program}' did not print a code within a minute"))) };
    match status {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(fail(format!("'{program}' failed ({status})"))),
        Err(error) => return Err(fail(format!("'{program}' was lost ({})", super::io_words(&error)))),
    }
    six_digits(&String::from_utf8_lossy(&output)).ok_or_else(|| fail(format!("'{program}' printed no six digits")))
}
