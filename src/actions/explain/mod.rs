//! `--explain`: how the profile resolves, step by step, and what a run would do now. It uses no network, shows no
//! secret and takes no lock. For a profile that does not resolve, it shows the profiles up to the problem.

pub mod now;
pub mod steps;

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::acquire::forecast::{Forecast, forecast};
use crate::actions::cached::{held_json, held_text};
use crate::actions::explain::steps::{Step, steps};
use crate::aws::sts;
use crate::command::keep_fresh::RenewalFile;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages::print;
use crate::plan::model::{Acquisition, Plan};
use crate::plan::resolve;
use crate::sso::token::Outlook;
use crate::text::escape::printable;
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
        (Ok(plan), true) => crate::text::json::json(&Value::Object(as_json(plan, &visited, context))),
        (Err(_), false) => failed_text(&visited, context),
        (Err(error), true) => crate::text::json::json(&Value::Object(failed_json(error, &visited, context))),
    };
    print(&text)?;
    resolved.map(|_| 0)
}

/// A profile between the chosen one and its base: its name, and each of its section headers as `PATH:LINE`.
type Visited = (String, Vec<String>);

fn visited(context: &Context<'_>) -> Vec<Visited> {
    let profiles = resolve::visited(context.set, context.request).into_iter();
    profiles.map(|(name, at)| (name, at.into_iter().map(|at| context.set.place(at)).collect())).collect()
}

/// The profile, and the option or variable that named it.
fn heading(context: &Context<'_>) -> String {
    match &context.request.profile {
        Some(chosen) => format!("profile {} ({})", chosen.name, chosen.by),
        None => String::from("no profile is named"),
    }
}

fn profiles_text(text: &mut String, visited: &[Visited], context: &Context<'_>) {
    line(text, &heading(context));
    for (name, at) in visited {
        line(text, &format!("   {name}: {}", at.join(", ")));
    }
    text.push('\n');
}

fn as_text(plan: &Plan, visited: &[Visited], context: &Context<'_>) -> String {
    let mut text = String::with_capacity(2048);
    match plan {
        Plan::Acquire(plan) => {
            profiles_text(&mut text, visited, context);
            let forecast = forecast(plan, context, context.now);
            for (number, step) in steps(plan, &forecast, context).iter().enumerate() {
                step_text(&mut text, number + 1, step, context.now);
            }
            text.push('\n');
            let regions = now::regions(plan, context);
            let facts = [
                ("a run now", now::sentence(plan, &forecast, context)),
                ("STS", sts::sts_place(&plan.sts, context.set)),
                ("region for the command", now::regions_text(&regions)),
                ("settings for the command", now::settings_text(plan, context)),
            ];
            for (name, fact) in facts {
                line(&mut text, &format!("{name}: {fact}"));
            }
            notes_text(&mut text, &now::notes(Some(plan), context));
            if let Some(fresh) = fresh(plan, context) {
                fresh_text(&mut text, &fresh);
            }
        }
        Plan::PassThrough => {
            line(&mut text, "no profile is named, and the environment holds keys");
            line(&mut text, &format!("a run now: gives the command {} as they are", keys(context)));
            notes_text(&mut text, &now::notes(None, context));
        }
        Plan::Ambient { .. } => {
            profiles_text(&mut text, visited, context);
            line(
                &mut text,
                "a run now: gets no credentials; the command will use the credentials of the container or instance, if there are any",
            );
            notes_text(&mut text, &now::notes(None, context));
        }
    }
    text
}

fn failed_text(visited: &[Visited], context: &Context<'_>) -> String {
    let mut text = String::new();
    profiles_text(&mut text, visited, context);
    notes_text(&mut text, &now::notes(None, context));
    text.push_str("a run now: fails\n");
    text
}

