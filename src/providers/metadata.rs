//! The credentials of a container or an EC2 instance, from its metadata service (the AWS CLI's ContainerProvider and
//! InstanceMetadataProvider).

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::aws::ask::{Answer, Ask, Unanswered};
use crate::aws::{ask, http};
use crate::context::Context;
use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Result, io_words};
use crate::plan::metadata::{Container, ContainerToken, Instance};
use crate::system::{private_files, random};
use crate::text::escape::some_words;
use crate::text::json::wipe;
use crate::time::{Length, Timestamp, now};

/// How long the container's endpoint may take for the head of an answer, and again for its body.
const CONTAINER_TIMEOUT: Duration = Duration::from_secs(2);

/// How often the container's endpoint is asked before the run fails.
const CONTAINER_ATTEMPTS: u32 = 3;

/// The path that lists the instance's roles, and below which their credentials are.
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// The container's credentials. `about` begins an error.
///
/// # Errors
/// Returns an error if the endpoint cannot be reached, refuses, or answers with something other than credentials.
pub fn container(container: &Container, context: &Context<'_>, about: &str) -> Result<Credentials> {
    let place = format!("the container's credentials endpoint {} ({})", container.url, container.variable);
    let token = container_token(&container.token, context, about)?;
    let mut headers = vec![("accept", "application/json")];
    if let Some(token) = &token {
        headers.push(("authorization", token.expose()));
    }
    context.messages.step(|| format!("asking {}", container.url));
    let ask = || Ask { method: "GET", url: &container.url, headers: &headers, timeout: CONTAINER_TIMEOUT };
    let asking = async {
        let mut answer = ask::ask(ask()).await;
        for _ in 1..CONTAINER_ATTEMPTS {
            match &answer {
                Ok(Answer { status: 500.., .. }) | Err(Unanswered::Silent) => answer = ask::ask(ask()).await,
                _ => break,
            }
        }
        answer
    };
    let answer = http::call(asking, &context.locks)?.map_err(|unanswered| match unanswered {
        Unanswered::Unreachable(words) => Error::new(format!("{about}: cannot reach {place} ({words})"))
            .advise("the container's agent may have stopped, or these variables belong to another container"),
        Unanswered::Silent => Error::new(format!("{about}: {place} does not answer"))
            .advise("the container's agent may be having trouble; try again"),
    })?;
    if answer.status != 200 {
        let words = some_words(&String::from_utf8_lossy(&answer.body));
        let said = Error::new(format!("{about}: {place} answers with status {}", answer.status)).quote(words);
        return Err(match answer.status {
            401 | 403 => said.advise(
                "check the token in AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN",
            ),
            400 | 404 => said.advise("check that the task or pod has a role"),
            _ => said.advise("the container's agent is having trouble; try again in a moment"),
        });
    }
    credentials(&answer, &format!("{about}: {place}"))
}

fn container_token(token: &ContainerToken, context: &Context<'_>, about: &str) -> Result<Option<Secret>> {
    let (text, place) = match token {
        ContainerToken::None => return Ok(None),
        ContainerToken::Variable => {
            let variable = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
            (context.snapshot.text(variable)?.unwrap_or_default().to_owned(), String::from(variable))
        }
        ContainerToken::File(path) => {
            let place = format!("the token file {path} (AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)");
            let bytes = private_files::read_token(Path::new(path)).map_err(|error| {
                Error::new(format!("{about}: {place} cannot be read ({})", io_words(&error)))
                    .advise("the container's agent writes it")
            })?;
            (String::from_utf8_lossy(&bytes).into_owned(), place)
        }
    };
    let text = Secret::new(text);
    // The AWS CLI refuses this too: a line break would end the header.
    if text.expose().contains(['\r', '\n']) {
        return Err(Error::new(format!("{about}: {place} contains a line break"))
            .advise("the token must be one word without a line break"));
    }
    Ok(Some(text))
}

/// The credentials of the instance's role. `about` begins an error.
///
/// # Errors
/// Returns an error if the service cannot be reached, refuses, or answers with something other than credentials.
pub fn instance(instance: &Instance, context: &Context<'_>, about: &str) -> Result<Credentials> {
    context.messages.step(|| format!("asking the instance metadata service at {}", instance.endpoint));
    let place = format!("the instance metadata service at {}", instance.endpoint);
    let asked = Metadata { instance, place: format!("{about}: {place}") };
    let answer = http::call(asked.credentials(), &context.locks)??;
    let mut credentials = credentials(&answer, &asked.place)?;
    let now = now();
    if let Some(end) = credentials.expiration.filter(|end| *end <= now) {
        // During an outage the service returns expired credentials on purpose, and AWS accepts them. The AWS CLI uses
        // them too.
        context.messages.warn(&format!(
            "{place} gives credentials that expired at {}; they are used anyway, as AWS recommends for an outage",
            end.local(now)
        ));
        credentials.expiration = Some(now + outage_length());
    }
    Ok(credentials)
}

/// How long the expired credentials of an outage count as valid, as in the AWS SDKs. It is more than 15 minutes,
/// because an SDK that has less than that left asks again for every call. It is random, so that not all instances ask
/// at the same time when the outage is over.
fn outage_length() -> Length {
    let [random] = random::bytes::<1>().unwrap_or_default();
    Length::seconds(16 * 60 + i64::from(random))
}

/// The instance metadata service, during one fetch.
struct Metadata<'a> {
    instance: &'a Instance,
    /// The profile and the address, with which errors begin.
    place: String,
}

