//! `--setup`: from no files to profiles that work (docs/setup.md). It asks for what is missing, step by step: the keys,
//! the user's MFA device, the profiles. What is there stays, so it can be ended at any step and run again.

pub mod device;
pub mod own_keys;
pub mod person;
pub mod profiles;
pub mod questions;
pub mod run;

use crate::actions::check;
use crate::actions::setup::run::Run;
use crate::cli::options::Cli;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::request::profile::Chosen;
use crate::system::harden;
use crate::system::signals::Undisturbed;
use crate::template::needs::{self, Look};
use crate::template::team::{self, Team};

/// Goes through the steps, and then tries the profiles as `--check` does.
///
/// # Errors
/// Returns an error if the team's file or one of the two files cannot be used, STS or IAM does not accept the keys, or
/// something is missing and there is no terminal to ask for it.
pub fn setup(context: &Context<'_>, cli: &Cli) -> Result<u8> {
    harden::fill_standard_descriptors();
    let _guard = Undisturbed::begin();
    let file = context.request.keys.from.as_deref().map(team::read).transpose()?;
    let team = file.as_ref().map(Team::new).transpose()?;
    let run = Run::new(context, cli);
    // A variable may name a profile that is yet to come.
    let is_meant = |chosen: &&Chosen| cli.profile.is_some() || context.set.profile(&chosen.name).is_some();
    let chosen = context.request.profile.as_ref().filter(is_meant).map(|chosen| chosen.name.as_str());
    let bases = needs::bases(&Look::new(team.as_ref(), context.set), chosen);
    if bases.is_empty() {
        run.say("keys: none needed, because no profile begins with long-term keys");
    }
    let people = bases.iter().map(|base| person::person(&run, base)).collect::<Result<Vec<_>>>()?;
    let names = profiles::profiles(&run, team.as_ref(), &people)?;
    end(&run, &names)
}

/// Says what is still missing, or tries the profiles.
fn end(run: &Run<'_>, names: &[String]) -> Result<u8> {
    let missing = run.missing();
    if !missing.is_empty() {
        return Err(Error::new(format!("there is no terminal, and this is missing: {}", missing.join("; ")))
            .advise("run it in a terminal"));
    }
    if run.is_dry() {
        return Ok(0);
    }
    for skipped in run.skipped() {
        run.say(&format!("not done: {skipped}; run --setup again to be asked again"));
    }
    if names.is_empty() {
        return Err(Error::new("there is no profile that could work yet").advise("run --setup again and answer"));
    }
    if !run.has_changed() && run.skipped().is_empty() {
        run.say("nothing is missing, so nothing was written");
    }
    let mut unanswered = Vec::new();
    let mut checked = Vec::new();
    for name in names {
        let one = run.with_files(&run.check_of(name), |context| Ok(check::tried_after(context, &mut unanswered)))?;
        checked.push(one);
    }
    check::report(&checked, run.outer)
}
