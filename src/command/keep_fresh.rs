//! The configuration file of `--keep-fresh`: the user's own, and a generated profile whose `credential_process` is
//! aws-auth. With it the command's SDK asks aws-auth for new credentials when it needs them (docs/design.md, "Renewals:
//! --keep-fresh").

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cache::keys::hex_sha1;
use crate::cache::store::{self, Store};
use crate::command::fresh_files;
use crate::config::profiles::Profile;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::env::snapshot::Snapshot;
use crate::error::{Error, Result, io_words};
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Mfa};
use crate::system::directories::Whose;
use crate::system::{directories, private_files};
use crate::text::shell_words::shell_word;

/// The keys of a profile that lead to credentials, besides `sso_*`. Everything else is a setting.
const CREDENTIAL_KEYS: [&str; 18] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "aws_credential_expiration",
    "credential_process",
    "credential_source",
    "duration_seconds",
    "external_id",
    "login_session",
    "mfa_process",
    "mfa_serial",
    "mfa_session_duration",
    "role_arn",
    "role_session_name",
    "source_identity",
    "source_profile",
    "web_identity_token_file",
];

/// Settings that AWS documents and whose values are never secret. `--explain` hides the values of all others.
const KEYS_WITHOUT_SECRETS: [&str; 24] = [
    "account_id_endpoint_mode",
    "ca_bundle",
    "cli_auto_prompt",
    "cli_binary_format",
    "cli_history",
    "cli_pager",
    "cli_timestamp_format",
    "defaults_mode",
    "endpoint_discovery_enabled",
    "ignore_configured_endpoint_urls",
    "max_attempts",
    "output",
    "parameter_validation",
    "region",
    "request_checksum_calculation",
    "response_checksum_validation",
    "retry_mode",
    "s3",
    "s3_disable_multiregion_access_points",
    "s3_use_arn_region",
    "services",
    "sts_regional_endpoints",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
];

/// The configuration file for a command, and the profile in it.
pub struct RenewalFile {
    /// The name of the generated profile.
    pub profile: String,
    /// The path of the file.
    pub path: String,
    /// The generated profile as `--explain` shows it: a value that may be a secret is `…`.
    pub shown: String,
    /// The generated profile as it is in the file.
    section: String,
    /// The caller's AWS_CONFIG_FILE as an absolute path; empty if it is set to nothing, `None` if it is not set.
    pub callers_file: Option<String>,
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
        let Context { snapshot, set, store, .. } = context;
        let Some(name) = &plan.profile else { return Err(nothing_to_renew("the environment holds credentials")) };
        if let Base::Environment { .. } = plan.base {
            return Err(nothing_to_renew(&format!("profile '{name}' starts from keys in the environment")));
        }
        refuse_lost_codes(plan, context)?;
        let profile = generated_name(name, |taken| set.profile(taken).is_some());
        let words = credential_process(name, context)?;
        let process = process_line(&words);
        let own = set.profile(name);
        let section = |process: &str, hides: bool| {
            let settings = own.as_ref().map(|own| settings(own, plan, context, hides)).unwrap_or_default();
            format!("[profile {profile}]\ncredential_process = {process}\n{settings}")
        };
        let (shown, section) = (section(&process_line(&without_arguments(&words)), true), section(&process, false));
        let (callers_file, source) = own_file(snapshot)?;
        // Runs with the same configuration file, profile and options share a file.
        let key = hex_sha1(&format!("{source}\n{name}\n{process}"));
        let dir = directory(snapshot, store)?;
        let path = text(&absolute(dir.join(fresh_files::name(&key))))?;
        let command = command.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { profile, path, shown, section, callers_file, command })
    }

    /// Writes the file, unless it exists with the same contents.
    ///
    /// # Errors
    /// Returns an error if it cannot be written: without it the command would have no credentials.
    pub fn write(&self, context: &Context<'_>) -> Result<()> {
        let path = Path::new(&self.path);
        // The command needs no access keys: its credentials come from aws-auth, which reads the user's own file.
        let own = zeroize::Zeroizing::new(context.set.text_without_access_keys(FileKind::Config));
        let end = if own.is_empty() || own.ends_with('\n') { "" } else { "\n" };
        let contents = zeroize::Zeroizing::new(format!(
            "{}{end}\n# Written by aws-auth --keep-fresh for the command that it started; the next run replaces it.\n{}",
            *own, self.section
        ));
        if directories::make(path.parent().unwrap_or(path), Whose::Own).is_ok()
            && private_files::holds(path, contents.as_bytes())
        {
            fresh_files::note_use(path);
            return Ok(());
        }
        private_files::write(path, contents.as_bytes(), Whose::Own).map_err(|error| {
            Error::new(format!("cannot write {} ({})", self.path, io_words(&error)))
                .advise("make room there, or leave --keep-fresh out")
        })?;
        fresh_files::remove_old(path);
        Ok(())
    }
}

