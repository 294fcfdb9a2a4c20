//! A signed form, the request of AWS's query protocol.

use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;

use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::text::percent::encoded;

const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A POST of these fields, signed for the endpoint `url` of this service in this region by `signer`. Values may be
/// secrets. The URI of the request is only its path.
///
/// # Errors
/// Returns an error if the URL or a key cannot be sent.
pub(crate) fn signed_form<'f>(
    url: &str,
    (service, region): (&str, &str),
    signer: &Credentials,
    fields: impl Iterator<Item = (&'f str, &'f str)>,
) -> Result<HttpRequest> {
    let unusable = |error: &dyn std::fmt::Display| Error::new(format!("a call of AWS cannot be signed ({error})"));
    let fields: Vec<_> = fields.map(|(name, value)| format!("{name}={}", encoded(value).as_str())).collect();
    let body = fields.join("&");
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    // The path of the request comes after that of the endpoint.
    let url = format!("{}/", url.trim_end_matches('/'));
    let token = signer.session_token.as_ref().map(|token| token.expose().to_owned());
    let secret = signer.secret_access_key.expose();
    let keys = aws_credential_types::Credentials::new(&signer.access_key_id, secret, token, None, "aws-auth");
    let identity = keys.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| unusable(&error))?
        .into();
    let headers = [("content-type", CONTENT_TYPE), ("host", host)];
    let signable = SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
        .map_err(|error| unusable(&error))?;
    let (signature, _) = sign(signable, &parameters).map_err(|error| unusable(&error))?.into_parts();
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST").map_err(|error| unusable(&error))?;
    request.set_uri("/").map_err(|error| unusable(&error))?;
    let user_agent = concat!("aws-auth/", env!("CARGO_PKG_VERSION"));
    let added = headers.into_iter().chain([("user-agent", user_agent)]);
    for (name, value) in added {
        request.headers_mut().try_insert(name, value.to_owned()).map_err(|error| unusable(&error))?;
    }
    for header in signature.into_parts().0 {
        let inserted = request.headers_mut().try_insert(header.name(), header.value().to_owned());
        inserted.map_err(|error| unusable(&error))?;
    }
    Ok(request)
}
