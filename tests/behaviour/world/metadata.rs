//! The metadata services of an instance and of a container, on loopback.

use super::LocalSts;
use super::sts::clock;
use super::web::{Asked, Reply, Web};
use serde_json::json;

/// How an instance metadata service behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imds {
    /// Gives a token and requires it.
    V2,
    /// Knows no tokens.
    V1,
    /// Gives a token but does not require it. The token's answer travels one hop, and the client is two hops away.
    HopLimit,
    /// The same, but a token is required.
    HopLimitV2,
    /// Switched off: answers 403 to all requests.
    Disabled,
    /// The instance has no role.
    NoRole,
    /// EC2 may not assume the role.
    Untrusted,
    /// Answers with HTML instead of the credentials.
    Malformed,
    /// Gives credentials that expired an hour ago.
    Outage,
    /// Answers 500 to all requests but those for a token.
    Trouble,
    /// Accepts all requests but never answers.
    Silent,
}

const TOKEN: &str = "the-metadata-token";
pub const INSTANCE_ROLE: &str = "arn:aws:iam::333333333333:role/instance";
pub const TASK_ROLE: &str = "arn:aws:iam::444444444444:role/task";

/// Starts the service of an instance. `sts` knows the credentials that it gives.
pub fn instance(sts: &LocalSts, how: Imds) -> Web {
    let issue = sts.issuer();
    Web::start(move |asked| {
        if how == Imds::Disabled {
            return Reply::Text(403, String::new());
        }
        if how == Imds::Silent {
            return Reply::Silence;
        }
        if asked.target == "/latest/api/token" {
            return match how {
                Imds::V1 => Reply::Text(404, String::new()),
                Imds::HopLimit | Imds::HopLimitV2 => Reply::Silence,
                _ if asked.method != "PUT" => Reply::Text(405, String::new()),
                _ if asked.header("x-aws-ec2-metadata-token-ttl-seconds").parse::<u32>().is_err() => {
                    Reply::Text(400, String::new())
                }
                _ => Reply::Text(200, TOKEN.to_owned()),
            };
        }
        let without = matches!(how, Imds::V1 | Imds::HopLimit);
        if !without && asked.header("x-aws-ec2-metadata-token") != TOKEN {
            return Reply::Text(401, String::new());
        }
        match (asked.target.strip_prefix("/latest/meta-data/iam/security-credentials/"), how) {
            (None, _) | (_, Imds::NoRole) => Reply::Text(404, "Not Found".to_owned()),
            (_, Imds::Trouble) => Reply::Text(500, String::new()),
            (Some(""), _) => Reply::Text(200, "instance".to_owned()),
            (Some("instance"), Imds::Untrusted) => Reply::Json(json!({
                "Code": "AssumeRoleUnauthorizedAccess",
                "Message": "EC2 cannot assume the role instance.",
            })),
            (Some("instance"), Imds::Malformed) => Reply::Text(200, "<html>\u{1b}[31mPlease sign in</html>".to_owned()),
            (Some("instance"), _) => {
                let issued = issue(INSTANCE_ROLE, "i-0123456789", 21600);
                let end = if how == Imds::Outage { clock::machine() - 3600 } else { issued.expires };
                Reply::Json(json!({
                    "Code": "Success",
                    "LastUpdated": clock::iso(clock::machine()),
                    "Type": "AWS-HMAC",
                    "AccessKeyId": issued.access_key_id,
                    "SecretAccessKey": issued.secret_access_key,
                    "Token": issued.session_token,
                    "Expiration": clock::iso(end),
                }))
            }
            _ => Reply::Text(404, "Not Found".to_owned()),
        }
    })
}

/// Starts a container's endpoint at `/v1/credentials`, which requires this Authorization header.
pub fn container(sts: &LocalSts, authorization: &'static str) -> Web {
    let issue = sts.issuer();
    Web::start(move |asked: &Asked| {
        if asked.target != "/v1/credentials" {
            return Reply::Text(404, "{\"code\":\"InvalidIdInRequest\",\"message\":\"no such task\"}".to_owned());
        }
        if asked.header("authorization") != authorization {
            return Reply::Text(401, "unauthorized\n".to_owned());
        }
        let issued = issue(TASK_ROLE, "task", 21600);
        Reply::Json(json!({
            "AccessKeyId": issued.access_key_id,
            "SecretAccessKey": issued.secret_access_key,
            "Token": issued.session_token,
            "Expiration": clock::iso(issued.expires),
            "AccountId": "444444444444",
        }))
    })
}
