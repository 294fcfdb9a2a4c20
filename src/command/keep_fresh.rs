//! `--keep-fresh`: a generated profile whose `credential_process` is aws-auth. With it the command's SDK asks aws-auth for
//! new credentials when it needs them (docs/design.md, "Renewals: --keep-fresh").

use std::ffi::OsString;

use crate::command::old_configs;
use crate::command::private_config::{PrivateConfig, settings, text};
use crate::config::value::FileKind;
use crate::context::Context;
use crate::error::{Error, Result, io_words};
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Mfa};
use crate::plan::web_identity::TokenSource;
use crate::text::shell_words::shell_word;

const NOTHING: &str = "--keep-fresh has nothing to renew credentials from";

/// The configuration file for a command, and the profile in it.
pub struct RenewalFile {
    /// The name of the generated profile.
    pub profile: String,
    /// The file.
    pub config: PrivateConfig,
    /// The generated profile as `--explain` shows it: a value that may be a secret is `…`.
    pub shown: String,
    /// The command's name as it was typed, for the prompt of a renewal.
    pub command: String,
}

impl RenewalFile {
    /// Works out the file for a command. Nothing is written yet.
    ///
    /// # Errors
    /// Returns an error if the plan's credentials cannot be renewed, there is no directory for the file, or a name or
    /// path cannot be written in a `credential_process`.
    pub fn new(plan: &Acquisition, command: &[OsString], context: &Context<'_>) -> Result<Self> {
        let Some(name) = &plan.profile else { return Err(without_profile(plan)) };
        if let Base::Environment { .. } = plan.base {
            return Err(nothing_to_renew(&format!("profile '{name}' starts from keys in the environment")));
        }
        refuse_lost_codes(plan, context)?;
        let profile = profile_name(name, context);
        let words = credential_process(name, context)?;
        let own = context.set.profile(name);
        let header = if profile == "default" { String::from("default") } else { format!("profile {profile}") };
        let section = |process: &str, hides: bool| {
            let settings = own.as_ref().map(|own| settings(own, plan, context, hides)).unwrap_or_default();
            format!("[{header}]\ncredential_process = {process}\n{settings}")
        };
        let shown = section(&process_line(&without_arguments(&words)), true);
        let section = section(&process_line(&words), false);
        // Java 2 and Rust cannot read a file with such a header, even if they look for another profile.
        let replaced = if name.contains(['#', ';']) { name } else { &profile };
        let config = PrivateConfig::new(old_configs::RENEWING, replaced, section, context)
            .map_err(|error| error.in_front("--keep-fresh"))?;
        let command = command.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { profile, config, shown, command })
    }
}

/// The error if no profile is named.
fn without_profile(plan: &Acquisition) -> Error {
    match &plan.base {
        Base::WebIdentity { web, .. } if matches!(web.token, TokenSource::GitHub(_)) => Error::new(format!(
            "{NOTHING}: no profile is named, and the commands' SDKs do not know the token of a GitHub Actions job"
        ))
        .advise("write a profile with credential_source = GitHubActions, and name it with -p"),
        _ => nothing_to_renew("the environment holds credentials"),
    }
}

/// The error if new credentials cannot be obtained later: only the keys in the environment are known.
pub fn nothing_to_renew(why: &str) -> Error {
    Error::new(format!("{NOTHING}: {why}"))
        .advise("name a profile with -p that has keys, a role or SSO of its own, or leave --keep-fresh out")
}

/// Refuses a plan that needs MFA codes if nothing is cached and no mfa_process gives them. The command starts without
/// keys, so its first call would ask for another code.
fn refuse_lost_codes(plan: &Acquisition, context: &Context<'_>) -> Result<()> {
    let needs_code = plan.session.is_some() || plan.roles.iter().any(|role| matches!(role.mfa, Mfa::Code(_)));
    if !needs_code || plan.mfa_process.is_some() {
        return Ok(());
    }
    let why = match (context.store.keeps_nothing(), context.store.state()) {
        (None, Some(_)) => return Ok(()),
        (None, None) => String::from("--no-cache (or AWS_AUTH_NO_CACHE) is on"),
        (Some(why), _) => why,
    };
    Err(Error::new(format!("--keep-fresh would ask for a code again and again: {why}"))
        .advise("leave one of them out, or configure an mfa_process"))
}

/// The name of the generated profile: the user's own, so that what the command notes of it (a kubeconfig) stays true.
/// Otherwise it is `aws-auth-NAME`, with a number if that is taken: if the credentials file has a section of the name,
/// whose keys would count more, or if an SDK could misread the name.
fn profile_name(name: &str, context: &Context<'_>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./%@:+".contains(c);
    let in_credentials =
        |name: &str| context.set.profile(name).is_some_and(|profile| profile.in_file(FileKind::Credentials).is_some());
    if name.chars().all(is_plain) && !in_credentials(name) {
        return name.to_owned();
    }
    let plain = |c: char| if is_plain(c) { c } else { '-' };
    let name = format!("aws-auth-{}", name.chars().map(plain).collect::<String>());
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let is_taken = |name: &String| context.set.profile(name).is_some();
    std::iter::once(name.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(name)
}

/// The words of the `credential_process` that prints new credentials.
fn credential_process(name: &str, context: &Context<'_>) -> Result<Vec<String>> {
    let executable = (context.snapshot.executable)().map_err(|error| {
        Error::new(format!("cannot find the path of aws-auth itself ({})", io_words(&error)))
            .advise("leave --keep-fresh out")
    })?;
    let mut words = vec![text(&executable)?];
    match name.strip_prefix('-') {
        None => words.extend([String::from("-p"), name.to_owned()]),
        Some(_) => words.push(format!("--profile={name}")),
    }
    if let Some(role) = &context.request.role.arn {
        words.extend([String::from("--role-arn"), role.as_str().to_owned()]);
    }
    words.extend(context.request.keep_fresh.options.iter().cloned());
    words.extend(context.request.bounds.iter().flat_map(|bounds| bounds.words()));
    words.push(String::from("--export=json"));
    if words.iter().any(|word| word.chars().any(char::is_control)) {
        return Err(Error::new(
            "a path, a name or an option contains a control character, which a credential_process cannot hold",
        )
        .advise("leave --keep-fresh out"));
    }
    Ok(words)
}

fn process_line(words: &[String]) -> String {
    words.iter().map(|word| process_word(word)).collect::<Vec<_>>().join(" ")
}

/// The words to show: without the arguments of `--mfa-process`, which may be secrets.
fn without_arguments(words: &[String]) -> Vec<String> {
    let mut shown = words.to_vec();
    if let Some(at) = words.iter().position(|word| word == "--mfa-process")
        && let Some(command) = shown.get_mut(at + 1)
        && let Some((program, _)) = command.split_once(' ')
    {
        *command = format!("{program} …");
    }
    shown
}

/// Quotes a word of a `credential_process` so that every SDK reads the same. Some split the line as Python's shlex
/// does, others give it to a shell, and some cut it at ` #` or ` ;` before that, as a comment.
fn process_word(word: &str) -> String {
    let plain_in_quotes = !word.contains(['"', '\\', '$', '`', '!', '\'', '#', ';']);
    let quoted = shell_word(word);
    if quoted == word {
        quoted
    } else if plain_in_quotes {
        // Double quotes, as in the AWS documentation.
        format!("\"{word}\"")
    } else {
        // `'\#'` closes the quotes around the character, so that no blank is directly before it.
        quoted.replace('#', "'\\#'").replace(';', "'\\;'")
    }
}
