//! The team's own file: a config file with placeholders, which `--setup --from FILE` makes one's own.

use std::io::Read as _;
use std::path::Path;

use crate::config::copy::ACCESS_KEY;
use crate::config::profiles::ProfileSet;
use crate::config::section_name::SectionName;
use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::error::{Error, Result, io_words};
use crate::template::sections::{LINE, Section, is_of_keys};

/// The most that is read from stdin, in bytes.
const LONGEST: u64 = 16 << 20;

/// The sections of the team's file.
pub struct Team<'a> {
    /// The path, or `stdin`, for messages.
    pub name: String,
    /// The profiles.
    pub set: ProfileSet<'a>,
}

/// Reads the file; `-` is stdin.
///
/// # Errors
/// Returns an error if it does not exist, or cannot be read.
pub fn read(name: &str) -> Result<SourceFile> {
    let cannot =
        |why: &str| Error::new(format!("cannot read {name} ({why})")).advise("name the file with your team's profiles");
    if name != "-" {
        let file = SourceFile::read(FileKind::Config, Path::new(name));
        return file
            .map_err(|error| error.advise("name the file with your team's profiles"))?
            .ok_or_else(|| cannot("there is no such file"));
    }
    let mut text = String::new();
    std::io::stdin().take(LONGEST).read_to_string(&mut text).map_err(|error| cannot(&io_words(&error)))?;
    Ok(SourceFile::from_text(FileKind::Config, "stdin", text))
}

impl<'a> Team<'a> {
    /// Reads the sections of the file.
    ///
    /// # Errors
    /// Returns an error if a line cannot be read, or there is no profile.
    pub fn new(file: &'a SourceFile) -> Result<Self> {
        let set = ProfileSet::parse(Some(file), None)?;
        let name = file.path.display().to_string();
        if set.names().is_empty() {
            return Err(Error::new(format!("{name} holds no profile"))
                .advise("it must look like ~/.aws/config, with sections such as [profile team]"));
        }
        Ok(Self { name, set })
    }

    /// The sections, in the order of the file: the profiles, then what they refer to. Keys are left out.
    pub fn sections(&self) -> Vec<Section> {
        let profiles = self.set.names().into_iter().filter_map(|name| {
            let entries = self.set.profile(&name)?.entries_in(FileKind::Config);
            let values = entries.into_iter().map(|(key, value)| (key.into_owned(), value.text.into_owned()));
            Some(Section::new(SectionName::Profile(name), values))
        });
        let others = self.set.own_values(FileKind::Config).into_iter().filter_map(|(name, values)| {
            let values = values.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned()));
            matches!(name, SectionName::SsoSession(_) | SectionName::Services(_)).then(|| Section::new(name, values))
        });
        profiles.chain(others).filter(|section| !section.values.is_empty()).collect()
    }

    /// The places of keys in the file, which are not written: one for each profile.
    pub fn places_of_keys(&self) -> Vec<String> {
        let profiles = self.set.names().into_iter().filter_map(|name| self.set.profile(&name));
        let first = profiles.filter_map(|profile| {
            let found = |key: &&str| profile.get_in(FileKind::Config, key).filter(|value| is_of_keys(key, &value.text));
            ACCESS_KEY.iter().chain([&LINE]).find_map(found)
        });
        first.map(|value| self.set.place(value.at)).collect()
    }
}
