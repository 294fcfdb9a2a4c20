//! The steps of a rotation, each of which may find that an earlier run has done it.

use std::time::{Duration, Instant};

use crate::actions::rotate_keys::home::Home;
use crate::actions::rotate_keys::intent::{Intent, Intents};
use crate::actions::rotate_keys::signer::signer;
use crate::aws::http::LIMITS;
use crate::aws::iam::{AccessKey, Client};
use crate::aws::iam_errors::{Failure, Kind};
use crate::aws::sts;
use crate::aws::sts_errors::{self, Subject};
use crate::cache::forget;
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Result};
use crate::plan::long_term::LongTerm;
use crate::system::wait::Wait;
use crate::time::{Length, Timestamp, now};

/// The pauses between questions whether STS knows new keys: they double up to the longest.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// How often in turn STS must know new keys. One of its servers may learn of them later than another.
const PROOFS: u32 = 2;

/// A rotation.
pub struct Rotation<'a> {
    /// The surroundings.
    pub context: &'a Context<'a>,
    /// The keys that the profile begins with now.
    pub keys: LongTerm,
    /// Where they are.
    pub home: Home<'a>,
    /// The rotations that were begun.
    pub intents: Intents,
    /// IAM.
    pub iam: Client<'a>,
}

impl Rotation<'_> {
    /// Carries it out, or brings an earlier one to its end.
    ///
    /// # Errors
    /// Returns the error of the first step that fails.
    pub fn run(&self) -> Result<u8> {
        let id = self.keys.access_key_id.as_str();
        let found = self.intents.of_keys(id);
        let old = found.as_ref().map_or(id, |intent| intent.old.as_str()).to_owned();
        let signer = signer(&self.keys, &self.iam, &old, self.context)?;
        match found {
            Some(intent) if intent.new.as_deref() == Some(id) => {
                self.context.messages.say(&format!("going on with the rotation from {old} to {id}"));
                let secret = self.home.secret_of(id)?.ok_or_else(crate::providers::fetch::gone)?;
                // A second file may still have the old ones.
                self.home.switch(&old, id, &secret).map_err(|error| unswitched(error, id))?;
                self.retire(&intent, &signer, &pair(id, secret))
            }
            Some(intent) => self.go_on(intent, &signer),
            None => self.begin(&signer),
        }
    }

    fn begin(&self, signer: &Credentials) -> Result<u8> {
        let id = &self.keys.access_key_id;
        let listed = self.iam.access_keys(signer)?;
        if !listed.iter().any(|key| key.id == *id) {
            return Err(Error::new(format!("IAM does not list the keys {id} among those of their user"))
                .advise("check the endpoint of IAM, and whose the MFA device is"));
        }
        if listed.len() > 1 {
            return Err(self.two_keys(&listed, signer));
        }
        self.home.check(id)?;
        let intent = self.intents.begin(id, now())?;
        self.make(intent, signer)
    }

    /// Goes on with a rotation that has not put new keys into the profile yet.
    fn go_on(&self, mut intent: Intent, signer: &Credentials) -> Result<u8> {
        self.context.messages.say(&format!("going on with the rotation of {}", intent.old));
        let listed = self.iam.access_keys(signer)?;
        let Some(other) = listed.iter().find(|key| key.id != intent.old) else {
            if let Some(gone) = intent.new.take() {
                self.home.unstore(&gone)?;
                self.intents.note(&intent)?;
            }
            self.home.check(&intent.old)?;
            return self.make(intent, signer);
        };
        if let Some(secret) = self.home.secret_of(&other.id)? {
            intent.new = Some(other.id.clone());
            self.intents.note(&intent)?;
            return self.prove_and_switch(&intent, signer, &pair(&other.id, secret));
        }
        let is_lost = intent.may_have_made(other.created) && self.iam.last_used(signer, &other.id)?.is_none();
        if !is_lost {
            self.intents.end(&intent);
            return Err(self.two_keys(&listed, signer));
        }
        self.context.messages.say(&format!(
            "the keys {} were made and never stored, because the run before this one was ended; they are replaced",
            other.id
        ));
        self.home.check(&intent.old)?;
        self.iam.delete_access_key(signer, &other.id)?;
        intent.new = None;
        self.make(intent, signer)
    }

    fn make(&self, mut intent: Intent, signer: &Credentials) -> Result<u8> {
        self.context.messages.step(|| String::from("CreateAccessKey"));
        let new = match self.iam.create_access_key(signer) {
            Ok(new) => new,
            Err(failure) if failure.kind == Kind::NoAnswer => {
                let advice = failure.error.advice().map(|advice| format!("{advice}; ")).unwrap_or_default();
                return Err(failure
                    .error
                    .advise(format!("{advice}run it again: if new keys were made all the same, they are replaced")));
            }
            Err(failure) => {
                self.intents.end(&intent);
                return Err(failure.error);
            }
        };
        if let Err(error) = self.home.store(&new.id, &new.secret) {
            return Err(self.unmade(&intent, &new.id, signer, error));
        }
        self.context.messages.say(&format!("new keys {} are in {}", new.id, self.home.words()));
        intent.new = Some(new.id.clone());
        self.intents.note(&intent)?;
        self.prove_and_switch(&intent, signer, &pair(&new.id, new.secret))
    }

    /// Deletes new keys that cannot be stored; the error then says so.
    fn unmade(&self, intent: &Intent, id: &str, signer: &Credentials, error: Error) -> Error {
        let end = match self.iam.delete_access_key(signer, id) {
            Ok(()) => {
                self.intents.end(intent);
                format!("the new keys {id} were deleted again, and the old ones are as they were")
            }
            Err(failure) => format!(
                "the new keys {id} could not be deleted again ({}); run it again, and they are replaced",
                failure.error.fact()
            ),
        };
        let advice = error.advice().map(|advice| format!("{advice}; ")).unwrap_or_default();
        error.advise(format!("{advice}{end}"))
    }

    fn prove_and_switch(&self, intent: &Intent, signer: &Credentials, new: &Credentials) -> Result<u8> {
        let (old, id) = (&intent.old, &new.access_key_id);
        self.prove(new)?;
        self.home.switch(old, id, &new.secret_access_key).map_err(|error| unswitched(error, id))?;
        self.retire(intent, signer, new)
    }

    /// Waits until STS knows new keys.
    fn prove(&self, new: &Credentials) -> Result<()> {
        let id = &new.access_key_id;
        let sts = sts::Client::new(&self.keys.plan.sts, LIMITS, &self.context.locks)?;
        let subject = Subject { profile: self.keys.plan.profile.as_deref(), role: None };
        let limit = self.context.request.keys.known_within;
        let deadline = Instant::now() + limit.to_duration();
        let [mut pause, longest] = PAUSES;
        let (mut proofs, mut said) = (0, false);
        loop {
            match sts.try_caller_identity(new, subject) {
                Ok(_) => proofs += 1,
                Err(failure) if failure.kind == sts_errors::Kind::DeadCredentials => proofs = 0,
                Err(failure) => return Err(self.unproved(failure.error, id)),
            }
            if proofs >= PROOFS {
                return Ok(());
            }
            if proofs > 0 {
                continue;
            }
            if !std::mem::replace(&mut said, true) {
                self.context.messages.say(&format!("waiting until AWS knows the new keys {id}; it takes some seconds"));
            }
            if Instant::now() + pause > deadline {
                let error = Error::new(format!("AWS does not know the new keys {id} after {limit}"));
                return Err(self.unproved(error, id));
            }
            if let Ok(mut wait) = Wait::begin(&self.context.locks) {
                wait.until_ready(Some(Instant::now() + pause), &[]);
            }
            pause = (pause * 2).min(longest);
        }
    }

    fn unproved(&self, error: Error, id: &str) -> Error {
        let advice = error.advice().map(|advice| format!("{advice}; ")).unwrap_or_default();
        let place = self.home.words();
        error.advise(format!(
            "{advice}the profile has its old keys; run it again to go on with {id}, which are in {place}"
        ))
    }

    /// Deactivates and deletes the old keys, and forgets what hangs on them.
    fn retire(&self, intent: &Intent, signer: &Credentials, new: &Credentials) -> Result<u8> {
        let (old, id) = (intent.old.as_str(), new.access_key_id.as_str());
        let keeps = self.context.request.keys.keep_old;
        // The session of the old keys may end with them. New keys without MFA may do what is left.
        let call = |call: &dyn Fn(&Credentials) -> Result<(), Failure>| match call(signer) {
            Err(failure) if failure.kind == Kind::DeadCredentials => call(new),
            Err(failure) if failure.kind == Kind::NoSuchEntity => Ok(()),
            other => other,
        };
        self.context.messages.step(|| format!("UpdateAccessKey {old}: Inactive"));
        let deactivated = call(&|signer| self.iam.deactivate_access_key(signer, old));
        let done = if keeps {
            deactivated
        } else {
            self.context.messages.step(|| format!("DeleteAccessKey {old}"));
            let was_deactivated = deactivated.is_ok();
            call(&|signer| self.iam.delete_access_key(signer, old)).map_err(|failure| {
                let state = if was_deactivated { "deactivated, but not deleted" } else { "still active" };
                Failure { error: failure.error.in_front(&format!("the old keys {old} are {state}")), ..failure }
            })
        };
        if let Err(failure) = done {
            let advice = failure.error.advice().map(|advice| format!("{advice}; ")).unwrap_or_default();
            return Err(failure.error.advise(format!(
                "{advice}the profile has the new keys {id}, which work; run it again when that is allowed, or delete {old} \
                 in the console"
            )));
        }
        if !keeps {
            self.home.forget(old)?;
        }
        let sessions = forget::forget_sessions_of(self.context.store, old);
        self.intents.end(intent);
        let fate = if keeps { "deactivated" } else { "deleted" };
        let mut text = format!("the profile has the keys {id} now, and the old keys {old} are {fate}");
        if sessions > 0 {
            text += "; the MFA session of the old ones is forgotten, so the next run asks for a code";
        }
        self.context.messages.say(&text);
        Ok(0)
    }

    /// The error for a user with two keys, neither of which this rotation made.
    fn two_keys(&self, listed: &[AccessKey], signer: &Credentials) -> Error {
        let now = now();
        let told: Vec<String> = listed.iter().map(|key| self.in_words(key, signer, now)).collect();
        Error::new(format!("the user has two access keys, and there can be no third: {}", told.join("; ")))
            .advise("delete the one that is not used any more, in the IAM console, and run it again")
    }

    fn in_words(&self, key: &AccessKey, signer: &Credentials, now: Timestamp) -> String {
        let age = key
            .created
            .map_or_else(|| String::from("of unknown age"), |created| format!("{} old", days(now - created)));
        let used = match self.iam.last_used(signer, &key.id) {
            Ok(Some(used)) => format!("last used {} ago for {}", days(now - used.at), used.service),
            Ok(None) => String::from("never used"),
            Err(_) => String::from("last use unknown"),
        };
        let (here, state) = (key.id == self.keys.access_key_id, if key.active { "" } else { ", inactive" });
        let here = if here { " (in this profile)" } else { "" };
        format!("{}{here}: {age}, {used}{state}", key.id)
    }
}

fn pair(id: &str, secret: Secret) -> Credentials {
    Credentials {
        access_key_id: id.to_owned(),
        secret_access_key: secret,
        session_token: None,
        expiration: None,
        account_id: None,
    }
}

fn unswitched(error: Error, id: &str) -> Error {
    let advice = error.advice().map(|advice| format!("{advice}; ")).unwrap_or_default();
    error.advise(format!("{advice}then run it again: the new keys {id} are stored beside the old ones"))
}

/// A length in days, if it is two or more.
fn days(length: Length) -> String {
    match length.as_seconds() / 86_400 {
        0 | 1 => length.to_string(),
        days => format!("{days}d"),
    }
}
