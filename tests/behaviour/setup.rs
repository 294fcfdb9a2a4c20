//! `--setup`: from no files, or from some, to profiles that work.

use crate::store_keys::{PASSPHRASE, store_in_file};
use crate::world::{Fault, Output, Role, Running, User, World, seed};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

const WRITE: &str = "aws-auth: write this? [y/N] ";
const SECOND: &str = "arn:aws:iam::398263320410:mfa/phone";

/// A world with an empty home but for the team's file. IAM and STS know jo, her device and the roles.
fn empty() -> World {
    let mut world = World::new();
    let endpoint = world.sts.endpoint();
    world.set_env("AWS_ENDPOINT_URL_IAM", endpoint);
    world.set_env("TERM", "xterm-256color");
    world.write("team.ini", template());
    world
}

/// The team's file: the README's, with a placeholder.
fn template() -> String {
    seed::config_file().replace("mfa/jo", "mfa/<IAM username>")
}

/// The config file that is made of it.
fn made() -> String {
    let sections = seed::ROLES.map(|(name, role)| {
        format!("[profile {name}]\nsource_profile = default\nmfa_serial = {}\nrole_arn = {role}\n", seed::SERIAL)
    });
    sections.join("\n")
}

fn keys_file(world: &World) -> String {
    format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        world.user.access_key_id, world.user.secret_access_key
    )
}

fn start<'w>(world: &'w World, args: &[&str]) -> Running<'w> {
    world.aws_auth().arg("--setup").args(args).in_terminal()
}

fn from_team(world: &World) -> Running<'_> {
    start(world, &["--from", "team.ini"])
}

fn say(run: &Running<'_>, question: &str, answer: &str) {
    run.expect(question);
    run.send_line(answer);
}

fn type_keys(world: &World, run: &Running<'_>) {
    say(run, "Access key id for default: ", &world.user.access_key_id);
    say(run, &format!("Secret access key of {}: ", world.user.access_key_id), &world.user.secret_access_key);
}

/// The files of `~/.aws` with their texts, but for the caches.
fn files(world: &World) -> BTreeMap<String, String> {
    ["config", "credentials"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), std::fs::read_to_string(world.path(".aws").join(name)).ok()?)))
        .collect()
}

/// The profiles of the table, and what it says of each.
fn results(output: &Output) -> Vec<(String, String)> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        (cells[0].to_owned(), cells[4].to_owned())
    };
    output.stdout_text().lines().map(row).collect()
}

#[track_caller]
fn assert_four_work(output: &Output) {
    output.success().assert_terminal_restored();
    let expected: Vec<(String, String)> =
        seed::ROLES.map(|(name, _)| (name.to_owned(), "ok".to_owned())).into_iter().collect();
    assert_eq!(results(output), expected, "{}", output.report());
}

#[test]
fn from_an_empty_home_one_command_and_one_code_make_four_working_profiles() {
    let world = empty();
    let run = from_team(&world);
    type_keys(&world, &run);
    say(&run, WRITE, "y");
    run.expect(WRITE);
    // The config file is not written before the answer.
    assert_eq!(files(&world).into_keys().collect::<Vec<_>>(), ["credentials"]);
    run.send_line("y");
    say(&run, &world.prompt("sops"), &world.fresh_code());
    let output = run.wait();
    assert_four_work(&output);
    assert_eq!((world.read(".aws/config"), world.read(".aws/credentials")), (made(), keys_file(&world)));
    assert_eq!(output.transcript().matches("MFA code").count(), 1, "{}", output.report());
    assert!(!output.stderr.contains("nothing was written"), "{}", output.report());
    assert_eq!((world.sts.count("GetSessionToken"), world.sts.count("AssumeRole")), (1, 4));
    for text in [
        "aws-auth: keys: 'default' has none; type an access key, or Enter to leave it out\n",
        "the keys go into the credentials file in plain text; to encrypt them with a passphrase, stop here with Ctrl-C, \
         run 'aws-auth -p default --store-keys=file' and then --setup again\n",
        "aws-auth: user: jo in account 398263320410\n",
        "aws-auth: MFA device: arn:aws:iam::398263320410:mfa/jo\n",
        "aws-auth: profiles: of team.ini, 0 are there and 4 are new\n",
        "+aws_secret_access_key = ****\n",
        "+[profile main-infrastructure]\n",
    ] {
        output.assert_stderr_contains(text);
    }

    // The second run asks and writes nothing, with the team's file and without.
    let before = files(&world);
    for args in [&["--from", "team.ini"][..], &[]] {
        let again = start(&world, args).wait();
        assert_four_work(&again);
        again.assert_transcript("").assert_stderr_contains("aws-auth: nothing is missing, so nothing was written\n");
        assert_eq!(files(&world), before);
    }
    // Nothing is missing, so no terminal is needed.
    let quiet = world.run(["--setup", "--from", "team.ini"]);
    assert_eq!(quiet.success().stdout_text().matches("\tok\n").count(), 4);
    assert_eq!(world.sts.count("GetSessionToken"), 1);
}

