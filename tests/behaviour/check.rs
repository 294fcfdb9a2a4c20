//! `--check`: profiles that are tried for real, and what is wrong with those that do not work.

use crate::kit::answer;
use crate::world::{Output, Role, World, seed};
use rustix::process::Signal;
use serde_json::Value;
use std::fmt::Write as _;

fn check(world: &World, args: &[&str]) -> Output {
    world.aws_auth().args(["--check"]).args(args).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run()
}

#[test]
fn a_profile_that_works_is_a_line_that_says_ok() {
    let world = World::seeded();
    let run = check(&world, &["-p", "sops"]);
    run.assert_status(0);
    let cells: Vec<String> = run.stdout_text().trim_end().split('\t').map(String::from).collect();
    assert_eq!(cells[..3], ["sops", "398263320410", "sops-credentials-access"]);
    assert_eq!(cells[4], "ok");
    assert_eq!(world.sts.count("GetCallerIdentity"), 1);
}

#[test]
fn a_profile_that_does_not_work_says_why_in_one_line_and_ends_with_1() {
    let world = World::seeded();
    world.append_config("[profile broken]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = nowhere\n");
    let run = check(&world, &["-p", "broken"]);
    run.assert_status(1).assert_stderr("");
    let text = run.stdout_text();
    assert!(
        text.starts_with("broken\t\t\t0s\t") && text.contains("nowhere") && text.matches('\n').count() == 1,
        "{text}"
    );
    // STS refuses: an MFA code that is wrong.
    let run = world.aws_auth().args(["--check", "-p", "sops"]).env("AWS_AUTH_MFA_TOKEN", world.wrong_code()).run();
    run.assert_status(1);
    assert!(run.stdout_text().contains("invalid MFA one time pass code"), "{}", run.report());
}

#[test]
fn json_says_the_same() {
    let world = World::seeded();
    let json = |run: &crate::world::Output| serde_json::from_str::<serde_json::Value>(&run.stdout_text()).unwrap();
    let run = check(&world, &["-p", "sops", "--json"]);
    let found = json(&run);
    assert_eq!(
        (&found[0]["profile"], &found[0]["ok"], &found[0]["problem"]),
        (&"sops".into(), &true.into(), &serde_json::Value::Null)
    );
    assert!(found[0]["arn"].as_str().unwrap().contains(":assumed-role/sops-credentials-access/"), "{found}");
    let run = check(&world, &["-p", "missing", "--json"]);
    run.assert_status(1);
    let found = json(&run);
    assert_eq!(found[0]["ok"], false);
    assert!(found[0]["problem"].as_str().unwrap().contains("missing"), "{found}");
    assert!(!seed::ROLES.is_empty());
}

#[test]
fn on_a_terminal_the_problem_is_whole() {
    let world = World::seeded();
    let run = world
        .aws_auth()
        .args(["--check", "-p", "missing"])
        .env("COLUMNS", "20")
        .stdout_on_terminal()
        .in_terminal()
        .wait();
    run.assert_status(1);
    assert!(
        run.transcript().contains("PROFILE") && run.transcript().contains("there is no profile 'missing'"),
        "{}",
        run.report()
    );
}

/// A world with 50 profiles: jo's keys, her four roles, 40 more over her device, and five that do not work.
fn fifty() -> World {
    let world = World::seeded();
    let mut config = String::new();
    for at in 0..43 {
        let role = format!("arn:aws:iam::3814948702{at:02}:role/reader");
        let (serial, name) = (seed::SERIAL, format!("team-{at:02}"));
        writeln!(config, "[profile {name}]\nsource_profile = default\nmfa_serial = {serial}\nrole_arn = {role}")
            .unwrap();
        // STS knows all of them but the last three.
        if at < 40 {
            world.sts.add_role(Role::new(&role));
        }
    }
    config += "[profile half]\nrole_arn = arn:aws:iam::111122223333:role/x\n";
    config += "[profile template]\nsource_profile = default\nmfa_serial = <IAM username>\n";
    config += "role_arn = arn:aws:iam::111122223333:role/x\n";
    world.append_config(&config);
    world
}

