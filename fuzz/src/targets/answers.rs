//! The answers of STS, IAM, IAM Identity Center, AWS Sign-In and the metadata services, by way of the clients that ask
//! them: the SDK, its connector, and our own reading of what they give.

use std::fs;
use std::path::Path;

use aws_auth::arn::Serial;
use aws_auth::aws::http::LIMITS;
use aws_auth::aws::sts_errors::{Failure, Subject};
use aws_auth::aws::{iam, sts};
use aws_auth::aws_login::{dpop, session};
use aws_auth::cache::store::Store;
use aws_auth::cli::options;
use aws_auth::config::profiles::ProfileSet;
use aws_auth::config::source::SourceFile;
use aws_auth::config::value::FileKind;
use aws_auth::context::Context;
use aws_auth::credentials::{Credentials, Secret};
use aws_auth::env::snapshot::Snapshot;
use aws_auth::error::{Error, Result};
use aws_auth::messages::{Messages, Verbosity};
use aws_auth::plan::base::Base;
use aws_auth::plan::endpoints::Service;
use aws_auth::plan::model::Acquisition;
use aws_auth::plan::sso::Sso;
use aws_auth::providers::fetch;
use aws_auth::request::Request;
use aws_auth::sso::accounts;
use aws_auth::sso::token::{self, Token};
use aws_auth::system::held_locks::HeldLocks;
use aws_auth::time::{Length, Timestamp, now};
use serde_json::json;
use tempfile::TempDir;

use super::server::Server;
use super::setting::{planned, snapshot};

/// The answers of an input, with this between them.
const BETWEEN: &[u8] = b"\n---\n";

/// Secrets that are sent. Nothing that is shown has them.
const SENT: [&str; 4] = ["sent-secret-access-key", "sent-access-token", "sent-refresh-token", "135790"];

/// How long the fact and the quoted words of an error may be, in characters: a server must not fill a terminal.
const LONGEST_ERROR: usize = 1200;

const SERIAL: &str = "arn:aws:iam::398263320410:mfa/jo";

/// What the server's address stands for in [`CONFIG`].
const ADDRESS: &str = "ADDRESS";

const CONFIG: &str = "\
[profile role]
source_profile = keys
role_arn = arn:aws:iam::381494870249:role/infrastructure
mfa_serial = arn:aws:iam::398263320410:mfa/jo
endpoint_url = http://ADDRESS
[profile web]
role_arn = arn:aws:iam::381494870249:role/infrastructure
web_identity_token_file = HOME/token
endpoint_url = http://ADDRESS
[profile sso]
sso_session = corp
sso_account_id = 381494870249
sso_role_name = admin
endpoint_url = http://ADDRESS
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
[profile login]
login_session = arn:aws:iam::398263320410:user/jo
region = eu-west-1
endpoint_url = http://ADDRESS
[profile container]
role_arn = arn:aws:iam::381494870249:role/infrastructure
credential_source = EcsContainer
[profile instance]
role_arn = arn:aws:iam::381494870249:role/infrastructure
credential_source = Ec2InstanceMetadata
";

const CREDENTIALS: &str = "[keys]\naws_access_key_id = AKIAKEYS\naws_secret_access_key = sent-secret-access-key\n";

thread_local! {
    static WORLD: World = World::new();
}

/// The first byte chooses the call. Then come the answers to its requests: a byte for the status (`r`: the rest is the
/// whole answer, with its head), and the body. Credentials are whole and have not expired; an error is short, and shows no
/// secret.
pub fn run(data: &[u8]) {
    let Some((call, answers)) = data.split_first() else { return };
    WORLD.with(|world| {
        world.server.answer_with(parts(answers).map(whole_answer).collect());
        let outcome = world.call(*call);
        check(outcome);
    });
}

fn parts(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let end = data.windows(BETWEEN.len()).position(|window| window == BETWEEN);
        is_over = end.is_none();
        let part = &data[..end.unwrap_or(data.len())];
        data = end.map_or(&[], |end| &data[end + BETWEEN.len()..]);
        Some(part)
    })
}

