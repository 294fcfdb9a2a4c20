//! The options of the command line and their parsing. `request` checks their values.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};

use crate::error::{Error, Result};

/// The command line as it was written. The environment is not considered yet.
#[derive(Debug, Default, Clone, PartialEq, Parser)]
#[command(
    name = "aws-auth",
    version,
    about = "Run a command with the credentials of an AWS profile",
    override_usage = "aws-auth [OPTIONS] [--] COMMAND [ARG]...\n       aws-auth [OPTIONS] ACTION",
    args_override_self = true,
    disable_help_flag = true,
    disable_version_flag = true
)]
pub struct Cli {
    /// The profile; else keys in the environment, or default [env: AWS_PROFILE, then AWS_DEFAULT_PROFILE]
    #[arg(short, long, value_name = "NAME", help_heading = "Running")]
    pub profile: Option<String>,

    /// Assume this role with the credentials of the profile
    #[arg(long, value_name = "ARN", help_heading = "Running")]
    pub role_arn: Option<String>,

    /// Region for STS and the command [env: AWS_REGION, then AWS_DEFAULT_REGION]
    #[arg(long, value_name = "REGION", help_heading = "Running")]
    pub region: Option<String>,

    /// Length of the role session: 900, 90m, 12h [env: AWS_AUTH_DURATION]
    #[arg(long, value_name = "TIME", help_heading = "Running")]
    pub duration: Option<String>,

    /// Require credentials that are good for at least this long; 15m by default [env: AWS_AUTH_MIN_TTL]
    #[arg(long, value_name = "TIME", help_heading = "Running")]
    pub min_ttl: Option<String>,

    /// Get new role credentials even if some are cached; with --login also a new MFA session
    #[arg(long, help_heading = "Running")]
    pub refresh: bool,

    /// Use no cache: no credentials, no MFA session and no used codes are read or kept [env: AWS_AUTH_NO_CACHE]
    #[arg(long, help_heading = "Running")]
    pub no_cache: bool,

    /// Let COMMAND renew its credentials for as long as it runs: its SDK asks aws-auth for new ones
    #[arg(long, help_heading = "Running")]
    pub keep_fresh: bool,

    /// Answer the question of a profile with aws_auth_confirm [env: AWS_AUTH_YES=1]
    #[arg(short, long, help_heading = "Running")]
    pub yes: bool,

    /// Choose the profile on the terminal, by typing a part of its name, account or role
    #[arg(long, help_heading = "Running")]
    pub pick: bool,

    /// Run COMMAND once for each profile whose name matches: 'dev-*,!dev-old'
    #[arg(long, value_name = "PATTERNS", help_heading = "Many profiles")]
    pub each: Option<String>,

    /// With --each: run N at once, with the profile before each line of their output
    #[arg(short, long, value_name = "N", help_heading = "Many profiles")]
    pub jobs: Option<String>,

    /// With --each: start no more after one has failed
    #[arg(long, help_heading = "Many profiles")]
    pub fail_fast: bool,

    /// With --each: write the output to PROFILE.out and PROFILE.err in DIR
    #[arg(long, value_name = "DIR", help_heading = "Many profiles")]
    pub outputs: Option<String>,

    /// Credentials that can only read: the role with AWS's policy ReadOnlyAccess as its session policy
    #[arg(long, help_heading = "Session")]
    pub read_only: bool,

    /// Bound the role by this session policy: the ARN of a managed policy, or a file with one in JSON. Several add up
    #[arg(long, value_name = "ARN|FILE", help_heading = "Session")]
    pub policy: Vec<String>,

    /// Name of the role session, as CloudTrail shows it
    #[arg(long, value_name = "NAME", help_heading = "Session")]
    pub session_name: Option<String>,

    /// Source identity of the role session, which roles that it assumes keep
    #[arg(long, value_name = "NAME", help_heading = "Session")]
    pub source_identity: Option<String>,

    /// A tag of the role session; may be repeated
    #[arg(long, value_name = "KEY=VALUE", help_heading = "Session")]
    pub tag: Vec<String>,

    /// The key of a tag that follows into the roles that the session assumes; may be repeated
    #[arg(long, value_name = "KEY", help_heading = "Session")]
    pub transitive_tag: Vec<String>,

    /// The MFA code. Other users of the machine can see this option in the list of processes, but not the variable
    /// [env: AWS_AUTH_MFA_TOKEN]
    #[arg(short = 't', long, value_name = "CODE", help_heading = "MFA")]
    pub mfa_token: Option<String>,

    /// A command that prints an MFA code [env: AWS_AUTH_MFA_PROCESS]
    #[arg(long, value_name = "CMD", help_heading = "MFA")]
    pub mfa_process: Option<String>,

    /// Ask for a code for each role, and keep no MFA session [env: AWS_AUTH_MFA_SESSION=off]
    #[arg(long, help_heading = "MFA")]
    pub no_mfa_session: bool,

    /// Run $SHELL with the credentials
    #[arg(short, long, help_heading = "Actions")]
    pub shell: bool,