/// The rows of the table without a terminal: profile, account, role, time, result.
fn rows(output: &Output) -> Vec<Vec<String>> {
    output.stdout_text().lines().map(|line| line.split('\t').map(String::from).collect()).collect()
}

#[test]
fn many_are_tried_with_one_prompt_and_those_that_do_not_work_say_why() {
    let world = fifty();
    let run = world.aws_auth().args(["--check", "--each", "*"]).in_terminal();
    answer(&world, &run, "sops", &world.fresh_code());
    let output = run.wait();
    output.assert_status(1).assert_transcript(&format!("{}\r\n", world.prompt("sops")));
    let rows = rows(&output);
    assert_eq!(rows.len(), 50, "{}", output.report());
    assert!(rows.iter().all(|row| row.len() == 5), "{}", output.report());
    let failed: Vec<_> = rows.iter().filter(|row| row[4] != "ok").collect();
    let reasons = [
        ("team-40", "AccessDenied"),
        ("team-41", "AccessDenied"),
        ("team-42", "AccessDenied"),
        ("half", "source_profile"),
    ];
    for (row, (name, reason)) in failed.iter().zip(reasons.into_iter().chain([("template", "<IAM username>")])) {
        assert!(row[0] == name && row[4].contains(reason), "{}", output.report());
    }
    assert_eq!(failed.len(), 5, "{}", output.report());
    // The order is that of the files: the config file has the four, the 40 and five; jo's keys are in the other one.
    assert_eq!(rows[0][..3], ["sops", "398263320410", "sops-credentials-access"]);
    assert_eq!((&*rows[49][0], &*rows[49][2]), ("default", "user/jo"));
    assert_eq!(world.sts.count("GetSessionToken"), 1);
    assert_eq!(world.sts.count("GetCallerIdentity"), 45);
    // Several at once say the same in the same order.
    let again = world.run(["--check", "--each", "*", "-j8"]);
    let results = |rows: &[Vec<String>]| rows.iter().map(|row| (row[0].clone(), row[4].clone())).collect::<Vec<_>>();
    assert_eq!(results(&self::rows(&again)), results(&rows));
}

#[test]
fn many_that_work_end_with_0_and_json_says_the_same() {
    let world = World::seeded();
    let run = check(&world, &["--each", "*", "--json"]);
    run.success();
    let found: Value = serde_json::from_str(&run.stdout_text()).unwrap();
    let found = found.as_array().unwrap();
    let names: Vec<&str> = found.iter().map(|row| row["profile"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["sops", "development-infrastructure", "production-infrastructure", "main-infrastructure", "default"]
    );
    assert!(found.iter().all(|row| row["ok"] == true && row["problem"] == Value::Null && row["arn"].is_string()));
    assert!(found[0]["expiration"].as_str().unwrap().ends_with('Z'), "{found:?}");
}

#[test]
fn a_code_that_nobody_gives_is_asked_for_once_and_the_others_say_so() {
    let world = World::seeded();
    let run = world.aws_auth().args(["--check", "--each", "*", "--json"]).in_terminal();
    run.expect(&world.prompt("sops"));
    run.ctrl_d();
    let output = run.wait();
    output.assert_status(1).assert_stderr("");
    let found: Value = serde_json::from_str(&output.stdout_text()).unwrap();
    assert!(found[0]["problem"].as_str().unwrap().contains("no MFA code was given"), "{found}");
    for at in 1..4 {
        assert_eq!(found[at]["problem"], "not tried, because it needs the code or the sign-in that 'sops' did not get");
    }
    // The keys need no code.
    assert_eq!(found[4]["ok"], true);
    // Without a terminal too.
    let output = world.run(["--check", "--each", "*-infrastructure,sops"]);
    output.assert_status(1).assert_stderr("");
    assert!(rows(&output)[0][4].contains("there is no terminal"), "{}", output.report());
}

#[test]
fn ctrl_c_at_the_prompt_ends_by_the_signal() {
    let world = World::seeded();
    let run = world.aws_auth().args(["--check", "--each", "*"]).in_terminal();
    run.expect(&world.prompt("sops"));
    run.ctrl_c();
    run.wait().assert_signal(Signal::INT).assert_terminal_restored().assert_stdout("");
}
