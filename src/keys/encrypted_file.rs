//! The store `file`: each key pair in a file of its own, encrypted with a passphrase by age (https://age-encryption.org).
//! `age --decrypt` prints what `--stored-keys` prints.

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt};
use zeroize::Zeroizing;

use crate::credentials::Secret;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result, io_words};
use crate::keys::failure::{Failure, Kind};
use crate::keys::json;
use crate::system::directories::Whose;
use crate::system::held_locks::HeldLocks;
use crate::system::private_files;
use crate::system::terminal::{Answer, Terminal};

/// 2^17 rounds of scrypt take 128 MiB of memory and less than a second.
const WORK: u8 = 17;

/// The most rounds that a file of this user may ask for: a minute.
const MOST_WORK: u8 = 22;

/// How often a passphrase is asked for.
const TRIES: u32 = 3;

/// The shortest passphrase, in characters. It can be guessed at without limit by whoever has the file.
const SHORTEST: usize = 8;

/// The file of these keys; `None` without a home directory.
pub fn path(access_key_id: &str, snapshot: &Snapshot) -> Option<PathBuf> {
    Some(snapshot.data_dir()?.join("keys").join(format!("{access_key_id}.age")))
}

/// Reads the secret key, for which it asks the passphrase on the terminal.
///
/// # Errors
/// Returns a failure if there is no such file, no terminal, or no right passphrase.
pub fn get(access_key_id: &str, path: &Path, locks: &HeldLocks, is_bold: bool) -> Result<Secret, Failure> {
    let other = |error| Failure::new(Kind::Other, error);
    let unusable = || {
        Error::new(format!("the keys in {} cannot be used", path.display()))
            .advise("store them again with --store-keys=file, or make new ones in the IAM console")
    };
    if !path.exists() {
        let error = Error::new(format!("there are no keys {access_key_id} in {}", path.display()));
        return Err(Failure::new(Kind::NotFound, error.advise(again(access_key_id))));
    }
    let contents = private_files::read(path).ok_or_else(|| other(unusable()))?;
    let mut terminal = terminal(access_key_id, is_bold)?;
    for _ in 0..TRIES {
        let question = format!("Passphrase for the keys {access_key_id}: ");
        let passphrase = ask(&mut terminal, &question, locks)?;
        match decrypted(&contents.bytes, &passphrase) {
            Ok(text) => {
                let keys = json::read(&text).filter(|keys| keys.access_key_id == access_key_id);
                return keys.map(|keys| keys.secret_access_key).ok_or_else(|| other(unusable()));
            }
            // A wrong passphrase looks like a damaged header.
            Err(DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys) => {
                terminal.say("aws-auth: that is not the passphrase");
            }
            Err(_) => return Err(other(unusable())),
        }
    }
    let error = Error::new(format!("no right passphrase was given for the keys {access_key_id}"));
    Err(Failure::new(Kind::Locked, error.advise("run the command again to be asked again")))
}

/// Writes the keys, encrypted with a passphrase that is asked for twice.
///
/// # Errors
/// Returns a failure if there is no terminal, no passphrase, or the file cannot be written.
pub fn put(access_key_id: &str, secret: &Secret, path: &Path, locks: &HeldLocks, is_bold: bool) -> Result<(), Failure> {
    let mut terminal = terminal(access_key_id, is_bold)?;
    let passphrase = new_passphrase(&mut terminal, access_key_id, locks)?;
    let text = json::written(access_key_id, secret);
    let write = |bytes: &[u8]| private_files::write(path, bytes, Whose::Own);
    encrypted(text.as_bytes(), &passphrase).and_then(|bytes| write(&bytes)).map_err(|error| {
        let error = Error::new(format!("cannot write {} ({})", path.display(), io_words(&error)));
        Failure::new(Kind::Other, error.advise("make room there, or set XDG_DATA_HOME to another directory"))
    })
}

/// Removes the file.
///
/// # Errors
/// Returns a failure if it is not there or cannot be removed.
pub fn remove(access_key_id: &str, path: &Path) -> Result<(), Failure> {
    std::fs::remove_file(path).map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            let error = Error::new(format!("there are no keys {access_key_id} in {}", path.display()));
            return Failure::new(Kind::NotFound, error.advise(again(access_key_id)));
        }
        let error = Error::new(format!("cannot remove {} ({})", path.display(), io_words(&error)));
        Failure::new(Kind::Other, error.advise("remove it by hand"))
    })
}

