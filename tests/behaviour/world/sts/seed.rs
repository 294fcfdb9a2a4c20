//! The team of the README: a user named jo, one MFA device, four roles, and the two matching files.

use super::{LocalSts, Role, User};

/// The account of the users.
pub const ACCOUNT: &str = "398263320410";
/// The IAM user name.
pub const USER: &str = "jo";
/// The serial of jo's MFA device.
pub const SERIAL: &str = "arn:aws:iam::398263320410:mfa/jo";
/// The profiles and their roles.
pub const ROLES: [(&str, &str); 4] = [
    ("sops", "arn:aws:iam::398263320410:role/sops-credentials-access"),
    ("development-infrastructure", "arn:aws:iam::381494870249:role/infrastructure"),
    ("production-infrastructure", "arn:aws:iam::050019655025:role/infrastructure"),
    ("main-infrastructure", "arn:aws:iam::398263320410:role/infrastructure"),
];

/// The user of the profile `backups`, and the serial of her MFA device.
pub const BACKUPS_ACCOUNT: &str = "796405775413";
pub const BACKUPS_SERIAL: &str = "arn:aws:iam::796405775413:mfa/jo";

/// Adds jo and the four roles, which require MFA and last an hour; returns jo.
pub fn populate(sts: &LocalSts) -> User {
    let user = User::new(ACCOUNT, USER).with_mfa(USER);
    sts.add_user(user.clone());
    let users_account = format!("arn:aws:iam::{ACCOUNT}:root");
    for (_, arn) in ROLES {
        sts.add_role(Role::new(arn).trusting(&[&users_account]).require_mfa());
    }
    user
}

/// Adds what the other profiles of the README need: jo's user in the account of the backups, whom this returns, and
/// the trust of the role of `deploy` in the role of the instance that Jenkins runs on.
pub fn populate_others(sts: &LocalSts, instance_role: &str) -> User {
    let user = User::new(BACKUPS_ACCOUNT, USER).with_mfa(USER);
    sts.add_user(user.clone());
    sts.edit_role(ROLES[1].1, |role| role.trust.unconditionally.push(instance_role.to_owned()));
    user
}

/// `~/.aws/credentials`
pub fn credentials_file(user: &User) -> String {
    format!(
        "# ~/.aws/credentials\n[default]\naws_access_key_id={}\naws_secret_access_key={}\n",
        user.access_key_id, user.secret_access_key
    )
}

/// `~/.aws/config`. It sets no region, because the files of many users set none.
pub fn config_file() -> String {
    "\
# ~/.aws/config                                 account 398263320410 = digitalmarketplace (main)
[profile sops]
source_profile = default
mfa_serial = arn:aws:iam::398263320410:mfa/jo
role_arn = arn:aws:iam::398263320410:role/sops-credentials-access
[profile development-infrastructure]            # 381494870249 = digitalmarketplace-development
source_profile = default
mfa_serial = arn:aws:iam::398263320410:mfa/jo
role_arn = arn:aws:iam::381494870249:role/infrastructure
[profile production-infrastructure]             # 050019655025 = digitalmarketplace-production
source_profile = default
mfa_serial = arn:aws:iam::398263320410:mfa/jo
role_arn = arn:aws:iam::050019655025:role/infrastructure
[profile main-infrastructure]
source_profile = default
mfa_serial = arn:aws:iam::398263320410:mfa/jo
role_arn = arn:aws:iam::398263320410:role/infrastructure
"
    .to_owned()
}

/// The section of the credentials file for the profile `backups`.
pub fn other_credentials(user: &User) -> String {
    format!("[backups]\naws_access_key_id={}\naws_secret_access_key={}\n", user.access_key_id, user.secret_access_key)
}

/// The other profiles of the README.
pub fn other_profiles() -> String {
    format!(
        "\
[profile backups]                               # keys and MFA, no role
source_profile = backups
mfa_serial = {BACKUPS_SERIAL}
[profile dev]                                   # SSO
sso_session = corp
sso_account_id = 111111111111
sso_role_name = ReadOnly
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
[profile deploy]                                # the role of an EC2 instance
role_arn = {}
credential_source = Ec2InstanceMetadata
[profile sops-sdk]                              # for SDKs that cannot ask for MFA
credential_process = aws-auth -p sops --export=json
",
        ROLES[1].1
    )
}
