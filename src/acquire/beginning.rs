//! The beginning of what `--verbose` tells: the profile, who named it and where it stands, whose keys begin, and how
//! MFA is shown. What carrying the plan out finds and calls is told by `acquire`.

use std::fmt::Write as _;

use crate::acquire::lookup::Context;
use crate::actions::explain::{steps, walk};
use crate::plan::base::Base;
use crate::plan::resolve::{Acquisition, Mfa};

/// The profile, its sources, and what the plan begins with.
#[cold]
pub fn beginning(plan: &Acquisition, context: &Context<'_>) -> Vec<String> {
    let (what, at) = steps::base_in_words(&plan.base, context.set);
    let mut lines = vec![profile(plan.profile.as_deref(), context), format!("begins with {what} ({at})")];
    let code = plan.roles.iter().find_map(|role| match &role.mfa {
        Mfa::Code(serial) => Some(serial),
        _ => None,
    });
    match (&plan.session, code) {
        // Its state is told when it is looked for.
        (Some(_), _) => {}
        (None, Some(serial)) => {
            lines.push(format!("no MFA session: each new role takes a code of {} itself", serial.as_str()));
        }
        (None, None) => lines.push(String::from("no MFA code is needed")),
    }
    if plan.roles.is_empty() && plan.session.is_none() && !matches!(plan.base, Base::Provider { .. }) {
        lines.push(String::from("the keys are given as they are, and no call is made"));
    }
    lines
}

/// The profile and who named it, with the sources that it leads to.
#[cold]
pub fn profile(name: Option<&str>, context: &Context<'_>) -> String {
    let mut text = match (&context.request.profile, name) {
        (Some(chosen), _) => format!("profile '{}' ({})", chosen.name, chosen.by),
        (None, Some(name)) => format!("no profile is named, so profile '{name}'"),
        (None, None) => return String::from("no profile is named"),
    };
    for (number, profile) in walk(context).into_iter().enumerate() {
        if number > 0 {
            let _ = write!(text, ", whose source is '{}'", profile.name);
        }
        let _ = write!(text, " in {}", profile.at.join(" and "));
    }
    text
}
