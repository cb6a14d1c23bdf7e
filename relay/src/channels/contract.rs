//! What every channel promises, whatever its platform: told once, held against each with all of its samples.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::Value;
use url::form_urlencoded;

use shared::model::Timestamp;

use super::signed;
use super::testing::{Samples, assert_inert, is_nothing};
use super::{Channel, Happening, Received, Rejected, Webhook};
use super::{http as caller, messenger, ok, telegram, viber, vk, whatsapp};

const SECRET: &str = "a-secret-of-both-sides";
const NOON: Timestamp = Timestamp(1_795_190_400_000);

/// A channel that calls nobody, and how its platform proves a body.
struct Case {
    samples: Samples,
    /// Names of bodies begin so.
    bodies: &'static str,
    channel: Box<dyn Channel>,
    proof: Proof,
}

/// How a platform proves that a body is its own.
enum Proof {
    /// A signature in this header, after this prefix.
    Signature(&'static str, &'static str),
    /// The secret itself in this header.
    Header(&'static str),
    /// The secret itself in this member of the body.
    Member(&'static str),
    /// The secret itself under this name in the address.
    Query(&'static str),
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let client = reqwest::Client::new();
    let secret = || SecretString::from(SECRET);
    let nowhere = || "http://127.0.0.1:9".to_owned();
    vec![
        Case {
            samples: Samples("messenger"),
            bodies: "messenger_",
            channel: Box::new(messenger::Messenger::new(
                messenger::MessengerSettings {
                    page_id: "104820093344556".to_owned(),
                    access_token: secret(),
                    verify_token: secret(),
                    app_secret: secret(),
                    app_id: None,
                    human_agent: false,
                    api_url: nowhere(),
                },
                client.clone(),
            )),
            proof: Proof::Signature("x-hub-signature-256", "sha256="),
        },
        Case {
            samples: Samples("whatsapp"),
            bodies: "event_",
            channel: Box::new(whatsapp::Whatsapp::new(
                whatsapp::WhatsappSettings {
                    phone_number_id: "106540352242922".to_owned(),
                    access_token: secret(),
                    verify_token: secret(),
                    app_secret: secret(),
                    waba_id: None,
                    api_url: nowhere(),
                },
                client.clone(),
            )),
            proof: Proof::Signature("x-hub-signature-256", "sha256="),
        },
        Case {
            samples: Samples("telegram"),
            bodies: "update_",
            channel: Box::new(telegram::Telegram::new(
                telegram::TelegramSettings {
                    token: "6000000002:AAsampleSampleSampleSampleSample_00".into(),
                    receive: telegram::Receive::Webhook {
                        secret: secret(),
                        address: None,
                    },
                    api_url: nowhere(),
                },
                client.clone(),
            )),
            proof: Proof::Header("x-telegram-bot-api-secret-token"),
        },
        Case {
            samples: Samples("viber"),
            bodies: "event_",
            channel: Box::new(viber::Viber::new(
                viber::ViberSettings {
                    token: secret(),
                    sender: "Acme".to_owned(),
                    address: None,
                    api_url: nowhere(),
                },
                client.clone(),
            )),
            proof: Proof::Signature("x-viber-content-signature", ""),
        },
        Case {
            samples: Samples("vk"),
            bodies: "event_",
            channel: Box::new(vk::Vk::new(
                vk::VkSettings {
                    group_id: "190000001".to_owned(),
                    access_token: secret(),
                    receive: vk::Receive::Callback {
                        secret: secret(),
                        confirmation: Some("0a1b2c3d".to_owned()),
                        address: None,
                    },
                    api_url: nowhere(),
                },
                client.clone(),
            )),
            proof: Proof::Member("secret"),
        },
        Case {
            samples: Samples("ok"),
            bodies: "0",
            channel: Box::new(ok::Odnoklassniki::new(
                ok::OkSettings {
                    group_id: "group:70000000000001".to_owned(),
                    access_token: "tkn1sample:CSAMPLE".into(),
                    secret: secret(),
                    address: None,
                    api_url: nowhere(),
                },
                client.clone(),
            )),
            proof: Proof::Query("secret"),
        },
        Case {
            samples: Samples("http"),
            bodies: "event_",
            channel: Box::new(caller::Http::new(
                caller::HttpSettings {
                    id: "acme-app".to_owned(),
                    secret: secret(),
                    api_url: nowhere(),
                },
                client,
            )),
            proof: Proof::Signature("x-deskwire-signature", "sha256="),
        },
    ]
});

/// Puts a member into a body, or takes it out; what is no object stays as it is.
fn with_member(body: &[u8], member: &str, value: Option<&&str>) -> Vec<u8> {
    let Ok(Value::Object(mut object)) = serde_json::from_slice(body) else {
        return body.to_vec();
    };
    object.remove(member);
    if let Some(value) = value {
        object.insert(member.to_owned(), (*value).into());
    }
    Value::Object(object).to_string().into_bytes()
}

impl Case {
    /// Whether a body can be proved at all: what is no object has no members.
    fn is_provable(&self, body: &[u8]) -> bool {
        let is_object = serde_json::from_slice::<Value>(body).is_ok_and(|body| body.is_object());
        is_object || !matches!(self.proof, Proof::Member(_))
    }

    /// What proves a body.
    fn proof(&self, body: &[u8]) -> String {
        match self.proof {
            Proof::Signature(_, prefix) => {
                format!("{prefix}{}", crate::hex::hex(&signed::mac(SECRET, body)))
            }
            Proof::Header(_) | Proof::Member(_) | Proof::Query(_) => SECRET.to_owned(),
        }
    }

    fn receive(&self, body: &[u8], proofs: &[&str]) -> Result<Received, Rejected> {
        let mut headers = HeaderMap::new();
        let mut body = body.to_vec();
        let mut query = form_urlencoded::Serializer::new(String::new());
        match self.proof {
            Proof::Signature(header, _) | Proof::Header(header) => {
                for proof in proofs {
                    headers.append(header, proof.parse().unwrap());
                }
            }
            Proof::Member(member) => body = with_member(&body, member, proofs.first()),
            Proof::Query(name) => {
                query.extend_pairs(proofs.iter().map(|proof| (name, proof)));
            }
        }
        self.channel.receive(&Webhook {
            query: &query.finish(),
            headers: &headers,
            body: &Bytes::from(body),
            received_at: NOON,
        })
    }

    fn take(&self, body: &[u8]) -> Received {
        let proof = self.proof(body);
        let name = self.samples.0;
        self.receive(body, &[&proof])
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn each_body(&self, check: impl Fn(&str, &[u8])) {
        let names = self.samples.names(self.bodies);
        assert!(names.len() > 8, "{} has samples", self.samples.0);
        for name in names {
            check(&name, &self.samples.bytes(&name));
        }
    }
}

#[test]
fn nothing_is_taken_without_the_right_proof_and_only_one() {
    for case in CASES.iter() {
        case.each_body(|name, body| {
            let right = case.proof(body);
            assert!(case.receive(body, &[&right]).is_ok(), "{name}");
            assert_eq!(case.receive(body, &[]), Err(Rejected::Missing), "{name}");
            for wrong in [
                "",
                "sha256=",
                "0",
                &right.replace(['a', '3'], "b"),
                &format!("{right}0"),
            ] {
                assert!(case.receive(body, &[wrong]).is_err(), "{name}: {wrong:?}");
            }
            let is_once = matches!(case.proof, Proof::Member(_));
            assert!(
                is_once || case.receive(body, &[&right, &right]).is_err(),
                "{name}: twice"
            );
            if matches!(case.proof, Proof::Signature(..)) {
                let longer = [body, b" "].concat();
                assert_eq!(
                    case.receive(&longer, &[&right]),
                    Err(Rejected::Wrong),
                    "{name}"
                );
            }
        });
    }
}

#[test]
fn a_body_means_the_same_each_time_and_nothing_of_it_acts_on_a_terminal() {
    for case in CASES.iter() {
        case.each_body(|name, body| {
            let received = case.take(body);
            assert_eq!(received, case.take(body), "{name}");
            assert_inert(name, &received);
        });
    }
}

#[test]
fn every_event_has_an_account_a_visitor_and_a_key_of_its_own() {
    for case in CASES.iter() {
        case.each_body(|name, body| {
            let mut keys = BTreeMap::new();
            for inbound in case.take(body).inbound {
                let is_alarm = matches!(inbound.what, Happening::Alarm { .. });
                assert_eq!(inbound.visitor.as_str().is_empty(), is_alarm, "{name}");
                assert_ne!(inbound.account, inbound.visitor, "{name}");
                if let Happening::Message { platform_id, .. }
                | Happening::Echo { platform_id, .. }
                | Happening::Taken { platform_id, .. } = &inbound.what
                {
                    let key = case.channel.message_key(platform_id);
                    assert_eq!(inbound.key, key, "{name}: found by its edits");
                }
                let what = format!("{:?}", inbound.what);
                let place = format!("{} {}", inbound.account, inbound.key);
                let earlier = keys.insert(place, what.clone());
                assert!(
                    earlier.is_none_or(|earlier| earlier == what),
                    "{name}: one key, two things"
                );
            }
        });
    }
}

#[test]
fn what_is_no_event_is_kept_and_never_an_error() {
    for case in CASES.iter() {
        for body in [
            "",
            "{",
            "null",
            "[]",
            "7",
            "{\"x\":",
            "\u{feff}{}",
            "{\"object\":7}",
        ] {
            if !case.is_provable(body.as_bytes()) {
                assert!(case.receive(body.as_bytes(), &[SECRET]).is_err());
                continue;
            }
            let received = case.take(body.as_bytes());
            assert_eq!(received.inbound, vec![], "{}: {body}", case.samples.0);
        }
        let deep = "[".repeat(100_000);
        if !case.is_provable(deep.as_bytes()) {
            continue;
        }
        assert_eq!(
            case.take(deep.as_bytes()).inbound,
            vec![],
            "{}",
            case.samples.0
        );
    }
}

#[test]
fn no_channel_promises_what_makes_no_sense() {
    for case in CASES.iter() {
        let (name, abilities) = (case.samples.0, case.channel.abilities());
        assert!(abilities.text_limit >= 1000, "{name}");
        assert!(!case.channel.account().as_str().is_empty(), "{name}");
        let windows = abilities.reply_window.zip(abilities.human_window);
        assert!(
            windows.is_none_or(|(reply, human)| reply.0 < human.0),
            "{name}"
        );
        assert!(!abilities.starts_chats, "{name}: OUT-14");
    }
}

/// Returns every place in a body where something stands that could be something else.
fn members(body: &mut Value) -> Vec<&mut Value> {
    match body {
        Value::Object(object) if object.is_empty() => vec![],
        Value::Object(object) => object.values_mut().flat_map(with_members).collect(),
        Value::Array(list) => list.iter_mut().flat_map(members).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![],
    }
}

/// Returns an object's members, or else the place itself.
fn with_members(value: &mut Value) -> Vec<&mut Value> {
    let has_members = match value {
        Value::Object(object) => !object.is_empty(),
        Value::Array(list) => list.iter().any(Value::is_object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if has_members {
        members(value)
    } else {
        vec![value]
    }
}

proptest! {
    #[test]
    fn no_body_makes_a_channel_fail(body in prop::collection::vec(any::<u8>(), 0..400)) {
        for case in CASES.iter().filter(|case| case.is_provable(&body)) {
            case.take(&body);
        }
    }

    #[test]
    fn no_sample_with_a_piece_of_another_in_it_makes_a_channel_fail(
        from in any::<prop::sample::Index>(),
        into in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
    ) {
        for case in CASES.iter() {
            let names = case.samples.names(case.bodies);
            let mut body = case.samples.json(&names[into.index(names.len())]);
            let piece = case.samples.json(&names[from.index(names.len())]);
            let is_silent = is_nothing(&case.take(body.to_string().as_bytes()));
            let mut places = members(&mut body);
            let place = at.index(places.len());
            *places.swap_remove(place) = piece;
            let received = case.take(body.to_string().as_bytes());
            prop_assert!(is_silent || !is_nothing(&received), "{}: {body}", case.samples.0);
        }
    }
}
