//! The Secret Service of the desktop (GNOME Keyring, KWallet, KeePassXC), over the session bus. Secrets cross the bus
//! encrypted, for a key that was agreed on with Diffie and Hellman's method.

use std::collections::HashMap;
use std::time::Duration;

use secret_service::{Collection, EncryptionType, Item, SecretService};
use zbus::connection::Builder;
use zeroize::Zeroizing;

use crate::aws::http;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::keys::asking::{Asking, SERVICE};
use crate::keys::failure::{Failure, Kind};
use crate::time::Length;

/// What to do where there is no keyring.
const INSTALL: &str = "install and start one (gnome-keyring, KWallet or KeePassXC with its Secret Service), or use \
                       --store-keys=file";

pub(super) fn get(access_key_id: &str, asking: &Asking<'_>) -> Result<Secret, Failure> {
    run(asking, async {
        let service = connected(asking).await?;
        let items = found(access_key_id, &service, asking).await?;
        let item = items.first().ok_or_else(|| not_found(access_key_id))?;
        let bytes = Zeroizing::new(in_time(asking.limits.answer, item.get_secret()).await?);
        let text = std::str::from_utf8(&bytes).ok().filter(|text| !text.is_empty());
        let secret = text.map(|text| Secret::new(text.to_owned()));
        secret.ok_or_else(|| other(&format!("the keyring gave no secret key for {access_key_id}")))
    })
}

pub(super) fn put(access_key_id: &str, secret: &Secret, asking: &Asking<'_>) -> Result<(), Failure> {
    run(asking, async {
        let service = connected(asking).await?;
        let collection = collection(&service, asking).await?;
        if in_time(asking.limits.answer, collection.is_locked()).await? {
            announce(asking);
            in_time(asking.limits.dialog, collection.unlock()).await?;
        }
        let label = format!("AWS access key {access_key_id}");
        let secret = secret.expose().as_bytes();
        let made = collection.create_item(&label, attributes(access_key_id), secret, true, "text/plain");
        in_time(asking.limits.dialog, made).await.map(|_| ())
    })
}

pub(super) fn remove(access_key_id: &str, asking: &Asking<'_>) -> Result<(), Failure> {
    run(asking, async {
        let service = connected(asking).await?;
        let items = found(access_key_id, &service, asking).await?;
        if items.is_empty() {
            return Err(not_found(access_key_id));
        }
        for item in items {
            in_time(asking.limits.dialog, item.delete()).await?;
        }
        Ok(())
    })
}

pub(super) fn answers(asking: &Asking<'_>) -> Result<(), Failure> {
    run(asking, async {
        let service = connected(asking).await?;
        collection(&service, asking).await.map(|_| ())
    })
}

/// Waits for what is done on the bus, on this thread.
fn run<T>(asking: &Asking<'_>, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    http::call(work, asking.locks).unwrap_or_else(|error| Err(Failure::new(Kind::Other, error)))
}

async fn connected(asking: &Asking<'_>) -> Result<SecretService<'static>, Failure> {
    let address = address(asking)
        .ok_or_else(|| absent("there is no session bus to reach a keyring by (DBUS_SESSION_BUS_ADDRESS is not set)"))?;
    let connected = async {
        let bus = Builder::address(address.as_str())?.build().await?;
        SecretService::connect_with_existing(EncryptionType::Dh, bus).await
    };
    in_time(asking.limits.answer, connected).await
}

/// The address of the session bus.
fn address(asking: &Asking<'_>) -> Option<String> {
    if let Some(address) = asking.snapshot.non_empty("DBUS_SESSION_BUS_ADDRESS") {
        return address.to_str().map(String::from);
    }
    let socket = asking.snapshot.runtime_dir()?.join("bus");
    Some(format!("unix:path={}", socket.to_str()?))
}

/// The collection for new keys. Not the one named `session`, which is gone after a logout.
async fn collection<'s>(service: &'s SecretService<'_>, asking: &Asking<'_>) -> Result<Collection<'s>, Failure> {
    in_time(asking.limits.answer, service.get_default_collection()).await.map_err(|failure| match failure.kind {
        Kind::NotFound => {
            let error = Error::new("the keyring has no default collection for new keys");
            let advice = "make one (in Passwords and Keys, KWalletManager or KeePassXC), or use --store-keys=file";
            Failure::new(Kind::Absent, error.advise(advice))
        }
        _ => failure,
    })
}

