//! `--sync-sso`: profiles for the accounts and roles of a login, what of the config file changes, and what does not.

use crate::bases_sso::Scene;
use crate::world::Output;
use crate::world::screen::seen;
use crate::world::web::Reply;
use serde_json::json;

const SESSION: &str =
    "# ours\n[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n";

/// A login with two accounts, and a config file with only the session.
fn scene() -> Scene {
    scene_with("")
}

fn scene_with(settings: &str) -> Scene {
    let scene = Scene::logged_in(8 * 3600);
    scene.sso.unassign("111111111111", "ReadOnly");
    scene.sso.add_account("111111111111", "Digital Market (prod)", &["Admin", "ReadOnly"]);
    scene.sso.add_account("222222222222", "dev", &["Admin"]);
    scene.world.config(&format!("{SESSION}{settings}"));
    scene
}

fn sync(scene: &Scene, args: &[&str]) -> Output {
    scene.world.aws_auth().arg("--sync-sso").args(args).env("AWS_AUTH_SYNC_TIMEOUT", "1").run()
}

fn config(scene: &Scene) -> String {
    scene.world.read(".aws/config")
}

fn section(name: &str, account: &str, role: &str) -> String {
    format!(
        "\n[profile {name}]\nsso_session = corp\nsso_account_id = {account}\nsso_role_name = {role}\n\
         aws_auth_synced = corp\n"
    )
}

#[test]
fn every_role_gets_a_profile_and_the_second_run_writes_nothing() {
    let scene = scene();
    let run = sync(&scene, &[]);
    run.success().assert_stderr_contains("+[profile dev-Admin]\n");
    run.assert_stderr_contains("aws-auth: corp: 3 roles; 3 profiles added, 0 removed, 0 were there\n");
    let written = config(&scene);
    let expected = [
        SESSION.to_owned(),
        section("Digital-Market-prod-Admin", "111111111111", "Admin"),
        section("Digital-Market-prod-ReadOnly", "111111111111", "ReadOnly"),
        section("dev-Admin", "222222222222", "Admin"),
    ];
    assert_eq!(written, expected.concat());
    let path = scene.world.path(".aws/config");
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    sync(&scene, &["--prune"]).success().assert_stderr("aws-auth: corp: 3 roles, nothing to change\n");
    assert_eq!((config(&scene), std::fs::metadata(&path).unwrap().modified().unwrap()), (written, before));
    // What was written works.
    let child = scene.world.run(["-p", "dev-Admin", "env", "-0"]).env_of_child();
    assert_eq!(child["AWS_ACCOUNT_ID"], "222222222222");
}

#[test]
fn a_dry_run_shows_on_stdout_and_writes_nothing() {
    let scene = scene();
    let run = sync(&scene, &["--dry-run"]);
    run.success().assert_stderr("aws-auth: corp: 3 roles; 3 profiles would be added, 0 removed, 0 were there\n");
    assert!(run.stdout_text().contains("+[profile dev-Admin]\n+sso_session = corp\n"), "{}", run.report());
    assert_eq!(config(&scene), SESSION);
}

#[test]
fn pages_are_read_to_the_end_and_throttling_is_waited_for() {
    let scene = scene();
    for account in 0..12 {
        scene.sso.add_account(&format!("3333333333{account:02}"), &format!("a{account}"), &["A", "B", "C"]);
    }
    scene.sso.state().page = 2;
    scene.sso.state().throttled = 5;
    sync(&scene, &["-q"]).success().assert_stderr("");
    assert_eq!(config(&scene).matches("aws_auth_synced").count(), 39);
    let lines = scene.sso.web.lines();
    assert!(lines.iter().any(|line| line.contains("/assignment/roles?") && line.contains("next_token=2")), "{lines:?}");
}

