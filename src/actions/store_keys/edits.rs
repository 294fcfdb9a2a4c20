//! The changes of the two files when keys are stored, brought back or forgotten.

use crate::actions::file_changes::{show, written};
use crate::actions::store_keys::line::Line;
use crate::actions::store_keys::sections::{
    PAIR, PROCESS, plain_in, refuse_unfit, remove, without_blanks, without_plain,
};
use crate::config::edit::changes::Change;
use crate::config::edit::editor::{Editor, Proposal};
use crate::config::profiles::ProfileSet;
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::Result;
use crate::messages::{coloured, print};

/// Works out the changes from the sections of one file.
type Wanted<'a> = Box<dyn Fn(&ProfileSet<'_>) -> Result<Vec<Change>> + 'a>;

/// The changes of both files. Each file has its steps, which are made one after the other.
pub struct Edits<'a> {
    config: Editor<'a>,
    credentials: Editor<'a>,
    /// The first step in the config file: the lines.
    lines: Vec<Change>,
    /// The values that the lines replace.
    before: Vec<Change>,
    /// All changes of the config file.
    in_config: Wanted<'a>,
    /// All changes of the credentials file.
    in_credentials: Wanted<'a>,
}

fn section(name: &str) -> SectionName {
    SectionName::Profile(name.to_owned())
}

fn set(name: &str, key: &str, value: &str) -> Change {
    Change::set(section(name), key, Secret::new(value.to_owned()))
}

impl<'a> Edits<'a> {
    fn new(
        context: &'a Context<'_>,
        lines: Vec<Change>,
        before: Vec<Change>,
        in_config: Wanted<'a>,
        in_credentials: Wanted<'a>,
    ) -> Result<Self> {
        let (config, credentials) = (context.editor(FileKind::Config)?, context.editor(FileKind::Credentials)?);
        Ok(Self { config, credentials, lines, before, in_config, in_credentials })
    }

    /// The line for every profile that has these keys, and no plain keys with this id in any section.
    ///
    /// # Errors
    /// Returns an error if one of these profiles cannot have the line.
    pub fn of_storing(context: &'a Context<'_>, id: &str, line: &Line) -> Result<Self> {
        let mut names = vec![context.request.profile_name().to_owned()];
        for file in [FileKind::Config, FileKind::Credentials] {
            for name in plain_in(context.set, file, id)? {
                if !names.contains(&name) {
                    refuse_unfit(context.set, &name)?;
                    names.push(name);
                }
            }
        }
        let lines: Vec<Change> = names.iter().map(|name| set(name, PROCESS, &line.value)).collect();
        let now = context.set.own_values(FileKind::Config);
        let before = names.iter().map(|name| match now.get(&section(name)) {
            Some(values) => values.get(PROCESS).map_or_else(|| remove(name, PROCESS), |old| set(name, PROCESS, old)),
            None => Change::RemoveSection(section(name)),
        });
        let before = before.collect();
        let (all_lines, own_id) = (lines.clone(), id.to_owned());
        let in_config: Wanted<'a> = Box::new(move |found| {
            let blanks = blanks(context, found, FileKind::Config);
            Ok([all_lines.clone(), blanks, without_plain(found, FileKind::Config, &own_id)?].concat())
        });
        let own_id = id.to_owned();
        let in_credentials: Wanted<'a> = Box::new(move |found| {
            let mut changes = without_plain(found, FileKind::Credentials, &own_id)?;
            changes.extend(blanks(context, found, FileKind::Credentials));
            // A process there would count more than the line in the config file.
            changes.extend(names.iter().map(|name| remove(name, PROCESS)));
            Ok(changes)
        });
        Self::new(context, lines, before, in_config, in_credentials)
    }

    /// The keys in these profiles' sections of the credentials file, and no line in the config file.
    ///
    /// # Errors
    /// Returns an error if a file cannot be changed.
    pub fn of_bringing_back(context: &'a Context<'_>, keys: &Credentials, names: &[String]) -> Result<Self> {
        let changes: Vec<Change> = names.iter().flat_map(|name| pair(name, keys)).collect();
        let gone: Vec<Change> = names.iter().map(|name| remove(name, PROCESS)).collect();
        let in_credentials = Box::new(move |_: &ProfileSet<'_>| Ok([gone.clone(), changes.clone()].concat()));
        Self::new(context, Vec::new(), Vec::new(), without_lines(names), in_credentials)
    }

    /// New keys in the profile's section of the credentials file, and none in the config file.
    ///
    /// # Errors
    /// Returns an error if a file cannot be changed.
    pub fn of_writing(context: &'a Context<'_>, keys: &Credentials) -> Result<Self> {
        let name = context.request.profile_name();
        let changes = pair(name, keys).to_vec();
        let in_credentials = Box::new(move |found: &ProfileSet<'_>| {
            let mut blanks = blanks(context, found, FileKind::Credentials);
            // The pair keeps its lines.
            blanks.retain(|blank| !matches!(blank, Change::Remove { key, .. } if PAIR.contains(&&**key)));
            Ok([changes.clone(), blanks].concat())
        });
        let id = keys.access_key_id.clone();
        let in_config = Box::new(move |found: &ProfileSet<'_>| {
            let is_here = plain_in(found, FileKind::Config, &id)?.iter().any(|found| found == name);
            let pair = || PAIR.map(|key| remove(name, key)).to_vec();
            Ok(if is_here { pair() } else { blanks(context, found, FileKind::Config) })
        });
        Self::new(context, Vec::new(), Vec::new(), in_config, in_credentials)
    }

    /// No lines in these profiles.
    ///
    /// # Errors
    /// Returns an error if a file cannot be changed.
    pub fn of_forgetting(context: &'a Context<'_>, names: &[String]) -> Result<Self> {
        let gone: Vec<Change> = names.iter().map(|name| remove(name, PROCESS)).collect();
        let in_credentials = Box::new(move |_: &ProfileSet<'_>| Ok(gone.clone()));
        Self::new(context, Vec::new(), Vec::new(), without_lines(names), in_credentials)
    }

    fn whole(&self) -> Result<[Proposal<'_>; 2]> {
        Ok([self.config.propose(&*self.in_config)?, self.credentials.propose(&*self.in_credentials)?])
    }

    /// Prints what would change, on stdout.
    ///
    /// # Errors
    /// Returns an error if a file cannot be changed so.
    pub fn print(&self, context: &Context<'_>) -> Result<u8> {
        let colours = coloured(&std::io::stdout(), context.snapshot);
        print(&self.whole()?.map(|proposal| proposal.diff().text(colours)).concat())
    }

    /// Shows what will change, on stderr, and returns it.
    ///
    /// # Errors
    /// Returns an error if a file cannot be changed so.
    pub fn show(&self, context: &Context<'_>) -> Result<[Proposal<'_>; 2]> {
        let whole = self.whole()?;
        for proposal in &whole {
            show(proposal, context);
        }
        Ok(whole)
    }

    /// Checks whether both files can be written, before anything is done.
    ///
    /// # Errors
    /// Returns an error if one cannot.
    pub fn check(&self) -> Result<()> {
        self.whole()?.iter().filter(|proposal| !proposal.is_empty()).try_for_each(Proposal::check)
    }

    /// Writes the lines into the config file. Returns what takes them out again.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn write_line(&self, context: &Context<'_>) -> Result<Undo<'_, 'a>> {
        written(self.config.propose(|_| Ok(self.lines.clone()))?, context)?;
        Ok(Undo { edits: self })
    }

    /// Writes all changes that were not made yet, the credentials file first. Returns the files that were changed.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written.
    pub fn write_all(&self, context: &Context<'_>) -> Result<Vec<String>> {
        self.write(self.whole()?, context)
    }

    /// Like [`Self::write_all`], for what was shown.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn write(&self, [config, credentials]: [Proposal<'_>; 2], context: &Context<'_>) -> Result<Vec<String>> {
        let mut changed = Vec::new();
        for (proposal, editor) in [(credentials, &self.credentials), (config, &self.config)] {
            if !proposal.is_empty() {
                written(proposal, context)?;
                changed.push(editor.path().display().to_string());
            }
        }
        Ok(changed)
    }
}

