//! Errors of resolution as a user sees them: status 125, one line with the file and line, no question and no call.
//! `tests/plan_cases` covers all of resolution.

use crate::world::World;

/// The profile `a` in the config file, the text of the credentials file, and the message.
const ERRORS: [(&str, &str, &str); 18] = [
    (
        "role_arn = arn:aws:iam::111111111111:role/a",
        "",
        "CONFIG:2: profile 'a' has a role_arn but neither source_profile nor credential_source; add the profile whose \
         keys assume the role, for example source_profile = default",
    ),
    (
        "role_arn = arn:aws:iam::111111111111:role/a\nsource_profile = default\ncredential_source = Environment",
        "",
        "CONFIG:4: profile 'a' has both source_profile and credential_source; keep one of them \
         and remove the other",
    ),
    (
        "role_arn = arn:aws:iam::111111111111:role/a\nsource_profile = defualt",
        "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s",
        "CONFIG:3: profile 'a' has the source_profile 'defualt', which does not exist; did you mean default?",
    ),
    (
        "role_arn = arn:aws:iam::111111111111:role/a\nsource_profile = a",
        "",
        "CONFIG:3: source_profile goes in a circle: a -> a; a profile may be its own source only with keys of its own; \
         name the profile that has the keys",
    ),
    (
        "role_arn = arn:aws:iam::111111111111:role/a\nsource_profile = b\n[profile b]\nrole_arn = \
         arn:aws:iam::111111111111:role/b\nsource_profile = a",
        "",
        "CONFIG:6: source_profile goes in a circle: a -> b -> a; one of them must name a profile that has keys of its \
         own",
    ),
    (
        "role_arn = arn:aws:iam::111111111111:role/a\nsource_profile = default",
        "[default]\nregion = eu-west-1",
        "CREDENTIALS:1: profile 'default', the source of 'a', has no credentials; give it keys, a credential_process \
         or an SSO session, or name another source_profile",
    ),
    (
        "role_arn = arn:aws:iam::111111111111:role/a\ncredential_source = environment",
        "",
        "CONFIG:3: credential_source of profile 'a' is 'environment'; write Environment, Ec2InstanceMetadata, \
         EcsContainer or GitHubActions, with these capital letters",
    ),
    (
        "role_arn = arn:aws:iam::111111111111:role/a\ncredential_source = Environment",
        "",
        "CONFIG:3: profile 'a' takes its credentials from the environment, which holds none; set AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or name a source_profile instead",
    ),
    (
        "aws_access_key_id = AKIAA",
        "",
        "CONFIG:2: profile 'a' has no aws_secret_access_key beside this key; both keys of a pair must be in the same \
         file; add the other",
    ),
    (
        "source_profile = default\nrole_arn = arn:aws:iam::111111111111:role/a\nmfa_serial = \
         arn:aws:iam::398263320410:mfa/<IAM username>",
        KEYS,
        "CONFIG:4: mfa_serial still holds the placeholder <IAM username>; put your own in its place",
    ),
    (
        "source_profile = default\nrole_arn = arn:aws:iam::111111111111:role/a\nmfa_serial = \
         arn:aws:iam::398263320410:u2f/user/jo/key",
        KEYS,
        "CONFIG:4: the MFA device arn:aws:iam::398263320410:u2f/user/jo/key is a FIDO security key, which gives no \
         codes; register a virtual MFA device (an authenticator app) as well, and use its serial number; or sign in \
         with the key in a browser: 'aws login', or IAM Identity Center (--login)",
    ),
    (
        "source_profile = default\nrole_arn = arn:aws:iam::111111111111:role/a\nregion = eu-west-1a",
        KEYS,
        "'eu-west-1a' (CONFIG:4) is not a region; it is an availability zone of eu-west-1",
    ),
    (
        "source_profile = default\nrole_arn = arn:aws:iam::111111111111:role/a\nduration_seconds = 1h",
        KEYS,
        "CONFIG:4: duration_seconds is '1h'; write whole seconds from 900 to 43200",
    ),
    (
        "source_profile = b\nrole_arn = arn:aws:iam::111111111111:role/a\nduration_seconds = 7200\n[profile \
         b]\nsource_profile = default\nrole_arn = arn:aws:iam::111111111111:role/b",
        KEYS,
        "CONFIG:3: role arn:aws:iam::111111111111:role/a cannot last 2h: it is assumed from temporary credentials, \
         which get at most 1h; ask for 1h or less (--duration, duration_seconds), or let long-term keys assume it \
         directly",
    ),
    (
        "source_profile = default\nrole_arn = arn:aws:iam::111:role/a",
        KEYS,
        "CONFIG:3: 'arn:aws:iam::111:role/a' is not the ARN of a role; write arn:aws:iam::<12 digits of the \
         account>:role/<name>",
    ),
    (
        "source_profile = default\nrole_arn = arn:aws:iam::111111111111:role/\u{1b}[31m",
        "garbage",
        "CREDENTIALS:1: neither a [section], a key = value, nor a comment; begin a comment with #, and indent a line \
         that continues a value deeper than its key",
    ),
    (
        "garbage",
        "",
        "CONFIG:2: neither a [section], a key = value, nor a comment; begin a comment with #, and indent a line that \
         continues a value deeper than its key",
    ),
    (
        "source_profile = default\nrole_arn = a\u{1b}[31m",
        KEYS,
        "CONFIG:3: 'a\\u{1b}[31m' is not the ARN of a role; write arn:aws:iam::<12 digits of the \
         account>:role/<name>",
    ),
];

