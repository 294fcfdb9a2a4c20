//! The AWS CLI's role cache: its keys, its content, and the entries that are not used.

use crate::world::sts::{Role, clock};
use crate::world::{Output, World, output, spawn};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

const ARN: &str = "arn:aws:iam::123456789012:role/A";
const KEY: &str = "2807bfcd7c5bd8aa285ad333d88b7686b1fa34f9";

fn world() -> World {
    let world = World::seeded();
    world.sts.add_role(Role::new(ARN).max_session(43200));
    world.append_config(&format!("[profile p]\nsource_profile = default\nrole_arn = {ARN}\n"));
    world
}

/// Runs a command, which must succeed silently, and returns the access key id that it got.
#[track_caller]
fn run(world: &World) -> String {
    let output = world.aws_auth().profile("p").args(["sh", "-c", "echo $AWS_ACCESS_KEY_ID"]).run();
    output.success().assert_stderr("");
    output.stdout_text().trim_end().to_owned()
}

fn entry(world: &World) -> PathBuf {
    world.cli_cache_dir().join(format!("{KEY}.json"))
}

/// An entry as the AWS CLI writes it, with this expiration.
fn written(expiration: &str) -> Value {
    json!({
        "Credentials": {
            "AccessKeyId": "ASIACACHED",
            "SecretAccessKey": "cached secret",
            "SessionToken": "cached token",
            "Expiration": expiration,
        },
        "AssumedRoleUser": {
            "AssumedRoleId": "AROA:jo",
            "Arn": "arn:aws:sts::123456789012:assumed-role/A/botocore-session-1700000000",
        },
        "ResponseMetadata": {"RequestId": "x", "HTTPStatusCode": 200, "RetryAttempts": 0},
    })
}

/// The time `seconds` from now, as `2026-11-22T10:00:00`.
fn from_now(seconds: i64) -> String {
    clock::iso(clock::machine() + seconds).trim_end_matches('Z').to_owned()
}

#[test]
fn the_examples_of_the_key() {
    let world = world();
    run(&world);
    assert!(entry(&world).exists());
    let world = World::new();
    let user = crate::world::User::new("123456789012", "jo").with_mfa("jo");
    world.sts.add_user(user.clone());
    world.sts.add_role(Role::new(ARN));
    world.credentials(&crate::world::seed::credentials_file(&user));
    world.config(&format!(
        "[profile p]\nsource_profile = default\nrole_arn = {ARN}\nmfa_serial = {}\n",
        user.mfa[0].serial
    ));
    let code = world.sts.fresh_code(&user.mfa[0].serial);
    world.aws_auth().profile("p").env("AWS_AUTH_MFA_TOKEN", code).arg("true").run().success();
    let names: Vec<String> = world.cli_cache().into_keys().collect();
    assert_eq!(names, ["4abdc8616c27ff9f371d7368d9b8756a9be13cf0.json"]);
}

/// The key as computed with Python's json and hashlib; `None` without python3.
fn python_key(parameters: &Value) -> Option<String> {
    let code = "import json,hashlib,sys\nprint(hashlib.sha1(json.dumps(json.load(sys.stdin),sort_keys=True).encode('utf-8')).hexdigest())";
    let mut python = std::process::Command::new("python3");
    python.args(["-c", code]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = spawn(&mut python).ok()?;
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), parameters.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
}

