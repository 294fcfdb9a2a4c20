//! Runs longer than their credentials (`--keep-fresh`): the file that a command gets, and the renewals. Here a shell
//! runs the profile's `credential_process`, as an SDK would; tests/outside uses real SDKs.

use crate::kit::{add_open, end_roles, log_in, own, session};
use crate::world::web::Web;
use crate::world::{AWS_AUTH, Output, Role, Running, SHELL_PROMPT, World, output, seed};
use aws_auth::config::profiles::ProfileSet;
use aws_auth::config::source::SourceFile;
use aws_auth::config::value::FileKind;
use ini::{Ini, ParseOption};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// A shell function that does what an SDK does: it runs the `credential_process` of the profile in AWS_PROFILE.
const RENEW: &str =
    r#"renew() { sh -c "$(sed -n "/^\[profile $AWS_PROFILE]/,\$s/^credential_process = //p" "$AWS_CONFIG_FILE")"; }; "#;

fn script(rest: &str) -> String {
    format!("{RENEW}{rest}")
}

/// The path of the only generated file.
#[track_caller]
fn file(world: &World) -> PathBuf {
    let found = own(world, "fresh-");
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

/// The access key id of each renewal in the output.
fn key_ids(output: &Output) -> Vec<String> {
    let lines = output.stdout_text();
    let values = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    values.map(|value| value["AccessKeyId"].as_str().unwrap().to_owned()).collect()
}

fn logged_in() -> World {
    let world = World::seeded();
    log_in(&world, "sops");
    world
}

#[test]
fn the_command_gets_a_file_and_no_keys() {
    let world = logged_in();
    let output = world
        .aws_auth()
        .keys("AKIAOTHER", "other", "")
        .env("AWS_DEFAULT_PROFILE", "sops")
        .env("AWS_SHARED_CREDENTIALS_FILE", world.path(".aws/credentials"))
        .args(["-p", "sops", "--keep-fresh", "env", "-0"])
        .run();
    output.success().assert_stderr("");
    let child = output.env_of_child();
    let path = file(&world);
    assert_eq!(child["AWS_CONFIG_FILE"], path.to_str().unwrap());
    assert_eq!(child["AWS_PROFILE"], "sops", "what the command notes of it stays true");
    assert_eq!(child["AWS_CREDENTIAL_PROFILES_FILE"], path.to_str().unwrap());
    assert_eq!(child["AWS_SDK_LOAD_CONFIG"], "1");
    assert_eq!(child["AWS_AUTH_PROFILE"], "sops");
    assert_eq!(child["AWS_SHARED_CREDENTIALS_FILE"], world.path(".aws/credentials").to_str().unwrap());
    for gone in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"] {
        assert!(!child.contains_key(gone), "{gone}");
    }
    assert!(!child.contains_key("AWS_CREDENTIAL_EXPIRATION") && !child.contains_key("AWS_DEFAULT_PROFILE"));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o400);
    let text = fs::read_to_string(&path).unwrap();
    let own = world.read(".aws/config");
    let (before, after) = (own.find("[profile sops]").unwrap(), own.find("[profile development").unwrap());
    assert!(text.starts_with(&format!("{}{}", &own[..before], &own[after..])), "{text}");
    let section = format!("\n[profile sops]\ncredential_process = {AWS_AUTH} -p sops --export=json\n");
    assert!(text.ends_with(&section), "{text}");
}

