//! What came of a sign-in.

use aws_sdk_ssooidc::operation::create_token::CreateTokenOutput;

use crate::credentials::Secret;
use crate::error::{Error, Result};
use crate::plan::sso::Sso;
use crate::time::Length;

/// What a login gives.
pub struct Given {
    pub(crate) access: Secret,
    pub(crate) refresh: Option<Secret>,
    pub(crate) length: Length,
}

impl Given {
    /// Reads the service's answer.
    pub fn of(answer: &CreateTokenOutput, sso: &Sso) -> Result<Self> {
        let without = || Error::new(format!("{} answered without a token", sso.oidc.place())).advise("try again");
        Ok(Self {
            access: Secret::new(answer.access_token().ok_or_else(without)?.to_owned()),
            refresh: answer.refresh_token().map(|token| Secret::new(token.to_owned())),
            length: Length::seconds(answer.expires_in().into()),
        })
    }
}

/// Why nobody has signed in.
pub enum NotSignedIn {
    /// There is no browser here.
    NoBrowser(Error),
    /// A person did not want to, or not in time: those who wait should not ask again.
    GivenUp(Error),
    /// It cannot be done.
    Failed(Error),
    /// The program was stopped at the question and goes on.
    Resumed,
}

impl NotSignedIn {
    /// The person said no.
    pub fn denied() -> Self {
        Self::GivenUp(Error::new("the sign-in was denied in the browser").advise("run it again and allow it"))
    }

    /// The person did nothing.
    pub fn timed_out() -> Self {
        Self::GivenUp(Error::new("nobody signed in in time").advise("run it again"))
    }
}

impl From<Error> for NotSignedIn {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
