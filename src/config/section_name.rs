//! The name of a section, and how its header is written.

use crate::config::headers::{Kind, title};
use crate::config::ini::{Line, Lines};
use crate::config::value::FileKind;
use crate::error::{Error, Result};

/// A section of one of the two files, by what its header means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SectionName {
    /// A profile: `[default]` or `[profile NAME]` in the config file, `[NAME]` in the credentials file.
    Profile(String),
    /// `[sso-session NAME]`, in the config file only.
    SsoSession(String),
    /// `[services NAME]`, in the config file only.
    Services(String),
    /// `[DEFAULT]`, whose keys count in every section of its file.
    Defaults,
}

impl SectionName {
    /// The section with this kind and name; `None` if sections of this kind are ignored.
    pub(crate) fn new(kind: Kind, name: &str) -> Option<Self> {
        match kind {
            Kind::Profile => Some(Self::Profile(name.to_owned())),
            Kind::SsoSession => Some(Self::SsoSession(name.to_owned())),
            Kind::Services => Some(Self::Services(name.to_owned())),
            Kind::Defaults => Some(Self::Defaults),
            Kind::Unnamed | Kind::Other => None,
        }
    }

    pub(crate) fn parts(&self) -> (Kind, &str) {
        match self {
            Self::Profile(name) => (Kind::Profile, name),
            Self::SsoSession(name) => (Kind::SsoSession, name),
            Self::Services(name) => (Kind::Services, name),
            Self::Defaults => (Kind::Defaults, ""),
        }
    }

    /// The header line, with its brackets and without a line end: `[profile NAME]`. The name is quoted if it must be.
    ///
    /// # Errors
    /// Returns an error if no header of this file can have the name.
    pub(crate) fn header(&self, file: FileKind) -> Result<String> {
        let (kind, name) = self.parts();
        let word = match (self, file) {
            (Self::Defaults, _) => return Ok(String::from("[DEFAULT]")),
            (Self::Profile(_), FileKind::Credentials) => "",
            (Self::Profile(name), FileKind::Config) if name == "default" => "",
            (Self::Profile(_), FileKind::Config) => "profile ",
            (Self::SsoSession(_), _) => "sso-session ",
            (Self::Services(_), _) => "services ",
        };
        let escaped = name.replace('\\', "\\\\").replace('"', "\\\"");
        let ways = [format!("[{word}{name}]"), format!("[{word}\"{escaped}\"]")];
        let reads_back = |header: &&String| match Lines::new(header, 1).next() {
            Some((_, Line::Header(header))) => title(file, header) == (kind, name.into()),
            _ => false,
        };
        let is_allowed = !name.is_empty() && !name.contains(char::is_control);
        ways.iter().find(reads_back).filter(|_| is_allowed).cloned().ok_or_else(|| {
            Error::new(format!("no section of the {} file can have the name '{name}'", file.word()))
                .advise("take a name of letters, digits and -")
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::section_name::SectionName;
    use crate::config::value::FileKind;

    #[test]
    fn headers() {
        let profile = |name: &str| SectionName::Profile(name.to_owned());
        for (file, section, expected) in [
            (FileKind::Config, profile("default"), Some("[default]")),
            (FileKind::Config, profile("a"), Some("[profile a]")),
            (FileKind::Config, profile("b c"), Some("[profile \"b c\"]")),
            (FileKind::Config, profile("q\"x\\y"), Some(r#"[profile "q\"x\\y"]"#)),
            (FileKind::Config, profile("it's"), Some("[profile \"it's\"]")),
            (FileKind::Config, profile("a]b"), Some("[profile a]b]")),
            (FileKind::Config, profile("DEFAULT"), Some("[profile DEFAULT]")),
            (FileKind::Config, profile(" a"), Some("[profile \" a\"]")),
            (FileKind::Config, profile("a] #b"), None),
            (FileKind::Config, profile(""), None),
            (FileKind::Config, profile("a\nb"), None),
            (FileKind::Config, SectionName::SsoSession("corp".into()), Some("[sso-session corp]")),
            (FileKind::Config, SectionName::Services("a b".into()), Some("[services \"a b\"]")),
            (FileKind::Config, SectionName::Defaults, Some("[DEFAULT]")),
            (FileKind::Credentials, profile("default"), Some("[default]")),
            (FileKind::Credentials, profile("b c"), Some("[b c]")),
            (FileKind::Credentials, profile("profile x"), Some("[profile x]")),
            (FileKind::Credentials, profile("DEFAULT"), None),
            (FileKind::Credentials, SectionName::SsoSession("corp".into()), None),
        ] {
            assert_eq!(section.header(file).ok().as_deref(), expected, "{section:?}");
        }
    }
}