#[test]
fn keys_are_those_of_python() {
    if python_key(&json!({})).is_none() {
        assert!(std::env::var_os("CI").is_none(), "python3 is missing");
        eprintln!("skipped: keys_are_those_of_python (no python3)");
        return;
    }
    let texts = [
        "x",
        "with space",
        "quote\"d",
        "back\\slash",
        "a/b",
        "del\u{7f}",
        "é",
        "\u{ffff}x",
        "😀",
        "𝒳\u{10ffff}",
        "tab\tin",
        "'single'",
        "<&>",
        "\u{80}\u{9f}",
        "日本語",
    ];
    let mut cases: Vec<(Value, String)> = texts
        .iter()
        .map(|text| (json!({"RoleArn": ARN, "ExternalId": text}), format!("external_id = {text}")))
        .collect();
    cases.extend(
        texts
            .iter()
            .map(|text| (json!({"RoleArn": ARN, "RoleSessionName": text}), format!("role_session_name = {text}"))),
    );
    cases.push((json!({"RoleArn": ARN, "DurationSeconds": 900}), "duration_seconds = 0900".to_owned()));
    cases.push((
        json!({"RoleArn": ARN, "DurationSeconds": 7200, "ExternalId": "é😀\\\"", "RoleSessionName": "n"}),
        "role_session_name = n\nduration_seconds = 7200\nexternal_id = é😀\\\"".to_owned(),
    ));
    let world = world();
    for (parameters, lines) in cases {
        let key = python_key(&parameters).unwrap();
        world.config(&format!("[profile p]\nsource_profile = default\nrole_arn = {ARN}\n{lines}\n"));
        let path = world.cli_cache_dir().join(format!("{key}.json"));
        world.write(&path, written(&(from_now(3000) + "Z")).to_string());
        assert_eq!(run(&world), "ASIACACHED", "{parameters}");
    }
    assert!(world.sts.calls().is_empty());
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

#[test]
fn the_duration_option_is_a_parameter_and_the_default_session_name_is_not() {
    let world = world();
    world.aws_auth().profile("p").env("USER", "jo").args(["--duration", "15m", "true"]).run().success();
    let json = format!("{{\"DurationSeconds\": 900, \"RoleArn\": \"{ARN}\"}}");
    let key = hex(&Sha1::digest(json));
    assert_eq!(world.cli_cache().into_keys().collect::<Vec<_>>(), [format!("{key}.json")]);
}

#[test]
fn the_content_is_the_clis() {
    let world = world();
    let id = run(&world);
    let issued = &world.sts.issued()[&id];
    let expected = json!({
        "Credentials": {
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "SessionToken": issued.session_token,
            "Expiration": clock::iso(issued.expires),
            "AccountId": "123456789012",
        },
        "AssumedRoleUser": {
            "AssumedRoleId": world.cli_cache()[&format!("{KEY}.json")]["AssumedRoleUser"]["AssumedRoleId"],
            "Arn": format!("arn:aws:sts::123456789012:assumed-role/A/{}", crate::kit::user_name()),
        },
    });
    assert_eq!(world.cli_cache()[&format!("{KEY}.json")], expected);
    assert!(clock::iso(issued.expires).ends_with('Z'));
    // The next run uses all of it.
    let env = world.aws_auth().profile("p").args(["env", "-0"]).run().env_of_child();
    assert_eq!(env["AWS_ACCESS_KEY_ID"], issued.access_key_id);
    assert_eq!(env["AWS_SECRET_ACCESS_KEY"], issued.secret_access_key);
    assert_eq!(env["AWS_SESSION_TOKEN"], issued.session_token);
    assert_eq!(env["AWS_CREDENTIAL_EXPIRATION"], clock::iso(issued.expires));
    assert_eq!(world.sts.calls().len(), 1);
}

#[test]
fn entries_of_each_cli_are_read() {
    let world = world();
    for suffix in ["UTC", " UTC", "Z", "+00:00", ".123456+00:00", ".5Z", "+0000"] {
        world.write(entry(&world), written(&(from_now(3000) + suffix)).to_string());
        let env = world.aws_auth().profile("p").args(["env", "-0"]).run().env_of_child();
        assert_eq!(env["AWS_ACCESS_KEY_ID"], "ASIACACHED", "{suffix}");
        assert_eq!(env["AWS_ACCOUNT_ID"], "123456789012", "the role's account is used if the entry has none");
    }
    // An offset of one hour from UTC: 45 minutes are left, not 1h 45m.
    let end = clock::machine() + 2700;
    let text = clock::iso(end + 3600).replace('Z', "+01:00");
    world.write(entry(&world), written(&text).to_string());
    let env = world.aws_auth().profile("p").args(["env", "-0"]).run().env_of_child();
    assert_eq!(env["AWS_CREDENTIAL_EXPIRATION"], clock::iso(end));
    let mut with_account = written(&(from_now(3000) + "Z"));
    with_account["Credentials"]["AccountId"] = json!("999999999999");
    world.write(entry(&world), with_account.to_string());
    let env = world.aws_auth().profile("p").args(["env", "-0"]).run().env_of_child();
    assert_eq!(env["AWS_ACCOUNT_ID"], "999999999999");
    assert!(world.sts.calls().is_empty());
}

#[test]
fn what_cannot_be_used_is_a_miss_and_is_replaced() {
    let good = || written(&(from_now(3000) + "Z"));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut value = good();
        change(&mut value);
        value.to_string()
    };
    let text = good().to_string();
    let mut deep = "[".repeat(100_000);
    deep.push_str(&"]".repeat(100_000));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", vec![]),
        ("torn", text.as_bytes()[..text.len() / 2].to_vec()),
        ("zeroes", vec![0; text.len()]),
        ("no UTF-8", [text.as_bytes(), &[0xff]].concat()),
        ("text after it", [text.as_bytes(), b"}"].concat()),
        ("deep", deep.into_bytes()),
        ("oversized", [text.as_bytes(), &vec![b' '; 300 * 1024]].concat()),
        ("an array", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("a number for the end", with(&|v| v["Credentials"]["Expiration"] = json!(1_900_000_000)).into()),
        ("a number for the key", with(&|v| v["Credentials"]["AccessKeyId"] = json!(5)).into()),
        ("an array for the token", with(&|v| v["Credentials"]["SessionToken"] = json!(["x"])).into()),
        ("no token", with(&|v| drop(v["Credentials"].as_object_mut().unwrap().remove("SessionToken"))).into()),
        ("an empty secret", with(&|v| v["Credentials"]["SecretAccessKey"] = json!("")).into()),
        ("a NUL in the secret", with(&|v| v["Credentials"]["SecretAccessKey"] = json!("a\0b")).into()),
        ("a NUL in the key", with(&|v| v["Credentials"]["AccessKeyId"] = json!("ASIA\0")).into()),
        ("a line end in the token", with(&|v| v["Credentials"]["SessionToken"] = json!("a\nb")).into()),
        ("an escape in the account", with(&|v| v["Credentials"]["AccountId"] = json!("\u{1b}[2J")).into()),
        ("no end", with(&|v| v["Credentials"]["Expiration"] = json!("soon")).into()),
        ("a time of no place", with(&|v| v["Credentials"]["Expiration"] = json!(from_now(3000))).into()),
        ("ended", with(&|v| v["Credentials"]["Expiration"] = json!(from_now(-10) + "Z")).into()),
        ("nearly ended", with(&|v| v["Credentials"]["Expiration"] = json!(from_now(600) + "Z")).into()),
        ("no user", with(&|v| drop(v.as_object_mut().unwrap().remove("AssumedRoleUser"))).into()),
        (
            "another role",
            with(&|v| v["AssumedRoleUser"]["Arn"] = json!("arn:aws:sts::123456789012:assumed-role/B/jo")).into(),
        ),
        (
            "a longer role",
            with(&|v| v["AssumedRoleUser"]["Arn"] = json!("arn:aws:sts::123456789012:assumed-role/AB/jo")).into(),
        ),
        (
            "another account",
            with(&|v| v["AssumedRoleUser"]["Arn"] = json!("arn:aws:sts::123456789013:assumed-role/A/jo")).into(),
        ),
        (
            "another partition",
            with(&|v| v["AssumedRoleUser"]["Arn"] = json!("arn:aws-cn:sts::123456789012:assumed-role/A/jo")).into(),
        ),
        ("a role's own ARN", with(&|v| v["AssumedRoleUser"]["Arn"] = json!(ARN)).into()),
        ("a number for the ARN", with(&|v| v["AssumedRoleUser"]["Arn"] = json!(1)).into()),
    ];
    let world = world();
    for (what, bytes) in cases {
        world.sts.clear_log();
        world.write(entry(&world), bytes);
        assert_ne!(run(&world), "ASIACACHED", "{what}");
        assert_eq!(world.sts.count("AssumeRole"), 1, "{what}");
        let kept = world.cli_cache();
        assert_eq!(kept.len(), 1, "{what}");
        let first = kept[&format!("{KEY}.json")]["Credentials"]["AccessKeyId"].as_str().unwrap().to_owned();
        assert_eq!(run(&world), first, "{what}: replaced");
    }
}

