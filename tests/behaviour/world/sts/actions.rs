//! The actions of STS: finds the caller, checks what it may do, and issues credentials.

use super::iam;
use super::model::{Device, Principal, Principals, Role, role_parts, session_arn};
use super::policy::{self, Policies};
use super::signature::{Authorization, Received};
use super::state::State;
use super::xml::{self, Element, Refusal};
use std::collections::BTreeMap;

pub type Params = BTreeMap<String, String>;

/// The caller that signed a request.
pub struct Caller {
    pub arn: String,
    account: String,
    user_id: String,
    /// The user's long-term access key id; `None` for a role session.
    pub user: Option<String>,
    /// The role's ARN, for a role session.
    role: Option<String>,
    root: bool,
    pub temporary: bool,
    pub mfa_at: Option<i64>,
    policies: Policies,
}

/// Refuses what the caller's session policies do not allow.
fn authorize(caller: &Caller, action: &str) -> Result<(), Refusal> {
    if policy::allow(&caller.policies, action) {
        return Ok(());
    }
    Err(Refusal::denied(format!(
        "User: {} is not authorized to perform: {action} because no session policy allows the {action} action",
        caller.arn
    )))
}

/// Carries out a request; returns the elements of the result.
pub fn act(state: &mut State, action: &str, params: &Params, request: &Received<'_>) -> Result<Vec<Element>, Refusal> {
    if params.get("Version").is_some_and(|version| version == iam::VERSION) {
        let caller = authenticate(state, "iam", request)?;
        return iam::act(state, action, params, &caller)?.ok_or_else(|| unknown_action(action, iam::VERSION));
    }
    match action {
        "AssumeRole" => {
            let caller = authenticate(state, "sts", request)?;
            authorize(&caller, "sts:AssumeRole")?;
            assume_role(state, &caller, params)
        }
        "GetSessionToken" => {
            let caller = authenticate(state, "sts", request)?;
            get_session_token(state, &caller, params)
        }
        "GetFederationToken" => {
            let caller = authenticate(state, "sts", request)?;
            get_federation_token(state, &caller, params)
        }
        "GetCallerIdentity" => authenticate(state, "sts", request).map(|caller| {
            vec![
                Element::Text("Arn", caller.arn),
                Element::Text("UserId", caller.user_id),
                Element::Text("Account", caller.account),
            ]
        }),
        // SNS, which speaks as STS does: something to read, and something to write.
        "ListTopics" | "CreateTopic" => {
            let caller = authenticate(state, "sns", request)?;
            authorize(&caller, &format!("sns:{action}"))?;
            let arn =
                format!("arn:aws:sns:us-east-1:{}:{}", caller.account, params.get("Name").map_or("", |name| name));
            let topics = || Element::Text("Topics", String::new());
            Ok(vec![if action == "CreateTopic" { Element::Text("TopicArn", arn) } else { topics() }])
        }
        "AssumeRoleWithWebIdentity" => assume_role_with_web_identity(state, params),
        _ => Err(unknown_action(action, "2011-06-15")),
    }
}

