//! The manual page: synopsis and options from the command line's definition, the rest written here.

use Part::{Term, Text, Typed};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, italic, roman};

use crate::cli::options;

/// The page in roff, for `man -l` and `make install`.
#[cold]
pub fn manual() -> String {
    let man = Man::new(options::definition());
    let part = |render: &dyn Fn(&mut Vec<u8>) -> std::io::Result<()>| {
        let mut page = Vec::new();
        // Writing to memory does not fail.
        let _ = render(&mut page);
        String::from_utf8_lossy(&page).into_owned()
    };
    let mut text = title();
    text.push_str(&part(&|page| man.render_name_section(page)));
    text.push_str(&synopsis());
    text.push_str(&section("DESCRIPTION", DESCRIPTION));
    text.push_str(&part(&|page| man.render_options_section(page)));
    for (title, paragraphs) in SECTIONS {
        text.push_str(&section(title, paragraphs));
    }
    // Each part defines the apostrophe anew.
    let mut lines: Vec<&str> = text.lines().filter(|line| !APOSTROPHE.contains(line)).collect();
    let mut page = APOSTROPHE.to_vec();
    page.append(&mut lines);
    page.join("\n") + "\n"
}

/// What roff needs to print a straight apostrophe.
const APOSTROPHE: [&str; 2] = [r".ie \n(.g .ds Aq \(aq", ".el .ds Aq '"];

/// When this page was last changed.
const DATE: &str = "2026-11-22";

fn title() -> String {
    let mut roff = Roff::new();
    roff.control("TH", ["AWS-AUTH", "1", DATE, concat!("aws-auth ", env!("CARGO_PKG_VERSION")), "User Commands"]);
    roff.to_roff()
}

fn synopsis() -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold("aws-auth"), roman(" [OPTIONS] [--] "), italic("COMMAND"), roman(" [ARG]...")]);
    roff.control("br", []);
    roff.text([bold("aws-auth"), roman(" [OPTIONS] "), italic("ACTION")]);
    roff.to_roff()
}

/// A paragraph, a term with its explanation, or a line as it is typed.
enum Part {
    Text(&'static str),
    Term(&'static str, &'static str),
    Typed(&'static str),
}

fn section(title: &str, parts: &[Part]) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [title]);
    let mut first = true;
    for part in parts {
        match part {
            Text(text) => {
                // A paragraph right behind a title needs no macro of its own.
                if !std::mem::take(&mut first) {
                    roff.control("PP", []);
                }
                roff.text([roman(wrapped(text))]);
            }
            Term(term, text) => {
                roff.control("TP", []);
                roff.text([bold(*term)]);
                roff.text([roman(wrapped(text))]);
            }
            Typed(line) => {
                roff.control("PP", []);
                roff.control("RS", ["4"]);
                roff.control("nf", []);
                for line in line.lines() {
                    roff.text([roman(line)]);
                }
                roff.control("fi", []);
                roff.control("RE", []);
            }
        }
        first = false;
    }
    roff.to_roff()
}

/// The text in lines that fit an editor; roff fills them again.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 72;
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

const DESCRIPTION: &[Part] = &[
    Text(
        "aws-auth is to AWS roles what sudo(8) is to users: a word put in front of a command. It reads the profile from the AWS configuration files, asks for an MFA code only when it must, gets temporary credentials from STS, and becomes the command with those credentials in its environment. Nothing of it is left running.",
    ),
    Text(
        "The first word that is not an option is COMMAND; from there on everything is COMMAND's, its options included. Without a COMMAND, one ACTION is done.",
    ),
];

