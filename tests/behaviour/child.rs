//! The command's environment: which variables are set, carried over, removed and left unchanged.

use crate::world::sts::{Issued, clock};
use crate::world::{AWS_AUTH, Output, Role, World};
use std::collections::BTreeMap;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;

const PLAIN: &str = "arn:aws:iam::381494870249:role/plain";
const ACCOUNT: &str = "381494870249";

/// A world with the profile `plain`, whose role needs no MFA. `more` holds further lines of that profile.
fn world(more: &str) -> World {
    let world = World::seeded();
    world.append_config(&format!("[profile plain]\nsource_profile = default\nrole_arn = {PLAIN}\n{more}"));
    world.sts.add_role(Role::new(PLAIN));
    world
}

fn issued(world: &World) -> Issued {
    let mut issued = world.sts.issued();
    assert_eq!(issued.len(), 1);
    issued.pop_first().unwrap().1
}

/// The environment of a command with profile `plain`, if the caller sets these variables.
fn seen(world: &World, variables: &[(&str, &str)]) -> BTreeMap<String, String> {
    run_with(world, variables).env_of_child()
}

fn run_with(world: &World, variables: &[(&str, &str)]) -> Output {
    let mut invocation = world.aws_auth().profile("plain").args(["env", "-0"]);
    for (name, value) in variables {
        invocation = invocation.env(name, value);
    }
    let output = invocation.run();
    output.success().assert_stderr("");
    output
}

