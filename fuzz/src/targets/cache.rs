//! The files of the caches: roles, MFA sessions, SSO and what a `credential_process` printed.

use std::fs;
use std::path::{Path, PathBuf};

use aws_auth::cache::entry::{Assumed, Entry};
use aws_auth::cache::lookup::{Found, Place};
use aws_auth::cache::provider;
use aws_auth::cache::store::Store;
use aws_auth::cli::options;
use aws_auth::config::profiles::ProfileSet;
use aws_auth::config::source::SourceFile;
use aws_auth::config::value::FileKind;
use aws_auth::credentials::Secret;
use aws_auth::messages::{Messages, Verbosity};
use aws_auth::plan::model::Acquisition;
use aws_auth::request::Request;
use aws_auth::time::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::setting::{planned, snapshot};

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

const ROLE: &str = "arn:aws:iam::381494870249:role/team/infrastructure";

const CONFIG: &str = "\
[profile role]
source_profile = keys
role_arn = arn:aws:iam::381494870249:role/team/infrastructure
mfa_serial = arn:aws:iam::398263320410:mfa/jo
[profile process]
credential_process = vault
aws_auth_process_cache = yes
[profile sso]
sso_session = corp
sso_account_id = 381494870249
sso_role_name = admin
[sso-session corp]
sso_region = eu-west-1
sso_start_url = https://corp.awsapps.com/start
";

const CREDENTIALS: &str = "[keys]\naws_access_key_id = AKIAKEYS\naws_secret_access_key = secret\n";

thread_local! {
    static CACHES: Caches = Caches::new();
}

struct Caches {
    _home: TempDir,
    store: Store,
    messages: Messages,
    role: Box<Acquisition>,
    process: Box<Acquisition>,
    sso: Box<Acquisition>,
}

/// The bytes are each of the files in turn. What is found in one is what an independent reader finds there, has not
/// expired, and is found again when it is kept.
pub fn run(data: &[u8]) {
    CACHES.with(|caches| {
        caches.role(data);
        caches.session(data);
        for plan in [&caches.process, &caches.sso] {
            let place = provider::place(&plan.base, &caches.store).expect("a place");
            put(&place, data);
            if let Found::Entry(entry) = provider::read(&plan.base, &caches.store, NOW).found {
                is_in(&entry, data);
            }
        }
    });
}

impl Caches {
    fn new() -> Self {
        // What is kept is synced, for which a disk takes long.
        let in_memory = Path::new("/dev/shm");
        let home = if in_memory.is_dir() { TempDir::new_in(in_memory) } else { TempDir::new() }.expect("a directory");
        let snapshot = snapshot(Vec::new(), &[&format!("HOME={}", home.path().display())]);
        let cli = options::parse(&["true".into()]).expect("options");
        let request = Request::new(&cli, &snapshot, NOW).expect("a request");
        let config = SourceFile::from_text(FileKind::Config, "config", CONFIG);
        let credentials = SourceFile::from_text(FileKind::Credentials, "credentials", CREDENTIALS);
        let set = ProfileSet::parse(Some(&config), Some(&credentials)).expect("two files");
        let plan = |name| planned(&set, &request, name);
        let (store, messages) = (Store::new(&snapshot, false), Messages::new(Verbosity::Quiet, &snapshot));
        let caches =
            Self { role: plan("role"), process: plan("process"), sso: plan("sso"), store, messages, _home: home };
        let places = [caches.role_place(), caches.session_place()];
        let of_provider = |plan: &Acquisition| provider::place(&plan.base, &caches.store).expect("a place").path;
        for path in places.into_iter().chain([of_provider(&caches.process), of_provider(&caches.sso)]) {
            fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        }
        caches
    }

    fn role_place(&self) -> PathBuf {
        self.store.role_place(&self.role, 0).expect("a place").path
    }

    fn session_place(&self) -> PathBuf {
        let session = self.role.session.as_ref().expect("a session");
        self.store.session_place(&self.role, &session.serial.value).expect("a place").path
    }

