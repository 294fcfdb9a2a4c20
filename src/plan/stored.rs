//! `credential_process = aws-auth --stored-keys ID`: long-term keys that aws-auth keeps in a store.

use std::path::Path;

use crate::text::shell_words::split_words;

/// The option of the process, without its dashes.
pub const OPTION: &str = "stored-keys";

/// The name of the program.
pub const PROGRAM: &str = "aws-auth";

/// The access key id in the command line of a `credential_process`, if it is aws-auth with this option alone. Such a
/// process is not run: its keys are known by their id, and the store is read by this process.
pub fn key_id(command: &str) -> Option<String> {
    let words = split_words(command).ok()?;
    let (program, options) = words.split_first()?;
    if Path::new(program).file_name()? != PROGRAM {
        return None;
    }
    let id = match options {
        [option, id] if option.strip_prefix("--") == Some(OPTION) => id.as_str(),
        [option] => option.strip_prefix("--")?.strip_prefix(OPTION)?.strip_prefix('=')?,
        _ => return None,
    };
    is_key_id(id).then(|| id.to_owned())
}

/// Whether this can be an access key id. It names a file, so it must not be a path.
pub fn is_key_id(text: &str) -> bool {
    (16..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use crate::plan::stored::key_id;

    const ID: &str = "AKIAIOSFODNN7EXAMPLE";

    #[test]
    fn only_our_own_process_is_recognised() {
        for (command, is_ours) in [
            (format!("aws-auth --stored-keys {ID}"), true),
            (format!("aws-auth --stored-keys={ID}"), true),
            (format!("'/opt/my tools/aws-auth'  --stored-keys  \"{ID}\""), true),
            (format!("aws-auth2 --stored-keys {ID}"), false),
            (format!("aws-auth -q --stored-keys {ID}"), false),
            (format!("aws-auth --stored-keys {ID} x"), false),
            (format!("aws-auth --stored-keys ../{ID}"), false),
            (String::from("aws-auth --stored-keys AKIA"), false),
            (format!("aws-auth --stored-keysX={ID}"), false),
            (String::from("aws-auth --stored-keys"), false),
            (format!("sh -c 'aws-auth --stored-keys {ID}'"), false),
        ] {
            assert_eq!(key_id(&command).as_deref(), is_ours.then_some(ID), "{command}");
        }
    }
}
