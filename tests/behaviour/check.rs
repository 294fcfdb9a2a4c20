//! `--check`: profiles that are tried for real, and what is wrong with those that do not work.

use crate::world::{World, seed};

fn check(world: &World, args: &[&str]) -> crate::world::Output {
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