/// The items with these keys, unlocked.
async fn found<'s>(
    access_key_id: &str,
    service: &'s SecretService<'_>,
    asking: &Asking<'_>,
) -> Result<Vec<Item<'s>>, Failure> {
    let found = in_time(asking.limits.answer, service.search_items(attributes(access_key_id))).await?;
    if found.unlocked.is_empty() {
        for item in &found.locked {
            announce(asking);
            in_time(asking.limits.dialog, item.unlock()).await?;
        }
        return Ok(found.locked);
    }
    Ok(found.unlocked)
}

fn attributes(access_key_id: &str) -> HashMap<&str, &str> {
    HashMap::from([("service", SERVICE), ("username", access_key_id)])
}

fn announce(asking: &Asking<'_>) {
    if let Some(messages) = asking.messages {
        messages.say("the keyring is locked; unlock it in the dialog that it opens");
    }
}

/// Waits for an answer, but not longer than this.
async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, secret_service::Error>>,
) -> Result<T, Failure> {
    if let Ok(answer) = tokio::time::timeout(limit, answer).await {
        return answer.map_err(|error| failure(&error));
    }
    let error = Error::new(format!("the keyring did not answer within {}", Length::of(limit)));
    let advice = "look for a dialog that waits, or restart the keyring; AWS_AUTH_PROCESS_TIMEOUT gives it more time";
    Err(Failure::new(Kind::Late, error.advise(advice)))
}

fn failure(error: &secret_service::Error) -> Failure {
    use secret_service::Error as Said;
    let locked = |words: &str| {
        let advice = "unlock the keyring and run the command again, or use --store-keys=file";
        Failure::new(Kind::Locked, Error::new(format!("the keyring is locked{words}")).advise(advice))
    };
    match error {
        Said::Locked => locked(""),
        Said::Prompt => locked(", and its dialog was dismissed or could not be shown"),
        Said::PromptDisconnected => locked(", and it ended while its dialog was open"),
        Said::NoResult => Failure::new(Kind::NotFound, Error::new("the keyring does not have that")),
        Said::Unavailable => absent("no keyring answers on the session bus"),
        Said::Zbus(zbus::Error::Address(_) | zbus::Error::Connection(..)) => {
            absent("there is no session bus to reach a keyring by")
        }
        Said::Zbus(zbus::Error::MethodError(name, words, _)) => refused(name.as_str(), words.as_deref()),
        Said::ZbusFdo(zbus::fdo::Error::ServiceUnknown(_) | zbus::fdo::Error::NameHasNoOwner(_)) => {
            absent("no keyring answers on the session bus")
        }
        error => other(&format!("the keyring cannot be used ({error})")),
    }
}

/// The failure for an error that the bus or the keyring answered with.
fn refused(name: &str, words: Option<&str>) -> Failure {
    const BUS: &str = "org.freedesktop.DBus.Error.";
    let is_of_bus = |name: &str, kinds: &[&str]| {
        name.strip_prefix(BUS).is_some_and(|kind| kinds.iter().any(|known| kind.starts_with(known)))
    };
    if is_of_bus(name, &["ServiceUnknown", "NameHasNoOwner", "Spawn."]) {
        return absent("no keyring answers on the session bus");
    }
    if is_of_bus(name, &["NoReply", "Timeout", "TimedOut"]) {
        let error = Error::new("the keyring did not answer").advise("restart the keyring, or use --store-keys=file");
        return Failure::new(Kind::Late, error);
    }
    if name.ends_with(".IsLocked") {
        return failure(&secret_service::Error::Locked);
    }
    let error = Error::new("the keyring refused the request").quote(words.unwrap_or(name));
    Failure::new(Kind::Other, error.advise("see what the keyring's program says"))
}

fn absent(fact: &str) -> Failure {
    Failure::new(Kind::Absent, Error::new(fact.to_owned()).advise(INSTALL))
}

fn not_found(access_key_id: &str) -> Failure {
    let error = Error::new(format!("the keyring has no keys {access_key_id}"));
    Failure::new(Kind::NotFound, error.advise("store them with --store-keys, or unlock the collection that has them"))
}

fn other(fact: &str) -> Failure {
    Failure::new(Kind::Other, Error::new(fact.to_owned()).advise("see what the keyring's program says"))
}