#[test]
fn settings_go_along_and_what_leads_to_credentials_does_not() {
    let world = logged_in();
    for role in ["x", "b"] {
        world.sts.add_role(Role::new(&format!("arn:aws:iam::381494870249:role/{role}")));
    }
    world.append_config(
        "[profile base]\nsource_profile = default\nrole_arn = arn:aws:iam::381494870249:role/b\nregion = eu-west-2\n[profile rich]\noutput = text\ns3 =\n  \
         max_concurrent_requests = 20\n  addressing_style = path # so\nservices = local\nrole_arn = \
         arn:aws:iam::381494870249:role/x\nsource_profile = base\nexternal_id = ext\nrole_session_name = name\nsso_region = \
         eu-west-1\nendpoint_url = https://example.com\nodd = value\n[services local]\nkms =\n  endpoint_url = https://kms.example.com",
    );
    let run = world.run(["-p", "rich", "--keep-fresh", "env", "-0"]);
    run.success();
    assert_eq!(run.env_of_child()["AWS_REGION"], "eu-west-2");
    let text = fs::read_to_string(file(&world)).unwrap();
    let section = text.split("[profile rich]\n").nth(1).unwrap();
    assert_eq!(
        section,
        format!(
            "credential_process = {AWS_AUTH} -p rich --export=json\noutput = text\ns3 =\n    max_concurrent_requests = \
             20\n    addressing_style = path\nservices = local\nendpoint_url = https://example.com\nodd = value\nregion \
             = eu-west-2\n"
        )
    );
    // `--explain` hides unknown values, since they may be secret.
    let shown = world.run(["-p", "rich", "--keep-fresh", "--region", "eu-north-1", "--explain"]).stdout_text();
    assert!(shown.contains("   odd = …\n") && shown.contains("       addressing_style = path\n"), "{shown}");
    assert!(
        shown.contains("   region = eu-north-1\n") && shown.contains("--region eu-north-1 --export=json\n"),
        "{shown}"
    );
}

/// The keys of the generated profile as read by rust-ini, an independent parser. In this dialect, quotes and
/// backslashes are ordinary characters.
fn read_by_rust_ini(text: &str, profile: &str) -> BTreeMap<String, String> {
    let options = ParseOption {
        enabled_quote: false,
        enabled_escape: false,
        enabled_indented_mutiline_value: true,
        ..ParseOption::default()
    };
    let ini = Ini::load_from_str_opt(text, options).unwrap();
    let section = ini.section(Some(format!("profile {profile}"))).unwrap();
    section.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[test]
fn another_parser_reads_the_generated_profile_as_ours_does() {
    let world = logged_in();
    // Replaces the seeded file, which has comments after headers: rust-ini rejects these.
    world.config(
        "[profile rich]\nsource_profile = default\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\nrole_arn = \
         arn:aws:iam::398263320410:role/infrastructure\noutput = \"text\"\nendpoint_url = https://example.com/?a=b;c#d\n\
         odd = C:\\new\\table 'x'\ns3 =\n  max_concurrent_requests = 20\n  addressing_style = path\n",
    );
    let options = ["-p", "rich", "--region", "eu-west-2", "--mfa-process", r#"printf '%s' "a \\ b: = c""#];
    world.aws_auth().args(options).args(["--keep-fresh", "true"]).run().success();
    let path = file(&world);
    let text = fs::read_to_string(&path).unwrap();

    let source = SourceFile::from_text(FileKind::Config, &path, text.clone());
    let profile = ProfileSet::parse(Some(&source), None).unwrap().profile("rich").unwrap();
    let ours: BTreeMap<String, String> = profile
        .entries()
        .into_iter()
        .map(|(key, value)| (key.into_owned(), value.text.trim_start().to_owned()))
        .collect();
    assert_eq!(ours["odd"], r"C:\new\table 'x'");
    assert_eq!(ours["s3"], "max_concurrent_requests = 20\naddressing_style = path");
    assert_eq!(ours.len(), 6, "{ours:?}");
    assert_eq!(read_by_rust_ini(&text, "rich"), ours);
}

/// Starts a command below `--keep-fresh`, with no terminal and an open standard input.
fn without_terminal<'w>(world: &'w World, text: &str) -> Running<'w> {
    let invocation = world.aws_auth().args(["-p", "sops", "--keep-fresh", "sh", "-c", &script(text)]);
    invocation.stdin_open().secrets_may_show().start()
}

#[test]
fn a_renewal_is_silent_while_the_session_lasts() {
    let world = logged_in();
    let mut run = without_terminal(&world, "renew; echo $$ >&2; for i in 1 2; do read go; renew; echo $i >&2; done");
    let pid = run.pid();
    run.expect_stderr(&format!("{pid}\n"));
    for time in ["1\n", "2\n"] {
        end_roles(&world);
        run.write_stdin("\n");
        run.expect_stderr(time);
    }
    run.close_stdin();
    let output = run.wait();
    output.success().assert_stderr(&format!("{pid}\n1\n2\n"));
    let mut ids = key_ids(&output);
    ids.dedup();
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert_eq!(world.sts.count("GetSessionToken"), 1);
}

