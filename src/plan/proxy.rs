//! Proxies, as botocore finds them in the environment (docs/design-credentials.md, "Calling STS and other services").

use crate::error::Result;
use crate::request::Request;
use crate::text::url::is_url;

/// A proxy from the environment. Its address may hold a password, so it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// The proxy's address.
    pub url: String,
    /// The variable that names it.
    pub variable: &'static str,
    /// The value of `no_proxy` or NO_PROXY: the hosts that are called directly.
    pub except: Option<String>,
}

impl Proxy {
    /// Whether the address is an http or https URL. This is checked only when a service is called: a run from the cache
    /// needs no proxy, and the command may support more kinds of proxies.
    pub fn is_sound(&self) -> bool {
        is_url(&self.url)
    }
}

impl Proxy {
    /// Whether `no_proxy` names this URL with its port, `HOST:PORT`, or a domain above it, as in Python.
    pub fn excepts_port_of(&self, url: &str) -> bool {
        let Some(rest) = url.split_once("://").map(|(_, rest)| rest) else { return false };
        let netloc = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
        let names =
            self.except.as_deref().unwrap_or_default().split(',').map(|name| name.trim().trim_start_matches('.'));
        let fits = |name: &str| {
            let name = name.to_ascii_lowercase();
            netloc == name || netloc.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'))
        };
        names.filter(|name| name.contains(':')).any(fits)
    }
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({})", self.variable)
    }
}

/// The proxy for the endpoint's scheme, as botocore and Python find it. The lower-case variable wins over the other
/// one, even if it is empty; then there is no proxy. Loopback is no exception. ALL_PROXY does not count, and HTTP_PROXY
/// does not count under CGI, where a client could set it by a header.
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
