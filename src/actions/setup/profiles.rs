//! The last step of `--setup` before the check: the profiles. Those of the team's file, or of roles, are added, and
//! placeholders are filled in, after showing the changes.

use std::collections::{BTreeMap, BTreeSet};

use crate::actions::ask::{answered, line};
use crate::actions::file_changes::{show, written};
use crate::actions::setup::person::Person;
use crate::actions::setup::questions;
use crate::actions::setup::run::Run;
use crate::arn::Serial;
use crate::config::edit::editor::Proposal;
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::error::{Kind, Result};
use crate::messages::{coloured, print};
use crate::template::needs::{Look, has_placeholder};
use crate::template::placeholders::{self, Known};
use crate::template::sections::{Fate, Section, Wanted, unfilled};
use crate::template::team::Team;

/// Brings the profiles into the files. Returns the names of those that should work now.
///
/// # Errors
/// Returns an error if a file cannot be read or written, or the terminal cannot be used.
pub(crate) fn profiles(run: &Run<'_>, team: Option<&Team<'_>>, people: &[Person]) -> Result<Vec<String>> {
    run.with_files(&run.step(), |context| {
        let look = Look::new(team, context.set);
        let sections = sections(run, &look, people, context)?;
        let answers = answers(run, &sections, &look, people, context)?;
        let fill =
            |section: &SectionName, key: &str, value: &str| filled(section, (key, value), &look, people, &answers);
        let fill_in = |section: Section| {
            let Section { name, values } = section;
            let values = values.into_iter().map(|(key, value)| (key.clone(), fill(&name, &key, &value))).collect();
            Section { name, values }
        };
        warn_of_other_account(run, &sections, &look, people);
        let sections = sections.into_iter().map(fill_in).collect();
        let in_credentials = context.set.own_values(FileKind::Credentials);
        let wanted = Wanted { sections, in_credentials, fill: &fill };
        let news = tell(run, team, &wanted, context);
        write(run, &wanted, &news, context)
    })?;
    run.with_files(&run.step(), |context| Ok(to_check(&Look::new(team, context.set), people)))
}

/// The sections that are wanted: the team's, or those of roles that a person names.
fn sections(run: &Run<'_>, look: &Look<'_>, people: &[Person], context: &Context<'_>) -> Result<Vec<Section>> {
    if let Some(team) = look.team {
        for place in team.places_of_keys() {
            run.say(&format!(
                "{place}: access keys are not taken from a team's file, because each person has their own"
            ));
        }
        return Ok(team.sections());
    }
    let Some(person) = people.iter().find(|person| person.user.is_some()) else { return Ok(Vec::new()) };
    let names = context.set.names();
    let is_over = |name: &String| *name != person.base && look.base_of(name).as_ref() == Some(&person.base);
    if names.iter().any(|name| is_over(name) || has_placeholder(context.set, name)) {
        return Ok(Vec::new());
    }
    questions::roles(run, person, context)
}

/// Whose the keys of a section are.
fn person_of<'p>(section: &SectionName, look: &Look<'_>, people: &'p [Person]) -> Option<&'p Person> {
    let SectionName::Profile(name) = section else { return None };
    let base = look.person_base(name)?;
    people.iter().find(|person| person.base == base)
}

fn filled(
    section: &SectionName,
    (key, value): (&str, &str),
    look: &Look<'_>,
    people: &[Person],
    answers: &BTreeMap<String, String>,
) -> String {
    let person = person_of(section, look, people);
    let user = person.and_then(|person| person.user.as_ref());
    let known = Known {
        user: user.map(|(name, _)| name.as_str()),
        account: user.map(|(_, account)| account.as_str()),
        serial: person.and_then(|person| person.serial.as_deref()),
        answer: &|placeholder| answers.get(placeholder).cloned(),
    };
    placeholders::filled(key, value, &known)
}

