//! Tokens that no file holds: those of GitHub Actions, and those that a `web_identity_token_process` prints.

use crate::world::github::Job;
use crate::world::web::Reply;
use crate::world::{Fault, Invocation, Role, World};
use rustix::process::Signal;

const CI: &str = "arn:aws:iam::111111111111:role/ci";
const DEPLOY: &str = "arn:aws:iam::222222222222:role/deploy";
const ACTION: &str = "AssumeRoleWithWebIdentity";
const ASKED: &str = "GET /42//idtoken/job?api-version=2.0&audience=sts.amazonaws.com";

fn world() -> World {
    let world = World::new();
    world.config(&format!(
        "[profile ci]\nrole_arn = {CI}\ncredential_source = GitHubActions\n[profile deploy]\nrole_arn = {DEPLOY}\n\
         source_profile = ci\n[profile named]\nrole_arn = {CI}\ncredential_source = GitHubActions\n\
         role_session_name = plan\n"
    ));
    world.sts.add_role(Role::new(CI).max_session(43200));
    world.sts.add_role(Role::new(DEPLOY));
    world
}

/// A run in a job whose workflow sets only the role.
fn without_profile<'w>(world: &'w World, job: &Job) -> Invocation<'w> {
    job.within(world.aws_auth()).env("AWS_ROLE_ARN", CI)
}

/// The names of the entries in aws-auth's own cache.
fn own_entries(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.own_cache_dir()).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("role-")).collect()
}

/// The beginning of each error about GitHub's token for profile `ci`.
fn about(world: &World, job: &Job) -> String {
    let place = job.web.endpoint().replace("http://", "").split(':').next().unwrap().to_owned();
    format!("aws-auth: {}:3: profile 'ci': GitHub at {place}", world.path(".aws/config").display())
}

#[test]
fn a_profile_takes_the_jobs_token_once_and_its_role_is_kept() {
    let world = world();
    let job = Job::new(&world.sts);
    let run = || job.within(world.aws_auth()).args(["-p", "ci", "env", "-0"]).run();
    let child = run().env_of_child();
    assert_eq!(run().env_of_child()["AWS_ACCESS_KEY_ID"], child["AWS_ACCESS_KEY_ID"]);
    assert_eq!(job.web.lines(), [ASKED]);
    assert_eq!(world.sts.actions(), [ACTION]);
    assert_eq!((child["AWS_ACCOUNT_ID"].as_str(), child["AWS_AUTH_PROFILE"].as_str()), ("111111111111", "ci"));
    assert_eq!(child["ACTIONS_ID_TOKEN_REQUEST_TOKEN"], job.secret, "the command may ask for a token of its own");
    assert!(child.contains_key("ACTIONS_ID_TOKEN_REQUEST_URL"));
    // The AWS CLI does not know this credential_source, so it would not make this request.
    assert!(world.cli_cache().is_empty());
    assert_eq!(own_entries(&world).len(), 1);
    for name in own_entries(&world) {
        let text = std::fs::read_to_string(world.own_cache_dir().join(name)).unwrap();
        assert!(!text.contains("canary") && !text.contains(&job.secret), "{text}");
    }
}

#[test]
fn without_a_profile_the_role_of_the_environment_is_assumed() {
    let world = world();
    let job = Job::new(&world.sts);
    let output = without_profile(&world, &job).env("AWS_ROLE_SESSION_NAME", "plan-7").args(["-v", "env", "-0"]).run();
    let child = output.env_of_child();
    assert_eq!(world.sts.last(ACTION).param("RoleSessionName"), "plan-7");
    assert!(!child.contains_key("AWS_ROLE_ARN") && child.contains_key("ACTIONS_ID_TOKEN_REQUEST_URL"));
    output.assert_stderr_contains(&format!(
        "aws-auth: no profile is named\naws-auth: begins with role {CI} assumed with the token of this GitHub Actions job \
         (AWS_ROLE_ARN)\n"
    ));
    output.assert_stderr_contains("aws-auth: asking GitHub at 127.0.0.1 for a token for sts.amazonaws.com\n");
    let login = without_profile(&world, &job).arg("--login").run();
    assert_eq!(crate::kit::masked(&login.success().stderr), format!("aws-auth: no profile: role {CI} until HH:MM\n"));
}

