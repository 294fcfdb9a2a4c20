//! The forms of `--console`: any page, the portal of an SSO profile, a user's own keys, and ending the old session first.

use crate::console::{console, destination, federation, query};
use crate::kit::{assert_said, masked};
use crate::world::web::{Reply, Web};
use crate::world::{Fault, Invocation, Output, Role, World, seed};
use rustix::process::Signal;

const NO_MFA: &str = "this console session carries no MFA, so it is refused what policies allow only with MFA\n";

/// A world with a role whose credentials are cached.
fn with_role() -> (World, Web) {
    let world = World::seeded();
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    (world, federation())
}

fn printed<'w>(world: &'w World, web: &Web, profile: &str) -> Invocation<'w> {
    console(world, web).args(["-p", profile, "--no-browser"])
}

#[test]
fn any_page_of_the_console_of_the_partition() {
    let (world, web) = with_role();
    let page = |page: &str| {
        let run = printed(&world, &web, "sops").args(["--region", "eu-west-1", &format!("--console={page}")]).run();
        destination(&run.success().stdout_text())
    };
    let host = "https://eu-west-1.console.aws.amazon.com";
    for (given, wanted) in [
        ("/s3/buckets/logins", format!("{host}/s3/buckets/logins?region=eu-west-1")),
        ("/ec2/home#Instances:", format!("{host}/ec2/home?region=eu-west-1#Instances:")),
        ("/s3/buckets/a?tab=objects#x?y", format!("{host}/s3/buckets/a?tab=objects&region=eu-west-1#x?y")),
        ("/s3/buckets/a?region=eu-west-2&tab=x", format!("{host}/s3/buckets/a?region=eu-west-2&tab=x")),
        (
            "https://eu-west-2.console.aws.amazon.com/s3/home?region=eu-west-2#a",
            String::from("https://eu-west-2.console.aws.amazon.com/s3/home?region=eu-west-2#a"),
        ),
        (
            "https://398263320410-ab12cd.eu-west-2.console.aws.amazon.com/s3/",
            String::from("https://eu-west-2.console.aws.amazon.com/s3/"),
        ),
    ] {
        assert_eq!(page(given), wanted, "{given}");
    }
}

#[test]
fn a_page_elsewhere_is_refused_before_anything_is_asked() {
    let (world, web) = (World::seeded(), federation());
    let refused = |page: &str| printed(&world, &web, "sops").arg(format!("--console={page}")).run();
    for (page, words) in [
        (
            "https://console.aws.amazon.com.evil.test/s3",
            "'console.aws.amazon.com.evil.test' is not a host of AWS's console",
        ),
        ("https://evil.test/", "'evil.test' is not a host of AWS's console"),
        ("http://console.aws.amazon.com/", "'http://console.aws.amazon.com/' is no https URL"),
        ("//evil.test/s3", "'//evil.test/s3' is no path of a page"),
    ] {
        refused(page).assert_status(125).assert_stdout("").assert_stderr(&format!(
            "aws-auth: --console: {words}; write a service (s3), a path (/s3/buckets/NAME), or an https URL of \
             console.aws.amazon.com, console.amazonaws.cn or console.amazonaws-us-gov.com\n"
        ));
    }
    refused("https://console.amazonaws.cn/s3/home").assert_status(125).assert_stderr(
        "aws-auth: https://console.amazonaws.cn/s3/home is a page of the partition aws-cn, and these credentials are of \
         aws; name a profile of that partition\n",
    );
    assert_eq!((world.sts.connections(), web.asked().len()), (0, 0));
    for args in [&["-p", "sops", "--console-logout", "true"][..], &["-p", "sops", "--console-logout"]] {
        let run = world.run(args);
        run.assert_status(125)
            .assert_stderr_contains("--console-logout goes with --console; write both, or leave it out");
    }
    let run = world.run(["-p", "sops", "--console", "https://console.aws.amazon.com/s3/"]);
    run.assert_status(125).assert_stderr_contains("; write --console=https://console.aws.amazon.com/s3/\n");
}

/// Profiles of SSO: with a region, without one, and a role over it.
fn sso() -> (World, Web) {
    let world = World::new();
    world.config(
        "[profile dev]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = Read+Only\n\
         region = eu-west-2\n[profile bare]\nsso_session = corp\nsso_account_id = 111111111111\n\
         sso_role_name = Admin\n[profile own]\nsso_start_url = https://sso.example.test/#/\nsso_region = eu-west-1\n\
         sso_account_id = 111111111111\nsso_role_name = Admin\n[sso-session corp]\n\
         sso_start_url = https://corp.awsapps.com/start/\nsso_region = eu-west-1\n",
    );
    (world, federation())
}

