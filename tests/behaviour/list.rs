//! `--list`: every profile and what it resolves to.

use crate::world::{Output, World, seed};
use serde_json::Value;

fn world() -> World {
    let world = World::seeded();
    // Half a minute more than 43m, so that a slow test still sees 43m.
    world.sts.set_role_lifetime(Some(43 * 60 + 30));
    world.append_config("[profile broken]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = nobody\n[profile bare]\nregion = eu-west-1\n[profile sso]\nsso_session = team\nsso_account_id = 111122223333\nsso_role_name = Admin\nregion = eu-west-2\n[sso-session team]\nsso_start_url = https://team.awsapps.com/start\nsso_region = eu-west-1\n");
    world
}

fn in_terminal(world: &World, columns: &str) -> Output {
    let output = world.aws_auth().arg("--list").env("COLUMNS", columns).stdout_on_terminal().in_terminal().wait();
    output.success().assert_stderr("");
    output
}

#[test]
fn for_a_program_it_is_a_line_a_profile_with_tabs_in_between() {
    let world = world();
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    let config = world.path(".aws/config").display().to_string();
    world.run(["--list"]).success().assert_stderr("").assert_stdout(&format!(
        "sops\t398263320410\tsops-credentials-access\tdefault\tjo\t\t43m\t\n\
         development-infrastructure\t381494870249\tinfrastructure\tdefault\tjo\t\t\t\n\
         production-infrastructure\t050019655025\tinfrastructure\tdefault\tjo\t\t\t\n\
         main-infrastructure\t398263320410\tinfrastructure\tdefault\tjo\t\t\t\n\
         broken\t\t\t\t\t\t\t{config}:20: profile 'broken' has the source_profile 'nobody', which does not exist\n\
         bare\t\t\tthe machine\t\t\t\t\n\
         sso\t111122223333\tAdmin\tSSO team\t\teu-west-2\t\t\n\
         default\t\t\tdefault\t\t\t\t\n",
    ));
    assert_eq!(world.sts.actions(), ["GetSessionToken", "AssumeRole"]);
}

#[test]
fn for_a_person_it_is_a_table_that_fits_the_terminal() {
    let world = world();
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    let config = world.path(".aws/config").display().to_string();
    let broken = format!("broken: {config}:20: profile 'broken' has the source_profile 'nobody', which does not exist");
    in_terminal(&world, "300").assert_transcript(&format!(
        "PROFILE                     ACCOUNT       ROLE                     SOURCE       MFA  REGION     LEFT\r\n\
         sops                        398263320410  sops-credentials-access  default      jo   -          43m\r\n\
         development-infrastructure  381494870249  infrastructure           default      jo   -          -\r\n\
         production-infrastructure   050019655025  infrastructure           default      jo   -          -\r\n\
         main-infrastructure         398263320410  infrastructure           default      jo   -          -\r\n\
         broken                      {broken}\r\n\
         bare                        -             -                        the machine  -    -          -\r\n\
         sso                         111122223333  Admin                    SSO team     -    eu-west-2  -\r\n\
         default                     -             -                        default      -    -          -\r\n"
    ));
    for columns in ["80", "60", "20", "1"] {
        let output = in_terminal(&world, columns);
        let most = columns.parse().unwrap();
        assert!(output.transcript().lines().all(|line| line.chars().count() <= most), "{}", output.report());
    }
    // The world's terminal has 80 columns.
    let output = world.aws_auth().arg("--list").stdout_on_terminal().in_terminal().wait();
    assert_eq!(output.transcript(), in_terminal(&world, "80").transcript());
}

