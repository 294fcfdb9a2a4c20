//! Proxies, as botocore finds them in the environment.

use crate::error::Result;
use crate::request::Request;
use crate::text::url::is_url;

/// A proxy, as botocore finds it in the environment. Its address may hold a password: it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its address.
    pub url: String,
    /// The variable that names it.
    pub variable: &'static str,
    /// NO_PROXY: the hosts that are called directly.
    pub except: Option<String>,
}

impl Proxy {
    /// Whether it can be used: over http, or https. Asked only when STS is called, for a run from the cache needs none
    /// and the command may know more kinds of proxies.
    pub fn is_sound(&self) -> bool {
        is_url(&self.url)
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({})", self.variable)
    }
}

/// The proxy for the endpoint's scheme, as botocore and Python find it: the variable in lower case counts before the
/// one in capitals, and when it is empty there is none; loopback is no exception, ALL_PROXY does not count, and
/// HTTP_PROXY does not where a web server could have been told it by a client.
pub(crate) fn proxy(request: &Request<'_>, plain: bool) -> Result<Option<Proxy>> {
    let variables = &request.caller.variables;
    let names = if plain { ["http_proxy", "HTTP_PROXY"] } else { ["https_proxy", "HTTPS_PROXY"] };
    let [lower, capitals] = names;
    let variable = if variables.is_set(lower) { lower } else { capitals };
    if variable == "HTTP_PROXY" && variables.is_set("REQUEST_METHOD") {
        return Ok(None);
    }
    let Some(url) = variables.text(variable)? else { return Ok(None) };
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{}", url.trim_start_matches('/')) };
    let except = if variables.is_set("no_proxy") { "no_proxy" } else { "NO_PROXY" };
    let except = variables.text(except)?.map(str::trim);
    if except == Some("*") {
        return Ok(None);
    }
    Ok(Some(Proxy { url, variable, except: except.map(String::from) }))
}
