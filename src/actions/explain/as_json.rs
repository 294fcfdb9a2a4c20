//! `--explain --json` (docs/json.md).

use serde_json::{Map, Value, json};

use crate::acquire::forecast::{Forecast, forecast};
use crate::actions::cached::held_json;
use crate::actions::explain::now;
use crate::actions::explain::steps::{Step, Visited, steps};
use crate::aws::sts;
use crate::command::keep_fresh::RenewalFile;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::plan::model::{Acquisition, Plan};
use crate::plan::resolve;
use crate::sso::token::Outlook;

/// The plan, and what a run would do now. `fresh` is the file of `--keep-fresh`.
pub fn resolved(plan: &Plan, visited: &[Visited], fresh: Option<Result<RenewalFile>>, context: &Context<'_>) -> String {
    let mut object = object_of(plan, visited, context);
    if let Some(fresh) = fresh {
        object.insert("keep_fresh".into(), fresh_json(&fresh));
    }
    crate::text::json::json(&Value::Object(object))
}

fn fresh_json(fresh: &Result<RenewalFile>) -> Value {
    match fresh {
        Ok(fresh) => json!({ "profile": fresh.profile, "file": fresh.config.path, "section": fresh.shown }),
        Err(error) => json!({ "error": { "fact": error.fact(), "advice": error.advice() } }),
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
    let included = resolve::inclusions(context.set, context.request)
        .into_iter()
        .map(|one| json!({ "name": one.name, "by": one.by, "at": context.set.place(one.at), "keys": one.keys }));
    object.insert("included".into(), Value::Array(included.collect()));
    object
}

fn object_of(plan: &Plan, visited: &[Visited], context: &Context<'_>) -> Map<String, Value> {
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
            object.insert("bounded".into(), json!(plan.policies().map(|policies| &policies.names)));
            object.insert("guarded".into(), json!(plan.guard.is_some()));
            object.insert("notes".into(), json!(now::notes(Some(plan), context)));
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

/// The profiles up to the problem, and the error.
pub fn failed(error: &Error, visited: &[Visited], context: &Context<'_>) -> String {
    let mut object = common_json("error", visited, context);
    object.insert("error".into(), json!({ "fact": error.fact(), "advice": error.advice() }));
    object.insert("notes".into(), json!(now::notes(None, context)));
    crate::text::json::json(&Value::Object(object))
}

fn step_json(step: &Step) -> Value {
    let mut object = json!({ "kind": step.kind, "name": step.name, "at": step.at, "text": step.what, "cached": held_json(step.held) });
    if let (Some(store), Value::Object(fields)) = (step.store, &mut object) {
        fields.insert(String::from("store"), json!(store));
    }
    object
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
