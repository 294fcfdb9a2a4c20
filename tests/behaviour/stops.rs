//! Ctrl-Z: a stopped process lets go of its locks wherever it holds one, and goes on whole.

use crate::bases_login as login;
use crate::bases_sso::{CREDENTIALS, Scene};
use crate::kit::{answer, at_terminal, expect_waiting, log_in, no_way, own};
use crate::lock::closed;
use crate::sso_login as sign_in;
use crate::world::web::Reply;
use crate::world::{Output, Role, Running, SHELL_PROMPT, World, seed};
use rustix::process::Signal;

const ROLE: &str = "arn:aws:iam::111122223333:role/over";

/// Stops the job in front of the shell.
fn stop(shell: &Running<'_>) {
    shell.ctrl_z();
    shell.expect("Stopped");
    shell.expect(SHELL_PROMPT);
}

/// Continues the stopped job, which prints `ran`, and ends the shell.
fn go_on(shell: Running<'_>) {
    shell.send_line("fg");
    shell.expect("ran\r\n");
    end_shell(shell);
}

/// Ends the shell when its job has ended.
fn end_shell(shell: Running<'_>) {
    shell.expect(SHELL_PROMPT);
    shell.send_line("exit");
    shell.wait().success();
}

/// Kills the stopped job, which waits for an answer that does not come, and ends the shell.
fn kill(shell: Running<'_>) {
    shell.send_line("kill -KILL %1; fg; exit 0");
    shell.wait().success();
}

#[test]
fn at_the_prompt_the_lock_is_released_and_what_others_got_is_used() {
    let world = World::seeded();
    let shell = world.shell_in_terminal();
    shell.send_line("AWS_PROFILE=sops aws-auth echo r''an");
    shell.expect(&world.prompt("sops"));
    let waiter = closed(&world, "sops").start();
    waiter.expect_stderr("waiting for the MFA prompt of process ");
    let next = at_terminal(&world, "sops");
    next.expect_stderr("waiting for the MFA prompt of process ");
    stop(&shell);
    // In either order, the waiter without a terminal gets an error and the other one a prompt.
    answer(&world, &next, "sops", &world.fresh_code());
    next.wait().success();
    let output: Output = waiter.wait();
    assert!(output.stderr.ends_with(&no_way("sops")) || output.stdout_text() == "sops\n", "{}", output.report());
    go_on(shell);
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
}

#[test]
fn a_stopped_run_that_is_ended_leaves_the_lock_to_its_new_holder() {
    let world = World::seeded();
    let shell = world.shell_in_terminal();
    shell.send_line("AWS_PROFILE=sops aws-auth true");
    shell.expect(&world.prompt("sops"));
    let next = at_terminal(&world, "sops");
    next.expect_stderr("waiting for the MFA prompt of process ");
    stop(&shell);
    next.expect(&world.prompt("sops"));
    shell.send_line("kill %1; fg; echo w''as ended");
    shell.expect("was ended");
    // The lock's file still names the run that asks, and those who wait for it fail when it is cancelled.
    let waiter = closed(&world, "sops").start();
    expect_waiting(&waiter, next.pid());
    next.ctrl_c();
    assert!(waiter.wait().stderr.contains(&format!("process {}, whose MFA prompt", next.pid())));
    shell.send_line("exit");
    shell.wait();
    next.wait();
}

#[test]
fn while_sts_answers_a_call_without_a_code() {
    let world = World::seeded();
    log_in(&world, "sops");
    let (other, _) = seed::ROLES[1];
    world.sts.hold("AssumeRole");
    let shell = world.shell_in_terminal();
    shell.send_line(&format!("AWS_PROFILE={other} aws-auth echo r''an"));
    world.sts.wait_for_held(1);
    let waiter = closed(&world, other).start();
    waiter.expect_stderr("waiting for the credentials of process ");
    stop(&shell);
    world.sts.wait_for_held(2);
    world.sts.release();
    waiter.wait().success();
    go_on(shell);
}

#[test]
fn while_sts_answers_a_call_with_a_code() {
    let world = World::seeded();
    world.sts.hold("GetSessionToken");
    let shell = world.shell_in_terminal();
    shell.send_line("AWS_PROFILE=sops aws-auth echo r''an");
    answer(&world, &shell, "sops", &world.fresh_code());
    world.sts.wait_for_held(1);
    let next = at_terminal(&world, "sops");
    next.expect_stderr("waiting for the MFA prompt of process ");
    stop(&shell);
    answer(&world, &next, "sops", &world.fresh_code());
    world.sts.wait_for_held(2);
    world.sts.release();
    next.wait().success();
    go_on(shell);
    assert_eq!(world.sts.sent_codes().len(), 2);
}

#[test]
fn a_refused_code_after_a_stop_waits_for_the_prompt_of_the_other_process() {
    let world = World::seeded();
    world.sts.hold("GetSessionToken");
    let shell = world.shell_in_terminal();
    shell.send_line("AWS_PROFILE=sops aws-auth echo r''an");
    answer(&world, &shell, "sops", &world.wrong_code());
    world.sts.wait_for_held(1);
    let next = at_terminal(&world, "sops");
    next.expect_stderr("waiting for the MFA prompt of process ");
    stop(&shell);
    next.expect(&world.prompt("sops"));
    shell.send_line("fg");
    world.sts.release();
    shell.expect(&format!("waiting for the MFA prompt of process {}", next.pid()));
    next.send_line(&world.fresh_code());
    next.wait().success();
    shell.expect("ran\r\n");
    end_shell(shell);
    assert_eq!(world.sts.count("GetSessionToken"), 2);
}