fn set_modified(path: &Path, seconds: i64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(seconds).unwrap());
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

/// A copied cache has new modification times, and one from an archive has old ones. Only the requested lifetime counts.
#[test]
fn the_time_of_an_entrys_file_changes_nothing_about_its_freshness() {
    let world = world();
    // (seconds that the role is asked for, seconds left, what is wanted, whether it is fresh)
    for (duration, left, min_ttl, fresh) in [
        ("1h", 890, "15m", false),
        ("1h", 950, "15m", true),
        ("1h", 2300, "1h", false),
        ("1h", 2500, "1h", true),
        ("15m", 590, "15m", false),
        ("15m", 650, "15m", true),
    ] {
        for age in [0, 300, 3000, 1_000_000] {
            let case = format!("{duration}, {left} s left, {min_ttl} wanted, {age} s old");
            let run = || world.aws_auth().profile("p").env("AWS_AUTH_DURATION", duration).args(["--min-ttl", min_ttl]);
            let _ = fs::remove_dir_all(world.cli_cache_dir());
            run().arg("true").run().success();
            let [path] = crate::kit::role_entries(&world).try_into().unwrap();
            fs::write(&path, written(&(from_now(left) + "Z")).to_string()).unwrap();
            set_modified(&path, clock::machine() - age);
            let got = run().args(["printenv", "AWS_ACCESS_KEY_ID"]).run().success().stdout_text();
            assert_eq!(got == "ASIACACHED\n", fresh, "{case}");
        }
    }
}

