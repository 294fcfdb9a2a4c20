//! The token that GitHub gives to a job of GitHub Actions
//! (<https://docs.github.com/en/actions/reference/security/oidc>, "Methods for requesting the OIDC token").

use crate::arn::RoleArn;
use crate::error::{Error, Result};
use crate::plan::endpoint::Endpoint;
use crate::plan::endpoints::Service;
use crate::plan::origin::{Origin, Sourced};
use crate::plan::proxy::proxy;
use crate::region::Region;
use crate::request::Request;
use crate::text::url::{host, is_url, without_user};

/// The `credential_source` of a profile that takes the token.
pub const SOURCE: &str = "GitHubActions";

/// The variable with the address that gives tokens to this job.
pub const URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";

/// The variable with the secret that lets this job ask for a token.
pub const TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

/// Where a job of GitHub Actions gets its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHub {
    /// The address, without an audience. Each job has its own.
    pub url: String,
    /// Who the token is for.
    pub audience: &'static str,
    /// How the address is reached. It has no region; the one here is a placeholder.
    pub service: Service,
}

impl GitHub {
    /// What the environment says of it; `None` unless both variables are set.
    ///
    /// # Errors
    /// Returns an error if the address is no URL.
    pub(crate) fn found(request: &Request<'_>, role: &RoleArn) -> Result<Option<Self>> {
        let variables = &request.caller.variables;
        let Some(url) = variables.text(URL)?.filter(|_| variables.has_value(TOKEN)) else { return Ok(None) };
        let url = without_user(url);
        if !is_url(&url) {
            return Err(Error::new(format!("{URL} is '{url}', which is not a URL"))
                .advise("GitHub sets it for each job; do not set it yourself"));
        }
        let plain = url.starts_with("http://");
        // The system's certificates, as for any other host: AWS_CA_BUNDLE and ca_bundle are for AWS alone.
        let endpoint = Endpoint {
            url: Some(Sourced { value: url.clone(), origin: Origin::Variable(URL) }),
            proxy: proxy(request, plain)?,
            ..Endpoint::default()
        };
        let service = Service { name: "GitHub", region: Region::default_of("aws"), endpoint };
        let audience = match role.partition() {
            "aws-cn" => "sts.amazonaws.com.cn",
            _ => "sts.amazonaws.com",
        };
        Ok(Some(Self { url, audience, service }))
    }

    /// The address that gives a token for the audience.
    pub fn address(&self) -> String {
        let join = if self.url.contains('?') { '&' } else { '?' };
        format!("{}{join}audience={}", self.url, self.audience)
    }

    /// Its name in messages.
    pub fn place(&self) -> String {
        format!("GitHub at {}", host(&self.url))
    }
}

/// The error if GitHub gives this job no token. `about` begins it.
pub(crate) fn no_permission(about: &str) -> Error {
    Error::new(format!("{about}, but {URL} and {TOKEN} are not both set")).advise(
        "give the job 'permissions: id-token: write' in its workflow; GitHub sets them in such jobs alone, and not in \
         those of a pull request from a fork",
    )
}