#[test]
fn colour_is_for_terminals_that_have_it_and_people_who_want_it() {
    let world = world();
    let header = |name: &str, value: &str| {
        let run = world.aws_auth().arg("--list").env("TERM", "xterm").env(name, value);
        let output = run.stdout_on_terminal().in_terminal().wait();
        output.success().transcript().lines().next().unwrap_or_default().to_owned()
    };
    assert!(header("A", "b").starts_with("\x1b[1mPROFILE "));
    assert!(header("NO_COLOR", "1").starts_with("PROFILE "));
    assert!(header("NO_COLOR", "").starts_with("\x1b[1mPROFILE "), "an empty NO_COLOR has no effect");
    assert!(header("TERM", "dumb").starts_with("PROFILE "));
    assert!(!world.aws_auth().arg("--list").env("TERM", "xterm").run().stdout_text().contains('\x1b'));
    let error = |name: &str| {
        let run = world.aws_auth().args(["-p", "no", "--login"]).env("TERM", "xterm").env(name, "1");
        run.stderr_on_terminal().in_terminal().wait().assert_status(125).transcript().to_owned()
    };
    assert!(error("A").starts_with("\x1b[1;31maws-auth:\x1b[0m there is no profile 'no' (--profile)"));
    assert!(error("NO_COLOR").starts_with("aws-auth: there is no profile 'no' (--profile)"));
}

#[test]
fn json_has_the_same_for_every_profile() {
    let world = world();
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    let json: Value = serde_json::from_slice(&world.run(["--list", "--json"]).success().stdout).unwrap();
    let rows = json.as_array().unwrap();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["account", "cached", "mfa", "mfa_session", "problem", "profile", "region", "role", "source"]);
    }
    assert_eq!(rows[0]["profile"], "sops");
    assert_eq!(rows[0]["account"], seed::ACCOUNT);
    assert!(rows[0]["cached"]["seconds_left"].as_i64().unwrap() > 2500);
    assert_eq!(rows[1]["cached"], Value::Null);
    assert!(rows[1]["mfa_session"]["seconds_left"].as_i64().unwrap() > 43000);
    assert!(rows[4]["problem"].as_str().unwrap().contains("which does not exist"));
    assert_eq!(rows[5]["problem"], Value::Null);
}

#[test]
fn hostile_names_reach_no_terminal_as_they_are() {
    let world = World::new();
    world.config("[profile \"\x1b[31mred\u{202e}$(touch pwned)\ttab\"]\nrole_arn = arn:aws:iam::123456789012:role/\u{7}\nsource_profile = x\n");
    let output = world.run(["--list"]);
    assert!(
        output.success().stdout_text().starts_with("\\u{1b}[31mred\\u{202e}$(touch pwned)\\ttab\t"),
        "{}",
        output.report()
    );
    for output in [output, in_terminal(&world, "200")] {
        let text = output.stdout_text() + output.transcript();
        assert!(
            text.chars().all(|c| !c.is_control() || "\t\r\n".contains(c)) && !text.contains('\u{202e}'),
            "{text:?}"
        );
    }
    let json = world.run(["--list", "--json"]).success().stdout_text();
    assert!(json.contains(r"\u001b[31mred\u202e$(touch pwned)\ttab"), "{json}");
    assert!(json.is_ascii());
}

#[test]
fn no_files_are_no_error() {
    let world = World::new();
    world.run(["--list"]).success().assert_stdout("").assert_stderr("");
    world.run(["--list", "--json"]).success().assert_stdout("[]\n");
}

#[test]
fn what_does_not_go_with_it_is_said() {
    let world = World::seeded();
    world
        .run(["--list", "--role-arn", "arn:aws:iam::123456789012:role/x"])
        .assert_status(125)
        .assert_stderr("aws-auth: --role-arn and --list exclude each other; write one of them\n");
    world.run(["--json", "true"]).assert_status(125).assert_stderr(
        "aws-auth: --json goes with --explain, --list, --status or --whoami; write both, or leave it out\n",
    );
    world
        .run(["--list", "--status"])
        .assert_status(125)
        .assert_stderr("aws-auth: --list and --status exclude each other; write one of them\n");
}
