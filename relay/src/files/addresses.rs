//! From where files may be fetched: the platform's own hosts, and nothing that is not public (F-05, CWE-918).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::channels::FileHosts;

/// How an address may be gone to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It is the address of the platform's API itself, which the admin named.
    Api,
    /// It is a host of the platform's: only if it is a public one.
    Host,
}

/// Says how an address may be gone to; none: not at all.
pub(super) fn trust(url: &Url, hosts: FileHosts<'_>) -> Option<Trust> {
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let api = Url::parse(hosts.api_url).ok();
    if api.is_some_and(|api| api.origin() == url.origin()) {
        return Some(Trust::Api);
    }
    let Some(Host::Domain(host)) = url.host() else {
        return None;
    };
    let is_plain = url.scheme() == "https" && url.port().is_none();
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let is_theirs = hosts.hosts.iter().any(|known| {
        let below = host.strip_suffix(known);
        below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    });
    (is_plain && is_theirs).then_some(Trust::Host)
}

/// Looks names up, and leaves out whatever is not public: a name may lead anywhere, and elsewhere the next time.
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|found| is_public(found.ip())).collect();
            if public.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Everything but what RFC 6890 and its successors set aside.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !is_special
}

/// Only global unicast, and nothing that wraps an address of the other kind that is not public itself.
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(wrapped) = address.to_ipv4_mapped() {
        return is_public_v4(wrapped);
    }
    let octets = address.octets();
    let wrapped = |at: usize| {
        let wrapped: Option<[u8; 4]> = octets.get(at..at + 4).and_then(|four| four.try_into().ok());
        wrapped.is_some_and(|four| is_public_v4(four.into()))
    };
    match octets {
        // NAT64
        [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ..] => wrapped(12),
        // 6to4
        [0x20, 0x02, ..] => wrapped(2),
        // Teredo and others set aside; documentation
        [0x20, 0x01, 0 | 1, ..] | [0x20, 0x01, 0x0d, 0xb8, ..] | [0x3f, 0xff, ..] => false,
        [first, ..] => first & 0xe0 == 0x20,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTS: FileHosts<'static> = FileHosts {
        hosts: &["fbcdn.net", "cdn.viber.com"],
        api_url: "http://127.0.0.1:8099",
    };

    #[test]
    fn only_the_platforms_own_addresses_are_gone_to() {
        let says = |url: &str| Url::parse(url).ok().and_then(|url| trust(&url, HOSTS));
        for good in [
            "https://fbcdn.net/a.jpg",
            "https://scontent.xx.fbcdn.net/a.jpg?x=1",
            "https://SCONTENT.FBCDN.NET./a",
            "https://cdn.viber.com/x",
            "https://fbcdn.net:443/a",
        ] {
            assert_eq!(says(good), Some(Trust::Host), "{good}");
        }
        assert_eq!(says("http://127.0.0.1:8099/files/1"), Some(Trust::Api));
        for bad in [
            "http://fbcdn.net/a.jpg",
            "https://fbcdn.net:8443/a.jpg",
            "https://evilfbcdn.net/a.jpg",
            "https://fbcdn.net.evil.example/a.jpg",
            "https://fbcdn.net@evil.example/a.jpg",
            "https://user:pass@fbcdn.net/a.jpg",
            "http://user@127.0.0.1:8099/files/1",
            "https://viber.com/x",
            "https://127.0.0.1/a",
            "https://2130706433/a",
            "https://0x7f000001/a",
            "https://0177.0.0.1/a",
            "https://127.1/a",
            "http://127.0.0.1:8098/files/1",
            "https://127.0.0.1:8099/files/1",
            "http://localhost:8099/files/1",
            "https://[::1]/a",
            "https://[::ffff:127.0.0.1]/a",
            "https://[64:ff9b::7f00:1]/a",
            "https://169.254.169.254/latest/meta-data",
            "https://10.0.0.1/a",
            "https://localhost/a",
            "file:///etc/passwd",
            "ftp://fbcdn.net/a",
            "data:image/png;base64,AA==",
            "gopher://fbcdn.net/a",
            "https:///a",
        ] {
            assert_eq!(says(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_set_aside_is_not_public() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.63.0.1",
            "172.32.0.1",
            "157.240.1.1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2a03:2880::1",
            "2002:101:101::",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_not_found() {
        let client = reqwest::Client::builder()
            .dns_resolver(std::sync::Arc::new(PublicOnly))
            .no_proxy()
            .build()
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = client.get(format!("http://localhost:{port}/")).send().await;
        assert!(asked.unwrap_err().is_connect());
        let none = tokio::time::timeout(std::time::Duration::from_millis(50), listener.accept());
        assert!(none.await.is_err(), "nobody came");
    }
}
