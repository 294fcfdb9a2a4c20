//! What `-v` prints about a run: what was read, found, called and started, and never a secret.

use crate::kit::{answer, end_roles, leave, masked, role_entries};
use crate::world::sso::{LocalSso, token_file};
use crate::world::sts::Role;
use crate::world::{Output, World, seed};

const SOPS: &str = "arn:aws:iam::398263320410:role/sops-credentials-access";
const CHAIN: &str = "[profile dev]\nsource_profile = sops\nrole_arn = arn:aws:iam::123456789012:role/dev\n\
    [profile deep]\nsource_profile = dev\nrole_arn = arn:aws:iam::123456789012:role/deep\nregion = eu-west-1\n";

/// The messages, with placeholders for what differs between runs: temporary keys are numbered in their order, and a
/// file in a cache is FILE.
fn told(world: &World, output: &Output) -> String {
    let mut text = masked(&output.stderr)
        .replace(&world.path("").to_string_lossy().into_owned(), "~/")
        .replace(&format!("{} (AWS_ENDPOINT_URL_STS)", world.sts.endpoint()), "THERE")
        .replace(&world.user.access_key_id, "AKIA")
        .replace(seed::SERIAL, "SERIAL")
        .replace(SOPS, "SOPS")
        // A second may have passed since the credentials were issued.
        .replace("(59m)", "(1h)")
        .replace("(11h 59m)", "(12h)");
    let mut number = 0;
    while let Some(at) = text.find("ASIA").filter(|_| number < 9) {
        let key: String = text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
        number += 1;
        text = text.replace(&key, &format!("temporary {number}"));
    }
    while let Some(end) = text.find(".json") {
        let start = text[..end].rfind(['/', '-']).unwrap();
        text.replace_range(start + 1..end + 5, "FILE");
    }
    text
}

#[track_caller]
fn assert_told(world: &World, output: &Output, lines: &[&str]) {
    let said = told(world, output);
    assert_eq!(said, format!("aws-auth: {}\n", lines.join("\naws-auth: ")), "\n{said}");
    assert!((5..=10).contains(&lines.len()), "{} lines", lines.len());
}

fn verbose(world: &World, args: &[&str]) -> Output {
    let output = world.aws_auth().arg("-v").args(args).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run();
    output.success();
    output
}

const PROFILE: &str =
    "profile 'sops' (--profile) in ~/.aws/config:2, whose source is 'default' in ~/.aws/credentials:2";
const KEYS: &str = "begins with long-term keys AKIA of profile default (~/.aws/credentials:3)";
const EXPIRED: &str = "role SOPS: expired at HH:MM, in the AWS CLI's cache, ~/.aws/cli/cache/FILE";
const MISSING: &str = "role SOPS: not in the AWS CLI's cache, ~/.aws/cli/cache/FILE";
const CACHED: &str = "role SOPS: good until HH:MM (1h), in the AWS CLI's cache, ~/.aws/cli/cache/FILE";
const NONE: &str = "MFA session of SERIAL: none is kept";
const NEW: &str = "the MFA session is good until HH:MM, kept in ~/.cache/aws-auth/session-FILE";
const KEPT: &str = "MFA session of SERIAL: kept since HH:MM, good until HH:MM (12h)";
const NEEDLESS: &str = "MFA session of SERIAL: not needed";
const PASSED: &str = "role SOPS: the cache is ignored (--refresh)";
const NO_CODE: &str = "no MFA code is needed";
const SESSION: &str = "GetSessionToken for 12h, signed by AKIA, with a code of SERIAL from AWS_AUTH_MFA_TOKEN, \
    in us-east-1 (by the partition), THERE";
const ASSUME: &str = "AssumeRole SOPS (~/.aws/config:5), signed by temporary 1, in us-east-1 (by the partition), THERE";

#[test]
fn of_the_first_run_and_of_those_after_it() {
    let world = World::seeded();
    assert_told(
        &world,
        &verbose(&world, &["-p", "sops", "true", "an argument"]),
        &[PROFILE, KEYS, MISSING, NONE, SESSION, NEW, ASSUME, "starts /usr/bin/true with keys temporary 2 until HH:MM"],
    );
    let cached = [PROFILE, KEYS, CACHED, NEEDLESS, "starts /usr/bin/true with keys temporary 1 until HH:MM"];
    assert_told(&world, &verbose(&world, &["-p", "sops", "true"]), &cached);
    leave(&role_entries(&world)[0], 270, 3600);
    let starts = "starts /usr/bin/true with keys temporary 2 until HH:MM";
    let little = "role SOPS: good until HH:MM (4m), in the AWS CLI's cache, ~/.aws/cli/cache/FILE; 15m is needed";
    assert_told(&world, &verbose(&world, &["-p", "sops", "true"]), &[PROFILE, KEYS, little, KEPT, ASSUME, starts]);
    let output = verbose(&world, &["-p", "sops", "--refresh", "true"]);
    assert_told(&world, &output, &[PROFILE, KEYS, PASSED, KEPT, ASSUME, starts]);
}

