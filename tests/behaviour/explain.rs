//! `--explain`: how a profile resolves, and what a run would do now.

use crate::plan_cases::inputs;
use crate::world::{World, seed};
use serde_json::Value;

const SOPS: &str = "arn:aws:iam::398263320410:role/sops-credentials-access";

/// What is printed for sops in a seeded world; `session`, `role` and `run` are the parts that vary.
fn sops(world: &World, session: &str, role: &str, run: &str) -> String {
    let (home, key, endpoint) = (world.home().display(), &world.user.access_key_id, world.sts.endpoint());
    format!(
        "profile sops (--profile)\n   sops: {home}/.aws/config:2\n   default: {home}/.aws/credentials:2\n\n\
         1. long-term keys {key} of profile default\n   {home}/.aws/credentials:3\n\
         2. MFA session of {serial}, for 12h\n   {home}/.aws/config:4\n   GetSessionToken with a code; {session}\n\
         3. role {SOPS}, for 1h\n   {home}/.aws/config:5\n   AssumeRole with the MFA session, as session jo; {role}\n\n\
         a run now: {run}\n\
         STS: us-east-1 (by the partition), {endpoint} (AWS_ENDPOINT_URL_STS)\n\
         region for the command: none; the profile and its sources name none\n\
         settings for the command: none\n",
        serial = seed::SERIAL
    )
}

/// The text with every time of day as TIME.
fn without_times(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("good until ") {
        let (_, after) = after.split_once(" (").expect("a time, then what is left");
        result.push_str(before);
        result.push_str("good until TIME (");
        rest = after;
    }
    result + rest
}

#[test]
fn a_profile_is_explained_step_by_step() {
    let world = World::seeded();
    let nowhere = format!(
        "needs a code of {} and fails: there is no terminal, no AWS_AUTH_MFA_TOKEN and no mfa_process",
        seed::SERIAL
    );
    let output = world.run(["-p", "sops", "--explain"]);
    output.success().assert_stderr("").assert_stdout(&sops(&world, "not cached", "not cached", &nowhere));
    assert_eq!(world.sts.connections(), 0);
    assert!(!world.own_cache_dir().exists(), "no lock is taken and nothing is written");
}

#[test]
fn what_the_caches_hold_is_shown_and_what_a_run_would_do_with_it() {
    let world = World::seeded();
    world.sts.set_role_lifetime(Some(43 * 60 + 30));
    world.sts.set_session_lifetime(Some(7 * 3600 + 12 * 60 + 30));
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    let explain = || without_times(&world.run(["-p", "sops", "--explain"]).success().stdout_text());
    let (session, role) = ("cached, good until TIME (7h 12m)", "cached, good until TIME (43m)");
    let taken = "takes the cached credentials (43m left), makes no call, asks for no code";
    assert_eq!(explain(), sops(&world, session, role, taken));
    let other = world.run(["-p", "main-infrastructure", "--explain"]).success().stdout_text();
    assert!(
        other.contains("a run now: calls AssumeRole arn:aws:iam::398263320410:role/infrastructure; asks for no code\n"),
        "{other}"
    );
    let patient = world.run(["-p", "sops", "--min-ttl", "2h", "--explain"]).success().stdout_text();
    assert!(patient.contains("takes the cached credentials"), "at most two thirds of an hour are required: {patient}");
    let anew = world.run(["-p", "sops", "--refresh", "--explain"]).success().stdout_text();
    assert!(anew.contains(&format!("a run now: calls AssumeRole {SOPS}; asks for no code\n")), "{anew}");
    assert!(anew.contains("note: --refresh: cached role credentials are ignored\n"), "{anew}");
    let none = world.run(["-p", "sops", "--no-cache", "--explain"]).success().stdout_text();
    assert!(none.contains("GetSessionToken with a code; not cached\n"), "{none}");
}