/// Asks for the values of the placeholders that nobody but a person knows.
fn answers(
    run: &Run<'_>,
    sections: &[Section],
    look: &Look<'_>,
    people: &[Person],
    context: &Context<'_>,
) -> Result<BTreeMap<String, String>> {
    let mut answers = BTreeMap::new();
    let mut asked = BTreeSet::new();
    let files = [FileKind::Config, FileKind::Credentials].map(|file| context.set.own_values(file));
    let of_sections = added(sections, context)
        .into_iter()
        .flat_map(|Section { name, values }| values.into_iter().map(move |(key, value)| (name.clone(), key, value)));
    let of_files =
        files.iter().flat_map(unfilled).map(|(name, key, value)| (name.clone(), key.to_string(), value.to_string()));
    for (section, key, value) in of_sections.chain(of_files) {
        let filled = filled(&section, (&key, &value), look, people, &answers);
        // A device that is not there yet is not asked for: there was a step for it.
        for placeholder in placeholders::all(&key, &filled).into_iter().filter(|_| key != "mfa_serial") {
            if run.is_dry() || !asked.insert(placeholder.to_owned()) {
                continue;
            }
            let section = Section::new(section.clone(), []).words();
            if !run.can_ask_for(&format!("a value for {placeholder}, {key} of {section}")) {
                continue;
            }
            let question = format!("Your value for {placeholder}, {key} of {section} (Enter leaves it): ");
            let answer = answer(&question, context)?;
            if answer.is_empty() {
                run.skip(&format!("a value for {placeholder}"));
            } else {
                answers.insert(placeholder.to_owned(), answer);
            }
        }
    }
    Ok(answers)
}

/// What of these sections is added, as it is before anything is filled in.
fn added(sections: &[Section], context: &Context<'_>) -> Vec<Section> {
    let [config, in_credentials] = [FileKind::Config, FileKind::Credentials].map(|file| context.set.own_values(file));
    let unfilled = |_: &SectionName, _: &str, value: &str| value.to_owned();
    let wanted = Wanted { sections: Vec::new(), in_credentials, fill: &unfilled };
    let added = |section: &Section| match wanted.fate(section, &config) {
        Fate::New(left) => Some(section.without(&left)),
        Fate::There | Fate::Kept(_) => None,
    };
    sections.iter().filter_map(added).collect()
}

/// A value that can stand in a line of the file.
fn answer(question: &str, context: &Context<'_>) -> Result<String> {
    loop {
        let answer = line(question, context)?;
        if !answer.contains(|c: char| c.is_control() || "<>#;".contains(c)) {
            return Ok(answer);
        }
        context.messages.insist("that cannot be a value: leave out < > # ; and control characters");
    }
}

/// Warns if the keys are those of another account than the team's devices.
fn warn_of_other_account(run: &Run<'_>, sections: &[Section], look: &Look<'_>, people: &[Person]) {
    let Some(team) = look.team else { return };
    for section in sections {
        let value = section.values.iter().find(|(key, _)| key == "mfa_serial").map(|(_, value)| value.as_str());
        let wanted = value.filter(|value| value.starts_with("arn:")).and_then(|value| value.split(':').nth(4));
        let serial = person_of(&section.name, look, people).and_then(|person| person.serial.as_deref());
        let found = serial.and_then(|serial| Serial::parse(serial, "").ok()?.account().map(String::from));
        if let (Some(wanted), Some(found)) = (wanted, found)
            && wanted != found
            && !wanted.contains('<')
        {
            let (name, words) = (&team.name, section.words());
            let text = format!(
                "{name}: {words} wants a user of account {wanted}, but the keys are those of account {found}; were \
                 other keys meant?"
            );
            return run.outer.messages.warn(&text);
        }
    }
}

