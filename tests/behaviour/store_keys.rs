//! `--store-keys`, `--forget-keys` and `--stored-keys`: with an encrypted file, with the credentials file, and with a
//! keyring that is not there. `tests/outside/test_keyring.py` has a real one.

use crate::world::{Output, Running, World, seed};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

pub const PASSPHRASE: &str = "correct horse battery";

/// A world with the README's files, and aws-auth in PATH or not.
fn world() -> World {
    World::seeded()
}

fn id(world: &World) -> &str {
    &world.user.access_key_id
}

/// The value of the line for jo's keys, when aws-auth is not in PATH.
fn line(world: &World) -> String {
    format!("credential_process = {} --stored-keys {}", crate::world::AWS_AUTH, id(world))
}

fn encrypted(world: &World) -> std::path::PathBuf {
    let data = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    world.path(data).join("aws-auth/keys").join(format!("{}.age", id(world)))
}

/// Types the passphrase that opens jo's keys.
fn unlock(world: &World, run: &Running<'_>) {
    run.expect(&format!("Passphrase for the keys {}: ", id(world)));
    run.send_line(PASSPHRASE);
}

/// Types a new passphrase twice, then opens the keys with it, as the line is run once.
fn choose(world: &World, run: &Running<'_>) {
    run.expect(&format!("New passphrase for the keys {}: ", id(world)));
    run.send_line(PASSPHRASE);
    run.expect("The same passphrase again: ");
    run.send_line(PASSPHRASE);
    unlock(world, run);
}

/// Moves jo's keys into an encrypted file.
pub fn store_in_file(world: &World) -> Output {
    let run = world.aws_auth().args(["--store-keys=file"]).in_terminal();
    choose(world, &run);
    run.wait()
}

/// The files below the home that hold the secret key.
fn holders(world: &World) -> Vec<String> {
    let found = world.command("grep").args(["-rlF", "--", &world.user.secret_access_key, "."]).run();
    let mut names: Vec<String> = found.stdout_text().lines().map(String::from).collect();
    names.sort();
    names
}

#[test]
fn keys_move_into_an_encrypted_file_and_every_role_goes_on_working() {
    let world = world();
    let before = world.read(".aws/config");
    assert_eq!(holders(&world), ["./.aws/credentials"]);
    let done = store_in_file(&world);
    done.success().assert_stdout("").assert_terminal_restored();
    assert_eq!(world.sts.actions(), ["GetCallerIdentity"]);
    assert_eq!(holders(&world), [""; 0], "the secret key is in plain text");
    assert_eq!(world.read(".aws/config"), format!("{before}\n[default]\n{}\n", line(&world)));
    assert_eq!(world.read(".aws/credentials"), "# ~/.aws/credentials\n[default]\n");
    let mode = encrypted(&world).metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for text in [
        format!("default: the keys {} are those of arn:aws:iam::398263320410:user/jo", id(&world)),
        format!("default: the keys {} are in an encrypted file now", id(&world)),
        format!("they no longer lie in {}", world.path(".aws/credentials").display()),
        String::from("-aws_secret_access_key=****"),
    ] {
        done.assert_stderr_contains(&text);
    }
    // The session's code is the only one; the second run reads no store.
    let run = world.aws_auth().profile("sops").args(["echo", "ran"]).in_terminal();
    unlock(&world, &run);
    run.expect(&world.prompt("sops"));
    run.send_line(&world.fresh_code());
    run.wait().success().assert_stdout("ran\n");
    world.aws_auth().profile("production-infrastructure").args(["echo", "ran"]).run().success();
    world.aws_auth().profile("sops").args(["echo", "ran"]).run().success();
}

#[test]
fn a_session_goes_on_when_keys_move_there_and_back() {
    let world = world();
    crate::kit::log_in(&world, "sops");
    store_in_file(&world).success();
    // The session was made with the plain keys: no code, and no passphrase either.
    world.aws_auth().profile("main-infrastructure").args(["echo", "ran"]).run().success().assert_stdout("ran\n");
    let run = world.aws_auth().arg("--store-keys=credentials").in_terminal();
    unlock(&world, &run);
    run.wait().success();
    world.aws_auth().profile("production-infrastructure").args(["echo", "ran"]).run().success();
    assert_eq!(world.sts.count("GetSessionToken"), 1);
}

