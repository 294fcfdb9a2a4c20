//! AWS regions, and the partitions that they belong to.

use std::fmt;

use crate::error::{Error, Result};

/// The name of a region, such as `eu-west-1`, or the pseudo-region `aws-global`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region(String);

impl Region {
    /// Checks that the text looks like the name of a region. `origin` is the place of the text, for the error.
    ///
    /// # Errors
    /// Returns an error if it does not, with a hint if it is an availability zone.
    pub fn parse(text: &str, origin: impl fmt::Display) -> Result<Self> {
        if text == "aws-global" || is_regular(text) {
            return Ok(Self(text.to_owned()));
        }
        let zone = text
            .strip_suffix(|c: char| c.is_ascii_lowercase())
            .filter(|stem| stem.ends_with(|c: char| c.is_ascii_digit()));
        let advice = match zone {
            Some(stem) => format!("it is an availability zone of {stem}"),
            None => String::from("regions look like eu-west-1"),
        };
        Err(Error::new(format!("'{text}' ({origin}) is not a region")).advise(advice))
    }

    /// The region whose STS serves a partition when no region is set.
    pub fn default_of(partition: &str) -> Self {
        let name = match partition {
            "aws-cn" => "cn-north-1",
            "aws-us-gov" => "us-gov-west-1",
            "aws-iso" => "us-iso-east-1",
            "aws-iso-b" => "us-isob-east-1",
            "aws-iso-e" => "eu-isoe-west-1",
            "aws-iso-f" => "us-isof-south-1",
            "aws-eusc" => "eusc-de-east-1",
            _ => "us-east-1",
        };
        Self(name.to_owned())
    }

    /// The name, as AWS writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition, which the first part of the region's name tells.
    pub fn partition(&self) -> &'static str {
        let prefixes = [
            ("cn-", "aws-cn"),
            ("us-gov-", "aws-us-gov"),
            ("us-isob-", "aws-iso-b"),
            ("us-isof-", "aws-iso-f"),
            ("us-iso-", "aws-iso"),
            ("eu-isoe-", "aws-iso-e"),
            ("eusc-", "aws-eusc"),
        ];
        prefixes.into_iter().find(|(prefix, _)| self.0.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether the text has the form WORD-WORD[-WORD]…-NUMBER.
fn is_regular(text: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let Some((words, last)) = text.rsplit_once('-') else { return false };
    number(last) && words.contains('-') && words.split('-').all(word)
}
