//! `--list`: every profile and what it resolves to.

use crate::kit::with_a_session;
use crate::world::{AWS_AUTH, Invocation, Output, Terminal, World, seed};
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
    with_a_session(&world, "sops");
    let config = world.path(".aws/config").display().to_string();
    let broken = format!("broken: {config}:20: profile 'broken' has the source_profile 'nobody', which does not exist");
    let session = "default      jo   -          session 11h";
    in_terminal(&world, "300").assert_transcript(&format!(
        "  PROFILE                     ACCOUNT       ROLE                     SOURCE       MFA  REGION     LEFT\r\n\
         \x20 sops                        398263320410  sops-credentials-access  default      jo   -          43m\r\n\
         \x20 development-infrastructure  381494870249  infrastructure           {session}\r\n\
         \x20 production-infrastructure   050019655025  infrastructure           {session}\r\n\
         \x20 main-infrastructure         398263320410  infrastructure           {session}\r\n\
         \x20 broken                      {broken}\r\n\
         \x20 bare                        -             -                        the machine  -    -          -\r\n\
         \x20 sso                         111122223333  Admin                    SSO team     -    eu-west-2  -\r\n\
         * default                     -             -                        default      -    -          -\r\n"
    ));
    for columns in ["80", "60", "46"] {
        let output = in_terminal(&world, columns);
        let most = columns.parse().unwrap();
        assert!(output.transcript().lines().all(|line| line.chars().count() <= most), "{}", output.report());
    }
    // The world's terminal has 80 columns.
    let output = world.aws_auth().arg("--list").stdout_on_terminal().in_terminal().wait();
    assert_eq!(output.transcript(), in_terminal(&world, "80").transcript());
}

#[test]
fn profiles_and_accounts_are_whole_in_every_terminal() {
    let world = world();
    let piped = world.run(["--list"]).success().stdout_text();
    for columns in ["160", "80", "60", "40", "20", "1"] {
        let output = in_terminal(&world, columns);
        let mut lines = output.transcript().lines();
        for row in piped.lines() {
            let cells: Vec<&str> = row.split('\t').collect();
            let own = lines.find(|line| line.split_whitespace().any(|word| word == cells[0]));
            let own = own.unwrap_or_else(|| panic!("no {}: {}", cells[0], output.report()));
            let next = lines.clone().next().unwrap_or_default();
            assert!(own.contains(cells[1]) || next.contains(cells[1]), "{row}: {}", output.report());
        }
    }
}