/// A command at a terminal whose MFA session and role have expired. It renews when a line is typed.
fn about_to_ask<'w>(world: &'w World, rest: &str) -> Running<'w> {
    let mut invocation = world.aws_auth().args(["-p", "sops", "--keep-fresh", "sh", "-c"]);
    invocation = invocation.arg(script(&format!("echo ready; read go; {rest}")));
    let run = invocation.stdin_on_terminal().secrets_may_show().in_terminal();
    run.expect_stdout("ready\n");
    end_roles(world);
    fs::remove_file(session(world)).unwrap();
    run
}

const NEEDS: &str = "aws-auth: sh, which is running, needs new credentials\r\n";

#[test]
fn a_session_that_ended_costs_one_prompt_that_says_whose_it_is() {
    let world = logged_in();
    let run = about_to_ask(&world, "renew; renew");
    let before = run.attributes();
    run.send_line("");
    run.expect(NEEDS);
    run.expect(&world.prompt("sops"));
    assert_eq!(run.attributes(), before, "the settings of the terminal do not change");
    run.send_line(&world.fresh_code());
    let output = run.wait();
    output.success().assert_terminal_restored();
    assert_eq!(output.stdout_text().lines().filter(|line| line.contains("AccessKeyId")).count(), 2);
    assert_eq!(world.sts.count("GetSessionToken"), 2);
    assert_eq!(output.transcript().matches("MFA code for").count(), 1);
}

#[test]
fn a_prompt_of_a_renewal_ends_in_time() {
    let world = logged_in();
    let mut world = world;
    world.set_env("AWS_AUTH_RENEWAL_TIMEOUT", "1s");
    let run = about_to_ask(&world, "renew; echo status $?");
    run.send_line("");
    run.expect(&world.prompt("sops"));
    let output = run.wait();
    output.success().assert_terminal_restored().assert_stderr(
        "aws-auth: no MFA code was given in time; run 'aws-auth -p sops --login' in a terminal; sh then uses the new \
         credentials\n",
    );
    assert!(output.stdout_text().ends_with("status 125\n"), "{}", output.report());
    assert_eq!(world.sts.count("GetSessionToken"), 1);
}

#[test]
fn a_terminal_in_raw_mode_is_put_back() {
    let world = logged_in();
    let run = about_to_ask(&world, "stty raw -echo; echo raw; read -r go <&0; renew; stty sane; echo done");
    run.send_line("");
    run.expect_stdout("raw\n");
    let raw = run.attributes();
    run.send("\n");
    run.expect(&world.prompt("sops"));
    assert_ne!(run.attributes(), raw);
    run.send(format!("{}\r", world.fresh_code()));
    run.expect_stdout("done\n");
    run.wait().success();
}

#[test]
fn without_a_terminal_the_error_says_the_way_out_and_a_login_elsewhere_is_it() {
    let world = logged_in();
    let mut run = without_terminal(&world, "echo ready; read go; renew; echo status $?; read go; renew");
    run.expect_stdout("ready\n");
    end_roles(&world);
    fs::remove_file(session(&world)).unwrap();
    run.write_stdin("\n");
    run.expect_stdout("status 125\n");
    log_in(&world, "sops");
    run.write_stdin("\n");
    run.close_stdin();
    let output = run.wait();
    output.success().assert_stderr(&format!(
        "aws-auth: profile 'sops' needs an MFA code from {}, and there is no terminal to ask on; run 'aws-auth -p sops \
         --login' in a terminal; sh then uses the new credentials\n",
        seed::SERIAL
    ));
    assert!(output.stdout_text().contains("AccessKeyId"), "{}", output.report());
}

