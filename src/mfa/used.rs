//! Remembers the codes that were sent, so that none is sent twice (docs/design-credentials.md, "One code a day").

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::arn::Serial;
use crate::cache::keys::hex_sha1;
use crate::cache::store::Store;
use crate::credentials::Secret;
use crate::system::directories::Whose;
use crate::system::private_files;
use crate::time::{Length, Timestamp};

/// How long a sent code is remembered for other runs.
const MEMORY: Length = Length::seconds(60);

/// The codes that were sent: all those of this run, and those of other runs in the last minute, as salted hashes.
pub(crate) struct Used<'a> {
    pub(crate) store: &'a Store,
    pub(crate) sent: Vec<(String, Secret)>,
}

#[derive(Serialize, Deserialize)]
struct Sent {
    at: i64,
    salt: String,
    hash: String,
}

impl Used<'_> {
    fn path(&self, serial: &Serial) -> Option<std::path::PathBuf> {
        Some(self.store.state()?.join(format!("codes-{}.json", hex_sha1(serial.as_str()))))
    }

    fn read(&self, serial: &Serial, now: Timestamp) -> Vec<Sent> {
        let contents = self.path(serial).and_then(|path| private_files::read(&path));
        let all: Vec<Sent> =
            contents.and_then(|contents| serde_json::from_slice(&contents.bytes).ok()).unwrap_or_default();
        all.into_iter().filter(|sent| (Length::ZERO..MEMORY).contains(&(now - Timestamp::from_unix(sent.at)))).collect()
    }

    pub(crate) fn contains(&self, serial: &Serial, digits: &Secret, now: Timestamp) -> bool {
        self.sent.iter().any(|(device, sent)| device == serial.as_str() && sent == digits)
            || self.read(serial, now).iter().any(|sent| hash(&sent.salt, digits) == sent.hash)
    }

    pub(crate) fn add(&mut self, serial: &Serial, digits: &Secret, now: Timestamp) {
        self.sent.push((serial.as_str().to_owned(), digits.clone()));
        let (Some(path), true) = (self.path(serial), self.store.writable()) else { return };
        let mut all = self.read(serial, now);
        let salt = format!("{:x}-{:x}", std::process::id(), jiff::Timestamp::now().as_nanosecond());
        let hash = hash(&salt, digits);
        all.push(Sent { at: now.unix(), salt, hash });
        // A failure is ignored, because STS refuses a code that it has seen before.
        let _ = serde_json::to_vec(&all)
            .map_err(std::io::Error::from)
            .and_then(|bytes| private_files::write(&path, &bytes, Whose::Own));
    }
}

fn hash(salt: &str, digits: &Secret) -> String {
    hex_sha1(&Zeroizing::new(format!("{salt}\n{}", digits.expose())))
}
