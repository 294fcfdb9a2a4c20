//! The services that `--console=SERVICE` knows, and the page of each in the console.

use crate::error::{Error, Result};

/// A page of the console.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// The names by which it is found. Completions offer the first.
    pub names: &'static [&'static str],
    /// The path of the URL, without the leading `/` but with the fragment.
    pub path: &'static str,
    /// Whether each region has its own page.
    pub regional: bool,
}

const fn regional(names: &'static [&'static str], path: &'static str) -> Service {
    Service { names, path, regional: true }
}

const fn global(names: &'static [&'static str], path: &'static str) -> Service {
    Service { names, path, regional: false }
}

/// The services, sorted by their first names.
pub const SERVICES: &[Service] = &[
    regional(&["acm", "certificates"], "acm/home"),
    regional(&["amplify"], "amplify/home"),
    regional(&["apigateway", "api-gateway", "apigw"], "apigateway/main/apis"),
    regional(&["appconfig"], "systems-manager/appconfig"),
    regional(&["apprunner", "app-runner"], "apprunner/home"),
    regional(&["appsync"], "appsync/home"),
    regional(&["athena"], "athena/home"),
    regional(&["autoscaling", "asg"], "ec2/home#AutoScalingGroups:"),
    regional(&["backup"], "backup/home"),
    regional(&["batch"], "batch/home"),
    regional(&["bedrock"], "bedrock/home"),
    global(&["billing", "bills"], "billing/home"),
    global(&["budgets"], "billing/home#/budgets"),
    regional(&["cloud9"], "cloud9/home"),
    regional(&["cloudformation", "cfn", "stacks"], "cloudformation/home"),
    global(&["cloudfront", "cf"], "cloudfront/v4/home"),
    regional(&["cloudshell", "shell"], "cloudshell/home"),
    regional(&["cloudtrail", "trail"], "cloudtrail/home"),
    regional(&["cloudwatch", "cw"], "cloudwatch/home"),
    regional(&["codeartifact"], "codesuite/codeartifact/start"),
    regional(&["codebuild"], "codesuite/codebuild/start"),
    regional(&["codecommit"], "codesuite/codecommit/start"),
    regional(&["codedeploy"], "codesuite/codedeploy/start"),
    regional(&["codepipeline"], "codesuite/codepipeline/start"),
    regional(&["cognito"], "cognito/home"),
    regional(&["config"], "config/home"),
    global(&["cost-explorer", "costs", "ce"], "cost-management/home#/cost-explorer"),
    regional(&["dms"], "dms/v2/home"),
    regional(&["dynamodb", "ddb"], "dynamodbv2/home"),
    regional(&["ec2", "instances"], "ec2/home"),
    regional(&["ecr", "registry"], "ecr/repositories"),
    regional(&["ecs"], "ecs/v2/clusters"),
    regional(&["efs"], "efs/home"),
    regional(&["eks"], "eks/home"),
    regional(&["elasticache", "redis"], "elasticache/home"),
    regional(&["elasticbeanstalk", "beanstalk"], "elasticbeanstalk/home"),
    regional(&["elb", "alb", "nlb", "load-balancers"], "ec2/home#LoadBalancers:"),
    regional(&["emr"], "emr/home"),
    regional(&["eventbridge", "events"], "events/home"),
    regional(&["fsx"], "fsx/home"),
    global(&["globalaccelerator"], "globalaccelerator/home"),
    regional(&["glue"], "glue/home"),
    regional(&["grafana"], "grafana/home"),
    regional(&["guardduty"], "guardduty/home"),
    global(&["health", "phd"], "health/home"),
    global(&["iam"], "iam/home"),
    regional(&["identity-center", "sso"], "singlesignon/home"),
    regional(&["imagebuilder"], "imagebuilder/home"),
    regional(&["inspector"], "inspector/v2/home"),
    regional(&["kinesis"], "kinesis/home"),
    regional(&["kms", "keys"], "kms/home"),
    regional(&["lakeformation"], "lakeformation/home"),
    regional(&["lambda"], "lambda/home"),
    regional(&["lightsail"], "ls/webapp/home"),
    regional(&["logs", "cloudwatch-logs"], "cloudwatch/home#logsV2:log-groups"),
    regional(&["macie"], "macie/home"),
    regional(&["mq"], "amazon-mq/home"),
    regional(&["msk", "kafka"], "msk/home"),
    regional(&["neptune"], "neptune/home"),
    regional(&["opensearch", "elasticsearch"], "aos/home"),
    global(&["organizations", "orgs"], "organizations/v2/home"),
    regional(&["parameter-store", "parameters"], "systems-manager/parameters"),
    regional(&["pinpoint"], "pinpoint/home"),
    regional(&["quicksight"], "quicksight/home"),
    regional(&["ram"], "ram/home"),
    regional(&["rds", "aurora"], "rds/home"),
    regional(&["redshift"], "redshiftv2/home"),
    global(&["resource-groups"], "resource-groups/home"),
    global(&["route53", "r53", "dns"], "route53/v2/home"),
    regional(&["s3", "buckets"], "s3/home"),
    regional(&["sagemaker"], "sagemaker/home"),
    regional(&["secretsmanager", "secrets"], "secretsmanager/listsecrets"),
    regional(&["security-groups", "sg"], "ec2/home#SecurityGroups:"),
    regional(&["securityhub"], "securityhub/home"),
    regional(&["servicequotas", "quotas"], "servicequotas/home"),
    regional(&["ses"], "ses/home"),
    regional(&["sns"], "sns/v3/home"),
    regional(&["sqs"], "sqs/v3/home"),
    regional(&["ssm", "systems-manager"], "systems-manager/home"),
    regional(&["stepfunctions", "sfn", "states"], "states/home"),
    regional(&["storagegateway"], "storagegateway/home"),
    global(&["support"], "support/home"),
    regional(&["transfer", "sftp"], "transfer/home"),
    global(&["trustedadvisor", "ta"], "trustedadvisor/home"),
    regional(&["vpc"], "vpcconsole/home"),
    global(&["waf"], "wafv2/homev2"),
    regional(&["workspaces"], "workspaces/v2/home"),
    regional(&["xray", "x-ray"], "xray/home"),
];