/// Takes the lines out again.
#[must_use]
pub struct Undo<'e, 'a> {
    edits: &'e Edits<'a>,
}

impl Undo<'_, '_> {
    /// Puts the values back that the lines have replaced.
    ///
    /// # Errors
    /// Returns an error if the config file cannot be written.
    pub fn undo(self, context: &Context<'_>) -> Result<()> {
        written(self.edits.config.propose(|_| Ok(self.edits.before.clone()))?, context)
    }
}

/// The changes that take placeholders of the keys out of the profile's section of one file, where a person is asked
/// before.
fn blanks(context: &Context<'_>, found: &ProfileSet<'_>, file: FileKind) -> Vec<Change> {
    let is_asked = context.request.keys.asks_before;
    if is_asked { without_blanks(found, file, context.request.profile_name()) } else { Vec::new() }
}

/// The two keys in a profile's section.
fn pair(name: &str, keys: &Credentials) -> [Change; 2] {
    let id = set(name, PAIR[0], &keys.access_key_id);
    [id, Change::set(section(name), PAIR[1], keys.secret_access_key.clone())]
}

/// Takes the lines out of these profiles, and with a line the section that was made for it.
fn without_lines<'a>(names: &[String]) -> Wanted<'a> {
    let names = names.to_vec();
    Box::new(move |found| {
        let change = |name: &String| {
            if is_made_for_line(found, name) { Change::RemoveSection(section(name)) } else { remove(name, PROCESS) }
        };
        Ok(names.iter().map(change).collect())
    })
}

/// Whether a section looks as it does when it was made for the line: a header and the line, apart from all else.
fn is_made_for_line(found: &ProfileSet<'_>, name: &str) -> bool {
    let Some(profile) = found.profile(name) else { return false };
    let [header, line] = [profile.in_file(FileKind::Config), profile.get_in(FileKind::Config, PROCESS).map(|v| v.at)]
        .map(|at| at.map_or(0, |at| usize::try_from(at.line).unwrap_or_default()));
    let text: Vec<&str> = found.text(FileKind::Config).lines().collect();
    let is_blank = |number: usize| text.get(number.wrapping_sub(1)).is_none_or(|line| line.trim().is_empty());
    let values = found.own_values(FileKind::Config);
    header > 0
        && line == header + 1
        && values.get(&section(name)).is_some_and(|values| values.len() == 1)
        && is_blank(header - 1)
        && is_blank(line + 1)
}
