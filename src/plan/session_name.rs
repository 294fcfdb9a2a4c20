//! The role session name that is sent when the profile sets none.

use crate::arn::Serial;

/// A RoleSessionName that names a person in CloudTrail: the user of the MFA device, else the local user. STS takes 2 to
/// 64 characters; each one that it does not take becomes `-`.
pub(crate) fn default_session_name(serial: Option<&Serial>, user: Option<&str>) -> String {
    let name = serial.and_then(Serial::user).or(user).unwrap_or("aws-auth");
    let legal = |c: char| if c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) { c } else { '-' };
    let mut name: String = name.chars().map(legal).take(64).collect();
    if name.len() < 2 {
        name.push_str("-aws-auth");
    }
    name
}
