//! What a run was asked for: the command line over the environment, checked.

use std::ffi::OsStr;
use std::time::Duration;

use crate::arn::RoleArn;
use crate::cli::action::{Action, Format};
use crate::cli::options::Cli;
use crate::credentials::Secret;
use crate::env::nesting;
use crate::env::nesting::is_unchanged;
use crate::env::snapshot::Snapshot;
use crate::env::variables::Variables;
use crate::error::{Error, Result};
use crate::messages::Verbosity;
use crate::region::check_region;
use crate::time::{Length, Timestamp};

/// The shortest and the longest session that STS gives for a role, in seconds.
const ROLE_LENGTHS: std::ops::RangeInclusive<Length> = Length::minutes(15)..=Length::hours(12);

/// The same for an MFA session.
const SESSION_LENGTHS: std::ops::RangeInclusive<Length> = Length::minutes(15)..=Length::hours(36);

/// How long credentials must be good for, unless told: the AWS CLI's own margin.
const DEFAULT_MIN_TTL: Length = Length::minutes(15);

/// How long a renewal waits, unless told, in seconds: behind the SDK that asks, the command waits too.
const DEFAULT_RENEWAL_PATIENCE: Length = Length::minutes(2);

/// Who named the profile of a renewal: the outer run.
const RENEWED: &str = "AWS_AUTH_PROFILE";

/// A profile, and who named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The profile's name.
    pub name: String,
    /// `--profile`, a variable's name, or "nobody" for the profile that is taken when none is named.
    pub by: &'static str,
}

/// The keys that the caller's environment holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentKeys {
    /// None.
    Absent,
    /// AWS_ACCESS_KEY_ID alone.
    Partial,
    /// Both.
    Present {
        /// `AKIA…` or `ASIA…`.
        access_key_id: String,
        /// Whether a session token stands beside them.
        temporary: bool,
    },
}

/// How long an MFA session is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionLength {
    /// No session: a code per role, as the AWS CLI does.
    Off,
    /// A session of so many seconds.
    For(Length),
}

/// What a run was asked for.
pub struct Request<'a> {
    /// What is done.
    pub action: Action,
    /// The profile; `None` when nobody named one.
    pub profile: Option<Chosen>,
    /// `--role-arn`.
    pub role_arn: Option<RoleArn>,
    /// `--region`.
    pub region: Option<String>,
    /// `--duration` or AWS_AUTH_DURATION, in seconds.
    pub duration: Option<Length>,
    /// `--min-ttl` or AWS_AUTH_MIN_TTL, in seconds.
    pub min_ttl: Length,
    /// Whether somebody asked for that, or it is the default.
    pub min_ttl_asked: bool,
    /// `--no-mfa-session` or AWS_AUTH_MFA_SESSION; `None` leaves it to the profile.
    pub mfa_session: Option<SessionLength>,
    /// `--refresh`.
    pub refresh: bool,
    /// `--no-browser`.
    pub no_browser: bool,
    /// `--no-cache` or AWS_AUTH_NO_CACHE.
    pub no_cache: bool,
    /// `--mfa-token`.
    pub code_option: Option<Secret>,
    /// AWS_AUTH_MFA_TOKEN.
    pub code_variable: Option<Secret>,
    /// `--mfa-process` or AWS_AUTH_MFA_PROCESS.
    pub mfa_process: Option<String>,
    /// The keys in the environment.
    pub keys: EnvironmentKeys,
    /// The environment, for everything else that the plan asks of it.
    pub variables: Variables<'a>,
    /// The local user, for a session name.
    pub user: Option<String>,
    /// What should be said with the plan.
    pub warnings: Vec<String>,
    /// How much is said.
    pub verbosity: Verbosity,
    /// `--json`.
    pub json: bool,
    /// `--keep-fresh`.
    pub keep_fresh: bool,
    /// The options that a renewal by the command is to have too, as they stand on a command line; never a code.
    pub options: Vec<String>,
    /// Whether this run is below one whose command renews its credentials by itself.
    pub kept_fresh: bool,
    /// The renewal of a running command that this run is: its SDK waits for the answer.
    pub renewal: Option<Renewal>,
}

/// A run that the SDK of a command began, to get new credentials for it (`--keep-fresh`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// The command's name, as it was typed.
    pub command: String,
    /// How long it may wait for a person or another process: AWS_AUTH_RENEWAL_TIMEOUT.
    pub patience: Duration,
}

