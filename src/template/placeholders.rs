//! Placeholders such as `<IAM username>` in the values of a template.

use crate::config::entry::is_command;

/// What is known of the person who fills in the placeholders.
pub struct Known<'a> {
    /// The IAM user's name.
    pub user: Option<&'a str>,
    /// The account of that user.
    pub account: Option<&'a str>,
    /// The serial number of the MFA device.
    pub serial: Option<&'a str>,
    /// What was answered for other placeholders.
    pub answer: &'a dyn Fn(&str) -> Option<String>,
}

/// The placeholders in a value: a few words in angle brackets. In a command, `<` has a meaning of its own.
pub fn all<'v>(key: &str, value: &'v str) -> Vec<&'v str> {
    if is_command(key) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut rest = value;
    while let Some(start) = rest.find('<') {
        let from = rest.get(start..).unwrap_or_default();
        let Some(end) = from.find('>') else { break };
        let (placeholder, after) = from.split_at_checked(end + 1).unwrap_or_default();
        if is_placeholder(placeholder) {
            found.push(placeholder);
            rest = after;
        } else {
            // Another `<` may begin inside.
            rest = from.get(1..).unwrap_or_default();
        }
    }
    found
}

fn is_placeholder(text: &str) -> bool {
    let inner = text.trim_start_matches('<').trim_end_matches('>');
    let is_fit = |c: char| c.is_alphanumeric() || " _-.'/".contains(c);
    inner.len() + 2 == text.len() && inner.starts_with(char::is_alphabetic) && inner.chars().all(is_fit)
}

/// The value with everything filled in that is known. The serial number of the device replaces a whole `mfa_serial`,
/// because its name need not be the user's.
pub fn filled(key: &str, value: &str, known: &Known<'_>) -> String {
    let found = all(key, value);
    if key == "mfa_serial" && !found.is_empty() {
        // Without a device, the next run or --register-mfa fills it in.
        return known.serial.unwrap_or(value).to_owned();
    }
    let mut text = value.to_owned();
    for placeholder in found {
        if let Some(own) = own(key, placeholder, known) {
            text = text.replace(placeholder, &own);
        }
    }
    text
}

/// Whether a placeholder, in lower case, means the name of the IAM user and nothing else of a user.
fn asks_for_user(placeholder: &str) -> bool {
    let is_between = |c: char| " _-.<>".contains(c);
    let words = placeholder.split(is_between).filter(|word| !["", "aws", "iam", "my", "your"].contains(word));
    matches!(words.collect::<String>().as_str(), "user" | "username")
}

/// Whether a value is one that the wanted value can stand for: where that still holds a placeholder, it may be anything.
pub fn fits(key: &str, wanted: &str, value: &str) -> bool {
    let found = all(key, wanted);
    if key == "mfa_serial" && !found.is_empty() {
        return true;
    }
    let (mut pattern, mut rest, mut is_first) = (wanted, value, true);
    for placeholder in found {
        let Some((before, after)) = pattern.split_once(placeholder) else { return false };
        let Some(at) = rest.find(before).filter(|at| *at == 0 || !is_first) else { return false };
        rest = rest.get(at + before.len()..).unwrap_or_default();
        (pattern, is_first) = (after, false);
    }
    if is_first { pattern == rest } else { rest.ends_with(pattern) }
}

fn own(key: &str, placeholder: &str, known: &Known<'_>) -> Option<String> {
    let words = placeholder.to_lowercase();
    // The account of a role may be any, and its name is none of a user.
    let is_of_role = key == "role_arn";
    let known_value = if asks_for_user(&words) && !is_of_role {
        known.user
    } else if words.contains("account") && !is_of_role {
        known.account
    } else {
        None
    };
    known_value.map(String::from).or_else(|| (known.answer)(placeholder))
}

#[cfg(test)]
mod tests {
    use crate::template::placeholders::{Known, all, filled, fits};

    #[test]
    fn words_in_angle_brackets_are_placeholders() {
        let cases: [(&str, &[&str]); 8] = [
            ("arn:aws:iam::398263320410:mfa/<IAM username>", &["<IAM username>"]),
            ("<a>-<b c>", &["<a>", "<b c>"]),
            ("a < b > c", &[]),
            ("<>", &[]),
            ("<<a>>", &["<a>"]),
            ("<1>", &[]),
            ("<a", &[]),
            ("none", &[]),
        ];
        for (value, expected) in cases {
            assert_eq!(all("mfa_serial", value), expected, "{value}");
        }
        assert!(all("credential_process", "sh -c 'key <file >x'").is_empty());
        assert!(all("mfa_process", "code <file>").is_empty());
    }

    #[test]
    fn a_placeholder_stands_for_anything() {
        for (key, wanted, value, is_fit) in [
            ("region", "<your region>", "eu-west-1", true),
            ("region", "eu-west-1", "eu-west-1", true),
            ("region", "eu-west-1", "eu-west-10", false),
            ("role_arn", "arn:aws:iam::<account>:role/x", "arn:aws:iam::111122223333:role/x", true),
            ("role_arn", "arn:aws:iam::<account>:role/x", "arn:aws:iam::111122223333:role/y", false),
            ("role_arn", "arn:aws:iam::<account>:role/x", "-arn:aws:iam::111122223333:role/x", false),
            ("role_session_name", "<a>-<b c>", "jo-dev", true),
            ("role_session_name", "<a>-<b c>", "jo", false),
            ("mfa_serial", "mfa/<IAM username>", "phone", true),
        ] {
            assert_eq!(fits(key, wanted, value), is_fit, "{wanted} {value}");
        }
    }

    #[test]
    fn what_is_known_is_filled_in() {
        let answer = |text: &str| (text == "<region>").then(|| String::from("eu-west-1"));
        let known = Known { user: Some("jo"), account: Some("111122223333"), serial: Some("SERIAL"), answer: &answer };
        for (key, value, expected) in [
            ("mfa_serial", "arn:aws:iam::398263320410:mfa/<IAM username>", "SERIAL"),
            ("mfa_serial", "arn:aws:iam::398263320410:mfa/sam", "arn:aws:iam::398263320410:mfa/sam"),
            ("role_session_name", "<user name>@<AWS account>", "jo@111122223333"),
            ("role_arn", "arn:aws:iam::<account id>:role/x", "arn:aws:iam::<account id>:role/x"),
            ("role_session_name", "<User>", "jo"),
            ("role_session_name", "<your IAM user name>.<user_name>", "jo.jo"),
            ("role_session_name", "<user id>", "<user id>"),
            ("role_session_name", "<power user>", "<power user>"),
            ("role_arn", "arn:aws:iam::111122223333:role/<User role>", "arn:aws:iam::111122223333:role/<User role>"),
            ("role_arn", "arn:aws:iam::111122223333:role/<user>", "arn:aws:iam::111122223333:role/<user>"),
            ("region", "<region>", "eu-west-1"),
            ("region", "<Region>", "<Region>"),
        ] {
            assert_eq!(filled(key, value, &known), expected, "{key} = {value}");
        }
        let unknown = Known { user: None, account: None, serial: None, answer: &|_| None };
        assert_eq!(filled("mfa_serial", "mfa/<IAM username>", &unknown), "mfa/<IAM username>");
    }
}
