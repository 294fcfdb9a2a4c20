//! Which values of the two files must not be shown or copied, and lines of a file without them.

use std::borrow::Cow;

use crate::config::ini::{is_comment, is_space, strip};
use crate::config::value::FileKind;
use crate::text::bytes::find2;

/// What stands in the place of a secret.
pub const MASK: &str = "****";

/// Settings that AWS documents and whose values are never secret. `--explain` hides the values of all others.
pub(crate) const SETTINGS_WITHOUT_SECRETS: [&str; 41] = [
    "account_id_endpoint_mode",
    "api_versions",
    "auth_scheme_preference",
    "ca_bundle",
    "cli_auto_prompt",
    "cli_binary_format",
    "cli_follow_urlparam",
    "cli_history",
    "cli_pager",
    "cli_timestamp_format",
    "defaults_mode",
    "disable_host_prefix_injection",
    "disable_request_compression",
    "ec2_metadata_service_endpoint",
    "ec2_metadata_service_endpoint_mode",
    "ec2_metadata_v1_disabled",
    "endpoint_discovery_enabled",
    "ignore_configured_endpoint_urls",
    "imds_use_ipv6",
    "max_attempts",
    "metadata_service_num_attempts",
    "metadata_service_timeout",
    "output",
    "parameter_validation",
    "region",
    "request_checksum_calculation",
    "request_min_compression_size_bytes",
    "response_checksum_validation",
    "retry_mode",
    "s3",
    "s3_disable_express_session_auth",
    "s3_disable_multiregion_access_points",
    "s3_us_east_1_regional_endpoint",
    "s3_use_arn_region",
    "sdk_ua_app_id",
    "services",
    "sigv4a_signing_region_set",
    "sts_regional_endpoints",
    "tcp_keepalive",
    "use_dualstack_endpoint",
    "use_fips_endpoint",
];

/// Keys that lead to credentials and whose values are never secret. An access key id is not: CloudTrail shows it.
const KEYS_OF_CREDENTIALS: [&str; 31] = [
    "aws_access_key_id",
    "aws_account_id",
    "aws_auth_mfa_serials",
    "aws_auth_policies",
    "aws_auth_process_cache",
    "aws_expiration",
    "credential_process",
    "credential_source",
    "duration_seconds",
    "endpoint_url",
    "external_id",
    "include_profile",
    "login_session",
    "mfa_process",
    "mfa_serial",
    "mfa_session_duration",
    "role_arn",
    "role_session_name",
    "session_tags",
    "source_identity",
    "source_profile",
    "sso_account_id",
    "sso_region",
    "sso_registration_scopes",
    "sso_role_name",
    "sso_session",
    "sso_start_url",
    "transitive_session_tags",
    "web_identity_token_file",
    "web_identity_token_process",
    "x_principal_arn",
];

/// Parts of the names of secrets.
const WORDS: [&str; 9] =
    ["secret", "password", "passwd", "passphrase", "passcode", "token", "private_key", "api_key", "otp"];

fn is_known(key: &str) -> bool {
    SETTINGS_WITHOUT_SECRETS.contains(&key) || KEYS_OF_CREDENTIALS.contains(&key) || key.starts_with("aws_auth_")
}

fn sounds_secret(key: &str) -> bool {
    !is_known(key) && WORDS.iter().any(|word| key.contains(word))
}

/// Whether the value of `key`, which must be in lower case, may be a secret. In the credentials file, a key that AWS does
/// not document may hold another program's secret.
pub fn is_secret(file: FileKind, key: &str) -> bool {
    sounds_secret(key) || (file == FileKind::Credentials && !is_known(key))
}

/// A line without secrets. `key` is the entry, in lower case, that the line begins or continues.
pub(crate) fn masked<'a>(file: FileKind, key: Option<&str>, line: &'a str) -> Cow<'a, str> {
    let stripped = strip(line);
    let indent = line.len() - line.trim_start_matches(is_space).len();
    if is_comment(stripped) {
        let commented = stripped.trim_start_matches(|c| is_space(c) || matches!(c, '#' | ';'));
        let at = line.len() - line.trim_end_matches(is_space).len() + commented.len();
        return masked_value(line, line.len() - at).unwrap_or_else(|| without_runs(line));
    }
    match key.filter(|_| !stripped.is_empty()) {
        Some(key) if is_secret(file, key) => {
            let begin = match find2([b'=', b':'], line.as_bytes()) {
                Some(at) if line.get(indent..at).is_some_and(|name| strip(name).to_lowercase() == key) => at + 1,
                _ => return Cow::Owned(format!("{}{MASK}", line.get(..indent).unwrap_or_default())),
            };
            let value = line.get(begin..).unwrap_or_default();
            if strip(value).is_empty() {
                return Cow::Borrowed(line);
            }
            let space = value.len() - value.trim_start_matches(is_space).len();
            Cow::Owned(format!("{}{MASK}", line.get(..begin + space).unwrap_or_default()))
        }
        Some(_) => masked_value(line, indent).unwrap_or_else(|| without_runs(line)),
        None => Cow::Borrowed(line),
    }
}