#[test]
fn in_the_background_a_renewal_fails_and_nothing_stops() {
    let world = logged_in();
    let shell = world.shell_in_terminal();
    let job = world.script(
        "job",
        &format!("#!/bin/sh\n{RENEW}\nwhile ! [ -e go ]; do read -t 1 x <wait; done\nrenew\necho status $?\n"),
    );
    let path = world.fifo("wait");
    shell.send_line(&format!("aws-auth -p sops --keep-fresh bash {} &", job.display()));
    shell.expect(SHELL_PROMPT);
    // This blocks until the job runs and opens its end of the pipe.
    let pipe = fs::File::options().write(true).open(&path).unwrap();
    end_roles(&world);
    fs::remove_file(session(&world)).unwrap();
    world.write("go", "");
    drop(pipe);
    shell.expect("aws-auth: profile 'sops' needs an MFA code from");
    shell.expect("status 125");
    shell.send_line("exit");
    shell.wait();
}

#[test]
fn credentials_that_are_good_for_minutes_cost_no_question() {
    let world = logged_in();
    let mut run = world
        .aws_auth()
        .args(["-p", "sops", "--keep-fresh", "sh", "-c", &script("renew; echo ready >&2; read go; renew")])
        .stdin_open()
        .secrets_may_show()
        .start();
    run.expect_stderr("ready\n");
    for path in crate::kit::role_entries(&world) {
        crate::kit::leave(&path, 400, 3600);
    }
    fs::remove_file(session(&world)).unwrap();
    run.write_stdin("\n");
    run.close_stdin();
    let output = run.wait();
    output.success().assert_stderr("ready\n");
    let ids = key_ids(&output);
    assert_eq!((ids.len(), &ids[0]), (2, &ids[1]));
}

#[test]
fn a_question_comes_in_the_last_five_minutes_and_not_before() {
    for (left, asks) in [(400, false), (200, true)] {
        let world = logged_in();
        let run = about_to_ask(&world, "renew");
        for path in crate::kit::role_entries(&world) {
            crate::kit::leave(&path, left, 3600);
        }
        run.send_line("");
        if asks {
            run.expect(&world.prompt("sops"));
            run.send_line(&world.fresh_code());
        }
        let output = run.wait();
        output.success();
        assert!(output.stdout_text().contains("AccessKeyId"), "{}", output.report());
        assert_eq!(output.transcript().contains("MFA code"), asks, "{}", output.report());
    }
}

#[test]
fn a_renewal_that_waited_for_one_that_gave_up_uses_what_is_still_good() {
    let world = logged_in();
    let run = about_to_ask(&world, "renew & renew & wait");
    for path in crate::kit::role_entries(&world) {
        crate::kit::leave(&path, 200, 3600);
    }
    run.send_line("");
    run.expect(&world.prompt("sops"));
    run.expect_stderr("waiting for the MFA prompt of process ");
    run.ctrl_d();
    let output = run.wait();
    output.success();
    assert_eq!(output.stdout_text().matches("AccessKeyId").count(), 2, "{}", output.report());
}

#[test]
fn what_was_typed_before_the_question_of_a_renewal_is_no_answer() {
    let world = logged_in();
    let run = about_to_ask(&world, "renew");
    let typed = world.wrong_code();
    // The first line is for the command; the second one is in the terminal before the question is.
    run.send(format!("\n{typed}\n"));
    run.expect(&world.prompt("sops"));
    run.send_line(&world.fresh_code());
    run.wait().success();
    assert!(!world.sts.sent_codes().contains(&typed));
}

#[test]
fn many_renewals_at_once_make_one_call() {
    let world = logged_in();
    let many = "for i in 1 2 3 4 5 6 7 8 9 10; do renew & done; wait";
    let run = |world: &World| {
        let output =
            world.aws_auth().args(["-p", "sops", "--keep-fresh", "sh", "-c", &script(many)]).secrets_may_show().run();
        output.success().assert_stderr("");
        key_ids(&output)
    };
    let first = run(&world);
    let before = world.sts.count("AssumeRole");
    end_roles(&world);
    let second = run(&world);
    assert_eq!(second.len(), 10);
    assert!(second.iter().all(|id| *id == second[0] && *id != first[0]), "{second:?}");
    assert_eq!(world.sts.count("AssumeRole"), before + 1);
}

