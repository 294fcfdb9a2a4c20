//! `--console` and `--switch-role-url`.

use crate::world::web::{Reply, Web};
use crate::world::{Invocation, Role, World, seed};
use std::collections::BTreeMap;

const TOKEN: &str = "canary+SigninToken/of=the&console";

/// The federation endpoint. As AWS documents, it requires the session's three fields and checks the range of
/// SessionDuration.
pub fn federation() -> Web {
    Web::start(|asked| {
        let query = query(&asked.target);
        let session: serde_json::Value =
            serde_json::from_str(query.get("Session").map_or("", String::as_str)).unwrap_or_default();
        let whole = ["sessionId", "sessionKey", "sessionToken"].iter().all(|name| session[*name].is_string());
        let known = asked.method == "GET" && asked.target.starts_with("/federation?Action=getSigninToken&");
        if known && whole {
            Reply::Json(serde_json::json!({ "SigninToken": TOKEN }))
        } else {
            Reply::Text(400, String::from("<html>no</html>"))
        }
    })
}

/// The parameters of a query, decoded.
pub fn query(target: &str) -> BTreeMap<String, String> {
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            if let (b'%', [a, b, tail @ ..]) = (first, tail) {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&[*a, *b]).unwrap(), 16).unwrap());
                rest = tail;
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    let query = target.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), decode(value)))
        .collect()
}

pub fn console<'w>(world: &'w World, web: &Web) -> Invocation<'w> {
    world.aws_auth().env("AWS_ENDPOINT_URL_SIGNIN", web.endpoint())
}

pub fn destination(link: &str) -> String {
    query(link.trim_end())["Destination"].clone()
}

#[test]
fn the_link_signs_in_as_the_role() {
    let (world, web) = (World::seeded(), federation());
    let run = console(&world, &web).args(["-v", "-p", "sops", "--console", "--no-browser"]);
    let output = run.env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run();
    let link = output.success().stdout_text();
    let asked = web.asked();
    assert_eq!(asked.len(), 1);
    let entry = world.cli_cache().into_values().next().unwrap();
    let session: serde_json::Value = serde_json::from_str(&query(&asked[0].target)["Session"]).unwrap();
    for (name, cached) in
        [("sessionId", "AccessKeyId"), ("sessionKey", "SecretAccessKey"), ("sessionToken", "SessionToken")]
    {
        assert_eq!(session[name], entry["Credentials"][cached]);
    }
    assert!(!asked[0].target.contains("SessionDuration"), "a role from a session has no SessionDuration");
    assert_eq!(
        link,
        format!(
            "{}/federation?Action=login&Issuer=aws-auth&Destination=https%3A%2F%2Fus-east-1.console.aws.amazon.com%2Fconsole%2Fhome%3Fregion%3Dus-east-1&SigninToken=canary%2BSigninToken%2Fof%3Dthe%26console\n",
            web.endpoint()
        )
    );
    assert!(!output.stderr.contains("anary"), "the link is a secret: {}", output.stderr);
    output.assert_stderr_contains(&format!(
        "aws-auth: asking the console's sign-in at {} for a sign-in token\n",
        web.endpoint()
    ));
}

#[test]
fn session_duration_is_sent_when_this_run_assumed_the_role_with_long_term_keys_alone() {
    let (world, web) = (World::seeded(), federation());
    world.sts.edit_role(seed::ROLES[0].1, |role| role.max_session_seconds = 43200);
    world.sts.add_role(Role::new("arn:aws:iam::398263320410:role/open").trusting(&["arn:aws:iam::398263320410:root"]));
    world.append_config("[profile open]\nsource_profile = default\nrole_arn = arn:aws:iam::398263320410:role/open\n[profile chained]\nsource_profile = open\nrole_arn = arn:aws:iam::398263320410:role/open\nexternal_id = other\n");
    let seconds = |run: Invocation<'_>| {
        run.arg("--console").arg("--no-browser").run().success();
        query(&web.asked().last().unwrap().target).get("SessionDuration").cloned()
    };
    let long = || console(&world, &web).args(["-p", "sops", "--duration", "12h"]);
    assert_eq!(seconds(long().env("AWS_AUTH_MFA_TOKEN", world.fresh_code())), Some(String::from("43200")));
    assert_eq!(seconds(long()), None, "a cached role may have been assumed from a session");
    assert_eq!(seconds(console(&world, &web).args(["-p", "open"])), Some(String::from("3600")));
    assert_eq!(seconds(console(&world, &web).args(["-p", "chained"])), None);
}