#[test]
fn where_a_code_would_come_from_is_told() {
    let world = World::seeded();
    world.append_config("[profile by-process]\nsource_profile = default\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\nrole_arn = arn:aws:iam::398263320410:role/x\nmfa_process = pass otp hunter2\n");
    let calls = |source: &str, role: &str| {
        format!(
            "a run now: calls GetSessionToken, then AssumeRole {role}; takes a code of {} from {source}\n",
            seed::SERIAL
        )
    };
    let option = world.run(["-p", "sops", "-t", "123456", "--explain"]).success().stdout_text();
    assert!(option.contains(&calls("--mfa-token", SOPS)), "{option}");
    let variable = world.aws_auth().args(["-p", "sops", "--explain"]).env("AWS_AUTH_MFA_TOKEN", "123456").run();
    assert!(variable.stdout_text().contains(&calls("AWS_AUTH_MFA_TOKEN", SOPS)), "{}", variable.report());
    assert!(!(option + &variable.stdout_text()).contains("123456"));
    let process = world.run(["-p", "by-process", "--explain"]).success().stdout_text();
    let place = format!("mfa_process ({}:22)", world.path(".aws/config").display());
    assert!(process.contains(&calls(&place, "arn:aws:iam::398263320410:role/x")), "{process}");
    assert!(!process.contains("hunter2"), "{process}");
    let typed = world.aws_auth().args(["-p", "sops", "--explain"]).in_terminal().wait();
    assert!(typed.stdout_text().contains(&calls("the terminal", SOPS)), "{}", typed.report());
    typed.success().assert_transcript("");
}

#[test]
fn a_broken_profile_is_shown_as_far_as_it_goes() {
    let world = World::new();
    world.config("[profile a]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = b\n[profile b]\nrole_arn = arn:aws:iam::123456789012:role/b\nsource_profile = a\n");
    let config = world.path(".aws/config").display().to_string();
    let walked = format!("profile a (--profile)\n   a: {config}:1\n   b: {config}:4\n\na run now: fails\n");
    let error = format!(
        "aws-auth: {config}:6: source_profile goes in a circle: a -> b -> a; one of them must name a profile that has keys of its own\n"
    );
    world.run(["-p", "a", "--explain"]).assert_status(125).assert_stdout(&walked).assert_stderr(&error);
    let output = world.run(["-p", "a", "--explain", "--json"]);
    output.assert_status(125).assert_stderr(&error);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["outcome"], "error");
    assert_eq!(json["profiles"][1]["at"][0], format!("{config}:4"));
    assert_eq!(json["error"]["fact"], format!("{config}:6: source_profile goes in a circle: a -> b -> a"));
    world
        .run(["-p", "no", "--explain"])
        .assert_status(125)
        .assert_stdout("profile no (--profile)\n\na run now: fails\n");
}

#[test]
fn differences_that_matter_are_noted() {
    let world = World::seeded();
    let output = world
        .aws_auth()
        .keys("AKIAOTHER", "x", "")
        .profile("sops")
        .env("AWS_DEFAULT_PROFILE", "main-infrastructure")
        .arg("--explain")
        .run();
    output.success().assert_stderr("");
    assert!(output.stdout_text().ends_with(
        "note: AWS_PROFILE is 'sops' and AWS_DEFAULT_PROFILE is 'main-infrastructure'; using AWS_PROFILE \
         (AWS CLI 1 uses the other)\n\
         note: the keys AKIAOTHER in the environment are not used: a profile is named (the AWS CLI would take the keys)\n"
    ), "{}", output.report());
    let through = world.aws_auth().keys("AKIAOTHER", "x", "y").arg("--explain").run();
    through.success().assert_stderr("").assert_stdout(
        "no profile is named, and the environment holds keys\na run now: gives the command the temporary keys AKIAOTHER as they are\n",
    );
}

#[test]
fn the_region_for_the_command_and_where_it_comes_from() {
    let world = World::seeded();
    world.append_config("[profile regional]\nsource_profile = default\nregion = eu-west-2\nrole_arn = arn:aws:iam::398263320410:role/x\n");
    let place = format!("{}:20", world.path(".aws/config").display());
    let line = |args: &[&str], region: Option<&str>| {
        let run = world.aws_auth().args(["-p", "regional", "--explain"]).args(args);
        let text = match region {
            Some(region) => run.env("AWS_REGION", region).run(),
            None => run.run(),
        };
        let text = text.success().stdout_text();
        text.lines().find_map(|line| line.strip_prefix("region for the command: ")).unwrap().to_owned()
    };
    assert_eq!(line(&[], None), format!("eu-west-2 ({place})"));
    assert_eq!(line(&["--region", "eu-west-3"], None), "eu-west-3 (--region)");
    assert_eq!(line(&[], Some("eu-west-1")), "eu-west-1 (AWS_REGION)");
}

