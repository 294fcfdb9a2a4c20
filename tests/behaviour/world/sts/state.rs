//! Everything the service remembers, and what it was told to do wrong.

use super::model::{Device, Issued, Role, User};
use super::{Call, clock, random, totp};
use std::collections::{BTreeMap, BTreeSet};

/// The outcome in the log of a call that got no answer (yet).
pub const UNANSWERED: &str = "(unanswered)";

/// Something the service does wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// An error of that HTTP status, code and message; nothing is done, no code is spent.
    Refuse(u16, &'static str, &'static str),
    /// 400 `Throttling`, `Rate exceeded`.
    Throttle,
    /// A 5xx in STS's XML: `InternalFailure`, or `ServiceUnavailable` for 503.
    Status(u16),
    /// The connection is closed as soon as it is accepted, whatever it would have asked.
    CloseOnConnect,
    /// The request is read, nothing is done, and the connection is closed.
    CloseUnanswered,
    /// The request is carried out (its code is spent), and the connection is closed instead of an answer.
    CloseAfterActing,
    /// The request is carried out, and the connection is closed in the middle of the answer.
    CloseMidAnswer,
    /// An answer of that status that never ends; nothing is done.
    Endless(u16),
    /// The request is carried out and answered, and the connection is closed without a word about it, as a proxy
    /// closes one that is idle.
    CloseAfterAnswering,
    /// The request is carried out, and the answer is no XML after its first quarter.
    MalformedXml,
    /// 200 and a page of HTML, as a captive portal gives.
    HtmlPage,
    /// This status and text; nothing is done.
    Raw(u16, &'static str),
    /// The request is carried out, and its answer is changed by this function.
    Rewrite(fn(String) -> String),
    /// Never an answer.
    Silence,
}

/// Where a held call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The request was read, nothing was done yet.
    BeforeActing,
    /// The code is spent and the credentials are issued; only the answer is missing.
    BeforeAnswering,
}

#[derive(Default)]
pub struct State {
    pub users: Vec<User>,
    pub roles: Vec<Role>,
    pub issued: BTreeMap<String, Issued>,
    pub revoked: BTreeSet<String>,
    pub web_identities: BTreeMap<String, String>,
    pub offset: i64,
    pub totp_offset: i64,
    pub strict_clock: bool,
    pub serve_codes: bool,
    pub role_lifetime: Option<i64>,
    pub session_lifetime: Option<i64>,
    /// Per serial, the steps whose codes were accepted.
    pub used: BTreeMap<String, BTreeSet<i64>>,
    /// Per serial, the codes that arrived, good or not.
    pub sent: BTreeMap<String, BTreeSet<String>>,
    pub wrong: usize,
    pub faults: Vec<(String, Fault, usize)>,
    pub holds: BTreeMap<String, When>,
    pub held: usize,
    pub calls: Vec<(usize, Call)>,
    pub arrived: usize,
    pub connections: usize,
    /// Never forgotten, not even with the log.
    pub secrets: BTreeSet<String>,
    pub codes: BTreeSet<String>,
}

impl State {
    pub fn now(&self) -> i64 {
        clock::machine() + self.offset
    }

    pub fn step(&self) -> i64 {
        (self.now() + self.totp_offset * totp::STEP).div_euclid(totp::STEP)
    }

    /// The times that a request's date may be near; the last one is the service's own.
    pub fn clocks(&self) -> Vec<i64> {
        if self.strict_clock { vec![self.now()] } else { vec![clock::machine(), self.now()] }
    }

    pub fn device(&self, serial: &str) -> Option<&Device> {
        self.users.iter().flat_map(|user| &user.mfa).find(|device| device.serial == serial)
    }

    pub fn user(&self, access_key_id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.access_key_id == access_key_id)
    }

    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn == arn)
    }

    pub fn add_user(&mut self, user: User) {
        self.secrets.insert(user.secret_access_key.clone());
        self.users.retain(|other| other.access_key_id != user.access_key_id);
        self.users.push(user);
    }

    /// Takes a code: true when it is right and was not used before.
    pub fn accept_code(&mut self, device: &Device, code: &str) -> bool {
        let now = self.step();
        let used = self.used.entry(device.serial.clone()).or_default();
        (now - 1..=now + 1)
            .find(|step| totp::code(&device.totp_secret, *step) == code && !used.contains(step))
            .is_some_and(|step| used.insert(step))
    }

    /// A code that will be accepted and was never sent. The present step comes first and the next one second; a
    /// past one never, as it may run out before it is sent. With both gone the devices' clock goes on a step.
    pub fn fresh_code(&mut self, serial: &str) -> String {
        let device = self.device(serial).unwrap_or_else(|| panic!("no device has the serial {serial}")).clone();
        loop {
            let now = self.step();
            for step in [now, now + 1] {
                let code = totp::code(&device.totp_secret, step);
                let used = self.used.get(serial).is_some_and(|steps| steps.contains(&step));
                let sent = self.sent.get(serial).is_some_and(|codes| codes.contains(&code));
                if !used && !sent {
                    return code;
                }
            }
            self.totp_offset += 1;
        }
    }

    /// Another wrong code each time: good at no step near.
    pub fn wrong_code(&mut self, serial: &str) -> String {
        let device = self.device(serial).unwrap_or_else(|| panic!("no device has the serial {serial}")).clone();
        let now = self.step();
        loop {
            self.wrong += 1;
            let code = format!("{:06}", (self.wrong * 70_717 + 100_003) % 1_000_000);
            if (now - 20..=now + 20).all(|step| totp::code(&device.totp_secret, step) != code) {
                return code;
            }
        }
    }

    /// Writes a call down and returns its number in the log.
    pub fn arrive(&mut self, call: Call) -> usize {
        if let (Some(serial), Some(code)) = (call.params.get("SerialNumber"), call.params.get("TokenCode")) {
            self.sent.entry(serial.clone()).or_default().insert(code.clone());
        }
        if let Some(code) = call.params.get("TokenCode").filter(|code| !code.is_empty()) {
            self.codes.insert(code.clone());
        }
        self.arrived += 1;
        self.calls.push((self.arrived, call));
        self.arrived
    }

    pub fn conclude(&mut self, number: usize, outcome: Result<(), String>) {
        if let Some((_, call)) = self.calls.iter_mut().find(|(other, _)| *other == number) {
            call.outcome = outcome;
        }
    }

    /// The next scripted fault that fits, taken off the script.
    pub fn take_fault(&mut self, fits: impl Fn(&str, &Fault) -> bool) -> Option<Fault> {
        let index = self.faults.iter().position(|(action, fault, _)| fits(action, fault))?;
        let (_, fault, left) = &mut self.faults[index];
        let fault = fault.clone();
        *left -= 1;
        if *left == 0 {
            self.faults.remove(index);
        }
        Some(fault)
    }

    /// Makes new temporary credentials and remembers them.
    pub fn issue(&mut self, principal: super::model::Principal, mfa_at: Option<i64>, lifetime: i64) -> Issued {
        let issued = Issued {
            access_key_id: random::identifier("ASIA"),
            secret_access_key: random::secret_access_key(),
            session_token: random::session_token(),
            principal,
            mfa_at,
            expires: self.now() + lifetime,
        };
        self.secrets.insert(issued.secret_access_key.clone());
        self.secrets.insert(issued.session_token.clone());
        self.issued.insert(issued.access_key_id.clone(), issued.clone());
        issued
    }
}