#[test]
fn a_user_without_a_device_makes_one_on_the_way() {
    let world = empty();
    world.sts.add_user(User { mfa: Vec::new(), ..world.user.clone() });
    world.credentials(&keys_file(&world));
    let run = world.aws_auth().args(["--setup", "--from", "team.ini"]).secrets_may_show().in_terminal();
    say(&run, "aws-auth: make a virtual one now, in an authenticator app? [y/N] ", "y");
    run.expect("MFA code of the new device: ");
    run.send_line(&world.sts.code_of_step(seed::SERIAL, world.sts.step() - 1));
    run.expect("the next MFA code, once the app shows another: ");
    run.send_line(&world.sts.code_of_step(seed::SERIAL, world.sts.step()));
    say(&run, WRITE, "y");
    say(&run, &world.prompt("sops"), &world.fresh_code());
    let output = run.wait();
    assert_four_work(&output);
    output.assert_stderr_contains("aws-auth: MFA device: user jo has none\n");
    assert_eq!(world.read(".aws/config"), made());
    // The device's own two, and the one of the check.
    assert_eq!(output.transcript().matches("MFA code").count(), 3, "{}", output.report());
    assert_eq!((world.sts.devices_of(&world.user), world.sts.free_devices()), (vec![seed::SERIAL.to_owned()], vec![]));
}

#[test]
fn a_device_that_is_not_wanted_leaves_the_placeholder_for_the_next_run() {
    let world = empty();
    world.sts.add_user(User { mfa: Vec::new(), ..world.user.clone() });
    world.credentials(&keys_file(&world));
    let run = from_team(&world);
    say(&run, "in an authenticator app? [y/N] ", "");
    say(&run, WRITE, "y");
    let output = run.wait();
    output.assert_status(1);
    output
        .assert_stderr_contains("aws-auth: not done: an MFA device of user jo; run --setup again to be asked again\n");
    assert_eq!(world.read(".aws/config"), made().replace("mfa/jo", "mfa/<IAM username>"));
    assert!(results(&output).iter().all(|(_, result)| result.contains("<IAM username>")), "{}", output.report());
    // Now there is one, and only the placeholders change.
    world.sts.add_user(world.user.clone());
    let run = start(&world, &[]);
    say(&run, WRITE, "y");
    say(&run, &world.prompt("sops"), &world.fresh_code());
    let output = run.wait();
    output.success().assert_stderr_contains("aws-auth: profiles: placeholders are filled in: profile ");
    assert_eq!(world.read(".aws/config"), made());
}

#[test]
fn placeholders_of_ones_own_files_are_filled_in_and_every_other_byte_stays() {
    let world = empty();
    world.config(&template());
    world.credentials(&keys_file(&world));
    let run = start(&world, &["-y"]);
    say(&run, &world.prompt("sops"), &world.fresh_code());
    assert_four_work(&run.wait());
    assert_eq!(world.read(".aws/config"), seed::config_file());
}

#[test]
fn without_a_terminal_it_says_what_is_missing() {
    let world = empty();
    let before = files(&world);
    let missing = "aws-auth: there is no terminal, and this is missing: ";
    let output = world.run(["--setup", "--from", "team.ini"]);
    output.assert_status(125).assert_stdout("").assert_stderr_contains(&format!(
        "{missing}the keys of profile 'default'; a yes to writing profile 'sops', profile 'development-infrastructure', \
         profile 'production-infrastructure', profile 'main-infrastructure'; run it in a terminal\n"
    ));
    world
        .run(["--setup"])
        .assert_status(125)
        .assert_stderr_contains(&format!("{missing}the keys of profile 'default'; run"));
    assert_eq!((files(&world), world.sts.connections()), (before, 0));
    world.sts.add_user(User { mfa: Vec::new(), ..world.user.clone() });
    world.credentials(&keys_file(&world));
    let output = world.run(["--setup"]);
    output.assert_status(125);
    output.assert_stderr_contains(&format!("{missing}an MFA device of user jo; a profile with a role; run"));
    // A yes that was given beforehand is enough for what needs no other answer.
    world.sts.add_user(world.user.clone());
    let output = world
        .aws_auth()
        .args(["--setup", "--from", "team.ini", "--yes"])
        .env("AWS_AUTH_MFA_TOKEN", world.fresh_code())
        .run();
    assert_eq!(output.success().stdout_text().matches("\tok\n").count(), 4, "{}", output.report());
    assert_eq!(world.read(".aws/config"), made());
}

#[test]
fn a_dry_run_shows_what_would_change_and_writes_nothing() {
    let world = empty();
    let output = world.run(["--setup", "--from", "team.ini", "--dry-run"]);
    output.success().assert_stderr_contains("aws-auth: keys: the keys of profile 'default' would be asked for\n");
    assert!(output.stdout_text().contains("+mfa_serial = arn:aws:iam::398263320410:mfa/<IAM username>\n"));
    assert!(!world.path(".aws").exists());
    world.credentials(&keys_file(&world));
    let before = world.snapshot();
    for run in [world.aws_auth().args(["--setup", "--from", "team.ini", "--dry-run"]).run(), {
        let run = start(&world, &["--from", "team.ini", "--dry-run"]);
        run.wait()
    }] {
        run.success().assert_transcript("");
        assert!(run.stdout_text().contains("+mfa_serial = arn:aws:iam::398263320410:mfa/jo\n"), "{}", run.report());
    }
    assert_eq!((world.snapshot(), world.sts.count("GetSessionToken")), (before, 0));
}

