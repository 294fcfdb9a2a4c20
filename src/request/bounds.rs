//! Options about the session of the last role: its policies, its name, its source identity and its tags.

use std::ffi::OsStr;
use std::path::Path;

use crate::bounds::document::Document;
use crate::bounds::names;
use crate::bounds::policies::{Policy, PolicyArn, READ_ONLY};
use crate::bounds::tags::{self, Tag};
use crate::cli::options::Cli;
use crate::env::nesting::{self, Setting};
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result, io_words};
use crate::system::private_files;
use crate::text::shell_words::{shell_word, split_words};

/// What the command line says of the session. Values of the profile that it leaves out are the profile's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundOptions {
    /// What named them: the options, or AWS_AUTH_SET if they are an outer run's.
    pub by: &'static str,
    /// `--read-only` and `--policy`. If there are any, those of the profile do not count.
    pub policies: Vec<Policy>,
    /// `--session-name`.
    pub session_name: Option<String>,
    /// `--source-identity`.
    pub source_identity: Option<String>,
    /// `--tag`, which take the place of the profile's with the same keys.
    pub tags: Vec<Tag>,
    /// `--transitive-tag`, beside the profile's.
    pub transitive: Vec<String>,
}

impl BoundOptions {
    /// The options of this run; `None` if there are none.
    ///
    /// # Errors
    /// Returns an error if a value is one that STS would refuse, or a file cannot be read.
    pub(crate) fn new(cli: &Cli) -> Result<Option<Box<Self>>> {
        let is_asked = cli.read_only
            || cli.session_name.is_some()
            || cli.source_identity.is_some()
            || !(cli.policy.is_empty() && cli.tag.is_empty() && cli.transitive_tag.is_empty());
        if !is_asked {
            return Ok(None);
        }
        let mut policies = if cli.read_only { vec![Policy::ReadOnly] } else { Vec::new() };
        for word in &cli.policy {
            policies.push(policy(word, "--policy", Path::new)?);
        }
        let name = |text: &Option<String>, option| text.as_deref().map(|text| names::checked(text, option)).transpose();
        let options = Self {
            by: if policies.is_empty() || !cli.policy.is_empty() { "--policy" } else { "--read-only" },
            policies,
            session_name: name(&cli.session_name, "--session-name")?,
            source_identity: name(&cli.source_identity, "--source-identity")?,
            tags: cli.tag.iter().map(|word| Tag::parse(word, "--tag")).collect::<Result<_>>()?,
            transitive: cli
                .transitive_tag
                .iter()
                .map(|key| tags::checked_key(key, "--transitive-tag"))
                .collect::<Result<_>>()?,
        };
        Ok(Some(Box::new(options)))
    }

