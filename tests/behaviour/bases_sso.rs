//! IAM Identity Center: role credentials from the AWS CLI's token, which is renewed if possible, and how all of this
//! can fail.

use crate::world::sso::{LocalSso, token_file};
use crate::world::sts::clock;
use crate::world::web::{Always, Reply};
use crate::world::{Output, Role, World, seed};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use std::os::unix::fs::PermissionsExt as _;

const ACCOUNT: &str = "111111111111";
const ONE: &str = "arn:aws:iam::222222222222:role/one";
const TWO: &str = "arn:aws:iam::333333333333:role/two";
const START_URL: &str = "https://corp.awsapps.com/start";

fn sha1(text: &str) -> String {
    Sha1::digest(text).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

pub struct Scene {
    pub world: World,
    pub sso: LocalSso,
}

impl Scene {
    /// Profiles `p` with a session and `legacy` with a start URL, the role `one` over `p` and `two` over `one`. There
    /// is no login.
    fn new() -> Self {
        let mut world = World::new();
        let sso = LocalSso::start(&world.sts);
        sso.assign(ACCOUNT, "ReadOnly");
        world.set_env("AWS_ENDPOINT_URL_SSO", sso.web.endpoint());
        world.set_env("AWS_ENDPOINT_URL_SSO_OIDC", sso.web.endpoint());
        world.config(&format!(
            "[profile p]\nsso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = ReadOnly\nregion = eu-west-2\n\
             [profile one]\nrole_arn = {ONE}\nsource_profile = p\n[profile two]\nrole_arn = {TWO}\nsource_profile = one\n\
             [profile legacy]\nsso_start_url = {START_URL}\nsso_region = eu-west-1\nsso_account_id = {ACCOUNT}\n\
             sso_role_name = ReadOnly\n[sso-session corp]\nsso_start_url = {START_URL}\nsso_region = eu-west-1\n"
        ));
        world.sts.add_role(Role::new(ONE));
        world.sts.add_role(Role::new(TWO));
        Self { world, sso }
    }

    /// The same with a login whose token expires after `seconds`.
    pub fn logged_in(seconds: i64) -> Self {
        let scene = Self::new();
        let (token, refresh) = scene.sso.log_in();
        scene.write_token("corp", &token_file(&token, &refresh, seconds));
        scene
    }

    fn write_token(&self, name: &str, token: &Value) {
        let path = self.world.write(Self::token_path(name), token.to_string());
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn token_path(name: &str) -> String {
        format!(".aws/sso/cache/{}.json", sha1(name))
    }

    fn token(&self) -> Value {
        serde_json::from_str(&self.world.read(Self::token_path("corp"))).unwrap()
    }

    fn asked(&self) -> Vec<String> {
        self.sso.web.lines()
    }

    fn run(&self, profile: &str) -> Output {
        self.world.run(["-p", profile, "env", "-0"])
    }

    /// Asserts that the run fails with these words about the profile.
    #[track_caller]
    fn fails(&self, profile: &str, words: &str) {
        let line = if profile == "legacy" { 15 } else { 3 };
        let base = if profile == "legacy" { "legacy" } else { "p" };
        let place = self.world.path(".aws/config");
        let run = self.run(profile);
        run.assert_status(125)
            .assert_stderr(&format!("aws-auth: {}:{line}: profile '{base}': {words}\n", place.display()));
    }
}

pub const CREDENTIALS: &str = "GET /federation/credentials?role_name=ReadOnly&account_id=111111111111";

#[test]
fn role_credentials_are_got_by_the_token_and_kept_as_the_aws_cli_keeps_them() {
    let scene = Scene::logged_in(8 * 3600);
    let first = scene.run("p").env_of_child();
    assert!(first["AWS_ACCESS_KEY_ID"].starts_with("ASIA"));
    assert_eq!((first["AWS_ACCOUNT_ID"].as_str(), first["AWS_REGION"].as_str()), (ACCOUNT, "eu-west-2"));
    assert_eq!(scene.asked(), [CREDENTIALS]);
    let key = sha1(&format!("{{\"accountId\":\"{ACCOUNT}\",\"roleName\":\"ReadOnly\",\"sessionName\":\"corp\"}}"));
    let cached = scene.world.cli_cache();
    assert_eq!(cached.keys().collect::<Vec<_>>(), [&format!("{key}.json")]);
    let entry = &cached[&format!("{key}.json")];
    assert_eq!(entry["ProviderType"], "sso");
    assert_eq!(entry["Credentials"]["AccessKeyId"], first["AWS_ACCESS_KEY_ID"]);
    assert_eq!(entry["Credentials"]["Expiration"], first["AWS_CREDENTIAL_EXPIRATION"]);
    assert_eq!(entry["Credentials"]["AccountId"], ACCOUNT);
    // The second run makes no request.
    let second = scene.run("p").env_of_child();
    assert_eq!(first["AWS_ACCESS_KEY_ID"], second["AWS_ACCESS_KEY_ID"]);
    assert_eq!(scene.asked().len(), 1);
}

#[test]
fn an_entry_of_the_aws_cli_is_used_whoever_is_logged_in() {
    let scene = Scene::new();
    let key = sha1(
        "{\"accountId\":\"111111111111\",\"roleName\":\"ReadOnly\",\"startUrl\":\"https://corp.awsapps.com/start\"}",
    );
    let issued = scene.world.sts.issuer()("arn:aws:iam::111111111111:role/x", "jo", 3600);
    let entry = json!({"ProviderType": "sso", "Credentials": {
        "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret_access_key,
        "SessionToken": issued.session_token,
        "Expiration": clock::iso(issued.expires).replace('Z', "UTC"),
    }});
    scene.world.write(format!(".aws/cli/cache/{key}.json"), entry.to_string());
    let child = scene.run("legacy").env_of_child();
    assert_eq!(child["AWS_ACCESS_KEY_ID"], issued.access_key_id);
    assert_eq!(child["AWS_ACCOUNT_ID"], ACCOUNT);
    assert!(scene.asked().is_empty());
}

#[test]
fn keys_of_both_caches_are_botocores() {
    // These names come from botocore 1.43, for the same profiles.
    let scene = Scene::logged_in(8 * 3600);
    assert_eq!(Scene::token_path("corp"), ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json");
    scene.run("p").success();
    let keys = |scene: &Scene| scene.world.cli_cache().into_keys().collect::<Vec<_>>();
    assert_eq!(keys(&scene), ["e83cab308910340ce11a566ebf0b9e96b40f6c39.json"]);
    let scene = Scene::logged_in(8 * 3600);
    let (token, refresh) = scene.sso.log_in();
    scene.write_token(START_URL, &token_file(&token, &refresh, 3600));
    scene.sso.assign(ACCOUNT, "R\u{e9}ad\"x");
    scene
        .world
        .config(&scene.world.read(".aws/config").replace("sso_role_name = ReadOnly", "sso_role_name = R\u{e9}ad\"x"));
    scene.run("legacy").success();
    assert_eq!(keys(&scene), ["4a640a09e66076d1e28d095f88d00a82303bc9da.json"]);
}

#[test]
fn an_entry_of_another_provider_or_account_is_a_miss() {
    for (name, value) in [("ProviderType", json!("login")), ("Credentials", json!("222222222222"))] {
        let scene = Scene::logged_in(8 * 3600);
        let first = scene.run("p").env_of_child();
        let (file, mut entry) = scene.world.cli_cache().into_iter().next().unwrap();
        match name {
            "Credentials" => entry[name]["AccountId"] = value,
            _ => entry[name] = value,
        }
        scene.world.write(format!(".aws/cli/cache/{file}"), entry.to_string());
        let second = scene.run("p").env_of_child();
        assert_ne!(first["AWS_ACCESS_KEY_ID"], second["AWS_ACCESS_KEY_ID"], "{name}");
    }
}

#[test]
fn refresh_gets_new_role_credentials() {
    let scene = Scene::logged_in(8 * 3600);
    let first = scene.run("p").env_of_child();
    let second = scene.world.run(["-p", "p", "--refresh", "env", "-0"]).env_of_child();
    assert_ne!(first["AWS_ACCESS_KEY_ID"], second["AWS_ACCESS_KEY_ID"]);
    assert_eq!(scene.asked(), [CREDENTIALS; 2]);
}

#[test]
fn too_little_left_is_got_anew() {
    let scene = Scene::logged_in(8 * 3600);
    scene.run("p").success();
    scene.world.run(["-p", "p", "--min-ttl", "30m", "true"]).success();
    assert_eq!(scene.asked().len(), 1);
    let entry = scene.world.cli_cache().into_iter().next().unwrap();
    let mut contents = entry.1;
    contents["Credentials"]["Expiration"] = json!(clock::iso(clock::machine() + 120));
    // The file has a new modification time, like a copied file.
    scene.world.write(format!(".aws/cli/cache/{}", entry.0), contents.to_string());
    scene.run("p").success();
    assert_eq!(scene.asked().len(), 2);
}

#[test]
fn logout_forgets_the_role_credentials_and_not_the_login() {
    let scene = Scene::logged_in(8 * 3600);
    scene.run("p").success();
    let token = scene.token();
    let stays = "stays; to end it, run 'aws sso logout'\n";
    let output = scene.world.run(["-p", "p", "--logout"]);
    output.success().assert_stderr(&format!(
        "aws-auth: removed the credentials of SSO role ReadOnly in {ACCOUNT}\n\
         aws-auth: the sign-in to the SSO session 'corp' {stays}"
    ));
    assert!(scene.world.cli_cache().is_empty());
    assert_eq!(scene.token(), token);
    let output = scene.world.run(["--logout", "--all"]);
    output
        .success()
        .assert_stderr("aws-auth: nothing was cached\naws-auth: sign-ins stay; to end them, run 'aws sso logout'\n");
    let output = Scene::new().world.run(["-p", "p", "--logout"]);
    output.success().assert_stderr(&format!(
        "aws-auth: nothing was cached: no credentials of SSO role ReadOnly in {ACCOUNT}, no sign-in to the SSO session \
         'corp'\n"
    ));
}

#[test]
fn no_cache_reads_the_login_and_keeps_nothing() {
    let scene = Scene::logged_in(8 * 3600);
    for _ in 0..2 {
        scene.world.run(["-p", "p", "--no-cache", "true"]).success();
    }
    assert_eq!(scene.asked().len(), 2);
    assert!(scene.world.cli_cache().is_empty());
}

#[test]
fn one_and_two_roles_over_it() {
    let scene = Scene::logged_in(8 * 3600);
    for _ in 0..2 {
        assert_eq!(scene.run("one").env_of_child()["AWS_ACCOUNT_ID"], "222222222222");
        assert_eq!(scene.run("two").env_of_child()["AWS_ACCOUNT_ID"], "333333333333");
    }
    assert_eq!(scene.asked(), [CREDENTIALS]);
    let calls = scene.world.sts.calls();
    assert_eq!(calls.iter().map(|call| call.param("RoleArn")).collect::<Vec<_>>(), [ONE, TWO]);
    // SSO is not needed while the role above it is fresh.
    std::fs::remove_dir_all(scene.world.path(".aws/sso")).unwrap();
    scene.run("one").success();
    assert_eq!(scene.world.sts.calls().len(), 2);
}

#[test]
fn a_legacy_profile_by_its_start_url() {
    let scene = Scene::new();
    let (token, _) = scene.sso.log_in();
    let file = json!({"startUrl": START_URL, "region": "eu-west-1", "accessToken": token,
        "expiresAt": clock::iso(clock::machine() + 3600).replace('Z', "UTC")});
    scene.write_token(START_URL, &file);
    scene.run("legacy").success().assert_stderr("");
    let key = sha1(&format!("{{\"accountId\":\"{ACCOUNT}\",\"roleName\":\"ReadOnly\",\"startUrl\":\"{START_URL}\"}}"));
    assert_eq!(scene.world.cli_cache().keys().collect::<Vec<_>>(), [&format!("{key}.json")]);
}

// The token.

#[test]
fn a_token_near_its_end_is_renewed_and_written_back_with_what_is_not_ours() {
    for seconds in [14 * 60, -3600] {
        let scene = Scene::logged_in(seconds);
        let before = scene.token();
        let asked = clock::machine();
        scene.run("p").success().assert_stderr("");
        assert_eq!(scene.asked(), ["POST /token", CREDENTIALS]);
        let after = scene.token();
        for same in ["clientId", "clientSecret", "registrationExpiresAt", "startUrl", "region", "somebodyElses"] {
            assert_eq!(before[same], after[same], "{same}");
        }
        for new in ["accessToken", "refreshToken", "expiresAt"] {
            assert_ne!(before[new], after[new], "{new}");
        }
        let ends = [0, 1, 2, 3, 4, 5].map(|late| clock::iso(asked + 28800 + late));
        assert!(ends.contains(&after["expiresAt"].as_str().unwrap().to_owned()), "{after}");
        let mode = scene.world.snapshot()[&Scene::token_path("corp")][..4].to_owned();
        assert_eq!(mode, "0600");
        // They are the tokens that the service has issued.
        assert!(scene.sso.state().tokens.contains(after["accessToken"].as_str().unwrap()));
        assert!(scene.sso.state().refresh_tokens.contains(after["refreshToken"].as_str().unwrap()));
    }
}

#[test]
fn a_token_that_is_good_for_long_is_not_renewed() {
    let scene = Scene::logged_in(16 * 60);
    scene.run("p").success();
    assert_eq!(scene.asked(), [CREDENTIALS]);
}

#[test]
fn a_legacy_token_is_not_renewed() {
    let scene = Scene::new();
    let (token, refresh) = scene.sso.log_in();
    scene.write_token(START_URL, &token_file(&token, &refresh, 60));
    scene.run("legacy").success();
    assert_eq!(scene.asked(), [CREDENTIALS]);
    scene.write_token(START_URL, &token_file(&token, &refresh, -60));
    std::fs::remove_dir_all(scene.world.cli_cache_dir()).unwrap();
    scene.fails(
        "legacy",
        &format!("the SSO session of {START_URL} has expired; log in with: aws-auth -p legacy --login"),
    );
    assert_eq!(scene.asked().len(), 1);
}

const ENDED: &str = "the SSO session 'corp' has expired; log in with: aws-auth -p p --login";

#[test]
fn a_token_that_cannot_be_renewed_is_used_until_its_end() {
    let registration = |token: &mut Value| token["registrationExpiresAt"] = json!("2020-01-01T00:00:00Z");
    let refresh = |token: &mut Value| drop(token.as_object_mut().unwrap().remove("refreshToken"));
    let client = |token: &mut Value| token["clientSecret"] = json!("");
    for change in [registration as fn(&mut Value), refresh, client] {
        let scene = Scene::logged_in(60);
        let mut token = scene.token();
        change(&mut token);
        scene.write_token("corp", &token);
        scene.run("p").success();
        assert_eq!(scene.asked(), [CREDENTIALS]);
        std::fs::remove_dir_all(scene.world.cli_cache_dir()).unwrap();
        token["expiresAt"] = json!(clock::iso(clock::machine() - 60));
        scene.write_token("corp", &token);
        scene.fails("p", ENDED);
        assert_eq!(scene.asked().len(), 1);
    }
}

#[test]
fn a_renewal_that_is_refused_ends_at_the_tokens_end() {
    let scene = Scene::logged_in(60);
    scene.sso.state().refresh_tokens.clear();
    scene.run("p").success().assert_stderr("");
    assert_eq!(scene.asked(), ["POST /token", CREDENTIALS]);
    let scene = Scene::logged_in(-60);
    scene.sso.state().refresh_tokens.clear();
    let before = scene.token();
    scene.fails("p", ENDED);
    assert_eq!(scene.token(), before);
}

#[test]
fn a_renewal_that_fails_on_the_way_is_told_when_it_was_needed() {
    let oidc = |scene: &Scene| format!("SSO OIDC at {}", scene.sso.web.endpoint());
    let replies: [(Always, &str); 5] = [
        (
            || Reply::Refusal(500, "InternalServerException", json!({"error": "server_error"})),
            "OIDC says InternalServerException; the service is having trouble; try again in a moment",
        ),
        (
            || Reply::Close,
            "OIDC closed the connection without an answer; try again; if it happens again, check any proxy and \
             configured endpoint",
        ),
        (
            || Reply::Text(200, "<html>".to_owned()),
            "OIDC answered with status 200 and something that is not an answer from SSO OIDC; check the endpoint, and \
             whether a proxy or a captive portal stands in between",
        ),
        (|| Reply::Json(json!({"accessToken": "x"})), "OIDC answered without a token; try again"),
        (|| Reply::Json(json!({"expiresIn": 5})), "OIDC answered without a token; try again"),
    ];
    for (reply, words) in replies {
        let scene = Scene::logged_in(-60);
        scene.sso.instead("/token", reply);
        let words = words.replacen("OIDC", &oidc(&scene), 1);
        scene.fails("p", &format!("the SSO session 'corp' has expired and was not renewed: {words}"));
        // While the old token is valid, it is used.
        let scene = Scene::logged_in(60);
        scene.sso.instead("/token", reply);
        scene.run("p").success().assert_stderr("");
    }
}

#[test]
fn many_at_once_renew_the_token_once() {
    let scene = Scene::logged_in(-60);
    let runs: Vec<_> = (0..6).map(|_| scene.world.aws_auth().args(["-p", "p", "true"]).start()).collect();
    for run in runs {
        run.wait().success();
    }
    assert_eq!(scene.asked(), ["POST /token", CREDENTIALS]);
    // Also below different roles, each of which has its own lock.
    let scene = Scene::logged_in(-60);
    scene.world.append_config(&format!("[profile other]\nrole_arn = {TWO}\nsource_profile = p\n"));
    let runs: Vec<_> =
        ["one", "other", "one", "other"].map(|p| scene.world.aws_auth().args(["-p", p, "true"]).start()).into();
    for run in runs {
        run.wait().success();
    }
    assert_eq!(scene.asked().iter().filter(|line| *line == "POST /token").count(), 1);
}

#[test]
fn nobody_is_logged_in() {
    let missing = "you are not logged in to the SSO session 'corp'; log in with: aws-auth -p p --login";
    let scene = Scene::new();
    scene.fails("p", missing);
    scene.fails("one", &missing.replace("-p p", "-p one"));
    // Files that do not hold a token of the AWS CLI.
    for text in [
        "",
        "{}",
        "[]",
        "null",
        "{\"accessToken\": 1, \"expiresAt\": \"2099-01-01T00:00:00Z\"}",
        "{\"accessToken\": \"x\"}",
        "{\"accessToken\": \"x\", \"expiresAt\": \"soon\"}",
    ] {
        scene.world.write(Scene::token_path("corp"), text);
        scene.fails("p", missing);
    }
    assert!(scene.asked().is_empty());
}

#[test]
fn explain_tells_what_a_run_would_do_about_the_token() {
    let told = |scene: &Scene| {
        let text = scene.world.run(["-p", "p", "--explain"]).success().stdout_text();
        let json = scene.world.run(["-p", "p", "--explain", "--json"]).success().stdout_text();
        let json: Value = serde_json::from_str(&json).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("a run now: ")).unwrap().to_owned();
        (line, json["run"]["sso_token"].clone())
    };
    let calls = "calls GetRoleCredentials; asks for no code";
    let session = "the SSO session 'corp'";
    assert_eq!(told(&Scene::logged_in(3600)), (calls.to_owned(), "used".into()));
    assert_eq!(told(&Scene::logged_in(60)), (format!("renews the token of {session}, then {calls}"), "renewed".into()));
    let asks = format!("needs a sign-in to {session} and fails: there is no terminal to ask on");
    assert_eq!(told(&Scene::new()), (asks, "sign-in".into()));
    let scene = Scene::new();
    let run = scene.world.aws_auth().args(["-p", "p", "--explain"]).in_terminal().wait();
    let words = format!("a run now: asks on the terminal to sign in to {session}, then {calls}\n");
    assert!(run.success().stdout_text().contains(&words), "{}", run.report());
    assert!(scene.asked().is_empty());
    // Cached credentials need no token.
    let scene = Scene::logged_in(3600);
    scene.run("p").success();
    std::fs::remove_file(scene.world.path(Scene::token_path("corp"))).unwrap();
    let (line, token) = told(&scene);
    assert!(line.starts_with("takes the cached credentials") && token.is_null(), "{line}");
}

#[test]
fn login_with_a_good_token_says_what_it_got() {
    let scene = Scene::logged_in(8 * 3600);
    let run = scene.world.run(["-p", "p", "--login"]);
    run.success();
    assert_eq!(
        crate::kit::masked(&run.stderr),
        format!(
            "aws-auth: p: signed in to the SSO session 'corp' until HH:MM, and renewed then\naws-auth: p: SSO role ReadOnly in {ACCOUNT} until HH:MM\n"
        )
    );
}

// The portal.

#[test]
fn every_failure_of_the_portal_is_told_with_profile_and_line() {
    let portal = |scene: &Scene| format!("the SSO portal at {}", scene.sso.web.endpoint());
    let refusals: [(Always, &str); 10] = [
        (
            || Reply::Refusal(401, "UnauthorizedException", json!({"message": "Session token not found or invalid"})),
            "PORTAL no longer accepts the token of the SSO session 'corp': \"Session token not found or invalid\"; log \
             in with: aws-auth -p p --login --refresh",
        ),
        (
            || Reply::Refusal(403, "ForbiddenException", json!({"message": "No access\u{1b}[31m"})),
            "PORTAL says ForbiddenException: \"No access\\u{1b}[31m\"; check sso_account_id (111111111111) and \
             sso_role_name (ReadOnly), which the administrator of IAM Identity Center assigns to you",
        ),
        (
            || Reply::Refusal(404, "ResourceNotFoundException", json!({"message": "no such account"})),
            "PORTAL says ResourceNotFoundException: \"no such account\"; check sso_account_id (111111111111) and \
             sso_role_name (ReadOnly), which the administrator of IAM Identity Center assigns to you",
        ),
        (
            || Reply::Refusal(429, "TooManyRequestsException", json!({"message": "slow down"})),
            "PORTAL says TooManyRequestsException: \"slow down\"; too many calls at once; try again in a moment",
        ),
        (
            || Reply::Refusal(503, "ServiceUnavailable", json!({"message": "later"})),
            "PORTAL says ServiceUnavailable: \"later\"; the service is having trouble; try again in a moment",
        ),
        (
            || Reply::Close,
            "PORTAL closed the connection without an answer; try again; if it happens again, check any proxy and \
             configured endpoint",
        ),
        (
            || Reply::Text(200, "<html>Please sign in</html>".to_owned()),
            "PORTAL answered with status 200 and something that is not an answer from the SSO portal; check the \
             endpoint, and whether a proxy or a captive portal stands in between",
        ),
        (
            || Reply::Json(json!({"roleCredentials": {"accessKeyId": "ASIAX"}})),
            "PORTAL answered without credentials; try again",
        ),
        (
            || Reply::Text(200, " ".repeat(2_000_000)),
            "PORTAL answered with more than 1 MiB; check the endpoint, and whether a proxy or a captive portal stands in between",
        ),
        (
            || {
                let keys =
                    json!({"accessKeyId": "ASIAX", "secretAccessKey": "s\0", "sessionToken": "t", "expiration": 0});
                Reply::Json(json!({"roleCredentials": keys}))
            },
            "PORTAL gave credentials with a control character in the secret access key; each part must be one word \
             without a line break",
        ),
    ];
    for (reply, words) in refusals {
        let scene = Scene::logged_in(8 * 3600);
        scene.sso.instead("/federation/", reply);
        scene.fails("p", &words.replace("PORTAL", &portal(&scene)));
        assert!(scene.world.cli_cache().is_empty());
    }
}

#[test]
fn a_portal_that_is_not_there() {
    let mut scene = Scene::logged_in(8 * 3600);
    let endpoint = {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", gone.local_addr().unwrap())
    };
    scene.world.set_env("AWS_ENDPOINT_URL_SSO", &endpoint);
    scene.fails(
        "p",
        &format!("cannot reach the SSO portal at {endpoint} (Connection refused): check the network, a VPN, HTTPS_PROXY and any configured endpoint"),
    );
}

#[test]
fn a_role_with_a_serial_over_it_sends_serial_and_code() {
    let scene = Scene::logged_in(8 * 3600);
    let world = &scene.world;
    world.append_config(&format!("[profile m]\nrole_arn = {ONE}\nsource_profile = p\nmfa_serial = {}\n", seed::SERIAL));
    let code = world.fresh_code();
    // STS refuses, as a role session has no MFA device. The test checks that it received serial and code.
    world.aws_auth().env("AWS_AUTH_MFA_TOKEN", &code).args(["-p", "m", "true"]).run().assert_status(125);
    let call = world.sts.last("AssumeRole");
    assert_eq!((call.param("SerialNumber"), call.param("TokenCode")), (seed::SERIAL, code.as_str()));
}

#[test]
fn no_token_shows_in_what_is_said() {
    let scene = Scene::logged_in(60);
    let before = scene.token();
    let run = scene.world.run(["-v", "-p", "one", "true"]);
    run.success().assert_stderr_contains("the SSO token was renewed");
    let after = scene.token();
    for token in [before, after] {
        for name in ["accessToken", "refreshToken", "clientSecret"] {
            assert!(!run.stderr.contains(token[name].as_str().unwrap()), "{name}: {}", run.report());
        }
    }
}