const SECTIONS: &[(&str, &[Part])] = &[
    (
        "ONE CODE A DAY",
        &[
            Text(
                "The first code of the day makes an MFA session (STS GetSessionToken) of 12 hours; every role of that device is then assumed from it without a question, also when its own hour is over. mfa_serial in the profile says which device; a role that names none takes its source's. Of all processes that need a code at the same time, one asks, and the others wait for what it gets.",
            ),
            Text(
                "A role of more than an hour is assumed directly with a code, for STS gives one hour at the most from a session. mfa_session_duration in the profile, or AWS_AUTH_MFA_SESSION, sets the length of the session, from 15m to 36h, or off.",
            ),
            Text(
                "Without a terminal a code comes from --mfa-token, AWS_AUTH_MFA_TOKEN or an mfa_process; or run aws-auth --login in a terminal first.",
            ),
        ],
    ),
    (
        "LONG RUNS",
        &[Text(
            "With --keep-fresh the command gets no keys but a private AWS_CONFIG_FILE, the user's own and a generated profile whose credential_process is aws-auth, and AWS_PROFILE names that profile: every SDK that reads credential_process renews the credentials by itself. A renewal takes what is cached, else the MFA session, else it asks on the terminal for two minutes (AWS_AUTH_RENEWAL_TIMEOUT), else it fails in the command's own output; aws-auth --login in another terminal helps the running command.",
        )],
    ),
    (
        "WHICH CREDENTIALS",
        &[Text(
            "A profile named by -p or AWS_PROFILE wins over keys in the environment. When none is named, keys in the environment pass through untouched, and without keys the profile default counts. A profile that names no credentials leaves them to COMMAND, whose SDK finds the container's or the instance's. --explain shows each step, with file and line.",
        )],
    ),
    (
        "SSO (IAM IDENTITY CENTER)",
        &[
            Text(
                "aws-auth --login signs in, in the browser, which comes back to a port on 127.0.0.1; over SSH, without a display, for a profile with sso_start_url of its own, or with --no-browser, by a link and a code for any device. After that every run takes its role credentials without a question, for as long as the login lasts. Token and registration are the AWS CLI's own files, so that aws is logged in as well, and aws sso login serves aws-auth.",
            ),
            Text(
                "A run that finds nobody logged in asks on the terminal whether to sign in; without a terminal it fails at once.",
            ),
        ],
    ),
    (
        "SERVERS AND CI",
        &[Text(
            "On an EC2 instance, in a container, in GitHub Actions or Kubernetes no key is needed: credential_source, web_identity_token_file, or AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN say where the first credentials come from. What is got from them is cached for as long as it lasts.",
        )],
    ),
    (
        "AWS-AUTH INSIDE AWS-AUTH",
        &[Text(
            "A run that names another profile does not inherit the outer one's region or endpoints. A run that names none uses the keys that are there, and renews them when they are about to expire, so that a long make whose recipes call aws-auth keeps working.",
        )],
    ),
    (
        "THE CONSOLE",
        &[Text(
            "--console signs in as the role; keys and MFA sessions without one are refused. The link is a secret for 15 minutes: the browser gets an address on loopback that leads there once. --switch-role-url prints a link for those who are signed in by password, and needs no credentials.",
        )],
    ),
    (
        "PROFILE KEYS",
        &[
            Text("In a profile, in either file; those of the credentials file win, key by key."),
            Term(
                "aws_access_key_id, aws_secret_access_key, aws_session_token, aws_account_id",
                "Keys, and their account.",
            ),
            Term("role_arn, source_profile", "A role, and the profile that assumes it; chains of any length."),
            Term("credential_source", "Instead of a source: Environment, Ec2InstanceMetadata or EcsContainer."),
            Term("external_id, role_session_name, duration_seconds", "Parameters of AssumeRole."),
            Term(
                "mfa_serial, mfa_process, mfa_session_duration",
                "The MFA device, a command that prints its code, how long an MFA session is kept. The last two are aws-auth's own.",
            ),
            Term(
                "credential_process",
                "A program that prints credentials; it runs without a shell, for 60s at the most (AWS_AUTH_PROCESS_TIMEOUT).",
            ),
            Term("sso_session, sso_start_url, sso_region, sso_account_id, sso_role_name", "IAM Identity Center."),
            Term("web_identity_token_file", "With role_arn: a file that holds an OIDC token."),
            Term("login_session", "A session of aws login."),
            Term("region, output, retry_mode, max_attempts", "Settings for the command; the region is STS's, too."),
            Term(
                "endpoint_url, services, ignore_configured_endpoint_urls, use_fips_endpoint, use_dualstack_endpoint, sts_regional_endpoints, ca_bundle",
                "Where and how AWS is called, by aws-auth and by the command.",
            ),
            Term(
                "ec2_metadata_service_endpoint, ec2_metadata_service_endpoint_mode, ec2_metadata_v1_disabled, imds_use_ipv6, metadata_service_timeout, metadata_service_num_attempts",
                "The instance's metadata service.",
            ),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            Term("AWS_PROFILE, AWS_DEFAULT_PROFILE", "The profile; the first counts. Set but empty is an error."),
            Term("AWS_REGION, AWS_DEFAULT_REGION", "The region for STS and the command."),
            Term(
                "AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE",
                "The two files, in the place of ~/.aws/config and ~/.aws/credentials.",
            ),
            Term("AWS_AUTH_MFA_TOKEN", "An MFA code. It never reaches the command."),
            Term("AWS_AUTH_MFA_PROCESS", "A command that prints an MFA code."),
            Term("AWS_AUTH_MFA_SESSION", "The length of the MFA session, or off."),
            Term(
                "AWS_AUTH_WAIT_TIMEOUT",
                "How long to wait for another process that gets the same credentials: 1s to 1h. At a terminal there is no limit; without one it is 5m.",
            ),
            Term(
                "AWS_AUTH_RENEWAL_TIMEOUT",
                "How long a renewal under --keep-fresh waits for a person: 1s to 1h, 2m by default.",
            ),
            Term("AWS_AUTH_PROCESS_TIMEOUT", "How long a credential_process may take: 1s to 1h, 60s by default."),
            Term("AWS_AUTH_DURATION, AWS_AUTH_MIN_TTL, AWS_AUTH_NO_CACHE", "As the options of these names."),
            Term(
                "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_SIGNIN, AWS_CA_BUNDLE, HTTPS_PROXY, HTTP_PROXY, NO_PROXY",
                "Where and how STS and the console's sign-in are called.",
            ),
            Term("BROWSER", "The browser of --console, before xdg-open and open."),
            Term(
                "AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME",
                "A role by an OIDC token, when no profile is named.",
            ),
            Term("AWS_EC2_METADATA_DISABLED", "true: the instance is not asked for credentials."),
            Term("XDG_CACHE_HOME, XDG_RUNTIME_DIR", "Where the caches are, and the file of --keep-fresh."),
            Term("NO_COLOR", "Not empty: no colour, on a terminal either."),
            Text(
                "The command gets AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, with temporary credentials AWS_SESSION_TOKEN, AWS_SECURITY_TOKEN and AWS_CREDENTIAL_EXPIRATION, the profile's region and settings where the caller has not set them, AWS_ACCOUNT_ID, AWS_AUTH_PROFILE (the profile's name, for a shell prompt) and AWS_AUTH_SET (what aws-auth has set, for a run inside this one). AWS_PROFILE and every other credential of the caller are removed.",
            ),
        ],
    ),
    (
        "FILES",
        &[
            Term("~/.aws/config, ~/.aws/credentials", "The profiles, as the AWS CLI reads them."),
            Term("~/.aws/cli/cache/", "Credentials of roles, shared with the AWS CLI both ways."),
            Term(
                "~/.cache/aws-auth/",
                "MFA sessions, locks, and credentials that the AWS CLI has no key for. XDG_CACHE_HOME is honoured; on macOS this is ~/Library/Caches/aws-auth/.",
            ),
            Text("All of them have mode 0600, in directories of mode 0700."),
        ],
    ),
    (
        "EXIT STATUS",
        &[
            Text("The command's own, for aws-auth becomes the command."),
            Term("125", "aws-auth itself failed; usage errors are among that."),
            Term("126", "COMMAND was found but cannot be executed."),
            Term("127", "COMMAND was not found."),
            Term("1", "From --status: nothing is cached."),
        ],
    ),
    (
        "EXAMPLES",
        &[
            Text("A command with a role:"),
            Typed("AWS_PROFILE=sops aws-auth sops -d logins.enc\naws-auth -p production-infrastructure terraform plan"),
            Text("The codes of a day at once, for what runs without a terminal later:"),
            Typed("aws-auth -p sops --login"),
            Text("The credentials in this very shell, in a container, in an SDK:"),
            Typed(
                "eval \"$(aws-auth -p sops --export)\"\naws-auth -p sops --export=dotenv > env && docker run --env-file env IMAGE\ncredential_process = aws-auth -p sops --export=json",
            ),
            Text("The bill, in the browser:"),
            Typed("aws-auth -p production-infrastructure --console=billing"),
        ],
    ),
    (
        "DIAGNOSTICS",
        &[Text(
            "Every message is one line on standard error: what happened, and what to do about it. Where a file is at fault it begins with FILE:LINE. -v tells each step, --explain what a run would do; neither shows a secret. The README explains the messages one by one.",
        )],
    ),
    ("SEE ALSO", &[Text("aws(1), sudo(8), env(1), sops(1), terraform(1)")]),
];