#[test]
fn names_options_and_paths_that_a_shell_would_read_reach_the_renewal() {
    let world = logged_in();
    world.sts.add_role(Role::new("arn:aws:iam::381494870249:role/odd"));
    let odd = r#"it's #a; $(x) `y` \ "z" !"#;
    let header = odd.replace('\\', "\\\\").replace('"', "\\\"");
    world.append_config(&format!(
        "[profile \"{header}\"]\nrole_arn = arn:aws:iam::381494870249:role/odd\nsource_profile = default\n[profile \
         aws-auth-it-s--a----x---y-----z---]\nregion = eu-west-1\n"
    ));
    // cp writes the file: if this process did, a child forked meanwhile could keep it open, and exec would fail with
    // "text file busy".
    let binary = world.write("a dir; #1/aws-auth", "").with_file_name("binary");
    assert!(output(std::process::Command::new("cp").arg(AWS_AUTH).arg(&binary)).unwrap().status.success());
    let output = world
        .command(&binary)
        .args(["-p", odd, "--mfa-process", "printf '%s' 1", "--keep-fresh", "sh", "-c"])
        .arg(r#"echo "$AWS_PROFILE" >&2; sh -c "$(sed -n 's/^credential_process = //p' "$AWS_CONFIG_FILE")""#)
        .secrets_may_show()
        .run();
    output.success().assert_stderr("aws-auth-it-s--a----x---y-----z----2\n");
    assert_eq!(key_ids(&output).len(), 1);
    let text = fs::read_to_string(file(&world)).unwrap();
    let line = text.lines().find(|line| line.starts_with("credential_process")).unwrap();
    assert!(!line.contains(" #") && !line.contains(" ;"), "{line}");
    assert!(line.ends_with("--mfa-process 'printf '\\''%s'\\'' 1' --export=json"), "{line}");
}

#[test]
fn a_section_that_some_sdks_cannot_read_is_left_out() {
    let world = World::seeded();
    world.sts.add_role(Role::new("arn:aws:iam::381494870249:role/odd"));
    world.credentials(&seed::credentials_file(&world.user).replace("[default]", "[keys]"));
    for (name, stays) in [("a#b", false), ("a;b", false), ("with space", true)] {
        let header = format!("[profile \"{name}\"]\n");
        world.config(&format!(
            "{header}source_profile = keys\nrole_arn = arn:aws:iam::381494870249:role/odd\nregion = eu-west-1\n[profile \
             other]\nregion = eu-west-3\n"
        ));
        let output = world.run(["-p", name, "--keep-fresh", "sh", "-c", "cat \"$AWS_CONFIG_FILE\""]);
        let text = output.success().stdout_text();
        assert_eq!(text.contains(&header), stays, "{text}");
        assert_eq!(text.matches("region = eu-west-1").count(), 1 + usize::from(stays), "{text}");
        assert!(text.contains("[profile other]\nregion = eu-west-3\n"), "{text}");
    }
}

#[test]
fn a_run_below_sees_the_users_own_files() {
    let world = logged_in();
    let own_config = world.write("my config", world.read(".aws/config"));
    let alone = |world: &World, config: Option<&PathBuf>| {
        let mut invocation = world.aws_auth().args(["-p", "main-infrastructure", "env", "-0"]);
        if let Some(config) = config {
            invocation = invocation.env("AWS_CONFIG_FILE", config);
        }
        invocation.run().env_of_child()
    };
    for config in [None, Some(&own_config)] {
        let mut invocation =
            world.aws_auth().args(["-p", "sops", "--keep-fresh", AWS_AUTH, "-p", "main-infrastructure", "env", "-0"]);
        if let Some(config) = config {
            invocation = invocation.env("AWS_CONFIG_FILE", config);
        }
        let below = invocation.run();
        below.success();
        assert_eq!(below.env_of_child(), alone(&world, config));
    }
    // Also if a variable names the profile, and with `--keep-fresh` again.
    let recipe = "AWS_PROFILE=main-infrastructure exec \"$A\" env -0";
    let below = world.aws_auth().env("A", AWS_AUTH).args(["-p", "sops", "--keep-fresh", "sh", "-c", recipe]).run();
    assert_eq!(below.env_of_child()["AWS_AUTH_PROFILE"], "main-infrastructure");
    assert!(!below.env_of_child().contains_key("AWS_CONFIG_FILE"));
    let again =
        world.run(["-p", "sops", "--keep-fresh", AWS_AUTH, "-p", "main-infrastructure", "--keep-fresh", "env", "-0"]);
    let child = again.env_of_child();
    assert_eq!(child["AWS_PROFILE"], "main-infrastructure");
    assert!(!fs::read_to_string(&child["AWS_CONFIG_FILE"]).unwrap().contains("-p sops"));
}

#[test]
fn a_run_below_that_names_no_profile_goes_on_with_the_renewal() {
    let world = logged_in();
    let above = world.run(["-p", "sops", "--keep-fresh", "env", "-0"]).env_of_child();
    for options in [&[][..], &["--keep-fresh"]] {
        let mut args = vec!["-p", "sops", "--keep-fresh", AWS_AUTH];
        args.extend(options);
        args.extend(["env", "-0"]);
        let mut below = world.run(args).env_of_child();
        // AWS_AUTH_SET holds the command's name, which differs.
        below.insert("AWS_AUTH_SET".into(), above["AWS_AUTH_SET"].clone());
        assert_eq!(below, above);
    }
    // Actions that need keys resolve the profile again.
    for action in ["--export=dotenv", "--status", "--whoami"] {
        let output = world.aws_auth().args(["-p", "sops", "--keep-fresh", AWS_AUTH, action]).secrets_may_show().run();
        output.success();
        assert!(output.stdout_text().contains("sops"), "{}", output.report());
    }
    let script = "eval \"$(\"$A\" --export)\"; exec env -0";
    let output = world
        .aws_auth()
        .env("A", AWS_AUTH)
        .args(["-p", "sops", "--keep-fresh", "sh", "-c", script])
        .secrets_may_show()
        .run();
    let child = output.env_of_child();
    assert!(child["AWS_ACCESS_KEY_ID"].starts_with("ASIA"));
    for gone in ["AWS_CONFIG_FILE", "AWS_PROFILE", "AWS_SDK_LOAD_CONFIG"] {
        assert!(!child.contains_key(gone), "{gone}");
    }
}

#[test]
fn what_cannot_be_renewed_is_refused_before_anything_is_asked() {
    let world = World::seeded();
    world.append_config(&format!(
        "[profile env]\nrole_arn = {}\ncredential_source = Environment\n",
        "arn:aws:iam::381494870249:role/infrastructure"
    ));
    let nothing = "aws-auth: --keep-fresh has nothing to renew credentials from: ";
    let advice = "; name a profile with -p that has keys, a role or SSO of its own, or leave --keep-fresh out\n";
    let user = (&world.user.access_key_id, &world.user.secret_access_key);
    let keys = world.aws_auth().keys(user.0, user.1, "").args(["--keep-fresh", "true"]).run();
    keys.assert_status(125)
        .assert_stderr(&format!("{nothing}no profile is named, and the environment holds keys{advice}"));
    let environment = world.aws_auth().keys(user.0, user.1, "").args(["-p", "env", "--keep-fresh", "true"]).run();
    environment
        .assert_status(125)
        .assert_stderr(&format!("{nothing}profile 'env' starts from keys in the environment{advice}"));
    let uncached = world.run(["-p", "sops", "--no-cache", "--keep-fresh", "true"]);
    uncached.assert_status(125).assert_stderr(
        "aws-auth: --keep-fresh would ask for a code again and again: --no-cache (or AWS_AUTH_NO_CACHE) is on; leave one \
         of them out, or configure an mfa_process\n",
    );
    let list = world.run(["--keep-fresh", "--list"]);
    list.assert_status(125).assert_stderr(
        "aws-auth: --keep-fresh goes with a COMMAND, --shell or --explain; write both, or leave it out\n",
    );
    world.write(".cache/aws-auth", "a file in the place of the directory");
    let full = world.run(["-p", "sops", "--keep-fresh", "true"]);
    full.assert_status(125).assert_stderr_contains("aws-auth: --keep-fresh: cannot write ");
    assert!(world.sts.calls().is_empty());
}

#[test]
fn the_runtime_directory_comes_first_and_old_files_go() {
    let world = logged_in();
    let runtime = world.path("run");
    fs::create_dir(&runtime).unwrap();
    let dir = runtime.join("aws-auth");
    fs::create_dir(&dir).unwrap();
    let week = Duration::from_hours(7 * 24);
    let leave = |name: &str, age: Duration| {
        let path = dir.join(name);
        fs::write(&path, "x").unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
        path
    };
    let old = leave("fresh-1.config", week + Duration::from_mins(1));
    let young = leave("fresh-2.config", Duration::from_hours(6 * 24));
    let other = leave("other", week * 2);
    let run = |config: &str| {
        let output = world
            .aws_auth()
            .env("XDG_RUNTIME_DIR", &runtime)
            .args(["-p", "sops", "--keep-fresh", "sh", "-c", "echo \"$AWS_CONFIG_FILE\""])
            .run();
        output.success();
        let path = PathBuf::from(output.stdout_text().trim_end());
        assert!(fs::read_to_string(&path).unwrap().contains(config));
        path
    };
    let path = run("[profile sops]");
    let names = || fs::read_dir(&dir).unwrap().count();
    assert_eq!(path.parent(), Some(&*dir));
    assert!(!old.exists() && young.exists() && other.exists());
    assert!(own(&world, "fresh-").is_empty());
    // Another file is written when the user's own file changes, because a command may use the old one. Otherwise only
    // the modification time changes.
    world.append_config("[profile new]\n");
    let path = run("[profile new]");
    assert_eq!(names(), 4, "the old one, the new one and two that were there");
    let set_modified = |path: &PathBuf| {
        let file = fs::File::open(path).unwrap();
        file.set_modified(SystemTime::now() - week - Duration::from_mins(1)).unwrap();
    };
    set_modified(&path);
    assert_eq!(run("[profile new]"), path);
    assert!(path.metadata().unwrap().modified().unwrap().elapsed().unwrap() < Duration::from_hours(1));
}

#[test]
fn a_file_that_a_command_uses_is_not_removed_however_old_it_is() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let world = logged_in();
    let mut running = without_terminal(&world, "echo ready; read go; test -e \"$AWS_CONFIG_FILE\"");
    running.expect_stdout("ready\n");
    let used = file(&world);
    fs::File::open(&used).unwrap().set_modified(SystemTime::now() - Duration::from_hours(24 * 30)).unwrap();
    world.run(["-p", "main-infrastructure", "--keep-fresh", "true"]).success();
    assert!(used.exists());
    running.write_stdin("\n");
    running.wait().success();
    world.append_config("[profile new]\n");
    world.run(["-p", "main-infrastructure", "--keep-fresh", "true"]).success();
    assert!(!used.exists());
}