impl<'a> Request<'a> {
    /// Puts the command line over the environment.
    ///
    /// # Errors
    /// A usage error, or a setting that cannot be read; each names the option or variable.
    pub fn new(cli: &Cli, snapshot: &'a Snapshot, now: Timestamp) -> Result<Self> {
        let action = crate::cli::action::of(cli)?;
        let mut warnings = Vec::new();
        let min_ttl = length(cli.min_ttl.as_deref(), snapshot, "--min-ttl", "AWS_AUTH_MIN_TTL")?;
        let (min_ttl_asked, min_ttl) = (min_ttl.is_some(), min_ttl.unwrap_or(DEFAULT_MIN_TTL));
        let keys = environment_keys(snapshot);
        let set_before = nesting::settings(snapshot);
        let mut profile = chosen_profile(cli, snapshot, &mut warnings)?;
        let mut role_arn = cli.role_arn.as_deref().map(|arn| RoleArn::parse(arn, "--role-arn")).transpose()?;
        if profile.is_none()
            && let Some(renewed) = renewal(cli, action, snapshot, &keys, &set_before, min_ttl, now)?
        {
            profile = Some(renewed);
            let before = set_before.iter().find(|(name, _)| name == nesting::ROLE);
            if let Some((_, arn)) = before {
                if role_arn.is_some() {
                    return Err(Error::new("--role-arn is given here and to the --keep-fresh above")
                        .advise("name a profile with -p"));
                }
                role_arn = Some(RoleArn::parse(arn, nesting::ROLE)?);
            }
        }
        // A renewal goes on with the outer run's settings; its --region must not change half-way through a long run. A
        // list names every profile.
        let names_one = profile.as_ref().is_some_and(|chosen| chosen.by != RENEWED) || action == Action::List;
        let unset = if names_one { unchanged(&set_before, snapshot) } else { Vec::new() };
        let duration = length(cli.duration.as_deref(), snapshot, "--duration", "AWS_AUTH_DURATION")?;
        if let Some(seconds) = duration
            && !ROLE_LENGTHS.contains(&seconds)
        {
            let name = if cli.duration.is_some() { "--duration" } else { "AWS_AUTH_DURATION" };
            return Err(
                Error::new(format!("{name} asks for a role session of {seconds}")).advise("STS gives from 15m to 12h")
            );
        }
        let region = cli.region.clone();
        if let Some(region) = &region {
            check_region(region, "--region")?;
        }
        Ok(Self {
            action,
            profile,
            role_arn,
            region,
            duration,
            min_ttl,
            min_ttl_asked,
            mfa_session: mfa_session(cli, snapshot)?,
            refresh: cli.refresh,
            no_browser: cli.no_browser,
            no_cache: cli.no_cache || snapshot.switch("AWS_AUTH_NO_CACHE")?,
            code_option: cli.mfa_token.clone().map(Secret::new),
            code_variable: snapshot.text("AWS_AUTH_MFA_TOKEN")?.map(|code| Secret::new(code.to_owned())),
            mfa_process: match &cli.mfa_process {
                Some(command) => Some(command.clone()),
                None => snapshot.text("AWS_AUTH_MFA_PROCESS")?.map(String::from),
            },
            keys,
            variables: Variables { snapshot, unset, go_on: !names_one },
            user: snapshot.user(),
            warnings,
            verbosity: verbosity(cli),
            json: cli.json,
            keep_fresh: cli.keep_fresh,
            options: travelling(cli),
            kept_fresh: snapshot.kept_fresh.is_some(),
            renewal: is_renewal(action, snapshot)?,
        })
    }
}

/// How much the options ask to be said.
pub fn verbosity(cli: &Cli) -> Verbosity {
    match (cli.quiet, cli.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    }
}

/// The profile that was named, `None` when none was.
fn chosen_profile(cli: &Cli, snapshot: &Snapshot, warnings: &mut Vec<String>) -> Result<Option<Chosen>> {
    if let Some(name) = &cli.profile {
        if name.is_empty() {
            return Err(Error::new("--profile names an empty profile").advise("name one, or leave the option out"));
        }
        return Ok(Some(Chosen { name: name.clone(), by: "--profile" }));
    }
    let [first, second] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].map(|name| (name, snapshot.var(name)));
    let Some((by, value)) = [first, second].into_iter().find_map(|(name, value)| Some((name, value?))) else {
        return Ok(None);
    };
    if value.is_empty() {
        return Err(Error::new(format!("{by} is set but empty"))
            .advise("name a profile, or unset it; in a Makefile, this is a variable that was not filled in"));
    }
    let name = value.to_str().ok_or_else(|| Error::new(format!("{by} is not UTF-8 text")))?.to_owned();
    if by == "AWS_PROFILE"
        && let Some(other) = second.1
        && other != OsStr::new(&name)
    {
        warnings.push(format!(
            "AWS_PROFILE is '{name}' and AWS_DEFAULT_PROFILE is '{}'; taking AWS_PROFILE (AWS CLI 1 takes the other)",
            other.to_string_lossy()
        ));
    }
    Ok(Some(Chosen { name, by }))
}

fn environment_keys(snapshot: &Snapshot) -> EnvironmentKeys {
    let id = snapshot.non_empty("AWS_ACCESS_KEY_ID");
    let secret = snapshot.non_empty("AWS_SECRET_ACCESS_KEY");
    match (id, secret) {
        // A secret without an id is no pair to the AWS CLI either.
        (None, _) => EnvironmentKeys::Absent,
        (Some(_), None) => EnvironmentKeys::Partial,
        (Some(id), Some(_)) => EnvironmentKeys::Present {
            access_key_id: id.to_string_lossy().into_owned(),
            temporary: ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"]
                .into_iter()
                .any(|name| snapshot.non_empty(name).is_some()),
        },
    }
}

