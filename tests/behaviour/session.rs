//! MFA sessions: one code serves all roles with the same device, for as long as each profile allows. Also, which cached
//! credentials are fresh enough.

use crate::kit::{
    add_open, age_session, answer, arn, assert_said, at_terminal, edit, end_roles, json, leave, log_in, no_way, own,
    quietly, role_entries, session, until,
};
use crate::world::sts::clock;
use crate::world::{Output, User, World, seed};
use std::os::unix::fs::PermissionsExt as _;

const SOPS: &str = seed::ROLES[0].1;
const MORE: &str = "source_profile = default\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n";

/// Runs `env -0` with these arguments and a valid code; returns the command's environment.
fn env(world: &World, args: &[&str]) -> std::collections::BTreeMap<String, String> {
    let run = world.aws_auth().args(args).args(["env", "-0"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code());
    run.run().env_of_child()
}

#[test]
fn four_profiles_take_one_code_and_an_hour_later_none() {
    let world = World::seeded();
    for (at, (profile, _)) in seed::ROLES.into_iter().enumerate() {
        let run = at_terminal(&world, profile);
        if at == 0 {
            answer(&world, &run, profile, &world.fresh_code());
        }
        let output = run.wait();
        output.success();
        let prompt = format!("{}\r\n", world.prompt(profile));
        output.assert_transcript(if at == 0 { &prompt } else { "" });
        assert_said(&output, if at == 0 { until(profile) } else { String::new() }.as_str());
    }
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole", "AssumeRole", "AssumeRole"]);
    let asked = world.sts.last("GetSessionToken");
    assert_eq!(asked.param("DurationSeconds"), "43200");
    assert_eq!((asked.param("SerialNumber"), asked.access_key_id.as_str()), (seed::SERIAL, &*world.user.access_key_id));
    let role = world.sts.last("AssumeRole");
    assert_eq!((role.param("RoleSessionName"), role.param("SerialNumber"), role.with_code), ("jo", "", false));
    assert!(role.access_key_id.starts_with("ASIA"));

    world.sts.clear_log();
    end_roles(&world);
    for (profile, _) in seed::ROLES {
        quietly(&world, profile).success().assert_stderr("");
    }
    assert_eq!(world.sts.actions(), ["AssumeRole"; 4]);
    world.sts.clear_log();
    for (profile, _) in seed::ROLES {
        quietly(&world, profile).success().assert_stderr("");
    }
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn what_is_kept_is_private_and_holds_no_long_term_secret() {
    let world = World::seeded();
    world.append_config("[profile x]\nsource_profile = default\nrole_arn = arn:aws:iam::398263320410:role/infrastructure\nmfa_session_duration = 1h\n[default]\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n");
    for umask in [0o000, 0o777] {
        let run = world.aws_auth().args(["-p", "sops", "--login"]).umask(umask);
        run.env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
        quietly(&world, "x").success();
        let mut seen = Vec::new();
        for (name, what) in world.snapshot() {
            if !name.starts_with(".cache") && !name.starts_with(".aws/cli") {
                continue;
            }
            let mode = if what.contains("dir") { "0700" } else { "0600" };
            assert!(what.starts_with(mode), "{name}: {what}");
            let name = name.rsplit('/').next().unwrap();
            seen.push(name.split('-').next().unwrap().to_owned());
            let path = world.own_cache_dir().join(name);
            if path.is_file() {
                let text = std::fs::read_to_string(path).unwrap();
                assert!(!text.contains(&world.user.secret_access_key), "{name}");
            }
        }
        for kind in ["session", "role", "codes", "lock"] {
            assert!(seen.iter().any(|name| name == kind), "{kind}: {seen:?}");
        }
        for dir in [".cache", ".aws/cli"] {
            std::fs::remove_dir_all(world.path(dir)).unwrap();
        }
    }
}

#[test]
fn more_than_an_hour_is_assumed_directly_with_the_code() {
    let world = World::seeded();
    world.append_config(&format!("[profile long]\n{MORE}role_arn = {SOPS}\nduration_seconds = 43200\n"));
    world.sts.edit_role(SOPS, |role| role.max_session_seconds = 43200);
    let child = env(&world, &["-p", "long"]);
    let call = world.sts.last("AssumeRole");
    assert_eq!((call.param("DurationSeconds"), call.param("SerialNumber")), ("43200", seed::SERIAL));
    assert_eq!(call.access_key_id, world.user.access_key_id);
    let ends = &child["AWS_CREDENTIAL_EXPIRATION"];
    assert!(*ends > clock::iso(clock::machine() + 43100) && *ends <= clock::iso(clock::machine() + 43200), "{ends}");
    assert_eq!(world.cli_cache().len(), 1);
    quietly(&world, "long").success();
    // With the option it is another entry of the cache.
    env(&world, &["-p", "sops", "--duration", "2h"]);
    assert_eq!(world.sts.actions(), ["AssumeRole", "AssumeRole"]);
    assert_eq!((world.cli_cache().len(), own(&world, "session-").len()), (2, 0));
}

#[test]
fn more_than_an_hour_over_a_chain_is_refused_before_anything_is_asked() {
    let world = World::seeded();
    world.append_config(&format!(
        "[profile chained]\nsource_profile = sops\nrole_arn = {SOPS}\nduration_seconds = 7200\n"
    ));
    let run = at_terminal(&world, "chained");
    let output = run.wait();
    output.assert_status(125).assert_transcript("");
    let place = world.path(".aws/config");
    assert_eq!(
        output.stderr,
        format!(
            "aws-auth: {}:20: role {SOPS} cannot last 2h: it is assumed from temporary credentials, which get at most \
             1h; ask for 1h or less (--duration, duration_seconds), or let long-term keys assume it directly\n",
            place.display()
        )
    );
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn a_chain_takes_one_code_too() {
    let world = World::seeded();
    let inner = "arn:aws:iam::111122223333:role/inner";
    world.sts.add_role(crate::world::Role::new(inner).trusting(&[SOPS]));
    world.append_config(&format!("[profile chained]\nsource_profile = sops\nrole_arn = {inner}\n"));
    env(&world, &["-p", "chained"]);
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    // The role in the middle has its own entry, which other profiles use.
    quietly(&world, "sops").success();
    assert_eq!(world.sts.calls().len(), 3);
    // The role in the middle is used if it has at least a minute left.
    for (left, calls) in [(70, 1), (50, 2)] {
        world.sts.clear_log();
        for path in role_entries(&world) {
            let is_step = json(&path)["AssumedRoleUser"]["Arn"].as_str().unwrap().contains("sops-credentials");
            leave(&path, if is_step { left } else { -1 }, 3600);
        }
        quietly(&world, "chained").success();
        assert_eq!(world.sts.actions(), vec!["AssumeRole"; calls]);
    }
}

#[test]
fn off_means_a_code_per_role_and_nothing_kept() {
    let world = World::seeded();
    world.append_config(&format!("[profile off]\n{MORE}role_arn = {SOPS}\nmfa_session_duration = off\n"));
    let code = || world.fresh_code();
    let ways = [
        world.aws_auth().args(["-p", "sops", "--no-mfa-session", "true"]),
        world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_SESSION", "off"),
        world.aws_auth().args(["-p", "off", "true"]),
    ];
    for way in ways {
        way.env("AWS_AUTH_MFA_TOKEN", code()).run().success();
        let call = world.sts.last("AssumeRole");
        assert_eq!((call.param("SerialNumber"), call.with_code), (seed::SERIAL, true));
        std::fs::remove_dir_all(world.cli_cache_dir()).unwrap();
    }
    assert_eq!(world.sts.actions(), ["AssumeRole"; 3]);
    assert_eq!(own(&world, "session-").len(), 0);
}

#[test]
fn off_a_sources_serial_does_not_count_and_without_a_role_the_session_is_not_kept() {
    let world = World::seeded();
    world.config(&format!("[default]\nmfa_serial = {}\n", seed::SERIAL));
    add_open(&world);
    world.aws_auth().args(["-p", "open", "--no-mfa-session", "true"]).run().success();
    assert_eq!(world.sts.last("AssumeRole").param("SerialNumber"), "");
    for _ in 0..2 {
        let child = env(&world, &["-p", "default", "--no-mfa-session"]);
        assert!(child["AWS_ACCESS_KEY_ID"].starts_with("ASIA"));
    }
    assert_eq!(world.sts.actions(), ["AssumeRole", "GetSessionToken", "GetSessionToken"]);
    assert_eq!(own(&world, "session-").len(), 0);
}

#[test]
fn mfa_without_a_role_gives_the_session_itself() {
    let world = World::seeded();
    world.config("[default]\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n");
    let run = world.aws_auth().args(["-p", "default", "env", "-0"]).in_terminal();
    answer(&world, &run, "default", &world.fresh_code());
    let output = run.wait();
    let text = "aws-auth: default: MFA session of arn:aws:iam::398263320410:mfa/jo until HH:MM\n";
    assert_said(&output, text);
    let child = output.env_of_child();
    let kept = json(&session(&world));
    assert_eq!(kept["Credentials"]["AccessKeyId"], child["AWS_ACCESS_KEY_ID"]);
    assert_eq!(kept["Credentials"]["SessionToken"], child["AWS_SESSION_TOKEN"]);
    assert_eq!(child["AWS_ACCOUNT_ID"], seed::ACCOUNT);
    // The session is kept even with --refresh, which renews only role credentials, and there is no role here.
    for args in [&["true"][..], &["--refresh", "true"]] {
        world.aws_auth().args(["-p", "default"]).args(args).run().success().assert_stderr("");
    }
    assert_eq!(world.sts.actions(), ["GetSessionToken"]);
}

#[test]
fn keys_with_a_token_make_no_session() {
    let world = World::seeded();
    world.config("[default]\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n");
    let keys = env(&world, &["-p", "default", "--no-cache"]);
    world.credentials(&format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"]
    ));
    world.config(&format!("[profile sops]\n{MORE}role_arn = {SOPS}\n"));
    world.sts.clear_log();
    env(&world, &["-p", "sops"]);
    assert_eq!(world.sts.actions(), ["AssumeRole"]);
    let call = world.sts.last("AssumeRole");
    assert_eq!((call.access_key_id.as_str(), call.param("SerialNumber")), (&*keys["AWS_ACCESS_KEY_ID"], seed::SERIAL));
    assert!(call.with_code);
    assert_eq!((world.cli_cache().len(), own(&world, "session-").len()), (1, 0));
    let output = world.aws_auth().args(["-p", "sops", "--duration", "2h", "true"]).run();
    output.assert_status(125).assert_stderr_contains("which get at most 1h");
}

#[test]
fn a_serial_from_the_source_has_an_entry_of_its_own() {
    let world = World::seeded();
    world.config(&format!(
        "[default]\nmfa_serial = {}\n[profile plain]\nsource_profile = default\nrole_arn = {SOPS}\n",
        seed::SERIAL
    ));
    env(&world, &["-p", "plain"]);
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
    assert_eq!((world.cli_cache().len(), own(&world, "role-").len()), (0, 1));
    quietly(&world, "plain").success();
    assert_eq!(world.sts.calls().len(), 2);
}

#[test]
fn an_account_roots_session_lasts_an_hour_and_assumes_no_role() {
    let world = World::new();
    let root = User::root(seed::ACCOUNT).with_mfa("root-account-mfa-device");
    world.sts.add_user(root.clone());
    let serial = &root.mfa[0].serial;
    world.credentials(&seed::credentials_file(&root));
    world.config(&format!(
        "[default]\nmfa_serial = {serial}\n[profile role]\nsource_profile = default\nrole_arn = {SOPS}\n"
    ));
    let code = world.sts.fresh_code(serial);
    let child =
        world.aws_auth().args(["-p", "default", "env", "-0"]).env("AWS_AUTH_MFA_TOKEN", code).run().env_of_child();
    let ends = &child["AWS_CREDENTIAL_EXPIRATION"];
    assert!(*ends <= clock::iso(clock::machine() + 3600), "{ends}");
    quietly(&world, "default").success().assert_stderr("");
    let output = quietly(&world, "role");
    output.assert_status(125).assert_stderr(&format!(
        "aws-auth: profile 'role': role {SOPS}: STS at {} says AccessDenied: \"Roles may not be assumed by root accounts.\"; \
         use the keys of an IAM user instead of the account root's\n",
        world.sts.endpoint()
    ));
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
}

fn denied(world: &World, profile: &str) -> String {
    format!(
        "aws-auth: profile '{profile}': role {0}: STS at {1} says AccessDenied: \"User: arn:aws:iam::398263320410:user/jo is \
         not authorized to perform: sts:AssumeRole on resource: {0}\"; check role_arn, and ask the role's owner whether its \
         trust policy lets you in; it may require external_id or role_session_name, which the profile does not set\n",
        arn(profile),
        world.sts.endpoint()
    )
}

#[test]
fn a_role_that_refuses_an_old_session_gets_a_new_one_which_the_others_use() {
    let world = World::seeded();
    log_in(&world, "sops");
    world.sts.advance(7200);
    age_session(&world, 7200);
    world.sts.edit_role(arn("production-infrastructure"), |role| role.trust.max_mfa_age_seconds = Some(3600));
    let old = json(&session(&world))["Credentials"]["AccessKeyId"].clone();

    // Without a terminal STS's error is shown. It is not recorded, so a later run at a terminal asks for a code.
    let output = quietly(&world, "production-infrastructure");
    output.assert_status(125).assert_stderr(&denied(&world, "production-infrastructure"));

    let run = at_terminal(&world, "production-infrastructure");
    answer(&world, &run, "production-infrastructure", &world.fresh_code());
    let output = run.wait();
    output.success();
    let transcript = crate::kit::masked(output.transcript());
    assert_eq!(
        transcript,
        format!(
            "aws-auth: role {} refused the session from HH:MM; a newer code may help\r\n{}\r\n",
            arn("production-infrastructure"),
            world.prompt("production-infrastructure")
        )
    );
    let new = json(&session(&world))["Credentials"]["AccessKeyId"].clone();
    assert_ne!(old, new);
    end_roles(&world);
    quietly(&world, "main-infrastructure").success().assert_stderr("");
    assert_eq!(world.sts.last("AssumeRole").access_key_id, new.as_str().unwrap());
    assert_eq!(world.sts.count("GetSessionToken"), 2);
}

/// A run of sops, whose trust policy wants another session name: it makes a new session, which is refused as well.
fn in_vain(world: &World) -> Output {
    world.sts.edit_role(arn("sops"), |role| role.trust.require_session_name = Some(String::from("kim")));
    let run = at_terminal(world, "sops");
    answer(world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    output.assert_status(125);
    output
}

#[test]
fn a_role_that_refuses_a_new_session_is_not_asked_for_in_vain_again() {
    let world = World::seeded();
    in_vain(&world).assert_stderr(&denied(&world, "sops"));
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
    // Neither the next run asks, nor one with an old session.
    for seconds in [0, 7200] {
        age_session(&world, seconds);
        let output = at_terminal(&world, "sops").wait();
        output.assert_status(125).assert_stderr(&denied(&world, "sops")).assert_transcript("");
    }
    // Other roles still work, and so does this one once its owner corrects the trust policy.
    quietly(&world, "main-infrastructure").success();
    world.sts.edit_role(arn("sops"), |role| role.trust.require_session_name = None);
    quietly(&world, "sops").success();
    assert_eq!(world.sts.count("GetSessionToken"), 1);
}

#[test]
fn the_refusal_of_one_role_keeps_no_other_from_a_newer_session() {
    let world = World::seeded();
    in_vain(&world);
    world.sts.advance(7200);
    age_session(&world, 7200);
    world.sts.edit_role(arn("production-infrastructure"), |role| role.trust.max_mfa_age_seconds = Some(3600));
    let run = at_terminal(&world, "production-infrastructure");
    answer(&world, &run, "production-infrastructure", &world.fresh_code());
    run.wait().success();
    assert_eq!(world.sts.count("GetSessionToken"), 2);
}

#[test]
fn a_role_that_refuses_an_old_session_and_a_new_one_is_not_asked_for_again() {
    let world = World::seeded();
    log_in(&world, "main-infrastructure");
    age_session(&world, 7200);
    in_vain(&world).assert_stderr(&denied(&world, "sops"));
    age_session(&world, 7200);
    let output = at_terminal(&world, "sops").wait();
    output.assert_status(125).assert_transcript("");
    assert_eq!(world.sts.count("GetSessionToken"), 2);
}

#[test]
fn a_session_that_sts_no_longer_knows_is_dropped_and_made_anew() {
    let ends: [fn(&World); 2] = [
        |world| world.sts.expire_all(),
        |world| world.sts.revoke(json(&session(world))["Credentials"]["AccessKeyId"].as_str().unwrap()),
    ];
    for end in ends {
        let world = World::seeded();
        log_in(&world, "sops");
        age_session(&world, 7200);
        end(&world);
        end_roles(&world);
        let run = at_terminal(&world, "sops");
        answer(&world, &run, "sops", &world.fresh_code());
        let output = run.wait();
        output.success();
        assert_eq!(
            crate::kit::masked(output.transcript()),
            format!(
                "aws-auth: STS no longer knows the session from HH:MM; a new code is needed\r\n{}\r\n",
                world.prompt("sops")
            )
        );
        quietly(&world, "main-infrastructure").success();
        // A code from elsewhere needs no terminal.
        age_session(&world, 7200);
        end(&world);
        end_roles(&world);
        let run = world.aws_auth().profile("sops").env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).arg("true").run();
        run.success();
        // Without one it is removed too.
        age_session(&world, 7200);
        end(&world);
        end_roles(&world);
        let output = quietly(&world, "sops");
        output.assert_status(125).assert_stderr_contains(
            "; the MFA session was ended early; run 'aws-auth -p sops --login' in a terminal for a new one\n",
        );
        assert_eq!(own(&world, "session-").len(), 0);
        quietly(&world, "sops").assert_status(125).assert_stderr(&no_way("sops"));
    }
}

#[test]
fn each_profile_uses_a_session_for_as_long_as_it_wants() {
    let world = World::seeded();
    world.append_config(&format!(
        "[profile careful]\n{MORE}role_arn = {SOPS}\nmfa_session_duration = 20m\nexternal_id = x-1\n"
    ));
    log_in(&world, "sops");
    age_session(&world, 1100);
    quietly(&world, "careful").success();
    age_session(&world, 1300);
    end_roles(&world);
    quietly(&world, "sops").success();
    quietly(&world, "careful").assert_status(125).assert_stderr(&no_way("careful"));
    log_in(&world, "careful");
    assert_eq!(world.sts.last("GetSessionToken").param("DurationSeconds"), "1200");
}

#[test]
fn the_length_of_a_session_can_be_asked_for() {
    for (text, seconds) in [("36h", "129600"), ("15m", "900"), ("3600", "3600")] {
        let world = World::seeded();
        let run = world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_SESSION", text);
        run.env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
        assert_eq!(world.sts.last("GetSessionToken").param("DurationSeconds"), seconds);
    }
    let world = World::seeded();
    for text in ["14m", "37h"] {
        let output = world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_SESSION", text).run();
        output.assert_status(125).assert_stderr(&format!(
            "aws-auth: AWS_AUTH_MFA_SESSION is '{text}'; an MFA session lasts from 15m to 36h; write such a \
             length, or off\n"
        ));
    }
}

#[test]
fn a_session_of_another_key_serial_or_sts_is_not_used() {
    let world = World::seeded();
    log_in(&world, "sops");
    let path = session(&world);
    let good = std::fs::read(&path).unwrap();
    for field in ["BaseAccessKeyId", "SerialNumber", "Sts"] {
        edit(&path, |session| session[field] = "another".into());
        quietly(&world, "main-infrastructure").assert_status(125).assert_stderr(&no_way("main-infrastructure"));
        std::fs::write(&path, &good).unwrap();
    }
    let other = crate::world::LocalSts::start();
    let output =
        world.aws_auth().args(["-p", "main-infrastructure", "true"]).env("AWS_ENDPOINT_URL_STS", other.endpoint());
    output.run().assert_status(125).assert_stderr(&no_way("main-infrastructure"));
    quietly(&world, "main-infrastructure").success();
    assert_eq!(other.connections(), 0);
}

#[test]
fn a_session_file_that_cannot_be_used_is_a_miss() {
    let world = World::seeded();
    log_in(&world, "sops");
    let path = session(&world);
    let good = std::fs::read_to_string(&path).unwrap();
    let half = &good[..good.len() / 2];
    let wrong = |from: &str, to: &str| {
        serde_json::from_str::<serde_json::Value>(&good).map(|mut value| {
            *value.pointer_mut(from).unwrap() = serde_json::from_str(to).unwrap();
            value.to_string()
        })
    };
    let files = [
        String::new(),
        half.to_owned(),
        String::from("[]"),
        String::from("\0\u{ff}"),
        wrong("/Credentials/Expiration", "7").unwrap(),
        wrong("/Credentials/Expiration", "\"soon\"").unwrap(),
        wrong("/Credentials/SessionToken", "null").unwrap(),
        wrong("/Credentials/SecretAccessKey", "\"\"").unwrap(),
        wrong("/Credentials", "[1]").unwrap(),
        wrong("/IssuedAt", "\"2999-01-01T00:00:00Z\"").unwrap(),
        wrong("/IssuedAt", "{}").unwrap(),
        good.clone() + &" ".repeat(300_000),
    ];
    for text in files {
        std::fs::write(&path, &text).unwrap();
        let output = quietly(&world, "main-infrastructure");
        assert_eq!(output.stderr, no_way("main-infrastructure"), "{text}");
    }
    std::fs::remove_file(&path).unwrap();
    world.fifo(&path);
    quietly(&world, "main-infrastructure").assert_status(125).assert_stderr(&no_way("main-infrastructure"));
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    quietly(&world, "main-infrastructure").assert_status(125).assert_stderr(&no_way("main-infrastructure"));
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, "torn").unwrap();
    log_in(&world, "main-infrastructure");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(json(&path)["SerialNumber"], seed::SERIAL);
}

#[test]
fn superseded_and_ended_files_go() {
    let world = World::seeded();
    log_in(&world, "sops");
    let mut other = json(&session(&world));
    other["Credentials"]["Expiration"] = clock::iso(clock::machine() - 1).into();
    let dir = ".cache/aws-auth";
    let [session_of, role_of] = ["session", "role"].map(|kind| format!("{dir}/{kind}-{}.json", "ab".repeat(20)));
    world.write(&session_of, other.to_string());
    world.write(&role_of, other.to_string());
    let halves = [format!("{dir}/.aws-auth-XyZ123.tmp"), String::from(".aws/cli/cache/.aws-auth-XyZ123.tmp")];
    let old = std::time::SystemTime::now() - std::time::Duration::from_mins(2);
    for half in &halves {
        let path = world.write(half, "half");
        std::fs::File::options().write(true).open(path).unwrap().set_modified(old).unwrap();
    }
    let young = world.write(format!("{dir}/.aws-auth-Young1.tmp"), "somebody writes this now");
    let foreign = world.write(format!("{dir}/role-of-mine.json"), other.to_string());
    log_in(&world, "sops");
    assert!(world.path(&session_of).exists(), "nothing is swept while the session stands");
    world
        .aws_auth()
        .args(["-p", "sops", "--login", "--refresh"])
        .env("AWS_AUTH_MFA_TOKEN", world.fresh_code())
        .run()
        .success();
    session(&world);
    for gone in halves.iter().chain([&session_of, &role_of]) {
        assert!(!world.path(gone).exists(), "{gone}");
    }
    assert!(young.exists() && foreign.exists());
}

#[test]
fn min_ttl_is_a_quarter_of_an_hour_unless_told() {
    let world = World::seeded();
    log_in(&world, "sops");
    let path = role_entries(&world).remove(0);
    world.sts.clear_log();
    leave(&path, 910, 3600);
    quietly(&world, "sops").success();
    leave(&path, 840, 3600);
    world.aws_auth().args(["-p", "sops", "--min-ttl", "13m", "true"]).run().success().assert_stderr("");
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MIN_TTL", "600").run().success().assert_stderr("");
    assert_eq!(world.sts.calls().len(), 0);
    let option_wins = world.aws_auth().args(["-p", "sops", "--min-ttl", "15m", "true"]).env("AWS_AUTH_MIN_TTL", "600");
    option_wins.run().success();
    assert_eq!(world.sts.actions(), ["AssumeRole"]);
    leave(&path, 840, 3600);
    quietly(&world, "sops").success();
    assert_eq!(world.sts.actions(), ["AssumeRole", "AssumeRole"]);
}

#[test]
fn a_role_of_a_quarter_of_an_hour_is_used_for_a_third_of_it() {
    let world = World::seeded();
    log_in(&world, "main-infrastructure");
    let run = || world.aws_auth().args(["-p", "sops", "--duration", "15m", "true"]).run();
    run().success().assert_stderr("");
    world.sts.clear_log();
    let is_short = |path: &std::path::PathBuf| json(path).to_string().contains("sops-credentials-access");
    let path = role_entries(&world).into_iter().find(is_short).unwrap();
    leave(&path, 610, 900);
    run().success().assert_stderr("");
    assert_eq!(world.sts.calls().len(), 0);
    leave(&path, 590, 900);
    run().success().assert_stderr("");
    assert_eq!(world.sts.actions(), ["AssumeRole"]);
}

#[test]
fn a_session_that_is_a_step_needs_a_minute_and_one_that_is_the_result_min_ttl() {
    let world = World::seeded();
    log_in(&world, "sops");
    let path = session(&world);
    let ends_in = |seconds| {
        edit(&path, |session| session["Credentials"]["Expiration"] = clock::iso(clock::machine() + seconds).into());
    };
    age_session(&world, 30000);
    end_roles(&world);
    ends_in(70);
    quietly(&world, "sops").success();
    world.append_config("[default]\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n");
    quietly(&world, "default").assert_status(125).assert_stderr(&no_way("default"));
    end_roles(&world);
    ends_in(50);
    quietly(&world, "sops").assert_status(125).assert_stderr(&no_way("sops"));
    ends_in(1000);
    quietly(&world, "default").success().assert_stderr("");
}

#[test]
fn less_than_was_asked_for_is_said() {
    let world = World::seeded();
    log_in(&world, "main-infrastructure");
    world.sts.set_role_lifetime(Some(3030));
    let warning = "aws-auth: warning: the credentials of profile 'sops' are good for only 50m; --min-ttl is 1h\n";
    for _ in 0..2 {
        let run = world.aws_auth().args(["-p", "sops", "--min-ttl", "1h", "true"]);
        run.run().success().assert_stderr(warning);
    }
    assert_eq!(world.sts.count("AssumeRole"), 2, "the second time from the cache");
    world.aws_auth().args(["-p", "sops", "-q", "--min-ttl", "1h", "true"]).run().success().assert_stderr("");
    world.aws_auth().args(["-p", "sops", "--min-ttl", "50m", "true"]).run().success().assert_stderr("");
    world.sts.set_role_lifetime(Some(330));
    let output = world.aws_auth().args(["-p", "sops", "--refresh", "true"]).run();
    output.success();
    output
        .assert_stderr("aws-auth: warning: the credentials of profile 'sops' are good for only 5m; --min-ttl is 15m\n");
}

#[test]
fn more_than_is_asked_of_sts_is_refused_before_a_code_is_asked_for() {
    let world = World::seeded();
    world.append_config("[profile device]\naws_access_key_id = AKIA\naws_secret_access_key = x\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n");
    let role = "role arn:aws:iam::398263320410:role/sops-credentials-access lasts";
    let more = "ask for a longer role session with --duration, or for less; --keep-fresh lets a long command renew\n";
    let device = "MFA session of arn:aws:iam::398263320410:mfa/jo";
    let longer = "ask for a longer session with mfa_session_duration or AWS_AUTH_MFA_SESSION, or for less\n";
    for (args, words) in [
        (&["-p", "sops", "--min-ttl", "61m"][..], format!("--min-ttl is 1h 1m, but {role} 1h; {more}")),
        (&["-p", "sops", "--duration", "2h", "--min-ttl", "3h"], format!("--min-ttl is 3h, but {role} 2h; {more}")),
        (&["-p", "device", "--min-ttl", "13h"], format!("--min-ttl is 13h, but {device} lasts 12h; {longer}")),
    ] {
        let run = world.aws_auth().args(args).arg("true").in_terminal();
        run.wait().assert_status(125).assert_transcript("").assert_stderr(&format!("aws-auth: {words}"));
    }
    assert_eq!(world.sts.connections(), 0);
    // As much as is asked for is a moment old when it comes, and is not refused.
    let code = world.fresh_code();
    let run = world.aws_auth().args(["-p", "sops", "--min-ttl", "1h", "true"]).env("AWS_AUTH_MFA_TOKEN", code).run();
    run.success().assert_stderr("");
}

#[test]
fn refresh_gets_new_role_credentials_from_the_session_that_stands() {
    let world = World::seeded();
    log_in(&world, "sops");
    let run = || world.aws_auth().args(["-p", "sops", "--refresh", "env", "-0"]).run().env_of_child();
    assert_ne!(run()["AWS_ACCESS_KEY_ID"], run()["AWS_ACCESS_KEY_ID"]);
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole", "AssumeRole"]);
    let before = json(&session(&world));
    let output = world
        .aws_auth()
        .args(["-p", "sops", "--login", "--refresh"])
        .env("AWS_AUTH_MFA_TOKEN", world.fresh_code())
        .run();
    assert_said(&output, &until("sops"));
    assert_ne!(before, json(&session(&world)));
    assert_eq!(world.sts.count("GetSessionToken"), 2);
}

#[test]
fn no_cache_reads_nothing_and_writes_nothing() {
    let world = World::seeded();
    let before = world.snapshot();
    let once =
        |invocation: crate::world::Invocation<'_>| invocation.env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run();
    once(world.aws_auth().args(["-p", "sops", "--no-cache", "true"])).success().assert_stderr("");
    once(world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_NO_CACHE", "1")).success().assert_stderr("");
    assert_eq!(world.snapshot(), before);
    log_in(&world, "sops");
    let before = world.snapshot();
    world.aws_auth().args(["-p", "sops", "--no-cache", "true"]).run().assert_status(125).assert_stderr(&no_way("sops"));
    once(world.aws_auth().args(["-p", "sops", "--no-cache", "true"])).success();
    assert_eq!(world.snapshot(), before);
    assert_eq!(world.sts.count("GetSessionToken"), 4);
}
