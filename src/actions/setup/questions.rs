//! The questions for the profile of one role, where there is no file of a team.

use crate::actions::ask::line;
use crate::actions::setup::person::Person;
use crate::actions::setup::run::Run;
use crate::arn::RoleArn;
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::error::Result;
use crate::messages::Messages;
use crate::template::sections::Section;

/// Asks for a role and the name of its profile, over the person's keys. `None` if the person gives none.
///
/// # Errors
/// Returns an error if the terminal cannot be used.
pub(crate) fn one_role(run: &Run<'_>, person: &Person, context: &Context<'_>) -> Result<Option<Section>> {
    let what = "a profile with a role";
    run.say(&format!("profiles: none has a role over the keys of '{}'", person.base));
    if run.is_dry() {
        run.say("profiles: a role would be asked for");
        return Ok(None);
    }
    if !run.can_ask_for(what) {
        return Ok(None);
    }
    let Some(role) = role(context)? else {
        run.skip(what);
        return Ok(None);
    };
    let Some(name) = name(&role, context)? else {
        run.skip(what);
        return Ok(None);
    };
    let serial = person.serial.iter().map(|serial| (String::from("mfa_serial"), serial.clone()));
    let values = [(String::from("source_profile"), person.base.clone())].into_iter().chain(serial);
    let role = (String::from("role_arn"), role.as_str().to_owned());
    Ok(Some(Section::new(SectionName::Profile(name), values.chain([role]))))
}

fn role(context: &Context<'_>) -> Result<Option<RoleArn>> {
    loop {
        let answer = line("The ARN of a role that you may assume (Enter leaves this step out): ", context)?;
        if answer.is_empty() {
            return Ok(None);
        }
        match RoleArn::parse(&answer, "what was typed") {
            Ok(role) => return Ok(Some(role)),
            Err(error) => Messages::error(&error, context.snapshot),
        }
    }
}

fn name(role: &RoleArn, context: &Context<'_>) -> Result<Option<String>> {
    let usual = Some(role.name()).filter(|name| context.set.profile(name).is_none());
    let question = match usual {
        Some(name) => format!("A name for its profile [{name}]: "),
        None => String::from("A name for its profile (Enter leaves this step out): "),
    };
    loop {
        let answer = line(&question, context)?;
        let name = if answer.is_empty() { usual.unwrap_or_default().to_owned() } else { answer };
        if name.is_empty() {
            return Ok(None);
        }
        match SectionName::Profile(name.clone()).header(FileKind::Config) {
            Err(error) => Messages::error(&error, context.snapshot),
            Ok(_) if context.set.profile(&name).is_some() => {
                context.messages.insist(&format!("there is a profile '{name}' already; take another name"));
            }
            Ok(_) => return Ok(Some(name)),
        }
    }
}