/// The names among `set_before` that still have the value which the outer run gave them.
fn unchanged(set_before: &[(String, String)], snapshot: &Snapshot) -> Vec<String> {
    set_before.iter().filter(|setting| is_unchanged(setting, snapshot)).map(|(name, _)| name.clone()).collect()
}

/// The profile of the outer run, where this one names none and cannot do with what the environment holds: its keys are
/// about to end, so that a long `aws-auth make` whose recipes call aws-auth goes on working; or the outer run's command
/// renews its credentials by itself, and there are no keys at all.
fn renewal(
    cli: &Cli,
    action: Action,
    snapshot: &Snapshot,
    keys: &EnvironmentKeys,
    set_before: &[(String, String)],
    min_ttl: Length,
    now: Timestamp,
) -> Result<Option<Chosen>> {
    let Some(profile) = snapshot.text("AWS_AUTH_PROFILE")? else { return Ok(None) };
    let wanted = match keys {
        EnvironmentKeys::Partial => false,
        // A command goes on with what leads its SDK to fresh credentials.
        EnvironmentKeys::Absent => snapshot.kept_fresh.is_some() && (!action.runs_command() || cli.role_arn.is_some()),
        EnvironmentKeys::Present { access_key_id, .. } => {
            let ours = set_before.iter().any(|(name, value)| name == "AWS_ACCESS_KEY_ID" && value == access_key_id);
            let end = snapshot.text("AWS_CREDENTIAL_EXPIRATION")?.and_then(Timestamp::parse);
            // A status is that of the keys which are there, however little they have left.
            ours && cli.role_arn.is_none()
                && action != Action::Status
                && (cli.keep_fresh || end.is_some_and(|end| end - now < min_ttl))
        }
    };
    Ok(wanted.then(|| Chosen { name: profile.to_owned(), by: RENEWED }))
}

/// Whether the SDK of a command above asks, and how long it is to wait.
fn is_renewal(action: Action, snapshot: &Snapshot) -> Result<Option<Renewal>> {
    let Some(above) = snapshot.kept_fresh.as_ref().filter(|_| action == Action::Export(Format::Json)) else {
        return Ok(None);
    };
    let patience = length(None, snapshot, "AWS_AUTH_RENEWAL_TIMEOUT", "AWS_AUTH_RENEWAL_TIMEOUT")?
        .unwrap_or(DEFAULT_RENEWAL_PATIENCE);
    if !(Length::seconds(1)..=Length::hours(1)).contains(&patience) {
        return Err(
            Error::new("AWS_AUTH_RENEWAL_TIMEOUT is out of bounds").advise("write a time from 1s to 1h: 50, 2m")
        );
    }
    Ok(Some(Renewal { command: above.command.clone(), patience: patience.to_duration() }))
}

/// The options that a renewal has to have for the same credentials. What came from a variable reaches it as one: it
/// must not appear in the list of processes.
fn travelling(cli: &Cli) -> Vec<String> {
    let mut options = Vec::new();
    let values = [
        ("--region", &cli.region),
        ("--duration", &cli.duration),
        ("--min-ttl", &cli.min_ttl),
        ("--mfa-process", &cli.mfa_process),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            options.extend([name.to_owned(), value.clone()]);
        }
    }
    for (name, asked) in [("--no-mfa-session", cli.no_mfa_session), ("--no-cache", cli.no_cache)] {
        options.extend(asked.then(|| name.to_owned()));
    }
    options
}

/// A length of time from an option, else from a variable.
fn length(option: Option<&str>, snapshot: &Snapshot, name: &str, variable: &str) -> Result<Option<Length>> {
    let (text, name) = match option {
        Some(text) => (text, name),
        None => match snapshot.text(variable)? {
            Some(text) => (text, variable),
            None => return Ok(None),
        },
    };
    Length::parse(text).map(Some).ok_or_else(|| not_a_time(name, text))
}

fn not_a_time(name: &str, text: &str) -> Error {
    Error::new(format!("{name} is '{text}', which is not a length of time"))
        .advise("write seconds, minutes or hours: 900, 90m, 12h")
}

fn mfa_session(cli: &Cli, snapshot: &Snapshot) -> Result<Option<SessionLength>> {
    if cli.no_mfa_session {
        return Ok(Some(SessionLength::Off));
    }
    snapshot.text("AWS_AUTH_MFA_SESSION")?.map(|text| session_length(text, "AWS_AUTH_MFA_SESSION")).transpose()
}

/// Reads the length of an MFA session: `off`, or from 15m to 36h. `name` says where it stands.
pub fn session_length(text: &str, name: &str) -> Result<SessionLength> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(SessionLength::Off);
    }
    let seconds = Length::parse(text).ok_or_else(|| not_a_time(name, text))?;
    if SESSION_LENGTHS.contains(&seconds) {
        Ok(SessionLength::For(seconds))
    } else {
        Err(Error::new(format!("{name} is '{text}'")).advise("an MFA session lasts from 15m to 36h; or write off"))
    }
}

/// Who needs what a renewal asks for.
pub fn asked_by(renewal: &Renewal) -> String {
    format!("aws-auth: {}, which is running, needs new credentials", renewal.command)
}
