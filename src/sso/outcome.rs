//! The result of a sign-in.

use aws_sdk_ssooidc::operation::create_token::CreateTokenOutput;

use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::plan::sso::Sso;
use crate::system::held_locks::Lock;
use crate::time::Length;

/// The tokens of a new login.
pub struct Given {
    pub(crate) access: Secret,
    pub(crate) refresh: Option<Secret>,
    pub(crate) length: Length,
}

impl Given {
    /// Reads the service's answer.
    ///
    /// # Errors
    /// Returns an error if it contains no access token.
    pub fn of(answer: &CreateTokenOutput, sso: &Sso) -> Result<Self> {
        let without = || Error::new(format!("{} answered without a token", sso.oidc.place())).advise("try again");
        Ok(Self {
            access: Secret::new(answer.access_token().ok_or_else(without)?.to_owned()),
            refresh: answer.refresh_token().map(|token| Secret::new(token.to_owned())),
            length: Length::seconds(answer.expires_in().into()),
        })
    }
}

/// Why there was no sign-in.
pub enum NotSignedIn {
    /// No browser could be opened on this machine.
    NoBrowser(Error),
    /// The user declined or took too long. Processes that wait for this one should not ask again.
    GivenUp(Error),
    /// It failed for another reason.
    Failed(Error),
    /// The process was stopped (Ctrl-Z) at the question and continued. What it knows may be outdated.
    Resumed,
}

impl NotSignedIn {
    /// The user denied the sign-in in the browser.
    pub fn denied() -> Self {
        Self::GivenUp(Error::new("the sign-in was denied in the browser").advise("run the command again and allow it"))
    }

    /// Puts the profile in front of a failure. Those who wait for the lock do not ask again after the user has given up.
    #[must_use]
    pub fn in_front(self, about: &str, lock: Option<&Lock>) -> Self {
        match self {
            Self::GivenUp(error) => {
                lock.into_iter().for_each(Lock::give_up);
                Self::Failed(error.in_front(about))
            }
            Self::Failed(error) | Self::NoBrowser(error) => Self::Failed(error.in_front(about)),
            Self::Resumed => Self::Resumed,
        }
    }

    /// The user did not finish in time.
    pub fn timed_out() -> Self {
        Self::GivenUp(Error::new("the sign-in was not finished in time").advise("run the command again"))
    }
}

/// Repeats a sign-in that was interrupted by a stop (Ctrl-Z), or by another program that has signed in: `attempt` looks
/// first at what is there.
///
/// # Errors
/// Returns the error of the attempt that failed.
pub fn until_done<T>(mut attempt: impl FnMut() -> Result<T, NotSignedIn>) -> Result<T> {
    loop {
        match attempt() {
            Ok(done) => return Ok(done),
            Err(NotSignedIn::Resumed) => {}
            Err(NotSignedIn::Failed(error) | NotSignedIn::GivenUp(error) | NotSignedIn::NoBrowser(error)) => {
                return Err(error);
            }
        }
    }
}

impl From<Error> for NotSignedIn {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
