//! A start URL of the customer's own domain (AWS CLI 2.36): it redirects to the address of IAM Identity Center, which is
//! what the service knows, and whose name may hold the region.

use std::borrow::Cow;

use crate::aws::ask;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::plan::sso::{Sso, is_of_aws, region_of};
use crate::text::url::host;

/// The settings with the address and the region that a start URL leads to. A start URL of AWS is not asked.
///
/// # Errors
/// Returns an error if the URL cannot be reached or leads to an address that is not AWS's, or if no region is known.
pub fn resolved<'a>(sso: &'a Sso, context: &Context<'_>) -> Result<Cow<'a, Sso>> {
    if !sso.is_vanity() {
        return Ok(Cow::Borrowed(sso));
    }
    let url = &sso.start_url;
    let refused = |words: String| Error::new(format!("the start URL {url} {words}"));
    let advice = "check sso_start_url: a start page of your own must lead to IAM Identity Center over https";
    if !url.starts_with("https://") {
        return Err(refused(String::from("is not https")).advise(advice));
    }
    context.messages.step(|| format!("asking {url} where it leads to"));
    let target = redirect(sso, context)?;
    if !target.starts_with("https://") || !is_of_aws(host(&target)) {
        return Err(refused(format!("leads to {target}, which is no address of IAM Identity Center")).advise(advice));
    }
    let region = match region_of(host(&target)) {
        Some(region) => region,
        None if sso.has_region => sso.oidc.region.clone(),
        None => {
            return Err(refused(format!("leads to {target}, which does not name a region")).advise("set sso_region"));
        }
    };
    context.messages.step(|| format!("it leads to {target} in {region}"));
    let mut sso = sso.in_region(&region);
    sso.issuer_url = target;
    Ok(Cow::Owned(sso))
}

/// Where the start URL redirects to, or the URL itself. Like the AWS CLI, follows one redirect.
fn redirect(sso: &Sso, context: &Context<'_>) -> Result<String> {
    let url = &sso.start_url;
    let unreachable = |why: String| {
        Error::new(format!("cannot open the start URL {url} ({why})"))
            .advise("check sso_start_url, the network, a VPN and HTTPS_PROXY")
    };
    let mut answer = ask::head(&sso.oidc, url, "HEAD", &context.locks)?;
    if matches!(answer.status, 405 | 501) {
        answer = ask::head(&sso.oidc, url, "GET", &context.locks)?;
    }
    match (answer.status, answer.location) {
        (200..=299, _) => Ok(without_query(url)),
        (301 | 302 | 303 | 307 | 308, Some(location)) => Ok(without_query(&absolute(url, &location))),
        (status, _) => Err(unreachable(format!("status {status}"))),
    }
}

/// A location that may be a path on the same host.
fn absolute(url: &str, location: &str) -> String {
    if location.contains("://") {
        return location.to_owned();
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
    let netloc = rest.split('/').next().unwrap_or_default();
    match location.strip_prefix("//") {
        Some(other) => format!("{scheme}://{other}"),
        None => format!("{scheme}://{netloc}/{}", location.trim_start_matches('/')),
    }
}

/// The URL without query, fragment and slashes at its end.
fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned()
}
