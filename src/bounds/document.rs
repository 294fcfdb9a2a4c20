//! Session policies in JSON: checked, joined and without the blanks that would count against STS's limit.

use std::fmt::{self, Write as _};

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// The version of the policy language that has variables; a policy without a version is of the older one.
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// A session policy in JSON, minified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    text: String,
}

impl Document {
    /// Reads a policy. `origin` is the file's path or the option, for the error.
    ///
    /// # Errors
    /// Returns an error if the text is not JSON, names a key twice, or is not a policy that a session can have.
    pub fn parse(text: &str, origin: &str) -> Result<Self> {
        let Unique(policy) = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let place = format!("{origin}:{}", error.line());
            let words = error.to_string();
            let words = words.split(" at line ").next().unwrap_or_default();
            Error::new(format!("{place}: not a policy in JSON ({words})")).advise("correct the file")
        })?;
        check(&policy).map_err(|fact| {
            Error::new(format!("{origin}: not a session policy: {fact}"))
                .advise("it looks like {\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:Get*\", \"Resource\": \"*\"}]}")
        })?;
        Ok(Self { text: minified(&policy) })
    }

    /// One policy with the statements of all; `None` of none. STS takes a single policy in JSON. The ids of statements,
    /// which mean nothing to STS, are left out, since two policies may use the same.
    ///
    /// # Errors
    /// Returns an error if the policies are of two versions: the same statement can mean something else in the other.
    pub fn joined(documents: &[&Self], origin: &str) -> Result<Option<Self>> {
        let [first, _, ..] = documents else { return Ok(documents.first().map(|only| (*only).clone())) };
        let policies: Vec<Value> =
            documents.iter().filter_map(|document| serde_json::from_str(&document.text).ok()).collect();
        let versions = policies.iter().map(|policy| policy.get("Version"));
        if versions.clone().any(|version| Some(version) != versions.clone().next()) {
            return Err(Error::new(format!("{origin}: the policies have different versions"))
                .advise("write \"Version\": \"2012-10-17\" in all of them"));
        }
        let mut statements = Vec::new();
        for mut policy in policies {
            match policy.get_mut("Statement").map(Value::take) {
                Some(Value::Array(several)) => statements.extend(several),
                Some(one) => statements.push(one),
                None => {}
            }
        }
        for statement in statements.iter_mut().filter_map(Value::as_object_mut) {
            statement.remove("Sid");
        }
        let mut policy: Map<String, Value> = serde_json::from_str(&first.text).unwrap_or_default();
        policy.remove("Id");
        policy.insert(String::from("Statement"), Value::Array(statements));
        Ok(Some(Self { text: minified(&Value::Object(policy)) }))
    }

    /// The policy in JSON.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// JSON without blanks, its keys in order. STS takes no characters above U+00FF, so those are escaped.
fn minified(value: &Value) -> String {
    let mut text = String::new();
    for c in value.to_string().chars() {
        if c <= '\u{ff}' && c != '\u{7f}' {
            text.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

/// Checks that the JSON is a policy that a session can have: it names no principal.
fn check(policy: &Value) -> Result<(), String> {
    let Some(policy) = policy.as_object() else { return Err(String::from("it is no object")) };
    known(policy, &["Version", "Id", "Statement"])?;
    if policy.get("Version").is_some_and(|version| !version.as_str().is_some_and(|text| VERSIONS.contains(&text))) {
        return Err(String::from("its Version is neither \"2012-10-17\" nor \"2008-10-17\""));
    }
    match policy.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.iter().try_for_each(check_statement),
        Some(statement @ Value::Object(_)) => check_statement(statement),
        _ => Err(String::from("it has no Statement")),
    }
}

fn check_statement(statement: &Value) -> Result<(), String> {
    let Some(statement) = statement.as_object() else { return Err(String::from("a statement is no object")) };
    known(statement, &["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"])?;
    if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return Err(String::from("a statement has no \"Effect\": \"Allow\" or \"Deny\""));
    }
    for [is, is_not] in [["Action", "NotAction"], ["Resource", "NotResource"]] {
        match (statement.get(is), statement.get(is_not)) {
            (Some(value), None) | (None, Some(value)) if is_texts(value) => {}
            (None, None) => return Err(format!("a statement has no {is}")),
            (Some(_), Some(_)) => return Err(format!("a statement has both {is} and {is_not}")),
            _ => return Err(format!("the {is} of a statement is neither a text nor a list of texts")),
        }
    }
    if statement.get("Condition").is_some_and(|condition| !condition.is_object()) {
        return Err(String::from("the Condition of a statement is no object"));
    }
    Ok(())
}

/// Whether the value is a text, or a list of texts that is not empty.
fn is_texts(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(values) => !values.is_empty() && values.iter().all(Value::is_string),
        _ => false,
    }
}

/// Refuses a key that means nothing there. A misspelt `Condition` would widen what a statement allows.
fn known(object: &Map<String, Value>, keys: &[&str]) -> Result<(), String> {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) if key.ends_with("Principal") => Err(format!("a session policy has no {key}")),
        Some(key) => Err(format!("the key '{key}' means nothing there")),
        None => Ok(()),
    }
}