/// Says what becomes of the sections. Returns what is new, in words.
fn tell(run: &Run<'_>, team: Option<&Team<'_>>, wanted: &Wanted<'_>, context: &Context<'_>) -> Vec<String> {
    let config = context.set.own_values(FileKind::Config);
    let mut new = Vec::new();
    let mut there = 0;
    for section in &wanted.sections {
        match wanted.fate(section, &config) {
            Fate::New(left) => {
                if !left.is_empty() {
                    let (words, left) = (section.words(), left.join(", "));
                    run.say(&format!("{words}: {left} of the team's file is left out, because yours counts"));
                }
                new.push(section.words());
            }
            Fate::There => there += 1,
            Fate::Kept(keys) => run.say(&format!(
                "{} is there already with other settings ({}); yours is kept",
                section.words(),
                keys.join(", ")
            )),
        }
    }
    let files = [&config, &wanted.in_credentials];
    let mut filled: Vec<String> = Vec::new();
    for (name, _, _) in files.into_iter().flat_map(|sections| wanted.filled(sections)) {
        let words = Section::new(name, []).words();
        if !filled.contains(&words) {
            filled.push(words);
        }
    }
    if let Some(team) = team {
        run.say(&format!("profiles: of {}, {there} are there and {} are new", team.name, new.len()));
    }
    if !filled.is_empty() {
        run.say(&format!("profiles: placeholders are filled in: {}", filled.join(", ")));
    }
    if team.is_none() && new.is_empty() && filled.is_empty() && run.skipped().is_empty() {
        run.say("profiles: nothing to fill in; for another role, add a section like theirs to the config file");
    }
    [new, filled].concat()
}

/// Shows what will change, and writes it after a yes.
fn write(run: &Run<'_>, wanted: &Wanted<'_>, news: &[String], context: &Context<'_>) -> Result<()> {
    let config = context.editor(FileKind::Config)?;
    let credentials = context.editor(FileKind::Credentials)?;
    let proposals = [
        config.propose(|found| Ok(wanted.changes(FileKind::Config, found)))?,
        credentials.propose(|found| Ok(wanted.changes(FileKind::Credentials, found)))?,
    ];
    if run.is_dry() {
        let colours = coloured(&std::io::stdout(), context.snapshot);
        return print(&proposals.each_ref().map(|proposal| proposal.diff().text(colours)).concat()).map(drop);
    }
    if proposals.iter().all(Proposal::is_empty) {
        return Ok(());
    }
    for proposal in proposals.iter().filter(|proposal| !proposal.is_empty()) {
        proposal.check()?;
        show(proposal, context);
    }
    match answered("aws-auth: write this?", context)? {
        Some(true) => {}
        Some(false) => {
            run.skip(&news.join(", "));
            return Ok(());
        }
        None => {
            let _ = run.can_ask_for(&format!("a yes to writing {}", news.join(", ")));
            return Ok(());
        }
    }
    run.note_change();
    match proposals.into_iter().try_for_each(|proposal| written(proposal, context)) {
        Err(error) if error.kind() == Kind::NothingGiven => {
            run.skip(&news.join(", "));
            Ok(())
        }
        result => result,
    }
}

/// The profiles that are tried: the team's, else those over the keys, else those with the keys.
fn to_check(look: &Look<'_>, people: &[Person]) -> Vec<String> {
    let all = look.set.names();
    let bases: Vec<&String> = people.iter().filter(|person| person.user.is_some()).map(|person| &person.base).collect();
    let names: Vec<String> = if let Some(team) = look.team {
        // The keys themselves were proved already.
        let are_keys = |name: &String| bases.contains(&name) && !look.has_device(name);
        let is_tried = |name: &String| {
            all.contains(name) && look.has_credentials(name) && !are_keys(name) && !look.is_only_included(name)
        };
        team.set.names().into_iter().filter(is_tried).collect()
    } else {
        let is_over =
            |name: &String| !bases.contains(&name) && look.base_of(name).is_some_and(|base| bases.contains(&&base));
        all.iter().filter(|name| is_over(name) && look.has_credentials(name)).cloned().collect()
    };
    if names.is_empty() { bases.into_iter().cloned().collect() } else { names }
}
