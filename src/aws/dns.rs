//! Looking names up as the system does.

use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::thread;

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use tokio::sync::oneshot;

/// The system's resolver, as the SDK's own one asks it, but for two things. Its failures are a [`ResolveDnsError`], so
/// that they can be told from others by their type. And a lookup that is given up is left to itself: it goes on for ten
/// seconds and more when no name server answers, and the end of tokio's runtime would wait for a thread of its own.
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
