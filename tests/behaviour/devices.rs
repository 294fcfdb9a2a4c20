//! Several MFA devices of one user: `aws_auth_mfa_serials`.

use crate::kit::{arn, own};
use crate::world::{World, seed};

const KEY: &str = "arn:aws:iam::398263320410:mfa/jo-key";
const OLD: &str = "arn:aws:iam::398263320410:mfa/jo-old";

/// Jo has three devices; the profile `sops` names all of them, `main` the last one alone.
fn world() -> World {
    let world = World::seeded();
    world.sts.add_user(world.user.clone().with_device(KEY).with_device(OLD));
    let role = arn("main-infrastructure");
    world.config(&format!(
        "[profile sops]\nsource_profile = default\nmfa_serial = {}\naws_auth_mfa_serials = {KEY}, {}, {OLD}\nrole_arn = \
         {}\n[profile key]\nsource_profile = default\nmfa_serial = {KEY}\nrole_arn = {role}\n",
        seed::SERIAL,
        seed::SERIAL,
        arn("sops")
    ));
    world
}

fn prompt(world: &World, serial: &str) -> String {
    format!("MFA code for sops ({serial}) at {}: ", world.sts.endpoint())
}

#[test]
fn an_empty_line_goes_on_to_the_next_device() {
    let world = world();
    let running = world.aws_auth().args(["-p", "sops", "true"]).in_terminal();
    running.expect("aws-auth: an empty line goes on to the next device\r\n");
    for serial in [seed::SERIAL, KEY, OLD, seed::SERIAL] {
        running.expect(&prompt(&world, serial));
        running.send_line("");
    }
    running.expect(&prompt(&world, KEY));
    running.send_line("12345");
    running.expect("an MFA code is six digits");
    running.expect(&prompt(&world, KEY));
    running.send_line(&world.sts.wrong_code(KEY));
    running.expect("STS refused that code");
    running.expect(&prompt(&world, KEY));
    running.send_line(&world.sts.fresh_code(KEY));
    running.wait().success();
    assert_eq!(world.sts.last("GetSessionToken").param("SerialNumber"), KEY);
    // It is the session of that device: a profile that names this one alone uses it, and one with the first device not.
    world.sts.clear_log();
    world.run(["-p", "key", "true"]).success();
    world.run(["-p", "sops", "--refresh", "true"]).success();
    assert_eq!(world.sts.actions(), ["AssumeRole", "AssumeRole"]);
    world.append_config(&format!(
        "[profile first]\nsource_profile = default\nmfa_serial = {}\nrole_arn = {}\n",
        seed::SERIAL,
        arn("main-infrastructure")
    ));
    world.run(["-p", "first", "true"]).assert_status(125);
    // The profile forgets it with its own.
    let output = world.run(["-p", "sops", "--logout"]);
    output.success().assert_stderr_contains(&format!("removed the MFA session of {KEY}"));
    assert_eq!(own(&world, "session-").len(), 0);
}

#[test]
fn a_session_of_any_device_is_used_silently_and_the_longest_first() {
    let world = world();
    for serial in [OLD, KEY] {
        let line = |serial: &str| format!("[profile key]\nsource_profile = default\nmfa_serial = {serial}\n");
        let config = world.read(".aws/config").replace(&line(KEY), &line(OLD));
        world.config(&if serial == OLD { config } else { config.replace(&line(OLD), &line(KEY)) });
        world.sts.set_session_lifetime(Some(if serial == OLD { 9000 } else { 7200 }));
        let code = world.sts.fresh_code(serial);
        world.aws_auth().args(["-p", "key", "true"]).env("AWS_AUTH_MFA_TOKEN", code).run().success();
    }
    assert_eq!(own(&world, "session-").len(), 2);
    let output = world.run(["-v", "-p", "sops", "true"]);
    output.success().assert_stderr_contains(&format!("MFA session of {OLD}: kept since"));
    let text = world.run(["-p", "sops", "--explain"]).success().stdout_text();
    assert!(
        text.contains(&format!("GetSessionToken with a code, which {KEY} or {OLD} may give as well; cached")),
        "{text}"
    );
}

#[test]
fn a_role_that_takes_the_code_itself_takes_that_of_any_device() {
    let world = world();
    for option in [&["--no-mfa-session"][..], &["--duration", "2h"]] {
        world.sts.edit_role(arn("sops"), |role| role.max_session_seconds = 7200);
        let running = world.aws_auth().args(["-p", "sops"]).args(option).arg("true").in_terminal();
        running.expect(&prompt(&world, seed::SERIAL));
        running.send_line("");
        running.expect(&prompt(&world, KEY));
        running.send_line(&world.sts.fresh_code(KEY));
        running.wait().success();
        assert_eq!(world.sts.last("AssumeRole").param("SerialNumber"), KEY);
        // The entry is that of the profile.
        let again = world.aws_auth().args(["-p", "sops"]).args(option).arg("true").run();
        again.success().assert_stderr("");
    }
}

#[test]
fn one_device_alone_is_asked_as_ever() {
    let world = World::seeded();
    let running = world.aws_auth().args(["-p", "sops", "true"]).in_terminal();
    running.expect(&prompt(&world, seed::SERIAL));
    running.send_line("");
    running.expect("an MFA code is six digits");
    running.expect(&prompt(&world, seed::SERIAL));
    running.ctrl_c();
    assert!(!running.wait().transcript().contains("next device"));
}

#[test]
fn the_key_is_checked_before_anything_is_asked() {
    let world = World::seeded();
    let config = world.path(".aws/config").display().to_string();
    let refused = |lines: &str, text: &str| {
        world.config(&format!("[profile p]\nsource_profile = default\nrole_arn = {}\n{lines}\n", arn("sops")));
        world.run(["-p", "p", "true"]).assert_status(125).assert_stderr(&format!("aws-auth: {config}:{text}\n"));
    };
    refused(
        &format!("aws_auth_mfa_serials = {KEY}"),
        "4: aws_auth_mfa_serials: profile 'p' has no mfa_serial beside it; write mfa_serial with the device that is asked for \
         first",
    );
    refused(
        &format!("mfa_serial = {KEY}\naws_auth_mfa_serials = short"),
        "5: aws_auth_mfa_serials: 'short' is not the serial number of an MFA device; it looks like \
         arn:aws:iam::123456789012:mfa/name; the IAM console shows it under your user's security credentials",
    );
    assert_eq!(world.sts.calls().len(), 0);
}