#[test]
fn what_counts_before_and_after_the_jobs_token() {
    let world = world();
    let job = Job::new(&world.sts);
    let key = |run: Invocation<'_>| run.args(["env", "-0"]).run().env_of_child()["AWS_ACCESS_KEY_ID"].clone();
    let user = &world.user;
    // Keys in the environment pass through.
    let run = without_profile(&world, &job);
    assert_eq!(key(run.keys(&user.access_key_id, &user.secret_access_key, "")), user.access_key_id);
    assert!(job.web.lines().is_empty());
    // The keys of [default] come after the token; AWS_WEB_IDENTITY_TOKEN_FILE before it.
    world.credentials(&format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        user.access_key_id, user.secret_access_key
    ));
    assert_ne!(key(without_profile(&world, &job)), user.access_key_id);
    assert_eq!(job.web.lines(), [ASKED]);
    world.sts.accept_web_identity("of-a-file", "pod");
    let token = world.write("token", "of-a-file");
    key(without_profile(&world, &job).env("AWS_WEB_IDENTITY_TOKEN_FILE", token));
    assert_eq!(world.sts.last(ACTION).param("WebIdentityToken"), "of-a-file");
    // A profile that is named, and a role without GitHub's variables.
    assert_eq!(key(without_profile(&world, &job).args(["-p", "default"])), user.access_key_id);
    assert_eq!(key(world.aws_auth().env("AWS_ROLE_ARN", CI)), user.access_key_id);
    assert_eq!(job.web.lines(), [ASKED]);
}

#[test]
fn one_entry_for_each_job_and_each_request() {
    let world = world();
    let (first, second) = (Job::new(&world.sts), Job::new(&world.sts));
    for job in [&first, &second] {
        for profile in ["ci", "named"] {
            for _ in 0..2 {
                job.within(world.aws_auth()).args(["-p", profile, "true"]).run().success();
            }
        }
        assert_eq!(job.web.lines(), [ASKED, ASKED]);
    }
    assert_eq!(own_entries(&world).len(), 4);
    first.within(world.aws_auth()).args(["-p", "ci", "--duration", "2h", "--read-only", "true"]).run().success();
    assert_eq!(own_entries(&world).len(), 5);
    assert_eq!(world.sts.last(ACTION).param("DurationSeconds"), "7200");
    let out = first.within(world.aws_auth()).args(["-p", "ci", "--logout"]).run();
    out.success();
    assert_eq!(own_entries(&world).len(), 4, "{}", out.report());
}

#[test]
fn a_role_over_it_and_a_role_in_china() {
    let world = world();
    let job = Job::new(&world.sts);
    let child = job.within(world.aws_auth()).args(["-p", "deploy", "env", "-0"]).run().env_of_child();
    assert_eq!(child["AWS_ACCOUNT_ID"], "222222222222");
    assert_eq!(world.sts.actions(), [ACTION, "AssumeRole"]);
    let china = CI.replace(":aws:", ":aws-cn:");
    world.sts.add_role(Role::new(&china));
    job.within(world.aws_auth()).env("AWS_ROLE_ARN", china).arg("true").run().success();
    assert_eq!(job.web.lines(), [ASKED, &format!("{ASKED}.cn")]);
}

#[test]
fn a_job_without_the_permission_is_told_so() {
    const ADVICE: &str = "are not both set; give the job 'permissions: id-token: write' in its workflow; GitHub sets them in \
                          such jobs alone, and not in those of a pull request from a fork\n";
    let world = world();
    let job = Job::new(&world.sts);
    let variables = "ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN";
    for gone in ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"] {
        let run = job.within(world.aws_auth()).env(gone, "").args(["-p", "ci", "true"]).run();
        run.assert_status(125).assert_stderr(&format!(
            "aws-auth: {}:3: profile 'ci' takes its token from GitHub Actions, but {variables} {ADVICE}",
            world.path(".aws/config").display()
        ));
        // Without an error, the command would run as the machine that the runner is on.
        let run = without_profile(&world, &job).env_remove(gone).arg("true").run();
        run.assert_status(125).assert_stderr(&format!(
            "aws-auth: AWS_ROLE_ARN is set in this GitHub Actions job, but {variables} {ADVICE}"
        ));
    }
    world.aws_auth().env("GITHUB_ACTIONS", "true").arg("true").run().success();
    // Nor does it run as whoever has keys in [default] on a runner of one's own.
    let user = &world.user;
    let keys =
        format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", user.access_key_id, user.secret_access_key);
    world.credentials(&format!("[default]\n{keys}"));
    for args in [&["true"][..], &["--whoami"], &["--export=json"]] {
        let run = without_profile(&world, &job).env_remove("ACTIONS_ID_TOKEN_REQUEST_URL").args(args).run();
        run.assert_status(125).assert_stdout("").assert_stderr(&format!(
            "aws-auth: AWS_ROLE_ARN is set in this GitHub Actions job, but {variables} {ADVICE}"
        ));
    }
    world.credentials("");
    world.aws_auth().env("AWS_ROLE_ARN", CI).arg("true").run().success();
    let run = job.within(world.aws_auth()).env("ACTIONS_ID_TOKEN_REQUEST_URL", "pipelines");
    run.args(["-p", "ci", "true"]).run().assert_status(125).assert_stderr_contains(
        "profile 'ci': ACTIONS_ID_TOKEN_REQUEST_URL is 'pipelines', which is not a URL; GitHub sets it for each job; do \
         not set it yourself\n",
    );
    assert!(job.web.lines().is_empty() && world.sts.calls().is_empty());
}

