//! The guard: `aws_auth_confirm` asks before a command is started.

use crate::kit::log_in;
use crate::world::{AWS_AUTH, Invocation, Output, Running, World};
use rustix::process::Signal;
use serde_json::Value;

const PROFILE: &str = "production-infrastructure";

/// The question for `terraform apply`, exactly as it is printed.
const QUESTION: &str = "production-infrastructure (050019655025): run terraform apply? [y/N] ";

/// A world in which production-infrastructure has this guard and a program named terraform says what it does.
fn world(guard: &str) -> World {
    let mut world = World::seeded();
    let config = world.read(".aws/config");
    let header = "[profile production-infrastructure]             # 050019655025 = digitalmarketplace-production\n";
    assert!(config.contains(header));
    world.config(&config.replace(header, &format!("{header}aws_auth_confirm = {guard}\n")));
    world.script("bin/terraform", "#!/bin/sh\necho \"terraform $*\"\n");
    world.set_env("PATH", format!("{}:/usr/bin:/bin", world.path("bin").display()));
    world
}

fn apply(world: &World) -> Invocation<'_> {
    world.aws_auth().profile(PROFILE).args(["terraform", "apply"])
}

/// Waits for the question and types an answer.
#[track_caller]
fn answer(running: &Running<'_>, question: &str, line: &str) {
    running.expect(question);
    running.send_line(line);
}

fn refused(world: &World, words: &str) -> String {
    format!(
        "aws-auth: profile '{PROFILE}' asks before {words} ({}:11), and there is no terminal to ask on; run it in a \
         terminal, or answer with --yes or AWS_AUTH_YES=1\n",
        world.path(".aws/config").display()
    )
}

const NO: &str = "aws-auth: the answer was not yes, so nothing was run\n";

#[test]
fn the_question_names_profile_account_and_command_and_comes_before_the_code() {
    let world = world("yes");
    for line in ["y", "Yes"] {
        log_out(&world);
        let run = apply(&world).in_terminal();
        answer(&run, QUESTION, line);
        run.expect(&world.prompt(PROFILE));
        run.send_line(&world.fresh_code());
        let output = run.wait();
        output.success().assert_stdout("terraform apply\n").assert_terminal_restored();
        let shown = format!("{QUESTION}{line}\r\n{}\r\n", world.prompt(PROFILE));
        output.assert_transcript(&shown);
    }
}

fn log_out(world: &World) {
    world.run(["--logout", "--all"]).success();
}

