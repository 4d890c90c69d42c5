//! Where an access came from: an address, or the network of several that are one.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Bits of an IPv6 address that one subscriber cannot choose: who has any address of such a network, has all of them.
const NETWORK_BITS: u32 = 64;

/// Where an access came from, without a port.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Peer {
    /// An address.
    Address(IpAddr),
    /// Some address of a network, which is named by its first one.
    Network(Ipv6Addr),
}

impl Peer {
    /// The network that it came from; an IPv4 address is one by itself.
    #[must_use]
    pub fn network(self) -> Self {
        match self {
            Self::Address(IpAddr::V6(address)) => {
                let first = address.to_bits() & (u128::MAX << (u128::BITS - NETWORK_BITS));
                Self::Network(Ipv6Addr::from_bits(first))
            }
            Self::Address(IpAddr::V4(_)) | Self::Network(_) => self,
        }
    }
}

impl From<IpAddr> for Peer {
    /// An address has one form, whichever way it was reached.
    fn from(address: IpAddr) -> Self {
        Self::Address(address.to_canonical())
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Network(first) => write!(f, "{first}/{NETWORK_BITS}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_subscriber_are_one_network() {
        let network = |text: &str| Peer::from(text.parse::<IpAddr>().unwrap()).network();
        assert_eq!(network("2001:db8:1:2::7").to_string(), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2:3::7"), network("2001:db8:1:2::7"));
        assert_ne!(network("2001:db8:1:3::7"), network("2001:db8:1:2::7"));
        assert_eq!(network("192.0.2.1").to_string(), "192.0.2.1");
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
    }
}
