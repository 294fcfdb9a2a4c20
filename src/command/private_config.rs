//! The configuration file that a command gets instead of the user's own: a copy without access keys, in which one
//! profile is replaced. `[default]` is replaced by the settings of the chosen profile, because the command's SDK reads
//! `[default]`; with `--keep-fresh` the chosen profile is replaced by one that renews its credentials.
//!
//! A file is named by its contents and never changed, so a run from the cache only finds it. It has mode 0400, so that a
//! program that means to change the user's own file (`aws configure set`) fails instead of changing a copy.

use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::cache::store::{self, Store};
use crate::command::old_configs;
use crate::config::profiles::{DEFAULT_PROFILE, Profile, ProfileSet};
use crate::config::secrets::SETTINGS_WITHOUT_SECRETS;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result, io_words};
use crate::plan::model::Acquisition;
use crate::plan::settings::is_setting_key;
use crate::system::directories::Whose;
use crate::system::{directories, private_files};
use crate::text::escape::printable;

/// A configuration file for a command.
pub struct PrivateConfig {
    /// Its path.
    pub path: String,
    /// The profile whose sections are left out of the copy.
    replaced: String,
    /// The text that is added to the copy.
    section: String,
    /// Why it is needed, to begin an error with.
    why: Option<String>,
}

impl PrivateConfig {
    /// Works out the file in which `[default]` has the settings of the plan's profile, if the command needs one.
    ///
    /// # Errors
    /// Returns an error if there is no directory for the file.
    pub fn of_settings(plan: &Acquisition, context: &Context<'_>) -> Result<Option<Self>> {
        let Some(reason) = &plan.private_config else { return Ok(None) };
        if reason.is_out_of_reach {
            let place = context.set.place(reason.at);
            return Err(Error::new(format!(
                "{place}: [default] has {}, and the command would call it for each service without an endpoint of its own",
                reason.key
            ))
            .advise("move that line to the config file, where it can be kept out, or run with --keep-fresh"));
        }
        let own = plan.profile.as_ref().and_then(|name| context.set.profile(name));
        let settings = own.map(|own| settings(&own, plan, context, false)).unwrap_or_default();
        let text = format!("[{DEFAULT_PROFILE}]\n{settings}");
        let (place, key) = (context.set.place(reason.at), &reason.key);
        let why = if reason.of_default {
            format!("{place}: [default] has {key}, which is not for this profile, so the command needs another file")
        } else {
            format!("{place}: no variable carries {key}, so the command needs a configuration file of its own")
        };
        Self::new(old_configs::SETTINGS, DEFAULT_PROFILE, text, context)
            .map_err(|error| error.in_front(&why))
            .map(|config| Some(Self { why: Some(why.clone()), ..config }))
    }

    /// Works out the file in which the sections of `replaced` are replaced by `section`. `prefix` begins its name.
    ///
    /// # Errors
    /// Returns an error if there is no directory for the file.
    pub fn new(prefix: &str, replaced: &str, section: String, context: &Context<'_>) -> Result<Self> {
        let dir = directory(context.snapshot, context.store)?;
        let name = old_configs::name(prefix, &hash(context.set, replaced, &section));
        let path = text(&absolute(dir.join(name)))?;
        Ok(Self { path, replaced: replaced.to_owned(), section, why: None })
    }

    /// Writes the file, unless it is there.
    ///
    /// # Errors
    /// Returns an error if it cannot be written.
    pub fn write(&self, context: &Context<'_>) -> Result<()> {
        let path = Path::new(&self.path);
        if directories::make(path.parent().unwrap_or(path), Whose::Own).is_ok()
            && let Some(file) = open(path)
        {
            old_configs::note_use(&file);
            return Ok(());
        }
        // The command needs no access keys: its credentials come from aws-auth, which reads the user's own file.
        let own = zeroize::Zeroizing::new(context.set.text_without_access_keys(FileKind::Config, &self.replaced));
        let end = if own.is_empty() || own.ends_with('\n') { "" } else { "\n" };
        let contents = zeroize::Zeroizing::new(format!(
            "{}{end}\n# Written by aws-auth for a command. This is a copy: change {} instead.\n{}",
            *own,
            path_of_original(context.set),
            self.section
        ));
        private_files::write_once(path, contents.as_bytes()).map_err(|error| {
            let error =
                Error::new(format!("cannot write {} ({})", self.path, io_words(&error))).advise("make room there");
            match &self.why {
                Some(why) => error.in_front(why),
                None => error,
            }
        })?;
        old_configs::remove_old(path);
        Ok(())
    }
}

