use zeroize::Zeroizing;

use crate::aws::iam::{Body, address};
use crate::plan::endpoint::Endpoint;
use crate::plan::endpoints::Service;
use crate::region::Region;

fn service(region: &str, fips: bool, dual_stack: bool) -> Service {
    let endpoint = Endpoint { fips, dual_stack, ..Endpoint::default() };
    Service { name: "IAM", region: Region::parse(region, "").unwrap(), endpoint }
}

#[test]
fn addresses_are_those_of_the_sdk() {
    // From the tests of aws-sdk-iam 1.133's rules.
    for (region, fips, dual_stack, url) in [
        ("us-east-1", false, false, "https://iam.amazonaws.com"),
        ("us-east-1", false, true, "https://iam.global.api.aws"),
        ("us-east-1", true, false, "https://iam-fips.amazonaws.com"),
        ("us-east-1", true, true, "https://iam-fips.global.api.aws"),
        ("cn-north-1", false, false, "https://iam.cn-north-1.amazonaws.com.cn"),
        ("cn-north-1", true, true, "https://iam-fips.api.amazonwebservices.com.cn"),
        ("us-gov-west-1", false, false, "https://iam.us-gov.amazonaws.com"),
        ("us-gov-west-1", true, true, "https://iam.us-gov.api.aws"),
        ("us-iso-east-1", false, false, "https://iam.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", true, false, "https://iam-fips.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", false, false, "https://iam.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", false, false, "https://iam.us-isof-south-1.csp.hci.ic.gov"),
        ("eusc-de-east-1", false, false, "https://iam.eusc-de-east-1.amazonaws.eu"),
    ] {
        assert_eq!(address(&service(region, fips, dual_stack)), url);
    }
}

#[test]
fn a_secret_of_an_answer_does_not_show() {
    assert_eq!(format!("{:?}", Body(Zeroizing::new("canary".into()))), "Body(…)");
}