#[test]
fn an_entry_for_ever_is_passed_on_with_the_last_time_that_can_be_written() {
    let world = world();
    for end in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59UTC"] {
        world.write(entry(&world), written(end).to_string());
        let env = world.aws_auth().profile("p").args(["env", "-0"]).run().env_of_child();
        assert_eq!(env["AWS_ACCESS_KEY_ID"], "ASIACACHED");
        assert_eq!(env["AWS_CREDENTIAL_EXPIRATION"], "9999-12-30T22:00:00Z", "{end}");
    }
}

#[test]
fn what_is_no_file_is_a_miss() {
    let world = world();
    let path = entry(&world);
    fs::create_dir_all(world.cli_cache_dir()).unwrap();
    let makes: [(&str, &dyn Fn()); 4] = [
        ("fifo", &|| drop(world.fifo(&path))),
        ("symlink loop", &|| std::os::unix::fs::symlink(&path, &path).unwrap()),
        ("dangling symlink", &|| std::os::unix::fs::symlink("/nonexistent/x", &path).unwrap()),
        ("device", &|| std::os::unix::fs::symlink("/dev/zero", &path).unwrap()),
    ];
    for (what, make) in makes {
        let _ = fs::remove_file(&path);
        make();
        let first = run(&world);
        assert_eq!(run(&world), first, "{what}: replaced");
        assert!(fs::symlink_metadata(&path).unwrap().is_file(), "{what}");
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let output = world.aws_auth().profile("p").arg("true").run();
    output.success().assert_stderr(&format!(
        "aws-auth: warning: cannot keep credentials in {} (Is a directory): the next run will ask again\n",
        path.display()
    ));
    assert!(leftovers(&world).is_empty());
}

/// The temporary files that were left behind.
fn leftovers(world: &World) -> Vec<String> {
    let mut all: Vec<String> =
        world.snapshot().into_keys().filter(|name| name.contains(".aws-auth-") || name.ends_with("tmp")).collect();
    all.sort();
    all
}

#[test]
fn an_entry_of_another_user_is_a_miss_needs_root() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: an_entry_of_another_user_is_a_miss_needs_root");
        return;
    }
    let world = world();
    let path = world.write(entry(&world), written(&(from_now(3000) + "Z")).to_string());
    std::os::unix::fs::chown(&path, Some(12345), None).unwrap();
    assert_ne!(run(&world), "ASIACACHED");
    let about = fs::metadata(&path).unwrap();
    assert_eq!((about.uid(), about.mode() & 0o777), (0, 0o600));
}