/// A world in a container, and the container's endpoint. The profile `task` takes its base from there.
fn in_a_container() -> (World, Web) {
    let mut world = World::seeded();
    let web = crate::world::metadata::container(&world.sts, "token");
    world.append_config(
        "[profile task]\nrole_arn = arn:aws:iam::381494870249:role/task\ncredential_source = EcsContainer\n",
    );
    world.sts.add_role(Role::new("arn:aws:iam::381494870249:role/task"));
    world.set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/v1/credentials", web.endpoint()));
    world.set_env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token");
    (world, web)
}

#[test]
fn a_container_can_still_be_found_by_the_renewal() {
    let (world, _web) = in_a_container();
    let run = world.aws_auth().args(["-p", "task", "--keep-fresh", "sh", "-c", &script("renew")]);
    let output = run.secrets_may_show().run();
    output.success();
    assert_eq!(key_ids(&output).len(), 1);
}

#[test]
fn only_a_container_base_keeps_the_containers_variables() {
    let (world, _web) = in_a_container();
    add_open(&world);
    for (profile, keeps) in [("task", true), ("open", false)] {
        let run =
            world.aws_auth().env("AWS_ROLE_SESSION_NAME", "jo").args(["-p", profile, "--keep-fresh", "env", "-0"]);
        let child = run.secrets_may_show().run().env_of_child();
        for name in ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"] {
            assert_eq!(child.contains_key(name), keeps, "{profile}: {name}");
        }
        assert!(!child.contains_key("AWS_ROLE_SESSION_NAME"), "{profile}");
    }
}

