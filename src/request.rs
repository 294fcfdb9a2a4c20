//! The request of a run: the command line and the environment, combined and checked.

pub mod bounds;
pub mod caller;
pub mod console;
pub mod keys;
pub mod lengths;
pub mod many;
pub mod mfa;
pub mod profile;
pub mod renewal;

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use crate::arn::RoleArn;
use crate::cli::action::Action;
use crate::cli::options::Cli;
use crate::config::profiles::DEFAULT_PROFILE;
use crate::env::nesting::{self, Setting};
use crate::env::snapshot::Snapshot;
use crate::env::variables::Variables;
use crate::error::{Error, Result};
use crate::messages::Verbosity;
use crate::region::Region;
use crate::request::bounds::BoundOptions;
use crate::request::caller::{Caller, EnvironmentKeys};
use crate::request::console::ConsoleOptions;
use crate::request::keys::KeyOptions;
use crate::request::lengths::{length, length_within};
use crate::request::many::Each;
use crate::request::mfa::MfaOptions;
use crate::request::profile::{Chosen, RENEWED, chosen_profile};
use crate::request::renewal::{Asked, KeepFresh, outer_profile};
use crate::time::{Length, Timestamp};

/// The shortest and the longest session that STS gives for a role.
const ROLE_LENGTHS: RangeInclusive<Length> = Length::minutes(15)..=Length::hours(12);
/// The lifetime that credentials must have left if `--min-ttl` is not given: the AWS CLI's own margin.
const DEFAULT_MIN_TTL: Length = Length::minutes(15);

/// What a run was asked for.
pub struct Request<'a> {
    /// The action.
    pub action: Action,
    /// `--each`: which profiles, instead of one.
    pub each: Option<Each>,
    /// The profile; `None` if none was named and this run is not a renewal of an outer run's keys.
    pub profile: Option<Chosen>,
    /// `--region`.
    pub region: Option<Region>,
    /// The options about roles.
    pub role: RoleOptions,
    /// The options about the session of the last role; `None` if there are none.
    pub bounds: Option<Box<BoundOptions>>,
    /// The options about MFA sessions and codes.
    pub mfa: MfaOptions,
    /// The options about the caches.
    pub cache: CacheOptions,
    /// Renewals of the command's credentials.
    pub keep_fresh: KeepFresh,
    /// `--yes`. AWS_AUTH_YES is looked at only if there is a question.
    pub yes: bool,
    /// AWS_AUTH_WAIT_TIMEOUT: how long to wait for another process.
    pub wait_limit: Option<Length>,
    /// The options about long-term keys.
    pub keys: KeyOptions,
    /// The options about the console.
    pub console: ConsoleOptions,
    /// The options about output.
    pub output: OutputOptions,
    /// What the caller's environment holds.
    pub caller: Caller<'a>,
    /// Warnings about the request, printed with the plan.
    pub warnings: Vec<String>,
}

/// Options about roles.
#[derive(Debug)]
pub struct RoleOptions {
    /// `--role-arn`: a role that is assumed after the profile's own.
    pub arn: Option<RoleArn>,
    /// `--duration` or AWS_AUTH_DURATION, from 15 minutes to 12 hours.
    pub duration: Option<Length>,
}

/// Options about the caches.
#[derive(Debug)]
pub struct CacheOptions {
    /// `--min-ttl` or AWS_AUTH_MIN_TTL, else 15 minutes.
    pub min_ttl: Length,
    /// Whether `min_ttl` was given and is not the default.
    pub min_ttl_asked: bool,
    /// `--refresh`.
    pub refresh: bool,
    /// `--no-cache` or AWS_AUTH_NO_CACHE.
    pub off: bool,
}

/// Options about output.
#[derive(Debug)]
pub struct OutputOptions {
    /// How much is printed on stderr.
    pub verbosity: Verbosity,
    /// `--json`.
    pub json: bool,
    /// `--no-browser`.
    pub no_browser: bool,
}