#[test]
fn each_service_has_its_page_and_each_region_its_host() {
    let (world, web) = (World::seeded(), federation());
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    for (service, region, page) in [
        ("s3", "eu-west-2", "https://eu-west-2.console.aws.amazon.com/s3/home?region=eu-west-2"),
        ("iam", "eu-west-2", "https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1"),
        ("billing", "eu-west-2", "https://us-east-1.console.aws.amazon.com/billing/home?region=us-east-1"),
        (
            "cost-explorer",
            "us-east-1",
            "https://us-east-1.console.aws.amazon.com/cost-management/home?region=us-east-1#/cost-explorer",
        ),
        ("CloudWatch", "eu-west-1", "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"),
        (
            "logs",
            "eu-west-1",
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups",
        ),
    ] {
        let run = console(&world, &web).args(["-p", "sops", "--region", region, "--no-browser"]);
        let output = run.arg(format!("--console={service}")).run();
        assert_eq!(destination(&output.success().stdout_text()), page, "{service}");
    }
    console(&world, &web).args(["-p", "sops", "--console=ecs2"]).run().assert_status(125).assert_stderr(
        "aws-auth: unknown service 'ecs2' for --console; did you mean ecs or ec2, or a /path or an https URL of the \
             console?\n",
    );
}

#[test]
fn the_partition_decides_about_the_hosts() {
    let (world, web) = (World::new(), federation());
    let (id, secret) = (&world.user.access_key_id, &world.user.secret_access_key);
    world.credentials(&format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"));
    for partition in ["aws-cn", "aws-us-gov", "aws-iso"] {
        let arn = format!("arn:{partition}:iam::123456789012:role/r");
        world.sts.add_role(Role::new(&arn).trusting(&["arn:aws:iam::398263320410:root"]));
        world.append_config(&format!("[profile {partition}]\nsource_profile = default\nrole_arn = {arn}\n"));
    }
    let page = |profile: &str| {
        let run = console(&world, &web).args(["-p", profile, "--console=s3", "--no-browser"]);
        destination(
            &run.env("AWS_REGION", if profile == "aws-cn" { "cn-northwest-1" } else { "eu-west-1" })
                .run()
                .success()
                .stdout_text(),
        )
    };
    assert_eq!(page("aws-cn"), "https://console.amazonaws.cn/s3/home?region=cn-northwest-1");
    assert_eq!(page("aws-us-gov"), "https://console.amazonaws-us-gov.com/s3/home?region=us-gov-west-1");
    let output = console(&world, &web).args(["-p", "aws-iso", "--console"]).run();
    output.assert_status(125).assert_stderr(
        "aws-auth: aws-auth does not know the console of the partition aws-iso; it knows the consoles of aws, aws-cn and aws-us-gov\n",
    );
}

#[test]
fn keys_and_sessions_without_a_role_are_refused_before_a_code_is_asked_for() {
    let (world, web) = (World::seeded(), federation());
    let (id, secret) = (&world.user.access_key_id, &world.user.secret_access_key);
    world.credentials(&format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n[backups]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"));
    world.append_config("[profile backups]\nmfa_serial = arn:aws:iam::398263320410:mfa/jo\n");
    let advice = "and the console accepts only roles; name a profile with a role_arn, add --role-arn ARN, or say with --policy or --read-only what these keys may do there\n";
    let refused = |run: Invocation<'_>, why: &str| {
        run.arg("--console")
            .run()
            .assert_status(125)
            .assert_stdout("")
            .assert_stderr(&format!("aws-auth: {why}, {advice}"));
    };
    refused(console(&world, &web).args(["-p", "default"]), "profile 'default' gives a user's keys");
    refused(console(&world, &web).args(["-p", "backups"]), "profile 'backups' gives a user's MFA session");
    refused(console(&world, &web).keys(id, secret, ""), "the keys in the environment are a user's");
    assert_eq!(world.sts.connections(), 0);
    world.aws_auth().args(["-p", "backups", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    let session = world.sts.issued().into_iter().next().unwrap();
    let (key, issued) = session;
    let run = console(&world, &web).keys(&key, &issued.secret_access_key, &issued.session_token).arg("--console").run();
    run.assert_status(125).assert_stderr(
        "aws-auth: these credentials are a session of arn:aws:iam::398263320410:user/jo, and the console accepts only \
         roles; name a profile with a role_arn, add --role-arn ARN, or sign in with a password\n",
    );
    assert!(web.asked().is_empty());
}

#[test]
fn a_sign_in_that_refuses_is_said() {
    let world = World::seeded();
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    for (reply, words) in [
        (
            (400, "<html>"),
            "refused these credentials (status 400): it accepts only role credentials that have not expired; try --refresh, and check the region",
        ),
        (
            (200, "<html>"),
            "answered with something that is not a sign-in token; check any configured endpoint, and whether a proxy or a captive portal stands in between",
        ),
    ] {
        let web = Web::start(move |_| Reply::Text(reply.0, reply.1.to_owned()));
        let output = console(&world, &web).args(["-p", "sops", "--console", "--no-browser"]).run();
        output
            .assert_status(125)
            .assert_stdout("")
            .assert_stderr(&format!("aws-auth: the console's sign-in at {} {words}\n", web.endpoint()));
    }
    let web = Web::start(|_| Reply::Close);
    let output = console(&world, &web).args(["-p", "sops", "--console", "--no-browser"]).run();
    output
        .assert_status(125)
        .assert_stdout("")
        .assert_stderr_contains(&format!("aws-auth: cannot reach the console's sign-in at {} (", web.endpoint()));
}

/// A browser that follows the address that it gets, and saves its arguments, its environment and the answers.
const BROWSER: &str = r#"#!/bin/bash
printf '%s\n' "$@" > "$HOME/argv"
env > "$HOME/env"
[ -z "$FAILS" ] || exit 3
url=${!#}
host=${url#http://}; path=/${host#*/}; host=${host%%/*}
exec 3<>"/dev/tcp/${host%:*}/${host#*:}"
printf 'HEAD %s HTTP/1.1\r\n\r\n' "$path" >&3; cat <&3 > "$HOME/head"
exec 3<>"/dev/tcp/${host%:*}/${host#*:}"
printf 'GET /guess HTTP/1.1\r\n\r\n' >&3; cat <&3 > "$HOME/guess"
exec 3<>"/dev/tcp/${host%:*}/${host#*:}"
printf 'GET %s HTTP/1.1\r\nHost: %s\r\n\r\n' "$path" "$host" >&3
tr -d '\r' <&3 > "$HOME/answer"
: > "$HOME/ended"
"#;

fn with_role() -> (World, Web) {
    let world = World::seeded();
    world.aws_auth().args(["-p", "sops", "true"]).env("AWS_AUTH_MFA_TOKEN", world.fresh_code()).run().success();
    world.script("bin/browser", BROWSER);
    world.fifo("ended");
    (world, federation())
}

/// The answer that the browser got, once it has ended. aws-auth does not wait for the browser.
fn answer(world: &World) -> String {
    world.read("ended");
    world.read("answer")
}

fn with_path<'w>(world: &World, run: Invocation<'w>) -> Invocation<'w> {
    run.env("PATH", format!("{}:/usr/bin:/bin", world.path("bin").display()))
}

#[test]
fn the_browser_is_led_to_the_link_and_the_link_is_in_no_arguments() {
    let (world, web) = with_role();
    let run = with_path(&world, console(&world, &web)).env("BROWSER", "nothere:browser --new-window");
    let output = run.args(["-p", "sops", "--console=s3"]).run();
    output.success().assert_stdout("");
    crate::kit::assert_said(
        &output,
        &format!(
            "aws-auth: sops: the console as role {} is open in the browser; its session ends at HH:MM\n",
            seed::ROLES[0].1
        ),
    );
    let answer = answer(&world);
    assert!(answer.starts_with("HTTP/1.1 303 See Other\n"), "{answer}");
    let link = answer.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap();
    assert!(link.contains("&SigninToken=canary%2BSigninToken"), "{link}");
    let argv = world.read("argv");
    assert!(argv.starts_with("--new-window\nhttp://127.0.0.1:") && !argv.contains("anary"), "{argv}");
    let env = world.read("env");
    assert!(!env.contains("anary") && !env.contains("AWS_SECRET_ACCESS_KEY"), "{env}");
    for other in ["head", "guess"] {
        assert!(!world.read(other).contains("anary"));
    }
    assert!(world.read("guess").starts_with("HTTP/1.1 404 "));
}

#[test]
fn xdg_open_and_open_are_tried_after_browser() {
    let (world, web) = with_role();
    world.script("bin/xdg-open", "#!/bin/sh\nexit 4\n");
    world.script("bin/open", BROWSER);
    let run = with_path(&world, console(&world, &web)).env("BROWSER", "browser %s").env("FAILS", "");
    run.args(["-q", "-p", "sops", "--console"]).run().success().assert_stderr("");
    assert!(answer(&world).contains("Location: "));
    std::fs::remove_file(world.path("answer")).unwrap();
    let run = with_path(&world, console(&world, &web));
    run.args(["-q", "-p", "sops", "--console"]).run().success().assert_stderr("");
    assert!(answer(&world).contains("Location: "));
}

#[test]
fn no_browser_is_said() {
    let (world, web) = with_role();
    world.script("bin/xdg-open", "#!/bin/sh\nexit 4\n");
    world.script("bin/open", "#!/bin/sh\nexit 5\n");
    let run = with_path(&world, console(&world, &web)).env("BROWSER", "browser").env("FAILS", "1");
    run.args(["-p", "sops", "--console"]).run().assert_status(125).assert_stdout("").assert_stderr(
        "aws-auth: no browser came for the link (browser, xdg-open, open): run with --no-browser to have the link printed\n",
    );
    let run = console(&world, &web).env("PATH", world.path("empty"));
    run.args(["-p", "sops", "--console"]).run().assert_status(125).assert_stderr(
        "aws-auth: there is no browser: neither BROWSER, nor xdg-open, nor open; run with --no-browser to have the link printed\n",
    );
}

#[test]
fn a_switch_role_link_needs_no_credentials() {
    let world = World::new();
    world.config(
        "[profile deep]\nsource_profile = not-on-this-machine\nrole_arn = arn:aws:iam::123456789012:role/a/path/r+ole\n\
         [profile cn]\nrole_arn = arn:aws-cn:iam::123456789012:role/r\nsource_profile = x\n\
         [profile gov]\nrole_arn = arn:aws-us-gov:iam::123456789012:role/r\nsource_profile = x\n\
         [profile iso]\nrole_arn = arn:aws-iso:iam::123456789012:role/r\nsource_profile = x\n\
         [profile \"it's & more\"]\nrole_arn = arn:aws:iam::123456789012:role/r\n[profile bare]\nregion = eu-west-1\n",
    );
    for (profile, link) in [
        (
            "deep",
            "https://signin.aws.amazon.com/switchrole?account=123456789012&roleName=a%2Fpath%2Fr%2Bole&displayName=deep",
        ),
        ("cn", "https://signin.amazonaws.cn/switchrole?account=123456789012&roleName=r&displayName=cn"),
        ("gov", "https://signin.amazonaws-us-gov.com/switchrole?account=123456789012&roleName=r&displayName=gov"),
        (
            "it's & more",
            "https://signin.aws.amazon.com/switchrole?account=123456789012&roleName=r&displayName=it%27s%20%26%20more",
        ),
    ] {
        world.run(["-p", profile, "--switch-role-url"]).success().assert_stderr("").assert_stdout(&format!("{link}\n"));
    }
    let arn = "arn:aws:iam::210987654321:role/other";
    world.run(["-p", "deep", "--role-arn", arn, "--switch-role-url"]).success().assert_stdout(
        "https://signin.aws.amazon.com/switchrole?account=210987654321&roleName=other&displayName=deep\n",
    );
    for (profile, error) in [
        (
            "iso",
            "aws-auth does not know the console of the partition aws-iso; it knows the consoles of aws, aws-cn and aws-us-gov",
        ),
        (
            "bare",
            "profile 'bare' has no role_arn, so there is no role to switch to; name a profile that has one, or add --role-arn ARN",
        ),
        ("depp", "there is no profile 'depp' (--profile): did you mean deep?"),
    ] {
        world
            .run(["-p", profile, "--switch-role-url"])
            .assert_status(125)
            .assert_stdout("")
            .assert_stderr(&format!("aws-auth: {error}\n"));
    }
    world
        .run(["--switch-role-url"])
        .assert_status(125)
        .assert_stderr("aws-auth: there is no profile to switch to; name one with -p or AWS_PROFILE\n");
    assert_eq!(world.sts.connections(), 0);
}

#[test]
fn another_user_who_is_quicker_gets_nothing() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: only root can be another user");
        return;
    }
    for host in ["127.0.0.1", "::ffff:127.0.0.1"] {
        let (world, web) = with_role();
        let fetch = r#"exec 3<>"/dev/tcp/HOST/${1#*:}"; printf 'GET %s HTTP/1.1\r\n\r\n' "$2" >&3; cat <&3"#;
        world.script(
            "bin/browser",
            &format!(
                "#!/bin/bash\nhost=${{1#http://}}; path=/${{host#*/}}; host=${{host%%/*}}\n\
                 setpriv --reuid=65534 --regid=65534 --clear-groups bash -c '{fetch}' - \"$host\" \"$path\" > \"$HOME/other\" 2>&1\n\
                 bash -c '{fetch}' - \"$host\" \"$path\" > \"$HOME/own\"\necho > \"$HOME/done\"\n",
                fetch = fetch.replace("HOST", host).replace('\'', r"'\''")
            ),
        );
        let run = with_path(&world, console(&world, &web)).env("BROWSER", "browser");
        // The browser outlives the run: it waits at this pipe until the test reads from it.
        let done = world.fifo("done");
        run.args(["-p", "sops", "--console"]).run().success();
        std::fs::read(done).unwrap();
        assert!(!world.read("other").contains("anary"), "{}", world.read("other"));
        assert!(world.read("own").contains("&SigninToken=canary"), "{}", world.read("own"));
    }
}

/// Words that run a command behind these mounts, in a namespace of its own; `None` where there can be none.
fn behind_mounts(world: &World, test: &str, mounts: &str) -> Option<Vec<String>> {
    let script = format!("{mounts} && exec \"$@\"");
    let words = ["unshare", "-rm", "sh", "-c", &script, "sh"].map(String::from);
    if world.command("unshare").args(&words[1..]).arg("true").run().status != crate::world::Status::Code(0) {
        crate::faults::skipped(test, "no mounts in a user namespace");
        return None;
    }
    Some(words.into())
}

#[test]
fn a_browser_that_is_no_process_of_this_machine_is_led_to_the_terminal() {
    const TEST: &str = "a_browser_that_is_no_process_of_this_machine_is_led_to_the_terminal";
    let (world, web) = with_role();
    world.write("nobody", "  sl  local_address rem_address   st\n");
    let nobody = world.path("nobody").display().to_string();
    let mounts = format!(
        "mount -t tmpfs none /proc && mkdir /proc/net && cp {nobody} /proc/net/tcp && cp {nobody} /proc/net/tcp6"
    );
    let Some(words) = behind_mounts(&world, TEST, &mounts) else { return };
    let run = with_path(&world, console(&world, &web)).env("BROWSER", "browser");
    let output = run.args(["-p", "sops", "--console"]).through(&words).run();
    output.success().assert_stdout("").assert_stderr_contains(&format!(
        "aws-auth: sops: the console as role {}: open this link, which signs in whoever has it: {}/federation?Action=login&",
        seed::ROLES[0].1,
        web.endpoint()
    ));
    let answer = answer(&world);
    assert!(answer.starts_with("HTTP/1.1 200 OK\n") && !answer.contains("anary"), "{answer}");
    assert!(answer.contains("Open the link that is printed on the terminal."), "{answer}");
}

#[test]
fn where_no_table_tells_whose_a_client_is_the_link_is_in_a_private_file() {
    const TEST: &str = "where_no_table_tells_whose_a_client_is_the_link_is_in_a_private_file";
    let (world, web) = with_role();
    let Some(words) = behind_mounts(&world, TEST, "mount -t tmpfs none /proc") else { return };
    let runtime = world.path("runtime");
    std::fs::create_dir(&runtime).unwrap();
    world.script(
        "bin/browser",
        "#!/bin/sh\necho \"$1\" > \"$HOME/argv\"\ncp -p \"${1#file://}\" \"$HOME/page\"\n: > \"$HOME/ended\"\n",
    );
    let run = with_path(&world, console(&world, &web)).env("BROWSER", "browser").env("XDG_RUNTIME_DIR", &runtime);
    let running = run.args(["-p", "sops", "--console"]).through(&words).start();
    world.read("ended");
    running.expect_stderr(" is open in the browser; its session ends at ");
    let argv = world.read("argv");
    assert!(argv.starts_with(&format!("file://{}/aws-auth-", runtime.display())) && !argv.contains("anary"), "{argv}");
    let page = world.read("page");
    assert!(page.contains("&amp;SigninToken=canary%2BSigninToken"), "{page}");
    assert!(world.snapshot()["page"].starts_with("0600 file"));
    // A signal removes it as well as the end does.
    running.signal(rustix::process::Signal::TERM);
    running.wait().assert_signal(rustix::process::Signal::TERM);
    assert_eq!(std::fs::read_dir(&runtime).unwrap().count(), 0);
}