const KEYS: &str = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s";

#[test]
fn what_is_wrong_with_a_profile_is_said_with_file_and_line_before_anything_is_asked() {
    for (profile, credentials, line) in ERRORS {
        let world = World::new();
        world.config(&format!("[profile a]\n{profile}\n"));
        world.credentials(credentials);
        let line = line
            .replace("CONFIG", world.path(".aws/config").to_str().unwrap())
            .replace("CREDENTIALS", world.path(".aws/credentials").to_str().unwrap());
        let before = world.snapshot();
        let output = world.aws_auth().profile("a").arg("true").in_terminal().wait();
        output.assert_status(125).assert_stdout("").assert_stderr(&format!("aws-auth: {line}\n"));
        output.assert_transcript("");
        assert_eq!(world.sts.connections(), 0);
        assert_eq!(world.snapshot(), before);
    }
}

#[test]
fn a_profile_that_is_not_there_is_said_with_near_names() {
    let world = World::seeded();
    for (name, advice) in [
        ("sop", "did you mean sops?"),
        ("development-infrastucture", "did you mean development-infrastructure"),
        (
            "zzz",
            "the profiles are: sops, development-infrastructure, production-infrastructure, main-infrastructure, \
             default",
        ),
    ] {
        let output = world.aws_auth().profile(name).arg("true").run();
        output.assert_status(125).assert_stdout("");
        let line = format!("aws-auth: there is no profile '{name}' (AWS_PROFILE): {advice}");
        assert!(output.stderr.starts_with(&line) && output.stderr.lines().count() == 1, "{}", output.report());
    }
}

#[test]
fn files_are_found_by_their_variables() {
    let world = World::new();
    world.write("a b/config", "[profile x]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n");
    world.write("creds", "[y]\naws_access_key_id = AKIAY\naws_secret_access_key = s\n");
    for (config, credentials, profile, key) in [
        ("~/a b/config", "", "x", "AKIAX"),
        ("$HOME/a b/config", "~/creds", "y", "AKIAY"),
        ("${DIR}/config", "${HOME}/creds", "x", "AKIAX"),
        // The `~` that a variable brings is expanded, too.
        ("$TILDE/config", "", "x", "AKIAX"),
    ] {
        let output = world
            .aws_auth()
            .env("AWS_CONFIG_FILE", config)
            .env("AWS_SHARED_CREDENTIALS_FILE", credentials)
            .env("DIR", world.path("a b"))
            .env("TILDE", "~/a b")
            .args(["-p", profile, "printenv", "AWS_ACCESS_KEY_ID"])
            .run();
        output.success().assert_stdout(&format!("{key}\n"));
    }
    let output = world.aws_auth().env("AWS_CONFIG_FILE", "~/nowhere/config").args(["-p", "x", "true"]).run();
    output.assert_status(125).assert_stderr(
        "aws-auth: there is no profile 'x' (--profile): there are no profiles at all; aws-auth --setup \
         makes one, or name other files with AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE\n",
    );
}

#[test]
fn a_file_that_is_a_directory_or_no_text_is_an_error() {
    let world = World::new();
    std::fs::create_dir_all(world.path(".aws/config")).unwrap();
    let config = world.path(".aws/config").display().to_string();
    world.run(["-p", "x", "true"]).assert_status(125).assert_stderr(&format!(
        "aws-auth: cannot read {config}: is a directory; make it a file that you can read, or name another in \
         AWS_CONFIG_FILE\n"
    ));
    std::fs::remove_dir(world.path(".aws/config")).unwrap();
    world.write(".aws/config", b"[profile x]\nregion = \xff\n");
    world
        .run(["-p", "x", "true"])
        .assert_status(125)
        .assert_stderr(&format!("aws-auth: {config}:2: a byte that is not UTF-8; save the file as UTF-8 text\n"));
    // Keys that pass through do not need the files.
    world.aws_auth().keys("AKIAMINE", "mine", "").arg("true").run().success().assert_stderr("");
}

#[test]
fn what_is_read_but_hardly_meant_is_said_with_verbose() {
    let world = World::new();
    world.config("[profile x]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n[sops]\n");
    world.run(["-p", "x", "true"]).success().assert_stderr("");
    world.run(["-v", "-p", "x", "true"]).success().assert_stderr_contains(&format!(
        "aws-auth: warning: {}:4: [sops] is not a profile; in this file, a profile's header is [profile NAME]\n",
        world.path(".aws/config").display()
    ));
}
