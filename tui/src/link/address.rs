//! Where the relay is: how an operator may write its address, and the addresses the desk calls. Pure.
//!
//! Passwords and visitors' words never travel in the clear: a plain address is taken for this machine only, unless asked
//! for by name (`SEC-10`).

use std::fmt;

use shared::model::FileId;
use url::{Host, Url};

/// A relay's address, in one form however it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// `http` or `https`, a host, a path that ends with `/`.
    base: Url,
}

/// Whether a plain address is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// TLS, or this machine.
    Private,
    /// Anything: the operator said `--insecure`.
    Any,
}

/// Why an address is not taken.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    #[error(
        "could not read the address `{text}`; write it like https://desk.acme.example or 127.0.0.1:8080"
    )]
    Unreadable {
        text: String,
        #[source]
        cause: url::ParseError,
    },
    #[error("`{0}` is no scheme of a relay; there are https, http, wss and ws")]
    Scheme(String),
    #[error("the address `{0}` may hold a host, a port and a path, and nothing else")]
    TooMuch(String),
    #[error(
        "{0} is not encrypted: the password and what visitors write could be read on the way; use https, \
         an SSH tunnel, or --insecure if the network between is your own"
    )]
    Plain(Box<Server>),
}

impl Server {
    /// Reads `https://host/path`, `wss://…`, `host:port` or `host`; the last two mean TLS unless the host is this machine.
    pub fn parse(text: &str, transport: Transport) -> Result<Self, AddressError> {
        let text = text.trim();
        let mut base = if text.contains("://") {
            parse_url(text)?
        } else {
            parse_bare(text)?
        };
        let scheme = match base.scheme() {
            "https" | "wss" => "https",
            "http" | "ws" => "http",
            other => return Err(AddressError::Scheme(other.to_owned())),
        };
        let has_more = !base.username().is_empty()
            || base.password().is_some()
            || base.query().is_some()
            || base.fragment().is_some();
        if has_more || base.set_scheme(scheme).is_err() {
            return Err(AddressError::TooMuch(text.to_owned()));
        }
        let path = format!("{}/", base.path().trim_end_matches('/'));
        base.set_path(&path);
        let server = Self { base };
        if transport == Transport::Private && scheme == "http" && !is_this_machine(&server.base) {
            return Err(AddressError::Plain(Box::new(server)));
        }
        Ok(server)
    }

    /// Where desks connect.
    pub(super) fn websocket(&self) -> Url {
        let mut url = self.at("ws");
        let scheme = if self.base.scheme() == "https" {
            "wss"
        } else {
            "ws"
        };
        url.set_scheme(scheme)
            .expect("one web scheme may become another");
        url
    }

    /// Where sessions begin and end.
    pub(super) fn session(&self) -> Url {
        self.at("api/v1/session")
    }

    /// Where files are handed in.
    pub(super) fn files(&self) -> Url {
        self.at("files")
    }

    /// Where a file of a message is.
    pub(super) fn file(&self, id: FileId) -> Url {
        self.at(&format!("files/{id}"))
    }

    fn at(&self, path: &str) -> Url {
        self.base
            .join(path)
            .expect("a plain path joins any base address")
    }
}

impl fmt::Display for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.base.as_str().trim_end_matches('/'))
    }
}

fn parse_url(text: &str) -> Result<Url, AddressError> {
    Url::parse(text).map_err(|cause| AddressError::Unreadable {
        text: text.to_owned(),
        cause,
    })
}

/// Reads an address without a scheme.
fn parse_bare(text: &str) -> Result<Url, AddressError> {
    let plain = parse_url(&format!("http://{text}"))?;
    if is_this_machine(&plain) {
        return Ok(plain);
    }
    parse_url(&format!("https://{text}"))
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_written_in_many_ways() {
        let check = |text: &str, shown: &str, websocket: &str| {
            let server = Server::parse(text, Transport::Private).unwrap();
            assert_eq!(server.to_string(), shown, "{text}");
            assert_eq!(server.websocket().as_str(), websocket, "{text}");
        };
        check(
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080",
            "ws://127.0.0.1:8080/ws",
        );
        check(
            "127.0.0.1:8080",
            "http://127.0.0.1:8080",
            "ws://127.0.0.1:8080/ws",
        );
        check("[::1]:8080", "http://[::1]:8080", "ws://[::1]:8080/ws");
        check(
            "ws://localhost:1/",
            "http://localhost:1",
            "ws://localhost:1/ws",
        );
        check(
            "https://localhost:1",
            "https://localhost:1",
            "wss://localhost:1/ws",
        );
        check(
            "desk.acme.example",
            "https://desk.acme.example",
            "wss://desk.acme.example/ws",
        );
        check(
            "desk.acme.example:8443",
            "https://desk.acme.example:8443",
            "wss://desk.acme.example:8443/ws",
        );
        check(
            "wss://acme.example/desk//",
            "https://acme.example/desk",
            "wss://acme.example/desk/ws",
        );
    }

    #[test]
    fn sessions_are_beside_the_websocket() {
        let server = Server::parse("https://acme.example/desk", Transport::Private).unwrap();
        assert_eq!(
            server.session().as_str(),
            "https://acme.example/desk/api/v1/session"
        );
    }

    #[test]
    fn a_plain_address_of_another_machine_is_refused_unless_asked_for() {
        for text in [
            "http://desk.acme.example",
            "ws://192.0.2.7:8080",
            "http://0.0.0.0:8080",
            "http://127.0.0.1.acme.example",
        ] {
            let refused = Server::parse(text, Transport::Private);
            assert!(matches!(refused, Err(AddressError::Plain(_))), "{text}");
            assert!(Server::parse(text, Transport::Any).is_ok(), "{text}");
        }
        let refused = Server::parse("http://desk.acme.example", Transport::Private);
        insta::assert_snapshot!(refused.unwrap_err(), @"http://desk.acme.example is not encrypted: the password and what visitors write could be read on the way; use https, an SSH tunnel, or --insecure if the network between is your own");
    }

    #[test]
    fn what_is_no_address_is_said() {
        let refusal = |text| Server::parse(text, Transport::Any).unwrap_err();
        assert!(matches!(refusal(""), AddressError::Unreadable { .. }));
        assert!(matches!(
            refusal("https://"),
            AddressError::Unreadable { .. }
        ));
        assert!(matches!(
            refusal("ftp://acme.example"),
            AddressError::Scheme(_)
        ));
        for text in ["https://anna:x@acme.example", "https://acme.example/?a=b"] {
            assert!(matches!(refusal(text), AddressError::TooMuch(_)), "{text}");
        }
    }
}