#[test]
fn prune_removes_just_the_section_whose_role_is_gone() {
    let scene = scene();
    sync(&scene, &[]).success();
    // An edit of a person, a comment, and a section of a person below.
    let edited = config(&scene)
        .replace("sso_role_name = ReadOnly\n", "sso_role_name = ReadOnly\noutput = text\n# mine\n")
        + "\n[profile own]\nregion=eu-west-1\n";
    scene.world.config(&edited);
    sync(&scene, &[]).success().assert_stderr("aws-auth: corp: 3 roles, nothing to change\n");
    scene.sso.unassign("111111111111", "Admin");
    let run = sync(&scene, &[]);
    run.success().assert_stderr(
        "aws-auth: 1 profile with a role that is gone (Digital-Market-prod-Admin); --prune removes them\naws-auth: corp: 2 \
         roles, nothing to change\n",
    );
    assert_eq!(config(&scene), edited);
    sync(&scene, &["--prune"]).success().assert_stderr_contains("0 profiles added, 1 removed, 2 were there");
    let gone = section("Digital-Market-prod-Admin", "111111111111", "Admin");
    assert_eq!(config(&scene), edited.replace(&gone, ""));
}

#[test]
fn nothing_changes_after_a_listing_that_broke_off() {
    let scene = scene();
    sync(&scene, &[]).success();
    let before = config(&scene);
    scene.sso.unassign("111111111111", "Admin");
    let place = format!("the SSO portal at {}", scene.sso.web.endpoint());
    scene.sso.state().closed = Some(String::from("222222222222"));
    sync(&scene, &["--prune"]).assert_status(125).assert_stderr(&format!(
        "aws-auth: {place} does not list the roles in 222222222222: ForbiddenException: \"No access\"; nothing was \
         changed; ask the administrator of IAM Identity Center\n"
    ));
    scene.sso.state().closed = None;
    scene.sso.state().throttled = usize::MAX;
    let run = sync(&scene, &["--prune"]);
    run.assert_status(125).assert_stderr_contains("does not list the accounts: TooManyRequestsException: ");
    scene.sso.state().throttled = 0;
    scene.sso.instead("/assignment/roles", || Reply::Json(json!({"roleList": [], "nextToken": "same"})));
    sync(&scene, &["--prune"]).assert_status(125).assert_stderr_contains("answered with the same page again");
    assert_eq!(config(&scene), before);
}

#[test]
fn a_name_that_a_person_uses_is_passed_over() {
    let scene = scene();
    let own = format!("{SESSION}\n[profile dev-Admin]\nregion = eu-west-1\n");
    scene.world.config(&own);
    scene.world.credentials("[Digital-Market-prod-Admin]\nregion = eu-west-1\n");
    let run = sync(&scene, &[]);
    for (name, account) in [("dev-Admin", "222222222222"), ("Digital-Market-prod-Admin", "111111111111")] {
        run.assert_stderr_contains(&format!(
            "aws-auth: profile '{name}' is your own, so Admin in {account} gets none; rename yours, or word \
             sso_profile_name otherwise\n"
        ));
    }
    assert_eq!(config(&scene), own + &section("Digital-Market-prod-ReadOnly", "111111111111", "ReadOnly"));
}

#[test]
fn names_that_collide_are_told_apart_by_the_account_and_stay() {
    let scene = scene();
    scene.sso.add_account("444444444444", "dev", &["Admin"]);
    sync(&scene, &[]).success();
    let first = config(&scene);
    for account in ["222222222222", "444444444444"] {
        assert!(first.contains(&section(&format!("dev-Admin-{account}"), account, "Admin")), "{first}");
    }
    // A role keeps its name when another one comes, or when its account is renamed.
    scene.sso.add_account("555555555555", "dev", &["Admin"]);
    scene.sso.add_account("222222222222", "development", &[]);
    sync(&scene, &["--prune"]).success();
    assert_eq!(config(&scene), first + &section("dev-Admin", "555555555555", "Admin"));
}

#[test]
fn names_are_made_fit_and_two_that_become_the_same_get_a_number() {
    let scene = scene_with("sso_profile_match = odd*,!*Audit\nsso_profile_region = eu-central-1\n");
    scene.sso.add_account("666666666666", "odd \u{1b}[31m$(x);'\"#]", &["A=b", "A,b", "Audit"]);
    sync(&scene, &[]).success();
    let name = "odd-31m-x-A-b-666666666666-A-b";
    let headers: Vec<String> =
        config(&scene).lines().filter(|line| line.starts_with("[profile")).map(String::from).collect();
    assert_eq!(headers, [format!("[profile {name}-1]"), format!("[profile {name}-2]")]);
    assert_eq!(config(&scene).matches("region = eu-central-1\naws_auth_synced").count(), 2);
    sync(&scene, &[]).success().assert_stderr("aws-auth: corp: 6 roles, nothing to change\n");
}