#[test]
fn the_portal_of_an_sso_profile_has_a_link_of_its_own_and_no_call_is_made() {
    let (world, web) = sso();
    let link = |profile: &str, page: &str| {
        printed(&world, &web, profile).arg(format!("--console{page}")).run().success().assert_stderr("").stdout_text()
    };
    let corp = "https://corp.awsapps.com/start/#/console?account_id=111111111111&role_name=";
    assert_eq!(
        link("dev", ""),
        format!(
            "{corp}Read%2BOnly&destination=https%3A%2F%2Feu-west-2.console.aws.amazon.com%2Fconsole%2Fhome%3Fregion%3Deu-west-2\n"
        )
    );
    assert_eq!(link("bare", ""), format!("{corp}Admin\n"));
    assert_eq!(
        link("bare", "=https://s3.console.aws.amazon.com/s3/home"),
        format!("{corp}Admin&destination=https%3A%2F%2Fs3.console.aws.amazon.com%2Fs3%2Fhome\n")
    );
    assert_eq!(link("own", ""), "https://sso.example.test/#/console?account_id=111111111111&role_name=Admin\n");
    assert!(web.asked().is_empty() && world.sts.connections() == 0);
    let run = printed(&world, &web, "dev").args(["--console", "--console-logout"]).run();
    run.assert_status(125).assert_stderr(
        "aws-auth: --console-logout is not for SSO: the link of the portal leaves other sessions alone; leave it out\n",
    );
    for run in [console(&world, &web).args(["--duration", "2h"]), console(&world, &web).env("AWS_AUTH_DURATION", "2h")]
    {
        let run = run.args(["-p", "dev", "--no-browser", "--console"]).run();
        run.success().assert_stderr(
            "aws-auth: warning: --duration (AWS_AUTH_DURATION) has no effect: the permission set says how long the \
             portal's session lasts\n",
        );
    }
    world.config(&world.read(".aws/config").replace("https://corp", "corp"));
    let run = printed(&world, &web, "dev").arg("--console").run();
    run.assert_status(125)
        .assert_stderr_contains("the start URL 'corp.awsapps.com/start' is not a URL; correct sso_start_url");
}

#[test]
fn the_browser_is_led_to_the_portal() {
    let (world, web) = sso();
    world.fifo("ended");
    let browser = "#!/bin/bash\nurl=${!#}\nhost=${url#http://}; path=/${host#*/}; host=${host%%/*}\n\
                   exec 3<>\"/dev/tcp/${host%:*}/${host#*:}\"\nprintf 'GET %s HTTP/1.1\\r\\n\\r\\n' \"$path\" >&3\n\
                   tr -d '\\r' <&3 > \"$HOME/answer\"\n: > \"$HOME/ended\"\n";
    world.script("bin/browser", browser);
    let path = format!("{}:/usr/bin:/bin", world.path("bin").display());
    let run = console(&world, &web).env("PATH", path).env("BROWSER", "browser").args(["-p", "bare", "--console"]).run();
    run.success().assert_stderr(
        "aws-auth: bare: the console as SSO role Admin in 111111111111 (through the portal) is open in the browser\n",
    );
    world.read("ended");
    let answer = world.read("answer");
    let location = "Location: https://corp.awsapps.com/start/#/console?account_id=111111111111&role_name=Admin\n";
    assert!(answer.contains(location), "{answer}");
}

/// `--console` for jo's keys, with these options and a code that must not be used.
fn with_keys<'w>(world: &'w World, options: &[&str]) -> Invocation<'w> {
    let run = world.aws_auth().env("AWS_ENDPOINT_URL_SIGNIN", world.sts.endpoint());
    run.args(["-p", "default", "--console", "--no-browser"]).args(options)
}

/// Whom the page behind a link signs in.
fn signed_in(world: &World, run: &Output) -> String {
    let link = run.stdout_text();
    let page = world.command("curl").args(["-s", "-L", link.trim_end()]).run().success().stdout_text();
    page.split_once("signed in as ").map_or(page.as_str(), |(_, rest)| rest.split_once(". AWS").unwrap().0).to_owned()
}