#[test]
fn modes_are_private_under_every_umask() {
    for mask in [0o000, 0o077, 0o777] {
        let world = World::seeded();
        world.sts.add_role(Role::new(ARN));
        let run = world.aws_auth().profile("sops").umask(mask).env("AWS_AUTH_MFA_TOKEN", world.fresh_code());
        run.arg("true").run().success().assert_stderr("");
        let mut seen = 0;
        for (name, what) in world.snapshot() {
            let ours = name.starts_with(".aws/cli") || name.starts_with(".cache");
            if ours {
                let mode = if what.contains(" dir") { "0700" } else { "0600" };
                assert!(what.starts_with(mode), "umask {mask:o}: {name} {what}");
                seen += 1;
            }
        }
        assert_eq!(seen, 9, "{:#?}", world.snapshot());
        assert!(leftovers(&world).is_empty());
    }
}

#[test]
fn a_looser_mode_is_made_private_when_an_entry_is_replaced() {
    let world = world();
    let path = world.write(entry(&world), "{}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
    run(&world);
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn a_directory_that_was_there_keeps_its_mode() {
    let world = world();
    fs::create_dir_all(world.cli_cache_dir()).unwrap();
    fs::set_permissions(world.cli_cache_dir(), fs::Permissions::from_mode(0o755)).unwrap();
    run(&world);
    assert_eq!(fs::metadata(world.cli_cache_dir()).unwrap().mode() & 0o777, 0o755);
}

#[test]
fn the_old_entry_stays_whole_when_writing_fails() {
    if output(std::process::Command::new("strace").arg("-V")).is_err() {
        assert!(std::env::var_os("CI").is_none(), "strace is missing");
        eprintln!("skipped: the_old_entry_stays_whole_when_writing_fails (no strace)");
        return;
    }
    let old = written(&(from_now(-10) + "Z")).to_string();
    for (call, error, words) in [
        ("fsync", "ENOSPC", "No space left on device"),
        ("fsync", "EIO", "Input/output error"),
        ("rename,renameat,renameat2", "ENOSPC", "No space left on device"),
        ("fchmod", "EPERM", "Operation not permitted"),
    ] {
        let world = world();
        let path = world.write(entry(&world), &old);
        let output: Output = world
            .aws_auth()
            .profile("p")
            .through(["strace", "-f", "-o", "/dev/null", "-e", &format!("inject={call}:error={error}")])
            .args(["echo", "ran"])
            .run();
        output.success().assert_stdout("ran\n");
        // musl has other words for EIO.
        let stderr = output.stderr.replace("(I/O error)", "(Input/output error)");
        let path_words = path.display();
        let expected = format!(
            "aws-auth: warning: cannot keep credentials in {path_words} ({words}): the next run will ask again\n"
        );
        assert_eq!(stderr, expected);
        assert_eq!(fs::read_to_string(&path).unwrap(), old, "{call}");
        assert!(leftovers(&world).is_empty(), "{call}: {:?}", leftovers(&world));
    }
}
