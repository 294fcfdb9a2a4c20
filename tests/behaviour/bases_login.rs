//! `login_session`, from `aws login`: the credentials are in the AWS CLI's file and are renewed with a DPoP proof.

use crate::world::aws_login::{SignIn, pem};
use crate::world::sts::{clock, random};
use crate::world::web::{Always, Reply, Web};
use crate::world::{Output, Role, World};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const SESSION: &str = "arn:aws:iam::111111111111:user/jo";
const ROLE: &str = "arn:aws:iam::111111111111:role/console";
const ONE: &str = "arn:aws:iam::222222222222:role/one";
const TWO: &str = "arn:aws:iam::333333333333:role/two";

pub struct Scene {
    pub world: World,
    pub signin: Web,
    key: p256::SecretKey,
}

impl Scene {
    /// Profiles `p`, `one` over it and `two` over that. The session's credentials expire after `seconds`.
    fn new(seconds: i64) -> Self {
        Self::answering(seconds, None)
    }

    pub fn answering(seconds: i64, instead: Option<Always>) -> Self {
        let mut world = World::new();
        let key = p256::SecretKey::from_slice(&random::bytes(32)).unwrap();
        let refresh = random::session_token();
        let service = SignIn::new(&world.sts);
        service.accept(&refresh, &key);
        if let Some(instead) = instead {
            service.instead("/v1/token", instead);
        }
        let signin = service.serve();
        world.set_env("AWS_ENDPOINT_URL_SIGNIN", signin.endpoint());
        world.config(&format!(
            "[profile p]\nlogin_session = {SESSION}\n[profile one]\nrole_arn = {ONE}\nsource_profile = p\n[profile two]\n\
             role_arn = {TWO}\nsource_profile = one\n"
        ));
        for arn in [ONE, TWO] {
            world.sts.add_role(Role::new(arn));
        }
        let issued = world.sts.issuer()(ROLE, "jo", seconds);
        let scene = Self { world, signin, key };
        scene.write(&json!({
            "accessToken": {
                "accessKeyId": issued.access_key_id,
                "secretAccessKey": issued.secret_access_key,
                "sessionToken": issued.session_token,
                "accountId": "111111111111",
                "expiresAt": clock::iso(issued.expires),
            },
            "tokenType": "aws_sigv4", "refreshToken": refresh, "idToken": "the-id-token",
            "clientId": "arn:aws:signin:::devtools/same-device", "dpopKey": pem(&scene.key).unwrap(), "signInRegion": "eu-west-1",
            "somebodyElses": [1],
        }));
        scene
    }

    fn path() -> String {
        let hash = Sha256::digest(SESSION);
        let name = hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        format!(".aws/login/cache/{name}.json")
    }

    /// Writes the session's file, with a modification time that fits credentials of 15 minutes.
    fn write(&self, session: &Value) {
        let path = self.world.write(Self::path(), session.to_string());
        let left = session["accessToken"]["expiresAt"].as_str().and_then(|end| end.strip_suffix('Z'));
        let left = left.and_then(|end| clock::parse_basic(&(end.replace(['-', ':'], "") + "Z")));
        let age = 900 - left.map_or(900, |end| end - clock::machine());
        let made = std::time::SystemTime::now() - std::time::Duration::from_secs(u64::try_from(age).unwrap());
        std::fs::File::options().write(true).open(path).unwrap().set_modified(made).unwrap();
    }

    fn session(&self) -> Value {
        serde_json::from_str(&self.world.read(Self::path())).unwrap()
    }

    fn run(&self, profile: &str) -> Output {
        self.world.run(["-p", profile, "env", "-0"])
    }

    #[track_caller]
    fn fails(&self, words: &str) {
        let place = self.world.path(".aws/config");
        for profile in ["p", "two"] {
            let line = format!("aws-auth: {}:2: profile 'p': {words}\n", place.display());
            self.run(profile).assert_status(125).assert_stderr(&line.replace("PROFILE", profile));
        }
    }
}

#[test]
fn what_the_aws_cli_keeps_is_used_while_it_is_fresh() {
    let scene = Scene::new(840);
    let session = scene.session();
    let child = scene.run("p").env_of_child();
    assert_eq!(child["AWS_ACCESS_KEY_ID"], session["accessToken"]["accessKeyId"]);
    assert_eq!(child["AWS_ACCOUNT_ID"], "111111111111");
    assert!(scene.signin.lines().is_empty());
    assert_eq!(scene.session(), session);
    assert!(scene.world.cli_cache().is_empty());
}

