//! Resolving host names with the system's resolver.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::thread;

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use tokio::sync::oneshot;

/// Resolves names like the SDK's own resolver, with two differences. Its failures are [`ResolveDnsError`], so that
/// their type tells them from other failures. And it does not use tokio's threads: if no name server answers, a lookup
/// that was given up goes on for ten seconds or more, and tokio's runtime would wait for it before it ends.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

impl ResolveDns for SystemResolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        let name = name.to_owned();
        DnsFuture::new(async move {
            let (sender, receiver) = oneshot::channel();
            let lookup = move || drop(sender.send(look_up(&name)));
            thread::Builder::new().spawn(lookup).map_err(ResolveDnsError::new)?;
            receiver.await.map_err(ResolveDnsError::new)?.map_err(ResolveDnsError::new)
        })
    }
}

fn look_up(name: &str) -> io::Result<Vec<IpAddr>> {
    Ok((name, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}