/// The variables that are set for the credentials of a role.
fn of_role(issued: &Issued) -> BTreeMap<String, String> {
    let expires = clock::iso(issued.expires);
    let set = format!("AWS_ACCOUNT_ID={ACCOUNT} AWS_ACCESS_KEY_ID={}", issued.access_key_id);
    [
        ("AWS_ACCESS_KEY_ID", issued.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", &issued.secret_access_key),
        ("AWS_SESSION_TOKEN", &issued.session_token),
        ("AWS_SECURITY_TOKEN", &issued.session_token),
        ("AWS_CREDENTIAL_EXPIRATION", &expires),
        ("AWS_ACCOUNT_ID", ACCOUNT),
        ("AWS_AUTH_PROFILE", "plain"),
        ("AWS_AUTH_SET", &set),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// PATH, HOME and the endpoint of the world.
fn of_world(world: &World) -> BTreeMap<String, String> {
    world.command("env").arg("-0").run().env_of_child()
}

#[test]
fn a_role_is_exactly_these_variables() {
    let world = world("");
    let first = seen(&world, &[]);
    let mut expected = of_world(&world);
    expected.extend(of_role(&issued(&world)));
    assert_eq!(first, expected);
    let expiration = &first["AWS_CREDENTIAL_EXPIRATION"];
    assert!(expiration.len() == 20 && expiration.ends_with('Z'), "{expiration}");
    assert_eq!(seen(&world, &[]), expected, "from the cache");
    assert_eq!(world.sts.count("AssumeRole"), 1);
}

#[test]
fn long_term_keys_are_a_pair_and_no_token() {
    let world = World::seeded();
    let output = world
        .aws_auth()
        .args(["-p", "default", "env", "-0"])
        .env("AWS_SESSION_TOKEN", "stale")
        .env("AWS_SECURITY_TOKEN", "stale")
        .env("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
        .run();
    let mut expected = of_world(&world);
    let id = &world.user.access_key_id;
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", &world.user.secret_access_key),
        ("AWS_AUTH_PROFILE", "default"),
        ("AWS_AUTH_SET", &format!("AWS_ACCESS_KEY_ID={id}")),
    ] {
        expected.insert(name.to_owned(), value.to_owned());
    }
    assert_eq!(output.env_of_child(), expected);
}

#[test]
fn keys_with_a_token_in_the_files_bring_it_along() {
    let world = World::new();
    world.credentials(
        "[temp]\naws_access_key_id = ASIATEMP\naws_secret_access_key = s\naws_session_token = t\naws_account_id = 111111111111\n",
    );
    let output = world.aws_auth().args(["-p", "temp", "env", "-0"]).run();
    let child = output.env_of_child();
    assert_eq!(child["AWS_SESSION_TOKEN"], "t");
    assert_eq!(child["AWS_SECURITY_TOKEN"], "t");
    assert_eq!(child["AWS_ACCOUNT_ID"], "111111111111");
    assert!(!child.contains_key("AWS_CREDENTIAL_EXPIRATION"));
}

const REMOVED: [&str; 26] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_BEARER_TOKEN_BEDROCK",
    "AWS_BEARER_TOKEN_X",
    "AWS_CREDENTIAL_SCOPE",
    "AWS_CREDENTIAL_FILE",
    "AWS_SESSION_EXPIRATION",
    "AMAZON_ACCESS_KEY_ID",
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "EC2_ACCESS_KEY",
    "EC2_SECRET_KEY",
    "EC2_ACCESS_KEY_ID",
    "EC2_SECRET_ACCESS_KEY",
    "EC2_SECURITY_TOKEN",
    "AWS_AUTH_MFA_TOKEN",
    "AWS_EXPIRATION",
];

const KEPT: [(&str, &str); 12] = [
    ("TF_VAR_profile", "x"),
    ("TF_LOG", "debug"),
    ("AWS_SDK_LOAD_CONFIG", "1"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
    ("AWS_PAGER", ""),
    ("AWS_CONFIG_FILE_NOT", "x"),
    ("AWS_ROLE_ARN_OF_MINE", "x"),
    ("AWS_AUTH_MFA_PROCESS", "x"),
    ("AWS_AUTH_DURATION", "1h"),
    ("EC2_HOME", "/opt"),
    ("XAWS_PROFILE", "x"),
    ("aws_profile", "x"),
];

#[test]
fn every_other_credential_of_the_caller_is_removed_and_nothing_else() {
    let world = world("");
    let mut variables: Vec<(&str, &str)> = REMOVED.iter().map(|name| (*name, "stale")).collect();
    variables.retain(|(name, _)| !name.ends_with("_PROFILE"));
    variables.extend([
        ("AWS_ACCESS_KEY_ID", "AKIASTALE"),
        ("AWS_SECRET_ACCESS_KEY", "stale"),
        ("AWS_SESSION_TOKEN", "stale"),
        ("AWS_SECURITY_TOKEN", "stale"),
        ("AWS_CREDENTIAL_EXPIRATION", "stale"),
        ("AWS_DEFAULT_PROFILE", "plain"),
        ("AWS_AUTH_PROFILE", "stale"),
    ]);
    variables.extend(KEPT);
    let child = seen(&world, &variables);
    let mut expected = of_world(&world);
    expected.extend(KEPT.map(|(name, value)| (name.to_owned(), value.to_owned())));
    expected.extend(of_role(&issued(&world)));
    expected.insert("AWS_AUTH_SET".to_owned(), child["AWS_AUTH_SET"].clone());
    assert_eq!(child, expected);
}

/// Runs aws-auth with exactly these entries in this order, which may be duplicates or have no `=`.
#[allow(unsafe_code)] // execve with an environment that std's Command cannot express
fn with_entries(world: &World, args: &[&str], entries: &[&[u8]]) -> Output {
    let base = of_world(world).into_iter().map(|(name, value)| format!("{name}={value}").into_bytes());
    let entries: Vec<CString> =
        base.chain(entries.iter().map(|entry| entry.to_vec())).map(|entry| CString::new(entry).unwrap()).collect();
    let words: Vec<CString> = [AWS_AUTH].iter().chain(args).map(|word| CString::new(*word).unwrap()).collect();
    let replace = move || {
        let pointers = |words: &[CString]| -> Vec<*const libc::c_char> {
            words.iter().map(|word| word.as_ptr()).chain([std::ptr::null()]).collect()
        };
        let (arguments, environment) = (pointers(&words), pointers(&entries));
        // SAFETY: both arrays end in a null pointer and live until the call.
        unsafe { libc::execve(arguments[0], arguments.as_ptr(), environment.as_ptr()) };
        Err(std::io::Error::last_os_error())
    };
    // SAFETY: the closure allocates between fork and exec, which glibc and Apple's libc allow.
    world
        .aws_auth()
        .prepare(move |command| {
            unsafe { command.pre_exec(replace) };
        })
        .run()
}

fn entries(output: &Output) -> Vec<&[u8]> {
    output.success();
    output.stdout.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()).collect()
}

#[test]
fn duplicated_entries_of_a_name_all_go() {
    let world = world("region = eu-west-1\n");
    let output = with_entries(
        &world,
        &["env", "-0"],
        &[
            b"AWS_PROFILE=plain",
            b"AWS_ACCESS_KEY_ID=AKIAONE",
            b"AWS_PROFILE=sops",
            b"AWS_ACCESS_KEY_ID=AKIATWO",
            b"AWS_SESSION_TOKEN=one",
            b"AWS_SESSION_TOKEN=two",
            b"AWS_ROLE_ARN=one",
            b"AWS_ROLE_ARN=two",
            b"AWS_AUTH_SET=one",
            b"AWS_AUTH_SET=two",
        ],
    );
    let entries = entries(&output);
    let named = |name: &str| entries.iter().filter(|entry| entry.starts_with(format!("{name}=").as_bytes())).count();
    for name in ["AWS_PROFILE", "AWS_ROLE_ARN"] {
        assert_eq!(named(name), 0, "{name}");
    }
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_AUTH_SET", "AWS_REGION", "AWS_DEFAULT_REGION"] {
        assert_eq!(named(name), 1, "{name}");
    }
    assert!(entries.contains(&b"AWS_AUTH_PROFILE=plain".as_slice()), "the first entry of a name counts, as in getenv");
}

#[test]
fn odd_entries_reach_the_command_byte_for_byte() {
    let world = world("");
    let odd: [&[u8]; 8] = [
        b"no equals sign",
        b"=begins with one",
        b"RAW=\xff\xfe\x80",
        b"\xff=raw name",
        b"TWICE=1",
        b"TWICE=2",
        b"LINES=a\nb\n",
        b"AWS_ACCESS_KEY_ID",
    ];
    for (profile, rest) in [(Some("plain"), 7), (None, 8)] {
        let keys: [&[u8]; 2] = [b"AWS_ACCESS_KEY_ID=AKIAMINE", b"AWS_SECRET_ACCESS_KEY=mine"];
        let mut all = odd.to_vec();
        all.extend(keys);
        let args = profile.map_or_else(|| vec!["env", "-0"], |name| vec!["-p", name, "env", "-0"]);
        let output = with_entries(&world, &args, &all);
        let kept: Vec<&[u8]> = entries(&output).into_iter().filter(|entry| odd.contains(entry)).collect();
        assert_eq!(kept, odd[..rest], "in the caller's order");
    }
}

#[test]
fn an_empty_environment_is_enough_for_keys_in_files_that_are_named() {
    let world = World::seeded();
    let output = world
        .aws_auth()
        .env_remove("HOME")
        .env_remove("PATH")
        .env("AWS_CONFIG_FILE", world.path(".aws/config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", world.path(".aws/credentials"))
        .args(["-p", "default", "env", "-0"])
        .run();
    assert_eq!(output.env_of_child()["AWS_ACCESS_KEY_ID"], world.user.access_key_id);
}

#[test]
fn the_account_is_the_roles_unless_the_caller_has_set_another() {
    let world = world("");
    let child = seen(&world, &[("AWS_ACCOUNT_ID", ACCOUNT)]);
    assert_eq!(child["AWS_ACCOUNT_ID"], ACCOUNT);
    assert!(!child.contains_key("AWS_ACCOUNT_ID_ENDPOINT_MODE"));
    let child = seen(&world, &[("AWS_ACCOUNT_ID", "999999999999")]);
    assert_eq!(child["AWS_ACCOUNT_ID"], "999999999999");
    assert_eq!(child["AWS_ACCOUNT_ID_ENDPOINT_MODE"], "disabled");
    let child = seen(&world, &[("AWS_ACCOUNT_ID", "999999999999"), ("AWS_ACCOUNT_ID_ENDPOINT_MODE", "required")]);
    assert_eq!(child["AWS_ACCOUNT_ID_ENDPOINT_MODE"], "disabled");
}

#[test]
fn the_profiles_account_mode_gives_way_only_to_anothers_account() {
    let world = world("account_id_endpoint_mode = preferred\nretry_mode = standard\n");
    for (account, mode) in [("", "preferred"), (ACCOUNT, "preferred"), ("999999999999", "disabled")] {
        let output = run_with(&world, &[("AWS_ACCOUNT_ID", account)]);
        let modes = output.stdout_text();
        let modes: Vec<_> =
            modes.split('\0').filter(|entry| entry.starts_with("AWS_ACCOUNT_ID_ENDPOINT_MODE=")).collect();
        assert_eq!(modes, [format!("AWS_ACCOUNT_ID_ENDPOINT_MODE={mode}")], "{account}");
        assert_eq!(output.env_of_child()["AWS_RETRY_MODE"], "standard", "{account}");
    }
}

#[test]
fn an_account_that_is_not_known_does_not_stand_beside_anothers() {
    let world = World::seeded();
    let output = world.aws_auth().args(["-p", "default", "env", "-0"]).env("AWS_ACCOUNT_ID", "999999999999").run();
    let child = output.env_of_child();
    assert_eq!(child["AWS_ACCOUNT_ID"], "999999999999");
    assert_eq!(child["AWS_ACCOUNT_ID_ENDPOINT_MODE"], "disabled");
}

/// The command's AWS_REGION and AWS_DEFAULT_REGION.
fn regions(child: &BTreeMap<String, String>) -> [Option<&str>; 2] {
    ["AWS_REGION", "AWS_DEFAULT_REGION"].map(|name| child.get(name).map(String::as_str))
}

#[test]
fn both_variables_have_the_same_region() {
    let world = world("region = eu-west-1\n");
    for (variables, expected) in [
        (&[][..], [Some("eu-west-1"), Some("eu-west-1")]),
        (&[("AWS_REGION", "us-west-2")], [Some("us-west-2"); 2]),
        (&[("AWS_DEFAULT_REGION", "us-west-2")], [Some("us-west-2"); 2]),
        (&[("AWS_REGION", "us-west-2"), ("AWS_DEFAULT_REGION", "us-east-2")], [Some("us-west-2"); 2]),
        (&[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "us-east-2")], [Some("us-east-2"); 2]),
        (&[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "")], [Some("eu-west-1"); 2]),
    ] {
        assert_eq!(regions(&seen(&world, variables)), expected, "{variables:?}");
    }
}

