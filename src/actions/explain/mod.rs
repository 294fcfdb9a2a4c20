//! `--explain`: how the profile resolves, step by step, and what a run would do now. It uses no network, shows no
//! secret and takes no lock. For a profile that does not resolve, it shows the profiles up to the problem.

mod as_json;
pub mod now;
mod page;
pub mod steps;

use crate::acquire::forecast::forecast;
use crate::actions::cached::held_text;
use crate::actions::explain::page::Page;
use crate::actions::explain::steps::{Step, Visited, steps, visited};
use crate::aws::sts;
use crate::command::keep_fresh::RenewalFile;
use crate::context::Context;
use crate::error::Result;
use crate::messages::print;
use crate::plan::include::Inclusion;
use crate::plan::model::Plan;
use crate::plan::resolve;
use crate::time::Timestamp;

/// Prints the plan.
///
/// # Errors
/// Returns an error if the profile does not resolve; what is known of it is printed first.
pub fn explain(context: &Context<'_>) -> Result<u8> {
    let visited = visited(context);
    let resolved = resolve::resolve(context.set, context.request);
    let text = match (&resolved, context.request.output.json) {
        (Ok(plan), false) => as_text(plan, &visited, context),
        (Ok(plan), true) => as_json::resolved(plan, &visited, fresh(plan, context), context),
        (Err(_), false) => failed_text(&visited, context),
        (Err(error), true) => as_json::failed(error, &visited, context),
    };
    print(&text)?;
    resolved.map(|_| 0)
}

/// The profile, and the option or variable that named it.
fn heading(context: &Context<'_>) -> String {
    match &context.request.profile {
        Some(chosen) => format!("profile {} ({})", chosen.name, chosen.by),
        None => String::from("no profile is named"),
    }
}

fn profiles_text(page: &mut Page, visited: &[Visited], context: &Context<'_>) {
    page.heading(&heading(context));
    for (name, at) in visited {
        page.detail(&format!("{name}: {}", at.join(", ")));
    }
    for inclusion in resolve::inclusions(context.set, context.request) {
        let Inclusion { name, by, at, keys } = &inclusion;
        let keys = if keys.is_empty() { String::from("nothing") } else { keys.join(", ") };
        page.detail(&format!("{name}: {}, included by {by}, which takes {keys} from it", context.set.place(*at)));
    }
    page.blank();
}

fn as_text(plan: &Plan, visited: &[Visited], context: &Context<'_>) -> String {
    let fresh = fresh(plan, context);
    let mut page = Page::new(context.snapshot);
    match plan {
        Plan::Acquire(plan) => {
            profiles_text(&mut page, visited, context);
            let forecast = forecast(plan, context, context.now);
            for (number, step) in steps(plan, &forecast, context).iter().enumerate() {
                step_text(&mut page, number + 1, step, context.now);
            }
            page.blank();
            page.fact("a run now", &now::sentence(plan, &forecast, context));
            page.fact("STS", &sts::sts_place(&plan.sts, context.set));
            page.fact("region for the command", &now::regions_text(&now::regions(plan, context)));
            page.fact("settings for the command", &now::settings_text(plan, context));
            page.notes(&now::notes(Some(plan), context));
            if let Some(fresh) = fresh {
                fresh_text(&mut page, &fresh);
            }
        }
        Plan::PassThrough => {
            page.heading("no profile is named, and the environment holds keys");
            page.fact("a run now", &format!("gives the command {} as they are", keys(context)));
            page.notes(&now::notes(None, context));
        }
        Plan::Ambient { .. } => {
            profiles_text(&mut page, visited, context);
            let what = "gets no credentials; the command will use the credentials of the container or instance, if \
                        there are any";
            page.fact("a run now", what);
            page.notes(&now::notes(None, context));
        }
    }
    page.text
}

fn failed_text(visited: &[Visited], context: &Context<'_>) -> String {
    let mut page = Page::new(context.snapshot);
    profiles_text(&mut page, visited, context);
    page.notes(&now::notes(None, context));
    page.fact("a run now", "fails");
    page.text
}

fn step_text(page: &mut Page, number: usize, step: &Step, now: Timestamp) {
    page.heading(&format!("{number}. {}", step.what));
    page.detail(&step.at);
    let cached = if step.cacheable { held_text(step.held, now) } else { String::new() };
    let rest: Vec<&str> = [step.how.as_str(), cached.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    if !rest.is_empty() {
        page.detail(&rest.join("; "));
    }
}

/// The file that `--keep-fresh` would write, or why it cannot. `None` without that option.
fn fresh(plan: &Plan, context: &Context<'_>) -> Option<Result<RenewalFile>> {
    let Plan::Acquire(plan) = plan else { return None };
    context.request.keep_fresh.asked.then(|| RenewalFile::new(plan, &[], context))
}

fn fresh_text(page: &mut Page, fresh: &Result<RenewalFile>) {
    match fresh {
        Ok(fresh) => {
            let file = format!("through profile {} in {}", fresh.profile, fresh.config.path);
            page.fact("the command renews its credentials", &file);
            page.blank();
            fresh.shown.lines().for_each(|shown| page.copy(shown));
        }
        Err(error) => page.notes(&[error.to_string()]),
    }
}

/// The keys in the environment, by their access key id.
fn keys(context: &Context<'_>) -> String {
    use crate::request::caller::EnvironmentKeys;
    match &context.request.caller.keys {
        EnvironmentKeys::Present { access_key_id, temporary } => {
            format!("the {} keys {access_key_id}", if *temporary { "temporary" } else { "long-term" })
        }
        _ => String::from("the keys"),
    }
}
