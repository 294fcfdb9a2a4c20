//! Session policies: what a role session may do is what both the role and one of its session policies allow. The roles
//! here may do everything.

use super::actions::Params;
use super::xml::Refusal;
use serde_json::Value;

/// AWS's managed policies, as far as tests need them.
const MANAGED: [(&str, &[&str]); 4] = [
    ("ReadOnlyAccess", &["*:Describe*", "*:Get*", "*:List*"]),
    ("AmazonS3FullAccess", &["s3:*"]),
    ("AmazonSNSFullAccess", &["sns:*"]),
    ("AdministratorAccess", &["*"]),
];

/// The session policies of a session, each with its statements. An empty list allows nothing; no list, everything.
pub type Policies = Option<Vec<Value>>;

/// The session policies of a request.
pub fn of_request(params: &Params) -> Result<Policies, Refusal> {
    let arns: Vec<&String> =
        params.iter().filter(|(name, _)| name.starts_with("PolicyArns.member.")).map(|(_, arn)| arn).collect();
    let inline = params.get("Policy");
    if arns.is_empty() && inline.is_none() {
        return Ok(None);
    }
    if arns.len() > 10 {
        return Err(Refusal::invalid("The number of policy arns provided is more than the allowed maximum of 10."));
    }
    let mut policies = Vec::new();
    for arn in &arns {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let Some((_, actions)) = MANAGED.iter().find(|(known, _)| *known == name) else {
            return Err(Refusal::invalid(format!("Policy {arn} does not exist or is not attachable.")));
        };
        policies.push(serde_json::json!({"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}));
    }
    if let Some(inline) = inline {
        let malformed = || Refusal::new(400, "MalformedPolicyDocument", "This policy contains invalid Json");
        let policy: Value = serde_json::from_str(inline).map_err(|_| malformed())?;
        if policy.get("Statement").is_none() {
            return Err(malformed());
        }
        policies.push(policy);
    }
    let length: usize = arns.iter().map(|arn| arn.len()).sum::<usize>() + inline.map_or(0, |text| text.chars().count());
    if length > 2048 {
        return Err(Refusal::invalid("The session policies have more than 2048 characters."));
    }
    Ok(Some(policies))
}

/// Whether this action is one of SNS.
pub fn is_of_sns(action: &str) -> bool {
    ["ListTopics", "CreateTopic"].contains(&action)
}

/// Whether a session with these policies may do this, such as `sns:ListTopics`: one of them allows it, none denies it.
pub fn allow(policies: &Policies, action: &str) -> bool {
    let Some(policies) = policies else { return true };
    let statements = policies.iter().flat_map(|policy| listed(&policy["Statement"]));
    let effects: Vec<Value> = statements.filter(|one| covers(one, action)).map(|one| one["Effect"].clone()).collect();
    let has = |effect: &str| effects.iter().any(|one| one == effect);
    has("Allow") && !has("Deny")
}

fn covers(statement: &Value, action: &str) -> bool {
    let any = |patterns: &Value| listed(patterns).iter().any(|one| matches(one.as_str().unwrap_or_default(), action));
    match statement.get("NotAction") {
        Some(others) => !any(others),
        None => any(&statement["Action"]),
    }
}

/// A value as a list: a single one may stand without brackets.
fn listed(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// Whether the action matches the pattern, in which `*` stands for any text. Capital letters do not count.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == action };
    let Some(mut left) = action.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = left.find(part) else { return false };
        left = &left[at + part.len()..];
    }
    left.ends_with(end)
}