#[test]
fn a_users_keys_sign_in_with_the_policies_that_are_asked_for() {
    let world = World::seeded();
    world.append_config("[default]\nmfa_serial = arn:aws:iam::398263320410:mfa/jo.doe\n");
    let run = with_keys(&world, &["--read-only", "--duration", "2h"]).env("USER", "jo").run();
    run.success();
    assert_said(
        &run,
        &format!(
            "aws-auth: default: {NO_MFA}aws-auth: default: the console as federated user jo.doe (bounded by \
             ReadOnlyAccess); its session ends at HH:MM\n"
        ),
    );
    let call = world.sts.last("GetFederationToken");
    assert_eq!(call.param("PolicyArns.member.1.arn"), "arn:aws:iam::aws:policy/ReadOnlyAccess");
    assert_eq!((call.param("DurationSeconds"), call.param("Policy")), ("7200", ""));
    assert_eq!(world.sts.actions(), ["GetFederationToken"], "no code is asked for, and no session is made");
    assert_eq!(signed_in(&world, &run), "arn:aws:sts::398263320410:federated-user/jo.doe");
    assert!(world.cli_cache().is_empty());
    // The session may do what the policy allows, and not more.
    let issued = world.sts.issued().into_values().next().unwrap();
    let sns = |action: &str| {
        let (url, body) = (world.sts.endpoint(), format!("Action={action}&Name=x&Version=2010-03-31"));
        let user = format!("{}:{}", issued.access_key_id, issued.secret_access_key);
        let token = format!("x-amz-security-token: {}", issued.session_token);
        let args = ["-s", "--aws-sigv4", "aws:amz:us-east-1:sns", "--user", &user, "-H", &token, "-d", &body, &url];
        world.command("curl").args(args).secrets_may_show().run().stdout_text()
    };
    assert!(sns("ListTopics").contains("ListTopicsResult"), "{}", sns("ListTopics"));
    assert!(
        sns("CreateTopic").contains("no session policy allows the sns:CreateTopic action"),
        "{}",
        sns("CreateTopic")
    );
}

#[test]
fn a_policy_in_a_file_of_the_profile_or_an_option_and_a_name() {
    let world = World::seeded();
    let text = "{\"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Allow\", \"Action\": \"s3:*\", \"Resource\": \"*\"}}";
    let file = world.write(".aws/s3.json", text).display().to_string();
    let long = "a-name-that-is-longer-than-federated-users-may-have";
    let run = with_keys(&world, &["--policy", &file, "--session-name", long]).run();
    run.assert_status(125).assert_stderr(
        "aws-auth: --session-name has 51 characters, and that of a user's own keys has at most 32; shorten it, or add \
         --role-arn ARN\n",
    );
    // A name that nobody asked for is cut.
    with_keys(&world, &["--policy", &file]).env("USER", long).run().success();
    let call = world.sts.last("GetFederationToken");
    assert!(call.param("Policy").contains("\"s3:*\""), "{}", call.param("Policy"));
    assert_eq!((call.param("Name"), call.param("DurationSeconds")), (&long[..32], ""));
    world.append_config("[default]\naws_auth_policies = s3.json\n");
    let run = with_keys(&world, &[]).run();
    assert!(masked(&run.success().stderr).contains(" (bounded by s3.json); its session ends at "), "{}", run.stderr);
    // Keys in the environment pass through elsewhere, but not here.
    let (id, secret) = (&world.user.access_key_id, &world.user.secret_access_key);
    let run = world.aws_auth().env("AWS_ENDPOINT_URL_SIGNIN", world.sts.endpoint()).keys(id, secret, "");
    let run = run.args(["--console", "--no-browser", "--read-only"]).env("USER", "jo").run();
    assert_eq!(signed_in(&world, run.success()), "arn:aws:sts::398263320410:federated-user/jo");
}

