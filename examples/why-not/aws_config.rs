//! aws-config, which finds credentials for the Rust SDK: how it differs from the providers of aws-auth.

use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use ::aws_config::ecs::EcsCredentialsProvider;
use ::aws_config::provider_config::ProviderConfig;
use ::aws_config::{BehaviorVersion, Region};
use anyhow::{Context as _, Result};
use aws_credential_types::provider::ProvideCredentials as _;
use aws_smithy_http_client::tls;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::report::Report;
use crate::world::aws_login::pem;
use crate::world::run::Output;
use crate::world::sso::{LocalSso, token_file};
use crate::world::sts::{clock, random};
use crate::world::web::{Reply, Web};
use crate::world::{Invocation, Role, World};

const SESSION: &str = "arn:aws:iam::111111111111:user/jo";
const POD: &str = "arn:aws:iam::111111111111:role/pod";

pub fn try_claims(report: &mut Report) -> Result<()> {
    report.about("aws-config", "0001-aws-config");
    mfa(report)?;
    credential_process(report)?;
    login_answered_with(report, json!({}), "an answer without fields gives credentials without keys, which are saved")?;
    login_answered_with(
        report,
        json!({
            "accessToken": {"accessKeyId": "ASIANEW", "secretAccessKey": "new", "sessionToken": "new"},
            "tokenType": "aws_sigv4", "expiresIn": -1, "refreshToken": "new",
        }),
        "an answer with a negative duration causes a panic",
    )?;
    sso(report)?;
    web_identity(report)?;
    container(report)
}

/// A program that uses the default chain, in the environment of the world.
fn default_chain<'w>(world: &'w World, profile: &str) -> Result<Invocation<'w>> {
    Ok(world.command(std::env::current_exe()?).args(["child", "default-chain"]).profile(profile).secrets_may_show())
}

/// A run of aws-auth that prints the credentials of a profile.
fn aws_auth<'w>(world: &'w World, profile: &str) -> Result<Invocation<'w>> {
    Ok(world.command(crate::aws_auth()?).args(["-p", profile, "--export=json"]).secrets_may_show())
}