#[test]
fn on_the_way_back_every_other_byte_is_as_it_was() {
    let world = world();
    let config = "# mine\r\n[profile x]\r\nregion = eu-west-1 # here\r\n\r\n; end\r\n";
    let credentials = format!(
        "# first\r\n[other]\r\n  aws_access_key_id : AKIAOTHEROTHEROTHER1\r\n  aws_secret_access_key : x\r\n\r\n\
         [default]\r\n# of jo\r\naws_access_key_id = {}\r\naws_secret_access_key = {}\r\n\r\n[last]\r\nregion = r",
        id(&world),
        world.user.secret_access_key
    );
    world.config(config);
    world.credentials(&credentials);
    std::fs::set_permissions(world.path(".aws/credentials"), std::fs::Permissions::from_mode(0o644)).unwrap();
    store_in_file(&world).success();
    assert_eq!(world.read(".aws/config"), format!("{config}\r\n[default]\r\n{}\r\n", line(&world)));
    let pair =
        format!("aws_access_key_id = {}\r\naws_secret_access_key = {}\r\n", id(&world), world.user.secret_access_key);
    let stored = world.read(".aws/credentials");
    assert_eq!(stored, credentials.replace(&pair, ""));
    let run = world.aws_auth().arg("--store-keys=credentials").in_terminal();
    unlock(&world, &run);
    let done = run.wait();
    done.success().assert_stderr_contains("are in the credentials file again, in plain text");
    assert_eq!(world.read(".aws/config"), config);
    let back = world.read(".aws/credentials");
    assert!(back.contains(&format!("[default]\r\n{pair}")), "{back}");
    assert_eq!(back.replace(&pair, ""), stored);
    assert_eq!(world.path(".aws/credentials").metadata().unwrap().permissions().mode() & 0o777, 0o644);
    assert!(!encrypted(&world).exists());
}

#[test]
fn every_section_with_these_keys_gets_the_line() {
    let world = world();
    let pair = |equals: &str| {
        format!(
            "aws_access_key_id{equals}{}\naws_secret_access_key{equals}{}\n",
            id(&world),
            world.user.secret_access_key
        )
    };
    world.append_config(&format!("[profile jo]\n{}region = eu-west-1\n", pair(" = ")));
    world.credentials(&format!("[default]\n{}[tool]\n{}output = json\n", pair("="), pair("=")));
    store_in_file(&world).success();
    assert_eq!(holders(&world), [""; 0]);
    let config = world.read(".aws/config");
    assert!(config.contains(&format!("[profile jo]\nregion = eu-west-1\n{}\n", line(&world))), "{config}");
    assert!(config.contains(&format!("\n[profile tool]\n{}\n", line(&world))), "{config}");
    assert_eq!(world.read(".aws/credentials"), "[default]\n[tool]\noutput = json\n");
    let run = world.aws_auth().args(["-p", "jo", "--store-keys=credentials"]).in_terminal();
    unlock(&world, &run);
    run.wait().success();
    let credentials = world.read(".aws/credentials");
    for section in ["[default]", "[tool]", "[jo]"] {
        assert!(credentials.contains(section), "{credentials}");
    }
    assert_eq!(credentials.matches(id(&world)).count(), 3, "{credentials}");
    assert!(!world.read(".aws/config").contains("--stored-keys"));
}

#[test]
fn without_a_keyring_keys_in_a_file_stay_and_new_ones_go_into_the_credentials_file() {
    let world = world();
    let before = world.snapshot();
    let no_bus = "there is no session bus to reach a keyring by";
    world.run(["--store-keys"]).assert_status(125).assert_stderr(&format!(
        "aws-auth: {no_bus}; 'aws-auth -p default --store-keys=file' keeps the keys in a file that is encrypted with a \
         passphrase\n"
    ));
    world.run(["--store-keys=keyring"]).assert_status(125).assert_stderr_contains(&format!(
        "{no_bus}; install and start one (gnome-keyring, KWallet or KeePassXC with its Secret Service), or use \
         --store-keys=file\n"
    ));
    let files = |world: &World| (world.read(".aws/config"), world.read(".aws/credentials"));
    assert_eq!(files(&world), {
        assert!(before.contains_key(".aws/config"));
        (seed::config_file(), seed::credentials_file(&world.user))
    });
    world.credentials("");
    let csv = format!("\u{feff}Access key ID,Secret access key\r\n{},{}\r\n", id(&world), world.user.secret_access_key);
    let path = world.write("accessKeys.csv", csv);
    let done = world.run(["--store-keys", "--from", path.to_str().unwrap()]);
    done.success().assert_stderr_contains(&format!(
        "{no_bus}: the keys go into the credentials file in plain text; --store-keys=file encrypts them with a \
         passphrase\n"
    ));
    done.assert_stderr_contains(&format!("warning: {} still holds the secret key; remove that file\n", path.display()));
    assert_eq!(
        world.read(".aws/credentials"),
        format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            id(&world),
            world.user.secret_access_key
        )
    );
    assert_eq!(world.read(".aws/config"), seed::config_file());
}

