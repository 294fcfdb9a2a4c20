//! Keys as a `credential_process` prints them.

use serde_json::Value;
use zeroize::Zeroizing;

use crate::credentials::{Credentials, Secret};
use crate::text::json::{push_json_text, wipe};

/// The long-term keys as one line of JSON, with a line end.
pub fn written(access_key_id: &str, secret: &Secret) -> Zeroizing<String> {
    let mut text = String::with_capacity(512);
    text.push_str("{\"Version\": 1, \"AccessKeyId\": ");
    push_json_text(&mut text, access_key_id);
    text.push_str(", \"SecretAccessKey\": ");
    push_json_text(&mut text, secret.expose());
    text.push_str("}\n");
    Zeroizing::new(text)
}

/// The keys in such JSON, with a session token if they have one; `None` if it is something else.
pub fn read(bytes: &[u8]) -> Option<Credentials> {
    let mut answer: Value = serde_json::from_slice(bytes).ok()?;
    let text = |name: &str| answer.get(name)?.as_str().filter(|text| !text.is_empty()).map(String::from);
    let secret = |name: &str| text(name).map(Secret::new);
    let found = text("AccessKeyId").zip(secret("SecretAccessKey")).map(|(access_key_id, secret_access_key)| {
        let (session_token, account_id) = (secret("SessionToken"), text("AccountId"));
        Credentials { access_key_id, secret_access_key, session_token, expiration: None, account_id }
    });
    let is_known = answer.get("Version").and_then(Value::as_i64) == Some(1);
    wipe(&mut answer);
    found.filter(|_| is_known)
}
