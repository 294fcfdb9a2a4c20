//! The token that GitHub gives to a job of GitHub Actions.

use serde_json::Value;

use crate::aws::ask::{self, Answer, Unanswered};
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::plan::github::{self, GitHub};
use crate::text::escape::some_words;
use crate::text::json::wipe;

/// Asks GitHub for a token. `about` begins an error. None shows the token, or the secret that the job asks with.
///
/// # Errors
/// Returns an error if GitHub cannot be reached, refuses, or answers without a token.
pub(crate) fn token(github: &GitHub, context: &Context<'_>, about: &str) -> Result<Secret> {
    let place = github.place();
    let about = format!("{about}: {place}");
    let secret = context.snapshot.text(github::TOKEN)?.unwrap_or_default();
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::new(format!("{about}: {} is not one word", github::TOKEN))
            .advise("GitHub sets it for each job; do not set it yourself"));
    }
    let authorization = Secret::new(format!("Bearer {secret}"));
    context.messages.step(|| format!("asking {place} for a token for {}", github.audience));
    if let Some(url) = github.service.endpoint.in_clear() {
        context.messages.warn(&format!("credentials cross the network unencrypted: {} is {url}", github::URL));
    }
    let headers = [("accept", "application/json"), ("authorization", authorization.expose())];
    let answer = ask::get_patiently(&github.service, &github.address(), &headers, &context.locks)?;
    let answer = answer.map_err(|unanswered| match unanswered {
        Unanswered::Unreachable(words) => Error::new(format!("{about} cannot be reached ({words})"))
            .advise("check the network of the runner, HTTPS_PROXY and NO_PROXY; then run the job again"),
        Unanswered::Silent => Error::new(format!("{about} did not answer in time"))
            .advise("run the job again; check the network of the runner, and HTTPS_PROXY"),
    })?;
    read(&answer, &about, secret)
}

/// Reads the token of an answer.
fn read(answer: &Answer, about: &str, secret: &str) -> Result<Secret> {
    let mut value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(String::from);
    let read = match (answer.status, text("value").map(Secret::new)) {
        (200, Some(token)) if token.expose().bytes().all(|byte| byte.is_ascii_graphic()) => Ok(token),
        (200, _) => Err(Error::new(format!("{about} answered without a token"))
            .advise("check whether a proxy or a captive portal stands in between; then run the job again")),
        (status, _) => {
            let said = text("message").filter(|words| !words.contains(secret)).unwrap_or_default();
            let error = Error::new(format!("{about} answers with status {status}")).quote(some_words(&said));
            Err(match status {
                400..=428 | 430..=499 => error.advise(
                    "the job must have 'permissions: id-token: write', and its variables are good only while it runs",
                ),
                300..=399 => error.advise(
                    "GitHub redirects nobody: check whether a proxy or a captive portal stands in between, and the address",
                ),
                _ => error.advise("GitHub is having trouble; run the job again in a moment"),
            })
        }
    };
    wipe(&mut value);
    read
}