#[test]
fn keys_come_from_stdin_or_from_the_terminal() {
    let world = world();
    world.credentials("");
    let json = format!(
        "{{\"Version\":1,\"AccessKeyId\":\"{}\",\"SecretAccessKey\":\"{}\"}}",
        id(&world),
        world.user.secret_access_key
    );
    world.aws_auth().args(["-p", "jo", "--store-keys=credentials", "--from", "-"]).stdin(json).run().success();
    assert!(world.read(".aws/credentials").starts_with("[jo]\naws_access_key_id"));
    let run = world.aws_auth().args(["-p", "ann", "--store-keys=credentials"]).in_terminal();
    run.expect("Access key id for ann: ");
    run.send_line(id(&world));
    run.expect(&format!("Secret access key of {}: ", id(&world)));
    run.send_line(&world.user.secret_access_key);
    let done = run.wait();
    done.success().assert_terminal_restored();
    assert!(
        world.read(".aws/credentials").contains("\n[ann]\naws_access_key_id"),
        "{}",
        world.read(".aws/credentials")
    );
    world.run(["-p", "eve", "--store-keys=credentials"]).assert_status(125).assert_stderr(
        "aws-auth: profile 'eve' has no keys, and there is no terminal to ask for them on; give them with --from \
         accessKeys.csv, or with --from - on stdin\n",
    );
}

#[test]
fn a_dry_run_shows_the_changes_and_makes_none() {
    let world = world();
    let before = world.snapshot();
    let done = world.run(["--store-keys=file", "--dry-run"]);
    done.success().assert_stderr("");
    let shown = done.stdout_text();
    assert!(shown.contains(&format!("+{}\n", line(&world))), "{shown}");
    assert!(shown.contains("-aws_secret_access_key=****\n"), "{shown}");
    assert!(!shown.contains(&world.user.secret_access_key));
    assert_eq!(world.snapshot(), before);
    assert!(world.sts.actions().is_empty());
}

#[test]
fn profiles_whose_keys_would_not_count_are_refused() {
    let world = world();
    let place = |line: u32| format!("{}:{line}", world.path(".aws/config").display());
    let refused = |args: &[&str], expected: &str| {
        world.run(args).assert_status(125).assert_stderr(&format!("aws-auth: {expected}\n"));
        assert!(world.sts.actions().is_empty());
    };
    refused(
        &["-p", "sops", "--store-keys=file"],
        &format!(
            "{}: profile 'sops' has a role of its own, and keys in a store would not count; its keys are those of its \
             source: 'aws-auth -p default --store-keys'",
            place(5)
        ),
    );
    world.config(
        "[profile own]\nrole_arn = arn:aws:iam::111111111111:role/x\nsource_profile = own\n\
                  aws_access_key_id = AKIAOTHEROTHEROTHER1\naws_secret_access_key = x\n\
                  [profile sso]\nsso_session = corp\n[profile web]\nweb_identity_token_file = /t\n\
                  [profile jo]\nlogin_session = x\n[profile temporary]\naws_access_key_id = ASIAOTHEROTHEROTHER1\n\
                  aws_secret_access_key = x\naws_session_token = t\n",
    );
    refused(
        &["-p", "own", "--store-keys=file"],
        &format!(
            "{}: profile 'own' has a role of its own, and keys in a store would not count; put the keys into a profile \
             of their own, and name it as source_profile here",
            place(2)
        ),
    );
    for (name, key, line) in
        [("sso", "sso_session", 7), ("web", "web_identity_token_file", 9), ("jo", "login_session", 11)]
    {
        refused(
            &["-p", name, "--store-keys=file"],
            &format!(
                "{}: profile '{name}' has {key}, which counts more than keys in a store; name another profile for the \
                 keys with -p, or take that setting out first",
                place(line)
            ),
        );
    }
    refused(
        &["-p", "temporary", "--store-keys=file"],
        &format!(
            "{}: profile 'temporary' holds temporary keys; only long-term keys can be stored; from aws-vault, take them \
             with 'aws-vault export --no-session --format=json'",
            place(13)
        ),
    );
    let csv = world.write("k.csv", "Access key ID,Secret access key\nAKIAOTHEROTHEROTHER2,abc\n");
    refused(
        &["--store-keys=file", "--from", csv.to_str().unwrap()],
        &format!(
            "profile 'default' has other keys already: {} in {}; take them out first, or name another profile with -p",
            id(&world),
            world.path(".aws/credentials").display()
        ),
    );
    world.credentials(&format!(
        "[DEFAULT]\naws_access_key_id = {}\naws_secret_access_key = {}\n[default]\n",
        id(&world),
        world.user.secret_access_key
    ));
    refused(
        &["--store-keys=file"],
        &format!(
            "the keys {} are in the section [DEFAULT] of the credentials file, and count in every profile of it; move \
             them into the section of one profile first",
            id(&world)
        ),
    );
}