#[test]
fn a_dry_run_without_a_team_says_what_is_there_or_would_be_asked() {
    const NOTHING: &str = "aws-auth: profiles: nothing to fill in";
    const ASKS: &str = "aws-auth: profiles: a role would be asked for";
    let world = empty();
    world.credentials(&keys_file(&world));
    let of_run = || {
        let output = world.run(["--setup", "--dry-run"]);
        output.success();
        (output.stderr.contains(NOTHING), output.stderr.contains(ASKS))
    };
    assert_eq!(of_run(), (false, true));
    world.config(&made());
    assert_eq!(of_run(), (true, false));
}

#[test]
fn a_profile_of_the_same_name_with_other_settings_is_kept() {
    let world = empty();
    world.credentials(&keys_file(&world));
    let own = "[profile sops]\nsource_profile = default\nrole_arn = arn:aws:iam::111122223333:role/mine\n\
               [profile main-infrastructure]\nregion = eu-west-1\nsource_profile = default\n\
               mfa_serial = arn:aws:iam::398263320410:mfa/jo\nrole_arn = arn:aws:iam::398263320410:role/infrastructure\n";
    world.config(own);
    world.sts.add_role(Role::new("arn:aws:iam::111122223333:role/mine"));
    let run = from_team(&world);
    say(&run, WRITE, "y");
    say(&run, &world.prompt("development-infrastructure"), &world.fresh_code());
    let output = run.wait();
    assert_four_work(&output);
    output.assert_stderr_contains(
        "aws-auth: profile 'sops' is there already with other settings (mfa_serial, role_arn); yours is kept\n",
    );
    output.assert_stderr_contains("aws-auth: profiles: of team.ini, 1 are there and 2 are new\n");
    let config = world.read(".aws/config");
    assert!(config.starts_with(own) && config.matches("[profile").count() == 4, "{config}");
}

#[test]
fn one_of_several_devices_is_chosen_and_garbage_is_asked_again() {
    let world = empty();
    world.sts.add_user(world.user.clone().with_device(SECOND).with_device("arn:aws:iam::398263320410:u2f/user/jo/key"));
    world.credentials(&keys_file(&world));
    let run = from_team(&world);
    for garbage in ["3", "0", "-1", "x", "1 2", "99999999999999999999999"] {
        say(&run, "Which one gives your codes? [1-2] ", garbage);
        run.expect_stderr("aws-auth: type a number from 1 to 2; Enter leaves this step out\n");
    }
    say(&run, "Which one gives your codes? [1-2] ", "2");
    say(&run, WRITE, "y");
    say(&run, &format!("MFA code for sops ({SECOND})"), &world.sts.fresh_code(SECOND));
    assert_four_work(&run.wait());
    assert_eq!(world.read(".aws/config"), made().replace(seed::SERIAL, SECOND));
    // The files name it now, so nobody is asked.
    start(&world, &[]).wait().success().assert_transcript("");
}

#[test]
fn a_list_that_iam_refuses_is_replaced_by_a_question() {
    let world = empty();
    world.sts.iam_denies(&["ListMFADevices"]);
    world.credentials(&keys_file(&world));
    let run = from_team(&world);
    let question = "Its serial number, or none [arn:aws:iam::398263320410:mfa/jo]: ";
    say(&run, question, "jo");
    run.expect_stderr("what was typed: 'jo' is not the serial number of an MFA device");
    say(&run, question, "");
    say(&run, WRITE, "y");
    say(&run, &world.prompt("sops"), &world.fresh_code());
    let output = run.wait();
    assert_four_work(&output);
    output.assert_stderr_contains("aws-auth: MFA device: IAM does not say which ones jo has\n");
    assert_eq!(world.read(".aws/config"), made());
}