#[test]
fn the_region_option_sets_both() {
    let world = world("region = eu-west-1\n");
    let output = world
        .aws_auth()
        .args(["-p", "plain", "--region", "eu-north-1", "env", "-0"])
        .env("AWS_REGION", "us-west-2")
        .env("AWS_DEFAULT_REGION", "us-east-2")
        .run();
    assert_eq!(regions(&output.env_of_child()), [Some("eu-north-1"); 2]);
    assert_eq!(world.sts.last("AssumeRole").region, "eu-north-1");
    // Also with keys that pass through; nothing else changes for them.
    let output = world.aws_auth().keys("AKIAMINE", "mine", "").args(["--region", "eu-north-1", "env", "-0"]).run();
    let child = output.env_of_child();
    assert_eq!(regions(&child), [Some("eu-north-1"); 2]);
    assert_eq!(child["AWS_AUTH_SET"], "AWS_REGION=eu-north-1 AWS_DEFAULT_REGION=eu-north-1");
}

#[test]
fn a_region_that_is_guessed_for_sts_is_not_exported() {
    let world = world("");
    assert_eq!(regions(&seen(&world, &[])), [None; 2]);
    assert_eq!(world.sts.last("AssumeRole").region, "us-east-1");
    let child = seen(&world, &[("AWS_REGION", "eu-west-1")]);
    assert_eq!(regions(&child), [Some("eu-west-1"); 2]);
}