#[test]
fn of_a_person_at_the_prompt() {
    let world = World::seeded();
    let run = world.aws_auth().profile("sops").args(["-v", "true"]).in_terminal();
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    assert_told(
        &world,
        output.success(),
        &[
            "profile 'sops' (AWS_PROFILE) in ~/.aws/config:2, whose source is 'default' in ~/.aws/credentials:2",
            KEYS,
            MISSING,
            NONE,
            &SESSION.replace("AWS_AUTH_MFA_TOKEN", "the terminal"),
            NEW,
            ASSUME,
            "sops: role SOPS until HH:MM",
            "starts /usr/bin/true with keys temporary 2 until HH:MM",
        ],
    );
}

#[test]
fn of_a_chain() {
    let world = World::seeded();
    for name in ["dev", "deep"] {
        world.sts.add_role(Role::new(&format!("arn:aws:iam::123456789012:role/{name}")));
    }
    world.config(&format!("{}{CHAIN}", world.read(".aws/config")));
    let lines = world.read(".aws/config");
    let line = |text: &str| lines.lines().position(|line| line == text).unwrap() + 1;
    let (dev, deep) = (line("[profile dev]"), line("[profile deep]"));
    let profile = format!(
        "profile 'deep' (--profile) in ~/.aws/config:{deep}, whose source is 'dev' in ~/.aws/config:{dev}, whose \
         source is 'sops' in ~/.aws/config:2, whose source is 'default' in ~/.aws/credentials:2"
    );
    let place = format!("in eu-west-1 (~/.aws/config:{}), THERE", deep + 3);
    let role = |name: &str, at: usize, signer: &str| {
        format!("AssumeRole arn:aws:iam::123456789012:role/{name} (~/.aws/config:{at}), signed by {signer}, {place}")
    };
    let missing = "role arn:aws:iam::123456789012:role/deep: not in the AWS CLI's cache, ~/.aws/cli/cache/FILE";
    let there = |line: &str| line.replace("in us-east-1 (by the partition), THERE", &place);
    assert_told(
        &world,
        &verbose(&world, &["-p", "deep", "true"]),
        &[
            &profile,
            KEYS,
            missing,
            NONE,
            &there(SESSION),
            NEW,
            &there(ASSUME),
            &role("dev", dev + 2, "temporary 2"),
            &role("deep", deep + 2, "temporary 3"),
            "starts /usr/bin/true with keys temporary 4 until HH:MM",
        ],
    );
    end_roles(&world);
    let output = verbose(&world, &["-p", "sops", "true"]);
    assert!(told(&world, &output).contains(EXPIRED));
    assert_told(
        &world,
        &verbose(&world, &["-p", "deep", "true"]),
        &[
            &profile,
            KEYS,
            "role arn:aws:iam::123456789012:role/deep: expired at HH:MM, in the AWS CLI's cache, ~/.aws/cli/cache/FILE",
            CACHED,
            NEEDLESS,
            &role("dev", dev + 2, "temporary 1"),
            &role("deep", deep + 2, "temporary 2"),
            "starts /usr/bin/true with keys temporary 3 until HH:MM",
        ],
    );
}

#[test]
fn of_what_runs_no_command() {
    let world = World::seeded();
    verbose(&world, &["-p", "sops", "true"]);
    let summary = "sops: role SOPS until HH:MM";
    for action in ["--export", "--login"] {
        let output = verbose(&world, &["-p", "sops", action]);
        assert_told(&world, &output, &[PROFILE, KEYS, CACHED, NEEDLESS, summary]);
    }
    let output = verbose(&world, &["-p", "sops", "--export", "--refresh"]);
    assert_told(&world, &output, &[PROFILE, KEYS, PASSED, KEPT, ASSUME, summary]);
}

#[test]
fn without_a_session_a_cache_or_a_role() {
    let world = World::seeded();
    assert_told(
        &world,
        &verbose(&world, &["-p", "sops", "--no-cache", "true"]),
        &[
            PROFILE,
            KEYS,
            "role SOPS: no cache is read (--no-cache or AWS_AUTH_NO_CACHE)",
            NONE,
            SESSION,
            "the MFA session is good until HH:MM, and not kept",
            ASSUME,
            "starts /usr/bin/true with keys temporary 2 until HH:MM",
        ],
    );
    assert_told(
        &world,
        &verbose(&world, &["-p", "sops", "--no-mfa-session", "true"]),
        &[
            PROFILE,
            KEYS,
            "no MFA session: each new role needs a code of SERIAL",
            MISSING,
            "AssumeRole SOPS (~/.aws/config:5), signed by AKIA, with a code of SERIAL from AWS_AUTH_MFA_TOKEN, \
             in us-east-1 (by the partition), THERE",
            "starts /usr/bin/true with keys temporary 1 until HH:MM",
        ],
    );
    assert_told(
        &world,
        &world.run(["-v", "true"]),
        &[
            "no profile is named, so profile 'default' in ~/.aws/credentials:2",
            KEYS,
            NO_CODE,
            "the keys are used as they are, and no call is made",
            "starts /usr/bin/true with keys AKIA, which do not expire",
        ],
    );
}