fn step_text(text: &mut String, number: usize, step: &Step, now: Timestamp) {
    line(text, &format!("{number}. {}", step.what));
    line(text, &format!("   {}", step.at));
    let cached = if step.cacheable { held_text(step.held, now) } else { String::new() };
    let rest: Vec<&str> = [step.how.as_str(), cached.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    if !rest.is_empty() {
        line(text, &format!("   {}", rest.join("; ")));
    }
}

/// The file that `--keep-fresh` would write, or why it cannot. `None` without that option.
fn fresh(plan: &Acquisition, context: &Context<'_>) -> Option<Result<RenewalFile>> {
    context.request.keep_fresh.asked.then(|| RenewalFile::new(plan, &[], context))
}

fn fresh_text(text: &mut String, fresh: &Result<RenewalFile>) {
    match fresh {
        Ok(fresh) => {
            line(
                text,
                &format!(
                    "the command renews its credentials through profile {} in {}:",
                    fresh.profile, fresh.config.path
                ),
            );
            text.push('\n');
            fresh.shown.lines().for_each(|shown| line(text, &format!("   {shown}")));
        }
        Err(error) => line(text, &format!("note: {error}")),
    }
}

fn fresh_json(fresh: &Result<RenewalFile>) -> Value {
    match fresh {
        Ok(fresh) => json!({ "profile": fresh.profile, "file": fresh.config.path, "section": fresh.shown }),
        Err(error) => json!({ "error": { "fact": error.fact(), "advice": error.advice() } }),
    }
}

fn notes_text(text: &mut String, notes: &[String]) {
    for note in notes {
        line(text, &format!("note: {note}"));
    }
}

/// Adds one line. Control characters from the files are escaped, so it stays one line.
fn line(text: &mut String, words: &str) {
    let _ = writeln!(text, "{}", printable(words));
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

fn common_json(outcome: &str, visited: &[Visited], context: &Context<'_>) -> Map<String, Value> {
    let chosen = context.request.profile.as_ref();
    let profiles: Vec<Value> = visited.iter().map(|(name, at)| json!({ "name": name, "at": at })).collect();
    let mut object = Map::new();
    object.insert("profile".into(), json!(chosen.map(|chosen| &chosen.name)));
    object.insert("named_by".into(), json!(chosen.map(|chosen| chosen.by)));
    object.insert("outcome".into(), json!(outcome));
    object.insert("profiles".into(), json!(profiles));
    object
}

fn as_json(plan: &Plan, visited: &[Visited], context: &Context<'_>) -> Map<String, Value> {
    match plan {
        Plan::Acquire(plan) => {
            let mut object = common_json("credentials", visited, context);
            let forecast = forecast(plan, context, context.now);
            let steps: Vec<Value> = steps(plan, &forecast, context).iter().map(step_json).collect();
            object.insert("steps".into(), json!(steps));
            object.insert("run".into(), run_json(plan, &forecast, context));
            object.insert(
                "sts".into(),
                json!({
                    "region": plan.sts.region.value.as_str(),
                    "region_from": plan.sts.region.origin.text(context.set),
                    "endpoint": sts::address(&plan.sts),
                    "endpoint_from": plan.sts.endpoint.url.as_ref().map(|url| url.origin.text(context.set)),
                }),
            );
            let regions: Map<String, Value> = now::regions(plan, context)
                .into_iter()
                .map(|(variable, region, from)| (variable.to_owned(), json!({ "value": region, "from": from })))
                .collect();
            object.insert("region".into(), Value::Object(regions));
            let settings: Vec<&String> = plan.variables.iter().map(|(name, _)| name).collect();
            object.insert("settings".into(), json!(settings));
            let private = plan.private_config.as_ref().map(|reason| {
                json!({ "key": reason.key, "at": context.set.place(reason.at), "of_default": reason.of_default })
            });
            object.insert("private_config".into(), json!(private));
            object.insert("notes".into(), json!(now::notes(Some(plan), context)));
            if let Some(fresh) = fresh(plan, context) {
                object.insert("keep_fresh".into(), fresh_json(&fresh));
            }
            object
        }
        Plan::PassThrough => {
            let mut object = common_json("pass-through", &[], context);
            object.insert("notes".into(), json!(now::notes(None, context)));
            object
        }
        Plan::Ambient { .. } => {
            let mut object = common_json("ambient", visited, context);
            object.insert("notes".into(), json!(now::notes(None, context)));
            object
        }
    }
}

fn failed_json(error: &Error, visited: &[Visited], context: &Context<'_>) -> Map<String, Value> {
    let mut object = common_json("error", visited, context);
    object.insert("error".into(), json!({ "fact": error.fact(), "advice": error.advice() }));
    object.insert("notes".into(), json!(now::notes(None, context)));
    object
}

fn step_json(step: &Step) -> Value {
    json!({ "kind": step.kind, "name": step.name, "at": step.at, "text": step.what, "cached": held_json(step.held) })
}

fn run_json(plan: &Acquisition, forecast: &Forecast<'_>, context: &Context<'_>) -> Value {
    let calls: Vec<String> = forecast.calls.iter().map(now::call).collect();
    let code = forecast
        .code
        .map(|(serial, source)| json!({ "serial": serial.as_str(), "from": now::code_source(source, plan, context) }));
    let token = forecast.token.map(|token| match token {
        Outlook::Uses => "used",
        Outlook::Renews => "renewed",
        Outlook::SignsIn => "sign-in",
    });
    json!({ "calls": calls, "code": code, "sso_token": token, "cached": held_json(forecast.result) })
}
