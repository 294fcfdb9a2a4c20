//! Where the keys of a rotation are: in sections of the two files, or in a store with lines that name them.
//!
//! New keys are stored beside the old ones first: in a file in a section of their own, which goes in the very change that
//! puts them into the place of the old ones.

use crate::actions::file_changes::shown_and_written;
use crate::actions::store_keys::line::Line;
use crate::actions::store_keys::sections::{PAIR, PROCESS, stored_in};
use crate::actions::store_keys::stores;
use crate::config::edit::changes::Change;
use crate::config::profiles::ProfileSet;
use crate::config::section_name::SectionName;
use crate::config::source::SourceFile;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::keys::failure::Kind;
use crate::keys::stores::{Store, of_base};
use crate::plan::base::Base;
use crate::plan::long_term::sections_with;

const FILES: [FileKind; 2] = [FileKind::Credentials, FileKind::Config];

/// The place of the keys.
pub struct Home<'a> {
    context: &'a Context<'a>,
    place: Place,
}

enum Place {
    /// Sections with the keys in plain text. New ones get a section of their own in this file.
    Sections(FileKind),
    /// A store; the profiles have lines.
    Store(Store),
}

impl<'a> Home<'a> {
    /// The place of this base's keys.
    pub fn of(base: &Base, context: &'a Context<'a>) -> Self {
        let place = match (of_base(base, context.snapshot), base) {
            (Some(store), _) => Place::Store(store),
            (None, Base::Static { file, .. }) => Place::Sections(*file),
            (None, _) => Place::Sections(FileKind::Credentials),
        };
        Self { context, place }
    }

    /// The place in a sentence, behind `in`.
    pub fn words(&self) -> String {
        match self.place {
            Place::Sections(file) => self
                .context
                .set
                .path(file)
                .map_or_else(|| format!("the {} file", file.word()), |path| path.display().to_string()),
            Place::Store(store) => store.words().to_owned(),
        }
    }

    /// Whether the files, read anew, still name these keys. Another process may have replaced them.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read.
    pub fn still_has(&self, id: &str) -> Result<bool> {
        let [config, credentials] = SourceFile::read_both(self.context.snapshot)?;
        let set = ProfileSet::parse(config.as_ref(), credentials.as_ref())?;
        Ok(match self.place {
            Place::Sections(_) => FILES.iter().any(|file| !sections_with(&set, *file, id).is_empty()),
            Place::Store(_) => !stored_in(&set, id).is_empty(),
        })
    }

    /// The secret of these keys, if a section or the store has them.
    ///
    /// # Errors
    /// Returns an error if the store cannot be asked.
    pub fn secret_of(&self, id: &str) -> Result<Option<Secret>> {
        match self.place {
            Place::Store(store) => match stores(self.context).get(store, id) {
                Ok(secret) => Ok(Some(secret)),
                Err(failure) if failure.kind == Kind::NotFound => Ok(None),
                Err(failure) => Err(failure.error),
            },
            Place::Sections(_) => {
                let in_file = |file: FileKind| {
                    let values = self.context.set.own_values(file);
                    let found = sections_with(self.context.set, file, id);
                    found.into_iter().find_map(|name| {
                        let secret = values.get(&name)?.get(PAIR[1])?;
                        (!secret.is_empty()).then(|| Secret::new(secret.clone().into_owned()))
                    })
                };
                Ok(FILES.into_iter().find_map(in_file))
            }
        }
    }

    /// Checks whether the files can be written, as far as that is known before. Keys that were made and cannot be stored
    /// would be lost.
    ///
    /// # Errors
    /// Returns an error if a file cannot be changed.
    pub fn check(&self, old: &str) -> Result<()> {
        let placeholder = Secret::new("x".repeat(40));
        for file in FILES {
            let editor = self.context.editor(file)?;
            let proposal =
                editor.propose(|set| self.switching(set, file, old, "AKIAXXXXXXXXXXXXXXXX", &placeholder))?;
            if !proposal.is_empty() {
                proposal.check()?;
            }
        }
        Ok(())
    }

    /// Stores new keys beside the old ones.
    ///
    /// # Errors
    /// Returns an error if they cannot be stored.
    pub fn store(&self, id: &str, secret: &Secret) -> Result<()> {
        match self.place {
            Place::Store(store) => Ok(stores(self.context).put(store, id, secret)?),
            Place::Sections(file) => {
                let editor = self.context.editor(file)?;
                let changes = [
                    Change::set(beside(id), PAIR[0], Secret::new(id.to_owned())),
                    Change::set(beside(id), PAIR[1], secret.clone()),
                ];
                let done = editor.propose(|_| Ok(changes.to_vec()))?.write_at_any_cost()?;
                done.warning.iter().for_each(|warning| self.context.messages.warn(warning));
                Ok(())
            }
        }
    }

    /// Takes keys out that were stored beside the old ones and do not work any more.
    ///
    /// # Errors
    /// Returns an error if they cannot be taken out.
    pub fn unstore(&self, id: &str) -> Result<()> {
        match self.place {
            Place::Store(_) => self.forget(id),
            Place::Sections(file) => {
                let editor = self.context.editor(file)?;
                shown_and_written(editor.propose(|_| Ok(vec![Change::RemoveSection(beside(id))]))?, self.context)
            }
        }
    }

    /// Puts the new keys into the place of the old ones, wherever they are.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written. The new keys are still stored then.
    pub fn switch(&self, old: &str, new: &str, secret: &Secret) -> Result<()> {
        for file in FILES {
            let editor = self.context.editor(file)?;
            let proposal = editor.propose(|set| self.switching(set, file, old, new, secret))?;
            shown_and_written(proposal, self.context)?;
        }
        Ok(())
    }

    /// Forgets the old keys. In a file nothing of them is left after [`Self::switch`].
    ///
    /// # Errors
    /// Returns an error if the store does not forget them.
    pub fn forget(&self, old: &str) -> Result<()> {
        match self.place {
            Place::Sections(_) => Ok(()),
            Place::Store(store) => match stores(self.context).remove(store, old) {
                Err(failure) if failure.kind != Kind::NotFound => Err(failure.error),
                _ => Ok(()),
            },
        }
    }

    /// The changes of one file that replace the old keys by the new ones.
    fn switching(
        &self,
        set: &ProfileSet<'_>,
        file: FileKind,
        old: &str,
        new: &str,
        secret: &Secret,
    ) -> Result<Vec<Change>> {
        match self.place {
            Place::Sections(own) => {
                let pair = |section: SectionName| {
                    [
                        Change::set(section.clone(), PAIR[0], Secret::new(new.to_owned())),
                        Change::set(section, PAIR[1], secret.clone()),
                    ]
                };
                let mut changes: Vec<Change> = sections_with(set, file, old).into_iter().flat_map(pair).collect();
                if file == own {
                    changes.push(Change::RemoveSection(beside(new)));
                }
                Ok(changes)
            }
            Place::Store(_) => {
                let line = Line::new(new, self.context)?;
                let set_line =
                    |name: String| Change::set(SectionName::Profile(name), PROCESS, Secret::new(line.value.clone()));
                Ok(stored_in(set, old).into_iter().map(set_line).collect())
            }
        }
    }
}

/// The section for new keys until they are known.
fn beside(id: &str) -> SectionName {
    SectionName::Profile(format!("aws-auth-new-{id}"))
}

/// The error for keys that another process has replaced.
pub(crate) fn replaced(id: &str) -> Error {
    Error::new(format!("another process has just replaced the keys {id}")).advise("there is nothing left to do")
}