#[test]
fn while_a_credential_process_works() {
    let world = World::seeded();
    world.sts.add_role(Role::new(ROLE));
    let keys = serde_json::json!({
        "Version": 1,
        "AccessKeyId": world.user.access_key_id,
        "SecretAccessKey": world.user.secret_access_key,
    });
    world.write("keys", keys.to_string());
    let answers = world.fifo("answers");
    // The first run waits for the test.
    let script = world.script(
        "process",
        "#!/bin/sh\nmkdir \"$HOME/first\" 2>/dev/null && read line < \"$HOME/answers\"; cat \"$HOME/keys\"",
    );
    world.append_config(&format!(
        "[profile base]\ncredential_process = {}\n[profile over]\nsource_profile = base\nrole_arn = {ROLE}\n",
        script.display()
    ));
    let shell = world.shell_in_terminal();
    shell.send_line("AWS_PROFILE=over aws-auth echo r''an");
    let mut writer = std::fs::File::options().write(true).open(answers).unwrap();
    let waiter = closed(&world, "over").start();
    waiter.expect_stderr("waiting for the credentials of process ");
    stop(&shell);
    waiter.wait().success();
    std::io::Write::write_all(&mut writer, b"go on\n").unwrap();
    go_on(shell);
}

#[test]
fn while_the_portal_of_sso_answers() {
    let scene = Scene::logged_in(3600);
    scene.sso.instead("/federation/credentials", || Reply::Silence);
    let shell = scene.world.shell_in_terminal();
    shell.send_line("AWS_PROFILE=p aws-auth true");
    scene.sso.web.wait_for(CREDENTIALS);
    let waiter = closed(&scene.world, "p").start();
    waiter.expect_stderr("waiting for the credentials of process ");
    scene.sso.state().instead.clear();
    stop(&shell);
    waiter.wait().success();
    kill(shell);
}

#[test]
fn while_it_waits_for_the_lock_of_a_login() {
    let scene = login::Scene::answering(30, Some(|| Reply::Silence));
    let renewing = closed(&scene.world, "p").start();
    scene.signin.wait_for("POST /v1/token");
    let shell = scene.world.shell_in_terminal();
    shell.send_line("AWS_PROFILE=one aws-auth true");
    let second = format!("waiting for the login session of process {}", renewing.pid());
    shell.expect(&second);
    stop(&shell);
    // It holds no lock of the role meanwhile.
    let waiter = closed(&scene.world, "one").start();
    waiter.expect_stderr(&second);
    for run in [renewing, waiter] {
        run.signal(Signal::KILL);
        run.wait();
    }
    kill(shell);
}

#[test]
fn at_the_prompt_of_a_rotation_both_locks_are_released() {
    let mut world = World::seeded();
    world.set_env("AWS_ENDPOINT_URL_IAM", world.sts.endpoint());
    world.sts.iam_wants_mfa();
    let prompt = world.prompt("default");
    let shell = world.shell_in_terminal();
    shell.send_line("aws-auth --rotate-keys");
    shell.expect(&prompt);
    stop(&shell);
    let other = world.aws_auth().arg("--rotate-keys").in_terminal();
    other.expect(&prompt);
    other.ctrl_c();
    other.wait().assert_signal(Signal::INT);
    kill(shell);
}

/// A sign-in with a code that was stopped before anybody signed in.
fn stopped_sign_in(scene: &sign_in::Scene) -> Running<'_> {
    scene.sso.state().pending = true;
    let shell = scene.world.shell_in_terminal();
    shell.send_line("AWS_PROFILE=p aws-auth --login");
    shell.expect(sign_in::CODE);
    stop(&shell);
    shell
}

#[test]
fn a_sign_in_that_nobody_took_over_goes_on() {
    let scene = sign_in::Scene::new();
    let shell = stopped_sign_in(&scene);
    shell.send_line("fg");
    let polls = scene.count(sign_in::TOKEN);
    scene.sso.web.wait_for_times(sign_in::TOKEN, polls + 1);
    // It has the lock again.
    let waiter = closed(&scene.world, "p").start();
    waiter.expect_stderr("waiting for the SSO login of process ");
    scene.sso.state().pending = false;
    waiter.wait().success();
    end_shell(shell);
    assert_eq!(scene.count(sign_in::DEVICE), 1);
}

#[test]
fn a_sign_in_whose_lock_was_removed_meanwhile_begins_anew() {
    let scene = sign_in::Scene::new();
    let shell = stopped_sign_in(&scene);
    for lock in own(&scene.world, "lock-") {
        std::fs::remove_file(lock).unwrap();
    }
    shell.send_line("fg");
    scene.sso.web.wait_for_times(sign_in::DEVICE, 2);
    scene.sso.state().pending = false;
    end_shell(shell);
}