#[test]
fn a_wording_of_the_names() {
    for (wording, name) in [
        ("{account_id}/{role_name}", "222222222222/Admin"),
        ("{email}.{role_name}", "222222222222@corp.test.Admin"),
        ("{account_name}", "dev"),
    ] {
        let scene = scene_with(&format!("sso_profile_name = {wording}\nsso_profile_match = {name}\n"));
        sync(&scene, &[]).success();
        assert!(config(&scene).ends_with(&section(name, "222222222222", "Admin")), "{}", config(&scene));
    }
    for (wording, words) in [
        ("{account}", "has {account}, which is not known"),
        ("all", "gives all profiles the same name"),
        ("{account_id", "has a { without its }"),
        ("a b{account_id}", "has a character that would not do in a name"),
    ] {
        let scene = scene_with(&format!("sso_profile_name = {wording}\n"));
        let run = sync(&scene, &[]);
        run.assert_status(125).assert_stderr_contains(&format!("config:5: sso_profile_name {words}; write it as in "));
        assert!(scene.sso.web.lines().is_empty());
    }
}

#[test]
fn the_session_is_named_or_the_only_one() {
    let scene = scene_with("[sso-session other]\nsso_start_url = https://other.awsapps.com/start\n");
    sync(&scene, &[]).assert_status(125).assert_stderr(
        "aws-auth: the config file has several sections [sso-session NAME]; name one: --sync-sso=corp\n",
    );
    let run = scene.world.run(["--sync-sso=other"]);
    run.assert_status(125).assert_stderr_contains("[sso-session other] has no sso_region; it needs ");
    let run = scene.world.run(["--sync-sso=none"]);
    run.assert_status(125).assert_stderr_contains("there is no section [sso-session none]; add it ");
    scene.world.run(["--sync-sso=corp"]).success();
    scene.world.config("");
    sync(&scene, &[]).assert_status(125).assert_stderr_contains("the config file has no section [sso-session NAME]");
}

#[test]
fn a_refused_token_and_a_listing_that_is_interrupted_change_nothing() {
    let scene = scene();
    scene.sso.state().tokens.clear();
    let run = sync(&scene, &[]);
    run.assert_status(125).assert_stderr_contains(
        "no longer accepts the token of the SSO session 'corp': \"Session token not found or invalid\"; nothing was changed",
    );
    scene.sso.instead("/assignment/", || Reply::Silence);
    let running = scene.world.aws_auth().arg("--sync-sso").in_terminal();
    scene.sso.web.wait_for("GET /assignment/accounts?max_result=100");
    running.ctrl_c();
    running.wait().assert_signal(rustix::process::Signal::INT);
    assert_eq!(config(&scene), SESSION);
}

/// A reply of a service that wants fewer calls.
fn throttles() -> Reply {
    Reply::Refusal(429, "TooManyRequestsException", json!({"message": "slow down"}))
}

#[test]
fn a_slow_listing_shows_how_far_it_is_and_leaves_no_line_behind() {
    let scene = scene();
    scene.sso.instead("/assignment/roles", throttles);
    let run = |quiet: bool| {
        let run = scene.world.aws_auth().args(if quiet { &["-q", "--sync-sso"][..] } else { &["--sync-sso"] });
        run.env("AWS_AUTH_SYNC_TIMEOUT", "1h").env("TERM", "xterm").stderr_on_terminal().in_terminal()
    };
    let running = run(false);
    running.expect(" 0 of 2 accounts, ");
    scene.sso.state().instead.clear();
    let output = running.wait();
    output.success().assert_terminal_restored();
    let screen = seen(output.transcript(), 100);
    assert!(!screen.contains(" of 2 accounts"), "{screen}");
    assert!(screen.ends_with("aws-auth: corp: 3 roles; 3 profiles added, 0 removed, 0 were there\n"), "{screen}");
    // Neither with --quiet, nor where stderr is no terminal.
    assert!(!run(true).wait().success().transcript().contains("accounts"));
    assert!(!sync(&scene, &[]).success().stderr.contains("accounts"));
}

