//! The answers and errors of STS, as XML.

use super::clock;
use super::model::Issued;
use std::fmt::Write as _;

/// The namespace of STS's answers.
pub const STS: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// The namespace of IAM's answers.
pub const IAM: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// An error of STS: HTTP status, code and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into() }
    }

    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    pub fn to_xml(&self, namespace: &str, request_id: &str) -> String {
        let side = if self.status < 500 { "Sender" } else { "Receiver" };
        format!(
            "<ErrorResponse xmlns=\"{namespace}\">\n  <Error>\n    <Type>{side}</Type>\n    <Code>{}</Code>\n    \
             <Message>{}</Message>\n  </Error>\n  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n",
            escape(&self.code),
            escape(&self.message),
        )
    }
}

pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An XML element: a name with a text, or with more elements.
pub enum Element {
    Text(&'static str, String),
    Group(&'static str, Vec<Element>),
}

impl Element {
    fn write(&self, indent: usize, to: &mut String) {
        let space = "  ".repeat(indent);
        match self {
            Self::Text(name, text) => writeln!(to, "{space}<{name}>{}</{name}>", escape(text)),
            Self::Group(name, inner) => {
                let mut body = String::new();
                for element in inner {
                    element.write(indent + 1, &mut body);
                }
                writeln!(to, "{space}<{name}>\n{body}{space}</{name}>")
            }
        }
        .expect("writing to a string");
    }
}

/// The element `<Credentials>` for issued credentials.
pub fn credentials(issued: &Issued) -> Element {
    Element::Group(
        "Credentials",
        vec![
            Element::Text("AccessKeyId", issued.access_key_id.clone()),
            Element::Text("SecretAccessKey", issued.secret_access_key.clone()),
            Element::Text("SessionToken", issued.session_token.clone()),
            Element::Text("Expiration", clock::iso(issued.expires)),
        ],
    )
}

/// `<ACTIONResponse>` around `<ACTIONResult>`, which an action without a result does not have.
pub fn answer(namespace: &str, action: &str, result: &[Element], request_id: &str) -> String {
    let mut body = String::new();
    for element in result {
        element.write(2, &mut body);
    }
    let result = match body.as_str() {
        "" => String::new(),
        body => format!("  <{action}Result>\n{body}  </{action}Result>\n"),
    };
    format!(
        "<{action}Response xmlns=\"{namespace}\">\n{result}  <ResponseMetadata>\n    \
         <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n</{action}Response>\n"
    )
}
