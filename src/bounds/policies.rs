//! Session policies: what the credentials of a role can do is what both the role and at least one of these allow, and
//! none denies.

use crate::arn::RoleArn;
use crate::bounds::document::Document;
use crate::error::{Error, Result};

/// The most managed policies that STS takes for a session.
const MOST: usize = 10;
/// The most characters that the policy in JSON and the ARNs of the managed ones have together.
const LONGEST: usize = 2048;

/// The word for AWS's own managed policy that only reads.
pub const READ_ONLY: &str = "read-only";

/// The ARN of a managed policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyArn {
    text: String,
}

impl PolicyArn {
    /// Checks that the text is the ARN of a managed policy: one of an account, or with `aws` for the account one of
    /// AWS. `origin` is the option, or the place and the key, for the error.
    ///
    /// # Errors
    /// Returns an error if it is not.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let is_sound = matches!(parts.as_slice(), ["arn", partition, "iam", "", account, resource]
            if !partition.is_empty()
                && (*account == "aws" || account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
                && resource.strip_prefix("policy/").is_some_and(|name| !name.is_empty() && !name.ends_with('/'))
                && !resource.chars().any(|c| c.is_whitespace() || c.is_control()));
        if is_sound {
            return Ok(Self { text: text.to_owned() });
        }
        Err(Error::new(format!("{origin}: '{text}' is not the ARN of a managed policy"))
            .advise("write arn:aws:iam::aws:policy/<name>, or arn:aws:iam::<12 digits of the account>:policy/<name>"))
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn part(&self, at: usize) -> &str {
        self.text.split(':').nth(at).unwrap_or_default()
    }

    /// The policy's name without its path.
    fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }
}

/// A session policy as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// AWS's managed policy ReadOnlyAccess, in the role's partition.
    ReadOnly,
    /// A managed policy.
    Managed(PolicyArn),
    /// A policy in JSON.
    Json {
        /// The name of its file, for people.
        name: String,
        /// The policy.
        document: Document,
    },
}

impl Policy {
    /// The value of a `--policy` that asks for the same. A file is replaced by its content, which it may lose meanwhile.
    pub fn word(&self) -> &str {
        match self {
            Self::ReadOnly => READ_ONLY,
            Self::Managed(arn) => arn.as_str(),
            Self::Json { document, .. } => document.as_str(),
        }
    }
}

/// The session policies of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicies {
    /// The ARNs of the managed policies, in order and once each.
    pub arns: Vec<PolicyArn>,
    /// The policy in JSON: all that were asked for, joined.
    pub document: Option<Document>,
    /// The policies by the names that people know them by.
    pub names: Vec<String>,
}

/// What a session is made of.
#[derive(Clone, Copy)]
pub enum Owner<'a> {
    /// A role.
    Role(&'a RoleArn),
    /// A user, of whom only STS knows the account.
    User {
        /// The partition.
        partition: &'a str,
    },
}

impl<'a> Owner<'a> {
    fn partition(self) -> &'a str {
        match self {
            Self::Role(role) => role.partition(),
            Self::User { partition } => partition,
        }
    }

    fn account(self) -> Option<&'a str> {
        match self {
            Self::Role(role) => Some(role.account()),
            Self::User { .. } => None,
        }
    }

    /// The noun, for advice.
    fn kind(self) -> &'static str {
        match self {
            Self::Role(_) => "role",
            Self::User { .. } => "user",
        }
    }

    /// The subject of an error.
    fn name(self) -> String {
        match self {
            Self::Role(role) => format!("the role {}", role.as_str()),
            Self::User { .. } => String::from("the user's keys"),
        }
    }
}