#[test]
fn of_a_program_that_gives_the_keys() {
    let world = World::new();
    world
        .script("keys", "#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"AKIAP\", \"SecretAccessKey\": \"s\"}'\n");
    world.config(&format!("[profile p]\ncredential_process = {} an argument\n", world.path("keys").display()));
    assert_told(
        &world,
        &world.run(["-v", "-p", "p", "true"]),
        &[
            "profile 'p' (--profile) in ~/.aws/config:1",
            "begins with the output of credential_process ~/keys (profile p) (~/.aws/config:2)",
            NO_CODE,
            "credentials: not cached",
            "running ~/keys",
            "starts /usr/bin/true with keys AKIAP, which do not expire",
        ],
    );
}

#[test]
fn of_a_token_of_an_identity_provider() {
    let world = World::new();
    let token = world.write("token", "first");
    world.config(&format!("[profile pod]\nrole_arn = {SOPS}\nweb_identity_token_file = {}\n", token.display()));
    world.sts.add_role(Role::new(SOPS));
    world.sts.accept_web_identity("first", "system:serviceaccount:default:pod");
    let (profile, keys) = (
        "profile 'pod' (--profile) in ~/.aws/config:1",
        "begins with role SOPS assumed with the token in ~/token (profile pod) (~/.aws/config:3)",
    );
    let starts = "starts /usr/bin/true with keys temporary 1 until HH:MM";
    assert_told(
        &world,
        &world.run(["-v", "-p", "pod", "true"]),
        &[
            profile,
            keys,
            NO_CODE,
            MISSING,
            "AssumeRoleWithWebIdentity SOPS, authenticated by the token alone, in us-east-1 (by the partition), THERE",
            starts,
        ],
    );
    let output = world.run(["-v", "-p", "pod", "true"]);
    assert_told(&world, &output, &[profile, keys, NO_CODE, CACHED, starts]);
}

#[test]
fn of_somebody_who_is_signed_in() {
    let mut world = World::new();
    let sso = LocalSso::start(&world.sts);
    sso.assign("111111111111", "ReadOnly");
    for variable in ["AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC"] {
        world.set_env(variable, sso.web.endpoint());
    }
    world.config(
        "[profile dev]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n\
         [sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n",
    );
    let (token, refresh) = sso.log_in();
    // SHA-1 of `corp`.
    let path = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
    world.write(path, token_file(&token, &refresh, 8 * 3600 + 30).to_string());
    let (profile, keys) = (
        "profile 'dev' (--profile) in ~/.aws/config:1",
        "begins with SSO role ReadOnly in account 111111111111 through the sign-in to corp (profile dev) \
         (~/.aws/config:3)",
    );
    let starts = "starts /usr/bin/true with keys temporary 1 until HH:MM";
    let call = format!("GetRoleCredentials ReadOnly in 111111111111, the SSO portal at {}", sso.web.endpoint());
    assert_told(
        &world,
        &world.run(["-v", "-p", "dev", "true"]),
        &[
            profile,
            keys,
            NO_CODE,
            "SSO role ReadOnly in 111111111111: not in the AWS CLI's cache, ~/.aws/cli/cache/FILE",
            "the SSO token has 8h left",
            &call,
            starts,
        ],
    );
    let cached =
        "SSO role ReadOnly in 111111111111: good until HH:MM (1h), in the AWS CLI's cache, ~/.aws/cli/cache/FILE";
    let output = world.run(["-v", "-p", "dev", "true"]);
    assert_told(&world, &output, &[profile, keys, NO_CODE, cached, starts]);
}

/// The library for local times would wait for a pipe's writer, and read a device without end.
#[test]
fn a_time_zone_that_is_a_pipe_or_a_device_does_not_hang() {
    let world = World::seeded();
    let pipe = world.fifo("pipe").display().to_string();
    verbose(&world, &["-p", "sops", "true"]);
    for (zone, end) in [
        (pipe.as_str(), "HH:MM UTC"),
        (&format!(":{pipe}"), "HH:MM UTC"),
        ("pipe", "HH:MM UTC"),
        (":./pipe", "HH:MM UTC"),
        ("/dev/zero", "HH:MM UTC"),
        (":/dev/zero", "HH:MM UTC"),
        (".", "HH:MM"),
        ("no/such/zone", "HH:MM"),
        ("UTC", "HH:MM"),
        ("", "HH:MM"),
    ] {
        let run = world.aws_auth().through(["timeout", "--signal=KILL", "10"]).env("TZ", zone);
        let run = run.args(["-v", "-p", "sops", "true"]).run();
        run.success();
        let said = told(&world, &run);
        assert!(said.contains(&format!(" until {end}\n")), "{zone}: {said}");
    }
}
