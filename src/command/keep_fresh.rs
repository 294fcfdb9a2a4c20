//! A configuration file for one command, which lets the command's own SDK ask aws-auth for new credentials whenever it
//! needs them (`--keep-fresh`): the user's own file, and a profile whose `credential_process` is aws-auth.

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

/// The keys of a profile that lead to credentials. Everything else is a setting.
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

/// What AWS documents for a profile besides credentials, and no value of which is a secret: `--explain` shows these.
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

/// The file that a command gets, and the profile in it.
pub struct RenewalFile {
    /// The name of the generated profile.
    pub profile: String,
    /// Where the file is.
    pub path: String,
    /// The generated profile for eyes: a value that may be a secret is `…`.
    pub shown: String,
    /// The generated profile as it stands in the file.
    section: String,
    /// The caller's AWS_CONFIG_FILE, as an absolute path, where it is set; empty when it is set to nothing.
    pub callers_file: Option<String>,
    /// The command's name.
    pub command: String,
}

impl RenewalFile {
    /// Works out the file for a command, and writes nothing.
    ///
    /// # Errors
    /// When the command could not renew such credentials, or its SDK could not read how.
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
        // One for each profile, its options, and configuration.
        let key = hex_sha1(&format!("{source}\n{name}\n{process}"));
        let dir = directory(snapshot, store)?;
        let path = text(&dir.join(fresh_files::name(&key)))?;
        let command = command.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(Self { profile, path, shown, section, callers_file, command })
    }

    /// Writes the file, unless it is there as it should be: commands that use it go on with it.
    ///
    /// # Errors
    /// When it cannot be written: without it the command has no credentials.
    pub fn write(&self, context: &Context<'_>) -> Result<()> {
        let path = Path::new(&self.path);
        // The command needs none: its credentials come from aws-auth, which reads the user's own file.
        let own = zeroize::Zeroizing::new(context.set.text_without_access_keys(FileKind::Config));
        let end = if own.is_empty() || own.ends_with('\n') { "" } else { "\n" };
        let contents = zeroize::Zeroizing::new(format!(
            "{}{end}\n# Made by aws-auth --keep-fresh for the command that it ran; the next run makes it anew.\n{}",
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

/// There is nothing that new credentials could come from.
pub fn nothing_to_renew(why: &str) -> Error {
    Error::new(format!("--keep-fresh has nothing to renew credentials from: {why}"))
        .advise("name a profile with -p that has keys, a role or SSO of its own, or leave --keep-fresh out")
}

/// What is not kept is lost to the command, which starts without keys and would ask for a code at once.
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

/// `aws-auth-NAME`, in characters that every SDK takes in the name of a profile, and not the name of another one.
fn generated_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "_-./%@:+".contains(c) { c } else { '-' };
    let name = format!("aws-auth-{}", name.chars().map(plain).collect::<String>());
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(name)
}

/// The words of the command that prints new credentials.
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
            "a path, a name or an option has a control character in it, which no credential_process can hold",
        )
        .advise("leave --keep-fresh out"));
    }
    Ok(words)
}

fn process_line(words: &[String]) -> String {
    words.iter().map(|word| process_word(word)).collect::<Vec<_>>().join(" ")
}

/// The same words for eyes: the arguments of an mfa_process may be a secret.
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

/// A word of a `credential_process`, which some SDKs split as Python's shlex does, and others give to a shell; and
/// before that some take ` #` and ` ;` for the beginning of a comment.
fn process_word(word: &str) -> String {
    let mild = !word.contains(['"', '\\', '$', '`', '!', '\'', '#', ';']);
    let quoted = shell_word(word);
    if quoted == word {
        quoted
    } else if mild {
        // As the AWS documentation writes it.
        format!("\"{word}\"")
    } else {
        // Outside the quotes, with a backslash before it, it has no white space before it.
        quoted.replace('#', "'\\#'").replace(';', "'\\;'")
    }
}

/// The profile's own settings, without what leads to credentials; and the region that the command is told.
fn settings(profile: &Profile<'_>, plan: &Acquisition, context: &Context<'_>, hides: bool) -> String {
    let mut text = String::new();
    for (key, value) in profile.entries() {
        let is_known = KEYS_WITHOUT_SECRETS.contains(&&*key);
        // In the credentials file, what AWS does not document may be a secret of another program.
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

/// The caller's AWS_CONFIG_FILE, and the path that it means.
fn own_file(snapshot: &Snapshot) -> Result<(Option<String>, String)> {
    let path = match snapshot.config_file() {
        Some(path) => text(&std::path::absolute(&path).unwrap_or(path))?,
        None => String::new(),
    };
    Ok((snapshot.var(FileKind::Config.variable()).map(|_| path.clone()), path))
}

/// Where these files are: gone with the login session where there is such a place.
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
    // The command would run what another user had put there.
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