/// An answer with its head.
fn whole_answer(part: &[u8]) -> Vec<u8> {
    let Some((status, body)) = part.split_first() else { return Vec::new() };
    let status = match status {
        b'r' => return body.to_vec(),
        b'2' => "200 OK",
        b'3' => "302 Found",
        b'4' => "400 Bad Request",
        b'5' => "500 Internal Server Error",
        b'9' => "429 Too Many Requests",
        byte => {
            ["200 OK", "401 Unauthorized", "403 Forbidden", "404 Not Found", "503 Unavailable"][usize::from(byte % 5)]
        }
    };
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// What a call gave.
enum Outcome {
    Credentials(Credentials),
    /// Texts that go into files or to the terminal.
    Texts(Vec<String>),
    Error(Error),
}

struct World {
    server: Server,
    _home: TempDir,
    // Two that others refer to; they stay until the process ends.
    snapshot: &'static Snapshot,
    request: Request<'static>,
    set: &'static ProfileSet<'static>,
    store: Store,
    messages: Messages,
    role: Box<Acquisition>,
    keys: Credentials,
    login_key: Secret,
}

impl World {
    fn new() -> Self {
        let (server, home) = (Server::start(), TempDir::new().expect("a directory"));
        let at = format!("http://{}", server.address);
        let variables = [
            format!("HOME={}", home.path().display()),
            format!("AWS_CONTAINER_CREDENTIALS_FULL_URI={at}/credentials"),
            format!("AWS_EC2_METADATA_SERVICE_ENDPOINT={at}"),
        ];
        let args = ["-p", "role", "true"].map(std::ffi::OsString::from).to_vec();
        let snapshot: &'static Snapshot =
            Box::leak(Box::new(snapshot(args, &variables.each_ref().map(String::as_str))));
        let mut request =
            Request::new(&options::parse(&snapshot.args).expect("options"), snapshot, now()).expect("one");
        request.keys.listing_patience = Length::ZERO;
        let text = CONFIG.replace(ADDRESS, &server.address.to_string()).replace("HOME", &home.path().to_string_lossy());
        let file = |kind, text| &*Box::leak(Box::new(SourceFile::from_text(kind, "file", text)));
        let (config, credentials) =
            (file(FileKind::Config, text), file(FileKind::Credentials, String::from(CREDENTIALS)));
        let set = Box::leak(Box::new(ProfileSet::parse(Some(config), Some(credentials)).expect("two files")));
        fs::write(home.path().join("token"), "sent-access-token").expect("a file");
        let (store, messages) = (Store::new(snapshot, false), Messages::new(Verbosity::Quiet, snapshot));
        let role = planned(set, &request, "role");
        let keys = credentials_of("AKIAKEYS", SENT[0]);
        let (_, login_key) = dpop::Key::generate().expect("random numbers");
        Self { server, _home: home, snapshot, request, set, store, messages, role, keys, login_key }
    }

    fn context(&self) -> Context<'_> {
        let Self { snapshot, request, set, store, messages, .. } = self;
        Context { now: now(), request, set, snapshot, store, messages, locks: HeldLocks::default() }
    }

    fn call(&self, call: u8) -> Outcome {
        let outcome = match call {
            b'A' => self.assume_role().map(Outcome::Credentials),
            b'S' => self.session_token().map(Outcome::Credentials),
            b'I' => self.identity().map(Outcome::Texts),
            b'W' => self.fetch("web").map(Outcome::Credentials),
            b'P' => self.with_token(Length::hours(8)).map(Outcome::Credentials),
            b'R' => self.with_token(Length::minutes(5)).map(Outcome::Credentials),
            b'L' => self.accounts().map(Outcome::Texts),
            b'D' => self.login().map(Outcome::Credentials),
            b'C' => self.fetch("container").map(Outcome::Credentials),
            b'M' => self.fetch("instance").map(Outcome::Credentials),
            b'K' => self.iam(|iam| {
                let key = iam.create_access_key(&self.keys)?;
                Ok(vec![key.id, key.secret.expose().to_owned()])
            }),
            b'U' => self.iam(|iam| Ok(iam.access_keys(&self.keys)?.into_iter().map(|key| key.id).collect())),
            b'T' => self
                .iam(|iam| Ok(iam.last_used(&self.keys, "AKIAKEYS")?.map(|used| used.service).into_iter().collect())),
            b'N' => self.iam(|iam| {
                let device = iam.create_device(&self.keys, "jo")?;
                Ok(vec![device.serial.as_str().to_owned(), device.seed.expose().to_owned()])
            }),
            b'E' => self.iam(|iam| iam.devices(&self.keys, None)),
            // Any other byte, so that a changed one is not lost.
            other => return self.call(b"ASIWPRLDCMKUTNE"[usize::from(other) % 15]),
        };
        outcome.unwrap_or_else(Outcome::Error)
    }

    fn assume_role(&self) -> Result<Credentials> {
        self.sts(|client, code, subject| {
            let role = self.role.roles.first().expect("a role");
            let assumed = client.assume_role(&self.keys, role, Some(code), subject)?;
            assert!(role.arn.is_role_of(&assumed.arn), "{}", assumed.arn);
            Ok(assumed.credentials)
        })
    }

    fn session_token(&self) -> Result<Credentials> {
        self.sts(|client, code, subject| client.session_token(&self.keys, Length::hours(12), code, subject))
    }

    fn identity(&self) -> Result<Vec<String>> {
        let identity = self.sts(|client, _, subject| client.try_caller_identity(&self.keys, subject))?;
        Ok(vec![identity.arn, identity.account, identity.user_id])
    }

    fn sts<T>(
        &self,
        call: impl FnOnce(&sts::Client<'_>, sts::Code<'_>, Subject<'_>) -> Result<T, Failure>,
    ) -> Result<T> {
        let locks = HeldLocks::default();
        let client = sts::Client::new(&self.role.sts, LIMITS, &locks)?;
        let (serial, digits) = (Serial::parse(SERIAL, "").expect("a serial"), Secret::new(SENT[3].to_owned()));
        let code = sts::Code { serial: &serial, digits: &digits };
        let subject = Subject { profile: Some("role"), role: self.role.roles.first() };
        call(&client, code, subject).map_err(|failure| failure.error)
    }

    /// Asks the provider of a profile, not its cache.
    fn fetch(&self, profile: &str) -> Result<Credentials> {
        fetch::fetch(&planned(self.set, &self.request, profile), &self.context(), None, None)
    }

    /// The role's credentials for an SSO token with so much time left; it is renewed if that is little.
    fn with_token(&self, left: Length) -> Result<Credentials> {
        let (plan, context) = (planned(self.set, &self.request, "sso"), self.context());
        let file = json!({
            "startUrl": "https://corp.awsapps.com/start",
            "region": "eu-west-1",
            "accessToken": SENT[1],
            "expiresAt": (now() + left).iso8601(),
            "clientId": "id",
            "clientSecret": SENT[0],
            "registrationExpiresAt": (now() + Length::hours(24)).iso8601(),
            "refreshToken": SENT[2],
        });
        put(&token::path(sso(&plan), &context).expect("a path"), &file);
        fetch::fetch(&plan, &context, None, None)
    }

    fn accounts(&self) -> Result<Vec<String>> {
        let (plan, context) = (planned(self.set, &self.request, "sso"), self.context());
        let secret = Secret::new(SENT[1].to_owned());
        let token = Token { secret, until: now() + Length::hours(8), renewable: false, new: false };
        let found = accounts::list(sso(&plan), &token, &context, &mut |_, _| {})?;
        // What is not in an answer is left empty, and escaped where it is shown.
        assert!(found.iter().all(|role| !role.account_id.is_empty() && !role.role_name.is_empty()));
        Ok(Vec::new())
    }

    /// The credentials of a session of `aws login` that must be renewed.
    fn login(&self) -> Result<Credentials> {
        let plan = planned(self.set, &self.request, "login");
        let Base::Login { login, .. } = &plan.base else { panic!("{:?}", plan.base) };
        let file = json!({
            "accessToken": {
                "accessKeyId": "ASIAOLD",
                "secretAccessKey": SENT[0],
                "sessionToken": SENT[1],
                "accountId": "398263320410",
                "expiresAt": (now() + Length::minutes(1)).iso8601(),
            },
            "tokenType": "aws_sigv4",
            "clientId": "arn:aws:signin:::devtools/same-device",
            "refreshToken": SENT[2],
            "dpopKey": self.login_key.expose(),
        });
        put(&session::path(&login.session, self.snapshot).expect("a path"), &file);
        fetch::fetch(&plan, &self.context(), None, None)
    }

    fn iam(
        &self,
        call: impl FnOnce(&iam::Client<'_>) -> Result<Vec<String>, aws_auth::aws::iam_errors::Failure>,
    ) -> Result<Outcome> {
        let plan = planned(self.set, &self.request, "sso");
        let service = Service { name: "IAM", ..sso(&plan).oidc.clone() };
        let locks = HeldLocks::default();
        let client = iam::Client::new(&service, &locks)?;
        call(&client).map(Outcome::Texts).map_err(|failure| failure.error)
    }
}

fn check(outcome: Outcome) {
    match outcome {
        Outcome::Credentials(credentials) => {
            let token = credentials.session_token.as_ref().map(Secret::expose);
            let parts =
                [credentials.access_key_id.as_str(), credentials.secret_access_key.expose(), token.unwrap_or("-")];
            assert!(parts.iter().all(|part| !part.is_empty() && !part.contains(char::is_control)), "{credentials:?}");
            // The SSO portal may leave it out; then the end is not known.
            let end = credentials.expiration.unwrap_or(Timestamp::LAST);
            assert!(now() < end + Length::minutes(1) && end <= Timestamp::LAST, "{credentials:?}");
        }
        Outcome::Texts(texts) => drop(texts),
        Outcome::Error(error) => {
            let line = error.to_string();
            assert_eq!(error.status(), 125, "{line}");
            assert!(!line.contains(char::is_control), "{line:?}");
            assert!(!SENT.iter().any(|secret| line.contains(secret)), "{line}");
            let length = error.fact().chars().count() + error.words().map_or(0, |words| words.chars().count());
            assert!(length <= LONGEST_ERROR, "{length} characters: {line}");
        }
    }
}

fn credentials_of(id: &str, secret: &str) -> Credentials {
    Credentials {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret.to_owned()),
        session_token: None,
        expiration: None,
        account_id: None,
    }
}

fn sso(plan: &Acquisition) -> &Sso {
    match &plan.base {
        Base::Sso { sso, .. } => sso,
        other => panic!("{other:?}"),
    }
}

fn put(path: &Path, file: &serde_json::Value) {
    fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
    fs::write(path, file.to_string()).expect("a file");
}