    /// The options as words of a command line, for a renewal and for the record of a run. Files are replaced by their
    /// contents, which can change while the command runs.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut push = |name: &str, value: &str| words.push(format!("--{name}={value}"));
        self.policies.iter().for_each(|policy| push("policy", policy.word()));
        self.session_name.iter().for_each(|name| push("session-name", name));
        self.source_identity.iter().for_each(|name| push("source-identity", name));
        self.tags.iter().for_each(|tag| push("tag", &format!("{}={}", tag.key, tag.value)));
        self.transitive.iter().for_each(|key| push("transitive-tag", key));
        words
    }

    /// The words as one value of the record.
    pub(crate) fn recorded(&self) -> String {
        self.words().iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
    }

    /// The options that an outer run recorded; `None` if it had none.
    fn of_record(set_before: &[Setting]) -> Result<Option<Box<Self>>> {
        let Some((_, line)) = set_before.iter().rev().find(|(name, _)| name == nesting::BOUNDS) else {
            return Ok(None);
        };
        let mut cli = Cli::default();
        for word in split_words(line).unwrap_or_default() {
            match word.split_once('=') {
                Some(("--policy", value)) => cli.policy.push(value.to_owned()),
                Some(("--session-name", value)) => cli.session_name = Some(value.to_owned()),
                Some(("--source-identity", value)) => cli.source_identity = Some(value.to_owned()),
                Some(("--tag", value)) => cli.tag.push(value.to_owned()),
                Some(("--transitive-tag", value)) => cli.transitive_tag.push(value.to_owned()),
                // Without it the credentials could do more than was asked for.
                _ => return Err(Error::new("AWS_AUTH_SET is damaged").advise("name a profile with -p")),
            }
        }
        let recorded = Self::new(&cli)?;
        Ok(recorded.map(|recorded| Box::new(Self { by: nesting::RECORD, ..*recorded })))
    }

    /// These options below an outer run whose profile is used again: what they leave out is as the outer run had it.
    ///
    /// # Errors
    /// Returns an error if both ask for policies, and for different ones. STS would allow what either of them allows, so
    /// the inner run would get more than the outer one has.
    pub(crate) fn below(options: Option<Box<Self>>, set_before: &[Setting]) -> Result<Option<Box<Self>>> {
        let outer = Self::of_record(set_before)?;
        let words = |options: &Self| options.policies.iter().map(|policy| policy.word().to_owned()).collect::<Vec<_>>();
        let Some(mut inner) = options else { return Ok(outer) };
        let is_same = outer.as_ref().is_some_and(|outer| words(outer) == words(&inner));
        if let (false, false, Some(names)) = (inner.policies.is_empty(), is_same, bounded_by(set_before)) {
            return Err(Error::new(format!(
                "the outer aws-auth has bounded these credentials by {names}, and other policies would take their place"
            ))
            .advise(format!("name a profile with -p to bound it by {} alone", inner.by)));
        }
        if let Some(outer) = outer {
            if inner.policies.is_empty() {
                (inner.policies, inner.by) = (outer.policies, outer.by);
            }
            inner.session_name = inner.session_name.or(outer.session_name);
            inner.source_identity = inner.source_identity.or(outer.source_identity);
            let is_new = |tag: &Tag| !inner.tags.iter().any(|own| own.key.eq_ignore_ascii_case(&tag.key));
            let kept: Vec<Tag> = outer.tags.into_iter().filter(is_new).collect();
            inner.tags.extend(kept);
            inner.transitive.extend(outer.transitive);
        }
        Ok(Some(inner))
    }
}

/// The session policies of the outer run's credentials, in words; `None` if they are not bounded.
pub fn bounded_by(set_before: &[Setting]) -> Option<&str> {
    let recorded = set_before.iter().rev().find(|(name, _)| name == nesting::BOUNDED);
    recorded.map(|(_, names)| names.as_str()).filter(|names| !names.is_empty())
}

/// The policies that a key of a profile lists, separated by commas. A path is relative to the directory of the file that
/// has the key, and may begin with `~` or a variable, as in AWS_CONFIG_FILE. `origin` is the place and the key.
///
/// # Errors
/// Returns an error if one is neither `read-only`, the ARN of a policy, nor a file with a policy.
pub fn policies_of_key(list: &str, file: Option<&Path>, snapshot: &Snapshot, origin: &str) -> Result<Vec<Policy>> {
    let directory = file.and_then(Path::parent).unwrap_or(Path::new(""));
    let words = list.split([',', '\n']).map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| policy(word, origin, |word| directory.join(snapshot.expand(OsStr::new(word))))).collect()
}

/// The policy that a word names. JSON in its place is what [`BoundOptions::words`] writes.
fn policy<'w, P: AsRef<Path>>(word: &'w str, origin: &str, path: impl FnOnce(&'w str) -> P) -> Result<Policy> {
    if word == READ_ONLY {
        return Ok(Policy::ReadOnly);
    }
    if word.starts_with("arn:") {
        return PolicyArn::parse(word, origin).map(Policy::Managed);
    }
    if word.starts_with('{') {
        let document = Document::parse(word, origin)?;
        return Ok(Policy::Json { name: String::from("a policy in JSON"), document });
    }
    let path = path(word);
    let path = path.as_ref();
    let cannot = |why: &str| {
        Error::new(format!("{origin}: cannot read the policy {} ({why})", path.display()))
            .advise("write read-only, the ARN of a managed policy, or the path of a file with a policy in JSON")
    };
    let bytes = private_files::read_token(path).map_err(|error| cannot(&io_words(&error)))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| cannot("it is not text"))?;
    let name = path.file_name().map_or_else(|| word.to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Policy::Json { name, document: Document::parse(text, &path.display().to_string())? })
}