#[test]
fn each_failure_of_github_is_told_without_the_secret() {
    const PERMISSION: &str =
        "the job must have 'permissions: id-token: write', and its variables are good only while it runs";
    const AGAIN: &str = "GitHub is having trouble; run the job again in a moment";
    const NO_TOKEN: &str = " answered without a token; check whether a proxy or a captive portal stands in between; then run \
                            the job again\n";
    type Failure = (fn(&str) -> Reply, usize, String);
    let failures: [Failure; 9] = [
        (
            |_| Reply::Text(403, String::from("{\"message\": \"The job has ended.\"}")),
            1,
            format!(" answers with status 403: \"The job has ended.\"; {PERMISSION}\n"),
        ),
        (
            |secret| Reply::Text(401, format!("{{\"message\": \"no: {secret}\"}}")),
            1,
            format!(" answers with status 401; {PERMISSION}\n"),
        ),
        (
            |_| Reply::Text(302, String::new()),
            1,
            String::from(
                " answers with status 302; GitHub redirects nobody: check whether a proxy or a captive portal stands in \
                 between, and the address\n",
            ),
        ),
        (|_| Reply::Text(500, String::new()), 3, format!(" answers with status 500; {AGAIN}\n")),
        (|_| Reply::Text(429, String::new()), 3, format!(" answers with status 429; {AGAIN}\n")),
        (|_| Reply::Text(200, String::from("<html>Please sign in</html>")), 1, NO_TOKEN.to_owned()),
        (|_| Reply::Text(200, String::from("{\"value\": \"\"}")), 1, NO_TOKEN.to_owned()),
        (|_| Reply::Text(200, String::from("{\"value\": \"two words\"}")), 1, NO_TOKEN.to_owned()),
        (
            |_| Reply::Close,
            3,
            String::from(
                " cannot be reached (connection closed before message completed): check the network of the runner, \
                 HTTPS_PROXY and NO_PROXY; then run the job again\n",
            ),
        ),
    ];
    for (reply, times, words) in failures {
        let world = world();
        let job = Job::new(&world.sts);
        job.instead(9, reply);
        let run = job.within(world.aws_auth()).args(["-p", "deploy", "true"]).run();
        run.assert_status(125).assert_stderr(&(about(&world, &job) + &words));
        assert_eq!(job.web.lines().len(), times, "{words}");
        assert!(world.sts.calls().is_empty());
    }
}

#[test]
fn trouble_that_passes_is_waited_for() {
    let world = world();
    let job = Job::new(&world.sts);
    job.instead(1, |_| Reply::Text(502, String::new()));
    job.instead(1, |_| Reply::Close);
    job.within(world.aws_auth()).args(["-p", "ci", "true"]).run().success();
    assert_eq!(job.web.lines(), [ASKED, ASKED, ASKED]);
}

#[test]
fn a_service_that_does_not_answer_is_given_up_and_ctrl_c_ends_the_wait() {
    let world = world();
    let job = Job::new(&world.sts);
    job.instead(2, |_| Reply::Silence);
    let running = job.within(world.aws_auth()).args(["-p", "ci", "true"]).in_terminal();
    job.web.wait_for(ASKED);
    running.ctrl_c();
    running.wait().assert_signal(Signal::INT).assert_terminal_restored();
    let run = job.within(world.aws_auth()).args(["-p", "ci", "true"]).run();
    run.assert_status(125).assert_stderr(
        &(about(&world, &job)
            + " did not answer in time; run the job again; check the network of the runner, and HTTPS_PROXY\n"),
    );
}

