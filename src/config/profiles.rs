//! Both files together: finding the sections of a profile by its name, and the profile as one view of its two sections.

use std::borrow::Cow;
use std::collections::btree_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::config::copy::without_access_keys;
use crate::config::entry::Entry;
use crate::config::headers::Kind;
use crate::config::included::{INCLUDE, Problem, is_taken};
use crate::config::occurrence::{Occurrence, prevailing};
use crate::config::outline::Outline;
use crate::config::section::{Map, Section};
use crate::config::section_name::SectionName;
use crate::config::source::SourceFile;
use crate::config::value::{FileKind, Location, Value};
use crate::config::warnings;
use crate::error::Result;

/// The profile that is used if none is named.
pub const DEFAULT_PROFILE: &str = "default";
/// After this many lookups by name, building an index pays off.
const LOOKUPS_WITHOUT_INDEX: u32 = 8;

/// Sections with their keys and values.
pub type OwnValues<'a> = BTreeMap<SectionName, BTreeMap<Cow<'a, str>, Cow<'a, str>>>;

/// The sections of both files. The entries of a section are read when that section is looked up.
pub struct ProfileSet<'a> {
    config: Option<Outline<'a>>,
    credentials: Option<Outline<'a>>,
    /// `[default]` without what it includes: every profile is looked at beside it, and most begin with its keys.
    default: Option<Profile<'a>>,
    lookups: AtomicU32,
    /// The kind and the place of every header, by name; those of one name are in the order of the files.
    index: OnceLock<HashMap<String, Vec<(Kind, Place)>>>,
    /// Those of `[DEFAULT]`, whose entries every section has.
    defaults: Vec<Place>,
}

/// A header by its file, and its place among that file's headers.
type Place = (FileKind, usize);

impl fmt::Debug for ProfileSet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: usize = self.outlines().map(Outline::len).sum();
        f.debug_struct("ProfileSet").field("headers", &headers).finish_non_exhaustive()
    }
}

impl<'a> ProfileSet<'a> {
    /// Reads each file once.
    ///
    /// # Errors
    /// Returns an error, with file and line, for a line that is not a header, an entry, a part of a value or a comment.
    pub fn parse(config: Option<&'a SourceFile>, credentials: Option<&'a SourceFile>) -> Result<Self> {
        let config = config.map(Outline::of).transpose()?;
        let credentials = credentials.map(Outline::of).transpose()?;
        let (default, lookups, index, defaults) = Default::default();
        let mut set = Self { config, credentials, default, lookups, index, defaults };
        set.defaults = set.search(Kind::Defaults, "");
        set.default = set.read(DEFAULT_PROFILE);
        Ok(set)
    }

