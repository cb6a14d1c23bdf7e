//! From where desks and the API may be reached (SEC-01): single addresses, ranges `a-b` and masks `a/n`, of both families.

use std::net::IpAddr;

use crate::http::AddressFilter;

/// The list; empty allows all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses(Vec<(IpAddr, IpAddr)>);

impl Addresses {
    /// Adds one entry; the error says what was expected.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        let range = parse(text.trim()).ok_or_else(|| {
            format!("{text:?} is no address: expected 192.168.0.1, 192.168.0.1-192.168.0.50 or 192.168.0.0/24")
        })?;
        self.0.push(range);
        Ok(())
    }
}

impl AddressFilter for Addresses {
    fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.is_empty()
            || self
                .0
                .iter()
                .any(|(from, to)| *from <= address && address <= *to)
    }
}

fn parse(text: &str) -> Option<(IpAddr, IpAddr)> {
    if let Some((from, to)) = text.split_once('-') {
        let (from, to): (IpAddr, IpAddr) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        return (from <= to && from.is_ipv4() == to.is_ipv4()).then_some((from, to));
    }
    if let Some((address, bits)) = text.split_once('/') {
        return mask(address.parse().ok()?, bits.parse().ok()?);
    }
    let address: IpAddr = text.parse().ok()?;
    Some((address, address))
}

fn mask(address: IpAddr, bits: u32) -> Option<(IpAddr, IpAddr)> {
    match address {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(bits).unwrap_or(0);
            let first = u32::from(address) & !host;
            (bits <= 32).then(|| (IpAddr::V4(first.into()), IpAddr::V4((first | host).into())))
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(bits).unwrap_or(0);
            let first = u128::from(address) & !host;
            (bits <= 128).then(|| (IpAddr::V6(first.into()), IpAddr::V6((first | host).into())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_addresses_ranges_and_masks_are_allowed_and_nothing_else() {
        let mut addresses = Addresses::default();
        assert!(
            addresses.allows("8.8.8.8".parse().unwrap()),
            "an empty list allows all"
        );
        for text in [
            "54.37.12.118",
            "192.168.0.1-192.168.0.50",
            "10.1.0.0/16",
            "fd00::/8",
        ] {
            addresses.add(text).unwrap();
        }
        for (address, allowed) in [
            ("54.37.12.118", true),
            ("::ffff:54.37.12.118", true),
            ("54.37.12.119", false),
            ("192.168.0.50", true),
            ("192.168.0.51", false),
            ("10.1.255.255", true),
            ("10.2.0.0", false),
            ("fd12::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(
                addresses.allows(address.parse().unwrap()),
                allowed,
                "{address}"
            );
        }
        for text in [
            "",
            "300.1.1.1",
            "10.0.0.9-10.0.0.1",
            "10.0.0.0/33",
            "10.0.0.1-::1",
            "localhost",
        ] {
            assert!(addresses.add(text).is_err(), "{text:?}");
        }
    }
}
