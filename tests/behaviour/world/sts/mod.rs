//! An STS on loopback that behaves like AWS's in everything that matters to aws-auth: it checks signatures, accepts
//! each MFA code once, remembers when a session was authenticated by MFA, and limits what temporary keys may request.
//! It can also be told to fail in the ways that networks and services do.
//!
//! It depends on no other module but `web`, so that the tests and `examples/local-sts.rs` can share it.

// Each crate that includes this module uses a part of it.
#![allow(dead_code, unused_imports)]
// A test may fail by panicking. The names in AWS's documentation need no backticks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::doc_markdown)]

mod actions;
pub mod clock;
mod http;
mod iam;
pub mod model;
pub mod policy;
pub mod random;
pub mod seed;
mod signature;
mod signin;
mod state;
pub mod tls;
pub mod totp;
mod xml;

pub use iam::{AccessKey, base32};
pub use model::{Device, Issued, Principal, Principals, Role, Trust, User};
pub use state::{CodeTrouble, Fault, UNANSWERED, When};

use super::web::{Asked, Reply};
use state::State;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// How long a test waits for something before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call to the service, and how it ended.
#[derive(Debug, Clone)]
pub struct Call {
    pub action: String,
    pub params: BTreeMap<String, String>,
    /// The access key id that signed it; empty for an unsigned call.
    pub access_key_id: String,
    /// The region in its signature.
    pub region: String,
    pub user_agent: String,
    pub host: String,
    /// Whether it carried an MFA code.
    pub with_code: bool,
    /// The error code, or [`UNANSWERED`].
    pub outcome: Result<(), String>,
}

impl Call {
    /// A parameter's value, or an empty string if it was not sent.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }
}

/// Issues role credentials, given the role's ARN, the session's name and the lifetime in seconds.
pub type Issuer = Box<dyn Fn(&str, &str, i64) -> Issued + Send + Sync>;

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    gate: Notify,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked with the lock has failed its test already; other threads may go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the watcher of a code that was just refused.
    fn tell_of_refused_code(&self) {
        let (trouble, code, watcher) = {
            let mut state = self.state();
            let (Some((serial, trouble)), Some(watcher)) = (state.untold.take(), state.watcher.clone()) else {
                return;
            };
            (trouble, state.fresh_code(&serial), watcher)
        };
        watcher(trouble, &code);
    }

    /// Waits while calls of this action are held at this gate.
    async fn pass(&self, action: &str, when: When) {
        let mut waiting = None;
        loop {
            let released = self.gate.notified();
            tokio::pin!(released);
            // Listens before it checks the gate, so that no release is missed.
            released.as_mut().enable();
            {
                let mut state = self.state();
                let held = [action, "*"].iter().any(|name| state.holds.get(*name) == Some(&when));
                if !held {
                    return;
                }
                if waiting.is_none() {
                    state.held += 1;
                    waiting = Some(Held(self));
                }
            }
            self.changed.notify_all();
            released.await;
        }
    }
}

/// Counts a call that waits at a gate, until it continues or its client disconnects.
struct Held<'a>(&'a Shared);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.state().held -= 1;
        self.0.changed.notify_all();
    }
}

/// A running service. When this is dropped, it stops and closes all connections.
pub struct LocalSts {
    shared: Arc<Shared>,
    address: SocketAddr,
    listeners: Mutex<Vec<Listener>>,
}

/// A thread that listens until this is dropped.
struct Listener {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Listener {
    /// Listens on a free port; returns the address too.
    fn start(shared: Arc<Shared>, tls: Option<TlsAcceptor>) -> (Self, SocketAddr) {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("listen on loopback");
        listener.set_nonblocking(true).expect("a nonblocking listener");
        let address = listener.local_addr().expect("the listener's address");
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                http::listen(listener, tls, shared, stopped).await;
            });
        });
        (Self { stop, thread }, address)
    }
}