#[test]
fn json_says_the_same_to_programs() {
    let world = World::seeded();
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    let output = world.run(["-p", "main-infrastructure", "--explain", "--json"]);
    let json: Value = serde_json::from_slice(&output.success().stdout).unwrap();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "bounded",
            "guarded",
            "included",
            "named_by",
            "notes",
            "outcome",
            "private_config",
            "profile",
            "profiles",
            "region",
            "run",
            "settings",
            "steps",
            "sts"
        ]
    );
    assert_eq!(json["profile"], "main-infrastructure");
    assert_eq!(json["named_by"], "--profile");
    assert_eq!(json["outcome"], "credentials");
    let kinds: Vec<&str> =
        json["steps"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["keys", "mfa-session", "role"]);
    assert_eq!(json["steps"][2]["at"], format!("{}:17", world.path(".aws/config").display()));
    assert!(json["steps"][1]["cached"]["seconds_left"].as_i64().unwrap() > 43000);
    assert_eq!(json["steps"][1]["cached"]["usable"], true);
    assert_eq!(json["steps"][2]["cached"], Value::Null);
    assert_eq!(json["run"]["calls"][0], "AssumeRole arn:aws:iam::398263320410:role/infrastructure");
    assert_eq!(json["run"]["code"], Value::Null);
    assert_eq!(json["sts"]["endpoint"], world.sts.endpoint());
    assert_eq!(json["sts"]["region"], "us-east-1");
}

#[test]
fn every_plan_case_is_explained_with_file_and_line_and_without_a_secret() {
    const CANARY: &str = "CanaryOfEveryPlanCase";
    let hide = |text: String| {
        text.replace("key = secret", &format!("key = {CANARY}")).replace("token = token", &format!("token = {CANARY}"))
    };
    let mut explained = 0;
    for case in inputs() {
        let world = World::new();
        for (path, text) in [(".aws/config", case.config), (".aws/credentials", case.credentials)] {
            if let Some(text) = text {
                world.write(path, hide(text));
            }
        }
        let run = |json: bool| {
            let mut run = world.aws_auth().env_remove("AWS_ENDPOINT_URL_STS").args(&case.args).arg("--explain");
            for entry in &case.env {
                let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
                run = run.env(name, hide(value.to_owned()));
            }
            if json { run.arg("--json").run() } else { run.run() }
        };
        let (text, json) = (run(false), run(true));
        for output in [&text, &json] {
            assert_eq!(
                output.status,
                crate::world::Status::Code(if case.resolves { 0 } else { 125 }),
                "{}: {}",
                case.name,
                output.report()
            );
            let all = output.stdout_text() + &output.stderr;
            assert!(!all.contains(CANARY) && !all.contains("panicked"), "{}: {}", case.name, output.report());
            assert!(all.chars().all(|c| c == '\n' || !c.is_control()), "{}: {}", case.name, output.report());
        }
        let lines = text.stdout_text();
        let lines: Vec<&str> = lines.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some((number, _)) = line.split_once(". ") else { continue };
            if number.len() == 1 && number.starts_with(|c: char| c.is_ascii_digit()) {
                let place = lines[at + 1].trim();
                let in_file = place
                    .rsplit_once(':')
                    .is_some_and(|(path, line)| path.starts_with('/') && line.parse::<u32>().is_ok());
                let elsewhere =
                    place == "--role-arn" || place.starts_with("AWS_") || place == "no other credentials are named";
                assert!(in_file || elsewhere, "{}: {place:?} in {}", case.name, text.report());
                explained += 1;
            }
        }
        if !json.stdout.is_empty() {
            serde_json::from_slice::<Value>(&json.stdout).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        }
        assert!(!world.own_cache_dir().exists(), "{}", case.name);
    }
    assert!(explained > 150, "only {explained} steps were seen");
}
