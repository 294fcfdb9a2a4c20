//! What a run would do now, in words. The JSON uses the same words.

use crate::acquire::forecast::{Call, CodeSource, Forecast};
use crate::context::Context;
use crate::plan::base::Base;
use crate::plan::model::{Acquisition, Mfa};
use crate::plan::web_identity::PROCESS;
use crate::providers::fetch;
use crate::sso::token::Outlook;
use crate::system::terminal::Terminal;

/// The name of a call: the API action, or the provider.
pub fn call(call: &Call<'_>) -> String {
    match call {
        Call::Base(base) => String::from(match base {
            Base::WebIdentity { .. } => "AssumeRoleWithWebIdentity",
            Base::Sso { .. } => "GetRoleCredentials",
            Base::Process { .. } => "credential_process",
            Base::Stored { .. } => "the store of keys",
            Base::Login { .. } => "aws login",
            Base::Container { .. } => "the container's endpoint",
            Base::Instance { .. } => "the instance's metadata",
            Base::Static { .. } | Base::Environment { .. } => "no service",
        }),
        Call::SessionToken(_) => String::from("GetSessionToken"),
        Call::AssumeRole(role) => format!("AssumeRole {}", role.arn.as_str()),
    }
}

/// What a run would do, to follow `a run now: `.
pub fn sentence(plan: &Acquisition, forecast: &Forecast<'_>, context: &Context<'_>) -> String {
    if forecast.calls.is_empty() {
        return match forecast.result {
            Some(held) => {
                format!("takes the cached credentials ({} left), makes no call, asks for no code", held.left)
            }
            None => String::from("takes the keys as they are, makes no call, asks for no code"),
        };
    }
    let is_sign_in = |call: &Call<'_>| matches!(call, Call::Base(Base::Login { .. }));
    let signs_in = forecast.token == Some(Outlook::SignsIn);
    let calls: Vec<String> = forecast.calls.iter().filter(|call| !(signs_in && is_sign_in(call))).map(call).collect();
    let calls = format!("calls {}", calls.join(", then "));
    let whose = fetch::login(plan).unwrap_or_default();
    let calls = match forecast.token {
        None | Some(Outlook::Uses) => calls,
        // That is the call.
        Some(Outlook::Renews) if matches!(plan.base, Base::Login { .. }) => calls,
        Some(Outlook::Renews) => format!("renews the token of {whose}, then {calls}"),
        Some(Outlook::SignsIn) if Terminal::is_missing() => {
            return format!("needs a sign-in to {whose} and fails: there is no terminal to ask on");
        }
        Some(Outlook::SignsIn) if calls == "calls " => format!("asks on the terminal to sign in to {whose}"),
        Some(Outlook::SignsIn) => format!("asks on the terminal to sign in to {whose}, then {calls}"),
    };
    match &forecast.code {
        None => format!("{calls}; asks for no code"),
        Some((serial, source)) => {
            let serial = serial.as_str();
            match source {
                CodeSource::Nowhere => format!(
                    "needs a code of {serial} and fails: there is no terminal, no AWS_AUTH_MFA_TOKEN and no mfa_process"
                ),
                source => format!("{calls}; takes a code of {serial} from {}", code_source(*source, plan, context)),
            }
        }
    }
}

/// Where a code would come from: an option, a variable, a program or the terminal.
pub fn code_source(source: CodeSource, plan: &Acquisition, context: &Context<'_>) -> String {
    match source {
        CodeSource::Option => String::from("--mfa-token"),
        CodeSource::Variable => String::from("AWS_AUTH_MFA_TOKEN"),
        CodeSource::Process => {
            let origin = plan.mfa_process.as_ref().map(|process| process.origin.text(context.set));
            format!("mfa_process ({})", origin.unwrap_or_default())
        }
        CodeSource::Terminal => String::from("the terminal"),
        CodeSource::Nowhere => String::from("nowhere"),
    }
}

/// The region variables that the command would have: name, value, and where the value comes from.
pub fn regions(plan: &Acquisition, context: &Context<'_>) -> Vec<(&'static str, String, String)> {
    let Some(region) = &plan.command_region else { return Vec::new() };
    let from = region.origin.text(context.set);
    ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| (name, region.value.to_string(), from.clone())).into()
}

/// The profile's settings for the command, by the names of the variables, and why it needs a configuration file.
pub fn settings_text(plan: &Acquisition, context: &Context<'_>) -> String {
    let names: Vec<&str> = plan.variables.iter().map(|(name, _)| name.as_str()).collect();
    let names = if names.is_empty() { String::from("none") } else { names.join(", ") };
    let Some(reason) = &plan.private_config else { return names };
    let place = context.set.place(reason.at);
    let why = if reason.of_default { "[default] has" } else { "no variable carries" };
    format!("{names}; and a configuration file of its own, because {why} {} ({place})", reason.key)
}

/// The region variables on one line; as one region if both have the same.
pub fn regions_text(regions: &[(&'static str, String, String)]) -> String {
    match regions {
        [] => String::from("none; the profile and its sources name none"),
        [(_, one, from), (_, other, also)] if one == other && from == also => format!("{one} ({from})"),
        all => {
            let words: Vec<String> =
                all.iter().map(|(variable, region, from)| format!("{variable} {region} ({from})")).collect();
            words.join(", ")
        }
    }
}

/// Notes on what may surprise: ignored keys and settings, caches that are off, unencrypted endpoints.
pub fn notes(plan: Option<&Acquisition>, context: &Context<'_>) -> Vec<String> {
    use crate::request::caller::EnvironmentKeys;
    let request = context.request;
    let mut notes = request.warnings.clone();
    let taken = plan.is_some_and(|plan| matches!(plan.base, Base::Environment { .. }));
    if let (EnvironmentKeys::Present { access_key_id, .. }, Some(chosen), false) =
        (&request.caller.keys, &request.profile, taken)
    {
        let why = if chosen.by == "AWS_AUTH_PROFILE" {
            String::from("they have too little left, so their profile is resolved again")
        } else {
            String::from("a profile is named (the AWS CLI would take the keys)")
        };
        notes.push(format!("the keys {access_key_id} in the environment are not used: {why}"));
    }
    if !request.caller.variables.unset().is_empty() {
        notes.push(format!(
            "ignored, since an outer aws-auth set them for its own profile: {}",
            request.caller.variables.unset().join(", ")
        ));
    }
    if request.cache.refresh {
        notes.push(String::from("--refresh: cached role credentials are ignored"));
    }
    if request.cache.off {
        notes.push(String::from("nothing is read from a cache, and nothing is kept (--no-cache, AWS_AUTH_NO_CACHE)"));
    }
    if let Some(why) = context.store.keeps_nothing() {
        notes.push(format!("{why}, so nothing is kept"));
    }
    let Some(plan) = plan else { return notes };
    if !plan.is_kept() {
        notes.push(format!("nothing is kept, since only a run of the {PROCESS} tells whose token it prints"));
    }
    if let Some(guard) = &plan.guard {
        let place = context.set.place(guard.at);
        notes.push(format!("a run asks on the terminal before it starts {} ({place})", guard.words()));
    }
    if plan
        .roles
        .iter()
        .any(|role| matches!(role.mfa, Mfa::Code(_)) && role.length() > crate::plan::mfa::MAX_CHAINED_LENGTH)
    {
        notes.push(String::from(
            "a role of more than 1h is assumed directly with a code: STS gives at most 1h from an MFA session",
        ));
    }
    if let Some(url) = plan.sts.endpoint.in_clear() {
        notes.push(format!("credentials cross the network unencrypted: the endpoint is {url}"));
    }
    notes
}
