//! Where an MFA code comes from, and that none is sent twice (docs/design.md, "One code a day").

use crate::arn::Serial;
use crate::cache::store::Store;
use crate::credentials::Secret;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::mfa::code::{Given, six_digits};
use crate::mfa::process;
use crate::mfa::process::Printed;
use crate::mfa::used::Used;
use crate::request::renewal::Renewal;
use crate::system::signals::Interrupted;
use crate::system::terminal::{Answer, Terminal};
use crate::text::shell_words::shell_word;
use crate::time::now;

/// How often a code that STS refuses is asked for.
const MAX_REFUSALS: u32 = 3;

/// The codes of one run.
pub struct Codes<'a> {
    /// `--mfa-token`, then AWS_AUTH_MFA_TOKEN: each is good once.
    given: Vec<(&'static str, Secret)>,
    process: Option<String>,
    /// The process that was run for the code at hand.
    ran: Option<String>,
    snapshot: &'a Snapshot,
    used: Used<'a>,
    profile: String,
    place: Option<String>,
    renewal: Option<Renewal>,
    refused: u32,
    /// Whether a person typed a code in this run.
    pub prompted: bool,
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
    pub snapshot: &'a Snapshot,
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
            snapshot: sources.snapshot,
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
            let printed = process::run(&command, self.snapshot, &self.profile, interrupted);
            self.ran = Some(command);
            if let Ok(Printed { digits, resumed: true }) = printed {
                // It is good yet, if a code is still needed.
                self.given.push(("mfa_process", digits));
                return Err(NoCode::Resumed);
            }
            ("mfa_process", printed.map(|printed| printed.digits))
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
        let mut terminal = match Terminal::open_for(self.renewal.as_ref().map(|renewal| renewal.patience)) {
            Ok(Some(terminal)) => terminal,
            Ok(None) => return Err(nowhere(self, trouble)),
            Err(error) => return Err(NoCode::Failed(cannot_open(&error))),
        };
        if let (Some(renewal), None) = (&self.renewal, why) {
            terminal.say(&renewal.asked_by());
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
            if self.refused >= MAX_REFUSALS {
                let error = Error::new(format!("STS refused three MFA codes ({})", error.fact()));
                return Err(NoCode::GivenUp(
                    error.advise("check that the device is the one of this serial, and that its clock is right"),
                ));
            }
            return Ok(String::from(
                "STS refused that code; it may be mistyped or used, give the one that the device shows now",
            ));
        };
        if Terminal::is_missing() {
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

/// The terminal may be there, but cannot be had now.
#[cold]
fn cannot_open(error: &std::io::Error) -> Error {
    Error::new(format!("cannot open the terminal for an MFA code ({})", crate::error::io_words(error)))
        .advise("raise the limit of open files (ulimit -n), or set AWS_AUTH_MFA_TOKEN")
}
