//! How all of Meta's platforms write and prove what they send.

use std::io;

use bytes::Bytes;
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::sign::hmac_hex;

/// Renders JSON the way it travels: compact, non-ASCII as `\uxxxx` in lowercase, `/` as `\/`.
pub(crate) fn render(value: &impl Serialize) -> Bytes {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Escaping);
    value
        .serialize(&mut serializer)
        .expect("string keys and plain values always serialise into memory");
    Bytes::from(bytes)
}

struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0; 2];
        for character in fragment.chars() {
            match character {
                '/' => writer.write_all(b"\\/")?,
                ascii if ascii.is_ascii() => {
                    CompactFormatter
                        .write_string_fragment(writer, ascii.encode_utf8(&mut [0; 4]))?;
                }
                other => {
                    for unit in other.encode_utf16(&mut units) {
                        write!(writer, "\\u{unit:04x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Returns the `X-Hub-Signature-256` value for exactly these bytes: `sha256=` and 64 lowercase hex digits.
pub fn signature(app_secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hmac_hex(app_secret, body))
}

/// Returns the `appsecret_proof` of a token: hex HMAC-SHA256 keyed with the app secret (Meta: *Secure Graph API Calls*).
pub fn appsecret_proof(app_secret: &str, access_token: &str) -> String {
    hmac_hex(app_secret, access_token.as_bytes())
}