fn again(access_key_id: &str) -> String {
    format!("store them with --store-keys, or take the line with {access_key_id} out of the config file")
}

fn terminal(access_key_id: &str, is_bold: bool) -> Result<Terminal, Failure> {
    let why = match Terminal::open() {
        Ok(Some(terminal)) => return Ok(terminal.bold(is_bold)),
        Ok(None) => String::from("there is no terminal to ask on"),
        Err(error) => format!("the terminal cannot be opened: {}", io_words(&error)),
    };
    let error = Error::new(format!("the keys {access_key_id} need a passphrase, and {why}"));
    Err(Failure::new(
        Kind::Locked,
        error.advise("run 'aws-auth --login' with the profile in a terminal first, or keep the keys in a keyring"),
    ))
}

fn ask(terminal: &mut Terminal, question: &str, locks: &HeldLocks) -> Result<Secret, Failure> {
    let none = |fact: &str| {
        let error = Error::new(fact.to_owned()).advise("run the command again to be asked again");
        Failure::new(Kind::Locked, error)
    };
    loop {
        match terminal.ask(question, locks) {
            Ok(Answer::Line(line)) if line.expose().is_empty() => return Err(none("no passphrase was given")),
            Ok(Answer::Line(line)) => return Ok(line),
            Ok(Answer::Resumed) => {}
            Ok(Answer::End | Answer::Late) => return Err(none("no passphrase was given")),
            Ok(Answer::Nowhere) => return Err(none("the terminal is gone or another job has it")),
            Err(error) => return Err(none(&format!("cannot ask on the terminal ({})", io_words(&error)))),
        }
    }
}

fn new_passphrase(terminal: &mut Terminal, access_key_id: &str, locks: &HeldLocks) -> Result<Secret, Failure> {
    for _ in 0..TRIES {
        let first = ask(terminal, &format!("New passphrase for the keys {access_key_id}: "), locks)?;
        if first.expose().chars().count() < SHORTEST {
            terminal.say(&format!("aws-auth: a passphrase has at least {SHORTEST} characters"));
            continue;
        }
        if ask(terminal, "The same passphrase again: ", locks)? == first {
            return Ok(first);
        }
        terminal.say("aws-auth: the two are not the same");
    }
    let error = Error::new("no passphrase was given twice").advise("run the command again to be asked again");
    Err(Failure::new(Kind::Locked, error))
}

fn encrypted(text: &[u8], passphrase: &Secret) -> std::io::Result<Vec<u8>> {
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.expose().to_owned()));
    recipient.set_work_factor(WORK);
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let encryptor = Encryptor::with_recipients(recipients).map_err(std::io::Error::other)?;
    let mut bytes = Vec::with_capacity(1024);
    let mut writer = encryptor.wrap_output(&mut bytes)?;
    writer.write_all(text)?;
    writer.finish()?;
    Ok(bytes)
}

fn decrypted(bytes: &[u8], passphrase: &Secret) -> Result<Zeroizing<Vec<u8>>, DecryptError> {
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase.expose().to_owned()));
    identity.set_max_work_factor(MOST_WORK);
    let mut reader = Decryptor::new(bytes)?.decrypt(std::iter::once(&identity as &dyn age::Identity))?;
    // With room for all of it, no copy is left behind that is not wiped.
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len()));
    reader.read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::credentials::Secret;
    use crate::keys::encrypted_file::{decrypted, encrypted};

    #[test]
    fn only_the_passphrase_opens_it() {
        let passphrase = |text: &str| Secret::new(text.to_owned());
        let bytes = encrypted(b"text of the keys", &passphrase("correct horse")).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n-> scrypt "));
        assert!(!bytes.windows(4).any(|found| found == b"text"));
        assert_eq!(**decrypted(&bytes, &passphrase("correct horse")).unwrap(), *b"text of the keys");
        assert!(decrypted(&bytes, &passphrase("correct horsf")).is_err());
        let mut damaged = bytes.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(decrypted(&damaged, &passphrase("correct horse")).is_err());
    }
}