#[test]
fn near_its_end_it_is_renewed_and_written_back_with_what_is_not_ours() {
    for seconds in [240, -3600] {
        let scene = Scene::new(seconds);
        let before = scene.session();
        let child = scene.run("p").env_of_child();
        assert_eq!(scene.signin.lines(), ["POST /v1/token"]);
        let after = scene.session();
        assert_eq!(child["AWS_ACCESS_KEY_ID"], after["accessToken"]["accessKeyId"]);
        assert_ne!(before["accessToken"]["accessKeyId"], after["accessToken"]["accessKeyId"]);
        assert_ne!(before["refreshToken"], after["refreshToken"]);
        for same in ["tokenType", "idToken", "clientId", "dpopKey", "signInRegion", "somebodyElses"] {
            assert_eq!(before[same], after[same], "{same}");
        }
        assert_eq!(after["accessToken"]["accountId"], "111111111111");
        assert_eq!(scene.world.snapshot()[&Scene::path()][..4], *"0600");
        // The next renewal uses the new refresh token.
        scene.world.run(["-p", "p", "--refresh", "true"]).success();
        scene.run("p").success().assert_stderr("");
    }
}

#[test]
fn one_and_two_roles_over_it() {
    let scene = Scene::new(-60);
    for _ in 0..2 {
        assert_eq!(scene.run("one").env_of_child()["AWS_ACCOUNT_ID"], "222222222222");
        assert_eq!(scene.run("two").env_of_child()["AWS_ACCOUNT_ID"], "333333333333");
    }
    assert_eq!(scene.signin.lines(), ["POST /v1/token"]);
    assert_eq!(scene.world.sts.actions(), ["AssumeRole", "AssumeRole"]);
}

#[test]
fn many_at_once_renew_it_once() {
    let scene = Scene::new(-60);
    let runs: Vec<_> = (0..6).map(|_| scene.world.aws_auth().args(["-p", "p", "true"]).start()).collect();
    for run in runs {
        run.wait().success();
    }
    assert_eq!(scene.signin.lines(), ["POST /v1/token"]);
}

#[test]
fn another_directory_of_sessions() {
    let scene = Scene::new(840);
    let elsewhere = scene.world.path("elsewhere");
    std::fs::rename(scene.world.path(".aws/login/cache"), &elsewhere).unwrap();
    scene.world.aws_auth().env("AWS_LOGIN_CACHE_DIRECTORY", "~/elsewhere").args(["-p", "p", "true"]).run().success();
}

const AGAIN: &str = "log in with: aws-auth -p PROFILE --login";

#[test]
fn nobody_is_logged_in() {
    let scene = Scene::new(-60);
    std::fs::remove_file(scene.world.path(Scene::path())).unwrap();
    scene.fails(&format!("you are not logged in as {SESSION}; {AGAIN}"));
}

#[test]
fn a_session_that_cannot_be_used() {
    for change in [
        (|session| drop(session["accessToken"].take())) as fn(&mut Value),
        |session| session["accessToken"]["expiresAt"] = json!("soon"),
        |session| session["dpopKey"] = json!("no key"),
        |session| session["refreshToken"] = json!(7),
        |session| session["clientId"] = Value::Null,
        |session| session["accessToken"]["secretAccessKey"] = json!("a\nb"),
    ] {
        let scene = Scene::new(-60);
        let mut session = scene.session();
        change(&mut session);
        scene.write(&session);
        let path = scene.world.path(Scene::path());
        scene.fails(&format!("the login session in {} cannot be used; {AGAIN}", path.display()));
        assert!(scene.signin.lines().is_empty());
    }
}

