//! Finds which user is at the other end of a loopback connection.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::system::directories::is_own_user;

/// The user that a process belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// This user, or root, who can see everything anyway.
    Ours,
    /// Another user.
    Another,
    /// The kernel's tables do not have the process. A browser on the Windows side of a WSL is not in them.
    Unknown,
}

/// The tables of Linux, by address family. A client that connects to ::ffff:127.0.0.1 is in the second one.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// How often the tables are read. The kernel gives a table in pieces, and a line that moves meanwhile can be missed.
const TRIES: usize = 5;

/// Whether this system tells which user a connection belongs to.
pub fn can_be_told() -> bool {
    std::fs::File::open(Path::new(TABLES[0])).is_ok()
}

/// The owner of the other end of a connection from `client` to `server`.
pub fn owner(client: SocketAddr, server: SocketAddr) -> Owner {
    for _ in 0..TRIES {
        for table in TABLES {
            let Ok(text) = std::fs::read_to_string(table) else { continue };
            if let Some(user) = user_in(&text, client, server) {
                let ours = user == 0 || is_own_user(user);
                return if ours { Owner::Ours } else { Owner::Another };
            }
        }
    }
    Owner::Unknown
}

/// The user of the socket from `client` to `server`. A socket without an inode was closed by its process (TIME_WAIT),
/// and its line does not name the user.
fn user_in(table: &str, client: SocketAddr, server: SocketAddr) -> Option<u32> {
    let forms = |address: SocketAddr| {
        let (ip, port) = (address.ip().to_canonical(), address.port());
        let mapped = match ip {
            IpAddr::V4(ip) => ip.to_ipv6_mapped(),
            IpAddr::V6(ip) => ip,
        };
        let short = match ip {
            IpAddr::V4(ip) => words(&ip.octets()),
            IpAddr::V6(_) => String::new(),
        };
        [format!("{short}:{port:04X}"), format!("{}:{port:04X}", long(mapped))]
    };
    let (clients, servers) = (forms(client), forms(server));
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, remote) = (fields.next()?, fields.next()?);
        let is_it = clients.iter().any(|form| form == local) && servers.iter().any(|form| form == remote);
        let user = fields.nth(4)?.parse().ok()?;
        let inode: u64 = fields.nth(1)?.parse().ok()?;
        (is_it && inode != 0).then_some(user)
    })
}

fn long(ip: Ipv6Addr) -> String {
    words(&ip.octets())
}

/// An address as the kernel writes it: 32-bit numbers in this machine's byte order.
fn words(octets: &[u8]) -> String {
    octets.chunks_exact(4).fold(String::new(), |mut text, chunk| {
        let number = <[u8; 4]>::try_from(chunk).map_or(0, u32::from_ne_bytes);
        let _ = write!(text, "{number:08X}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::user_in;

    /// A table of a little-endian machine.
    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 77 1 0000 20 4 0 10 -1
   1: 0100007F:9C41 0100007F:1F91 01 00000000:00000000 00:00000000 00000000  1001        0 78 1 0000 20 4 0 10 -1
   2: 0000000000000000FFFF00000100007F:9C42 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1002        0 79 1 0000
   3: 0100007F:9C43 0100007F:1F90 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0000
";

    #[test]
    #[cfg(target_endian = "little")]
    fn a_socket_is_found_by_both_its_ends_in_either_family() {
        let server: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let user = |client: &str| user_in(TABLE, client.parse().unwrap(), server);
        assert_eq!(user("127.0.0.1:40000"), Some(1000));
        assert_eq!(user("127.0.0.1:40001"), None, "its other end is another server");
        assert_eq!(user("127.0.0.1:40002"), Some(1002));
        assert_eq!(user("[::ffff:127.0.0.1]:40002"), Some(1002));
        assert_eq!(user("127.0.0.1:40003"), None, "its process is gone");
        assert_eq!(user("127.0.0.1:40004"), None);
    }
}