#[test]
fn a_source_gives_its_region_and_no_other_setting() {
    let world = World::seeded();
    world.append_config(&format!(
        "[default]\nregion = eu-west-3\noutput = json\n[profile plain]\nsource_profile = default\nrole_arn = {PLAIN}\n"
    ));
    world.sts.add_role(Role::new(PLAIN));
    let child = seen(&world, &[]);
    assert_eq!(regions(&child), [Some("eu-west-3"); 2]);
    assert!(!child.contains_key("AWS_DEFAULT_OUTPUT"));
}

const SETTINGS: [(&str, &str, &str); 6] = [
    ("output", "AWS_DEFAULT_OUTPUT", "json"),
    ("retry_mode", "AWS_RETRY_MODE", "standard"),
    ("max_attempts", "AWS_MAX_ATTEMPTS", "7"),
    ("use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT", "false"),
    ("use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT", "false"),
    ("sts_regional_endpoints", "AWS_STS_REGIONAL_ENDPOINTS", "regional"),
];

#[test]
fn the_profiles_settings_are_carried_over() {
    let lines = SETTINGS.map(|(key, _, value)| format!("{key} = {value}\n")).concat();
    let world = world(&lines);
    let child = seen(&world, &[]);
    for (_, variable, value) in SETTINGS {
        assert_eq!(child[variable], value, "{variable}");
        assert!(child["AWS_AUTH_SET"].contains(&format!("{variable}={value}")), "{}", child["AWS_AUTH_SET"]);
    }
    let callers: Vec<_> = SETTINGS.iter().map(|(_, variable, _)| (*variable, "")).collect();
    let child = seen(&world, &callers);
    for (_, variable, _) in SETTINGS {
        assert_eq!(child[variable], "", "the caller's {variable} stays, even if it is empty");
    }
}

