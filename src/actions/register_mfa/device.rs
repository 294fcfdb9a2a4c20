//! Making a virtual MFA device: IAM makes it, a person puts it into an app, and two of its codes enable it. Until then it
//! belongs to no user, and is deleted again if it does not get that far.

use std::cell::RefCell;

use crate::arn::Serial;
use crate::aws::iam::{Client, NewDevice};
use crate::aws::iam_errors::{Failure, Kind};
use crate::aws::sts::Identity;
use crate::context::Context;
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::keys::qr;
use crate::mfa::pair::Pairs;
use crate::system::terminal::Terminal;

/// How many pairs of codes IAM may refuse.
const MAX_REFUSALS: u32 = 3;

/// The names that are tried: the user's own, and those with a number behind it.
const NAMES: u32 = 9;

/// The user who gets the device.
pub struct User {
    /// The name, without a path.
    pub name: String,
    /// The account's twelve digits.
    pub account: String,
    partition: String,
}

impl User {
    /// The user that STS names.
    ///
    /// # Errors
    /// Returns an error if it is not an IAM user.
    pub fn of(identity: &Identity) -> Result<Self> {
        let mut parts = identity.arn.splitn(6, ':').skip(1);
        let partition = parts.next().unwrap_or_default().to_owned();
        let name = parts.last().and_then(|resource| resource.strip_prefix("user/")?.rsplit('/').next());
        match name {
            Some(name) => Ok(Self { name: name.to_owned(), account: identity.account.clone(), partition }),
            None => Err(Error::new(format!("these are keys of {}, which is no IAM user", identity.arn))
                .advise("name a profile with the keys of a user; a root user's device is made in the console")),
        }
    }

    /// The serial number that a device of this name gets.
    ///
    /// # Errors
    /// Returns an error if no device can have this name.
    pub fn serial(&self, name: &str) -> Result<Serial> {
        let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@-_".contains(&b);
        if name.is_empty() || name.len() > 128 || !name.bytes().all(is_allowed) {
            return Err(Error::new(format!("'{name}' cannot be the name of an MFA device"))
                .advise("letters, digits and +=,.@-_ can: --register-mfa=NAME"));
        }
        Serial::parse(&format!("arn:{}:iam::{}:mfa/{name}", self.partition, self.account), "--register-mfa")
    }
}

/// Makes a device.
pub struct Maker<'a> {
    /// The surroundings.
    pub context: &'a Context<'a>,
    /// IAM.
    pub iam: Client<'a>,
    /// The user's keys.
    pub signer: &'a Credentials,
    /// Who gets it.
    pub user: &'a User,
    /// Where it is drawn, and where its codes are asked for.
    pub terminal: RefCell<Terminal>,
}

impl Maker<'_> {
    /// Makes and enables a device with this name, or with the next free one after the user's.
    ///
    /// # Errors
    /// Returns an error if IAM refuses or the person gives no codes; it says what is left of the device.
    pub fn make(&self, name: &str) -> Result<Serial> {
        let device = self.created(name)?;
        self.show(&device);
        let outcome = self.enabled(&device.serial);
        if let Err(error) = outcome {
            let error = self.undone(&device.serial, error);
            // A signal takes effect when all is tidy, and after the error, which no one else prints.
            let mut terminal = self.terminal.borrow_mut();
            if terminal.is_ending() {
                self.context.messages.insist(&error.to_string());
            }
            terminal.end();
            return Err(error);
        }
        Ok(device.serial)
    }

    fn created(&self, name: &str) -> Result<NewDevice> {
        let is_free_to_choose = self.context.request.keys.device_name.is_none();
        let mut number = 1;
        loop {
            let tried = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
            self.context.messages.step(|| format!("CreateVirtualMFADevice {tried}"));
            match self.iam.create_device(self.signer, &tried) {
                Ok(device) => return Ok(device),
                Err(failure) if failure.kind == Kind::AlreadyExists && is_free_to_choose && number < NAMES => {
                    let taken = self.user.serial(&tried)?;
                    self.context
                        .messages
                        .say(&format!("there is a device {} already; another name is tried", taken.as_str()));
                    number += 1;
                }
                Err(failure) => return Err(failure.error),
            }
        }
    }

    /// Draws the QR code, if the terminal has room for it, and prints the letters.
    fn show(&self, device: &NewDevice) {
        let mut terminal = self.terminal.borrow_mut();
        let link = qr::link(&self.user.name, &self.user.account, device.seed.expose());
        let room = terminal.size().unwrap_or((80, 24));
        let is_plain = self.context.snapshot.var("TERM").is_none_or(|name| name.is_empty() || name == "dumb");
        let drawing =
            qr::draw(&link).filter(|drawing| drawing.columns <= room.0 && drawing.lines <= room.1 && !is_plain);
        // What is below the code must leave it on a screen of 24 lines.
        if let Some(drawing) = drawing {
            terminal.say("Scan this with an authenticator app now; whoever has it can make your codes:");
            terminal.draw(&drawing.text);
        } else {
            terminal.say("There is no room for a QR code here. Give this link to an authenticator app now; whoever has it can make your codes:");
            terminal.say(&link);
        }
        terminal.say("or type this secret into it:");
        terminal.say(&qr::in_groups(device.seed.expose()));
    }

    /// Enables the device with two codes.
    fn enabled(&self, serial: &Serial) -> Result<()> {
        let mut terminal = self.terminal.borrow_mut();
        let mut pairs = Pairs::new(serial, self.context.store, &self.context.locks);
        for tries in 1.. {
            let Some(codes) = pairs.ask(&mut terminal)? else { return Err(Error::new("no MFA code was given")) };
            self.context.messages.step(|| format!("EnableMFADevice {}", serial.as_str()));
            match self.iam.enable_device(self.signer, &self.user.name, serial, &codes) {
                Ok(()) => break,
                Err(failure) if failure.kind == Kind::WrongCodes && tries < MAX_REFUSALS => {
                    terminal.say("aws-auth: IAM refused these codes; type two that the app shows one after the other");
                }
                // The answer may be lost.
                Err(Failure { kind: Kind::NoAnswer, .. }) if self.has(serial) => break,
                Err(failure) => return Err(failure.error),
            }
        }
        Ok(())
    }

    fn has(&self, serial: &Serial) -> bool {
        let devices = self.iam.devices(self.signer, Some(&self.user.name)).unwrap_or_default();
        devices.iter().any(|device| device == serial.as_str())
    }

    /// Deletes a device that was not enabled; the error then says what is left.
    fn undone(&self, serial: &Serial, error: Error) -> Error {
        self.context.messages.step(|| format!("DeleteVirtualMFADevice {}", serial.as_str()));
        let left = match self.iam.delete_device(self.signer, serial) {
            Ok(()) => String::from("the device was deleted again"),
            Err(failure) if failure.kind == Kind::InUse => {
                format!(
                    "the device {} belongs to the user all the same; delete it in the console if you do not have it",
                    serial.as_str()
                )
            }
            Err(failure) => {
                let why = failure.error.fact().to_owned();
                format!(
                    "the device {} is left unused, for it cannot be deleted ({why}); the next try takes another name",
                    serial.as_str()
                )
            }
        };
        match error.advice() {
            Some(advice) => {
                let advice = format!("{advice}; {left}");
                error.advise(advice)
            }
            None => error.advise(left),
        }
    }
}
