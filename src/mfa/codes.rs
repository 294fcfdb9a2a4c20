//! Getting MFA codes, and making sure that no code is sent twice (docs/design-credentials.md, "One code a day").

use crate::arn::Serial;
use crate::cache::store::Store;
use crate::credentials::Secret;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::messages::wants_colours;
use crate::mfa::code::{Given, Refusals, Tries, Typed, six_digits, typed};
use crate::mfa::process;
use crate::mfa::process::Printed;
use crate::mfa::used::Used;
use crate::request::renewal::Renewal;
use crate::system::held_locks::HeldLocks;
use crate::system::terminal::{Answer, Terminal};
use crate::text::shell_words::shell_word;
use crate::time::now;

/// The sources of the MFA codes of one run, and which of them were used.
pub struct Codes<'a> {
    /// Codes that are ready to use, the preferred one last: those of AWS_AUTH_MFA_TOKEN and `--mfa-token`.
    given: Vec<(&'static str, Secret)>,
    process: Option<String>,
    /// The mfa_process that gave the current code.
    ran: Option<String>,
    snapshot: &'a Snapshot,
    used: Used<'a>,
    profile: String,
    place: Option<String>,
    renewal: Option<Renewal>,
    refused: Refusals,
    /// The number of the device that a person is asked for a code of.
    device: usize,
    /// Whether a person typed a code in this run.
    pub prompted: bool,
}

/// Why there is no code.
#[derive(Debug)]
pub enum NoCode<E = Error> {
    /// There is no source of codes, or it failed.
    Failed(E),
    /// The user gave up, or typed three wrong codes. Processes that wait for this one should not ask again.
    GivenUp(E),
    /// The process was stopped (Ctrl-Z) while it waited for the code, and continued. What it knows may be outdated.
    Resumed,
}

/// Everything that [`Codes::new`] needs.
pub struct Sources<'a> {
    /// The value of `--mfa-token`.
    pub option: Option<Secret>,
    /// The value of AWS_AUTH_MFA_TOKEN.
    pub variable: Option<Secret>,
    /// The command line of the mfa_process.
    pub process: Option<String>,
    /// The environment for the mfa_process, which gets it without the AWS keys.
    pub snapshot: &'a Snapshot,
    /// The profile, for the prompt.
    pub profile: String,
    /// The URL of the endpoint if it is not one of AWS, for the prompt.
    pub place: Option<String>,
    /// The `--keep-fresh` renewal, if this run is one.
    pub renewal: Option<Renewal>,
}

impl<'a> Codes<'a> {
    /// Prepares the sources. No program is run and no question is asked yet.
    pub fn new(sources: Sources<'a>, store: &'a Store) -> Self {
        let given = [("AWS_AUTH_MFA_TOKEN", sources.variable), ("--mfa-token", sources.option)];
        Self {
            given: given.into_iter().filter_map(|(name, code)| Some((name, code?))).collect(),
            process: sources.process,
            ran: None,
            snapshot: sources.snapshot,
            used: Used { store, sent: Vec::new() },
            profile: sources.profile,
            place: sources.place,
            renewal: sources.renewal,
            refused: Refusals::NONE,
            device: 0,
            prompted: false,
        }
    }

    /// The next code of one of these devices: from the option, or else the variable, the mfa_process, or the terminal. On
    /// the terminal alone it may be of another one than the first. `why` tells the user why another code is needed.
    ///
    /// # Errors
    /// Returns the reason if there is no code.
    pub fn next(&mut self, devices: &[&Serial], why: Option<&str>, locks: &HeldLocks) -> Result<Given, NoCode> {
        let Some(&serial) = devices.first() else { return Err(NoCode::Failed(Error::new("there is no MFA device"))) };
        // Only the first source that exists is used, and only once. After it comes the terminal.
        let (source, code) = if let Some((name, code)) = self.given.pop() {
            self.given.clear();
            self.process = None;
            let error = || Error::new(format!("{name} holds no MFA code")).advise("a code is six digits");
            (name, six_digits(code.expose()).ok_or_else(error))
        } else if let Some(command) = self.process.take() {
            let printed = process::run(&command, self.snapshot, &self.profile, locks);
            self.ran = Some(command);
            if let Ok(Printed { digits, resumed: true }) = printed {
                // Keep the code. It is still valid, if a code is still needed.
                self.given.push(("mfa_process", digits));
                return Err(NoCode::Resumed);
            }
            ("mfa_process", printed.map(|printed| printed.digits))
        } else {
            return self.ask(devices, why, None, locks);
        };
        let trouble = match code {
            Ok(digits) if self.used.contains(serial, &digits, now()) => {
                Error::new(format!("the code from {source} was used already")).advise("wait for the next one")
            }
            Ok(digits) => return Ok(Given { digits, device: 0, source: Some(source) }),
            Err(error) => error,
        };
        self.ask(devices, why, Some(trouble), locks)
    }

    /// Whether there is a source of codes other than the terminal.
    pub fn has_source(&self) -> bool {
        !self.given.is_empty() || self.process.is_some()
    }

    /// Whether this run has sent a code, which may be spent even if the call failed.
    pub fn any_sent(&self) -> bool {
        !self.used.sent.is_empty()
    }

