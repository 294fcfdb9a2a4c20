//! What was probably meant by a command that is not there: a profile, an action without its dashes, or a subcommand of
//! another program of this kind. There are no subcommands, so a command that is there just runs.

use std::borrow::Cow;
use std::ffi::OsString;

use crate::cli::{action, options};
use crate::error::{Error, Kind};
use crate::text::shell_words::shell_word;

/// A command of more characters is shortened, because an advice is one line.
const LONGEST: usize = 60;

/// Words that other programs use for an action of this one.
const OTHER_NAMES: [(&str, &str); 2] = [("clear", "logout"), ("sso", "login")];

/// If this is the error of a command that was not found, adds the hint.
pub fn suggest(error: Error, hint: impl FnOnce() -> Option<String>) -> Error {
    let hint = if error.kind() == Kind::CommandNotFound { hint() } else { None };
    match hint {
        Some(hint) => error.advise(hint),
        None => error,
    }
}

/// The advice about a command that was not found; `None` if its name says nothing.
pub fn hint(command: &[OsString], is_profile: impl Fn(&str) -> bool) -> Option<String> {
    let words: Vec<Cow<'_, str>> = command.iter().map(|word| word.to_string_lossy()).collect();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let (name, rest) = words.split_first()?;
    match *name {
        name if is_profile(name) => {
            let name = shell_word(name);
            Some(format!("to use the profile of that name, write aws-auth -p {name} {}", written(rest)))
        }
        "exec" => Some(exec(rest, is_profile)),
        "assume" => Some(assume(rest)),
        name => {
            let name = OTHER_NAMES.iter().find(|(other, _)| *other == name).map_or(name, |(_, ours)| ours);
            option(name, rest, is_profile)
        }
    }
}

/// The same for a command that was to run for the profiles of `--each` with these patterns.
pub fn hint_of_each(patterns: &str, command: &[OsString], is_profile: impl Fn(&str) -> bool) -> Option<String> {
    let names: Vec<&str> = command.iter().map_while(|word| word.to_str().filter(|word| is_profile(word))).collect();
    if names.is_empty() {
        return hint(command, is_profile);
    }
    let patterns = [&[patterns], names.as_slice()].concat().join(",");
    let which = if names.len() == 1 { "profile of that name" } else { "profiles of those names" };
    Some(format!("to use the {which} too, write --each {}", shell_word(&patterns)))
}

/// `aws-vault exec PROFILE [--] COMMAND`, and without a COMMAND a shell.
fn exec(rest: &[&str], is_profile: impl Fn(&str) -> bool) -> String {
    let behind_dashes = rest.iter().position(|word| *word == "--").and_then(|at| rest.get(at + 1..));
    let profile = rest.first().filter(|word| !word.starts_with('-'));
    match (profile, behind_dashes) {
        (Some(profile), None) if rest.len() == 1 => {
            format!("for a shell, write aws-auth -p {} --shell", shell_word(profile))
        }
        (Some(profile), Some(command)) => format!("write aws-auth -p {} {}", shell_word(profile), written(command)),
        (Some(profile), None) if is_profile(profile) => {
            format!("write aws-auth -p {} {}", shell_word(profile), written(rest.get(1..).unwrap_or_default()))
        }
        (_, command) => format!("write aws-auth -p PROFILE {}", written(command.unwrap_or_default())),
    }
}

/// `assume PROFILE` of Granted: the credentials in the shell, with `-c` the console, with `--exec` a command.
fn assume(rest: &[&str]) -> String {
    let has = |names: [&str; 2]| rest.iter().any(|word| names.contains(word));
    if has(["-un", "--unset"]) {
        return String::from("write eval \"$(aws-auth --unset)\"");
    }
    let opens_console = has(["-c", "--console"]);
    let first = rest.iter().find(|word| !["-c", "--console"].contains(word)).filter(|word| !word.starts_with('-'));
    let profile = first.map_or_else(|| String::from("PROFILE"), |name| shell_word(name));
    if opens_console {
        return format!("write aws-auth -p {profile} --console");
    }
    match rest.iter().position(|word| *word == "--").and_then(|at| rest.get(at + 1..)) {
        Some(command) => format!("write aws-auth -p {profile} {}", written(command)),
        None => format!(
            "for a shell, write aws-auth -p {profile} --shell; for this one, eval \"$(aws-auth -p {profile} --export)\""
        ),
    }
}

/// An option without its dashes. If the words after it can only be meant for it, they are part of the advice.
fn option(name: &str, rest: &[&str], is_profile: impl Fn(&str) -> bool) -> Option<String> {
    let definition = options::definition();
    let option = definition.get_arguments().find(|option| option.get_long() == Some(name))?;
    let is_action = |word: String| options::parse(&[OsString::from(word)]).is_ok_and(|cli| action::of(&cli).is_ok());
    let written = match rest {
        [value] if option.is_require_equals_set() && is_action(format!("--{name}={value}")) => {
            format!("--{name}={}", shell_word(value))
        }
        [profile] if is_profile(profile) && is_action(format!("--{name}")) => {
            format!("aws-auth -p {} --{name}", shell_word(profile))
        }
        // No other options, since one of them may be a code.
        ["-p" | "--profile", profile] if is_action(format!("--{name}")) => {
            format!("aws-auth -p {} --{name}", shell_word(profile))
        }
        _ => format!("--{name}"),
    };
    Some(format!("did you mean {written}?"))
}

/// The words of a command, as they are typed behind the options of aws-auth.
fn written(words: &[&str]) -> String {
    let words = words.strip_prefix(&["--"]).unwrap_or(words);
    match words {
        [] => String::from("COMMAND"),
        [option, ..] if option.starts_with('-') => String::from("COMMAND"),
        [program, ..] => {
            let whole = words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ");
            if whole.chars().count() > LONGEST { format!("{} …", shell_word(program)) } else { whole }
        }
    }
}