    fn role(&self, data: &[u8]) {
        fs::write(self.role_place(), data).expect("a file");
        match self.store.role(&self.role, 0, NOW).found {
            Found::Entry(entry) => {
                is_in(&entry, data);
                let file = serde_json::from_slice::<Value>(data).unwrap_or_default();
                assert!(file.is_null() || file["AssumedRoleUser"]["Arn"].as_str().is_some_and(is_assumed), "{file}");
                self.kept(&entry);
            }
            Found::TooOld(_) => panic!("a role has no age"),
            Found::OtherRole(arn) => assert!(!is_assumed(&arn), "{arn}"),
            Found::Expired(at) => assert!(at <= NOW),
            Found::Nothing => panic!("a file is there"),
            Found::Unusable => assert!(!is_usable(data), "a whole entry is a miss"),
        }
    }

    /// An entry that is kept is found as it was.
    fn kept(&self, entry: &Entry) {
        let arn = ROLE.replace(":iam:", ":sts:").replace("role/team/", "assumed-role/") + "/jo";
        let assumed = Assumed { credentials: entry.credentials.clone(), arn, id: None };
        self.store.keep_role(&self.role, 0, &assumed, &self.messages);
        let again = self.store.role(&self.role, 0, NOW).entry().expect("an entry that was kept");
        assert_eq!(again.credentials, entry.credentials);
        assert_eq!(again.expiration, entry.expiration);
    }

    fn session(&self, data: &[u8]) {
        let session = self.role.session.as_ref().expect("a session");
        fs::write(self.session_place(), data).expect("a file");
        if let Found::Entry(stored) | Found::TooOld(stored) = self.store.session(&self.role, session, NOW).found {
            is_in(&stored.entry, data);
            self.store.keep_session(&self.role, &stored, &self.messages);
            let again = match self.store.session(&self.role, session, NOW).found {
                Found::Entry(again) | Found::TooOld(again) => again,
                other => panic!("a session that was kept: {other:?}"),
            };
            assert_eq!((again.issued, again.refused), (stored.issued, stored.refused));
            assert_eq!(again.entry.credentials, stored.entry.credentials);
        }
    }
}

fn put(place: &Place, data: &[u8]) {
    fs::write(&place.path, data).expect("a file");
}

/// Checks an entry against the file, as a general reader of JSON reads it.
fn is_in(entry: &Entry, data: &[u8]) {
    assert!(entry.expiration > NOW && entry.credentials.expiration == Some(entry.expiration));
    // A field that nobody reads may be nested deeper than that reader allows, or hold a number too large for it.
    let Ok(file) = serde_json::from_slice::<Value>(data) else { return };
    let (keys, found) = (&file["Credentials"], &entry.credentials);
    let text = |name: &str| keys[name].as_str().map(String::from);
    assert_eq!(text("AccessKeyId").as_ref(), Some(&found.access_key_id));
    assert_eq!(text("SecretAccessKey").map(Secret::new), Some(found.secret_access_key.clone()));
    assert_eq!(text("SessionToken").map(Secret::new), found.session_token);
    assert_eq!(text("Expiration").and_then(|time| Timestamp::parse(&time)), Some(entry.expiration));
    let parts = [text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken"), found.account_id.clone()];
    assert!(parts.iter().flatten().all(|part| !part.is_empty() && !part.chars().any(|c| c.is_ascii_control())));
}

/// Whether this is a session of the plan's role: by its partition, service, account and name.
fn is_assumed(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, "aws", "sts", _, "381494870249", resource] = parts[..] else { return false };
    resource.split('/').take(2).eq(["assumed-role", "infrastructure"])
}

/// Whether the file is plainly an entry of the role, so that it must not be a miss.
fn is_usable(data: &[u8]) -> bool {
    let Ok(file) = serde_json::from_slice::<Value>(data) else { return false };
    let keys = &file["Credentials"];
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    let words = ["AccessKeyId", "SecretAccessKey", "SessionToken"];
    let is_later = keys["Expiration"].as_str().is_some_and(|time| time == "2027-01-15T09:00:00Z");
    // The same with one field of each name is the same bytes, but for white space.
    let plain = json!({ "Credentials": keys, "AssumedRoleUser": file["AssumedRoleUser"] }).to_string();
    let bytes: Vec<u8> = data.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    is_later
        && words.iter().all(|name| keys[*name].as_str().is_some_and(is_word))
        && keys.as_object().is_some_and(|keys| keys.len() == 4)
        && file["AssumedRoleUser"].as_object().is_some_and(|user| user.len() == 1)
        && file["AssumedRoleUser"]["Arn"].as_str().is_some_and(is_assumed)
        && bytes.len() == plain.len()
}