    /// Asks on the terminal until the answer is six digits that were not sent before. `trouble` is the problem with the
    /// code from another source.
    fn ask(
        &mut self,
        devices: &[&Serial],
        why: Option<&str>,
        trouble: Option<Error>,
        locks: &HeldLocks,
    ) -> Result<Given, NoCode> {
        let cannot_ask = |codes: &Self, trouble: Option<Error>| {
            NoCode::Failed(match trouble {
                Some(error) if error.advice().is_some() => error,
                Some(error) => error.advise(format!("correct it, or {}", codes.login_first())),
                None => match codes.device_of(devices) {
                    Ok(serial) => codes.no_terminal(serial),
                    Err(none) => return none,
                },
            })
        };
        let mut terminal = match Terminal::open_for(self.renewal.as_ref().map(|renewal| renewal.patience)) {
            Ok(Some(terminal)) => terminal.bold(wants_colours(self.snapshot)),
            Ok(None) => return Err(cannot_ask(self, trouble)),
            Err(error) => return Err(NoCode::Failed(cannot_ask_on(&error))),
        };
        self.introduce(&mut terminal, devices, why, trouble.as_ref());
        loop {
            let serial = self.device_of(devices)?;
            let answer =
                terminal.ask(&self.prompt(serial), locks).map_err(|error| NoCode::Failed(cannot_ask_on(&error)))?;
            let line = match answer {
                Answer::Line(line) => line,
                Answer::Resumed => return Err(NoCode::Resumed),
                Answer::Nowhere => return Err(cannot_ask(self, trouble)),
                Answer::End => return Err(NoCode::GivenUp(Error::new("no MFA code was given"))),
                Answer::Late => {
                    let error = Error::new("no MFA code was given in time");
                    return Err(NoCode::GivenUp(error.advise(self.login_first())));
                }
            };
            match typed(line.expose(), devices.len() > 1, |digits| self.used.contains(serial, digits, now())) {
                Typed::NextDevice => self.device += 1,
                Typed::NoCode => terminal.say("aws-auth: an MFA code is six digits"),
                Typed::Used => terminal.say("aws-auth: that code was used already; wait for the next one"),
                Typed::Code(digits) => {
                    self.prompted = true;
                    return Ok(Given { digits, device: self.device % devices.len(), source: None });
                }
            }
        }
    }

    /// The device that is asked for now. After the last one comes the first one again.
    fn device_of<'s>(&self, devices: &[&'s Serial]) -> Result<&'s Serial, NoCode> {
        let serial = devices.iter().cycle().nth(self.device);
        serial.copied().ok_or_else(|| NoCode::Failed(Error::new("there is no MFA device")))
    }

    fn prompt(&self, serial: &Serial) -> String {
        let place = self.place.as_ref().map(|place| format!(" at {place}")).unwrap_or_default();
        format!("MFA code for {} ({}){place}: ", self.profile, serial.as_str())
    }

    /// Says above the prompt for what a code is needed, and how another device can give it.
    fn introduce(&self, terminal: &mut Terminal, devices: &[&Serial], why: Option<&str>, trouble: Option<&Error>) {
        if let (Some(renewal), None) = (&self.renewal, why) {
            terminal.say(&renewal.asked_by());
        }
        if let Some(why) = why {
            terminal.say(&format!("aws-auth: {why}"));
        }
        if let Some(trouble) = trouble {
            terminal.say(&format!("aws-auth: {trouble}"));
        }
        if devices.len() > 1 && why.is_none() {
            terminal.say("aws-auth: an empty line goes on to the next device");
        }
    }

    /// STS accepted a code. If an mfa_process gave it, it may be run again for the next one.
    pub fn accepted(&mut self) {
        self.process = self.ran.take().or(self.process.take());
    }

    /// Records that a code is about to be sent. It is not sent again, even if the call fails.
    pub fn sent(&mut self, serial: &Serial, digits: &Secret) {
        self.used.add(serial, digits, now());
    }

    /// STS refused a code. Returns the text to ask for another one with.
    ///
    /// # Errors
    /// Returns an error if this was the last try, or if there is no terminal to ask on.
    pub fn refused(&mut self, given: &Given, error: Error) -> Result<String, NoCode> {
        let Some(source) = given.source else {
            if self.refused.add() == Tries::Over {
                let error = Error::new(format!("STS refused three MFA codes: {}", error.fact()))
                    .quote(error.words().unwrap_or_default());
                return Err(NoCode::GivenUp(
                    error.advise(
                        "check that the device is the one with this serial number, and that its clock is right",
                    ),
                ));
            }
            return Ok(String::from(
                "STS refused that code; it may be mistyped or used already; type the one that the device shows now",
            ));
        };
        if Terminal::is_missing() {
            return Err(NoCode::Failed(error));
        }
        Ok(format!("STS refused the code from {source}; type the one that the device shows now"))
    }

    fn login_first(&self) -> String {
        let login = format!("run 'aws-auth -p {} --login'", shell_word(&self.profile));
        match &self.renewal {
            None => format!("{login} in a terminal first"),
            Some(renewal) => format!("{login} in a terminal; {} then uses the new credentials", renewal.command),
        }
    }

    fn no_terminal(&self, serial: &Serial) -> Error {
        Error::new(format!(
            "profile '{}' needs an MFA code from {}, and there is no terminal to ask on",
            self.profile,
            serial.as_str()
        ))
        .advise(match self.renewal {
            None => format!("{}, or set AWS_AUTH_MFA_TOKEN, or configure an mfa_process", self.login_first()),
            Some(_) => self.login_first(),
        })
    }
}

/// The error if there may be a terminal, but it cannot be used now.
fn cannot_ask_on(error: &std::io::Error) -> Error {
    let too_many = matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE));
    let advice = if too_many { "raise the limit of open files (ulimit -n), or set" } else { "set" };
    Error::new(format!("cannot ask for an MFA code on the terminal ({})", crate::error::io_words(error)))
        .advise(format!("{advice} AWS_AUTH_MFA_TOKEN"))
}
