//! URLs as text: checking them, their hosts, and whether secrets may be sent to them.

/// Whether the text is an http or https URL with a host and, if there is one, a valid port. It is checked early because
/// the SDK checks it only after the code was asked for.
pub fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte)) {
        return false;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match authority.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, after)) => (host, Some(after.strip_prefix(':').unwrap_or("no port"))),
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    !host.is_empty() && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// Returns the URL if it would send secrets over the network unencrypted: plain http, and not to a local address.
pub fn in_clear(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    (!is_local(authority)).then_some(url)
}

/// The URL without a user and a password, which no message may show. If the text is not a URL, everything before its
/// last `@` is removed, because a password that contains a `/` makes a URL invalid.
pub fn without_user(url: &str) -> String {
    if !url.contains('@') {
        return url.to_owned();
    }
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, url),
    };
    let end = if is_url(url) { rest.find(['/', '?', '#']).unwrap_or(rest.len()) } else { rest.len() };
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    scheme.map_or_else(|| format!("{host}{path}"), |scheme| format!("{scheme}://{host}{path}"))
}

/// The host of a URL; an IPv6 address is without its brackets.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    host_of(rest.split(['/', '?', '#']).next().unwrap_or_default())
}

fn host_of(authority: &str) -> &str {
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(inner) => inner.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether the host of an authority (`USER@HOST:PORT`) is loopback, or an address at which AWS serves credentials to
/// the machine itself.
pub fn is_local(authority: &str) -> bool {
    let host = host_of(authority);
    let link_local = ["169.254.170.2", "169.254.170.23", "169.254.169.254", "fd00:ec2::23", "fd00:ec2::254"];
    host.eq_ignore_ascii_case("localhost")
        || link_local.contains(&host)
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