/// The error if new credentials cannot be obtained later: only the keys in the environment are known.
pub fn nothing_to_renew(why: &str) -> Error {
    Error::new(format!("--keep-fresh has nothing to renew credentials from: {why}"))
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

/// `aws-auth-NAME`, with only characters that every SDK accepts in a profile name, and a number if the name is taken.
fn generated_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-./%@:+".contains(c) { c } else { '-' };
    let name = format!("aws-auth-{}", name.chars().map(plain).collect::<String>());
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
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

/// The profile's settings, without the keys that lead to credentials, and with the region that the command gets.
fn settings(profile: &Profile<'_>, plan: &Acquisition, context: &Context<'_>, hides: bool) -> String {
    let mut text = String::new();
    for (key, value) in profile.entries() {
        let is_known = KEYS_WITHOUT_SECRETS.contains(&&*key);
        // In the credentials file, a key that AWS does not document may hold another program's secret.
        let may_be_secret = value.at.file == FileKind::Credentials && !is_known && key != "endpoint_url";
        if CREDENTIAL_KEYS.contains(&&*key) || key.starts_with("sso_") || key == "region" || may_be_secret {
            continue;
        }
        text.push_str(&key);
        text.push_str(" =");
        if hides && !is_known {
            text.push_str(" …\n");
            continue;
        }
        let mut lines = value.text.split('\n').filter(|line| !line.is_empty());
        if !value.text.starts_with('\n')
            && let Some(first) = lines.next()
        {
            text.push(' ');
            text.push_str(first);
        }
        text.push('\n');
        for line in lines {
            text.push_str("    ");
            text.push_str(line);
            text.push('\n');
        }
    }
    let of_plan = plan.region.as_ref().map(|region| &region.value);
    if let Some(region) = context.request.region.as_ref().or(of_plan) {
        text.extend(["region = ", region.as_str(), "\n"]);
    }
    text
}

/// The absolute path. HOME and the variables for files may be relative, and the command may use the path in another
/// directory.
fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// The caller's AWS_CONFIG_FILE, if it is set, and the absolute path of the config file.
fn own_file(snapshot: &Snapshot) -> Result<(Option<String>, String)> {
    let path = match snapshot.config_file() {
        Some(path) => text(&absolute(path))?,
        None => String::new(),
    };
    Ok((snapshot.var(FileKind::Config.variable()).map(|_| path.clone()), path))
}

/// The directory of these files. XDG_RUNTIME_DIR is preferred, since it is removed at the end of the login session.
fn directory(snapshot: &Snapshot, store: &Store) -> Result<PathBuf> {
    let refused = |why: String| {
        Error::new(format!("--keep-fresh has no place for its file: {why}"))
            .advise("set XDG_RUNTIME_DIR, or leave --keep-fresh out")
    };
    let dir = match snapshot.runtime_dir() {
        Some(dir) => dir.join("aws-auth"),
        None => snapshot.state_dir().filter(|_| store.writable()).ok_or_else(|| {
            refused(store.keeps_nothing().unwrap_or_else(|| String::from("there is no home directory")))
        })?,
    };
    // The command would run what another user had put into the file.
    match store::unusable(&dir) {
        None => Ok(dir),
        Some(why) => Err(refused(why)),
    }
}

fn text(path: &Path) -> Result<String> {
    path.to_str().map(String::from).ok_or_else(|| {
        Error::new(format!("{} is not UTF-8 text, which --keep-fresh needs", path.display()))
            .advise("leave --keep-fresh out")
    })
}