#[test]
fn what_keys_without_a_role_cannot_have() {
    let world = World::seeded();
    for (option, value) in [("--tag", "team=a"), ("--source-identity", "jo"), ("--transitive-tag", "a")] {
        let run = with_keys(&world, &["--read-only", option, value]).run();
        run.assert_status(125).assert_stderr(&format!(
            "aws-auth: {option} needs a role, and the console session of a user's keys has none; leave it out, or add \
             --role-arn ARN\n"
        ));
    }
    let run = with_keys(&world, &["--policy", "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"]).run();
    run.assert_status(125).assert_stderr_contains(
        "is of the partition aws-cn, and the user's keys of aws; write arn:aws:… for this user\n",
    );
    world.append_config("[profile p]\ncredential_process = bin/p\n");
    let issued = world.sts.issuer()("arn:aws:iam::999999999999:role/whoever", "somebody", 3600);
    let json = serde_json::json!({"Version": 1, "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret_access_key, "SessionToken": issued.session_token});
    let program = world.script("bin/p", &format!("#!/bin/sh\necho '{json}'\n"));
    world.config(&world.read(".aws/config").replace("bin/p", &program.display().to_string()));
    let run = with_keys(&world, &["--read-only", "-p", "p"]).run();
    run.assert_status(125).assert_stderr(
        "aws-auth: profile 'p' gives temporary keys, and GetFederationToken takes only a user's long-term ones; name a \
         profile with a role_arn, or add --role-arn ARN\n",
    );
    // Another action is refused as before.
    let run = world.run(["-p", "default", "--read-only", "true"]);
    run.assert_status(125)
        .assert_stderr_contains("--read-only needs a role that aws-auth assumes, and profile 'default' has none");
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn sts_refuses_the_users_keys_or_does_not_answer() {
    let endpoint = |world: &World| world.sts.endpoint();
    for (fault, words) in [
        (
            Fault::Refuse(403, "AccessDenied", "User is not authorized to perform: sts:GetFederationToken"),
            "profile 'default': STS at ENDPOINT says AccessDenied: \"User is not authorized to perform: \
             sts:GetFederationToken\"; the user's policies must allow this call\n",
        ),
        (
            Fault::Refuse(400, "PackedPolicyTooLarge", "Packed size of session policies is 120% of the limit"),
            "profile 'default': STS at ENDPOINT says PackedPolicyTooLarge: \"Packed size of session policies is 120% of \
             the limit\"; session policies and tags take 120% of the space that STS has for them; ",
        ),
        (
            Fault::Refuse(
                400,
                "ValidationError",
                "Policy arn:aws:iam::aws:policy/Nope does not exist or is not attachable.",
            ),
            "profile 'default': STS at ENDPOINT says ValidationError: \"Policy arn:aws:iam::aws:policy/Nope does not exist or \
             is not attachable.\"; check the session policies (--policy, aws_auth_policies): a managed one must exist, in \
             this account or as one of AWS\n",
        ),
        (Fault::CloseUnanswered, "STS at ENDPOINT closed the connection without an answer; try again; "),
    ] {
        let world = World::seeded();
        world.sts.fault("GetFederationToken", fault, 9);
        let run = with_keys(&world, &["--read-only"]).run();
        run.assert_status(125).assert_stdout("");
        run.assert_stderr_contains(&format!("aws-auth: {}", words.replace("ENDPOINT", &endpoint(&world))));
    }
    let world = World::seeded();
    world.sts.fault("GetFederationToken", Fault::Silence, 9);
    let running = with_keys(&world, &["--read-only"]).in_terminal();
    world.sts.wait_for_calls("GetFederationToken", 1);
    running.ctrl_c();
    running.wait().assert_signal(Signal::INT).assert_terminal_restored();
}

#[test]
fn the_old_session_can_be_ended_first() {
    let (world, web) = with_role();
    let link = printed(&world, &web, "sops").args(["--console=s3", "--console-logout"]).run().success().stdout_text();
    let (host, rest) = link.split_once("/oauth?").unwrap();
    assert_eq!(host, web.endpoint());
    assert!(rest.starts_with("Action=logout&redirect_uri="), "{rest}");
    let then = query(link.trim_end())["redirect_uri"].clone();
    assert!(
        then.starts_with(&format!("{}/federation?Action=login&Issuer=aws-auth&Destination=", web.endpoint())),
        "{then}"
    );
    assert!(
        destination(&then).ends_with("/s3/home?region=us-east-1") && then.contains("&SigninToken=canary%2B"),
        "{then}"
    );
    // The tests' own sign-in follows it.
    let run = world.aws_auth().env("AWS_ENDPOINT_URL_SIGNIN", world.sts.endpoint());
    let run = run.args(["-p", "sops", "--console", "--console-logout", "--no-browser"]).run();
    assert!(signed_in(&world, run.success()).contains(":assumed-role/sops-credentials-access/"), "{}", run.report());
}

#[test]
fn the_line_after_says_when_the_consoles_session_ends() {
    let (world, web) = with_role();
    let arn = seed::ROLES[0].1;
    let run = printed(&world, &web, "sops").arg("--console").run();
    let end = world.cli_cache().into_values().next().unwrap()["Credentials"]["Expiration"].as_str().unwrap().to_owned();
    let hour = |text: &str| text.get(11..16).unwrap().to_owned();
    let ends = |end: &str| format!("aws-auth: sops: the console as role {arn}; its session ends at {}\n", hour(end));
    run.success().assert_stderr(&ends(&end));
    // A role that is assumed by a role, which lasts an hour at most.
    let over = "arn:aws:iam::111111111111:role/over";
    world.sts.add_role(Role::new(over));
    world.append_config(&format!("[profile over]\nrole_arn = {over}\nsource_profile = sops\n"));
    let run = printed(&world, &web, "over").args(["-q", "--console"]).run();
    run.success().assert_stderr("");
    let run = printed(&world, &web, "over").arg("--console").run();
    assert_said(&run, &format!("aws-auth: over: the console as role {over}; its session ends at HH:MM\n"));
}

#[test]
fn ctrl_c_while_the_sign_in_does_not_answer() {
    let (world, _) = with_role();
    let web = Web::start(|_| Reply::Silence);
    let running = printed(&world, &web, "sops").arg("--console").in_terminal();
    web.wait_for_first();
    running.ctrl_c();
    running.wait().assert_signal(Signal::INT).assert_terminal_restored();
}