#[test]
fn keys_that_aws_does_not_know_are_not_stored() {
    let world = world();
    let secret = "x".repeat(40);
    world.credentials(&format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {secret}\n", id(&world)));
    let before = world.snapshot();
    world.run(["--store-keys=file"]).assert_status(125).assert_stderr_contains("SignatureDoesNotMatch");
    assert_eq!(world.snapshot(), before);
}

#[test]
fn a_file_that_must_not_be_changed_stops_it_before_anything_is_done() {
    let world = world();
    std::fs::set_permissions(world.path(".aws/credentials"), std::fs::Permissions::from_mode(0o400)).unwrap();
    let before = (world.read(".aws/config"), world.read(".aws/credentials"));
    let refused = world.run(["--store-keys=file"]);
    let about = format!("aws-auth: {}", world.path(".aws/credentials").display());
    assert!(refused.stderr.starts_with(&about), "{}", refused.report());
    refused.assert_status(125);
    assert_eq!((world.read(".aws/config"), world.read(".aws/credentials")), before);
    assert!(!encrypted(&world).exists() && world.sts.actions().is_empty());
}

#[test]
fn a_line_that_does_not_work_is_taken_back() {
    let world = world();
    let before = (world.read(".aws/config"), world.read(".aws/credentials"));
    let run = world.aws_auth().arg("--store-keys=file").in_terminal();
    run.expect("New passphrase for the keys ");
    run.send_line("short");
    run.expect("a passphrase has at least 8 characters");
    run.expect("New passphrase for the keys ");
    run.send_line(PASSPHRASE);
    run.expect("The same passphrase again: ");
    run.send_line(PASSPHRASE);
    for _ in 0..3 {
        run.expect("Passphrase for the keys ");
        run.send_line("another passphrase");
    }
    let done = run.wait();
    done.assert_status(125).assert_stderr_contains("no right passphrase was given").assert_terminal_restored();
    assert_eq!((world.read(".aws/config"), world.read(".aws/credentials")), before);
    assert!(!encrypted(&world).exists());
}

#[test]
fn secrets_that_stay_behind_are_named() {
    let world = world();
    world.append_config(&format!("[profile z]\n# old: {}\n", world.user.secret_access_key));
    let lines = world.read(".aws/config").lines().count();
    let done = store_in_file(&world);
    done.success().assert_stderr_contains(&format!(
        "warning: {}:{lines} still holds the secret key; take it out by hand\n",
        world.path(".aws/config").display()
    ));
}

#[test]
fn forgetting_asks_first() {
    let world = world();
    store_in_file(&world).success();
    let before = world.read(".aws/config");
    world
        .run(["--forget-keys"])
        .assert_status(125)
        .assert_stderr_contains("there is no terminal to ask on; add --yes if the keys are to be forgotten\n");
    let question = format!("default: forget the keys {}, which are in an encrypted file alone? [y/N] ", id(&world));
    let run = world.aws_auth().arg("--forget-keys").in_terminal();
    run.expect(&question);
    run.send_line("");
    run.wait().assert_status(125).assert_stderr_contains("aws-auth: nothing was changed\n");
    assert_eq!(world.read(".aws/config"), before);
    assert!(encrypted(&world).exists());
    let run = world.aws_auth().arg("--forget-keys").in_terminal();
    run.expect(&question);
    run.send_line("y");
    run.wait().success();
    assert!(!encrypted(&world).exists());
    assert_eq!(world.read(".aws/config"), seed::config_file());
    world
        .run(["--forget-keys"])
        .assert_status(125)
        .assert_stderr_contains("profile 'default' has no keys in a store; ");
}

#[test]
fn forgetting_goes_on_where_it_was_ended() {
    let world = world();
    store_in_file(&world).success();
    std::fs::remove_file(encrypted(&world)).unwrap();
    // Without the file, the keys are looked for in the keyring.
    world.run(["--forget-keys", "-y"]).assert_status(125).assert_stderr_contains("there is no session bus");
    let mut lines = world.read(".aws/config");
    lines = lines.replace(id(&world), "AKIAOTHEROTHEROTHER1");
    world.config(&lines);
    let path = encrypted(&world).with_file_name("AKIAOTHEROTHEROTHER1.age");
    std::fs::write(&path, "").unwrap();
    world.aws_auth().arg("--forget-keys").env("AWS_AUTH_YES", "1").run().success();
    assert!(!path.exists());
    assert_eq!(world.read(".aws/config"), seed::config_file());
}

#[test]
fn explanations_name_the_store() {
    let world = world();
    let of_keyring = |world: &World| {
        let text = world.run(["-p", "sops", "--explain"]).stdout_text();
        assert!(
            text.contains(&format!("1. long-term keys {} in the keyring (profile default)\n", id(world))),
            "{text}"
        );
        let json = world.run(["-p", "sops", "--explain", "--json"]).stdout_text();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["steps"][0]["store"], "keyring");
        assert_eq!(json["steps"][0]["kind"], "stored-keys");
        assert!(world.run(["--list"]).stdout_text().contains("sops-credentials-access\tkeyring\tjo"));
    };
    world.credentials("");
    world.append_config(&format!("[default]\ncredential_process = aws-auth --stored-keys {}\n", id(&world)));
    of_keyring(&world);
    world.write(encrypted(&world).strip_prefix(world.home()).unwrap(), "");
    let text = world.run(["-p", "sops", "--explain"]).stdout_text();
    assert!(
        text.contains(&format!("1. long-term keys {} in an encrypted file (profile default)\n", id(&world))),
        "{text}"
    );
    assert!(world.run(["--list", "--json"]).stdout_text().contains("\"source\": \"file\""));
}