/// The program's output as JSON; null if it is not JSON.
fn said(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

/// The prefix of the access key, or the error, without the parts that differ between runs.
fn key_or_error(world: &World, output: &Output) -> String {
    if let Some(key) = said(output)["AccessKeyId"].as_str() {
        return format!("AccessKeyId {:?}", key.chars().take(4).collect::<String>());
    }
    let mut lines = output.stderr.lines().filter(|line| !line.is_empty());
    let line = match lines.next() {
        // The first line of a panic has its place, the second its message.
        Some(line) if line.contains("panicked at") => format!("panicked: {}", lines.next().unwrap_or_default()),
        Some(line) => line.split(": Error {").next().unwrap_or(line).to_owned(),
        None => String::from("nothing"),
    };
    let line = line.replace(&world.home().display().to_string(), "~");
    match line.split_once("127.0.0.1:") {
        Some((before, after)) => format!("{before}127.0.0.1{}", after.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => line,
    }
}

/// The name of the AWS CLI's cache file for this text.
fn file_name<D: Digest>(of: &str) -> String {
    D::digest(of).iter().fold(String::new(), |name, byte| name + &format!("{byte:02x}")) + ".json"
}

fn mfa(report: &mut Report) -> Result<()> {
    let world = World::seeded();
    let theirs = default_chain(&world, "sops")?.in_terminal().wait();
    let calls = world.sts.calls();
    let sent: Vec<_> = calls.iter().map(|call| (call.action.as_str(), call.param("SerialNumber"))).collect();
    let ours = aws_auth(&world, "sops")?.in_terminal();
    ours.expect(&world.prompt("sops"));
    ours.send_line(&world.fresh_code());
    let ours = ours.wait();
    report.claim(
        "a role with mfa_serial is assumed without MFA, and the serial is not sent",
        "the profile sops of the README, at a terminal",
        &[
            ("sent", format!("{sent:?}")),
            ("aws-config", key_or_error(&world, &theirs)),
            ("aws-auth", format!("asked for a code; {}", key_or_error(&world, &ours))),
        ],
        sent == [("AssumeRole", "")] && said(&theirs).is_null() && said(&ours)["AccessKeyId"].is_string(),
    );
    Ok(())
}

fn credential_process(report: &mut Report) -> Result<()> {
    let world = World::new();
    let keys = world.script(
        "keys",
        "#!/bin/sh\necho '{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS\", \"SecretAccessKey\": \"secret\"}'\n",
    );
    let marker = world.path("marker");
    let line = format!("{} && touch {}", keys.display(), marker.display());
    world.config(&format!("[profile process]\ncredential_process = {line}\n"));
    let ours = aws_auth(&world, "process")?.run();
    let after_ours = marker.exists();
    let theirs = default_chain(&world, "process")?.run();
    let after_theirs = marker.exists();
    let touched = |is: bool| if is { "which created a marker" } else { "no marker was created" };
    report.claim(
        "credential_process is run by a shell; the AWS CLI splits it into words",
        "credential_process = keys && touch marker",
        &[
            ("aws-config", format!("{}, {}", key_or_error(&world, &theirs), touched(after_theirs))),
            ("aws-auth", format!("{}, {}", key_or_error(&world, &ours), touched(after_ours))),
        ],
        said(&theirs)["AccessKeyId"] == "AKIAPROCESS"
            && after_theirs
            && said(&ours)["AccessKeyId"] == "AKIAPROCESS"
            && !after_ours,
    );
    Ok(())
}

/// Renews expired credentials of `aws login` with a sign-in service that gives this answer.
fn login_answered_with(report: &mut Report, answer: Value, claim: &str) -> Result<()> {
    let tried = format!("the sign-in service answers {answer}");
    let (mut world, signin) = (World::new(), Web::start(move |_| Reply::Json(answer.clone())));
    world.set_env("AWS_ENDPOINT_URL_SIGNIN", signin.endpoint());
    world.config(&format!("[profile console]\nlogin_session = {SESSION}\n"));
    let key = p256::SecretKey::from_slice(&random::bytes(32))?;
    let session = json!({
        "accessToken": {
            "accessKeyId": "ASIAOLD", "secretAccessKey": "old", "sessionToken": "old", "accountId": "111111111111",
            "expiresAt": clock::iso(clock::machine() - 60),
        },
        "tokenType": "aws_sigv4", "refreshToken": "old", "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": pem(&key)?,
    });
    let path = format!(".aws/login/cache/{}", file_name::<Sha256>(SESSION));
    let kept = |world: &World| -> Result<(String, bool)> {
        let now: Value = serde_json::from_str(&world.read(&path))?;
        let token = now["refreshToken"].as_str().unwrap_or_default();
        Ok((format!("refreshToken {token:?} in the user's file"), token == "old"))
    };

    world.write(&path, session.to_string());
    let ours = aws_auth(&world, "console")?.run();
    let (of_ours, ours_is_whole) = kept(&world)?;
    world.write(&path, session.to_string());
    let theirs = default_chain(&world, "console")?.run();
    let (of_theirs, theirs_is_whole) = kept(&world)?;
    let empty = said(&theirs)["AccessKeyId"] == "" && !theirs_is_whole;
    let panicked = theirs.stderr.contains("panicked at");
    report.claim(
        claim,
        &tried,
        &[
            ("aws-config", format!("{}; {of_theirs}", key_or_error(&world, &theirs))),
            ("aws-auth", format!("{}; {of_ours}", key_or_error(&world, &ours))),
        ],
        (empty || panicked) && ours_is_whole && said(&ours).is_null(),
    );
    Ok(())
}

fn sso(report: &mut Report) -> Result<()> {
    let mut world = World::new();
    let sso = LocalSso::start(&world.sts);
    sso.assign("111111111111", "ReadOnly");
    world.set_env("AWS_ENDPOINT_URL_SSO", sso.web.endpoint());
    world.set_env("AWS_ENDPOINT_URL_SSO_OIDC", sso.web.endpoint());
    world.config(
        "[profile dev]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = ReadOnly\n[sso-session \
         corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-west-1\n",
    );
    let path = format!(".aws/sso/cache/{}", file_name::<Sha1>("corp"));
    // The state of the token file after a renewal: whether the unknown field is there, and whether it is the same file.
    let after = |renew: &dyn Fn() -> Result<Output>| -> Result<(bool, bool, String)> {
        let (token, refresh) = sso.log_in();
        world.write(&path, token_file(&token, &refresh, -60).to_string());
        let file = std::fs::metadata(world.path(&path))?.ino();
        let came = key_or_error(&world, &renew()?);
        let now: Value = serde_json::from_str(&world.read(&path))?;
        anyhow::ensure!(now["accessToken"] != token.as_str(), "the token was not renewed: {came}");
        let (kept, in_place) = (!now["somebodyElses"].is_null(), std::fs::metadata(world.path(&path))?.ino() == file);
        let shown = format!(
            "{came}; the field was {}; the file was {}",
            if kept { "kept" } else { "dropped" },
            if in_place { "rewritten in place" } else { "replaced whole" }
        );
        Ok((kept, in_place, shown))
    };
    let ours = after(&|| Ok(aws_auth(&world, "dev")?.run()))?;
    let theirs = after(&|| Ok(default_chain(&world, "dev")?.run()))?;
    report.claim(
        "a renewed SSO token overwrites the old one in place, without the unknown fields",
        "a token file of the AWS CLI with one field more, whose token has expired",
        &[("aws-config", theirs.2), ("aws-auth", ours.2)],
        !theirs.0 && theirs.1 && ours.0 && !ours.1,
    );
    Ok(())
}

fn web_identity(report: &mut Report) -> Result<()> {
    let world = World::new();
    let token = world.write("token", "the-token");
    world.config(&format!(
        "[profile pod]\nrole_arn = {POD}\nrole_session_name = jo\nweb_identity_token_file = {}\n",
        token.display()
    ));
    world.sts.add_role(Role::new(POD));
    world.sts.accept_web_identity("the-token", "system:serviceaccount:default:pod");
    let theirs = said(&default_chain(&world, "pod")?.run());
    aws_auth(&world, "pod")?.run();
    let user = world.cli_cache().into_values().next().unwrap_or_default()["AssumedRoleUser"].clone();
    let all = theirs["All"].as_str().unwrap_or_default();
    let has = |what: &str| if all.contains(what) { "there" } else { "not there" };
    report.claim(
        "web identity keeps only the account of AssumedRoleUser; the AWS CLI's cache needs all of it",
        "AssumeRoleWithWebIdentity, whose answer has an AssumedRoleUser",
        &[
            (
                "aws-config",
                format!("the account is {}, the ARN is {}", has("111111111111"), has("assumed-role/pod/jo")),
            ),
            ("aws-auth", format!("AssumedRoleUser in the AWS CLI's cache, with the ARN {}", user["Arn"])),
        ],
        theirs["AccessKeyId"].is_string() && !all.contains("assumed-role/pod/jo") && user["Arn"].is_string(),
    );
    Ok(())
}

fn container(report: &mut Report) -> Result<()> {
    let mut world = World::new();
    let silent = Web::start(|_| Reply::Silence);
    world.set_env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/credentials", silent.endpoint()));
    let theirs = world.command(std::env::current_exe()?).args(["child", "container"]).run();
    report.claim(
        "the wait for a container's credentials is longer than the caller allows",
        "EcsCredentialsProvider with connect_timeout and read_timeout of 100 ms; a service that never answers",
        &[("aws-config", theirs.stdout_text().trim_end().to_owned())],
        theirs.stdout_text().starts_with("no answer and no error after 2 s"),
    );
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("an event loop")
}

fn http_client() -> SharedHttpClient {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    aws_smithy_http_client::Builder::new().tls_provider(ring).build_https()
}

/// The child program that uses the default chain.
pub fn print_credentials_of_default_chain() -> Result<()> {
    let load = ::aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
        .region(Region::from_static("us-east-1"))
        .load();
    let credentials = runtime()?.block_on(async {
        let chain = load.await.credentials_provider().context("a chain")?;
        anyhow::Ok(chain.provide_credentials().await)
    })?;
    let credentials = match credentials {
        Ok(credentials) => credentials,
        Err(error) => anyhow::bail!("{:#}", anyhow::Error::new(error)),
    };
    println!("{}", json!({"AccessKeyId": credentials.access_key_id(), "All": format!("{credentials:?}")}));
    Ok(())
}

/// The child program that calls a container's service with short timeouts.
pub fn wait_for_a_container() -> Result<()> {
    runtime()?.block_on(async {
        let config = ProviderConfig::without_region()
            .with_http_client(http_client())
            .with_region(Some(Region::from_static("us-east-1")));
        let brief = Duration::from_millis(100);
        let provider =
            EcsCredentialsProvider::builder().configure(&config).connect_timeout(brief).read_timeout(brief).build();
        match tokio::time::timeout(Duration::from_secs(2), provider.provide_credentials()).await {
            Err(_) => println!("no answer and no error after 2 s"),
            Ok(answer) => println!("an end: {}", answer.is_ok()),
        }
        Ok(())
    })
}