#[test]
fn keys_that_are_refused_can_be_typed_again_or_left_out() {
    let world = empty();
    let run = from_team(&world);
    say(&run, "Access key id for default: ", "jo");
    run.expect("aws-auth: that is none; an access key id is AKIA and 16 more letters and digits");
    say(&run, "Access key id for default: ", &world.user.access_key_id);
    say(&run, "Secret access key of ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    run.expect_stderr("SignatureDoesNotMatch");
    say(&run, "aws-auth: type the keys again? [y/N] ", "y");
    type_keys(&world, &run);
    // They are shown, and not written without a yes; the next step goes on without them.
    say(&run, WRITE, "n");
    say(&run, WRITE, "n");
    let output = run.wait();
    output.assert_status(125).assert_stdout("").assert_stderr_contains("aws-auth: default: nothing was written\n");
    output.assert_stderr_contains("aws-auth: not done: the keys of profile 'default'; run --setup again");
    output.assert_stderr_contains("there is no profile that could work yet; run --setup again and answer\n");
    assert!(files(&world).is_empty());
    assert_eq!(world.sts.actions(), ["GetCallerIdentity"; 2]);
}

#[test]
fn every_step_can_be_left_out() {
    let world = empty();
    let run = from_team(&world);
    say(&run, "Access key id for default: ", "");
    say(&run, WRITE, "y");
    let output = run.wait();
    output.assert_status(1);
    assert_eq!(files(&world).get("config"), Some(&made().replace("mfa/jo", "mfa/<IAM username>")));
    assert!(results(&output).iter().all(|(_, result)| result != "ok"), "{}", output.report());
    // No keys, no file of a team: there is nothing to do.
    let world = empty();
    let run = start(&world, &[]);
    run.expect("Access key id for default: ");
    run.ctrl_d();
    run.wait().assert_status(125).assert_stderr_contains("there is no profile that could work yet");
    assert!(files(&world).is_empty());
}

#[test]
fn a_code_that_nobody_gives_is_asked_for_once() {
    let world = empty();
    world.credentials(&keys_file(&world));
    world.config(&made());
    let run = from_team(&world);
    run.expect(&world.prompt("sops"));
    run.ctrl_d();
    let output = run.wait();
    let results = results(&output);
    output.assert_status(1).assert_terminal_restored();
    assert!(results[0].1.contains("no MFA code was given"), "{}", output.report());
    let not_tried = "not tried, because it needs the code or the sign-in that 'sops' did not get";
    assert!(results[1..].iter().all(|(_, result)| result == not_tried) && results.len() == 4, "{}", output.report());
}

#[test]
fn ctrl_c_at_each_question_leaves_what_was_written_whole() {
    let world_at = |step: usize| {
        let world = empty();
        world.sts.add_user(world.user.clone().with_device(SECOND));
        let run = from_team(&world);
        let id = world.user.access_key_id.clone();
        let secret = world.user.secret_access_key.clone();
        let questions = [
            ("Access key id for default: ", id.as_str()),
            ("Secret access key of ", secret.as_str()),
            (WRITE, "y"),
            ("Which one gives your codes? [1-2] ", "1"),
            (WRITE, "y"),
        ];
        for (question, answer) in questions.iter().take(step) {
            say(&run, question, answer);
        }
        run.expect(questions.get(step).map_or("MFA code for sops", |(question, _)| question));
        run.ctrl_c();
        run.wait().assert_signal(Signal::INT).assert_terminal_restored().assert_stdout("");
        let left = files(&world);
        let mut expected = BTreeMap::new();
        if step > 2 {
            expected.insert(String::from("credentials"), keys_file(&world));
        }
        if step > 4 {
            expected.insert(String::from("config"), made());
        }
        assert_eq!(left, expected, "step {step}");
        // The next run goes on from there.
        if step == 4 {
            let run = from_team(&world);
            say(&run, "Which one gives your codes? [1-2] ", "jo");
            say(&run, WRITE, "y");
            say(&run, &world.prompt("sops"), &world.fresh_code());
            assert_four_work(&run.wait());
        }
    };
    for step in 0..=5 {
        world_at(step);
    }
}

#[test]
fn calls_that_fail_write_nothing_more() {
    const DEAD: &str = "The security token included in the request is invalid.";
    let cases = [
        ("GetCallerIdentity", Fault::Refuse(403, "InvalidClientTokenId", DEAD), "InvalidClientTokenId"),
        ("GetCallerIdentity", Fault::Refuse(403, "ExpiredToken", "expired"), "ExpiredToken"),
        ("GetCallerIdentity", Fault::CloseMidAnswer, "STS at "),
        ("GetCallerIdentity", Fault::HtmlPage, "STS at "),
        ("ListMFADevices", Fault::Refuse(403, "InvalidClientTokenId", DEAD), "InvalidClientTokenId"),
    ];
    for (action, fault, words) in cases {
        let world = empty();
        world.credentials(&keys_file(&world));
        let before = files(&world);
        let what = format!("{action}: {fault:?}");
        world.sts.fault(action, fault, 9);
        let output = from_team(&world).wait();
        output.assert_status(125).assert_stdout("").assert_transcript("");
        assert!(output.stderr.contains(words), "{what}: {}", output.report());
        assert_eq!(files(&world), before, "{what}");
    }
}

#[test]
fn a_team_s_file_that_cannot_be_read_is_said_before_anything_is_asked() {
    let world = empty();
    world.write("empty.ini", "# nothing\n");
    world.write("bare.ini", "[sops]\nrole_arn = x\n");
    world.write("broken.ini", "[profile a]\nwhat is this\n");
    world.write("binary.ini", b"[profile a]\nregion = \xff\n");
    std::fs::create_dir(world.path("directory")).unwrap();
    for (name, message) in [
        ("missing.ini", "cannot read missing.ini (there is no such file): name the file with your team's profiles\n"),
        ("directory", "cannot read directory: is a directory"),
        ("empty.ini", "empty.ini holds no profile; it must look like ~/.aws/config"),
        ("bare.ini", "bare.ini holds no profile"),
        ("broken.ini", "broken.ini:2: "),
        ("binary.ini", "binary.ini:2: a byte that is not UTF-8"),
    ] {
        let output = start(&world, &["--from", name]).wait();
        output.assert_status(125).assert_transcript("").assert_stderr_contains(message);
    }
    let Some(words) = crate::faults::unprivileged(&world, "a_team_s_file_that_cannot_be_read") else { return };
    std::fs::set_permissions(world.path("team.ini"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let output = world.aws_auth().through(&words).args(["--setup", "--from", "team.ini"]).run();
    output.assert_status(125).assert_stderr_contains("cannot read team.ini: Permission denied");
}

#[test]
fn a_file_that_may_not_be_changed_is_said_before_it_is_asked_about() {
    let world = empty();
    world.credentials(&keys_file(&world));
    world.config("[profile own]\nregion = eu-west-1\n");
    std::fs::hard_link(world.path(".aws/config"), world.path("other-name")).unwrap();
    let output = from_team(&world).wait();
    output.assert_status(125).assert_transcript("").assert_stderr_contains(".aws/config");
    assert_eq!(world.read(".aws/config"), "[profile own]\nregion = eu-west-1\n");
}

#[test]
fn other_placeholders_are_asked_for_and_garbage_is_asked_again() {
    let world = empty();
    world.credentials(&keys_file(&world));
    world.write(
        "team.ini",
        "[profile sops]\nregion = <your region>\nsource_profile = default\nmfa_serial = <IAM username>\n\
         role_session_name = <IAM username>\nrole_arn = arn:aws:iam::<account>:role/sops-credentials-access\n\
         output = <format>\n",
    );
    let run = from_team(&world);
    let question = "Your value for <your region>, region of profile 'sops' (Enter leaves it): ";
    say(&run, question, "<eu>");
    run.expect_stderr("that cannot be a value");
    say(&run, question, "eu-west-1");
    say(&run, "Your value for <account>, role_arn of profile 'sops' (Enter leaves it): ", "398263320410");
    say(&run, "Your value for <format>, output of profile 'sops' (Enter leaves it): ", "");
    say(&run, WRITE, "y");
    say(&run, &world.prompt("sops"), &world.fresh_code());
    let output = run.wait();
    output.success().assert_stderr_contains("aws-auth: not done: a value for <format>; run --setup again");
    assert_eq!(
        world.read(".aws/config"),
        format!(
            "[profile sops]\nregion = eu-west-1\nsource_profile = default\nmfa_serial = {}\nrole_session_name = jo\n\
             role_arn = arn:aws:iam::398263320410:role/sops-credentials-access\noutput = <format>\n",
            seed::SERIAL
        )
    );
}

#[test]
fn without_a_team_roles_are_asked_for() {
    let world = empty();
    world.credentials(&keys_file(&world));
    let run = start(&world, &[]);
    let question = "The ARN of a role that you may assume (Enter leaves this step out): ";
    say(&run, question, "infrastructure");
    run.expect_stderr("what was typed: ");
    say(&run, question, seed::ROLES[1].1);
    say(&run, "A name for its profile [infrastructure]: ", "default");
    run.expect_stderr("there is a profile 'default' already; take another name");
    say(&run, "A name for its profile [infrastructure]: ", "");
    // The second role has the same name, so that of its profile is asked for without a proposal.
    say(&run, "The ARN of another role (Enter if that is all): ", seed::ROLES[2].1);
    say(&run, "A name for its profile (Enter leaves this step out): ", "infrastructure");
    run.expect_stderr("there is a profile 'infrastructure' already; take another name");
    say(&run, "A name for its profile (Enter leaves this step out): ", "production");
    say(&run, "The ARN of another role (Enter if that is all): ", "");
    // A word that was meant for the shell is no answer.
    say(&run, WRITE, "clear");
    say(&run, WRITE, "y");
    say(&run, &world.prompt("infrastructure"), &world.fresh_code());
    let output = run.wait();
    output.success();
    assert_eq!(results(&output), ["infrastructure", "production"].map(|name| (name.to_owned(), "ok".to_owned())));
    let section = |name: &str, role: &str| {
        let serial = seed::SERIAL;
        format!("[profile {name}]\nsource_profile = default\nmfa_serial = {serial}\nrole_arn = {role}\n")
    };
    let sections = [section("infrastructure", seed::ROLES[1].1), section("production", seed::ROLES[2].1)];
    assert_eq!(world.read(".aws/config"), sections.join("\n"));
    start(&world, &[]).wait().success().assert_transcript("");
}

#[test]
fn keys_in_a_store_stay_there_and_a_team_s_default_is_added_to_their_section() {
    let world = empty();
    world.credentials(&keys_file(&world));
    store_in_file(&world).success();
    let line = world.read(".aws/config");
    assert!(line.starts_with("[default]\ncredential_process = "), "{line}");
    world.write("team.ini", format!("[default]\nregion = eu-west-1\n{}", template()));
    let run = from_team(&world);
    say(&run, "Passphrase for the keys ", PASSPHRASE);
    say(&run, WRITE, "y");
    say(&run, "Passphrase for the keys ", PASSPHRASE);
    say(&run, &world.prompt("sops"), &world.fresh_code());
    let output = run.wait();
    assert_four_work(&output);
    output.assert_stderr_contains("of profile 'default', in an encrypted file\n");
    assert_eq!(world.read(".aws/config"), format!("{line}region = eu-west-1\n\n{}", made()));
}

#[test]
fn a_profile_that_is_named_tells_whose_keys_are_meant() {
    let world = empty();
    // A variable of the shell may name a profile that is yet to come.
    let run = world.aws_auth().arg("--setup").env("AWS_PROFILE", "sops").in_terminal();
    run.expect("Access key id for default: ");
    run.ctrl_c();
    run.wait().assert_signal(Signal::INT);
    let run = start(&world, &["-p", "work"]);
    run.expect("Access key id for work: ");
    run.ctrl_c();
    run.wait().assert_signal(Signal::INT);
    world.config("[profile a]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = base\n");
    let run = world.aws_auth().arg("--setup").env("AWS_PROFILE", "a").in_terminal();
    run.expect("Access key id for base: ");
    run.ctrl_c();
    run.wait().assert_signal(Signal::INT);
}

#[test]
fn profiles_over_several_keys_ask_for_each() {
    let world = empty();
    let backups = User::new(seed::BACKUPS_ACCOUNT, "jo.backups").with_mfa("other-name");
    world.sts.add_user(backups.clone());
    let more = "[profile backups]\nsource_profile = backups\nmfa_serial = <IAM username>\n";
    world.write("team.ini", template() + more);
    let run = from_team(&world);
    type_keys(&world, &run);
    say(&run, WRITE, "y");
    say(&run, "Access key id for backups: ", &backups.access_key_id);
    say(&run, "Secret access key of ", &backups.secret_access_key);
    say(&run, WRITE, "y");
    say(&run, WRITE, "y");
    say(&run, &world.prompt("sops"), &world.fresh_code());
    let serial = "arn:aws:iam::796405775413:mfa/other-name";
    say(&run, &format!("MFA code for backups ({serial})"), &world.sts.fresh_code(serial));
    let output = run.wait();
    assert_eq!(output.success().stdout_text().matches("\tok\n").count(), 5, "{}", output.report());
    let own = format!("[profile backups]\nsource_profile = backups\nmfa_serial = {serial}\n");
    assert_eq!(world.read(".aws/config"), made() + "\n" + &own);
}

#[test]
fn what_a_team_s_file_must_not_bring_does_not_come() {
    let world = empty();
    world.credentials(&keys_file(&world));
    let keys = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG\n";
    let run = world.aws_auth().args(["--setup", "--from", "-"]).stdin(template() + keys).in_terminal();
    say(&run, WRITE, "y");
    say(&run, &world.prompt("sops"), &world.fresh_code());
    let output = run.wait();
    output.success().assert_stderr_contains(
        "aws-auth: stdin:19: access keys are not taken from a team's file, because each person has their own\n",
    );
    assert_eq!((world.read(".aws/config"), world.read(".aws/credentials")), (made(), keys_file(&world)));
}

#[test]
fn keys_of_another_account_than_the_team_s_are_noticed() {
    let world = empty();
    let other = User::new(seed::BACKUPS_ACCOUNT, "jo").with_mfa("jo");
    world.sts.add_user(other.clone());
    world.credentials(&seed::credentials_file(&other));
    let run = from_team(&world);
    run.expect(WRITE);
    run.send_line("n");
    let output = run.wait();
    output.assert_stderr_contains(
        "aws-auth: warning: team.ini: profile 'sops' wants a user of account 398263320410, but the keys are those of \
         account 796405775413; were other keys meant?\n",
    );
    assert!(!files(&world).contains_key("config"));
}

#[test]
fn what_does_not_go_together_is_said() {
    let world = empty();
    for (args, message) in [
        (
            &["--from", "team.ini", "-p", "a"][..],
            "--setup --from takes all profiles of the file; leave --profile out\n",
        ),
        (&["--role-arn", seed::ROLES[0].1], "--role-arn goes with credentials of a role"),
        (&["--from", ""], "--from is empty; name a file, or write - for stdin\n"),
        (&["--read-only"], "--read-only and --setup exclude each other; write one of them\n"),
        (&["--check"], "--setup and --check exclude each other; write one of them\n"),
        (&["--json"], "--json goes with "),
        (&["-q"], "--setup and --quiet exclude each other; its questions need what it says\n"),
        (&["true"], "--setup runs no command, but 'true' was given"),
    ] {
        world.aws_auth().arg("--setup").args(args).run().assert_status(125).assert_stderr_contains(message);
    }
}

#[test]
fn a_team_s_default_takes_nobody_s_keys_away() {
    let colleague = "credential_process = aws-auth --stored-keys AKIACOLLEAGUE4EXAMPL\n";
    let settings = "region = eu-west-1\n";
    // Beside the line of keys in a store.
    let world = empty();
    world.credentials(&keys_file(&world));
    store_in_file(&world).success();
    let own = world.read(".aws/config");
    let mut before = own.clone();
    let cases = [
        (colleague, "aws-auth: team.ini:2: access keys are not taken from a team's file"),
        ("credential_process = corp-keys jo\n", "is there already with other settings (credential_process); yours is"),
    ];
    for (line, message) in cases {
        world.write("team.ini", format!("[default]\n{line}{settings}{}", template()));
        let run = from_team(&world);
        say(&run, "Passphrase for the keys ", PASSPHRASE);
        if before == own {
            say(&run, WRITE, "y");
            say(&run, "Passphrase for the keys ", PASSPHRASE);
            say(&run, &world.prompt("sops"), &world.fresh_code());
        }
        let output = run.wait();
        output.success().assert_stderr_contains(message);
        before = world.read(".aws/config");
        assert_eq!(before, format!("{own}{settings}\n{}", made()));
    }
    // Beside plain keys.
    for (line, message) in [
        (colleague, "access keys are not taken from a team's file"),
        (
            "credential_process = corp-keys jo\n",
            "aws-auth: profile 'default': credential_process of the team's file is left out, because yours counts\n",
        ),
        ("sso_session = corp\n", "profile 'default': sso_session of the team's file is left out"),
    ] {
        let world = empty();
        world.credentials(&keys_file(&world));
        world.write("team.ini", format!("[default]\n{line}{settings}{}", template()));
        let run = from_team(&world);
        say(&run, WRITE, "y");
        say(&run, &world.prompt("sops"), &world.fresh_code());
        let output = run.wait();
        output.success().assert_stderr_contains(message);
        assert_eq!(world.read(".aws/config"), format!("[default]\n{settings}\n{}", made()), "{line}");
        assert_eq!(world.read(".aws/credentials"), keys_file(&world));
    }
}

#[test]
fn a_yes_that_was_given_beforehand_makes_no_device_and_types_no_keys() {
    // A device takes codes, so it is asked about all the same.
    let world = empty();
    world.sts.add_user(User { mfa: Vec::new(), ..world.user.clone() });
    world.credentials(&keys_file(&world));
    let run = world.aws_auth().args(["--setup", "--from", "team.ini"]).env("AWS_AUTH_YES", "1").in_terminal();
    say(&run, "aws-auth: make a virtual one now, in an authenticator app? [y/N] ", "n");
    run.wait().assert_status(1).assert_stderr_contains("not done: an MFA device of user jo");
    assert!(world.sts.devices_of(&world.user).is_empty());
    // So is whether other keys are typed.
    let world = empty();
    let run = start(&world, &["--from", "team.ini", "-y"]);
    say(&run, "Access key id for default: ", &world.user.access_key_id);
    say(&run, "Secret access key of ", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
    say(&run, "aws-auth: type the keys again? [y/N] ", "n");
    run.wait().assert_status(1).assert_stderr_contains("not done: the keys of profile 'default'");
    // What other keys do not mend ends the run.
    let world = empty();
    world.config("[profile work]\nrole_arn = arn:aws:iam::111122223333:role/mine\n");
    let output = start(&world, &["-p", "work", "-y"]).wait();
    output.assert_status(125).assert_transcript("").assert_stderr_contains("'work' has a role of its own");
    assert_eq!(output.stderr.matches("'work' has a role").count(), 1, "{}", output.report());
    world.sts.fault("GetCallerIdentity", Fault::Status(503), 9);
    let run = from_team(&world);
    type_keys(&world, &run);
    run.wait().assert_status(125).assert_stderr_contains("STS at ");
}

#[test]
fn a_placeholder_that_was_answered_is_not_asked_for_again() {
    let world = empty();
    world.credentials(&keys_file(&world));
    let team = template().replace("[profile sops]\n", "[profile sops]\nregion = <your region>\n");
    world.write("team.ini", &team);
    let run = from_team(&world);
    say(&run, "Your value for <your region>, region of profile 'sops' (Enter leaves it): ", "eu-west-1");
    say(&run, WRITE, "y");
    say(&run, &world.prompt("sops"), &world.fresh_code());
    assert_four_work(&run.wait());
    let before = files(&world);
    for _ in 0..2 {
        let again = from_team(&world).wait();
        assert_four_work(&again);
        again
            .assert_transcript("")
            .assert_stderr_contains("aws-auth: profiles: of team.ini, 4 are there and 0 are new\n");
        again.assert_stderr_contains("aws-auth: nothing is missing, so nothing was written\n");
        assert_eq!(files(&world), before);
    }
    assert_eq!(world.run(["--setup", "--from", "team.ini"]).success().stdout_text().matches("\tok\n").count(), 4);
    // One that stands in both files is missing once.
    world.config("[profile own]\nregion = <your region>\n");
    let output = world.run(["--setup", "--from", "team.ini", "--yes"]);
    output.assert_status(125);
    assert_eq!(output.stderr.matches("a value for <your region>").count(), 1, "{}", output.report());
}

#[test]
fn placeholders_in_the_place_of_keys_are_replaced_by_keys() {
    for (config, credentials) in [
        (String::new(), "[default]\naws_access_key_id = <your key>\naws_secret_access_key = <your secret key>\n"),
        (String::new(), "[default]\naws_access_key_id = YOUR_KEY\naws_secret_access_key = YOUR_SECRET\n"),
        (String::from("[default]\naws_access_key_id = <your key>\naws_secret_access_key = <your secret key>\n\n"), ""),
    ] {
        let world = empty();
        world.config(&(config + &template()));
        world.credentials(credentials);
        let run = start(&world, &[]);
        run.expect_stderr("keys: 'default' has none; type an access key, or Enter to leave it out");
        type_keys(&world, &run);
        say(&run, WRITE, "y");
        say(&run, WRITE, "y");
        say(&run, &world.prompt("sops"), &world.fresh_code());
        assert_four_work(&run.wait());
        assert_eq!(world.read(".aws/credentials"), keys_file(&world));
        assert!(!world.read(".aws/config").contains("your"), "{}", world.read(".aws/config"));
    }
    // Nobody is asked for a secret openly.
    let world = empty();
    world.credentials(
        "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = <your secret key>\n",
    );
    let run = start(&world, &["--from", "team.ini"]);
    say(&run, "Access key id for default: ", "");
    say(&run, WRITE, "n");
    run.wait().assert_status(125).assert_stderr_contains("not done: the keys of profile 'default'");
}

#[test]
fn what_profiles_include_is_filled_in_and_needs_no_keys() {
    let world = empty();
    world.credentials(&keys_file(&world));
    let team = format!(
        "[profile team]\nmfa_serial = arn:aws:iam::398263320410:mfa/<IAM username>\n\n[profile sops]\n\
         include_profile = team\nsource_profile = default\nrole_arn = {}\n",
        seed::ROLES[0].1
    );
    world.write("team.ini", &team);
    let filled = team.replace("<IAM username>", "jo");
    let run = from_team(&world);
    say(&run, WRITE, "y");
    say(&run, &world.prompt("sops"), &world.fresh_code());
    let output = run.wait();
    output.success();
    assert_eq!(results(&output), [("sops".to_owned(), "ok".to_owned())]);
    assert_eq!(world.read(".aws/config"), filled);
    // The same in one's own file.
    world.config(&team);
    let output = world.run(["--setup", "-y"]);
    output.success();
    assert_eq!((results(&output), world.read(".aws/config")), (vec![("sops".to_owned(), "ok".to_owned())], filled));
}

#[test]
fn the_role_is_asked_for_where_it_is_a_placeholder_with_the_word_user() {
    let world = empty();
    world.credentials(&keys_file(&world));
    world.write(
        "team.ini",
        "[profile sops]\nsource_profile = default\nmfa_serial = <IAM username>\n\
         role_arn = arn:aws:iam::398263320410:role/<User role>\n",
    );
    let run = from_team(&world);
    say(&run, "Your value for <User role>, role_arn of profile 'sops' (Enter leaves it): ", "sops-credentials-access");
    say(&run, WRITE, "y");
    say(&run, &world.prompt("sops"), &world.fresh_code());
    run.wait().success();
    assert!(world.read(".aws/config").contains("role/sops-credentials-access\n"), "{}", world.read(".aws/config"));
}

#[test]
fn an_iam_that_cannot_be_reached_is_replaced_by_a_question() {
    for fault in [Fault::CloseUnanswered, Fault::MalformedXml, Fault::Status(503)] {
        let world = empty();
        world.credentials(&keys_file(&world));
        world.sts.fault("ListMFADevices", fault, 30);
        let missing = world.run(["--setup", "--from", "team.ini", "-y", "--dry-run"]);
        missing.success().assert_stderr_contains("aws-auth: warning: IAM at ");
        let run = from_team(&world);
        say(&run, "Its serial number, or none [arn:aws:iam::398263320410:mfa/jo]: ", "");
        say(&run, WRITE, "y");
        say(&run, &world.prompt("sops"), &world.fresh_code());
        let output = run.wait();
        assert_four_work(&output);
        output.assert_stderr_contains("aws-auth: MFA device: IAM does not say which ones jo has\n");
        output.assert_stderr_contains("aws-auth: warning: IAM at ");
        assert_eq!(world.read(".aws/config"), made());
    }
}

#[test]
fn a_yes_is_only_for_what_was_shown() {
    for answer in ["n", "y"] {
        let world = empty();
        world.credentials(&keys_file(&world));
        let run = from_team(&world);
        run.expect(WRITE);
        let other = made().split_inclusive("\n\n").next().unwrap().replace(seed::ROLES[0].1, seed::ROLES[1].1);
        world.config(&other);
        run.send_line("y");
        run.expect_stderr("aws-auth: another program has changed the file; this changes now:\n");
        run.expect(WRITE);
        assert_eq!(world.read(".aws/config"), other);
        run.send_line(answer);
        run.expect("MFA code for ");
        run.ctrl_c();
        run.wait().assert_signal(Signal::INT);
        let config = world.read(".aws/config");
        assert_eq!(config.strip_prefix(&other).map(str::is_empty), Some(answer == "n"), "{config}");
    }
    // The keys, too.
    let world = empty();
    let run = from_team(&world);
    type_keys(&world, &run);
    run.expect(WRITE);
    let other = "[default]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = wJalrXUtnFEMI/K7MDENG\n";
    world.credentials(other);
    run.send_line("y");
    say(&run, WRITE, "n");
    // There are keys now, which STS does not know.
    run.wait().assert_status(125).assert_stderr_contains("keys: AKIAIOSFODNN7EXAMPLE of profile 'default', in ");
    assert_eq!(world.read(".aws/credentials"), other);
}