/// What `--console` takes besides the names.
const ELSE: &str = "a /path or an https URL of the console";

/// Finds a service by its name, in any case.
///
/// # Errors
/// Returns an error if there is no such service. The advice has the nearest names.
pub fn find(name: &str) -> Result<&'static Service> {
    let wanted = name.to_ascii_lowercase();
    let all = || SERVICES.iter().flat_map(|service| service.names);
    if let Some(service) = SERVICES.iter().find(|service| service.names.contains(&wanted.as_str())) {
        return Ok(service);
    }
    let mut near: Vec<(f64, &str)> = all()
        .map(|known| (strsim::jaro_winkler(known, &wanted), *known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near: Vec<&str> = near.into_iter().take(3).map(|(_, name)| name).collect();
    let error = Error::new(format!("unknown service '{name}' for --console"));
    Err(match near.as_slice() {
        [] => error.advise(format!("--console alone opens the console's first page; it also takes {ELSE}")),
        near => error.advise(format!("did you mean {}, or {ELSE}?", near.join(" or "))),
    })
}

#[cfg(test)]
mod tests {
    use crate::cli::console_services::{SERVICES, find};
    use std::collections::HashSet;

    #[test]
    fn the_list_is_sorted_and_each_name_is_unique() {
        assert!(SERVICES.len() > 60);
        let names: Vec<&str> = SERVICES.iter().flat_map(|service| service.names).copied().collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        let first: Vec<&str> = SERVICES.iter().filter_map(|service| service.names.first()).copied().collect();
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(first, sorted);
        assert!(SERVICES.iter().all(|service| !service.path.starts_with('/') && !service.path.contains('?')));
        assert!(names.iter().all(|name| find(name).is_ok()));
    }

    #[test]
    fn an_unknown_name_is_refused_with_similar_names() {
        assert_eq!(find("IAM").unwrap().path, "iam/home");
        assert_eq!(
            find("cloudwach").unwrap_err().to_string(),
            "unknown service 'cloudwach' for --console; did you mean cloudwatch or cloudwatch-logs or cloud9, or a \
             /path or an https URL of the console?"
        );
        assert_eq!(
            find("\u{1b}[2J").unwrap_err().to_string(),
            "unknown service '\\u{1b}[2J' for --console; --console alone opens the console's first page; it also \
             takes a /path or an https URL of the console"
        );
    }
}