#[test]
fn what_sts_says_of_the_jobs_token() {
    for (fault, words) in [
        (
            Fault::Refuse(400, "ExpiredTokenException", "Token expired"),
            "says ExpiredTokenException: \"Token expired\"; the token of this GitHub Actions job has expired; try again; if \
             it happens again, a clock is off\n",
        ),
        (
            Fault::Refuse(400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account"),
            "says InvalidIdentityToken: \"No OpenIDConnect provider found in your account\"; account 111111111111 needs an \
             IAM identity provider for https://token.actions.githubusercontent.com with the audience sts.amazonaws.com\n",
        ),
        (
            Fault::Refuse(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
            "says AccessDenied: \"Not authorized to perform sts:AssumeRoleWithWebIdentity\"; check role_arn, and whether the \
             role's trust policy lets this token's subject in\n",
        ),
    ] {
        let world = world();
        let job = Job::new(&world.sts);
        world.sts.fault(ACTION, fault, 9);
        let run = without_profile(&world, &job).arg("true").run();
        run.assert_status(125)
            .assert_stderr(&format!("aws-auth: AWS_ROLE_ARN: role {CI}: STS at {} {words}", world.sts.endpoint()));
        assert!(own_entries(&world).is_empty());
    }
}

#[test]
fn keep_fresh_needs_a_profile_since_no_sdk_knows_the_jobs_token() {
    let world = world();
    let job = Job::new(&world.sts);
    let run = without_profile(&world, &job).args(["--keep-fresh", "true"]).run();
    run.assert_status(125).assert_stderr_contains(
        "--keep-fresh has nothing to renew credentials from: no profile is named, and the commands' SDKs do not know the \
         token of a GitHub Actions job; write a profile with credential_source = GitHubActions, and name it with -p\n",
    );
    let child = job.within(world.aws_auth()).args(["-p", "ci", "--keep-fresh", "env", "-0"]).run().env_of_child();
    let config = std::fs::read_to_string(&child["AWS_CONFIG_FILE"]).unwrap();
    assert!(config.contains("credential_process = ") && config.contains(" -p ci --export=json\n"), "{config}");
    assert!(!config.contains("GitHubActions\n[profile deploy]"), "{config}");
}

/// A world with the profile `t`, whose token is what this script prints, and the role `over` it.
fn printing(script: &str) -> World {
    let world = World::new();
    let program = world.script("bin/t", &format!("#!/bin/sh\necho run >> \"$HOME/runs\"\n{script}\n"));
    world.config(&format!(
        "[profile t]\nrole_arn = {CI}\nweb_identity_token_process = {} --for 'a b'\n[profile over]\n\
         role_arn = {DEPLOY}\nsource_profile = t\n",
        program.display()
    ));
    world.sts.add_role(Role::new(CI).max_session(43200));
    world.sts.add_role(Role::new(DEPLOY));
    world
}

fn runs(world: &World) -> usize {
    std::fs::read_to_string(world.path("runs")).unwrap_or_default().lines().count()
}

fn about_process(world: &World) -> String {
    let (config, program) = (world.path(".aws/config"), world.path("bin/t"));
    format!("aws-auth: {}:3: profile 't': web_identity_token_process '{}'", config.display(), program.display())
}

#[test]
fn a_program_prints_the_token_for_each_run() {
    let world = printing("test \"$1/$2\" = '--for/a b' && env > \"$HOME/seen\" && cat \"$HOME/token\"");
    for at in 1..=2 {
        let token = world.sts.web_identities()("svc");
        world.write("token", format!("{token}\n"));
        let run = world.aws_auth().env("AWS_AUTH_MFA_TOKEN", "123456").args(["-v", "-p", "t", "true"]);
        run.run().success();
        assert_eq!((world.sts.last(ACTION).param("WebIdentityToken"), runs(&world)), (token.as_str(), 2 * at - 1));
        world.run(["-p", "over", "true"]).success();
        assert_eq!(runs(&world), 2 * at);
    }
    let seen = world.read("seen");
    assert!(!seen.contains("AWS_AUTH_MFA_TOKEN=") && seen.contains("AWS_AUTH_RESOLVING="), "{seen}");
}

#[test]
fn what_the_token_of_one_gave_is_not_there_for_another() {
    const NOT_KEPT: &str = "only a run of the web_identity_token_process tells whose token it prints\n";
    let world = printing("");
    let program = format!("{} --for 'a b'", world.path("bin/t").display());
    world.config(&world.read(".aws/config").replace(&program, "printenv TOK"));
    let token = world.sts.web_identities()("svc");
    let run = |token: &str, args: &[&str]| world.aws_auth().env("TOK", token).args(args).run();
    for args in [&["-p", "t", "true"][..], &["-p", "t", "--read-only", "true"], &["-p", "over", "true"]] {
        run(&token, args).success();
        run("somebody-elses", args).assert_status(125).assert_stderr_contains("says InvalidIdentityToken");
    }
    assert!(world.cli_cache().is_empty() && own_entries(&world).is_empty());
    for profile in ["t", "over"] {
        run(&token, &["-v", "-p", profile, "true"]).assert_stderr_contains(&format!(": not cached, since {NOT_KEPT}"));
        let explained = run(&token, &["-p", profile, "--explain"]).success().stdout_text();
        assert!(
            explained.contains("AssumeRoleWithWebIdentity") && explained.contains("nothing is kept, since"),
            "{explained}"
        );
        run(&token, &["-p", profile, "--login"]).assert_status(125).assert_stderr(
            "aws-auth: --login caches credentials, but nothing is kept of a token from a web_identity_token_process; leave \
             it out; each run asks the program for its token\n",
        );
        run(&token, &["-p", profile, "--logout"]).success().assert_stderr("aws-auth: nothing was cached\n");
        run(&token, &["-p", profile, "--status"]).assert_status(1);
        let child = run(&token, &["-p", profile, "--keep-fresh", "env", "-0"]).env_of_child();
        let config = std::fs::read_to_string(&child["AWS_CONFIG_FILE"]).unwrap();
        assert!(config.contains(&format!(" -p {profile} --export=json\n")), "{config}");
    }
}

#[test]
fn each_failure_of_the_program_is_told_without_what_it_printed() {
    const ADVICE: &str = "it must print one token, a JWT, and nothing else (its output is not shown here)";
    for (script, words) in [
        ("exit 3", String::from(" failed (exit status 3) and printed no error message; run it by hand to see why\n")),
        ("echo canary; echo 'no network' >&2; exit 1", String::from(" failed (exit status 1): \"no network\"\n")),
        ("kill -9 $$", String::from(" failed (signal 9) and printed no error message; run it by hand to see why\n")),
        ("true", format!(" printed nothing; {ADVICE}\n")),
        ("echo '  '", format!(" printed nothing; {ADVICE}\n")),
        ("echo canary canary", format!(" printed more than one word; {ADVICE}\n")),
        ("printf 'canary\\033[31m'", format!(" printed more than one word; {ADVICE}\n")),
        ("printf '\\377\\376'", format!(" printed something that is not text; {ADVICE}\n")),
        ("yes", String::from(" printed too much and was stopped; run it by hand; it must print one token\n")),
        (
            "exec sleep 600",
            String::from(
                " did not finish within 1s and was stopped; run it by hand to see what it waits for; \
                 AWS_AUTH_PROCESS_TIMEOUT gives it more time\n",
            ),
        ),
    ] {
        let world = printing(script);
        let run = world.aws_auth().env("AWS_AUTH_PROCESS_TIMEOUT", "1s").args(["-v", "-p", "over", "true"]).run();
        run.assert_status(125).assert_stderr_contains(&(about_process(&world) + &words));
        assert!(!run.stderr.contains("canary"), "{}", run.report());
        assert!(world.sts.calls().is_empty());
    }
    let world = printing("echo nobodys");
    let run = world.run(["-p", "t", "true"]);
    run.assert_status(125).assert_stderr_contains(&format!(
        "; the token that {} prints is not one that the account's identity provider signed, or not for this audience\n",
        world.path("bin/t").display()
    ));
    let world = printing("exit 0");
    world.config(&world.read(".aws/config").replace("bin/t", "bin/none"));
    world.run(["-p", "t", "true"]).assert_status(125).assert_stderr_contains(
        "bin/none' cannot be run (No such file or directory): it is run without a shell: write a program's full path",
    );
}

#[test]
fn ctrl_c_while_the_program_runs_ends_both() {
    let world =
        printing("mkfifo \"$HOME/alive\"; echo $$ > \"$HOME/pid\"; echo waiting > /dev/tty; exec cat \"$HOME/alive\"");
    let running = world.aws_auth().args(["-p", "t", "true"]).in_terminal();
    running.expect("waiting");
    running.ctrl_c();
    running.wait().assert_signal(Signal::INT).assert_terminal_restored();
    assert!(world.sts.calls().is_empty());
}

#[test]
fn a_program_that_needs_its_own_profile_goes_in_a_circle() {
    let world = printing(&format!("exec {} -p t --export=json", crate::world::AWS_AUTH));
    let run = world.run(["-p", "t", "true"]);
    run.assert_status(125).assert_stderr_contains("web_identity_token_process goes in a circle: t -> t");
    assert_eq!(runs(&world), 1);
}