impl LocalSts {
    /// Starts a service without users and roles, on a free port.
    pub fn start() -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), changed: Condvar::new(), gate: Notify::new() });
        let (listener, address) = Listener::start(Arc::clone(&shared), None);
        Self { shared, address, listeners: Mutex::new(vec![listener]) }
    }

    /// Listens with TLS on another port, which is returned. A connection counts once its handshake is done.
    pub fn serve_tls(&self, config: Arc<ServerConfig>) -> u16 {
        let (listener, address) = Listener::start(Arc::clone(&self.shared), Some(config.into()));
        self.listeners.lock().expect("the listeners").push(listener);
        address.port()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }

    /// `http://127.0.0.1:PORT`
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    // Users, roles and credentials.

    pub fn add_user(&self, user: User) {
        self.state().add_user(user);
    }

    /// Adds a role, or replaces the role with the same ARN.
    pub fn add_role(&self, role: Role) {
        let mut state = self.state();
        state.roles.retain(|other| other.arn != role.arn);
        state.roles.push(role);
    }

    /// Changes a role: `sts.edit_role(arn, |role| role.max_session_seconds = 43200)`.
    pub fn edit_role(&self, arn: &str, change: impl FnOnce(&mut Role)) {
        let mut state = self.state();
        change(state.roles.iter_mut().find(|role| role.arn == arn).unwrap_or_else(|| panic!("no role {arn}")));
    }

    pub fn remove_role(&self, arn: &str) {
        self.state().roles.retain(|role| role.arn != arn);
    }

    /// The access keys of all users, in the order in which they were made.
    pub fn access_keys(&self) -> Vec<AccessKey> {
        let mut keys: Vec<_> = self.state().iam.keys.values().cloned().collect();
        keys.sort_by_key(|key| key.created);
        keys
    }

    /// Adds an access key of this user, made so many seconds ago, and returns it.
    pub fn add_access_key(&self, user: &User, age: i64) -> AccessKey {
        let mut state = self.state();
        let created = state.now() - age;
        let key = AccessKey {
            id: random::identifier("AKIA"),
            secret: random::secret_access_key(),
            owner: user.arn(),
            active: true,
            created,
            last_used: None,
            unknown_for: 0,
        };
        state.secrets.insert(key.secret.clone());
        state.iam.keys.insert(key.id.clone(), key.clone());
        key
    }

    /// Changes an access key.
    pub fn edit_access_key(&self, id: &str, change: impl FnOnce(&mut AccessKey)) {
        change(self.state().iam.keys.get_mut(id).unwrap_or_else(|| panic!("no access key {id}")));
    }

    /// Makes access keys that are made from now on unknown to STS and IAM for so many calls.
    pub fn new_keys_are_unknown_for(&self, calls: usize) {
        self.state().iam.unknown_for = calls;
    }

    /// Makes IAM want MFA for all but a new device, as AWS's policy for users who manage their own devices does.
    pub fn iam_wants_mfa(&self) {
        self.state().iam.wants_mfa = true;
    }

    /// Makes a policy deny these actions of IAM, and no others.
    pub fn iam_denies(&self, actions: &[&str]) {
        self.state().iam.denied = actions.iter().map(|&action| action.to_owned()).collect();
    }

    /// Ends the sessions of an access key when it is deactivated or deleted.
    pub fn sessions_end_with_their_key(&self) {
        self.state().iam.sessions_end_with_key = true;
    }

    /// The serials of the virtual MFA devices that no user has.
    pub fn free_devices(&self) -> Vec<String> {
        self.state().iam.free_devices.iter().map(|device| device.serial.clone()).collect()
    }

    /// The serials of a user's MFA devices.
    pub fn devices_of(&self, user: &User) -> Vec<String> {
        let state = self.state();
        let user = state.users.iter().find(|other| other.arn() == user.arn()).expect("the user");
        user.mfa.iter().map(|device| device.serial.clone()).collect()
    }

    /// The secret of a device, as it is shown to a person.
    pub fn seed_of(&self, serial: &str) -> String {
        base32(&self.state().device(serial).unwrap_or_else(|| panic!("no device {serial}")).totp_secret)
    }

    /// A function that issues credentials for other services, so that this one knows them.
    pub fn issuer(&self) -> Issuer {
        let shared = Arc::clone(&self.shared);
        Box::new(move |role_arn, session_name, lifetime| {
            let principal = Principal::Role {
                role_arn: role_arn.to_owned(),
                role_id: random::identifier("AROA"),
                session_name: session_name.to_owned(),
            };
            shared.state().issue(principal, None, lifetime)
        })
    }

    /// Makes AssumeRoleWithWebIdentity accept this token.
    pub fn accept_web_identity(&self, token: &str, subject: &str) {
        self.state().web_identities.insert(token.to_owned(), subject.to_owned());
    }

    /// A function that makes a token for a subject, which AssumeRoleWithWebIdentity accepts.
    pub fn web_identities(&self) -> Box<dyn Fn(&str) -> String + Send + Sync> {
        let shared = Arc::clone(&self.shared);
        Box::new(move |subject| {
            let token = format!("eyJhbGciOiJSUzI1NiJ9.{}", random::identifier("canary"));
            let mut state = shared.state();
            state.secrets.insert(token.clone());
            state.web_identities.insert(token.clone(), subject.to_owned());
            token
        })
    }

    /// Makes a text one of those that no output may show.
    pub fn hide(&self, secret: &str) {
        self.state().secrets.insert(secret.to_owned());
    }

    /// All credentials issued so far, by access key id.
    pub fn issued(&self) -> BTreeMap<String, Issued> {
        self.state().issued.clone()
    }

    /// Every secret access key and session token, static or issued.
    pub fn secrets(&self) -> Vec<String> {
        self.state().secrets.iter().cloned().collect()
    }

    /// Every MFA code that was ever sent.
    pub fn sent_codes(&self) -> Vec<String> {
        self.state().codes.iter().cloned().collect()
    }

    /// Makes these keys, static or temporary, unknown.
    pub fn revoke(&self, access_key_id: &str) {
        self.state().revoked.insert(access_key_id.to_owned());
    }

    /// Makes all temporary credentials expire now, before their Expiration.
    pub fn expire_all(&self) {
        let mut state = self.state();
        let now = state.now();
        for issued in state.issued.values_mut() {
            issued.expires = issued.expires.min(now);
        }
    }

    // Time.

    /// Moves the service's clock forward, so that issued credentials and their MFA age. Requests may still have the
    /// date of the machine's clock, unless [`Self::strict_clock`] was called.
    pub fn advance(&self, seconds: i64) {
        self.state().offset += seconds;
    }

    /// Accepts only requests dated within 15 minutes of the service's own clock.
    pub fn strict_clock(&self) {
        self.state().strict_clock = true;
    }

    /// The service's clock, in seconds since the epoch.
    pub fn now(&self) -> i64 {
        self.state().now()
    }

    /// Makes role sessions expire after that many seconds, regardless of the request. 0 or less expires at once.
    pub fn set_role_lifetime(&self, seconds: Option<i64>) {
        self.state().role_lifetime = seconds;
    }

    /// The same for GetSessionToken.
    pub fn set_session_lifetime(&self, seconds: Option<i64>) {
        self.state().session_lifetime = seconds;
    }

    // MFA codes.

    /// A code that is valid now and was never sent. It stays the same until it is sent.
    pub fn fresh_code(&self, serial: &str) -> String {
        self.state().fresh_code(serial)
    }

    /// A wrong code, a different one each time.
    pub fn wrong_code(&self, serial: &str) -> String {
        self.state().wrong_code(serial)
    }

    /// The code that the device shows now, used or not.
    pub fn code(&self, serial: &str) -> String {
        let step = self.step();
        self.code_of_step(serial, step)
    }

    /// The code of the step with this number.
    pub fn code_of_step(&self, serial: &str, step: i64) -> String {
        let state = self.state();
        let device = state.device(serial).unwrap_or_else(|| panic!("no device has the serial {serial}"));
        totp::code(&device.totp_secret, step)
    }

    /// The number of the current step of 30 seconds.
    pub fn step(&self) -> i64 {
        self.state().step()
    }

    /// Moves the clock of the MFA devices only.
    pub fn advance_totp_steps(&self, steps: i64) {
        self.state().totp_offset += steps;
    }

    /// Makes the codes that the devices showed so far expire.
    pub fn expire_codes(&self) {
        self.state().expire_codes();
    }

    /// The number of codes that were refused so far.
    pub fn refused_codes(&self) -> usize {
        self.state().refused
    }

    /// Calls this for each refused code, with the code that its device shows now, before the refusal is sent.
    pub fn on_refused_code(&self, watcher: impl Fn(CodeTrouble, &str) + Send + Sync + 'static) {
        self.state().watcher = Some(Arc::new(watcher));
    }

    /// Answers `GET /code?serial=…` with [`Self::fresh_code`], and makes codes expire at `GET /expire-codes`.
    pub fn serve_codes(&self) {
        self.state().serve_codes = true;
    }

    /// Answers what comes under `/v1/` with another service: AWS Sign-In, which has the same address as the console's
    /// sign-in.
    pub fn serve_v1(&self, service: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
        self.state().v1 = Some(Arc::new(service));
    }

    // The log.

    /// All calls so far, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.iter().map(|(_, call)| call.clone()).collect()
    }

    /// The number of calls of this action so far, answered or not.
    pub fn count(&self, action: &str) -> usize {
        self.state().calls.iter().filter(|(_, call)| call.action == action).count()
    }

    /// The actions of all calls in order, such as `["GetSessionToken", "AssumeRole"]`.
    pub fn actions(&self) -> Vec<String> {
        self.state().calls.iter().map(|(_, call)| call.action.clone()).collect()
    }

    /// The last call of this action.
    pub fn last(&self, action: &str) -> Call {
        let last =
            self.state().calls.iter().rev().find(|(_, call)| call.action == action).map(|(_, call)| call.clone());
        last.unwrap_or_else(|| panic!("no call of {action}"))
    }

    /// The number of accepted connections.
    pub fn connections(&self) -> usize {
        self.state().connections
    }

    pub fn clear_log(&self) {
        let mut state = self.state();
        state.calls.clear();
        state.connections = 0;
    }

    // Faults and gates.

    /// Makes the next `times` calls of this action (`*`: any) fail in this way. Faults queue up.
    pub fn fault(&self, action: &str, fault: Fault, times: usize) {
        if times > 0 {
            self.state().faults.push((action.to_owned(), fault, times));
        }
    }

    pub fn clear_faults(&self) {
        self.state().faults.clear();
    }

    /// Holds calls of this action (`*`: any) after they are read and before they are carried out, until
    /// [`Self::release`].
    pub fn hold(&self, action: &str) {
        self.hold_when(action, When::BeforeActing);
    }

    /// Holds calls of this action after they are carried out and before they are answered: the code is used.
    pub fn hold_answer(&self, action: &str) {
        self.hold_when(action, When::BeforeAnswering);
    }

    fn hold_when(&self, action: &str, when: When) {
        self.state().holds.insert(action.to_owned(), when);
    }

    /// Lets all held calls continue, and holds no more calls.
    pub fn release(&self) {
        self.state().holds.clear();
        self.shared.gate.notify_waiters();
    }

    /// The number of calls that are held now.
    pub fn held(&self) -> usize {
        self.state().held
    }

    /// Blocks until exactly `count` calls are held.
    #[track_caller]
    pub fn wait_for_held(&self, count: usize) {
        self.wait_until(&format!("{count} held calls"), |state| state.held == count);
    }

    /// Blocks until at least `count` calls of this action have arrived.
    #[track_caller]
    pub fn wait_for_calls(&self, action: &str, count: usize) {
        self.wait_until(&format!("{count} calls of {action}"), |state| {
            state.calls.iter().filter(|(_, call)| call.action == action).count() >= count
        });
    }

    #[track_caller]
    fn wait_until(&self, what: &str, reached: impl Fn(&State) -> bool) {
        let (state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(self.state(), PATIENCE, |state| !reached(state))
            .unwrap_or_else(PoisonError::into_inner);
        if timeout.timed_out() {
            let calls: Vec<_> = state.calls.iter().map(|(_, call)| (&call.action, &call.outcome)).collect();
            panic!("timed out waiting for {what}; {} calls are held, and these arrived: {calls:?}", state.held);
        }
    }
}

impl Drop for LocalSts {
    fn drop(&mut self) {
        for Listener { stop, thread } in std::mem::take(self.listeners.get_mut().expect("the listeners")) {
            drop(stop);
            let _ = thread.join();
        }
    }
}
