//! The words of the manual page that the definition of the command line does not have.

use Part::{Term, Text, Typed};

/// A paragraph, a term with its explanation, or lines to type.
pub(super) enum Part {
    Text(&'static str),
    Term(&'static str, &'static str),
    Typed(&'static str),
}

pub(super) const DESCRIPTION: &[Part] = &[
    Text(
        "aws-auth runs a command with the credentials of an AWS profile. It is put in front of the command, as sudo(8) is. It reads the profile from the AWS configuration files, asks for an MFA code only if it must, gets temporary credentials from STS, and becomes the command with those credentials in its environment. No process of it stays behind.",
    ),
    Text(
        "The first word that is not an option is COMMAND, and everything after it is passed to COMMAND, options included. Without a COMMAND, aws-auth does one ACTION.",
    ),
];

pub(super) const SECTIONS: &[(&str, &[Part])] = &[
    (
        "ONE CODE A DAY",
        &[
            Text(
                "The first code of the day makes an MFA session of 12 hours (STS GetSessionToken). Every role that uses that device is then assumed from the session without a question, and assumed again when its own hour is over. mfa_serial in the profile names the device; a role without one uses that of its source. If several processes need a code at the same time, one of them asks, and the others wait and use the same session.",
            ),
            Text(
                "A role of more than an hour is assumed directly with a code, because STS gives at most one hour from a session. mfa_session_duration in the profile, or AWS_AUTH_MFA_SESSION, sets the length of the session, from 15m to 36h, or turns it off.",
            ),
            Text(
                "Without a terminal, a code can come from --mfa-token, AWS_AUTH_MFA_TOKEN or an mfa_process. Otherwise run aws-auth --login in a terminal first.",
            ),
        ],
    ),
    (
        "LONG RUNS",
        &[Text(
            "With --keep-fresh the command gets no keys. Instead AWS_CONFIG_FILE is a private copy of the user's file in which the profile's credential_process is aws-auth, and AWS_PROFILE names it. Every SDK that supports credential_process then renews the credentials by itself. A renewal uses cached credentials or the MFA session. If there are none, it asks on the terminal for two minutes (AWS_AUTH_RENEWAL_TIMEOUT). If nobody answers, it fails, and the command shows the error. In that case aws-auth --login in another terminal gives the running command new credentials.",
        )],
    ),
    (
        "CHOOSING A PROFILE",
        &[Text(
            "--pick shows the profiles on the terminal; typing finds a part of the name, the account or the role. Enter takes one, Esc and Ctrl-C take none (exit status 130). Profiles that were picked lately come first. With TERM=dumb there is a list with numbers.",
        )],
    ),
    (
        "MANY PROFILES",
        &[
            Text(
                "--each PATTERNS runs COMMAND once for each profile whose name matches, in the order of the files. Patterns are separated by commas; * and ? stand for text and for a character, and ! before a pattern takes profiles out. Codes are asked for before the first COMMAND. One COMMAND runs after another; with --jobs N, N at once, with the profile before each line of output; with --outputs DIR, the output goes to PROFILE.out and PROFILE.err. Standard input is /dev/null.",
            ),
            Text(
                "At the end a table on standard error shows exit status and time of each, or with --json a line of JSON. The exit status is 0 if all succeeded, 123 if a COMMAND did not, and 125 if aws-auth failed for a profile. With --fail-fast no more are started after a failure.",
            ),
        ],
    ),
    (
        "LESS THAN THE ROLE",
        &[Text(
            "--read-only, --policy and the profile key aws_auth_policies bound the credentials of the last role by session policies: they can do what the role and one of the policies both allow, and what no policy denies. --session-name, --source-identity, --tag and --transitive-tag say more of the session. Only a role that aws-auth assumes can be bounded. Renewals and runs inside a bounded run stay bounded. A program that can read the files of the user can still get other credentials; docs/bounded.md in the repository says how to prevent that.",
        )],
    ),
    (
        "WHICH CREDENTIALS",
        &[Text(
            "A profile named by -p or AWS_PROFILE wins over keys in the environment. If none is named, keys in the environment are passed through unchanged; without keys, the profile default is used. If the profile names no credentials, the SDK of COMMAND looks for those of the container or instance. --explain shows each step with file and line.",
        )],
    ),
    (
        "SSO (IAM IDENTITY CENTER)",
        &[
            Text(
                "aws-auth --login signs in with the browser, which returns to a port on 127.0.0.1. Over SSH, without a display, for a profile with its own sso_start_url, or with --no-browser, it shows a link and a code instead, for any device. After that every run gets its role credentials without a question, as long as the login lasts. The token and the registration are in the files of the AWS CLI, so aws is signed in as well, and aws-auth uses the login of aws sso login.",
            ),
            Text(
                "If there is no login, a run asks on the terminal whether to sign in. Without a terminal it fails at once.",
            ),
        ],
    ),
    (
        "AWS LOGIN",
        &[
            Text(
                "For a profile with login_session, aws-auth --login signs in as aws login does: with the sign-in of the console in the browser, which returns to a port on 127.0.0.1. Over SSH, without a display, or with --no-browser, it shows a link for any browser and asks for the code that is shown there at the end. The credentials are renewed without a question for up to 12 hours. They are in the file of the AWS CLI, so aws and the SDKs that know login_session use them.",
            ),
            Text(
                "aws-auth -p NAME --login=aws does this for a profile that names no credentials or is not there yet, and writes login_session (and with --region the region) into the config file, after showing it. A profile with other credentials is refused. If somebody else signed in than the profile names, it asks whether to change the profile. The user needs AWS's managed policy SignInLocalDevelopmentAccess.",
            ),
        ],
    ),
    (
        "LONG-TERM KEYS",
        &[
            Text(
                "--rotate-keys replaces the long-term keys of a profile: IAM makes new ones, over the MFA session of the user, they are stored beside the old ones, and when STS knows them (AWS_AUTH_KEYS_TIMEOUT, 1m) they take their place; the old ones are deactivated and, without --keep-old, deleted. A run that was ended at any step is brought to its end by the next one.",
            ),
            Text(
                "--register-mfa makes the user's virtual MFA device. A QR code and its secret in letters are shown on the terminal and nowhere else; two codes enable the device, and mfa_serial is written where a placeholder stands, and where you say yes.",
            ),
            Text(
                "--store-keys moves the long-term keys of a profile out of the plain file: into the keyring of the desktop (GNOME Keyring, KWallet, KeePassXC; the Keychain of macOS), or with --store-keys=file into a file that is encrypted with a passphrase. STS is asked whose the keys are before anything is written. The profile then has credential_process = aws-auth --stored-keys and the access key id in the config file, so that every SDK goes on working. --store-keys=credentials brings the keys back, and --forget-keys removes them for good.",
            ),
            Text(
                "New keys come from accessKeys.csv of the IAM console, or from another program in the format of a credential_process (--from FILE, or - for standard input), or are asked for on the terminal. --dry-run shows what would change in the AWS files.",
            ),
        ],
    ),
    (
        "SETTING UP",
        &[
            Text(
                "--setup asks for what is missing, step by step: an access key, which is stored as --store-keys does; the MFA device of its user, which is found with ListMFADevices or made as --register-mfa does; and profiles. With --from FILE these are those of the team's own file, which looks like the config file, with placeholders such as <IAM username> that are filled in; else the placeholders of your files are filled in, or roles are asked for. It ends with --check over the profiles.",
            ),
            Text(
                "What is written is shown first. What is there stays as it is, so a second run writes nothing. Enter or no leaves a step out. Without a terminal the error says what is missing.",
            ),
        ],
    ),
    (
        "PROFILES FROM SSO",
        &[
            Text(
                "--sync-sso lists every account and role that the login of an sso-session gives, and writes a profile into the config file for each that has none, after showing it. The session is named (--sync-sso=corp), that of the profile, or the only one. Only sections with aws_auth_synced, which it writes, are ever changed: what a person adds to them stays, and a name that a person uses is passed over. A role keeps the name that it has.",
            ),
            Text(
                "--prune removes the sections whose role is gone, after a listing that came to its end. If a call fails, nothing is changed. A call that the service throttles is repeated for a minute (AWS_AUTH_SYNC_TIMEOUT). --check tries a profile for real, or with --each many of them.",
            ),
            Term(
                "sso_profile_name",
                "In an sso-session: how profiles are named, {account_name}-{role_name} by default; there are also {account_id} and {email}.",
            ),
            Term("sso_profile_match", "Which of them are made, by their names: prod-*,!*-Audit."),
            Term("sso_profile_region", "The region of new profiles."),
            Term("aws_auth_synced", "In a profile: the session whose --sync-sso made it."),
        ],
    ),
    (
        "SERVERS AND CI",
        &[Text(
            "On an EC2 instance, in a container, in GitHub Actions and in Kubernetes no key is needed: credential_source, web_identity_token_file, web_identity_token_process, or AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN say where the first credentials come from. In a job of GitHub Actions with the permission id-token: write, AWS_ROLE_ARN is enough: GitHub gives the token. Roles that are assumed with them are cached until they expire.",
        )],
    ),
    (
        "AWS-AUTH INSIDE AWS-AUTH",
        &[Text(
            "An inner run that names another profile does not inherit the region or the endpoints of the outer run. An inner run that names no profile uses the keys of the outer run, and renews them when they are about to expire. So a long make whose recipes call aws-auth keeps working.",
        )],
    ),
    (
        "THE CONSOLE",
        &[Text(
            "--console signs in as the role of the profile, at the page of a service, a path (/s3/buckets/NAME) or an https URL of the console. The line after says when that session ends: with the credentials of the role, an hour where the MFA session or another role assumed it. --console-logout ends the old session of the browser first. For an SSO profile the link of the access portal is opened, which leaves other sessions alone and needs no call. The long-term keys of a user without a role sign in as a federated user, who may do what --policy or --read-only says; that session carries no MFA. The sign-in link is a secret for 15 minutes, so the browser is started with an address on loopback that redirects to it once (on macOS, with a private file). --switch-role-url prints a link for people who sign in with a password. It needs no credentials.",
        )],
    ),
    (
        "PROFILE KEYS",
        &[
            Text(
                "These keys can be in either file. A key in the credentials file wins over the same key in the config file.",
            ),
            Term(
                "aws_access_key_id, aws_secret_access_key, aws_session_token, aws_account_id",
                "Static keys, and their account.",
            ),
            Term("role_arn, source_profile", "A role, and the profile that assumes it; chains of any length."),
            Term(
                "credential_source",
                "Instead of a source: Environment, Ec2InstanceMetadata or EcsContainer. With GitHubActions, which only aws-auth knows, the role is assumed with the token of the job.",
            ),
            Term(
                "include_profile",
                "Another profile, whose settings are the defaults of this one. Its access keys are not. The AWS CLI ignores it.",
            ),
            Term("external_id, role_session_name, duration_seconds", "Parameters of AssumeRole."),
            Term(
                "aws_auth_policies",
                "Session policies, separated by commas: read-only, the ARN of a managed policy, or a file with one in JSON, relative to the directory of the file. Only aws-auth reads it.",
            ),
            Term(
                "source_identity, session_tags, transitive_session_tags",
                "What AssumeRole says of the session: a name, KEY=VALUE pairs, and the keys of those that roles assumed from it keep. The AWS CLI ignores them.",
            ),
            Term(
                "aws_auth_mfa_serials",
                "Further MFA devices of the same user, separated by commas. An empty line at the prompt goes on to the next one. Only aws-auth reads it.",
            ),
            Term(
                "mfa_serial, mfa_process, mfa_session_duration",
                "The MFA device, a command that prints its code, and the length of an MFA session. Only aws-auth reads the last two.",
            ),
            Term(
                "aws_auth_confirm",
                "yes: ask on the terminal before each command. A list of words, such as apply, destroy: ask before a command with one of them. Without a terminal the run is refused, unless --yes or AWS_AUTH_YES=1 answers.",
            ),
            Term(
                "credential_process, aws_auth_process_cache",
                "A program that prints credentials. It runs without a shell, for at most 60s (AWS_AUTH_PROCESS_TIMEOUT). With aws_auth_process_cache = yes, temporary credentials that it prints are kept until they expire.",
            ),
            Term(
                "sso_session, sso_start_url, sso_region, sso_account_id, sso_role_name, sso_registration_scopes",
                "IAM Identity Center; the scopes are those of an sso-session.",
            ),
            Term("web_identity_token_file", "With role_arn: a file that holds an OIDC token."),
            Term(
                "web_identity_token_process",
                "With role_arn: a program that prints an OIDC token. It runs as a credential_process does. The AWS CLI ignores it.",
            ),
            Term("login_session", "A session of aws login."),
            Term("region, output, retry_mode, cli_pager", "Settings for the command. The region is used for STS, too."),
            Term(
                "endpoint_url, services, ignore_configured_endpoint_urls, use_fips_endpoint, use_dualstack_endpoint, sts_regional_endpoints, ca_bundle",
                "Where and how aws-auth and the command call AWS.",
            ),
            Term(
                "ec2_metadata_service_endpoint, ec2_metadata_service_endpoint_mode, ec2_metadata_v1_disabled, imds_use_ipv6, metadata_service_timeout, metadata_service_num_attempts",
                "How the metadata service of an EC2 instance is called.",
            ),
        ],
    ),
    (
        "ENVIRONMENT",
        &[
            Term(
                "AWS_PROFILE, AWS_DEFAULT_PROFILE",
                "The profile; the first one wins. A variable that is set but empty is an error.",
            ),
            Term("AWS_REGION, AWS_DEFAULT_REGION", "The region for STS and the command."),
            Term(
                "AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE",
                "The two files, instead of ~/.aws/config and ~/.aws/credentials.",
            ),
            Term("AWS_AUTH_MFA_TOKEN", "An MFA code. It is not passed to the command."),
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
            Term(
                "AWS_AUTH_PROCESS_TIMEOUT",
                "How long a credential_process may take: 1s to 1h, 60s by default. The keyring has 10s for an answer and 55s for its dialog, unless this is set.",
            ),
            Term(
                "DBUS_SESSION_BUS_ADDRESS",
                "The bus on which the keyring is looked for; else the one in XDG_RUNTIME_DIR.",
            ),
            Term(
                "AWS_AUTH_DURATION, AWS_AUTH_MIN_TTL, AWS_AUTH_NO_CACHE, AWS_AUTH_YES",
                "Like the options of the same names.",
            ),
            Term(
                "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL_SIGNIN, AWS_CA_BUNDLE, HTTPS_PROXY, HTTP_PROXY, NO_PROXY",
                "Where and how STS and the sign-in of the console are called.",
            ),
            Term(
                "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT, AWS_STS_REGIONAL_ENDPOINTS",
                "Like the keys of the same names.",
            ),
            Term("AWS_LOGIN_CACHE_DIRECTORY", "Where sessions of aws login are, instead of ~/.aws/login/cache."),
            Term("BROWSER", "The browser for --console and --login, tried before xdg-open and open."),
            Term(
                "AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME",
                "A role to assume with an OIDC token, if no profile is named.",
            ),
            Term(
                "ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN",
                "Where a job of GitHub Actions gets its token. GitHub sets them.",
            ),
            Term("AWS_EC2_METADATA_DISABLED", "If true, the instance is not asked for credentials."),
            Term(
                "XDG_STATE_HOME",
                "Where the names of picked profiles are, in aws-auth/picked, instead of ~/.local/state.",
            ),
            Term("XDG_CACHE_HOME, XDG_RUNTIME_DIR", "Where the caches and the file of --keep-fresh are."),
            Term("NO_COLOR", "If not empty, nothing is coloured."),
            Text(
                "The command gets AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; with temporary credentials also AWS_SESSION_TOKEN, AWS_SECURITY_TOKEN and AWS_CREDENTIAL_EXPIRATION; the profile's region and settings if the caller has not set them; AWS_ACCOUNT_ID; AWS_AUTH_PROFILE (the profile's name, for a shell prompt); and AWS_AUTH_SET (what aws-auth has set, for a run inside this one). AWS_PROFILE and all other credentials of the caller are removed.",
            ),
        ],
    ),
    (
        "FILES",
        &[
            Term("~/.aws/config, ~/.aws/credentials", "The profiles, as the AWS CLI reads them."),
            Term("~/.aws/cli/cache/", "Credentials of roles. aws-auth and the AWS CLI use each other's."),
            Term(
                "~/.cache/aws-auth/",
                "MFA sessions, locks, and credentials that the AWS CLI would not find. If XDG_CACHE_HOME is set, the directory is there; on macOS it is ~/Library/Caches/aws-auth/.",
            ),
            Term(
                "~/.local/share/aws-auth/keys/",
                "Keys of --store-keys=file, one file for each pair, which age(1) can read. If XDG_DATA_HOME is set, the directory is there; on macOS it is ~/Library/Application Support/aws-auth/keys/.",
            ),
            Text("Files that aws-auth writes have mode 0600, and directories that it makes have mode 0700."),
        ],
    ),
    (
        "EXIT STATUS",
        &[
            Text("The exit status is that of COMMAND, since aws-auth becomes COMMAND. Otherwise:"),
            Term("125", "aws-auth itself failed, or its usage was wrong."),
            Term("126", "COMMAND was found but cannot be executed."),
            Term("127", "COMMAND was not found."),
            Term("130", "With --pick: no profile was chosen."),
            Term("123", "With --each: a COMMAND failed."),
            Term("1", "With --status: nothing is cached."),
        ],
    ),
    (
        "EXAMPLES",
        &[
            Text("A command with a role:"),
            Typed("AWS_PROFILE=sops aws-auth sops -d logins.enc\naws-auth -p production-infrastructure terraform plan"),
            Text("Log in first, for commands that run without a terminal later:"),
            Typed("aws-auth -p sops --login"),
            Text("The credentials in the current shell, out of it again, in a container, and in a profile for an SDK:"),
            Typed(
                "eval \"$(aws-auth -p sops --export)\"\neval \"$(aws-auth --unset)\"\naws-auth -p sops --export=dotenv > env && docker run --env-file env IMAGE\ncredential_process = aws-auth -p sops --export=json",
            ),
            Text("The billing page of the console, in the browser:"),
            Typed("aws-auth -p production-infrastructure --console=billing"),
            Text("The keys of the profile default, from the credentials file into the keyring:"),
            Typed("aws-auth -p default --store-keys"),
        ],
    ),
    (
        "DIAGNOSTICS",
        &[Text(
            "Every message is one line on standard error: what happened, and what to do about it. If a file is at fault, the message begins with FILE:LINE. -v prints each step, and --explain what a run would do; neither shows a secret. docs/troubleshooting.md in the repository explains the messages.",
        )],
    ),
    ("SEE ALSO", &[Text("aws(1), sudo(8), env(1), sops(1), terraform(1)")]),
];
