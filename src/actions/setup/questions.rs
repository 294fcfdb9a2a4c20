//! The questions for profiles with roles, where there is no file of a team.

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

/// Asks for roles and the names of their profiles, over the person's keys, until a person gives none.
///
/// # Errors
/// Returns an error if the terminal cannot be used.
pub(crate) fn roles(run: &Run<'_>, person: &Person, context: &Context<'_>) -> Result<Vec<Section>> {
    let what = "a profile with a role";
    run.say(&format!("profiles: there is none with a role yet that begins with the keys of '{}'", person.base));
    if run.is_dry() {
        run.say("profiles: a role would be asked for");
        run.skip(what);
        return Ok(Vec::new());
    }
    let mut sections: Vec<Section> = Vec::new();
    if !run.can_ask_for(what) {
        return Ok(sections);
    }
    let mut question = "The ARN of a role that you may assume (Enter leaves this step out): ";
    while let Some(role) = role(question, context)? {
        let Some(name) = name(&role, &sections, context)? else { break };
        let serial = person.serial.iter().map(|serial| (String::from("mfa_serial"), serial.clone()));
        let values = [(String::from("source_profile"), person.base.clone())].into_iter().chain(serial);
        let role = (String::from("role_arn"), role.as_str().to_owned());
        sections.push(Section::new(SectionName::Profile(name), values.chain([role])));
        question = "The ARN of another role (Enter if that is all): ";
    }
    if sections.is_empty() {
        run.skip(what);
    }
    Ok(sections)
}

fn role(question: &str, context: &Context<'_>) -> Result<Option<RoleArn>> {
    loop {
        let answer = line(question, context)?;
        if answer.is_empty() {
            return Ok(None);
        }
        match RoleArn::parse(&answer, "what was typed") {
            Ok(role) => return Ok(Some(role)),
            Err(error) => Messages::error(&error, context.snapshot),
        }
    }
}

/// A name that neither the files nor the sections before have.
fn name(role: &RoleArn, before: &[Section], context: &Context<'_>) -> Result<Option<String>> {
    let is_taken = |name: &str| {
        let is_it = |section: &Section| matches!(&section.name, SectionName::Profile(taken) if taken == name);
        context.set.profile(name).is_some() || before.iter().any(is_it)
    };
    let usual = Some(role.name()).filter(|name| !is_taken(name));
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
            Ok(_) if is_taken(&name) => {
                context.messages.insist(&format!("there is a profile '{name}' already; take another name"));
            }
            Ok(_) => return Ok(Some(name)),
        }
    }
}
