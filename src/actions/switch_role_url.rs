//! `--switch-role-url`: the console's switch-role link, for people who sign in with a password.

use crate::actions::console_place::{general_signin, known};
use crate::arn::RoleArn;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::messages::print;
use crate::plan::resolve;
use crate::text::percent::encoded;

/// Prints a link that switches to the profile's role in a console that is signed in already. It needs no credentials,
/// so the profile's source may be missing.
///
/// # Errors
/// Returns an error if there is no such profile, or it has no role to switch to.
pub fn switch_role_url(context: &Context<'_>) -> Result<u8> {
    let (request, set) = (context.request, context.set);
    let outer = context.snapshot.text("AWS_AUTH_PROFILE")?.filter(|_| request.profile.is_none());
    let name = outer.unwrap_or(request.profile_name());
    let role = match (&request.role.arn, set.profile(name)) {
        (Some(role), _) => role.clone(),
        (None, None) => {
            let missing = resolve::resolve(set, request).err();
            return Err(missing.unwrap_or_else(|| {
                Error::new("there is no profile to switch to").advise("name one with -p or AWS_PROFILE")
            }));
        }
        (None, Some(profile)) => match profile.get("role_arn") {
            Some(role) => RoleArn::parse(&role.text, set.place_if_needed(role.at))?,
            None => {
                return Err(Error::new(format!("profile '{name}' has no role_arn, so there is no role to switch to"))
                    .advise("name a profile that has one, or add --role-arn ARN"));
            }
        },
    };
    let host = general_signin(known(role.partition())?);
    print(&format!(
        "https://{host}/switchrole?account={}&roleName={}&displayName={}\n",
        role.account(),
        encoded(role.path_and_name()).as_str(),
        encoded(name).as_str()
    ))
}