impl SessionPolicies {
    /// The policies for a session of a role or a user.
    ///
    /// # Errors
    /// Returns an error if STS would refuse them: more than ten, too long, or of another partition or account.
    pub fn of(owner: Owner<'_>, policies: &[Policy], origin: &str) -> Result<Self> {
        let (mut arns, mut documents, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for policy in policies {
            let name = match policy {
                Policy::Json { name, document } => {
                    documents.push(document);
                    name.clone()
                }
                Policy::Managed(arn) => {
                    refuse_stranger(arn, owner, origin)?;
                    arns.push(arn.clone());
                    arn.name().to_owned()
                }
                Policy::ReadOnly => {
                    let arn = PolicyArn { text: format!("arn:{}:iam::aws:policy/ReadOnlyAccess", owner.partition()) };
                    let name = arn.name().to_owned();
                    arns.push(arn);
                    name
                }
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        arns.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        arns.dedup();
        let document = Document::joined(&documents, origin)?;
        refuse_long(&arns, document.as_ref(), (owner.kind(), origin))?;
        Ok(Self { arns, document, names })
    }

    /// The policies in words: `ReadOnlyAccess and deny.json`.
    pub fn words(&self) -> String {
        match self.names.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

/// Refuses a managed policy that the owner's account does not have.
fn refuse_stranger(arn: &PolicyArn, owner: Owner<'_>, origin: &str) -> Result<()> {
    let (partition, account) = (arn.part(1), arn.part(4));
    if partition != owner.partition() {
        return Err(Error::new(format!(
            "{origin}: the policy {} is of the partition {partition}, and {} of {}",
            arn.as_str(),
            owner.name(),
            owner.partition()
        ))
        .advise(format!("write arn:{}:… for this {}", owner.partition(), owner.kind())));
    }
    if account != "aws" && owner.account().is_some_and(|own| own != account) {
        return Err(Error::new(format!(
            "{origin}: the policy {} is of another account than {}",
            arn.as_str(),
            owner.name()
        ))
        .advise(format!(
            "name a policy of the {}'s account or of AWS, or write the policy into a file",
            owner.kind()
        )));
    }
    Ok(())
}

/// Refuses more than STS takes. It also packs policies and tags together, and the limit of that only STS knows.
fn refuse_long(arns: &[PolicyArn], document: Option<&Document>, (kind, origin): (&str, &str)) -> Result<()> {
    if arns.len() > MOST {
        return Err(Error::new(format!(
            "{origin}: {} managed session policies, and STS takes at most {MOST}",
            arns.len()
        ))
        .advise(format!("leave some out, or join them in a policy of the {kind}'s account")));
    }
    let text = document.map_or("", Document::as_str);
    let length = arns.iter().map(PolicyArn::as_str).chain([text]).map(|text| text.chars().count()).sum::<usize>();
    if length > LONGEST {
        return Err(Error::new(format!(
            "{origin}: the session policies have {length} characters, and STS takes at most {LONGEST}, ARNs included"
        ))
        .advise(format!("make the policy a managed one of the {kind}'s account: then only its ARN counts")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::arn::RoleArn;
    use crate::bounds::document::Document;
    use crate::bounds::policies::{Owner, Policy, PolicyArn, SessionPolicies};

    fn role(partition: &str) -> RoleArn {
        RoleArn::parse(&format!("arn:{partition}:iam::123456789012:role/r"), "x").unwrap()
    }

    fn managed(arn: &str) -> Policy {
        Policy::Managed(PolicyArn::parse(arn, "x").unwrap())
    }

    #[test]
    fn the_arns_of_managed_policies() {
        for good in ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws-cn:iam::123456789012:policy/path/name"] {
            assert!(PolicyArn::parse(good, "x").is_ok(), "{good}");
        }
        for bad in [
            "",
            "ReadOnlyAccess",
            "arn:aws:iam::aws:role/x",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam::12345:policy/x",
            "arn:aws:iam:eu-west-1:aws:policy/x",
            "arn:aws:iam::aws:policy/a b",
        ] {
            assert!(PolicyArn::parse(bad, "x").is_err(), "{bad}");
        }
    }

    #[test]
    fn read_only_is_of_the_partition_of_the_role() {
        for partition in ["aws", "aws-cn", "aws-us-gov"] {
            let policies =
                SessionPolicies::of(Owner::Role(&role(partition)), &[Policy::ReadOnly, Policy::ReadOnly], "x").unwrap();
            let arns: Vec<&str> = policies.arns.iter().map(PolicyArn::as_str).collect();
            assert_eq!(arns, [format!("arn:{partition}:iam::aws:policy/ReadOnlyAccess")]);
            assert_eq!(policies.words(), "ReadOnlyAccess");
        }
    }

    #[test]
    fn what_sts_would_refuse() {
        let problem = |policies: &[Policy]| {
            SessionPolicies::of(Owner::Role(&role("aws")), policies, "x")
                .err()
                .map(|e| e.fact().to_owned())
                .unwrap_or_default()
        };
        let numbered = |count: usize| -> Vec<Policy> {
            (0..count).map(|n| managed(&format!("arn:aws:iam::123456789012:policy/{n:02}"))).collect()
        };
        assert_eq!(problem(&numbered(10)), "");
        assert_eq!(problem(&numbered(11)), "x: 11 managed session policies, and STS takes at most 10");
        assert!(
            problem(&[managed("arn:aws-cn:iam::aws:policy/x")]).contains("is of the partition aws-cn, and the role")
        );
        assert!(
            problem(&[managed("arn:aws:iam::210987654321:policy/x")]).contains("is of another account than the role")
        );
        // An ARN above has 35 characters, and the policy without its action 84.
        let with = |length: usize| {
            let actions = "a".repeat(length - 84);
            let text = format!(
                "{{\"Version\": \"2012-10-17\", \"Statement\": [{{\"Effect\": \"Allow\", \"Action\": \"{actions}\", \"Resource\": \"*\"}}]}}"
            );
            let document = Document::parse(&text, "x").unwrap();
            assert_eq!(document.as_str().len(), length);
            Policy::Json { name: "f.json".to_owned(), document }
        };
        assert_eq!(problem(&[with(2048)]), "");
        let both = |length: usize| vec![with(length), numbered(1).remove(0)];
        assert_eq!(problem(&both(2013)), "");
        assert_eq!(
            problem(&both(2014)),
            "x: the session policies have 2049 characters, and STS takes at most 2048, ARNs included"
        );
        let named = SessionPolicies::of(Owner::Role(&role("aws")), &both(1000), "x").unwrap();
        assert_eq!(named.words(), "f.json and 00");
    }
}
