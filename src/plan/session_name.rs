//! The role session name that is sent when the profile sets none.

use crate::arn::Serial;

/// A RoleSessionName that names a person in CloudTrail: the user of the MFA device, else the local user that the
/// environment names. `None` if there is neither: then the user database is asked when a role is assumed.
pub(crate) fn default_session_name(serial: Option<&Serial>, user: Option<&str>) -> Option<String> {
    serial.and_then(Serial::user).or(user).map(legal_session_name)
}

/// The name that is sent if the profile sets none and the environment names no user: that of the user database, else
/// `aws-auth`.
pub fn last_resort(user: Option<&str>) -> String {
    legal_session_name(user.unwrap_or("aws-auth"))
}

/// STS takes 2 to 64 characters; each one that it does not take becomes `-`.
fn legal_session_name(name: &str) -> String {
    let legal = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    let mut name: String = name.chars().map(legal).take(64).collect();
    if name.len() < 2 {
        name.push_str("-aws-auth");
    }
    name
}