#[test]
fn the_file_is_named_by_an_absolute_path_when_home_is_relative() {
    let world = logged_in();
    let parent = world.home().parent().unwrap();
    let run = world.aws_auth().cwd(parent).env("HOME", world.home().file_name().unwrap());
    let run = run.args([
        "-p",
        "sops",
        "--keep-fresh",
        "sh",
        "-c",
        "cd /; cat \"$AWS_CONFIG_FILE\"; echo \"$AWS_CONFIG_FILE\"",
    ]);
    let output = run.run();
    output.success();
    let path = file(&world);
    let text = fs::read_to_string(&path).unwrap();
    output.assert_stdout(&format!("{text}{}\n", path.display()));
}

#[test]
fn the_file_holds_no_access_keys_and_nothing_unknown_of_the_credentials_file() {
    let world = World::seeded();
    let keys = world.read(".aws/credentials");
    world.write(".aws/credentials", "[sops]\nvault_password = canary-of-a-password\noutput = text\n");
    let others = "\n# a comment\n[profile other]\n\tAWS_Secret_Access_Key : canary-of-another-key\n\t  canary-below\n\
                  \taws_session_token = canary-of-a-token\n\tregion = eu-west-3\r\n";
    let before = world.read(".aws/config");
    world.write(".aws/config", format!("{before}{keys}{others}"));
    log_in(&world, "sops");
    let run = world.aws_auth().args(["-p", "sops", "--keep-fresh", "sh", "-c", &script("renew")]).secrets_may_show();
    let output = run.run();
    output.success().assert_stderr("");
    assert_eq!(key_ids(&output).len(), 1);
    let text = fs::read_to_string(file(&world)).unwrap();
    assert!(!text.contains("canary") && !text.to_lowercase().contains("aws_secret"), "{text}");
    assert!(!text.contains(&world.user.secret_access_key) && !text.contains("vault_password"), "{text}");
    // Every other byte is unchanged.
    let header = keys.lines().next().unwrap();
    assert!(text.starts_with(&format!("{before}{header}\n")), "{text}");
    assert!(text.contains("\n# a comment\n[profile other]\n\tregion = eu-west-3\r\n"), "{text}");
    assert!(text.ends_with("--export=json\noutput = text\n"), "{text}");
}