fn unknown_action(action: &str, version: &str) -> Refusal {
    Refusal::new(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
}

fn authenticate(state: &mut State, service: &str, request: &Received<'_>) -> Result<Caller, Refusal> {
    let authorization = Authorization::of(request)?;
    let unknown =
        || Refusal::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.");
    let key = authorization.access_key_id.as_str();
    if state.revoked.contains(key) {
        return Err(unknown());
    }
    let token = request.header("x-amz-security-token");
    let issued = state.issued.get(key).cloned();
    let secret = match &issued {
        Some(issued) if token.as_deref() != Some(issued.session_token.as_str()) => return Err(unknown()),
        Some(issued) if issued.expires <= state.now() => {
            return Err(Refusal::new(403, "ExpiredToken", "The security token included in the request is expired"));
        }
        Some(issued) => &issued.secret_access_key,
        None if token.is_some() => return Err(unknown()),
        None => {
            let of_user = state.iam.keys.get_mut(key).filter(|key| key.active).ok_or_else(unknown)?;
            if of_user.unknown_for > 0 {
                of_user.unknown_for -= 1;
                return Err(unknown());
            }
            &of_user.secret.clone()
        }
    };
    authorization.verify(request, service, secret, &state.clocks())?;
    let principal = issued.as_ref().map_or_else(|| Principal::User(key.to_owned()), |issued| issued.principal.clone());
    let now = state.now();
    if let Some(used) = state.iam.keys.get_mut(key) {
        used.last_used = Some((now, service.to_owned()));
    }
    match principal {
        Principal::User(access_key_id) => {
            let is_gone = state.iam.keys.get(&access_key_id).is_none_or(|key| !key.active);
            if is_gone && state.iam.sessions_end_with_key {
                return Err(unknown());
            }
            let user = state.user(&access_key_id).ok_or_else(unknown)?;
            Ok(Caller {
                arn: user.arn(),
                account: user.account.clone(),
                user_id: user.id.clone(),
                root: user.root,
                user: Some(access_key_id),
                role: None,
                temporary: issued.is_some(),
                mfa_at: issued.and_then(|issued| issued.mfa_at),
                policies: None,
            })
        }
        Principal::Federated { arn, user } => {
            let account = state.user(&user).ok_or_else(unknown)?.account.clone();
            let name = arn.rsplit('/').next().unwrap_or_default();
            Ok(Caller {
                user_id: format!("{account}:{name}"),
                arn,
                account,
                user: None,
                role: None,
                root: false,
                temporary: true,
                mfa_at: None,
                policies: issued.and_then(|issued| issued.policies.clone()),
            })
        }
        Principal::Role { role_arn, role_id, session_name } => Ok(Caller {
            arn: session_arn(&role_arn, &session_name),
            account: role_parts(&role_arn).map(|(_, account, _)| account.to_owned()).unwrap_or_default(),
            user_id: format!("{role_id}:{session_name}"),
            user: None,
            role: Some(role_arn),
            root: false,
            temporary: true,
            mfa_at: None,
            policies: issued.and_then(|issued| issued.policies.clone()),
        }),
    }
}

/// Collects errors in the parameters, and reports them in the words of STS.
#[derive(Default)]
struct Validation(Vec<String>);

impl Validation {
    fn complain(&mut self, value: Option<&str>, name: &str, constraint: &str) {
        let value = value.map(|value| format!(" '{value}'")).unwrap_or_default();
        self.0.push(format!("Value{value} at '{name}' failed to satisfy constraint: {constraint}"));
    }

    fn text(&mut self, params: &Params, parameter: &str, required: bool, length: (usize, usize), pattern: &Pattern) {
        let mut name = parameter.to_owned();
        name[..1].make_ascii_lowercase();
        let Some(value) = params.get(parameter) else {
            if required {
                self.complain(None, &name, "Member must not be null");
            }
            return;
        };
        if !value.chars().all(pattern.allows) {
            let constraint = format!("Member must satisfy regular expression pattern: {}", pattern.written);
            self.complain(Some(value), &name, &constraint);
        }
        if value.chars().count() < length.0 {
            let constraint = format!("Member must have length greater than or equal to {}", length.0);
            self.complain(Some(value), &name, &constraint);
        }
        if value.chars().count() > length.1 {
            let constraint = format!("Member must have length less than or equal to {}", length.1);
            self.complain(Some(value), &name, &constraint);
        }
    }

    fn seconds(&mut self, params: &Params, most: i64, default: i64) -> i64 {
        let Some(value) = params.get("DurationSeconds") else { return default };
        let Ok(seconds) = value.parse::<i64>() else {
            self.complain(Some(value), "durationSeconds", "Member must be an integer");
            return default;
        };
        if seconds < 900 {
            self.complain(Some(value), "durationSeconds", "Member must have value greater than or equal to 900");
        }
        if seconds > most {
            let constraint = format!("Member must have value less than or equal to {most}");
            self.complain(Some(value), "durationSeconds", &constraint);
        }
        seconds
    }

    fn done(self) -> Result<(), Refusal> {
        match self.0.as_slice() {
            [] => Ok(()),
            [one] => Err(Refusal::invalid(format!("1 validation error detected: {one}"))),
            many => Err(Refusal::invalid(format!("{} validation errors detected: {}", many.len(), many.join("; ")))),
        }
    }
}

struct Pattern {
    written: &'static str,
    allows: fn(char) -> bool,
}

const ANY: Pattern = Pattern { written: ".*", allows: |_| true };
const SESSION_NAME: Pattern =
    Pattern { written: r"[\w+=,.@-]*", allows: |c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c) };
const EXTERNAL_ID: Pattern =
    Pattern { written: r"[\w+=,.@:\/-]*", allows: |c| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c) };
const SERIAL: Pattern =
    Pattern { written: r"[\w+=/:,.@-]*", allows: |c| c.is_ascii_alphanumeric() || "_+=/:,.@-".contains(c) };