    /// The outlines of the files, the config file first.
    fn outlines(&self) -> impl Iterator<Item = &Outline<'a>> {
        [&self.config, &self.credentials].into_iter().flatten()
    }

    /// All occurrences of sections in the order in which they appear, the config file first.
    fn occurrences(&self) -> impl Iterator<Item = Occurrence<'a>> {
        self.outlines().flat_map(Outline::occurrences)
    }

    /// The profile with this name, and with the settings of those that it includes. In the credentials file it is the
    /// section `[NAME]`, without the word `profile`.
    pub fn profile(&self, name: &str) -> Option<Profile<'a>> {
        let mut profile = self.alone(name)?;
        if let Some(include) = profile.get(INCLUDE).filter(|value| !value.text.is_empty()) {
            profile.included = Some(Box::new(self.included(name, include)));
        }
        Some(profile)
    }

    /// The profiles that `name` includes, along their own lines.
    fn included(&self, name: &str, first: Value<'a>) -> Included<'a> {
        let mut names = vec![name.to_owned()];
        let mut profiles: Vec<Profile<'a>> = Vec::new();
        let mut next = Some(first);
        while let Some(value) = next {
            let by = names.last().cloned().unwrap_or_default();
            let is_back = names.iter().any(|name| *name == *value.text);
            names.push(value.text.to_string());
            if is_back {
                let names = names.iter().skip_while(|name| **name != *value.text).cloned().collect();
                return Included { profiles, problem: Some(Problem::Circle { names, at: value.at }) };
            }
            let Some(profile) = self.alone(&value.text) else {
                let problem = Problem::Missing { by, name: value.text.into_owned(), at: value.at };
                return Included { profiles, problem: Some(problem) };
            };
            next = profile.get(INCLUDE).filter(|value| !value.text.is_empty());
            profiles.push(profile);
        }
        Included { profiles, problem: None }
    }

    /// The profile with this name, without those that it includes.
    fn alone(&self, name: &str) -> Option<Profile<'a>> {
        if name == DEFAULT_PROFILE { self.default.clone() } else { self.read(name) }
    }

    fn read(&self, name: &str) -> Option<Profile<'a>> {
        let found = self.find(Kind::Profile, name);
        let config = self.section(&found, FileKind::Config);
        let credentials = self.section(&found, FileKind::Credentials);
        if config.is_none() && credentials.is_none() {
            return None;
        }
        Some(Profile { name: name.to_owned(), config, credentials, included: None })
    }

    /// The name of every profile, once each, in the order in which they first appear, the config file first.
    pub fn names(&self) -> Vec<String> {
        let mut seen = HashSet::new();
        let profiles = self.outlines().flat_map(Outline::titles).filter(|(kind, ..)| *kind == Kind::Profile);
        profiles.filter(|(_, name, _)| seen.insert(name.clone())).map(|(_, name, _)| name.into_owned()).collect()
    }

    /// Whether the files contain a profile.
    pub fn has_profiles(&self) -> bool {
        self.occurrences().any(|o| o.kind == Kind::Profile)
    }

    /// The place of `[NAME]` in the config file. It is not a profile there because the word `profile` is missing.
    pub fn bare_header(&self, name: &str) -> Option<Location> {
        let bare = self.occurrences().find(|o| o.kind == Kind::Other && o.header.trim() == name)?;
        Some(Location { file: bare.file, line: bare.line })
    }

    /// The section `[sso-session NAME]`, which is read from the config file only.
    pub fn sso_session(&self, name: &str) -> Option<Section<'a>> {
        self.section(&self.find(Kind::SsoSession, name), FileKind::Config)
    }

    /// The section `[services NAME]`, which is read from the config file only.
    pub fn services(&self, name: &str) -> Option<Section<'a>> {
        self.section(&self.find(Kind::Services, name), FileKind::Config)
    }

    /// The sections of this file that count, each with its own keys and their values. The keys of `[DEFAULT]` are in
    /// its own section only. The value of a map is its text, which starts with `\n`.
    pub fn own_values(&self, file: FileKind) -> OwnValues<'a> {
        let mut sections = OwnValues::new();
        for occurrence in self.outline(file).into_iter().flat_map(Outline::occurrences) {
            let Some(name) = SectionName::new(occurrence.kind, &occurrence.name) else { continue };
            if let Slot::Vacant(slot) = sections.entry(name) {
                let found = self.find(occurrence.kind, &occurrence.name);
                let here: Vec<_> = found.iter().filter(|o| o.file == file).collect();
                let counting = prevailing(&here).filter(|_| occurrence.kind != Kind::Defaults);
                let counts = |o: &&&Occurrence<'a>| counting.is_none_or(|header| o.header == header);
                let entries = here.iter().filter(counts).flat_map(|o| o.entries());
                slot.insert(entries.map(|entry| (entry.key.clone(), entry.text())).collect());
            }
        }
        sections
    }

    /// Warnings, with file and line, about text that is read here but is probably a mistake or refused by the AWS CLI.
    pub fn warnings(&self) -> Vec<String> {
        self.outlines().flat_map(warnings::of_file).collect()
    }

    /// `PATH:LINE`, for messages.
    pub fn place(&self, at: Location) -> String {
        self.place_if_needed(at).to_string()
    }

    /// The same, made when it is shown: most are for errors that do not happen.
    pub fn place_if_needed(&self, at: Location) -> impl fmt::Display {
        fmt::from_fn(move |f| match self.path(at.file) {
            Some(path) => write!(f, "{}:{}", path.display(), at.line),
            None => write!(f, "line {}", at.line),
        })
    }

    /// The text of this file as it was read, without a byte order mark; empty if the file does not exist.
    pub fn text(&self, file: FileKind) -> &'a str {
        // It was found to be text when it was scanned.
        self.source(file).and_then(|source| source.text().ok()).unwrap_or_default()
    }

    /// The text of this file without the access keys in it and without the sections of one profile. Every other byte is
    /// unchanged.
    pub fn text_without_access_keys(&self, file: FileKind, left_out: &str) -> String {
        without_access_keys(self.text(file), file, left_out)
    }

    /// The path of this file; `None` if the file does not exist.
    pub fn path(&self, file: FileKind) -> Option<&Path> {
        self.source(file).map(|source| &*source.path)
    }

    fn source(&self, file: FileKind) -> Option<&'a SourceFile> {
        self.outline(file).map(Outline::file)
    }

    fn outline(&self, file: FileKind) -> Option<&Outline<'a>> {
        match file {
            FileKind::Config => self.config.as_ref(),
            FileKind::Credentials => self.credentials.as_ref(),
        }
    }

    /// Every occurrence with this kind and name, in the order of the files.
    fn find(&self, kind: Kind, name: &str) -> Vec<Occurrence<'a>> {
        // Threads that count at once may lose a lookup, which does not matter. Counting exactly costs more.
        let lookups = self.lookups.load(Ordering::Relaxed).saturating_add(1);
        self.lookups.store(lookups, Ordering::Relaxed);
        if lookups <= LOOKUPS_WITHOUT_INDEX {
            return self.search(kind, name).into_iter().filter_map(|place| self.occurrence(place)).collect();
        }
        let index = self.index.get_or_init(|| {
            let mut index: HashMap<String, Vec<(Kind, Place)>> = HashMap::new();
            for (kind, name, place) in self.outlines().flat_map(Outline::titles) {
                index.entry(name.into_owned()).or_default().push((kind, place));
            }
            index
        });
        let places = index.get(name).into_iter().flatten();
        places.filter(|(other, _)| *other == kind).filter_map(|(_, place)| self.occurrence(*place)).collect()
    }

    /// The places of these headers, without the index.
    fn search(&self, kind: Kind, name: &str) -> Vec<Place> {
        let mut found = Vec::new();
        for outline in self.outlines() {
            outline.find(kind, name, &mut found);
        }
        found
    }

    fn occurrence(&self, (file, at): Place) -> Option<Occurrence<'a>> {
        self.outline(file)?.occurrence(at)
    }

    /// The section of `file` that the occurrences in `found` make up. They all have the same name.
    fn section(&self, found: &[Occurrence<'a>], file: FileKind) -> Option<Section<'a>> {
        let source = self.source(file)?;
        let here: Vec<_> = found.iter().filter(|o| o.file == file).collect();
        let header = prevailing(&here)?;
        let same = here.into_iter().filter(|o| o.header == header);
        let line = same.clone().next()?.line;
        let defaults =
            self.defaults.iter().filter(|(in_file, _)| *in_file == file).filter_map(|&at| self.occurrence(at));
        let entries = defaults.flat_map(|o| o.entries()).chain(same.flat_map(Occurrence::entries)).collect();
        Some(Section::new(file, &source.path, line, entries))
    }
}

/// What a profile includes.
#[derive(Debug, Clone)]
pub struct Included<'a> {
    /// The profiles, the nearest first; each without what it includes itself, which comes after it.
    pub profiles: Vec<Profile<'a>>,
    /// Why the chain ends too early; `None` if it is whole.
    pub problem: Option<Problem>,
}