#[test]
fn the_profiles_ca_bundle_is_carried_over() {
    let world = world("ca_bundle = /etc/corp.pem\n");
    // Uses cached credentials, because the bundle does not exist.
    world.config(&world.read(".aws/config").replace("ca_bundle = /etc/corp.pem\n", ""));
    seen(&world, &[]);
    world.append_config("ca_bundle = /etc/corp.pem\n");
    assert_eq!(seen(&world, &[])["AWS_CA_BUNDLE"], "/etc/corp.pem");
    assert_eq!(seen(&world, &[("AWS_CA_BUNDLE", "/mine.pem")])["AWS_CA_BUNDLE"], "/mine.pem");
}

#[test]
fn endpoints_are_carried_over_service_by_service() {
    let world = world(
        "endpoint_url = https://all.example.com\nservices = local\n[services local]\ns3 =\n  endpoint_url = \
         https://s3.example.com\nelastic_beanstalk =\n  endpoint_url = https://eb.example.com\n  other = x\n",
    );
    let child = seen(&world, &[]);
    assert_eq!(child["AWS_ENDPOINT_URL"], "https://all.example.com");
    assert_eq!(child["AWS_ENDPOINT_URL_S3"], "https://s3.example.com");
    assert_eq!(child["AWS_ENDPOINT_URL_ELASTIC_BEANSTALK"], "https://eb.example.com");
    assert_eq!(child["AWS_ENDPOINT_URL_STS"], world.sts.endpoint(), "the caller's");

    let child = seen(&world, &[("AWS_ENDPOINT_URL_S3", "https://mine.example.com")]);
    assert_eq!(child["AWS_ENDPOINT_URL_S3"], "https://mine.example.com");
    assert_eq!(child["AWS_ENDPOINT_URL"], "https://all.example.com");

    // The caller's variable wins over the services section, whose variables for one service would win over it.
    let child = seen(&world, &[("AWS_ENDPOINT_URL", "https://mine.example.com")]);
    assert_eq!(child["AWS_ENDPOINT_URL"], "https://mine.example.com");
    assert!(!child.contains_key("AWS_ENDPOINT_URL_S3"), "{child:?}");
}

#[test]
fn what_is_set_is_recorded_as_a_shell_would_read_it() {
    let world = world("region = eu-west-1\noutput = it's \"x y\"\n");
    let child = seen(&world, &[("AWS_DEFAULT_REGION", "eu-west-1")]);
    let key = &child["AWS_ACCESS_KEY_ID"];
    assert_eq!(
        child["AWS_AUTH_SET"],
        format!(
            "AWS_REGION=eu-west-1 'AWS_DEFAULT_OUTPUT=it'\\''s \"x y\"' AWS_ACCOUNT_ID={ACCOUNT} AWS_ACCESS_KEY_ID={key}"
        )
    );
    for secret in world.sts.secrets() {
        assert!(!child["AWS_AUTH_SET"].contains(&secret));
    }
}

