//! Signatures that are none (B-01): every one is refused, whatever the body.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The header that Meta signs with.
pub const HEADER: &str = "x-hub-signature-256";

/// A request that is not from the platform.
#[derive(Debug, Clone)]
pub struct Forged {
    /// What is wrong with it.
    pub name: &'static str,
    /// Every header that speaks of a signature.
    pub headers: Vec<(&'static str, Vec<u8>)>,
    /// The body as it is sent.
    pub body: Vec<u8>,
}

/// Returns the header that makes a body the platform's.
pub fn sign(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", digest(secret, body))
}

/// Returns the forgeries of a body: none of them shows that its sender knows the secret.
///
/// `other` is the secret of another application, `compact` the same JSON written in other bytes.
pub fn forged(secret: &str, other: &str, body: &[u8], compact: &[u8]) -> Vec<Forged> {
    let right = sign(secret, body);
    let hex = digest(secret, body);
    let with = |name, value: &str| Forged {
        name,
        headers: vec![(HEADER, value.as_bytes().to_vec())],
        body: body.to_vec(),
    };
    let headers = |name, headers: &[(&'static str, &str)]| Forged {
        name,
        headers: headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes().to_vec()))
            .collect(),
        body: body.to_vec(),
    };
    let first_wrong = flipped(&right, "sha256=".len());
    let last_wrong = flipped(&right, right.len() - 1);
    let mut upper = String::from("sha256=");
    upper.push_str(&hex.to_uppercase());
    let mut changed = body.to_vec();
    changed.push(b' ');
    let mut reencoded = with("over re-encoded JSON", &right);
    reencoded.body = compact.to_vec();
    let mut tampered = with("over a body one byte shorter", &right);
    tampered.body = changed;
    let mut emptied = with("over a body that was emptied", &right);
    emptied.body = vec![];
    let not_text = Forged {
        name: "bytes that are no text",
        headers: vec![(HEADER, [b"sha256=".as_slice(), &[0xff; 64]].concat())],
        body: body.to_vec(),
    };
    vec![
        headers("absent", &[]),
        with("empty", ""),
        with("the algorithm alone", "sha256="),
        with("64 zeros", &format!("sha256={}", "0".repeat(64))),
        with("first digit wrong", &first_wrong),
        with("last digit wrong", &last_wrong),
        with("cut by one digit", right.get(..70).unwrap_or_default()),
        with("cut to one digit", right.get(..8).unwrap_or_default()),
        with("one digit longer", &format!("{right}0")),
        with("twice as long", &format!("{right}{hex}")),
        with("upper-case digits", &upper),
        with("upper-case algorithm", &right.replace("sha256", "SHA256")),
        with("no algorithm", &hex),
        with("wrong algorithm", &right.replace("sha256", "sha512")),
        with("named sha1", &right.replace("sha256", "sha1")),
        headers(
            "sha1 only",
            &[("x-hub-signature", &right.replace("sha256", "sha1"))],
        ),
        headers(
            "the right one under another name",
            &[("x-hub-signature-512", &right)],
        ),
        headers("two, both right", &[(HEADER, &right), (HEADER, &right)]),
        headers(
            "two, the first right",
            &[(HEADER, &right), (HEADER, &first_wrong)],
        ),
        with("two in one header", &format!("{right}, {right}")),
        with("a space within", &right.replace('=', "= ")),
        with("quoted", &format!("\"{right}\"")),
        with(
            "in base64",
            "sha256=DfVgo9eeJC6N24GqklypapMTS1pi39cKYq4nfEdKMNE=",
        ),
        with("of the empty body", &sign(secret, b"")),
        with("of another application", &sign(other, body)),
        with("of an empty secret", &sign("", body)),
        with("of the verify token", &sign("verify-me", body)),
        not_text,
        reencoded,
        tampered,
        emptied,
    ]
}

fn digest(secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length is a key of HMAC");
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let digits = digest.iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<Vec<_>>().concat()
}

/// Changes one hex digit into another.
fn flipped(text: &str, at: usize) -> String {
    text.char_indices()
        .map(|(index, char)| match (index == at, char) {
            (true, '0') => '1',
            (true, _) => '0',
            (false, char) => char,
        })
        .collect()
}