/// What `tests/golden/list-WIDTH.txt` says: the profiles of the README after the first code of the day, and profiles
/// that fill each column. AWS_AUTH_WRITE_GOLDEN=1 writes it.
#[test]
fn the_screens_are_those_of_the_golden_files() {
    let (readme, other) = (World::seeded(), World::seeded());
    for (world, profile) in [(&readme, "sops"), (&other, "production-infrastructure")] {
        // Half a minute more than 43m, so that a slow test still sees 43m.
        world.sts.set_role_lifetime(Some(43 * 60 + 30));
        with_a_session(world, profile);
    }
    other.append_config(
        "[profile analytics-warehouse-read-only]\nregion = ap-southeast-2\nsource_profile = default\n\
         mfa_serial = arn:aws:iam::398263320410:mfa/jo\n\
         role_arn = arn:aws:iam::381494870249:role/teams/analytics-warehouse-read-only-access\n\
         [profile 帳號]\nregion = eu-west-2\nsso_session = team\nsso_account_id = 111122223333\n\
         sso_role_name = AdministratorAccess\n\
         [sso-session team]\nsso_start_url = https://team.awsapps.com/start\nsso_region = eu-west-1\n",
    );
    for columns in [40, 80, 160] {
        let screen = |world: &World, profile: &str| {
            let terminal = Terminal::open();
            terminal.set_columns(columns);
            let run = world.aws_auth().args(["-p", profile, "--list"]).stdout_on_terminal().terminal(terminal);
            let output = run.in_terminal().wait();
            output.success().assert_stderr("");
            output.transcript().replace("\r\n", "\n")
        };
        let shown = screen(&readme, "development-infrastructure") + "\n" + &screen(&other, "帳號");
        let golden = format!("{}/tests/golden/list-{columns}.txt", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("AWS_AUTH_WRITE_GOLDEN").is_some() {
            std::fs::write(&golden, &shown).unwrap();
        }
        assert_eq!(shown, std::fs::read_to_string(&golden).unwrap(), "{golden}");
    }
}

#[test]
fn the_profile_that_a_run_would_use_is_marked() {
    let world = world();
    let marked = |run: Invocation<'_>| {
        let output = run.arg("--list").stdout_on_terminal().in_terminal().wait();
        output.success().assert_stderr("");
        let marked = output.transcript().lines().filter_map(|line| line.strip_prefix("* "));
        marked.map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let run = || world.aws_auth();
    assert_eq!(marked(run()), ["default"]);
    assert_eq!(marked(run().env("AWS_DEFAULT_PROFILE", "sso")), ["sso"]);
    assert_eq!(marked(run().env("AWS_DEFAULT_PROFILE", "sops").profile("sops").args(["-p", "sso"])), ["sso"]);
    assert_eq!(marked(run().profile("sops")), ["sops"]);
    assert_eq!(marked(run().profile("broken")), ["broken"]);
    assert_eq!(marked(run().profile("nobody")), [""; 0]);
    // A run that names no profile would use these keys.
    assert_eq!(marked(run().keys("AKIAEXAMPLE", "example", "")), [""; 0]);
    assert_eq!(marked(run().keys("AKIAEXAMPLE", "example", "").profile("sso")), ["sso"]);
    // Inside another run they are those of its profile.
    let code = world.fresh_code();
    let nested = run().args(["-p", "sops", AWS_AUTH]).env("AWS_AUTH_MFA_TOKEN", code);
    assert_eq!(marked(nested), ["sops"]);
    world.credentials("");
    assert_eq!(marked(run()), [""; 0]);
    world.append_config("[default]\nregion = eu-west-1\n");
    assert_eq!(marked(run()), ["default"]);
}

#[test]
fn colour_is_for_terminals_that_have_it_and_people_who_want_it() {
    let world = world();
    let header = |name: &str, value: &str| {
        let run = world.aws_auth().arg("--list").env("TERM", "xterm").env(name, value);
        let output = run.stdout_on_terminal().in_terminal().wait();
        output.success().transcript().lines().next().unwrap_or_default().to_owned()
    };
    assert!(header("A", "b").starts_with("\x1b[1m  PROFILE "));
    assert!(header("NO_COLOR", "1").starts_with("  PROFILE "));
    assert!(header("NO_COLOR", "").starts_with("\x1b[1m  PROFILE "), "an empty NO_COLOR has no effect");
    assert!(header("TERM", "dumb").starts_with("  PROFILE "));
    let run = world.aws_auth().args(["-p", "sops", "--list"]).env("TERM", "xterm").stdout_on_terminal();
    let coloured = run.in_terminal().wait().transcript().to_owned();
    let lines: Vec<&str> = coloured.lines().filter(|line| line.starts_with('\x1b')).collect();
    assert!(matches!(lines[..], [_, sops] if sops.starts_with("\x1b[1;32m* sops ") && sops.ends_with("\x1b[0m")));
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
        assert_eq!(
            keys,
            [
                "account",
                "bounded",
                "cached",
                "current",
                "mfa",
                "mfa_session",
                "problem",
                "profile",
                "region",
                "role",
                "source"
            ]
        );
    }
    assert_eq!(rows[0]["profile"], "sops");
    assert_eq!(rows[0]["account"], seed::ACCOUNT);
    assert!(rows[0]["cached"]["seconds_left"].as_i64().unwrap() > 2500);
    assert_eq!(rows[1]["cached"], Value::Null);
    assert!(rows[1]["mfa_session"]["seconds_left"].as_i64().unwrap() > 43000);
    assert!(rows[4]["problem"].as_str().unwrap().contains("which does not exist"));
    assert_eq!(rows[5]["problem"], Value::Null);
    let current: Vec<&Value> = rows.iter().map(|row| &row["current"]).collect();
    assert_eq!(current, [false, false, false, false, false, false, false, true]);
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
fn without_a_profile_it_says_how_to_begin() {
    let world = World::new();
    let [config, credentials] = [".aws/config", ".aws/credentials"].map(|file| world.path(file).display().to_string());
    let words = format!(
        "aws-auth: there are no profiles in {config} and {credentials}; write them, for example:\n\n    \
         # {config}\n    [profile production]\n    source_profile = default\n    \
         role_arn = arn:aws:iam::<account>:role/<role>\n    # if the role asks for an MFA code:\n    \
         mfa_serial = arn:aws:iam::<account>:mfa/<IAM username>\n\n    \
         # {credentials}\n    [default]\n    aws_access_key_id = <access key id>\n    \
         aws_secret_access_key = <secret access key>\n\n    \
         # then, for any command:\n    aws-auth -p production COMMAND\n    # or, to be asked for all of this:\n    aws-auth --setup\n\n"
    );
    world.run(["--list"]).success().assert_stdout("").assert_stderr(&words);
    let output = world.aws_auth().arg("--list").stdout_on_terminal().in_terminal().wait();
    output.success().assert_transcript("").assert_stderr(&words);
    world.run(["--list", "-q"]).success().assert_stdout("").assert_stderr("");
    world.run(["--list", "--json"]).success().assert_stdout("[]\n").assert_stderr("");
    world.aws_auth().arg("--list").env("AWS_CONFIG_FILE", "").run().success().assert_stderr(
        "aws-auth: there are no profiles, and no place to look for them; set HOME, or AWS_CONFIG_FILE and \
         AWS_SHARED_CREDENTIALS_FILE\n",
    );
    // What it shows is a pair of files, and no command runs with its placeholders.
    let example = words.split_once("example:\n").unwrap().1;
    let (first, second) = example.split_once(&format!("# {credentials}")).unwrap();
    let unindented = |text: &str| text.lines().map(str::trim_start).fold(String::new(), |all, line| all + line + "\n");
    world.config(&unindented(first));
    world.credentials(&unindented(second.split_once("# then").unwrap().0));
    world.run(["-p", "production", "true"]).assert_status(125).assert_stderr_contains("still holds a placeholder");
}

#[test]
fn what_does_not_go_with_it_is_said() {
    let world = World::seeded();
    world
        .run(["--list", "--role-arn", "arn:aws:iam::123456789012:role/x"])
        .assert_status(125)
        .assert_stderr("aws-auth: --role-arn and --list exclude each other; write one of them\n");
    world.run(["--json", "true"]).assert_status(125).assert_stderr(
        "aws-auth: --json goes with --explain, --list, --status, --whoami, --check or --each; write both, or leave it out\n",
    );
    world
        .run(["--list", "--status"])
        .assert_status(125)
        .assert_stderr("aws-auth: --list and --status exclude each other; write one of them\n");
}

#[test]
fn profiles_of_two_users_in_turns_show_each_its_own_session() {
    let world = World::seeded();
    let serial = "mfa_serial = arn:aws:iam::398263320410:mfa/jo";
    world.append_config(&format!(
        "[profile keys]\naws_access_key_id = AKIAOTHER\naws_secret_access_key = x\n\
         [profile other]\nrole_arn = arn:aws:iam::398263320410:role/a\nsource_profile = keys\n{serial}\n\
         [profile mine]\nrole_arn = arn:aws:iam::398263320410:role/a\nsource_profile = default\n{serial}\n\
         [profile others]\nrole_arn = arn:aws:iam::398263320410:role/b\nsource_profile = keys\n{serial}\n"
    ));
    with_a_session(&world, "sops");
    let rows: Value = serde_json::from_slice(&world.run(["--list", "--json"]).success().stdout).unwrap();
    let has_session = |name: &str| {
        let row = rows.as_array().unwrap().iter().find(|row| row["profile"] == name).unwrap();
        !row["mfa_session"].is_null()
    };
    assert_eq!(["other", "mine", "others", "main-infrastructure"].map(has_session), [false, true, false, true]);
}

#[test]
fn many_profiles_keep_the_order_of_the_files() {
    let world = World::new();
    let rows = (0..1201).map(|n| (format!("p{}", n * 7919 % 1201), format!("{n:012}")));
    let rows: Vec<(String, String)> = rows.collect();
    let profile = |(name, account): &(String, String)| {
        format!("[profile {name}]\nrole_arn = arn:aws:iam::{account}:role/r\ncredential_source = Ec2InstanceMetadata\n")
    };
    world.config(&rows.iter().map(profile).collect::<String>());
    let listed = world.run(["--list"]).success().stdout_text();
    let listed: Vec<String> =
        listed.lines().map(|line| line.split('\t').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(listed, rows.iter().map(|(name, account)| format!("{name} {account}")).collect::<Vec<_>>());
}