impl Metadata<'_> {
    async fn credentials(&self) -> Result<Answer> {
        let token = self.token().await?;
        let roles = self.get(ROLES, token.as_ref()).await?;
        let role = String::from_utf8_lossy(&roles.body).lines().next().unwrap_or_default().trim().to_owned();
        if roles.status == 404 || roles.status == 200 && role.is_empty() {
            return Err(Error::new(format!("{} has no role for this instance", self.place))
                .advise("attach an instance profile to it, or name a profile that has credentials"));
        }
        self.accept(&roles, token.is_some())?;
        let answer = self.get(&format!("{ROLES}{role}"), token.as_ref()).await?;
        self.accept(&answer, token.is_some())?;
        Ok(answer)
    }

    /// The session token of IMDSv2; `None` if the service gives none and IMDSv1 is allowed.
    async fn token(&self) -> Result<Option<Secret>> {
        let url = format!("{}/latest/api/token", self.instance.endpoint);
        let headers = [("x-aws-ec2-metadata-token-ttl-seconds", "21600")];
        let mut last = None;
        for _ in 0..self.instance.attempts {
            let ask = Ask { method: "PUT", url: &url, headers: &headers, timeout: self.instance.timeout };
            match ask::ask(ask).await {
                Ok(answer) if answer.status == 200 => {
                    let text = String::from_utf8_lossy(&answer.body).trim().to_owned();
                    return Ok(Some(Secret::new(text)));
                }
                Ok(answer) if answer.status == 400 => {
                    return Err(Error::new(format!("{} refuses to give a token (status 400)", self.place))
                        .advise("check AWS_EC2_METADATA_SERVICE_ENDPOINT"));
                }
                Ok(answer) if matches!(answer.status, 403..=405) => {
                    last = Some(format!("answers a request for a token with status {}", answer.status));
                    break;
                }
                Ok(answer) => last = Some(format!("answers a request for a token with status {}", answer.status)),
                Err(Unanswered::Unreachable(words)) => return Err(self.unreachable(&words)),
                // This happens in a container if the instance's hop limit is 1.
                Err(Unanswered::Silent) => last = Some(String::from("does not answer a request for a token")),
            }
        }
        if self.instance.v1 {
            return Ok(None);
        }
        Err(Error::new(format!("{} {}, and IMDSv1 is disabled here", self.place, last.unwrap_or_default()))
            .advise("in a container on an instance, the instance's metadata hop limit must be 2"))
    }

    async fn get(&self, path: &str, token: Option<&Secret>) -> Result<Answer> {
        let url = format!("{}{path}", self.instance.endpoint);
        let headers: Vec<(&str, &str)> =
            token.map(|token| ("x-aws-ec2-metadata-token", token.expose())).into_iter().collect();
        let mut unanswered = None;
        for _ in 0..self.instance.attempts {
            let ask = Ask { method: "GET", url: &url, headers: &headers, timeout: self.instance.timeout };
            match ask::ask(ask).await {
                Ok(answer) if answer.status < 500 => return Ok(answer),
                Ok(answer) => {
                    unanswered = Some(
                        Error::new(format!("{} answers with status {}", self.place, answer.status))
                            .advise("it is having trouble; try again in a moment"),
                    );
                }
                Err(Unanswered::Unreachable(words)) => return Err(self.unreachable(&words)),
                Err(Unanswered::Silent) => {
                    unanswered = Some(Error::new(format!("{} does not answer", self.place)).advise(
                        "it is having trouble, or this is not an EC2 instance; AWS_METADATA_SERVICE_TIMEOUT gives it \
                         more time",
                    ));
                }
            }
        }
        Err(unanswered.unwrap_or_else(|| self.unreachable("not asked")))
    }

    fn accept(&self, answer: &Answer, with_token: bool) -> Result<()> {
        let said = || Error::new(format!("{} answers with status {}", self.place, answer.status));
        match answer.status {
            200 => Ok(()),
            401 if !with_token => Err(Error::new(format!("{} requires a token but gives none", self.place))
                .advise("in a container on an instance, the instance's metadata hop limit must be 2")),
            403 => Err(said().advise("it is switched off for this instance, or for this container")),
            _ => Err(said().advise("check that the instance has a role")),
        }
    }

    fn unreachable(&self, words: &str) -> Error {
        Error::new(format!("{} cannot be reached ({words})", self.place))
            .advise("this does not seem to be an EC2 instance; name a profile that has credentials")
    }
}

/// Reads the credentials of an answer. An error shows only the code and message of the service, never a key.
fn credentials(answer: &Answer, place: &str) -> Result<Credentials> {
    let mut value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(String::from);
    let read = match (text("AccessKeyId"), text("SecretAccessKey").map(Secret::new), text("Token").map(Secret::new)) {
        (Some(id), Some(secret), Some(token)) => match text("Expiration").as_deref().and_then(Timestamp::parse) {
            Some(end) => Credentials {
                access_key_id: id,
                secret_access_key: secret,
                session_token: Some(token),
                expiration: Some(end),
                account_id: text("AccountId"),
            }
            .checked(place),
            None => {
                Err(Error::new(format!("{place} gives no Expiration")).advise("something other than AWS answers there"))
            }
        },
        _ => match (text("Code").or_else(|| text("code")), text("Message").or_else(|| text("message"))) {
            (Some(code), message) if code != "Success" => {
                let message = message.map(|message| some_words(&message)).unwrap_or_default();
                Err(Error::new(format!("{place} says {code}"))
                    .quote(message)
                    .advise("the role may not let this service assume it; check its trust policy"))
            }
            _ => Err(Error::new(format!("{place} answers with something that is not credentials"))
                .advise("something other than AWS answers there")),
        },
    };
    wipe(&mut value);
    read
}
