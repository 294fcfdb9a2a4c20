//! `mfa_serial` in the profiles over the user's keys: written where a placeholder stands, and where a person says yes.

use std::fmt::Write as _;

use crate::actions::ask::confirmed;
use crate::actions::file_changes::shown_and_written;
use crate::arn::{Serial, refuse_placeholder};
use crate::config::edit::changes::Change;
use crate::config::edit::editor::Editor;
use crate::config::profiles::ProfileSet;
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::Result;
use crate::messages::coloured;
use crate::plan::long_term::{LongTerm, Over};

const KEY: &str = "mfa_serial";

/// The places for the serial number of the new device.
pub struct Serials<'a> {
    context: &'a Context<'a>,
    /// Where placeholders stand: the profile and the file.
    placeholders: Vec<(String, FileKind)>,
    /// Where other devices stand, or, if there is none in any profile, the profile with the keys.
    others: Vec<(String, FileKind)>,
    /// Whether a profile names another device.
    has_device: bool,
}

impl<'a> Serials<'a> {
    /// The places in the profiles over these keys.
    pub fn of(keys: &LongTerm, context: &'a Context<'a>) -> Self {
        let is_placeholder = |text: &str| refuse_placeholder(KEY, text, "").is_err();
        let named = |wanted: bool| -> Vec<(String, FileKind)> {
            let place = |over: &Over| {
                let (text, at) = over.serial.as_ref()?;
                (is_placeholder(text) == wanted).then(|| (over.name.clone(), at.file))
            };
            keys.profiles.iter().filter_map(place).collect()
        };
        let (placeholders, mut others) = (named(true), named(false));
        let has_device = !others.is_empty();
        if !has_device && placeholders.is_empty() {
            others.extend(keys.plan.base.profile().map(|name| (name.to_owned(), FileKind::Config)));
        }
        Self { context, placeholders, others, has_device }
    }

    /// What would change where no question is asked, for `--dry-run`.
    ///
    /// # Errors
    /// Returns an error if a file cannot be changed so.
    pub fn diff(&self, serial: &Serial) -> Result<String> {
        let mut text = String::new();
        for file in [FileKind::Config, FileKind::Credentials] {
            let changes = changes(&self.placeholders, file, serial);
            if !changes.is_empty() {
                let editor = self.context.editor(file)?;
                let proposal = editor.propose(|_| Ok(changes.clone()))?;
                text += &proposal.diff().text(coloured(&std::io::stdout(), self.context.snapshot));
            }
        }
        if !self.others.is_empty() {
            let _ = writeln!(text, "ask whether to {}", self.words(serial));
        }
        Ok(text)
    }

    /// Checks that the files with placeholders can be written, before a device is made.
    ///
    /// # Errors
    /// Returns an error if one cannot.
    pub fn check(&self, serial: &Serial) -> Result<()> {
        for file in [FileKind::Config, FileKind::Credentials] {
            let changes = changes(&self.placeholders, file, serial);
            if !changes.is_empty() {
                self.context.editor(file)?.propose(|_| Ok(changes.clone()))?.check()?;
            }
        }
        Ok(())
    }

    /// Writes the serial number, after showing what changes.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written; it says the line to write.
    pub fn write(&self, serial: &Serial) -> Result<()> {
        let by_hand = |error: crate::error::Error| {
            let advice = error.advice().map(|advice| format!("{advice}; ")).unwrap_or_default();
            error.advise(format!("{advice}the device works; write mfa_serial = {} by hand", serial.as_str()))
        };
        self.write_into(&self.placeholders, serial).map_err(by_hand)?;
        if self.others.is_empty() {
            return Ok(());
        }
        let question = format!("aws-auth: {}?", self.words(serial));
        if confirmed(&question, self.context)? {
            return self.write_into(&self.others, serial).map_err(by_hand);
        }
        self.context.messages.say(&format!("not written: mfa_serial = {}", serial.as_str()));
        Ok(())
    }

    fn words(&self, serial: &Serial) -> String {
        let names: Vec<String> = self.others.iter().map(|(name, _)| format!("'{name}'")).collect();
        let (names, profiles) = (names.join(", "), if names.len() == 1 { "profile" } else { "profiles" });
        if self.has_device {
            format!("replace the other MFA device of {profiles} {names} by {}", serial.as_str())
        } else {
            format!("write mfa_serial = {} into {profiles} {names}", serial.as_str())
        }
    }

    fn write_into(&self, places: &[(String, FileKind)], serial: &Serial) -> Result<()> {
        for file in [FileKind::Config, FileKind::Credentials] {
            let changes = changes(places, file, serial);
            if changes.is_empty() {
                continue;
            }
            let editor: Editor<'_> = self.context.editor(file)?;
            let wanted = |_: &ProfileSet<'_>| Ok(changes.clone());
            shown_and_written(editor.propose(wanted)?, self.context)?;
        }
        Ok(())
    }
}

fn changes(places: &[(String, FileKind)], file: FileKind, serial: &Serial) -> Vec<Change> {
    let here = places.iter().filter(|(_, at)| *at == file);
    let set = |(name, _): &(String, FileKind)| {
        Change::set(SectionName::Profile(name.clone()), KEY, Secret::new(serial.as_str().to_owned()))
    };
    here.map(set).collect()
}
