//! The Keychain of macOS. Its calls block while it asks a person, so they are made on a thread of their own, which a run
//! does not wait for longer than the limit.

use std::sync::mpsc::{RecvTimeoutError, channel};

use apple_native_keyring_store::keychain::Store;
use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error as Said};
use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::error::Error;
use crate::keys::asking::{Asking, SERVICE};
use crate::keys::failure::{Failure, Kind};
use crate::time::Length;

pub(super) fn get(access_key_id: &str, asking: &Asking<'_>) -> Result<Secret, Failure> {
    let bytes = run(access_key_id, asking, |entry| entry.get_secret().map(Zeroizing::new))?;
    let text = std::str::from_utf8(&bytes).ok().filter(|text| !text.is_empty());
    text.map(|text| Secret::new(text.to_owned())).ok_or_else(|| {
        let error = Error::new(format!("the keyring gave no secret key for {access_key_id}"));
        Failure::new(Kind::Other, error.advise("look at the entry aws-auth in Keychain Access"))
    })
}

pub(super) fn put(access_key_id: &str, secret: &Secret, asking: &Asking<'_>) -> Result<(), Failure> {
    let secret = secret.clone();
    run(access_key_id, asking, move |entry| entry.set_secret(secret.expose().as_bytes()))
}

pub(super) fn remove(access_key_id: &str, asking: &Asking<'_>) -> Result<(), Failure> {
    run(access_key_id, asking, Entry::delete_credential)
}

pub(super) fn answers(asking: &Asking<'_>) -> Result<(), Failure> {
    in_time(asking, || Store::new().map(|_| ())).map_err(|failure| match failure.kind {
        Kind::Other | Kind::NotFound => Failure { kind: Kind::Absent, ..failure },
        _ => failure,
    })
}

/// Does something with the entry of these keys.
fn run<T: Send + 'static>(
    access_key_id: &str,
    asking: &Asking<'_>,
    work: impl FnOnce(&Entry) -> Result<T, Said> + Send + 'static,
) -> Result<T, Failure> {
    let id = access_key_id.to_owned();
    in_time(asking, move || work(&Store::new()?.build(SERVICE, &id, None)?)).map_err(|failure| match failure.kind {
        Kind::NotFound => {
            let error = Error::new(format!("the keyring has no keys {access_key_id}"));
            Failure::new(Kind::NotFound, error.advise("store them with --store-keys"))
        }
        _ => failure,
    })
}

fn in_time<T: Send + 'static>(
    asking: &Asking<'_>,
    work: impl FnOnce() -> Result<T, Said> + Send + 'static,
) -> Result<T, Failure> {
    let (done, answer) = channel();
    let worker = std::thread::Builder::new().spawn(move || done.send(work()));
    worker.map_err(|error| {
        let error = Error::new(format!("cannot ask the keyring ({})", crate::error::io_words(&error)));
        Failure::new(Kind::Other, error.advise("try again"))
    })?;
    match answer.recv_timeout(asking.limits.dialog) {
        Ok(answer) => answer.map_err(|error| failure(&error)),
        Err(RecvTimeoutError::Timeout) => {
            let limit = Length::of(asking.limits.dialog);
            let error = Error::new(format!("the keyring did not answer within {limit}"));
            let advice = "look for a dialog that waits; AWS_AUTH_PROCESS_TIMEOUT gives it more time";
            Err(Failure::new(Kind::Late, error.advise(advice)))
        }
        Err(RecvTimeoutError::Disconnected) => {
            Err(Failure::new(Kind::Other, Error::new("the keyring gave no answer").advise("try again")))
        }
    }
}

fn failure(error: &Said) -> Failure {
    match error {
        Said::NoEntry => Failure::new(Kind::NotFound, Error::new("the keyring does not have that")),
        Said::NoStorageAccess(_) => {
            let advice = "unlock the keychain and run the command again, or use --store-keys=file";
            Failure::new(Kind::Locked, Error::new("the keyring is locked, or its dialog was dismissed").advise(advice))
        }
        error => {
            let error = Error::new(format!("the keyring cannot be used ({error})"));
            Failure::new(Kind::Other, error.advise("see what Keychain Access says, or use --store-keys=file"))
        }
    }
}
