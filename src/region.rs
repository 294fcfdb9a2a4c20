//! Regions of AWS, and the partitions that they belong to.

use crate::error::{Error, Result};

/// The region whose STS serves a partition when nobody names one.
pub fn default_region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso" => "us-iso-east-1",
        "aws-iso-b" => "us-isob-east-1",
        "aws-iso-e" => "eu-isoe-west-1",
        "aws-iso-f" => "us-isof-south-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

/// The partition that a region belongs to, by its name.
pub fn partition_of(region: &str) -> &'static str {
    let prefixes = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("us-iso-", "aws-iso"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    prefixes.into_iter().find(|(prefix, _)| region.starts_with(prefix)).map_or("aws", |(_, partition)| partition)
}

/// Refuses a region that is none, before anything is asked.
pub fn check_region(region: &str, origin: &str) -> Result<()> {
    let mut parts = region.split('-');
    let first = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let regular = match rest.split_last() {
        Some((last, middle)) => {
            word(first) && !middle.is_empty() && middle.iter().all(|part| word(part)) && number(last)
        }
        None => false,
    };
    if regular || region == "aws-global" {
        return Ok(());
    }
    let zone = region
        .strip_suffix(|c: char| c.is_ascii_lowercase())
        .filter(|stem| stem.ends_with(|c: char| c.is_ascii_digit()));
    let advice = match zone {
        Some(stem) => format!("it is an availability zone of {stem}"),
        None => String::from("regions look like eu-west-1"),
    };
    Err(Error::new(format!("'{region}' ({origin}) is not a region")).advise(advice))
}
