//! The hosts and pages of the console in each partition.

use crate::cli::console_services;
use crate::error::{Error, Result};
use crate::plan::model::Acquisition;
use crate::region::Region;

/// The partition and region in which a plan's role uses the console.
pub(crate) struct Place {
    pub(crate) region: Region,
    partition: &'static str,
}

impl Place {
    /// The partition of the role, else of the region. If the region is of another partition, the partition's default
    /// region is used.
    ///
    /// # Errors
    /// Returns an error if the console of the partition is not known.
    pub(crate) fn of(plan: &Acquisition) -> Result<Self> {
        let region = &plan.sts.region.value;
        let named = plan.roles.last().map_or_else(|| region.partition(), |role| role.arn.partition());
        let partition = known(named)?;
        let fits = region.partition() == partition && region.as_str() != "aws-global";
        Ok(Self { region: if fits { region.clone() } else { Region::default_of(partition) }, partition })
    }

    /// The host of the federation endpoint.
    pub(crate) fn signin(&self) -> String {
        match self.partition {
            "aws" => format!("{}.signin.aws.amazon.com", self.region),
            other => general_signin(other).to_owned(),
        }
    }

    /// The URL of a service's page, or of the console's home page.
    pub(crate) fn page(&self, service: Option<&console_services::Service>) -> String {
        let path = service.map_or("console/home", |service| service.path);
        let regional = service.is_none_or(|service| service.regional);
        let region = if regional { self.region.clone() } else { Region::default_of(self.partition) };
        let host = match self.partition {
            "aws-cn" => String::from("console.amazonaws.cn"),
            "aws-us-gov" => String::from("console.amazonaws-us-gov.com"),
            _ => format!("{region}.console.aws.amazon.com"),
        };
        match path.split_once('#') {
            Some((path, inner)) => format!("https://{host}/{path}?region={region}#{inner}"),
            None => format!("https://{host}/{path}?region={region}"),
        }
    }
}

/// Returns the partition if its console is known.
///
/// # Errors
/// Returns an error if it is not.
pub(crate) fn known(partition: &str) -> Result<&'static str> {
    ["aws", "aws-cn", "aws-us-gov"].into_iter().find(|known| *known == partition).ok_or_else(|| {
        Error::new(format!("aws-auth does not know the console of the partition {partition}"))
            .advise("it knows the consoles of aws, aws-cn and aws-us-gov")
    })
}

/// The sign-in host that serves every region of a partition.
pub(crate) fn general_signin(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "signin.amazonaws.cn",
        "aws-us-gov" => "signin.amazonaws-us-gov.com",
        _ => "signin.aws.amazon.com",
    }
}