const DIGITS: Pattern = Pattern { written: r"[\d]*", allows: |c| c.is_ascii_digit() };

fn validate_mfa(validation: &mut Validation, params: &Params) {
    validation.text(params, "SerialNumber", false, (9, 256), &SERIAL);
    validation.text(params, "TokenCode", false, (6, 6), &DIGITS);
}

/// Checks serial and code; returns the time of authentication, or `None` if the request has neither.
fn authenticate_mfa(state: &mut State, caller: &Caller, params: &Params) -> Result<Option<i64>, Refusal> {
    let (serial, code) = match (params.get("SerialNumber"), params.get("TokenCode")) {
        (None, None) => return Ok(None),
        (Some(serial), Some(code)) => (serial, code),
        _ => {
            return Err(Refusal::denied(
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
            ));
        }
    };
    let device: Option<Device> = caller
        .user
        .as_deref()
        .and_then(|key| state.user(key))
        .and_then(|user| user.mfa.iter().find(|device| device.serial == *serial))
        .cloned();
    let Some(device) = device else {
        return Err(Refusal::denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is \
             valid and associated with this user.",
        ));
    };
    if state.accept_code(&device, code) {
        Ok(Some(state.now()))
    } else {
        Err(Refusal::denied("MultiFactorAuthentication failed with invalid MFA one time pass code. "))
    }
}

