//! Keys that a person gives in a file: `accessKeys.csv`, as the IAM console saves it, or the JSON of a
//! `credential_process`.

use csv_core::{ReadRecordResult, Reader};
use zeroize::Zeroizing;

use crate::credentials::{Credentials, Secret};
use crate::error::{Error, Result};
use crate::keys::json;
use crate::plan::stored::is_key_id;

/// The columns that hold the keys. Some programs write `Access Key Id`, so case does not count.
const ID: &str = "access key id";
const SECRET: &str = "secret access key";

/// The long-term keys in the text of a file. `about` names the file, for errors, which show no part of the text.
///
/// # Errors
/// Returns an error if there is not exactly one pair of long-term keys.
pub fn read(text: &[u8], about: &str) -> Result<Credentials> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let is_json = text.trim_ascii_start().starts_with(b"{");
    let found = if is_json { json::read(text) } else { of_csv(text, about)? };
    let keys = found.ok_or_else(|| {
        Error::new(format!("{about} holds no access keys")).advise(
            "give accessKeys.csv, as the IAM console saves it, or what a credential_process prints; no part of it is \
             shown, because it may contain keys",
        )
    })?;
    checked(keys, about)
}

/// Long-term keys whose parts look like keys.
///
/// # Errors
/// Returns an error if they are temporary, or if a part cannot be one.
pub fn checked(keys: Credentials, about: &str) -> Result<Credentials> {
    if keys.session_token.is_some() {
        return Err(Error::new(format!("{about} holds temporary keys")).advise(
            "only long-term keys can be stored; from aws-vault, take them with 'aws-vault export --no-session \
             --format=json'",
        ));
    }
    if !is_key_id(&keys.access_key_id) {
        return Err(Error::new(format!("{about} holds something else in the place of the access key id"))
            .advise("an access key id is AKIA and 16 more letters and digits"));
    }
    let secret = keys.secret_access_key.expose();
    if secret.is_empty() || secret.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Error::new(format!("{about} holds something else in the place of the secret access key"))
            .advise("a secret access key is one word of 40 characters"));
    }
    Ok(keys)
}

/// The keys in the one row below the header; `None` without such columns.
fn of_csv(text: &[u8], about: &str) -> Result<Option<Credentials>> {
    let rows = rows(text);
    let mut rows = rows.iter().filter(|row| row.iter().any(|field| !field.trim().is_empty()));
    let Some(header) = rows.next() else { return Ok(None) };
    let column = |name: &str| header.iter().position(|field| field.trim().to_lowercase() == name);
    let Some((id, secret)) = column(ID).zip(column(SECRET)) else { return Ok(None) };
    let Some(row) = rows.next() else { return Ok(None) };
    if rows.next().is_some() {
        return Err(Error::new(format!("{about} holds more than one pair of keys")).advise("give a file with one row"));
    }
    let field = |at: usize| row.get(at).map(|field| field.trim().to_owned()).unwrap_or_default();
    Ok(Some(Credentials {
        access_key_id: field(id),
        secret_access_key: Secret::new(field(secret)),
        session_token: None,
        expiration: None,
        account_id: None,
    }))
}

/// The fields of each row. They are wiped on drop.
fn rows(text: &[u8]) -> Vec<Vec<Zeroizing<String>>> {
    let mut reader = Reader::new();
    let (mut rows, mut rest) = (Vec::new(), text);
    // No row is longer than the text, and none has more fields than the text has bytes.
    let mut fields = Zeroizing::new(vec![0; text.len() + 1]);
    let mut ends = vec![0; text.len() + 2];
    // How much of the row was written, in bytes and in fields.
    let (mut written, mut count) = (0, 0);
    loop {
        let room = (fields.get_mut(written..).unwrap_or_default(), ends.get_mut(count..).unwrap_or_default());
        let (result, read, more, ended) = reader.read_record(rest, room.0, room.1);
        rest = rest.get(read..).unwrap_or_default();
        (written, count) = (written + more, count + ended);
        match result {
            ReadRecordResult::Record => {
                let mut from = 0;
                let ends = ends.get(..count).unwrap_or_default();
                (written, count) = (0, 0);
                let field = |end: &usize| {
                    let bytes = fields.get(from..*end).unwrap_or_default();
                    from = *end;
                    Zeroizing::new(String::from_utf8_lossy(bytes).into_owned())
                };
                rows.push(ends.iter().map(field).collect());
            }
            // At the end of the text, an empty input ends the last row.
            ReadRecordResult::InputEmpty => {}
            ReadRecordResult::End | ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => return rows,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::keys::given::read;

    const ID: &str = "AKIAIOSFODNN7EXAMPLE";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    #[test]
    fn keys_in_each_form() {
        for text in [
            format!("\u{feff}Access key ID,Secret access key\r\n{ID},{SECRET}\r\n"),
            format!("Access key ID,Secret access key\n{ID},{SECRET}"),
            format!("\"Access key ID\",\"Secret access key\"\r\n\"{ID}\",\"{SECRET}\"\r\n\r\n"),
            format!(
                "User name,Password,Access key ID,Secret access key,Console login link\r\n\"Doe, \"\"jo\"\"\",\"a\nb\",\
                 {ID},{SECRET},https://x\r\n"
            ),
            format!("{{\"Version\": 1, \"AccessKeyId\": \"{ID}\", \"SecretAccessKey\": \"{SECRET}\"}}"),
            format!(
                "\n {{\"Version\":1,\"AccessKeyId\":\"{ID}\",\"SecretAccessKey\":\"{SECRET}\",\"SessionToken\":\"\"}}"
            ),
        ] {
            let keys = read(text.as_bytes(), "the file").unwrap();
            assert_eq!((keys.access_key_id.as_str(), keys.secret_access_key.expose()), (ID, SECRET), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused_without_showing_it() {
        let json = |more: &str| format!("{{{more}\"AccessKeyId\": \"{ID}\", \"SecretAccessKey\": \"{SECRET}\"}}");
        for (text, expected) in [
            (String::new(), "the file holds no access keys; give"),
            (format!("{ID},{SECRET}\n"), "the file holds no access keys; give"),
            (String::from("Access key ID,Secret access key\n"), "the file holds no access keys; give"),
            (
                format!("Access key ID,Secret access key\n{ID},{SECRET}\n{ID},{SECRET}\n"),
                "the file holds more than one pair of keys; give",
            ),
            (
                format!("Access key ID,Secret access key\n{ID},\n"),
                "the file holds something else in the place of the secret",
            ),
            (
                format!("Access key ID,Secret access key\n../../x,{SECRET}\n"),
                "the file holds something else in the place of the access",
            ),
            (
                format!("Access key ID,Secret access key\n{ID},{SECRET} x\n"),
                "the file holds something else in the place of the secret",
            ),
            (json(""), "the file holds no access keys; give"),
            (json("\"Version\": 2, "), "the file holds no access keys; give"),
            (json("\"Version\": 1, \"SessionToken\": \"t\", "), "the file holds temporary keys; only"),
            (String::from("{"), "the file holds no access keys; give"),
        ] {
            let error = read(text.as_bytes(), "the file").unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
            assert!(!error.contains(SECRET), "{error}");
        }
    }
}