#[test]
fn every_failure_of_the_renewal_is_told_with_profile_and_line() {
    fn denied(error: &str) -> Reply {
        Reply::Refusal(403, "AccessDeniedException", json!({"error": error, "message": "no"}))
    }
    let replies: [(Always, &str); 11] = [
        (|| denied("TOKEN_EXPIRED"), "the login session has expired; AGAIN"),
        (|| denied("USER_CREDENTIALS_CHANGED"), "the password has changed since the login; AGAIN"),
        (
            || denied("INSUFFICIENT_PERMISSIONS"),
            "you are not allowed to renew the login session; ask for AWS's managed policy SignInLocalDevelopmentAccess",
        ),
        (|| denied("INVALID_REQUEST"), "PLACE says INVALID_REQUEST: \"no\"; AGAIN"),
        (
            || Reply::Refusal(429, "TooManyRequestsError", json!({"error": "rate_exceeded", "message": "slow"})),
            "PLACE says TooManyRequestsError: \"slow\"; too many calls at once; try again in a moment",
        ),
        (
            || Reply::Refusal(500, "InternalServerException", json!({"error": "server_error", "message": "oops"})),
            "PLACE says InternalServerException: \"oops\"; the service is having trouble; try again in a moment",
        ),
        (
            || Reply::Close,
            "PLACE closed the connection without an answer; try again; if it happens again, check any proxy and \
             configured endpoint",
        ),
        (
            || Reply::Text(200, "<html>".to_owned()),
            "PLACE answered with status 200 and something that is not an answer from AWS Sign-In; check the endpoint, \
             and whether a proxy or a captive portal stands in between",
        ),
        (
            || Reply::Text(200, " ".repeat(2_000_000)),
            "PLACE answered with more than 1 MiB; check the endpoint, and whether a proxy or a captive portal stands in between",
        ),
        (|| Reply::Json(json!({"expiresIn": 900})), "PLACE answered without credentials; try again"),
        (
            || {
                let keys = json!({"accessKeyId": "ASIAX", "secretAccessKey": "s", "sessionToken": "t\nt"});
                Reply::Json(json!({"accessToken": keys, "tokenType": "sigv4", "expiresIn": 900, "refreshToken": "r"}))
            },
            "PLACE gave credentials with a control character in the session token; each part must be one word without \
             a line break",
        ),
    ];
    for (reply, words) in replies {
        let scene = Scene::answering(-60, Some(reply));
        let before = scene.session();
        let place = format!("AWS Sign-In at {}", scene.signin.endpoint());
        scene.fails(&words.replace("PLACE", &place).replace("AGAIN", AGAIN));
        assert_eq!(scene.session(), before);
    }
}

#[test]
fn nothing_of_the_session_shows() {
    let scene = Scene::new(-60);
    let before = scene.session();
    let run = scene.world.run(["-v", "-p", "one", "true"]);
    run.success().assert_stderr_contains("renewing the login session");
    for session in [before, scene.session()] {
        for secret in [&session["refreshToken"], &session["dpopKey"], &session["accessToken"]["sessionToken"]] {
            assert!(!run.stderr.contains(secret.as_str().unwrap()), "{}", run.report());
        }
    }
}

#[test]
fn in_another_users_home_nothing_is_renewed_as_root() {
    if !crate::faults::is_root() {
        return crate::faults::skipped("in_another_users_home_nothing_is_renewed_as_root", "needs root");
    }
    for (seconds, status) in [(240, 0), (-3600, 125)] {
        let scene = Scene::new(seconds);
        crate::faults::give_away(crate::faults::UNUSED_USER, scene.world.home());
        // An earlier run under sudo may have left the file like this.
        std::os::unix::fs::chown(scene.world.path(Scene::path()), Some(0), Some(0)).unwrap();
        let before = scene.world.snapshot();
        let output = scene.run("p");
        output.assert_status(status);
        if status != 0 {
            output.assert_stderr_contains("it is not renewed, because the home directory ");
        }
        assert!(scene.signin.lines().is_empty());
        assert_eq!(scene.world.snapshot(), before);
    }
}

#[test]
fn logout_says_that_the_sign_in_stays() {
    let scene = Scene::new(900);
    scene.run("one").success();
    let output = scene.world.run(["-p", "one", "--logout"]);
    output.success().assert_stderr(&format!(
        "aws-auth: removed the credentials of role {ONE}\n\
         aws-auth: the sign-in of aws login ({SESSION}) stays; to end it, run 'aws logout'\n"
    ));
    scene.run("one").success();
    std::fs::remove_file(scene.world.path(Scene::path())).unwrap();
    scene
        .world
        .run(["-p", "p", "--logout"])
        .success()
        .assert_stderr(&format!("aws-auth: nothing was cached: no sign-in of aws login ({SESSION})\n"));
}
