//! `--sync-sso`: a profile for every account and role that a login of IAM Identity Center gives.

pub mod changes;
pub mod names;
pub mod progress;
pub mod rules;

use std::collections::HashSet;

use crate::actions::file_changes::shown_and_written;
use crate::actions::sync_sso::changes::{Outcome, Wanted, outcome};
use crate::actions::sync_sso::progress::Progress;
use crate::actions::sync_sso::rules::Rules;
use crate::config::profiles::ProfileSet;
use crate::config::section_name::SectionName;
use crate::config::value::FileKind;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages::{coloured, print};
use crate::plan::sso::Sso;
use crate::sso::accounts::{self, Assignment};
use crate::sso::login;
use crate::sso::outcome::until_done;
use crate::sso::token::Token;
use crate::system::harden;
use crate::system::signals::Undisturbed;
use crate::text::shell_words::shell_word;

/// Lists the roles, shows what changes in the config file, and writes it.
///
/// # Errors
/// Returns an error if it is not clear which session is meant, the user is not signed in, the listing does not come to
/// its end, or the file cannot be written. Then nothing was changed.
pub fn sync_sso(context: &Context<'_>) -> Result<u8> {
    harden::fill_standard_descriptors();
    let _guard = Undisturbed::begin();
    let session = session(context)?;
    let rules = Rules::of(context.set, &session)?;
    let chosen = context.request.profile.as_ref().and_then(|chosen| context.set.profile(&chosen.name));
    let sso = Sso::of_login(context.set, context.request, &session, chosen.as_ref())?;
    // Known before a sign-in.
    let editor = context.editor(FileKind::Config)?;
    let given = listed(&sso, &session, context)?;
    let in_credentials: HashSet<String> = profiles_in(FileKind::Credentials, context.set);
    let wanted = Wanted {
        session: &session,
        roles: &given,
        rules: &rules,
        in_credentials: &in_credentials,
        prune: context.request.keys.prune,
    };
    let proposal = editor.propose(|found| Ok(outcome(&wanted, found).changes))?;
    let told = outcome(&wanted, context.set);
    if context.request.keys.dry_run {
        print(&proposal.diff().text(coloured(&std::io::stdout(), context.snapshot)))?;
    } else if !proposal.is_empty() {
        proposal.check()?;
        shown_and_written(proposal, context)?;
    }
    tell(&told, &wanted, context);
    Ok(0)
}

/// The session that is meant: the one that is named, that of the profile, or the only one.
fn session(context: &Context<'_>) -> Result<String> {
    if let Some(name) = &context.request.keys.sync_session {
        return Ok(name.clone());
    }
    if let Some(chosen) = &context.request.profile
        && let Some(session) = context.set.profile(&chosen.name).and_then(|profile| profile.get("sso_session"))
    {
        return Ok(session.text.into_owned());
    }
    let all = context.set.own_values(FileKind::Config);
    let names = all.keys().filter_map(|section| match section {
        SectionName::SsoSession(name) => Some(name.as_str()),
        _ => None,
    });
    match names.collect::<Vec<_>>().as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(Error::new("the config file has no section [sso-session NAME]")
            .advise("'aws configure sso-session' asks for what it needs")),
        [first, ..] => Err(Error::new("the config file has several sections [sso-session NAME]")
            .advise(format!("name one: --sync-sso={}", shell_word(first)))),
    }
}

/// All roles of the login. The user signs in first where that is needed.
fn listed(sso: &Sso, session: &str, context: &Context<'_>) -> Result<Vec<Assignment>> {
    let token = token(sso, session, context)?;
    let progress = Progress::begin(context);
    accounts::list(sso, &token, context, &mut |done, all| progress.tell(done, all))
}

fn token(sso: &Sso, session: &str, context: &Context<'_>) -> Result<Token> {
    until_done(|| login::token(sso, None, context, &format!("[sso-session {session}]")))
}

/// The names of the profiles that have a section in this file.
fn profiles_in(file: FileKind, set: &ProfileSet<'_>) -> HashSet<String> {
    let names = set.own_values(file).into_keys().filter_map(|section| match section {
        SectionName::Profile(name) => Some(name),
        _ => None,
    });
    names.collect()
}

/// Says what was done, or with `--dry-run` what would be.
fn tell(outcome: &Outcome, wanted: &Wanted<'_>, context: &Context<'_>) {
    let messages = context.messages;
    for (name, role) in &outcome.passed_over {
        messages.say(&format!(
            "profile '{name}' is your own, so {} in {} gets none; rename yours, or word sso_profile_name otherwise",
            role.role_name, role.account_id
        ));
    }
    let gone = if context.request.keys.dry_run { "would be removed" } else { "was removed" };
    for (name, key, value) in &outcome.orphans {
        messages.warn(&format!("profile '{name}' has the {key} '{value}', which {gone}; give it another one"));
    }
    let Outcome { added, kept, gone, .. } = outcome;
    if !wanted.prune && !gone.is_empty() {
        let names = gone.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if gone.len() > 5 { ", …" } else { "" };
        messages
            .say(&format!("{} with a role that is gone ({names}{more}); --prune removes them", profiles(gone.len())));
    }
    let removed = if wanted.prune { gone.len() } else { 0 };
    let roles = wanted.roles.len();
    let session = wanted.session;
    messages.say(&if *added == 0 && removed == 0 {
        format!("{session}: {roles} roles, nothing to change")
    } else {
        let would = if context.request.keys.dry_run { "would be " } else { "" };
        format!("{session}: {roles} roles; {} {would}added, {removed} removed, {kept} were there", profiles(*added))
    });
}

fn profiles(count: usize) -> String {
    if count == 1 { String::from("1 profile") } else { format!("{count} profiles") }
}
