//! A console session of a user's own keys (GetFederationToken), for people without a role.

use crate::bounds::policies::{Owner, SessionPolicies};
use crate::cli::action::Action;
use crate::config::profiles::ProfileSet;
use crate::error::{Error, Result};
use crate::plan::base::Base;
use crate::plan::bounding::{asked, policies};
use crate::plan::bounds::{IDENTITY, TAGS, TRANSITIVE};
use crate::plan::model::Acquisition;
use crate::plan::session_name::default_session_name;
use crate::request::Request;
use crate::time::Length;

/// The most characters that STS takes for the name of a federated user.
const LONGEST_NAME: usize = 32;

/// A GetFederationToken call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Federation {
    /// Name: `--session-name`, else a person's; `None` if it is that of the user database.
    name: Option<String>,
    /// What the session may do, as far as the user may. Without any policy it could do nothing.
    pub policies: SessionPolicies,
    /// DurationSeconds, if `--duration` sets it; otherwise STS's default of twelve hours applies.
    pub duration: Option<Length>,
}

impl Federation {
    /// The call that the console needs for a plan without a role; `None` if no policy is asked for.
    ///
    /// # Errors
    /// Returns an error if a policy cannot be used, or if anything else is asked for that is only for roles.
    pub fn of(set: &ProfileSet<'_>, request: &Request<'_>, plan: &Acquisition) -> Result<Option<Self>> {
        if !plan.roles.is_empty() || !plan.base.may_be_long_term() {
            return Ok(None);
        }
        let profile = plan.profile.as_deref().and_then(|name| set.profile(name));
        if let Some(what) = asked(set, request, profile.as_ref(), &[IDENTITY, TAGS, TRANSITIVE]) {
            return Err(Error::new(format!("{what} needs a role, and the console session of a user's keys has none"))
                .advise("leave it out, or add --role-arn ARN"));
        }
        let owner = Owner::User { partition: plan.sts.region.value.partition() };
        let Some(policies) = policies(set, request, profile.as_ref(), owner)? else { return Ok(None) };
        let asked = request.bounds.as_ref().and_then(|options| options.session_name.clone());
        if let Some(length) = asked.as_ref().map(|name| name.chars().count()).filter(|length| *length > LONGEST_NAME) {
            return Err(Error::new(format!(
                "--session-name has {length} characters, and that of a user's own keys has at most {LONGEST_NAME}"
            ))
            .advise("shorten it, or add --role-arn ARN"));
        }
        let name = asked.or_else(|| default_session_name(plan.device(), request.caller.user.as_deref()));
        Ok(Some(Self { name, policies: policies.value, duration: request.role.duration }))
    }

    /// Name, of at most 32 characters; a longer one that nobody asked for is cut. `last_resort` is a name that STS takes.
    pub fn name(&self, last_resort: impl FnOnce() -> String) -> String {
        self.name.clone().unwrap_or_else(last_resort).chars().take(LONGEST_NAME).collect()
    }
}

/// Whether a plan without a role may all the same be bounded, since GetFederationToken takes policies.
pub(crate) fn takes_policies(request: &Request<'_>, base: &Base) -> bool {
    request.action == Action::Console && base.may_be_long_term()
}
