//! Two consecutive codes of a new device.

use crate::arn::Serial;
use crate::cache::store::Store;
use crate::credentials::Secret;
use crate::error::{Error, Result, io_words};
use crate::mfa::code::six_digits;
use crate::mfa::used::Used;
use crate::system::held_locks::HeldLocks;
use crate::system::terminal::{Answer, Terminal};
use crate::time::now;

/// Asks for the codes of one device, until it is enabled.
pub struct Pairs<'a> {
    serial: &'a Serial,
    used: Used<'a>,
    locks: &'a HeldLocks,
}

impl<'a> Pairs<'a> {
    /// The codes of this device. Codes that were sent are noted in the store.
    pub fn new(serial: &'a Serial, store: &'a Store, locks: &'a HeldLocks) -> Self {
        Self { serial, used: Used { store, sent: Vec::new() }, locks }
    }

    /// Asks for a code and for the next one, and notes both as used. `None` if the person gives none.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be used.
    pub fn ask(&mut self, terminal: &mut Terminal) -> Result<Option<[Secret; 2]>> {
        let Some(first) = self.code(terminal, "MFA code of the new device: ", None)? else { return Ok(None) };
        let prompt = "the next MFA code, once the app shows another: ";
        let Some(second) = self.code(terminal, prompt, Some(&first))? else { return Ok(None) };
        for code in [&first, &second] {
            self.used.add(self.serial, code, now());
        }
        Ok(Some([first, second]))
    }

    fn code(&self, terminal: &mut Terminal, prompt: &str, before: Option<&Secret>) -> Result<Option<Secret>> {
        loop {
            let answer = terminal.ask(prompt, self.locks);
            let answer =
                answer.map_err(|error| Error::new(format!("cannot ask on the terminal ({})", io_words(&error))))?;
            let line = match answer {
                Answer::Line(line) => line,
                Answer::Resumed => continue,
                Answer::End | Answer::Late | Answer::Nowhere => return Ok(None),
            };
            match six_digits(line.expose()) {
                None => terminal.say("aws-auth: an MFA code is six digits"),
                Some(code) if Some(&code) == before => {
                    terminal.say("aws-auth: that is the same code; wait for the next one");
                }
                Some(code) if self.used.contains(self.serial, &code, now()) => {
                    terminal.say("aws-auth: that code was used already; wait for the next one");
                }
                Some(code) => return Ok(Some(code)),
            }
        }
    }
}