#[test]
fn anything_but_yes_runs_nothing_and_costs_no_code() {
    let world = world("yes");
    for line in ["n", "", "no", "yess", "apply"] {
        let run = apply(&world).in_terminal();
        answer(&run, QUESTION, line);
        run.wait().assert_status(125).assert_stdout("").assert_stderr(NO).assert_terminal_restored();
    }
    let run = apply(&world).in_terminal();
    run.expect(QUESTION);
    run.ctrl_d();
    run.wait().assert_status(125).assert_stderr(NO);
    let run = apply(&world).in_terminal();
    run.expect(QUESTION);
    run.ctrl_c();
    run.wait().assert_signal(Signal::INT).assert_stdout("").assert_terminal_restored();
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn without_a_terminal_it_refuses_unless_yes_was_said() {
    let world = world("yes");
    log_in(&world, PROFILE);
    apply(&world).run().assert_status(125).assert_stdout("").assert_stderr(&refused(&world, "each command"));
    for option in ["--yes", "-y", "-qy"] {
        let run = world.aws_auth().profile(PROFILE).args([option, "terraform", "apply"]).run();
        run.success().assert_stdout("terraform apply\n").assert_stderr("");
    }
    apply(&world).env("AWS_AUTH_YES", "1").run().success().assert_stdout("terraform apply\n");
    apply(&world).env("AWS_AUTH_YES", "0").run().assert_status(125);
    let wrong = "aws-auth: AWS_AUTH_YES is 'maybe'; set it to 1, or unset it\n";
    apply(&world).env("AWS_AUTH_YES", "maybe").run().assert_status(125).assert_stderr(wrong);
    let said = world.aws_auth().profile(PROFILE).args(["-vy", "terraform", "apply"]).run();
    said.success().assert_stderr_contains("; the answer is --yes\n");
}

#[test]
fn a_list_of_words_asks_only_for_commands_with_one_of_them() {
    let world = world("apply, destroy");
    log_in(&world, PROFILE);
    let run = |command: &[&str]| world.aws_auth().profile(PROFILE).args(command).run();
    run(&["terraform", "plan", "-out=apply"]).success().assert_stdout("terraform plan -out=apply\n");
    let refused = refused(&world, "a command with apply or destroy");
    run(&["terraform", "-chdir=x", "destroy"]).assert_status(125).assert_stderr(&refused);
    world.script("bin/apply", "#!/bin/sh\necho applied\n");
    run(&["apply"]).assert_status(125).assert_stderr(&refused);
    run(&[world.path("bin/apply").to_str().unwrap()]).assert_status(125).assert_stderr(&refused);
}

#[test]
fn a_command_that_is_not_there_is_no_question() {
    let world = world("yes");
    let run = world.aws_auth().profile(PROFILE).args(["terafrom", "apply"]).in_terminal();
    run.wait().assert_status(127).assert_transcript("");
}

#[test]
fn a_shell_is_a_command_and_actions_are_not() {
    let world = world("yes");
    log_in(&world, PROFILE);
    let shell = world.aws_auth().profile(PROFILE).arg("--shell").env("SHELL", "/bin/true").in_terminal();
    answer(&shell, "production-infrastructure (050019655025): run /bin/true? [y/N] ", "y");
    shell.wait().success();
    for action in ["--export=json", "--whoami", "--switch-role-url", "--explain", "--list", "--status"] {
        world.aws_auth().profile(PROFILE).arg(action).secrets_may_show().run().success();
    }
}

#[test]
fn a_profile_without_credentials_of_its_own_is_guarded_too() {
    let world = world("no");
    world.append_config("[profile machine]\nregion = eu-west-1\naws_auth_confirm = yes\n");
    let run = world.aws_auth().args(["-p", "machine", "terraform", "apply"]).in_terminal();
    answer(&run, "machine: run terraform apply? [y/N] ", "n");
    run.wait().assert_status(125).assert_stderr(NO);
    let script = "\"$A\" -p machine terraform plan";
    let run = world.aws_auth().env("A", AWS_AUTH).args(["-qyp", "machine", "sh", "-c", script]).run();
    run.success().assert_stdout("terraform plan\n");
    apply(&world).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
}

/// Runs a script under a confirmed run of the profile; in the script, `$A` is aws-auth.
fn below(world: &World, options: &[&str], script: &str) -> Output {
    world.aws_auth().env("A", AWS_AUTH).profile(PROFILE).args(options).args(["-qy", "sh", "-c", script]).run()
}

#[test]
fn a_run_below_is_not_asked_again_for_the_same_profile_and_the_same_environment() {
    let world = world("yes");
    let guarded = "[profile other]\nsource_profile = default\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\nrole_arn = \
                   arn:aws:iam::381494870249:role/infrastructure\naws_auth_confirm = yes\n";
    world.append_config(guarded);
    log_in(&world, PROFILE);
    log_in(&world, "other");
    let again = format!("\"$A\" -p {PROFILE} terraform apply");
    for script in [again.clone(), format!("\"$A\" -p {PROFILE} sh -c '{again}'"), "\"$A\" terraform apply".to_owned()] {
        below(&world, &[], &script).success().assert_stdout("terraform apply\n").assert_stderr("");
        below(&world, &["--keep-fresh"], &script).success().assert_stdout("terraform apply\n").assert_stderr("");
    }
    // Of another profile nobody has asked, nor of this one in an environment that was changed.
    below(&world, &[], "\"$A\" -p other terraform apply").assert_status(125).assert_stdout("");
    let asked = [
        format!("AWS_ACCESS_KEY_ID=AKIAX {again}"),
        format!("unset AWS_ACCOUNT_ID; {again}"),
        format!("AWS_AUTH_PROFILE=other {again}"),
        format!("\"$A\" -p {PROFILE} --role-arn arn:aws:iam::398263320410:role/infrastructure terraform apply"),
        format!("\"$A\" -yp other sh -c '{again}'"),
    ];
    for script in asked {
        let output = below(&world, &[], &script);
        output.assert_status(125).assert_stdout("").assert_stderr_contains("there is no terminal");
    }
    // What --export prints was not asked about.
    let script = format!("eval \"$(\"$A\" -p {PROFILE} --export)\"; {again}");
    world.command("sh").env("A", AWS_AUTH).args(["-c", &script]).run().assert_status(125);
}

#[test]
fn make_asks_one_question_at_a_time_and_each_stays_the_last_line() {
    let world = world("yes");
    log_in(&world, PROFILE);
    // A command that was confirmed runs while the next one is asked about, so its output goes elsewhere.
    let recipe = format!("\t@{AWS_AUTH} -p {PROFILE} terraform $@ > $@.out\n");
    world.write("Makefile", format!("all: one two three\none two three:\n{recipe}"));
    let make = world.command("make").args(["-j3", "-s"]).stdout_on_terminal().stderr_on_terminal().in_terminal();
    for _ in 0..3 {
        make.expect("production-infrastructure (050019655025): run terraform ");
        make.expect("? [y/N] ");
        make.send_line("y");
    }
    let output = make.wait();
    output.success().assert_terminal_restored();
    for target in ["one", "two", "three"] {
        let answered = format!("run terraform {target}? [y/N] y\r\n");
        assert_eq!(output.transcript().matches(&answered).count(), 1, "{}", output.report());
        assert_eq!(world.read(format!("{target}.out")), format!("terraform {target}\n"));
    }
}

#[test]
fn a_question_and_a_prompt_for_a_code_do_not_meet() {
    let world = world("yes");
    let first = apply(&world).in_terminal();
    first.expect(QUESTION);
    let second = world.aws_auth().profile("sops").arg("true").in_terminal();
    second.expect_stderr(&format!("aws-auth: waiting for the MFA prompt of process {}\n", first.pid()));
    first.send_line("n");
    first.wait().assert_status(125);
    second.expect(&world.prompt("sops"));
    second.send_line(&world.fresh_code());
    second.wait().success();
}

#[test]
fn a_long_command_is_shown_without_its_middle() {
    let world = world("yes");
    let long = "x".repeat(400);
    let run = world.aws_auth().profile(PROFILE).args(["terraform", "plan", &long, "the end"]).in_terminal();
    run.expect(" … ");
    run.expect("x 'the end'? [y/N] ");
    run.send_line("n");
    run.wait().assert_status(125);
}

#[test]
fn explain_and_status_tell_of_the_guard() {
    let world = world("apply");
    log_in(&world, PROFILE);
    let place = format!("{}:11", world.path(".aws/config").display());
    let explained = world.run(["-p", PROFILE, "--explain"]);
    let note = format!("note: a run asks on the terminal before it starts a command with apply ({place})\n");
    assert!(explained.success().stdout_text().contains(&note), "{}", explained.report());
    let status = world.run(["-p", PROFILE, "--status", "--json"]);
    let json: Value = serde_json::from_slice(&status.success().stdout).unwrap();
    assert_eq!(json["guarded"], true);
    // In a shell of a guarded profile, too.
    let inside = world.aws_auth().env("A", AWS_AUTH).args(["-p", PROFILE, "sh", "-c", "\"$A\" --status --json"]).run();
    let json: Value = serde_json::from_slice(&inside.success().stdout).unwrap();
    assert_eq!(json["guarded"], true);
}
