//! Signing in with a browser on any device. The user confirms a code there, and this side polls the service until that
//! is done (RFC 8628).

use std::time::{Duration, Instant};

use crate::aws::http;
use crate::context::Context;
use crate::credentials::Secret;
use crate::error::{Error, Result, io_words};
use crate::plan::sso::Sso;
use crate::sso::oidc::Refusal;
use crate::sso::outcome::{Given, NotSignedIn};
use crate::sso::registration::Registration;
use crate::sso::words::tell;
use crate::sso::{oidc, registration};
use crate::system::wait::Wait;

const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The pause between two polls, if the service gives none or a shorter one.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(1);

/// How much longer the pause becomes after `slow_down` (RFC 8628, section 3.5).
const SLOW_DOWN_STEP: Duration = Duration::from_secs(5);

/// How many polls in a row may fail before the sign-in fails.
const MAX_UNANSWERED: u32 = 3;

/// Shows a link and a code, and polls the service until the user has signed in.
///
/// # Errors
/// Returns an error if the user denies it or takes too long, or the service refuses or cannot be reached.
pub fn sign_in(
    sso: &Sso,
    registration: &Registration,
    until: Instant,
    context: &Context<'_>,
) -> Result<Given, NotSignedIn> {
    let flow = DeviceFlow { sso, registration, context, client: oidc::client(&sso.oidc)? };
    let started = flow.start()?;
    // From here on, also during the calls, Ctrl-C must tell the processes that wait for this one.
    let failed = |error: &std::io::Error| Error::new(format!("cannot wait ({})", io_words(error)));
    let mut wait = Wait::begin(&context.locks).map_err(|error| failed(&error))?;
    tell(context, &started.invitation);
    let until = started.lifetime.map_or(until, |lifetime| until.min(Instant::now() + lifetime));
    let mut interval = started.interval;
    let mut unanswered = 0;
    loop {
        let next = Instant::now() + interval;
        wait.until(next.min(until), &[]);
        if wait.resumed() {
            return Err(NotSignedIn::Resumed);
        }
        if next > until {
            return Err(NotSignedIn::timed_out());
        }
        match flow.ask(&started.device_code, &mut wait)? {
            Asked::SignedIn(given) => return Ok(given),
            Asked::Pending => unanswered = 0,
            Asked::TooOften => {
                unanswered = 0;
                interval += SLOW_DOWN_STEP;
                context.messages.step(|| format!("asking every {} seconds from now on", interval.as_secs()));
            }
            // A short network failure should not make the user start again.
            Asked::Unanswered(error) => {
                unanswered += 1;
                if unanswered == MAX_UNANSWERED {
                    return Err(error.into());
                }
                context.messages.step(|| error.to_string());
            }
        }
    }
}

/// The calls of a sign-in with a code.
struct DeviceFlow<'a> {
    sso: &'a Sso,
    registration: &'a Registration,
    context: &'a Context<'a>,
    client: aws_sdk_ssooidc::Client,
}

/// A sign-in that was started.
struct Started {
    device_code: Secret,
    /// The text that tells the user what to do.
    invitation: String,
    /// How long the code is valid, if the service says so.
    lifetime: Option<Duration>,
    /// The pause between two polls.
    interval: Duration,
}

/// The result of one poll.
enum Asked {
    SignedIn(Given),
    Pending,
    /// The service asks for longer pauses.
    TooOften,
    /// The service could not be reached, or it has an internal error.
    Unanswered(Error),
}

impl DeviceFlow<'_> {
    /// Calls StartDeviceAuthorization.
    fn start(&self) -> Result<Started> {
        let place = || self.sso.oidc.place();
        let request = self
            .client
            .start_device_authorization()
            .client_id(&self.registration.client_id)
            .client_secret(self.registration.client_secret.expose())
            .start_url(&self.sso.issuer_url);
        let answer = http::call(request.send(), &self.context.locks)?.map_err(|error| {
            Refusal::of(&self.sso.oidc, &error).map_or_else(|error| error, |refusal| self.refused(&refusal))
        })?;
        let (Some(device_code), Some(user_code), Some(link)) =
            (answer.device_code(), answer.user_code(), answer.verification_uri())
        else {
            let fact = format!("{} answered without a code to sign in with", place());
            return Err(Error::new(fact).advise("try again"));
        };
        let invitation = match answer.verification_uri_complete() {
            Some(complete) => {
                format!("to sign in, open {complete} in any browser and check that it shows the code {user_code}")
            }
            None => format!("to sign in, open {link} in any browser and type the code {user_code} there"),
        };
        let seconds = |seconds: i32| Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
        Ok(Started {
            device_code: Secret::new(device_code.to_owned()),
            invitation,
            lifetime: Some(answer.expires_in()).filter(|lifetime| *lifetime > 0).map(seconds),
            interval: seconds(answer.interval()).max(DEFAULT_INTERVAL),
        })
    }

    /// Calls CreateToken once, and checks for signals during the call.
    fn ask(&self, device_code: &Secret, wait: &mut Wait<'_>) -> Result<Asked, NotSignedIn> {
        let request = self
            .client
            .create_token()
            .grant_type(GRANT_TYPE)
            .client_id(&self.registration.client_id)
            .client_secret(self.registration.client_secret.expose())
            .device_code(device_code.expose());
        let answer = http::runtime()?.block_on(wait.during(request.send()));
        let error = match answer {
            Ok(answer) => return Ok(Asked::SignedIn(Given::of(&answer, self.sso)?)),
            Err(error) => error,
        };
        let refusal = match Refusal::of(&self.sso.oidc, &error) {
            Ok(refusal) => refusal,
            Err(error) => return Ok(Asked::Unanswered(error)),
        };
        if refusal.is("AuthorizationPendingException", "authorization_pending") {
            Ok(Asked::Pending)
        } else if refusal.is("SlowDownException", "slow_down") {
            Ok(Asked::TooOften)
        } else if refusal.is("ExpiredTokenException", "expired_token") {
            Err(NotSignedIn::timed_out())
        } else if refusal.is("AccessDeniedException", "access_denied") {
            Err(NotSignedIn::denied())
        } else if refusal.is_trouble() {
            Ok(Asked::Unanswered(self.refused(&refusal)))
        } else {
            Err(self.refused(&refusal).into())
        }
    }

    /// The error for a refusal. A registration that the service no longer knows is removed.
    fn refused(&self, refusal: &Refusal) -> Error {
        if refusal.of_client() {
            registration::forget(self.sso, self.context);
        }
        refusal.error(&self.sso.oidc, "check sso_start_url and sso_region, and try again")
    }
}