    /// Cache fresh credentials if there are none; sign in if needed; =aws: with `aws login`, also for a new profile
    #[arg(long, value_name = "aws", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Actions")]
    pub login: Option<String>,

    /// Forget the profile's cached credentials and its MFA session
    #[arg(long, help_heading = "Actions")]
    pub logout: bool,

    /// With --logout: forget those of every profile
    #[arg(long, help_heading = "Actions")]
    pub all: bool,

    /// With --logout: keep the MFA session
    #[arg(long, help_heading = "Actions")]
    pub role_only: bool,

    /// Print the credentials: sh (the default), fish and powershell for a shell, dotenv for docker, json for a
    /// credential_process
    #[arg(long, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "sh", help_heading = "Actions")]
    pub export: Option<String>,

    /// Print what takes the variables of --export out of the shell again: sh (the default), fish, powershell
    #[arg(long, value_name = "SHELL", num_args = 0..=1, require_equals = true, default_missing_value = "sh", help_heading = "Actions")]
    pub unset: Option<String>,

    /// Show how the profile resolves, and what a run would do now; no network, no secret
    #[arg(long, help_heading = "Actions")]
    pub explain: bool,

    /// List every profile: account, role, source, MFA, region, time left; * marks the current one
    #[arg(long, help_heading = "Actions")]
    pub list: bool,

    /// Print the time left, for a shell prompt
    #[arg(long, help_heading = "Actions")]
    pub status: bool,

    /// Ask STS whose the credentials are
    #[arg(long, help_heading = "Actions")]
    pub whoami: bool,

    /// Set up what is missing of keys, MFA device and profiles, and ask for it; then --check. --from takes the profiles of
    /// your team's file
    #[arg(long, help_heading = "Actions")]
    pub setup: bool,

    /// Try the profile for real: resolve it, get its credentials, ask STS whose they are; 1 if it does not work
    #[arg(long, help_heading = "Actions")]
    pub check: bool,

    /// Write a profile into the config file for every account and role of the login of [sso-session SESSION]
    #[arg(long, value_name = "SESSION", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Actions")]
    pub sync_sso: Option<String>,

    /// With --sync-sso: remove the profiles it made whose role is gone
    #[arg(long, help_heading = "Actions")]
    pub prune: bool,

    /// Sign in to the AWS console as the role and open the browser, at PAGE (s3, billing and so on, a /path, a URL)
    #[arg(long, value_name = "PAGE", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Actions")]
    pub console: Option<String>,

    /// With --console: end the session that the browser has in the console first
    #[arg(long, help_heading = "Actions")]
    pub console_logout: bool,

    /// With --console, --login and --sync-sso: print the link instead
    #[arg(long, help_heading = "Actions")]
    pub no_browser: bool,

    /// Print the console's switch-role link
    #[arg(long, help_heading = "Actions")]
    pub switch_role_url: bool,

    /// Print completions for bash, zsh, fish, powershell, elvish
    #[arg(long, value_name = "SHELL", help_heading = "Actions")]
    pub completions: Option<String>,

    /// Print the manual page
    #[arg(long, help_heading = "Actions")]
    pub man: bool,

    /// Show all options; -h shows the usual ones
    #[arg(long, help_heading = "Actions")]
    pub help: bool,

    /// Show the usual options
    #[arg(short = 'h', hide = true)]
    pub short_help: bool,

    /// Show the version
    #[arg(short = 'V', long, help_heading = "Actions")]
    pub version: bool,

    /// Move the long-term keys of the profile into a store: keyring, file (encrypted with a passphrase), or back into
    /// the credentials file with credentials
    #[arg(long, value_name = "STORE", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Keys")]
    pub store_keys: Option<String>,

    /// With --store-keys: take the keys from accessKeys.csv, or from the JSON of a credential_process. With --setup: the
    /// team's config file. - is stdin
    #[arg(long, value_name = "FILE", help_heading = "Keys")]
    pub from: Option<String>,

    /// Remove the profile's long-term keys from their store
    #[arg(long, help_heading = "Keys")]
    pub forget_keys: bool,

    /// Replace the profile's long-term keys; its MFA session signs the calls
    #[arg(long, help_heading = "Keys")]
    pub rotate_keys: bool,

    /// With --rotate-keys: deactivate the old keys, but do not delete them
    #[arg(long, help_heading = "Keys")]
    pub keep_old: bool,

    /// Make the user's virtual MFA device: a QR code and two codes; NAME is the user's name by default
    #[arg(long, value_name = "NAME", num_args = 0..=1, require_equals = true, default_missing_value = "", help_heading = "Keys")]
    pub register_mfa: Option<String>,

    /// With an option of this group, --setup or --sync-sso: show what would change, and change nothing
    #[arg(long, help_heading = "Keys")]
    pub dry_run: bool,

    /// Print --explain, --list, --status, --whoami, --check and the end of --each as JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    /// Print errors only
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,

    /// Print each step, but never a secret
    #[arg(short, long, help_heading = "Output")]
    pub verbose: bool,

    /// For lines with credential_process: print the keys with this id from their store
    #[arg(long, value_name = "ID", hide = true)]
    pub stored_keys: Option<String>,