/// JSON in which no object names a key twice. serde_json would keep the last of two, and a second `Statement` would
/// silently take the place of the one that denies.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UniqueVisitor).map(Self)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(value)) = values.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Unique(value))) = entries.next_entry::<String, Unique>()? {
            if object.contains_key(&key) {
                return Err(de::Error::custom(format_args!("the key '{key}' is there twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::bounds::document::Document;

    fn problem(text: &str) -> String {
        Document::parse(text, "p.json").err().map(|error| error.fact().to_owned()).unwrap_or_default()
    }

    /// A policy of one statement with these entries.
    fn with(entries: &str) -> String {
        format!("{{\"Version\": \"2012-10-17\", \"Statement\": {{{entries}}}}}")
    }

    const GOOD: &str = r#""Effect": "Allow", "Action": "s3:Get*", "Resource": "*""#;

    #[test]
    fn what_is_no_session_policy() {
        assert_eq!(problem(&with(GOOD)), "");
        assert_eq!(problem(&format!("\u{feff}{}", with(GOOD))), "");
        for (text, fact) in [
            ("", "p.json:1: not a policy in JSON (EOF while parsing a value)"),
            ("{\n\"Version\"", "p.json:2: not a policy in JSON (EOF while parsing an object)"),
            ("{\"a\": 1, \"a\": 2}", "p.json:1: not a policy in JSON (the key 'a' is there twice)"),
            ("[]", "p.json: not a session policy: it is no object"),
            ("{}", "p.json: not a session policy: it has no Statement"),
            ("{\"Statement\": []}", "p.json: not a session policy: it has no Statement"),
            ("{\"statement\": []}", "p.json: not a session policy: the key 'statement' means nothing there"),
            ("{\"Statement\": [1]}", "p.json: not a session policy: a statement is no object"),
        ] {
            assert_eq!(problem(text), fact, "{text}");
        }
        for (entries, fact) in [
            (r#""Effect": "allow", "Action": "a", "Resource": "*""#, "has no \"Effect\": \"Allow\" or \"Deny\""),
            (r#""Effect": "Deny", "Resource": "*""#, "a statement has no Action"),
            (r#""Effect": "Deny", "Action": "a""#, "a statement has no Resource"),
            (r#""Effect": "Deny", "Action": "a", "NotAction": "b", "Resource": "*""#, "both Action and NotAction"),
            (r#""Effect": "Deny", "Action": [], "Resource": "*""#, "neither a text nor a list of texts"),
            (r#""Effect": "Deny", "Action": "a", "Resource": 1"#, "the Resource of a statement is neither a text"),
            (r#""Effect": "Deny", "Action": "a", "Resource": "*", "Principal": "*""#, "has no Principal"),
            (r#""Effect": "Allow", "Action": "a", "Resource": "*", "Conditions": {}"#, "'Conditions' means nothing"),
            (r#""Effect": "Allow", "Action": "a", "Resource": "*", "Condition": []"#, "Condition of a statement is no"),
        ] {
            assert!(problem(&with(entries)).contains(fact), "{entries}: {}", problem(&with(entries)));
        }
        assert!(problem("{\"Version\": \"2024-01-01\", \"Statement\": []}").contains("its Version is neither"));
    }

    #[test]
    fn a_policy_loses_its_blanks_and_keeps_its_meaning() {
        let policy = Document::parse(&with(&format!("\n  \"Sid\": \"a b\u{20ac}\u{1f600}\",\n {GOOD}")), "x").unwrap();
        let expected = "{\"Statement\":{\"Action\":\"s3:Get*\",\"Effect\":\"Allow\",\"Resource\":\"*\",\
                        \"Sid\":\"a b\\u20ac\\ud83d\\ude00\"},\"Version\":\"2012-10-17\"}";
        assert_eq!(policy.as_str(), expected);
        // What was minified reads as the same policy.
        assert_eq!(Document::parse(policy.as_str(), "x").unwrap(), policy);
    }

    #[test]
    fn policies_are_joined_into_one() {
        let read = |text: &str| Document::parse(text, "x").unwrap();
        let one = read(&with(&format!("{GOOD}, \"Sid\": \"same\"")));
        let other = read(
            "{\"Id\": \"x\", \"Version\": \"2012-10-17\", \"Statement\": [{\"Sid\": \"same\", \"Effect\": \"Deny\", \
             \"NotAction\": [\"a\"], \"Resource\": \"*\"}]}",
        );
        assert_eq!(Document::joined(&[], "x").unwrap(), None);
        assert_eq!(Document::joined(&[&one], "x").unwrap(), Some(one.clone()));
        let both = Document::joined(&[&one, &other], "x").unwrap().unwrap();
        let expected = "{\"Statement\":[{\"Action\":\"s3:Get*\",\"Effect\":\"Allow\",\"Resource\":\"*\"},\
                        {\"Effect\":\"Deny\",\"NotAction\":[\"a\"],\"Resource\":\"*\"}],\"Version\":\"2012-10-17\"}";
        assert_eq!(both.as_str(), expected);
        let old = read(&with(GOOD).replace("2012", "2008"));
        let error = Document::joined(&[&one, &old], "--policy").unwrap_err();
        assert_eq!(error.fact(), "--policy: the policies have different versions");
    }
}
