//! The IAM of the service: the access keys and the virtual MFA devices of the user who calls. It behaves as AWS does
//! where that matters for a rotation: two keys at most, a new key that STS does not know at once, two consecutive codes
//! for a new device, policies that want MFA, and sessions without MFA that may call nothing.

use super::actions::{Caller, Params};
use super::model::{Device, User};
use super::state::State;
use super::xml::{Element, Refusal};
use super::{clock, random, totp};
use std::collections::{BTreeMap, BTreeSet};

/// The version of IAM's interface.
pub const VERSION: &str = "2010-05-08";

/// The most access keys of a user, and the most MFA devices.
const MOST_KEYS: usize = 2;
const MOST_DEVICES: usize = 8;

/// What AWS's own policy for users who manage their own devices allows without MFA.
const WITHOUT_MFA: [&str; 3] = ["CreateVirtualMFADevice", "EnableMFADevice", "ListMFADevices"];

/// A long-term access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
    /// The ARN of its user.
    pub owner: String,
    pub active: bool,
    pub created: i64,
    /// When, and for which service.
    pub last_used: Option<(i64, String)>,
    /// For how many more calls it is unknown, because it is new.
    pub unknown_for: usize,
}

#[derive(Default)]
pub struct Iam {
    pub keys: BTreeMap<String, AccessKey>,
    /// The owners of keys that were deleted, whose sessions go on.
    pub past: BTreeMap<String, String>,
    /// Virtual devices that no user has.
    pub free_devices: Vec<Device>,
    /// For how many calls a new key is unknown to every service.
    pub unknown_for: usize,
    /// Whether a policy wants MFA, as AWS's own for users who manage their own devices does.
    pub wants_mfa: bool,
    /// The actions that a policy denies.
    pub denied: BTreeSet<String>,
    /// Whether the sessions of a key end with it.
    pub sessions_end_with_key: bool,
}

/// Carries out a request of IAM; returns the elements of the result, or `None` if there is no such action.
pub fn act(state: &mut State, action: &str, params: &Params, caller: &Caller) -> Result<Option<Vec<Element>>, Refusal> {
    if caller.temporary && caller.user.is_some() && caller.mfa_at.is_none() {
        let message = "The security token included in the request is invalid";
        return Err(Refusal::new(403, "InvalidClientTokenId", message));
    }
    let lacks_mfa = state.iam.wants_mfa && caller.mfa_at.is_none() && !WITHOUT_MFA.contains(&action);
    if lacks_mfa || state.iam.denied.contains(action) {
        return Err(Refusal::denied(format!(
            "User: {} is not authorized to perform: iam:{action} on resource: {} with an explicit deny in an \
             identity-based policy",
            caller.arn, caller.arn
        )));
    }
    let user = user(state, caller, params)?;
    match action {
        "CreateAccessKey" => create_access_key(state, &user),
        "ListAccessKeys" => Ok(list_access_keys(state, &user)),
        "UpdateAccessKey" => update_access_key(state, &user, params),
        "DeleteAccessKey" => delete_access_key(state, &user, params),
        "GetAccessKeyLastUsed" => last_used(state, params),
        "CreateVirtualMFADevice" => create_device(state, &user, params),
        "DeleteVirtualMFADevice" => delete_device(state, params),
        "EnableMFADevice" => enable_device(state, &user, params),
        "ListMFADevices" => Ok(list_devices(&user)),
        _ => return Ok(None),
    }
    .map(Some)
}

type Answer = Result<Vec<Element>, Refusal>;

fn no_such(what: &str, name: &str) -> Refusal {
    Refusal::new(404, "NoSuchEntity", format!("The {what} with name {name} cannot be found."))
}

