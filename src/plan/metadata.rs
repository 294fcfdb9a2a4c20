//! The endpoints that give a container or an instance its credentials (docs/profiles.md, "Endpoints and regions"). The
//! settings mean what they mean to botocore's ContainerProvider and InstanceMetadataProvider.

use std::time::Duration;

use crate::config::profiles::Profile;
use crate::error::{Error, Result};
use crate::plan::endpoint::{setting, switched_on};
use crate::request::Request;
use crate::text::url::{host, without_user};

/// The address of the ECS agent, to which AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is relative.
const ECS: &str = "http://169.254.170.2";

/// The hosts that may be asked over plain http, beside loopback addresses: the agents of ECS and EKS, and this machine.
const PLAIN: [&str; 4] = ["169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost"];

/// The addresses of the instance metadata service, over IPv4 and IPv6.
const IMDS: [&str; 2] = ["http://169.254.169.254", "http://[fd00:ec2::254]"];

/// The endpoint that gives a container's credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its address.
    pub url: String,
    /// The variable that the address comes from.
    pub variable: &'static str,
    /// What is sent in the Authorization header.
    pub token: ContainerToken,
}

/// Where the token for the container's endpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerToken {
    /// No token is sent.
    None,
    /// In this file. It is read for each call, because agents replace the token.
    File(String),
    /// In AWS_CONTAINER_AUTHORIZATION_TOKEN.
    Variable,
}

/// The instance metadata service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its address, without a slash at the end.
    pub endpoint: String,
    /// The limit for connecting, and also for one answer.
    pub timeout: Duration,
    /// How many times each call is tried, at most.
    pub attempts: u32,
    /// Whether the service may be asked without a token (IMDSv1) if it gives none.
    pub v1: bool,
}

impl Container {
    /// The endpoint that the container's variables name; `None` if they are not set.
    pub(crate) fn found(request: &Request<'_>) -> Result<Option<Self>> {
        let text = |name| request.caller.variables.text(name);
        let (url, variable) = if let Some(path) = text("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")? {
            (format!("{ECS}{path}"), "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        } else if let Some(url) = text("AWS_CONTAINER_CREDENTIALS_FULL_URI")? {
            (url.to_owned(), "AWS_CONTAINER_CREDENTIALS_FULL_URI")
        } else {
            return Ok(None);
        };
        let url = without_user(&url);
        let https = url.starts_with("https://");
        if !https && !url.starts_with("http://") {
            return Err(Error::new(format!("{variable} is '{url}', which is not a URL"))
                .advise("the container's agent sets it, to http://169.254.170.23/v1/credentials for example"));
        }
        let name = host(&url).to_ascii_lowercase();
        let loopback = name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if !(https || loopback || PLAIN.contains(&name.as_str())) || name.is_empty() {
            return Err(Error::new(format!("{variable} points to '{name}' over plain http")).advise(
                "use https; plain http is only for this machine, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23]",
            ));
        }
        let token = match text("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")? {
            Some(path) => ContainerToken::File(path.to_owned()),
            None if text("AWS_CONTAINER_AUTHORIZATION_TOKEN")?.is_some() => ContainerToken::Variable,
            None => ContainerToken::None,
        };
        Ok(Some(Self { url, variable, token }))
    }
}

impl Instance {
    /// What the environment and the chosen profile say about the service.
    ///
    /// # Errors
    /// Returns an error if the service is switched off, or a setting has an unusable value.
    pub(crate) fn new(request: &Request<'_>, chosen: Option<&Profile<'_>>) -> Result<Self> {
        if request.caller.variables.aws_switch("AWS_EC2_METADATA_DISABLED") == Some(true) {
            return Err(Error::new("the instance's credentials are needed, but AWS_EC2_METADATA_DISABLED is true")
                .advise("unset it on an instance; elsewhere name a profile that has credentials"));
        }
        let setting = |variable, key| setting(chosen, request, variable, key);
        let mode = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "ec2_metadata_service_endpoint_mode")?;
        let [v4, v6] = IMDS;
        let by_mode = match mode.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("ipv6") => v6,
            None if switched_on(chosen, request, "AWS_IMDS_USE_IPV6", "imds_use_ipv6")? => v6,
            Some("ipv4") | None => v4,
            Some(_) => {
                return Err(Error::new(format!(
                    "the mode of the instance metadata endpoint is '{}'",
                    mode.unwrap_or_default()
                ))
                .advise("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE must be IPv4 or IPv6"));
            }
        };
        let endpoint = setting("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ec2_metadata_service_endpoint")?;
        let endpoint = without_user(&endpoint.unwrap_or_else(|| by_mode.to_owned()));
        if !endpoint.starts_with("http://") || host(&endpoint).is_empty() {
            return Err(Error::new(format!("the instance metadata endpoint '{endpoint}' is not a URL"))
                .advise("AWS_EC2_METADATA_SERVICE_ENDPOINT must begin with http://"));
        }
        let number = |variable, key| -> Result<u32> {
            let Some(text) = setting(variable, key)? else { return Ok(1) };
            text.parse().ok().filter(|number| (1..=60).contains(number)).ok_or_else(|| {
                Error::new(format!("{variable} or {key} is '{text}'")).advise("write a whole number from 1 to 60")
            })
        };
        let timeout = number("AWS_METADATA_SERVICE_TIMEOUT", "metadata_service_timeout")?;
        let attempts = number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "metadata_service_num_attempts")?;
        Ok(Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            timeout: Duration::from_secs(u64::from(timeout)),
            attempts,
            v1: !switched_on(chosen, request, "AWS_EC2_METADATA_V1_DISABLED", "ec2_metadata_v1_disabled")?,
        })
    }
}