/// The path of the user's own file on one line.
fn path_of_original(set: &ProfileSet<'_>) -> String {
    set.path(FileKind::Config)
        .map_or_else(|| String::from("~/.aws/config"), |path| printable(&path.to_string_lossy()).into_owned())
}

/// A hash of everything that the file's contents depend on. It need not resist attacks: only this user can put a file
/// into the directory.
fn hash(set: &ProfileSet<'_>, replaced: &str, section: &str) -> String {
    let of = |parts: &[&str]| {
        let mut hasher = DefaultHasher::new();
        for part in parts {
            hasher.write(part.as_bytes());
            hasher.write_u8(0xff);
        }
        hasher.finish()
    };
    let original = of(&[env!("CARGO_PKG_VERSION"), &path_of_original(set), set.text(FileKind::Config)]);
    format!("{original:016x}{:016x}", of(&[replaced, section]))
}

/// The file if it exists as it was written. Its contents are in its name.
fn open(path: &Path) -> Option<File> {
    let file = private_files::open_own(path, OpenOptions::new().read(true)).ok()?;
    (file.metadata().ok()?.mode() & 0o7777 == private_files::READ_ONLY).then_some(file)
}

/// The profile's settings as the text of a section, without the keys that lead to credentials. `hides` replaces values
/// that may be secret by `…`.
pub(crate) fn settings(profile: &Profile<'_>, plan: &Acquisition, context: &Context<'_>, hides: bool) -> String {
    let mut text = String::new();
    for (key, value) in profile.entries() {
        let is_known = SETTINGS_WITHOUT_SECRETS.contains(&&*key);
        // In the credentials file, a key that AWS does not document may hold another program's secret.
        let may_be_secret = value.at.file == FileKind::Credentials && !is_known && key != "endpoint_url";
        if !is_setting_key(&key) || key == "region" || may_be_secret {
            continue;
        }
        text.push_str(&key);
        text.push_str(" =");
        if hides && !is_known {
            text.push_str(" …\n");
            continue;
        }
        let mut lines = value.text.split('\n').filter(|line| !line.is_empty());
        if !value.text.starts_with('\n')
            && let Some(first) = lines.next()
        {
            text.push(' ');
            text.push_str(first);
        }
        text.push('\n');
        for line in lines {
            text.push_str("    ");
            text.push_str(line);
            text.push('\n');
        }
    }
    let of_plan = plan.region.as_ref().map(|region| &region.value);
    if let Some(region) = context.request.region.as_ref().or(of_plan) {
        text.extend(["region = ", region.as_str(), "\n"]);
    }
    text
}

/// The absolute path. HOME and the variables for files may be relative, and the command may use the path in another
/// directory.
pub(crate) fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// The directory of these files. XDG_RUNTIME_DIR is preferred, since it is removed at the end of the login session.
fn directory(snapshot: &Snapshot, store: &Store) -> Result<PathBuf> {
    let refused = |why: String| {
        Error::new(format!("there is no place for the command's configuration file: {why}"))
            .advise("set XDG_RUNTIME_DIR to a directory of your own")
    };
    let dir = match snapshot.runtime_dir() {
        Some(dir) => dir.join("aws-auth"),
        None => snapshot.state_dir().filter(|_| store.writable()).ok_or_else(|| {
            refused(store.keeps_nothing().unwrap_or_else(|| String::from("there is no home directory")))
        })?,
    };
    // The command would run what another user had put into the file.
    match store::unusable(&dir) {
        None => Ok(dir),
        Some(why) => Err(refused(why)),
    }
}

pub(crate) fn text(path: &Path) -> Result<String> {
    path.to_str().map(String::from).ok_or_else(|| {
        Error::new(format!("{} is not UTF-8 text, which a configuration file cannot hold", path.display()))
            .advise("use a path without such characters")
    })
}