fn param<'a>(params: &'a Params, name: &str) -> Result<&'a str, Refusal> {
    params.get(name).map(String::as_str).ok_or_else(|| {
        let mut name = name.to_owned();
        name[..1].make_ascii_lowercase();
        Refusal::invalid(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// The user of the call: the one who signed it, who may also be named.
fn user(state: &State, caller: &Caller, params: &Params) -> Result<User, Refusal> {
    let key = caller
        .user
        .as_deref()
        .ok_or_else(|| Refusal::invalid("Must specify userName when calling with non-User credentials".to_owned()))?;
    let user = state.user(key).cloned().ok_or_else(|| no_such("user", key))?;
    match params.get("UserName") {
        Some(name) if *name != user.name => Err(no_such("user", name)),
        _ => Ok(user),
    }
}

fn keys_of<'a>(state: &'a State, user: &User) -> Vec<&'a AccessKey> {
    let mut keys: Vec<_> = state.iam.keys.values().filter(|key| key.owner == user.arn()).collect();
    keys.sort_by_key(|key| key.created);
    keys
}

fn create_access_key(state: &mut State, user: &User) -> Answer {
    if keys_of(state, user).len() >= MOST_KEYS {
        return Err(Refusal::new(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"));
    }
    let key = AccessKey {
        id: random::identifier("AKIA"),
        secret: random::secret_access_key(),
        owner: user.arn(),
        active: true,
        created: state.now(),
        last_used: None,
        unknown_for: state.iam.unknown_for,
    };
    let answer = Element::Group(
        "AccessKey",
        vec![
            Element::Text("UserName", user.name.clone()),
            Element::Text("AccessKeyId", key.id.clone()),
            Element::Text("Status", "Active".to_owned()),
            Element::Text("SecretAccessKey", key.secret.clone()),
            Element::Text("CreateDate", clock::iso(key.created)),
        ],
    );
    state.secrets.insert(key.secret.clone());
    state.iam.keys.insert(key.id.clone(), key);
    Ok(vec![answer])
}

fn list_access_keys(state: &State, user: &User) -> Vec<Element> {
    let member = |key: &&AccessKey| {
        Element::Group(
            "member",
            vec![
                Element::Text("UserName", user.name.clone()),
                Element::Text("AccessKeyId", key.id.clone()),
                Element::Text("Status", if key.active { "Active" } else { "Inactive" }.to_owned()),
                Element::Text("CreateDate", clock::iso(key.created)),
            ],
        )
    };
    let members = keys_of(state, user).iter().map(member).collect();
    vec![Element::Group("AccessKeyMetadata", members), Element::Text("IsTruncated", "false".to_owned())]
}

fn own_key<'a>(state: &'a mut State, user: &User, params: &Params) -> Result<&'a mut AccessKey, Refusal> {
    let id = param(params, "AccessKeyId")?;
    let owner = user.arn();
    let key = state.iam.keys.get_mut(id).filter(|key| key.owner == owner);
    key.ok_or_else(|| Refusal::new(404, "NoSuchEntity", format!("The Access Key with id {id} cannot be found.")))
}

fn update_access_key(state: &mut State, user: &User, params: &Params) -> Answer {
    let active = param(params, "Status")? == "Active";
    own_key(state, user, params)?.active = active;
    Ok(Vec::new())
}

fn delete_access_key(state: &mut State, user: &User, params: &Params) -> Answer {
    let id = own_key(state, user, params)?.id.clone();
    state.iam.keys.remove(&id);
    state.iam.past.insert(id, user.arn());
    Ok(Vec::new())
}

fn last_used(state: &State, params: &Params) -> Answer {
    let id = param(params, "AccessKeyId")?;
    let Some(key) = state.iam.keys.get(id) else {
        return Err(Refusal::denied(format!("not authorized to perform: iam:GetAccessKeyLastUsed on {id}")));
    };
    let name = key.owner.rsplit('/').next().unwrap_or_default().to_owned();
    let used = match &key.last_used {
        Some((at, service)) => vec![
            Element::Text("LastUsedDate", clock::iso(*at)),
            Element::Text("ServiceName", service.clone()),
            Element::Text("Region", "us-east-1".to_owned()),
        ],
        None => vec![Element::Text("ServiceName", "N/A".to_owned()), Element::Text("Region", "N/A".to_owned())],
    };
    Ok(vec![Element::Text("UserName", name), Element::Group("AccessKeyLastUsed", used)])
}

fn create_device(state: &mut State, user: &User, params: &Params) -> Answer {
    let name = param(params, "VirtualMFADeviceName")?;
    let serial = format!("arn:{}:iam::{}:mfa/{name}", user.partition, user.account);
    if state.device(&serial).is_some() {
        let message = "MFADevice entity at the same path and name already exists.";
        return Err(Refusal::new(409, "EntityAlreadyExists", message));
    }
    let secret = random::bytes(40);
    let seed = base32(&secret);
    state.secrets.insert(seed.clone());
    state.iam.free_devices.push(Device { serial: serial.clone(), totp_secret: secret });
    Ok(vec![Element::Group(
        "VirtualMFADevice",
        vec![
            Element::Text("SerialNumber", serial),
            // Blobs are base64.
            Element::Text("Base32StringSeed", base64(seed.as_bytes())),
            Element::Text("QRCodePNG", base64(b"\x89PNG")),
        ],
    )])
}

fn delete_device(state: &mut State, params: &Params) -> Answer {
    let serial = param(params, "SerialNumber")?;
    if state.users.iter().any(|user| user.mfa.iter().any(|device| device.serial == serial)) {
        return Err(Refusal::new(409, "DeleteConflict", "MFA VirtualDevice in use. Must deactivate first."));
    }
    let before = state.iam.free_devices.len();
    state.iam.free_devices.retain(|device| device.serial != serial);
    if state.iam.free_devices.len() == before { Err(no_such("VirtualMFADevice", serial)) } else { Ok(Vec::new()) }
}

fn enable_device(state: &mut State, user: &User, params: &Params) -> Answer {
    param(params, "UserName")?;
    let serial = param(params, "SerialNumber")?.to_owned();
    let codes = [param(params, "AuthenticationCode1")?.to_owned(), param(params, "AuthenticationCode2")?.to_owned()];
    for code in &codes {
        state.codes.insert(code.clone());
        state.sent.entry(serial.clone()).or_default().insert(code.clone());
    }
    let Some(device) = state.iam.free_devices.iter().find(|device| device.serial == serial).cloned() else {
        return Err(match state.device(&serial) {
            Some(_) => Refusal::new(409, "EntityAlreadyExists", format!("MFA Device {serial} is already in use.")),
            None => no_such("MFA Device", &serial),
        });
    };
    if user.mfa.len() >= MOST_DEVICES {
        return Err(Refusal::new(409, "LimitExceeded", "Cannot exceed quota for MFADevicesPerUser: 8"));
    }
    let now = state.step();
    let is_pair = |step: &i64| {
        codes[0] == totp::code(&device.totp_secret, *step) && codes[1] == totp::code(&device.totp_secret, step + 1)
    };
    let Some(step) = (now - 2..=now + 1).find(is_pair) else {
        return Err(Refusal::new(403, "InvalidAuthenticationCode", "Authentication code for device is not valid."));
    };
    state.used.entry(serial.clone()).or_default().extend([step, step + 1]);
    state.iam.free_devices.retain(|device| device.serial != serial);
    let arn = user.arn();
    for user in state.users.iter_mut().filter(|user| user.arn() == arn) {
        user.mfa.push(device.clone());
    }
    Ok(Vec::new())
}

fn list_devices(user: &User) -> Vec<Element> {
    let member = |device: &Device| {
        Element::Group(
            "member",
            vec![
                Element::Text("UserName", user.name.clone()),
                Element::Text("SerialNumber", device.serial.clone()),
                Element::Text("EnableDate", "2026-11-22T10:00:00Z".to_owned()),
            ],
        )
    };
    let members = user.mfa.iter().map(member).collect();
    vec![Element::Group("MFADevices", members), Element::Text("IsTruncated", "false".to_owned())]
}

/// The text in groups of bits, as letters of this alphabet.
fn letters(bytes: &[u8], alphabet: &[u8], bits: u32) -> String {
    let mut text = String::new();
    let (mut held, mut count) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        count += 8;
        while count >= bits {
            count -= bits;
            text.push(char::from(alphabet[usize::try_from(held >> count & ((1 << bits) - 1)).unwrap()]));
        }
    }
    if count > 0 {
        text.push(char::from(alphabet[usize::try_from(held << (bits - count) & ((1 << bits) - 1)).unwrap()]));
    }
    text
}

/// RFC 4648, without padding.
pub fn base32(bytes: &[u8]) -> String {
    letters(bytes, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 5)
}

fn base64(bytes: &[u8]) -> String {
    let mut text = letters(bytes, b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", 6);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[test]
fn letters_are_those_of_rfc_4648() {
    assert_eq!((base32(b"foobar"), base64(b"foobar")), ("MZXW6YTBOI".to_owned(), "Zm9vYmFy".to_owned()));
    assert_eq!((base32(b"fo"), base64(b"foob")), ("MZXQ".to_owned(), "Zm9vYg==".to_owned()));
}
