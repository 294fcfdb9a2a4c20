//! The state of the service, and the faults that it was told to make.

use super::super::web::{Asked, Reply};
use super::iam::{AccessKey, Iam};
use super::model::{Device, Issued, Role, User};
use super::signin::Token;
use super::{Call, clock, random, totp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The outcome in the log of a call without an answer (yet).
pub const UNANSWERED: &str = "(unanswered)";

/// A fault of the service.
#[derive(Debug, Clone)]
pub enum Fault {
    /// An error with this HTTP status, code and message. The request is not carried out, so its code is not used.
    Refuse(u16, &'static str, &'static str),
    /// 400 `Throttling`, `Rate exceeded`.
    Throttle,
    /// A 5xx in STS's XML: `InternalFailure`, or `ServiceUnavailable` for 503.
    Status(u16),
    /// The connection is closed as soon as it is accepted, before any request.
    CloseOnConnect,
    /// The request is read but not carried out, and the connection is closed.
    CloseUnanswered,
    /// The request is carried out (its code is used), and the connection is closed without an answer.
    CloseAfterActing,
    /// The request is carried out, and the connection is closed in the middle of the answer.
    CloseMidAnswer,
    /// An endless answer with this status. The request is not carried out.
    Endless(u16),
    /// The request is carried out and answered, and then the connection is closed without `Connection: close`, as a
    /// proxy closes an idle one.
    CloseAfterAnswering,
    /// The request is carried out, and the answer stops being XML after its first quarter.
    MalformedXml,
    /// Status 200 and an HTML page, as from a captive portal.
    HtmlPage,
    /// This status and text. The request is not carried out.
    Raw(u16, &'static str),
    /// The request is carried out, and this function changes the answer.
    Rewrite(fn(String) -> String),
    /// No answer, while the connection stays open.
    Silence,
}

/// Where a held call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The request was read but not carried out yet.
    BeforeActing,
    /// The code is used and the credentials are issued; only the answer is missing.
    BeforeAnswering,
}

/// Why a code was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeTrouble {
    /// The device showed it in the last half hour.
    Expired,
    Used,
    Wrong,
}

/// Is told of each refused code, and of the code that its device shows now, before the refusal is sent.
pub type Watcher = Arc<dyn Fn(CodeTrouble, &str) + Send + Sync>;

/// Another service at this address.
pub type Service = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

#[derive(Default)]
pub struct State {
    pub users: Vec<User>,
    pub roles: Vec<Role>,
    pub iam: Iam,
    pub issued: BTreeMap<String, Issued>,
    pub revoked: BTreeSet<String>,
    pub web_identities: BTreeMap<String, String>,
    pub offset: i64,
    pub totp_offset: i64,
    pub strict_clock: bool,
    pub serve_codes: bool,
    /// The service for what comes under `/v1/`.
    pub v1: Option<Service>,
    pub role_lifetime: Option<i64>,
    pub session_lifetime: Option<i64>,
    /// For each serial, the steps whose codes were accepted.
    pub used: BTreeMap<String, BTreeSet<i64>>,
    /// For each serial, the codes that arrived, valid or not.
    pub sent: BTreeMap<String, BTreeSet<String>>,
    pub wrong: usize,
    /// How many codes were refused.
    pub refused: usize,
    /// Why a code of this device was refused, until the watcher is told.
    pub untold: Option<(String, CodeTrouble)>,
    pub watcher: Option<Watcher>,
    pub signin_tokens: BTreeMap<String, Token>,
    pub faults: Vec<(String, Fault, usize)>,
    pub holds: BTreeMap<String, When>,
    pub held: usize,
    pub calls: Vec<(usize, Call)>,
    pub arrived: usize,
    pub connections: usize,
    /// Every secret that was ever known. It is kept when the log is cleared.
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

    /// The times that count as now for a request's date. The last one is the service's own.
    pub fn clocks(&self) -> Vec<i64> {
        if self.strict_clock { vec![self.now()] } else { vec![clock::machine(), self.now()] }
    }

    pub fn device(&self, serial: &str) -> Option<&Device> {
        let devices = self.users.iter().flat_map(|user| &user.mfa).chain(&self.iam.free_devices);
        devices.into_iter().find(|device| device.serial == serial)
    }

    pub fn user(&self, access_key_id: &str) -> Option<&User> {
        let owner = self.iam.keys.get(access_key_id).map(|key| &key.owner).or(self.iam.past.get(access_key_id));
        let of_owner = || self.users.iter().find(|user| owner == Some(&user.arn()));
        self.users.iter().find(|user| user.access_key_id == access_key_id).or_else(of_owner)
    }

    pub fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.arn == arn)
    }

    pub fn add_user(&mut self, user: User) {
        self.secrets.insert(user.secret_access_key.clone());
        self.users.retain(|other| other.access_key_id != user.access_key_id);
        let key = AccessKey {
            id: user.access_key_id.clone(),
            secret: user.secret_access_key.clone(),
            owner: user.arn(),
            active: true,
            // Two months old.
            created: self.now() - 60 * 86400,
            last_used: None,
            unknown_for: 0,
        };
        self.iam.keys.insert(key.id.clone(), key);
        self.users.push(user);
    }

    /// Uses a code; returns whether it was right and not used before.
    pub fn accept_code(&mut self, device: &Device, code: &str) -> bool {
        let now = self.step();
        let used = self.used.entry(device.serial.clone()).or_default();
        let is_at = |step: &i64| totp::code(&device.totp_secret, *step) == code;
        let near: Vec<i64> = (now - 1..=now + 1).filter(is_at).collect();
        let accepted = near.iter().any(|step| used.insert(*step));
        if !accepted {
            let trouble = if !near.is_empty() {
                CodeTrouble::Used
            } else if (now - 60..now).any(|step| is_at(&step)) {
                CodeTrouble::Expired
            } else {
                CodeTrouble::Wrong
            };
            self.refused += 1;
            self.untold = Some((device.serial.clone(), trouble));
        }
        accepted
    }

    /// A code that will be accepted and was never sent: that of the current step or else of the next one. A past step
    /// could become invalid before its code is sent. If both are used, the clock of the devices moves one step forward.
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

    /// Makes the codes that the devices showed so far expire: their clock moves on.
    pub fn expire_codes(&mut self) {
        self.totp_offset += 3;
    }

    /// A wrong code, a different one each time. It does not match any step near now.
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

    /// Adds a call to the log and returns its number there.
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

    /// Removes and returns the next queued fault that fits.
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

    /// Issues and records temporary credentials.
    pub fn issue(&mut self, principal: super::model::Principal, mfa_at: Option<i64>, lifetime: i64) -> Issued {
        let issued = Issued {
            access_key_id: random::identifier("ASIA"),
            secret_access_key: random::secret_access_key(),
            session_token: random::session_token(),
            principal,
            mfa_at,
            expires: self.now() + lifetime,
            policies: None,
        };
        self.secrets.insert(issued.secret_access_key.clone());
        self.secrets.insert(issued.session_token.clone());
        self.issued.insert(issued.access_key_id.clone(), issued.clone());
        issued
    }
}