fn assume_role(state: &mut State, caller: &Caller, params: &Params) -> Result<Vec<Element>, Refusal> {
    let mut validation = Validation::default();
    validation.text(params, "RoleArn", true, (20, 2048), &ANY);
    validation.text(params, "RoleSessionName", true, (2, 64), &SESSION_NAME);
    validation.text(params, "ExternalId", false, (2, 1224), &EXTERNAL_ID);
    validation.text(params, "SourceIdentity", false, (2, 64), &SESSION_NAME);
    validate_mfa(&mut validation, params);
    let seconds = validation.seconds(params, 43200, 3600);
    validation.done()?;
    let (arn, session_name) = (&params["RoleArn"], &params["RoleSessionName"]);
    if role_parts(arn).is_none() {
        return Err(Refusal::invalid(format!("{arn} is invalid")));
    }
    if caller.root {
        return Err(Refusal::denied("Roles may not be assumed by root accounts."));
    }
    if caller.temporary && seconds > 3600 {
        return Err(Refusal::invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    let mfa_at = authenticate_mfa(state, caller, params)?.or(caller.mfa_at);
    let role = state.role(arn).filter(|role| trusts(role, caller, params, mfa_at, state.now())).cloned();
    let Some(role) = role else {
        return Err(Refusal::denied(format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}",
            caller.arn
        )));
    };
    if seconds > role.max_session_seconds {
        return Err(Refusal::invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    role_session(state, &role, session_name, seconds, params)
}

fn trusts(role: &Role, caller: &Caller, params: &Params, mfa_at: Option<i64>, now: i64) -> bool {
    let trust = &role.trust;
    if caller.role.as_ref().is_some_and(|arn| trust.unconditionally.contains(arn)) {
        return true;
    }
    let known = match &trust.principals {
        Principals::Any => true,
        Principals::Arns(arns) => arns.iter().any(|arn| {
            let account = arn.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next()).unwrap_or(arn);
            *arn == caller.arn || Some(arn) == caller.role.as_ref() || account == caller.account
        }),
    };
    let is = |expected: &Option<String>, parameter: &str| {
        expected.as_ref().is_none_or(|expected| params.get(parameter) == Some(expected))
    };
    known
        && (!trust.require_mfa || mfa_at.is_some())
        && trust.max_mfa_age_seconds.is_none_or(|most| mfa_at.is_some_and(|at| now - at <= most))
        && is(&trust.external_id, "ExternalId")
        && is(&trust.require_session_name, "RoleSessionName")
        && is(&trust.source_identity, "SourceIdentity")
        && trust.tags.iter().all(|tag| session_tags(params).contains(tag))
        && !(trust.long_term_keys_only && caller.temporary)
}

/// The session tags of a request.
fn session_tags(params: &Params) -> Vec<(String, String)> {
    let key = |number: usize| params.get(&format!("Tags.member.{number}.Key"));
    let value = |number: usize| params.get(&format!("Tags.member.{number}.Value")).cloned().unwrap_or_default();
    (1..).map_while(|number| Some((key(number)?.clone(), value(number)))).collect()
}

fn role_session(
    state: &mut State,
    role: &Role,
    name: &str,
    seconds: i64,
    params: &Params,
) -> Result<Vec<Element>, Refusal> {
    let policies = policy::of_request(params)?;
    let principal =
        Principal::Role { role_arn: role.arn.clone(), role_id: role.id.clone(), session_name: name.to_owned() };
    let lifetime = state.role_lifetime.unwrap_or(seconds);
    let issued = state.issue(principal, None, lifetime);
    if let Some(kept) = state.issued.get_mut(&issued.access_key_id) {
        kept.policies = policies;
    }
    let mut result = vec![
        Element::Group(
            "AssumedRoleUser",
            vec![
                Element::Text("AssumedRoleId", format!("{}:{name}", role.id)),
                Element::Text("Arn", session_arn(&role.arn, name)),
            ],
        ),
        xml::credentials(&issued),
    ];
    if params.keys().any(|name| name == "Policy" || name.starts_with("PolicyArns.")) {
        result.push(Element::Text("PackedPolicySize", "6".to_owned()));
    }
    if let Some(identity) = params.get("SourceIdentity") {
        result.push(Element::Text("SourceIdentity", identity.clone()));
    }
    Ok(result)
}

fn get_session_token(state: &mut State, caller: &Caller, params: &Params) -> Result<Vec<Element>, Refusal> {
    if caller.temporary {
        return Err(Refusal::denied("Cannot call GetSessionToken with session credentials"));
    }
    let mut validation = Validation::default();
    validate_mfa(&mut validation, params);
    let asked = validation.seconds(params, 129_600, 43200);
    validation.done()?;
    let mfa_at = authenticate_mfa(state, caller, params)?;
    let seconds = if caller.root { asked.min(3600) } else { asked };
    let lifetime = state.session_lifetime.unwrap_or(seconds);
    let user = caller.user.clone().unwrap_or_default();
    let issued = state.issue(Principal::User(user), mfa_at, lifetime);
    Ok(vec![xml::credentials(&issued)])
}

/// Only long-term keys of a user may sign it. The session never carries MFA, and without policies it may do nothing.
fn get_federation_token(state: &mut State, caller: &Caller, params: &Params) -> Result<Vec<Element>, Refusal> {
    let mut validation = Validation::default();
    validation.text(params, "Name", true, (2, 32), &SESSION_NAME);
    let asked = validation.seconds(params, 129_600, 43200);
    validation.done()?;
    let key = caller.user.clone().filter(|_| !caller.temporary);
    let key = key.ok_or_else(|| Refusal::denied("Cannot call GetFederationToken with session credentials"))?;
    let policies = policy::of_request(params)?.unwrap_or_default();
    let (name, account) = (&params["Name"], &caller.account);
    let partition = caller.arn.split(':').nth(1).unwrap_or("aws");
    let arn = format!("arn:{partition}:sts::{account}:federated-user/{name}");
    let seconds = if caller.root { asked.min(3600) } else { asked };
    let issued = state.issue(Principal::Federated { arn: arn.clone(), user: key }, None, seconds);
    if let Some(kept) = state.issued.get_mut(&issued.access_key_id) {
        kept.policies = Some(policies);
    }
    Ok(vec![
        Element::Group(
            "FederatedUser",
            vec![Element::Text("FederatedUserId", format!("{account}:{name}")), Element::Text("Arn", arn)],
        ),
        xml::credentials(&issued),
        Element::Text("PackedPolicySize", "6".to_owned()),
    ])
}

/// The request is not signed: the token alone authenticates it.
fn assume_role_with_web_identity(state: &mut State, params: &Params) -> Result<Vec<Element>, Refusal> {
    let mut validation = Validation::default();
    validation.text(params, "RoleArn", true, (20, 2048), &ANY);
    validation.text(params, "RoleSessionName", true, (2, 64), &SESSION_NAME);
    validation.text(params, "WebIdentityToken", true, (4, 20000), &ANY);
    let seconds = validation.seconds(params, 43200, 3600);
    validation.done()?;
    let Some(subject) = state.web_identities.get(&params["WebIdentityToken"]).cloned() else {
        return Err(Refusal::new(
            400,
            "InvalidIdentityToken",
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        ));
    };
    let Some(role) = state.role(&params["RoleArn"]).cloned() else {
        return Err(Refusal::denied("Not authorized to perform sts:AssumeRoleWithWebIdentity"));
    };
    let mut result = role_session(state, &role, &params["RoleSessionName"], seconds, params)?;
    result.push(Element::Text("SubjectFromWebIdentityToken", subject));
    Ok(result)
}