    /// COMMAND and its arguments, which clap does not see.
    #[arg(skip)]
    pub command: Vec<OsString>,
}

/// The options that take the next word as their value. A test compares them with the definition above.
const LONG_WITH_VALUE: [&str; 18] = [
    "profile",
    "role-arn",
    "region",
    "duration",
    "min-ttl",
    "each",
    "jobs",
    "outputs",
    "policy",
    "session-name",
    "source-identity",
    "tag",
    "transitive-tag",
    "mfa-token",
    "mfa-process",
    "completions",
    "from",
    "stored-keys",
];
const SHORT_WITH_VALUE: [u8; 3] = [b'p', b'j', b't'];

/// Parses the arguments, without the program's name.
///
/// # Errors
/// Returns an error if an option is unknown or lacks its value, or if options exclude each other.
pub fn parse(args: &[OsString]) -> Result<Cli> {
    let (options, command) = args.split_at(command_at(args));
    let mut cli = common(options).map_or_else(|| parse_options(options), Ok)?;
    let command = match command {
        [first, rest @ ..] if first == "--" => rest,
        all => all,
    };
    cli.command = command.to_vec();
    Ok(cli)
}

/// Where COMMAND begins: at `--`, or at the first word that is neither an option nor an option's value.
fn command_at(args: &[OsString]) -> usize {
    let mut at = 0;
    while let Some(arg) = args.get(at) {
        let bytes = arg.as_bytes();
        if bytes == b"--" || bytes == b"-" || !bytes.starts_with(b"-") {
            break;
        }
        at += if takes_next(bytes) { 2 } else { 1 };
    }
    at.min(args.len())
}

/// Whether the value of this option is the next word, as in `-p NAME` but not in `-pNAME` or `--profile=NAME`.
fn takes_next(option: &[u8]) -> bool {
    if let Some(long) = option.strip_prefix(b"--") {
        return LONG_WITH_VALUE.iter().any(|name| name.as_bytes() == long);
    }
    let letters = option.get(1..).unwrap_or_default();
    letters.iter().position(|letter| SHORT_WITH_VALUE.contains(letter)).is_some_and(|at| at + 1 == letters.len())
}

/// clap's definition of the command line, for completions and the manual.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Parses the usual options without clap, whose definition of all options costs more than the rest of a cached run.
/// `None` if there is another option or an error: clap parses those, and its messages are used.
fn common(options: &[OsString]) -> Option<Cli> {
    let mut cli = Cli::default();
    let mut words = options.iter();
    // clap handles an empty value, and refuses one that looks like an option.
    let value = |text: &str| (!text.is_empty() && !text.starts_with('-')).then(|| text.to_owned());
    while let Some(word) = words.next() {
        match word.to_str()? {
            "-p" | "--profile" => cli.profile = Some(value(words.next()?.to_str()?)?),
            "--region" => cli.region = Some(value(words.next()?.to_str()?)?),
            "-q" | "--quiet" => cli.quiet = true,
            "-y" | "--yes" => cli.yes = true,
            "-v" | "--verbose" => cli.verbose = true,
            "--status" => cli.status = true,
            "--explain" => cli.explain = true,
            "--list" => cli.list = true,
            "--json" => cli.json = true,
            "--read-only" => cli.read_only = true,
            "--export" => cli.export = Some(String::from("sh")),
            word => {
                let (name, text) = word.split_once('=')?;
                let place = match name {
                    "--profile" => &mut cli.profile,
                    "--region" => &mut cli.region,
                    "--export" => &mut cli.export,
                    _ => return None,
                };
                *place = Some(value(text)?);
            }
        }
    }
    // If both are given, clap's message says that they exclude each other.
    (!(cli.quiet && cli.verbose)).then_some(cli)
}

fn parse_options(options: &[OsString]) -> Result<Cli> {
    if let Some(raw) = options.iter().find(|option| option.to_str().is_none()) {
        return Err(Error::new(format!("the option or value '{}' is not UTF-8 text", raw.to_string_lossy()))
            .advise("only COMMAND and its arguments may hold other bytes"));
    }
    let words = std::iter::once(OsStr::new("aws-auth")).chain(options.iter().map(OsString::as_os_str));
    let matches = definition().try_get_matches_from(words).map_err(|error| usage_error(&error))?;
    Cli::from_arg_matches(&matches).map_err(|error| usage_error(&error))
}

/// Turns clap's message into an error of one line.
fn usage_error(error: &clap::Error) -> Error {
    use clap::error::{ContextKind, ContextValue};
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        _ => None,
    };
    if error.kind() == clap::error::ErrorKind::InvalidUtf8 {
        return Error::new("an option or its value is not UTF-8 text")
            .advise("only COMMAND and its arguments may hold other bytes");
    }
    let rendered = error.to_string();
    let first = rendered.lines().next().unwrap_or_default();
    let fact = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    let advice = match text(ContextKind::SuggestedArg) {
        Some(near) => format!("did you mean {near}?"),
        None => String::from("see aws-auth --help"),
    };
    Error::new(fact).advise(advice)
}

#[cfg(test)]
mod tests;
