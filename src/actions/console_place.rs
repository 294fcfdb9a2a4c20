//! The hosts and pages of the console in each partition.

use crate::cli::console_page::Page;
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

    /// The URL of a page.
    ///
    /// # Errors
    /// Returns an error if it is a page of another partition's console.
    pub(crate) fn page(&self, page: &Page) -> Result<String> {
        let (path, regional) = match page {
            Page::Home => ("console/home", true),
            Page::Service(service) => (service.path, service.regional),
            Page::Path(path) => (path.trim_start_matches('/'), true),
            Page::Url { url, partition } if *partition == self.partition => return Ok(url.clone()),
            Page::Url { url, partition } => {
                return Err(Error::new(format!(
                    "{url} is a page of the partition {partition}, and these credentials are of {}",
                    self.partition
                ))
                .advise("name a profile of that partition"));
            }
        };
        let region = if regional { self.region.clone() } else { Region::default_of(self.partition) };
        Ok(self.address(path, &region))
    }

    /// The URL of a path, which says the region unless it does already.
    fn address(&self, path: &str, region: &Region) -> String {
        let host = match self.partition {
            "aws-cn" => String::from("console.amazonaws.cn"),
            "aws-us-gov" => String::from("console.amazonaws-us-gov.com"),
            _ => format!("{region}.console.aws.amazon.com"),
        };
        let (before, fragment) = path.split_at(path.find('#').unwrap_or(path.len()));
        let query = before.split_once('?').map(|(_, query)| query);
        let says_region = query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("region=")));
        match query {
            _ if says_region => format!("https://{host}/{before}{fragment}"),
            Some(_) => format!("https://{host}/{before}&region={region}{fragment}"),
            None => format!("https://{host}/{before}?region={region}{fragment}"),
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