/// A profile: its sections in the two files. A key in the credentials file replaces the same key in the config file.
#[derive(Debug, Clone)]
pub struct Profile<'a> {
    /// The name, without quotes.
    pub name: String,
    // At least one of the two is `Some`.
    config: Option<Section<'a>>,
    credentials: Option<Section<'a>>,
    included: Option<Box<Included<'a>>>,
}

impl<'a> Profile<'a> {
    /// The profiles that this one includes; `None` if it names none.
    pub fn included(&self) -> Option<&Included<'a>> {
        self.included.as_deref()
    }

    /// The place of a key, whether it has a value or is a map.
    pub fn get_or_map(&self, key: &str) -> Option<Location> {
        self.entry(key).map(|(section, entry)| section.location(entry.line))
    }

    /// The value of `key`, which must be in lower case; also `None` if it is a map of nested keys.
    pub fn get(&self, key: &str) -> Option<Value<'a>> {
        let (section, entry) = self.entry(key)?;
        section.scalar(entry)
    }

    /// Like [`Profile::get`], from this file only.
    pub fn get_in(&self, file: FileKind, key: &str) -> Option<Value<'a>> {
        self.section(file)?.get(key)
    }

    /// The nested keys of `key`, which must be in lower case; `None` if it has a plain value. A map in the credentials
    /// file replaces the whole map in the config file, as in the AWS CLI.
    ///
    /// # Errors
    /// Returns an error for a nested line without `=`.
    pub fn nested(&self, key: &str) -> Result<Option<Map<'a>>> {
        self.entry(key).map_or(Ok(None), |(section, _)| section.nested(key))
    }

    /// The place of its header in the config file, or else in the credentials file.
    pub fn at(&self) -> Location {
        let section = self.config.as_ref().or(self.credentials.as_ref());
        section.map_or(Location { file: FileKind::Config, line: 0 }, Section::at)
    }

    /// The place of its header in this file.
    pub fn in_file(&self, file: FileKind) -> Option<Location> {
        self.section(file).map(Section::at)
    }

    /// All keys of both files, once each, with their values. The value of a map is its text, which starts with `\n`.
    pub fn entries(&self) -> Vec<(Cow<'a, str>, Value<'a>)> {
        let (mut entries, mut places) = (Vec::new(), BTreeMap::new());
        for section in [&self.config, &self.credentials].into_iter().flatten() {
            section.add_entries(&mut entries, &mut places);
        }
        for profile in self.included.iter().flat_map(|included| &included.profiles) {
            let counts = |(key, value): &(Cow<'a, str>, Value<'a>)| self.get_or_map(key) == Some(value.at);
            entries.extend(profile.entries().into_iter().filter(counts));
        }
        entries
    }

    /// Like [`Profile::entries`], from this file only.
    pub fn entries_in(&self, file: FileKind) -> Vec<(Cow<'a, str>, Value<'a>)> {
        self.section(file).map(Section::entries).unwrap_or_default()
    }

    fn entry(&self, key: &str) -> Option<(&Section<'a>, &Entry<'a>)> {
        if let Some(own) = self.own_entry(key) {
            return Some(own);
        }
        let included = self.included.as_ref().filter(|_| is_taken(key))?;
        // The two kinds of a source exclude each other: one of the profile's own is instead of either.
        let sources = ["source_profile", "credential_source"];
        let ends =
            |profile: &Self| sources.contains(&key) && sources.iter().any(|key| profile.own_entry(key).is_some());
        if ends(self) {
            return None;
        }
        let found = included.profiles.iter().find(|profile| ends(profile) || profile.own_entry(key).is_some())?;
        found.own_entry(key)
    }

    /// An entry of the profile's own sections.
    fn own_entry(&self, key: &str) -> Option<(&Section<'a>, &Entry<'a>)> {
        let sections = [&self.credentials, &self.config].into_iter().flatten();
        sections.into_iter().find_map(|section| Some((section, section.entry(key)?)))
    }

    fn section(&self, file: FileKind) -> Option<&Section<'a>> {
        match file {
            FileKind::Config => self.config.as_ref(),
            FileKind::Credentials => self.credentials.as_ref(),
        }
    }
}