/// The line with the value masked, if what begins at `from` is `key = value` and the key sounds like a secret's.
fn masked_value(line: &str, from: usize) -> Option<Cow<'_, str>> {
    let text = line.get(from..)?;
    let at = find2([b'=', b':'], text.as_bytes())?;
    let (key, value) = text.split_at_checked(at + 1)?;
    let name = strip(key.get(..at)?).to_lowercase();
    if !sounds_secret(&name) || strip(value).is_empty() {
        return None;
    }
    let space = value.len() - value.trim_start_matches(is_space).len();
    Some(Cow::Owned(format!("{}{MASK}", line.get(..from + at + 1 + space)?)))
}

/// The line without what looks like a secret wherever it stands: 40 characters of base64 in both cases, as secret keys
/// have them, 100 or more, as session tokens have them, and the user and the password of a URL. A part of an ARN is none.
fn without_runs(line: &str) -> Cow<'_, str> {
    let in_run = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/');
    let is_key = |run: &str| {
        let cases = run.contains(|c: char| c.is_ascii_lowercase()) && run.contains(|c: char| c.is_ascii_uppercase());
        cases && (run.len() == 40 || run.len() >= 100)
    };
    let mut kept = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let (run, after) = rest.split_at(rest.find(|c| !in_run(c)).unwrap_or(rest.len()));
        let (between, after) = after.split_at(after.find(in_run).unwrap_or(after.len()));
        let begins = kept.is_empty() || kept.ends_with(|c| is_space(c) || matches!(c, '=' | '"' | '\'' | ','));
        kept.push_str(if begins && is_key(run) { MASK } else { run });
        kept.push_str(between);
        rest = after;
    }
    let kept = without_password(&kept).unwrap_or(kept);
    if kept == line { Cow::Borrowed(line) } else { Cow::Owned(kept) }
}

fn without_password(line: &str) -> Option<String> {
    let (before, after) = line.split_once("://")?;
    let authority = after.split(['/', '?', '#', ' ']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    Some(format!("{before}://{MASK}{}", after.get(user.len()..)?))
}

#[cfg(test)]
mod tests {
    use crate::config::secrets::{is_secret, masked};
    use crate::config::value::FileKind;

    #[test]
    fn keys() {
        for key in ["aws_secret_access_key", "aws_session_token", "aws_secret_acces_key", "azure_default_password"] {
            assert!(is_secret(FileKind::Config, key) && is_secret(FileKind::Credentials, key), "{key}");
        }
        for key in ["aws_access_key_id", "s3", "web_identity_token_file", "aws_auth_process_cache", "sso_start_url"] {
            assert!(!is_secret(FileKind::Config, key) && !is_secret(FileKind::Credentials, key), "{key}");
        }
        assert!(!is_secret(FileKind::Config, "okta_app") && is_secret(FileKind::Credentials, "okta_app"));
    }

    #[test]
    fn lines() {
        const KEY: &str = "Kaet7Zae/AAAAbbbb+ccccDDDDeeeeFFFFgggg12";
        let commented = format!("see {KEY}, and {}", "aB3".repeat(40));
        for (key, line, expected) in [
            ("aws_secret_access_key", "  AWS_Secret_Access_Key :  x # y", "  AWS_Secret_Access_Key :  ****"),
            ("aws_secret_access_key", "aws_secret_access_key=x", "aws_secret_access_key=****"),
            ("aws_secret_access_key", "aws_secret_access_key =", "aws_secret_access_key ="),
            ("aws_secret_access_key", "\t more = x", "\t ****"),
            ("aws_secret_access_key", "  ", "  "),
            ("s3", "  password = x", "  password = ****"),
            ("s3", "  addressing_style = path", "  addressing_style = path"),
            ("role_arn", "# aws_secret_access_key = x", "# aws_secret_access_key = ****"),
            ("role_arn", " ;#  Secret: x", " ;#  Secret: ****"),
            ("role_arn", &format!("# {commented}"), "# see ****, and ****"),
            ("aws_access_key_id", &format!("aws_access_key_id={KEY}"), "aws_access_key_id=****"),
            ("role_arn", "role_arn = arn:aws:iam::398263320410:role/AbcdefghijAbcdefghijAbcdefghijAbcde", ""),
            ("ca_bundle", "# 2807bfcd7c5bd8aa285ad333d88b7686b1fa34f9", ""),
            ("endpoint_url", "endpoint_url = https://jo:pass@host/x@y", "endpoint_url = https://****@host/x@y"),
            ("endpoint_url", "endpoint_url = https://host/x@y", ""),
        ] {
            let expected = if expected.is_empty() { line } else { expected };
            assert_eq!(masked(FileKind::Config, Some(key), line), expected);
        }
        assert_eq!(masked(FileKind::Credentials, Some("note"), "note = x"), "note = ****");
    }
}
