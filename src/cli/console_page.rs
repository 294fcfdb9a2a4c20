//! The page of the console that `--console` opens: a service's, a path, or an address that was copied from the browser.

use crate::cli::console_services::{self, Service};
use crate::error::{Error, Result};
use crate::text::url::{host, is_url};

/// The domains of the console, and their partitions. A few services have hosts beside it: AWS Health (with its old name),
/// Lightsail and QuickSight. No page of AWS lists them.
const CONSOLES: [(&str, &str); 7] = [
    ("console.aws.amazon.com", "aws"),
    ("console.amazonaws.cn", "aws-cn"),
    ("console.amazonaws-us-gov.com", "aws-us-gov"),
    ("health.aws.amazon.com", "aws"),
    ("phd.aws.amazon.com", "aws"),
    ("lightsail.aws.amazon.com", "aws"),
    ("quicksight.aws.amazon.com", "aws"),
];

/// A page of the console.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Page {
    /// The first page.
    #[default]
    Home,
    /// The page of a service.
    Service(&'static Service),
    /// A path, with its leading `/`, a query and a fragment.
    Path(String),
    /// An https URL of the console.
    Url {
        /// The URL, without the part of the host that belongs to a session of one browser.
        url: String,
        /// The partition whose console it is.
        partition: &'static str,
    },
}

impl Page {
    /// Reads the value of `--console`.
    ///
    /// # Errors
    /// Returns an error if it is neither a service, nor a path, nor an https URL of the console.
    pub fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Ok(Self::Home);
        }
        if text.starts_with('/') {
            // A browser reads `//host` and `/\host` as another host.
            let is_path = is_url(&format!("https://x{text}")) && !text.starts_with("//");
            return if is_path {
                Ok(Self::Path(text.to_owned()))
            } else {
                Err(not_a_page(text, "is no path of a page"))
            };
        }
        if text.contains("://") {
            return url(text);
        }
        console_services::find(text).map(Self::Service)
    }
}

fn url(text: &str) -> Result<Page> {
    let Some(rest) = text.strip_prefix("https://").filter(|_| is_url(text)) else {
        return Err(not_a_page(text, "is no https URL"));
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    let name = authority.to_ascii_lowercase();
    let of_console = |domain: &str| name.strip_suffix(domain).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'));
    match CONSOLES.into_iter().find(|(domain, _)| of_console(domain)) {
        // With several sessions in one browser, each has a host of its own, which no other browser knows.
        Some((_, partition)) => {
            let shared =
                name.split_once('.').filter(|(first, _)| is_of_session(first)).map_or(&*name, |(_, rest)| rest);
            Ok(Page::Url { url: format!("https://{shared}{after}"), partition })
        }
        None => Err(not_a_page(host(text), "is not a host of AWS's console")),
    }
}

/// Whether a label of a host names a session: an account's twelve digits, `-`, and some letters.
fn is_of_session(label: &str) -> bool {
    label.split_once('-').is_some_and(|(account, _)| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
}

fn not_a_page(what: &str, why: &str) -> Error {
    Error::new(format!("--console: '{what}' {why}")).advise(
        "write a service (s3), a path (/s3/buckets/NAME), or an https URL of console.aws.amazon.com, console.amazonaws.cn \
         or console.amazonaws-us-gov.com",
    )
}

#[cfg(test)]
mod tests {
    use crate::cli::console_page::Page;

    #[test]
    fn only_hosts_of_the_console_pass() {
        let url = |text: &str| match Page::parse(text) {
            Ok(Page::Url { url, .. }) => url,
            other => panic!("{text}: {other:?}"),
        };
        for same in [
            "https://console.aws.amazon.com",
            "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1#x",
            "https://s3.console.aws.amazon.com/",
            "https://console.amazonaws-us-gov.com/ec2/home",
            "https://health.aws.amazon.com/health/home#/account/dashboard/open-issues",
            "https://phd.aws.amazon.com/phd/home",
            "https://lightsail.aws.amazon.com/ls/webapp/home/instances",
            "https://us-east-1.quicksight.aws.amazon.com/sn/start",
        ] {
            assert_eq!(url(same), same);
        }
        assert_eq!(
            url("https://123456789012-ab3c.eu-west-1.Console.aws.amazon.com/s3/"),
            "https://eu-west-1.console.aws.amazon.com/s3/"
        );
        for bad in [
            "http://console.aws.amazon.com/",
            "https://console.aws.amazon.com.evil.test/",
            "https://evilconsole.aws.amazon.com/",
            "https://evilhealth.aws.amazon.com/",
            "https://lightsail.aws.amazon.com.evil.test/",
            "https://docs.aws.amazon.com/lightsail/",
            "https://console.aws.amazon.com@evil.test/",
            "https://evil.test@console.aws.amazon.com/",
            "https://console.aws.amazon.com:8443/",
            "https://evil.test/?console.aws.amazon.com",
            "https://evil.test\\.console.aws.amazon.com/",
            "https://console.aws.amazon.com/\u{1b}[2J",
            "javascript://console.aws.amazon.com/",
            "//evil.test/",
            "/\\evil.test/",
            "/s3\nhome",
        ] {
            assert!(Page::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Page::parse("/s3/buckets/b?region=x#y").unwrap(), Page::Path("/s3/buckets/b?region=x#y".to_owned()));
    }
}
