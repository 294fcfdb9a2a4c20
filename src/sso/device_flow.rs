//! Signing in with a browser anywhere: a code that a person confirms there, while we ask whether it was done (RFC 8628).

use std::time::{Duration, Instant};

use crate::aws::http;
use crate::context::Context;
use crate::error::{Error, Result, io_words};
use crate::plan::sso::Sso;
use crate::sso::oidc::Refusal;
use crate::sso::outcome::{Given, NotSignedIn};
use crate::sso::registration::Registration;
use crate::sso::words::tell;
use crate::sso::{oidc, registration};
use crate::system::signals::Interrupted;
use crate::system::wait::Wait;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Between two questions, when the service says nothing or none at all.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);

/// By how much `slow_down` makes it longer (RFC 8628, section 3.5).
const SLOW_DOWN_STEP: Duration = Duration::from_secs(5);

/// How long a call may go on before a signal is looked for.
const SIGNAL_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// How many questions in a row may stay without an answer.
const MAX_UNANSWERED: u32 = 3;

/// Shows link and code, and asks until somebody has signed in.
pub fn sign_in(
    sso: &Sso,
    registration: &Registration,
    until: Instant,
    context: &Context<'_>,
    interrupted: &mut dyn Interrupted,
) -> Result<Given, NotSignedIn> {
    let client = oidc::client(&sso.oidc)?;
    let request = client
        .start_device_authorization()
        .client_id(&registration.client_id)
        .client_secret(registration.client_secret.expose())
        .start_url(&sso.start_url);
    let refused = |refusal: &Refusal| {
        if refusal.of_client() {
            registration::forget(sso, context);
        }
        refusal.error(&sso.oidc, "check sso_start_url and sso_region, and try again")
    };
    let started = http::runtime()?
        .block_on(request.send())
        .map_err(|error| Refusal::of(&sso.oidc, &error).map_or_else(|error| error, |refusal| refused(&refusal)))?;
    let (Some(device_code), Some(user_code), Some(link)) =
        (started.device_code(), started.user_code(), started.verification_uri())
    else {
        return Err(Error::new(format!("{} answered without a code to sign in with", sso.oidc.place()))
            .advise("try again")
            .into());
    };
    // From here on to the end, the calls included, for an end by Ctrl-C must tell those who wait for us.
    let failed = |error: &std::io::Error| Error::new(format!("cannot wait ({})", io_words(error)));
    let mut wait = Wait::begin(interrupted).map_err(|error| failed(&error))?;
    tell(
        context,
        &match started.verification_uri_complete() {
            Some(complete) => {
                format!("to sign in, open {complete} in any browser and check that it shows the code {user_code}")
            }
            None => format!("to sign in, open {link} in any browser and type the code {user_code} there"),
        },
    );
    let seconds = |seconds: i32| Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let until = match started.expires_in() {
        ..=0 => until,
        lives => until.min(Instant::now() + seconds(lives)),
    };
    let mut interval = seconds(started.interval()).max(DEFAULT_INTERVAL);
    let mut unanswered = 0;
    loop {
        let next = Instant::now() + interval;
        wait.until(next.min(until), None);
        if next > until {
            return Err(NotSignedIn::timed_out());
        }
        let ask = client
            .create_token()
            .grant_type(GRANT_TYPE)
            .client_id(&registration.client_id)
            .client_secret(registration.client_secret.expose())
            .device_code(device_code);
        let mut asking = std::pin::pin!(ask.send());
        let answer = http::runtime()?.block_on(async {
            loop {
                match tokio::time::timeout(SIGNAL_CHECK_INTERVAL, asking.as_mut()).await {
                    Ok(answer) => break answer,
                    Err(_) => wait.look(),
                }
            }
        });
        let error = match answer {
            Ok(answer) => return Ok(Given::of(&answer, sso)?),
            Err(error) => error,
        };
        let trouble = match Refusal::of(&sso.oidc, &error) {
            Ok(refusal) if refusal.is("AuthorizationPendingException", "authorization_pending") => None,
            Ok(refusal) if refusal.is("SlowDownException", "slow_down") => {
                interval += SLOW_DOWN_STEP;
                context.messages.step(|| format!("asking every {} seconds from now on", interval.as_secs()));
                None
            }
            Ok(refusal) if refusal.is("ExpiredTokenException", "expired_token") => return Err(NotSignedIn::timed_out()),
            Ok(refusal) if refusal.is("AccessDeniedException", "access_denied") => return Err(NotSignedIn::denied()),
            Ok(refusal) if !refusal.is_trouble() => return Err(refused(&refusal).into()),
            Ok(refusal) => Some(refused(&refusal)),
            Err(error) => Some(error),
        };
        // A network that is gone for a moment is no reason to begin again.
        match trouble {
            None => unanswered = 0,
            Some(error) => {
                unanswered += 1;
                if unanswered == MAX_UNANSWERED {
                    return Err(error.into());
                }
                context.messages.step(|| error.to_string());
            }
        }
    }
}