#[test]
fn a_login_that_expires_during_the_listing_changes_nothing() {
    let scene = scene();
    sync(&scene, &[]).success();
    let before = config(&scene);
    scene.sso.add_account("333333333333", "new", &["Admin"]);
    scene.sso.unassign("111111111111", "Admin");
    scene.sso.instead("/assignment/roles", || {
        Reply::Refusal(401, "UnauthorizedException", json!({"message": "Session token not found or invalid"}))
    });
    let run = sync(&scene, &["--prune"]);
    run.assert_status(125).assert_stderr_contains(
        "no longer accepts the token of the SSO session 'corp': \"Session token not found or invalid\"; nothing was changed",
    );
    assert!(scene.sso.web.lines().iter().any(|line| line.starts_with("GET /assignment/accounts")));
    assert_eq!(config(&scene), before);
}

#[test]
fn a_service_that_cuts_the_connection_changes_nothing() {
    let scene = scene();
    scene.sso.instead("/assignment/roles", || Reply::Close);
    sync(&scene, &[]).assert_status(125).assert_stderr_contains("closed the connection without an answer");
    assert_eq!(config(&scene), SESSION);
}

#[test]
fn ctrl_c_at_each_step_of_writing_leaves_a_whole_file() {
    const TEST: &str = "ctrl_c_at_each_step_of_writing_leaves_a_whole_file";
    if !crate::lock::strace(&scene().world, TEST) {
        return;
    }
    let scene = scene();
    sync(&scene, &[]).success();
    let after = config(&scene);
    let mut written = Vec::new();
    for call in ["fsync,fdatasync", "rename,renameat,renameat2"] {
        scene.world.config(SESSION);
        let inject = format!("inject={call}:signal=SIGINT:when=1");
        let run = scene.world.aws_auth().arg("--sync-sso").through(["strace", "-f", "-o", "/dev/null", "-e", &inject]);
        run.run().assert_signal(rustix::process::Signal::INT);
        let now = config(&scene);
        assert!(now == SESSION || now == after, "{call}: {now}");
        written.push(now == after);
        let directory = std::fs::read_dir(scene.world.path(".aws")).unwrap();
        let names: Vec<String> = directory.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.iter().all(|name| ["config", "sso", "cli"].contains(&&**name)), "{call}: {names:?}");
    }
    assert!(written.contains(&false), "each was written before Ctrl-C came");
    // The next run ends what one of them left undone.
    sync(&scene, &[]).success();
    assert_eq!(config(&scene), after);
}

#[test]
fn a_profile_whose_source_is_pruned_is_named() {
    let scene = scene();
    sync(&scene, &[]).success();
    let own = "\n[profile deploy]\nrole_arn = arn:aws:iam::333333333333:role/deploy\nsource_profile = dev-Admin\n\
               [profile like]\ninclude_profile = dev-Admin\nregion = eu-west-1\n";
    scene.world.config(&(config(&scene) + own));
    scene.sso.unassign("222222222222", "Admin");
    for (args, words) in
        [(&["--prune", "--dry-run"][..], "', which would be removed"), (&["--prune"], "', which was removed")]
    {
        let run = sync(&scene, args);
        for (name, key) in [("deploy", "source_profile"), ("like", "include_profile")] {
            run.success().assert_stderr_contains(&format!(
                "warning: profile '{name}' has the {key} 'dev-Admin{words}; give it another one\n"
            ));
        }
    }
    assert!(config(&scene).ends_with(own) && !config(&scene).contains("[profile dev-Admin]"), "{}", config(&scene));
    let run = scene.world.run(["-p", "deploy", "true"]);
    run.assert_status(125).assert_stderr_contains("has the source_profile 'dev-Admin', which does not exist");
}