#[test]
fn logging_out_of_everything_removes_the_files_that_no_command_uses() {
    let mut world = logged_in();
    fs::create_dir(world.path("run")).unwrap();
    let fresh = |world: &World, dir: &str| {
        let files = fs::read_dir(world.path(dir).join("aws-auth")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("fresh-")).count()
    };
    world.run(["-p", "sops", "--keep-fresh", "true"]).success();
    world.run(["-p", "main-infrastructure", "--keep-fresh", "true"]).success();
    world.set_env("XDG_RUNTIME_DIR", world.path("run"));
    world.run(["-p", "main-infrastructure", "--keep-fresh", "true"]).success();
    let other = world.write("run/aws-auth/other", "");
    let mut running = without_terminal(&world, "echo \"$AWS_CONFIG_FILE\"; read go; test -e \"$AWS_CONFIG_FILE\"");
    running.expect_stdout("\n");
    assert_eq!(fresh(&world, "run"), 2);
    // One profile's logout leaves them.
    world.run(["-p", "main-infrastructure", "--logout"]).success();
    assert_eq!((fresh(&world, "run"), own(&world, "fresh-").len()), (2, 2));
    world.run(["--logout", "--all"]).success();
    if cfg!(target_os = "linux") {
        // In the other directory, the file of that profile has the same name.
        assert_eq!((fresh(&world, "run"), own(&world, "fresh-").len()), (1, 1));
    }
    running.write_stdin("\n");
    running.wait().success();
    world.run(["--logout", "--all"]).success();
    if cfg!(target_os = "linux") {
        assert_eq!((fresh(&world, "run"), own(&world, "fresh-").len()), (0, 0));
    }
    assert!(other.exists());
}

#[test]
fn a_file_that_went_while_a_code_was_asked_for_is_made_again() {
    let world = World::seeded();
    let run =
        world.aws_auth().args(["-p", "sops", "--keep-fresh", "sh", "-c", "test -e \"$AWS_CONFIG_FILE\""]).in_terminal();
    run.expect(&world.prompt("sops"));
    fs::remove_file(file(&world)).unwrap();
    run.send_line(&world.fresh_code());
    run.wait().success();
}