impl<'a> Request<'a> {
    /// Combines the command line and the environment. An option wins over its variable.
    ///
    /// # Errors
    /// Returns an error if the command line is wrong, or if an option or a variable has an unusable value.
    pub fn new(cli: &Cli, snapshot: &'a Snapshot, now: Timestamp) -> Result<Self> {
        let action = crate::cli::action::of(cli)?;
        let mut warnings = Vec::new();
        let cache = CacheOptions::new(cli, snapshot)?;
        let keys = EnvironmentKeys::new(snapshot);
        let set_before = nesting::settings(snapshot);
        let each = Each::new(cli)?;
        let mut profile = if each.is_some() || cli.pick { None } else { chosen_profile(cli, snapshot, &mut warnings)? };
        let mut role = RoleOptions::new(cli, snapshot)?;
        let mut bounds = BoundOptions::new(cli)?;
        if profile.is_none() && each.is_none() && !cli.pick {
            let asked = Asked { cli, action, is_bounded: bounds.is_some() };
            profile = outer_profile(&asked, snapshot, &keys, &set_before, cache.min_ttl, now)?;
            if profile.is_some() {
                role.take_over(&set_before)?;
            }
            // The role of --role-arn is bounded as the keys are that assume it.
            if profile.is_some() || role.arn.is_some() && keys.are_of(&set_before) {
                bounds = BoundOptions::below(bounds, &set_before)?;
            }
        }
        // A renewal keeps the outer run's settings, so that its --region does not change half-way through a long run.
        // `--list` and `--pick` resolve every profile, as if each were named.
        let names_one =
            profile.as_ref().is_some_and(|chosen| chosen.by != RENEWED) || action == Action::List || cli.pick;
        let unset = if names_one { nesting::unchanged(&set_before, snapshot) } else { Vec::new() };
        Ok(Self {
            action,
            each,
            profile,
            region: cli.region.as_deref().map(|region| Region::parse(region, "--region")).transpose()?,
            role,
            bounds,
            mfa: MfaOptions::new(cli, snapshot)?,
            cache,
            keep_fresh: KeepFresh::new(cli, action, snapshot)?,
            yes: cli.yes,
            wait_limit: length_within(snapshot, "AWS_AUTH_WAIT_TIMEOUT")?,
            keys: KeyOptions::new(cli, snapshot)?,
            console: ConsoleOptions::new(cli)?,
            output: OutputOptions { verbosity: verbosity(cli), json: cli.json, no_browser: cli.no_browser },
            caller: Caller { keys, variables: Variables { snapshot, unset, go_on: !names_one }, user: snapshot.user() },
            warnings,
        })
    }

    /// Notes what named the profile, for messages.
    #[must_use]
    pub fn chosen_by(mut self, by: &'static str) -> Self {
        self.profile = self.profile.map(|chosen| Chosen { by, ..chosen });
        self
    }

    /// The profile's name; `default` if none was named.
    pub fn profile_name(&self) -> &str {
        self.profile.as_ref().map_or(DEFAULT_PROFILE, |chosen| chosen.name.as_str())
    }
}

impl CacheOptions {
    fn new(cli: &Cli, snapshot: &Snapshot) -> Result<Self> {
        let min_ttl = length(cli.min_ttl.as_deref(), snapshot, "--min-ttl", "AWS_AUTH_MIN_TTL")?;
        Ok(Self {
            min_ttl: min_ttl.unwrap_or(DEFAULT_MIN_TTL),
            min_ttl_asked: min_ttl.is_some(),
            refresh: cli.refresh,
            off: cli.no_cache || snapshot.switch("AWS_AUTH_NO_CACHE")?,
        })
    }
}

impl RoleOptions {
    fn new(cli: &Cli, snapshot: &Snapshot) -> Result<Self> {
        let arn = cli.role_arn.as_deref().map(|arn| RoleArn::parse(arn, "--role-arn")).transpose()?;
        let duration = length(cli.duration.as_deref(), snapshot, "--duration", "AWS_AUTH_DURATION")?;
        if let Some(length) = duration
            && !ROLE_LENGTHS.contains(&length)
        {
            let name = if cli.duration.is_some() { "--duration" } else { "AWS_AUTH_DURATION" };
            // A number without a unit is seconds, and was probably meant as minutes.
            let text = cli.duration.as_deref().or(snapshot.text("AWS_AUTH_DURATION")?).unwrap_or_default();
            let minutes = Length::minutes(length.as_seconds());
            let mut advice = String::from("STS gives from 15m to 12h");
            if text.parse::<u32>().is_ok() && ROLE_LENGTHS.contains(&minutes) {
                let _ = write!(advice, "; for {minutes}, write {}m", length.as_seconds());
            }
            let length = length.in_full();
            return Err(Error::new(format!("{name} asks for a role session of {length}")).advise(advice));
        }
        Ok(Self { arn, duration })
    }

    /// Takes the `--role-arn` and the `--duration` of the outer run, because a renewal assumes the same role.
    fn take_over(&mut self, set_before: &[Setting]) -> Result<()> {
        if self.duration.is_none() {
            let recorded = set_before.iter().rev().find(|(name, _)| name == nesting::DURATION);
            self.duration = recorded.and_then(|(_, length)| Length::parse(length));
        }
        let Some((_, arn)) = set_before.iter().find(|(name, _)| name == nesting::ROLE) else { return Ok(()) };
        if self.arn.is_some() {
            return Err(Error::new("--role-arn is given here and in the outer run with --keep-fresh")
                .advise("name a profile with -p"));
        }
        self.arn = Some(RoleArn::parse(arn, nesting::ROLE)?);
        Ok(())
    }
}

/// How much is printed. `--quiet` wins over `--verbose`.
pub fn verbosity(cli: &Cli) -> Verbosity {
    match (cli.quiet, cli.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, true) => Verbosity::Verbose,
        (false, false) => Verbosity::Normal,
    }
}
