//! The regions that completions offer for `--region`. Other names are accepted, too: `region` checks only their form.

/// The regions of all partitions, from `partitions.json` of botocore 1.44.8 (November 2026), without its pseudo-regions
/// such as `aws-global`.
pub const REGIONS: [&str; 48] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-isoe-west-1",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "me-west-1",
    "mx-central-1",
    "sa-east-1",
    "sa-west-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-iso-west-1",
    "us-isob-east-1",
    "us-isob-west-1",
    "us-isof-east-1",
    "us-isof-south-1",
    "us-west-1",
    "us-west-2",
];

#[cfg(test)]
mod tests {
    use crate::cli::regions::REGIONS;
    use crate::region::Region;

    #[test]
    fn they_are_regions_in_the_order_of_the_alphabet() {
        assert!(REGIONS.is_sorted_by(|one, next| one < next));
        assert!(REGIONS.iter().all(|region| Region::parse(region, "here").is_ok()));
    }

    #[test]
    fn every_partition_has_some() {
        for region in REGIONS {
            let default = Region::default_of(Region::parse(region, "here").unwrap().partition());
            assert!(REGIONS.contains(&default.as_str()), "{region}");
        }
        assert!(REGIONS.contains(&"eusc-de-east-1"));
    }
}
