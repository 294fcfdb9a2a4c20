//! `--outputs DIR`: one file per profile and stream.

use std::collections::HashSet;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result, io_words};

/// The longest name of a file without its ending, in bytes.
const LONGEST: usize = 200;

/// The files of all profiles.
pub struct Outputs {
    directory: PathBuf,
    names: Vec<String>,
}

impl Outputs {
    /// Makes the directory, if it is not there, and names the files.
    ///
    /// # Errors
    /// Returns an error if the directory cannot be made.
    pub fn new(directory: &Path, profiles: &[String]) -> Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| {
            Error::new(format!("cannot make the directory {} ({})", directory.display(), io_words(&error)))
                .advise("name another one with --outputs")
        })?;
        Ok(Self { directory: directory.to_owned(), names: file_names(profiles) })
    }

    /// Opens the two files of a profile, empty and only for this user.
    pub(crate) fn open(&self, profile: usize) -> io::Result<[File; 2]> {
        let name = self.names.get(profile).map_or("", String::as_str);
        let open = |ending: &str| {
            let path = self.directory.join(format!("{name}.{ending}"));
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
            let file = options.open(path)?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            io::Result::Ok(file)
        };
        Ok([open("out")?, open("err")?])
    }
}

/// A name of a file for each profile. Two of them are never the same, also where capitals make no difference.
fn file_names(profiles: &[String]) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut name = |profile: &String| {
        let fit = fit(profile);
        let numbered = (2..).map(|number: u32| format!("{fit}-{number}"));
        let mut names = std::iter::once(fit.clone()).chain(numbered);
        names.find(|name| taken.insert(name.to_lowercase())).unwrap_or_default()
    };
    profiles.iter().map(&mut name).collect()
}

/// The name with `_` for what a name of a file cannot hold.
fn fit(profile: &str) -> String {
    let fit = |c: char| if c == '/' || c == '\\' || c == ':' || c.is_control() { '_' } else { c };
    let mut name: String = profile.chars().map(fit).collect();
    let mut end = name.len().min(LONGEST);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    if name.is_empty() || name.starts_with('.') {
        name.insert(0, '_');
    }
    name
}

#[cfg(test)]
mod tests {
    use crate::command::many::outputs::file_names;

    #[test]
    fn names_are_fit_for_files_and_different() {
        let profiles = ["dev", "a/b", "a_b", "A_B", "..", "", "x\ny", "dev-2", "帳號"].map(String::from);
        let names = file_names(&profiles);
        assert_eq!(names, ["dev", "a_b", "a_b-2", "A_B-3", "_..", "_", "x_y", "dev-2", "帳號"]);
        let long = file_names(&["é".repeat(300), "é".repeat(301)]);
        assert_eq!(long[0], "é".repeat(100));
        assert_eq!(long[1], format!("{}-2", "é".repeat(100)));
    }
}