#[test]
fn the_line_prints_keys_and_nothing_else() {
    let world = world();
    store_in_file(&world).success();
    let run = world.aws_auth().args(["--stored-keys", id(&world)]).in_terminal();
    unlock(&world, &run);
    let done = run.wait();
    done.success().assert_stderr("").assert_stdout(&format!(
        "{{\"Version\": 1, \"AccessKeyId\": \"{}\", \"SecretAccessKey\": \"{}\"}}\n",
        id(&world),
        world.user.secret_access_key
    ));
    assert!(!world.run(["--help"]).stdout_text().contains("--stored-keys"));
    world.run(["--stored-keys", id(&world)]).assert_status(125).assert_stderr_contains(
        "need a passphrase, and there is no terminal to ask on; run 'aws-auth --login' with the profile in a terminal",
    );
    world.run(["--stored-keys", "../../x"]).assert_status(125).assert_stderr_contains("is not an access key id");
    world.run(["--stored-keys", "AKIAOTHEROTHEROTHER1"]).assert_status(125).assert_stderr_contains("no session bus");
    std::fs::write(encrypted(&world), "age-encryption.org/v1\n").unwrap();
    let run = world.aws_auth().args(["--stored-keys", id(&world)]).in_terminal();
    unlock(&world, &run);
    run.wait().assert_status(125).assert_stderr_contains("cannot be used; store them again");
}

#[test]
fn a_keyring_that_hangs_ends_in_time_and_a_cached_run_never_asks_it() {
    let mut world = world();
    let socket = world.path("bus");
    let bus = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    bus.set_nonblocking(true).unwrap();
    world.set_env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", Path::new(&socket).display()));
    crate::kit::log_in(&world, "sops");
    world.credentials("");
    world.append_config(&format!("[default]\ncredential_process = aws-auth --stored-keys {}\n", id(&world)));
    for profile in ["sops", "main-infrastructure"] {
        world.aws_auth().profile(profile).args(["echo", "ran"]).run().success().assert_stdout("ran\n");
    }
    assert!(bus.accept().is_err(), "a run that needs no key has connected to the bus");
    let slow = world.aws_auth().args(["-p", "default", "env"]).env("AWS_AUTH_PROCESS_TIMEOUT", "1s").run();
    slow.assert_status(125).assert_stderr_contains(": profile 'default': the keyring did not answer within 1s; look");
    assert!(bus.accept().is_ok());
}

#[test]
fn keys_in_a_store_are_a_users_for_the_console() {
    let world = world();
    world.credentials("");
    world.append_config(&format!("[default]\ncredential_process = aws-auth --stored-keys {}\n", id(&world)));
    world.run(["--console"]).assert_status(125).assert_stderr_contains("profile 'default' gives a user's keys, and");
}