#[test]
fn keys_that_pass_through_stay_as_they_are_but_for_a_code() {
    let world = World::seeded();
    let variables: Vec<(&str, &str)> = REMOVED
        .iter()
        .filter(|name| !name.ends_with("_PROFILE") && **name != "AWS_AUTH_MFA_TOKEN")
        .map(|name| (*name, "stays"))
        .chain(KEPT)
        .collect();
    let mut invocation = world.aws_auth().keys("AKIAMINE", "mine", "token").args(["env", "-0"]);
    let mut expected = of_world(&world);
    for (name, value) in &variables {
        invocation = invocation.env(name, value);
        expected.insert((*name).to_owned(), (*value).to_owned());
    }
    for (name, value) in
        [("AWS_ACCESS_KEY_ID", "AKIAMINE"), ("AWS_SECRET_ACCESS_KEY", "mine"), ("AWS_SESSION_TOKEN", "token")]
    {
        expected.insert(name.to_owned(), value.to_owned());
    }
    let output = invocation.env("AWS_AUTH_MFA_TOKEN", "123456").run();
    output.assert_stderr("");
    assert_eq!(output.env_of_child(), expected);
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn a_profile_without_credentials_is_left_to_the_commands_sdk() {
    let world = World::new();
    world.config("[profile box]\nregion = eu-west-1\n");
    let line = "aws-auth: profile 'box' names no credentials; the command will use the credentials of the container or instance, if there are any\n";
    let keeps = [
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/creds"),
        ("AWS_ROLE_ARN", "arn"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"),
        ("TF_LOG", "debug"),
    ];
    for chosen in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "-p"] {
        let mut invocation = world.aws_auth().keys("AKIAMINE", "mine", "token").env("AWS_SECURITY_TOKEN", "token");
        for (name, value) in keeps {
            invocation = invocation.env(name, value);
        }
        invocation = if chosen == "-p" {
            invocation.profile("another").args(["-p", "box"])
        } else {
            invocation.env(chosen, "box")
        };
        let output = invocation.args(["env", "-0"]).run();
        output.assert_stderr(line);
        let mut expected = of_world(&world);
        expected.extend(keeps.map(|(name, value)| (name.to_owned(), value.to_owned())));
        expected.insert("AWS_PROFILE".to_owned(), "box".to_owned());
        assert_eq!(output.env_of_child(), expected, "{chosen}");
    }
    let output = world.aws_auth().profile("box").args(["-q", "--region", "eu-west-2", "env", "-0"]).run();
    output.assert_stderr("");
    let child = output.env_of_child();
    assert_eq!(regions(&child), [Some("eu-west-2"); 2]);
    assert_eq!(child["AWS_AUTH_SET"], "AWS_REGION=eu-west-2 AWS_DEFAULT_REGION=eu-west-2");
}

#[test]
fn no_profile_and_no_keys_is_left_to_the_commands_sdk() {
    let world = World::new();
    let output = world.run(["env", "-0"]);
    output.assert_stderr(
        "aws-auth: no profile and no keys; the command will use the credentials of the container or instance, if there are any\n",
    );
    assert_eq!(output.env_of_child(), of_world(&world));
}

#[test]
fn a_code_never_reaches_the_command() {
    let world = World::seeded();
    let code = world.fresh_code();
    let output = world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", &code).args(["env", "-0"]).run();
    assert!(!output.env_of_child().contains_key("AWS_AUTH_MFA_TOKEN"));
    let output = world.aws_auth().env("AWS_AUTH_MFA_TOKEN", &code).args(["-p", "default", "env", "-0"]).run();
    assert!(!output.env_of_child().contains_key("AWS_AUTH_MFA_TOKEN"));
    let raw = OsStr::from_bytes(b"\xff");
    let output = world.aws_auth().env("ODD", raw).profile("sops").args(["printenv", "ODD"]).run();
    output.success();
    assert_eq!(output.stdout, b"\xff\n");
}
