//! Every fixture has a stated outcome. Bodies: `snapshots/`, one line an event. Errors: the table below.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::{Value, json};

use shared::model::{ContactAsk, DeliveryId, FailureReason, Timestamp};

use super::errors::Refused;
use super::{
    Messenger, MessengerSettings, conversations, handshake, link, receive, send, signature,
};
use crate::channels::calls::Refusal as _;
use crate::channels::meta::error::{GraphError, Reading as _};
use crate::channels::testing::{Samples, assert_inert, is_nothing, outline};
use crate::channels::{
    CatchUpEnd, Channel, Happening, Outbound, Received, Rejected, SendError, Webhook,
};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const PAGE: &str = "104820093344556";
const OUR_APP: &str = "1029384756102938";
const REACH: Duration = Duration::from_secs(86_400);
const RECEIVED_AT: Timestamp = Timestamp(1_795_190_200_000);

pub(super) const SAMPLES: Samples = Samples("messenger");

fn fixture(name: &str) -> Vec<u8> {
    SAMPLES.bytes(name)
}

pub(super) fn json_fixture(name: &str) -> Value {
    SAMPLES.json(name)
}

fn names(prefix: &str) -> Vec<String> {
    SAMPLES.names(prefix)
}

fn translate(body: &[u8]) -> Received {
    receive::translate(body, RECEIVED_AT, Some(OUR_APP))
}

#[test]
fn every_body_has_its_stated_outcome() {
    let mut text = String::new();
    let mut bodies = names("messenger_");
    bodies.extend(names("other_object"));
    assert!(bodies.len() > 70, "the fixtures are there");
    for name in bodies {
        let received = translate(&fixture(&name));
        let is_empty = is_nothing(&received);
        let may_be_empty = [
            "messenger_empty_entry.json",
            "messenger_entry_without_channel.json",
        ];
        assert!(
            !is_empty || may_be_empty.contains(&name.as_str()),
            "{name} led to nothing at all"
        );
        writeln!(text, "{name}\n{}", outline(&received)).unwrap();
    }
    insta::assert_snapshot!("bodies", text);
}

#[test]
fn no_body_brings_a_control_character() {
    for name in names("messenger_") {
        assert_inert(&name, &translate(&fixture(&name)));
    }
}

#[test]
fn an_echo_with_our_metadata_names_its_delivery() {
    let mut body = json_fixture("messenger_echo_own_app.json");
    body["entry"][0]["messaging"][0]["message"]["metadata"] = "dw:42".into();
    let received = translate(body.to_string().as_bytes());
    assert!(matches!(
        &received.inbound[0].what,
        Happening::Echo { delivery: Some(DeliveryId(42)), application: Some(app), .. } if app == OUR_APP
    ));
}

#[test]
fn keys_are_distinct_but_for_true_repeats() {
    let mut keys: BTreeMap<String, String> = BTreeMap::new();
    for inbound in translate(&fixture("messenger_batch_multi_entry.json")).inbound {
        let what = format!("{:?}", inbound.what);
        if let Some(earlier) =
            keys.insert(format!("{} {}", inbound.account, inbound.key), what.clone())
        {
            assert_eq!(earlier, what, "one key, two things");
        }
    }
    assert_eq!(keys.len(), 5, "six messages, one of them a repeat");
}

#[test]
fn signatures_hold_for_the_raw_bytes_only() {
    for vector in json_fixture("signature_vectors.json")["vectors"]
        .as_array()
        .unwrap()
    {
        let mut headers = HeaderMap::new();
        if let Some(header) = vector["x_hub_signature_256"].as_str() {
            headers.insert("x-hub-signature-256", header.parse().unwrap());
        }
        let body = vector["body"].as_str().unwrap();
        let result = signature::check(
            &headers,
            body.as_bytes(),
            vector["app_secret"].as_str().unwrap(),
        );
        assert_eq!(
            result.is_ok(),
            vector["valid"].as_bool().unwrap(),
            "{}",
            vector["name"]
        );
    }
    let wire = fixture("messenger_text_wire_escaped.json");
    let mut headers = HeaderMap::new();
    let right = "sha256=63d12ec3913f5f6cdde943d72e791058822dc09838d84fa93b84a32d3f600926";
    headers.insert("x-hub-signature-256", right.parse().unwrap());
    assert_eq!(
        signature::check(&headers, wire.trim_ascii_end(), SECRET),
        Ok(())
    );
}

#[test]
fn a_signature_that_is_not_quite_right_is_refused() {
    let body = br#"{"object":"page","entry":[{"id":"104820093344556","time":1795190148523,"messaging":[]}]}"#;
    let right = "sha256=0df560a3d79e242e8ddb81aa925c96a93134b5a62dfd70a62ae277bc474a30d1";
    let check = |values: &[&str], name: &'static str, secret: &str| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        signature::check(&headers, body, secret)
    };
    let header = "x-hub-signature-256";
    assert_eq!(check(&[right], header, SECRET), Ok(()));
    let upper = right.to_uppercase().replace("SHA256", "sha256");
    let longer = format!("{right}00");
    let cut = right.get(..70).unwrap();
    let sha1 = right.replace("sha256", "sha1");
    for value in [
        "",
        "sha256=",
        cut,
        &longer,
        &upper,
        &sha1,
        "md5=00",
        "sha256 =00",
    ] {
        assert_eq!(
            check(&[value], header, SECRET),
            Err(Rejected::Malformed),
            "{value:?}"
        );
    }
    assert_eq!(check(&[], header, SECRET), Err(Rejected::Missing));
    assert_eq!(
        check(&[right], "x-hub-signature", SECRET),
        Err(Rejected::Missing),
        "sha1 alone is nothing"
    );
    assert_eq!(
        check(&[right, right], header, SECRET),
        Err(Rejected::Malformed)
    );
    assert_eq!(
        check(&[right], header, "another secret"),
        Err(Rejected::Wrong)
    );
    assert_eq!(
        check(&[right], header, ""),
        Err(Rejected::Malformed),
        "an empty secret verifies nothing"
    );
}

#[test]
fn the_handshake_answers_as_stated() {
    for case in json_fixture("webhook_verification_get.json")["cases"]
        .as_array()
        .unwrap()
    {
        let query = if let Some(raw) = case["raw_query"].as_str() {
            raw.to_owned()
        } else {
            let pairs = case["query"].as_object().unwrap();
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in pairs {
                query.append_pair(name, value.as_str().unwrap());
            }
            query.finish()
        };
        let token = case["configured_token"].as_str().unwrap_or("correct-token");
        let answer = handshake::answer(&query, token);
        assert_eq!(answer.is_ok(), case["expect_status"] == 200, "{case}");
        if let Some(body) = case["expect_body"].as_str() {
            assert_eq!(answer.unwrap().body, body);
        }
    }
    assert_eq!(
        handshake::answer("hub.mode=subscribe&hub.verify_token=&hub.challenge=1", ""),
        Err(Rejected::WrongToken)
    );
}

/// What the outbox learns, in a word.
fn verdict(error: &SendError) -> &'static str {
    match error {
        SendError::NotSent { tries: None, .. } => "again later",
        SendError::NotSent { tries: Some(_), .. } => "again a few times",
        SendError::TooFast { .. } => "too fast",
        SendError::Unauthorized(_) => "token",
        SendError::Unclear { .. } => "unclear",
        SendError::Restricted { .. } => "restricted",
        SendError::Refused(FailureReason::WindowClosed) => "window",
        SendError::Refused(FailureReason::VisitorUnreachable) => "person",
        SendError::Refused(FailureReason::ThreadControlled) => "thread",
        SendError::Refused(FailureReason::NotAllowed { .. }) => "not allowed",
        SendError::Refused(_) => "refused",
    }
}

#[test]
fn every_error_has_its_stated_outcome() {
    let stated = [
        ("appsecret_proof", "refused"),
        ("attachment_fetch", "refused"),
        ("attachment_not_owned", "refused"),
        ("attachment_size", "refused"),
        ("attachment_upload", "refused"),
        ("cannot_receive", "person"),
        ("deprecated_tag", "refused"),
        ("dev_mode", "not allowed"),
        ("message_and_action", "refused"),
        ("message_deleted", "refused"),
        ("no_matching_user", "person"),
        ("object_missing", "person"),
        ("outside_window", "window"),
        ("page_restricted", "restricted"),
        ("permission", "not allowed"),
        ("person_unavailable", "person"),
        ("person_unavailable_200", "person"),
        ("profile_consent", "not allowed"),
        ("profile_permission", "refused"),
        ("profile_unavailable", "refused"),
        ("rate_limit_613", "too fast"),
        ("rate_limit_app", "too fast"),
        ("rate_limit_page_messenger", "too fast"),
        ("requires_permission_200", "not allowed"),
        ("sent_but_error", "unclear"),
        ("subscribed_field", "refused"),
        ("temporary_1200", "again a few times"),
        ("temporary_2", "again a few times"),
        ("text_too_long", "refused"),
        ("thread_controlled", "thread"),
        ("token_app_not_installed", "token"),
        ("token_expired", "token"),
        ("token_malformed", "token"),
        ("token_password_changed", "token"),
        ("unknown_1", "again a few times"),
        ("video_timeout", "refused"),
        ("with_user_text", "refused"),
        ("without_error_object", "none"),
    ];
    let names: Vec<_> = names("error_")
        .iter()
        .map(|name| name.trim_start_matches("error_").replace(".json", ""))
        .collect();
    assert_eq!(
        names,
        stated.map(|(name, _)| name.to_owned()),
        "each fixture is stated"
    );
    for (name, expected) in stated {
        let body = json_fixture(&format!("error_{name}.json"));
        let outcome = GraphError::of(&body).map_or("none", |error| {
            verdict(&Refused::of(error, None).for_send())
        });
        assert_eq!(outcome, expected, "{name}");
    }
}

#[test]
fn metas_words_for_people_are_preferred_and_a_dead_token_says_what_to_do() {
    let error = GraphError::of(&json_fixture("error_with_user_text.json")).unwrap();
    assert_eq!(error.words, "The product is not available.");
    let error = GraphError::of(&json_fixture("error_token_expired.json")).unwrap();
    assert_eq!(
        Refused::of(error, None).token_fault().reason,
        "the access token has expired: make a new Page token at Meta and put it into the config (access_token)"
    );
}

fn outbound() -> Outbound {
    Outbound {
        delivery: DeliveryId(7),
        visitor: "7412589630147852".into(),
        text: "How can we reach you?".into(),
        quotes: None,
        asks: ContactAsk::default(),
        human_agent: false,
    }
}

/// Our request holds what the sample holds; it may hold more (metadata) or other words.
fn check_request(fixture: &str, reply: &Outbound, human_agent: bool) {
    let expected = json_fixture(fixture);
    let body = send::body(reply, human_agent);
    for name in ["recipient", "messaging_type", "tag", "reply_to"] {
        assert_eq!(body.get(name), expected.get(name), "{fixture}: {name}");
    }
    assert_eq!(body["message"]["metadata"], "dw:7");
}

#[test]
fn requests_have_the_form_of_the_samples() {
    check_request("request_send_text.json", &outbound(), false);
    check_request("request_send_human_agent.json", &outbound(), true);
    let sample = json_fixture("request_send_reply_to.json");
    let quotes = Some(sample["reply_to"]["mid"].as_str().unwrap().into());
    check_request(
        "request_send_reply_to.json",
        &Outbound {
            quotes,
            ..outbound()
        },
        false,
    );

    let asks = ContactAsk {
        phone: true,
        email: true,
    };
    let body = send::body(&Outbound { asks, ..outbound() }, false);
    let sample = json_fixture("request_send_contact_request.json");
    assert_eq!(
        body["message"]["quick_replies"][0],
        sample["message"]["quick_replies"][0]
    );
    assert_eq!(
        body["message"]["quick_replies"][1],
        sample["message"]["quick_replies"][1]
    );
}

#[test]
fn a_conversation_tells_the_same_as_the_webhook_did() {
    let page = json_fixture("response_conversations_messenger.json");
    let inbound = conversations::inbound_of(PAGE, &page["data"][0], Timestamp(0));
    let webhook = translate(&fixture("messenger_text.json")).inbound.remove(0);
    assert_eq!(inbound.len(), 1);
    assert_eq!(
        inbound[0].key, webhook.key,
        "so that neither is taken twice"
    );
    assert_eq!(inbound[0].visitor, webhook.visitor);
    assert_eq!(inbound[0].at, Timestamp(1_795_190_148_000));
    assert!(matches!(&inbound[0].what, Happening::Message { text, .. } if !text.is_empty()));
    let late = conversations::inbound_of(PAGE, &page["data"][0], Timestamp(1_795_190_149_000));
    assert!(late.is_empty(), "older than asked for");
}

#[test]
fn attachments_of_a_conversation_are_told_apart() {
    let detail = json_fixture("response_message_detail_attachments.json");
    let conversation = json!({ "messages": { "data": [detail] } });
    let inbound = conversations::inbound_of(PAGE, &conversation, Timestamp(0));
    let Happening::Message { attachments, .. } = &inbound[0].what else {
        panic!("a message")
    };
    let kinds: Vec<_> = attachments
        .iter()
        .map(|attachment| format!("{:?}", attachment.kind))
        .collect();
    assert_eq!(kinds, ["Photo", "Document", "Video"]);
    assert_eq!(attachments[1].title.as_deref(), Some("invoice.pdf"));
}

fn messenger(api_url: &str) -> Messenger {
    let settings = MessengerSettings {
        page_id: PAGE.into(),
        access_token: SecretString::from("EAASimulatedPageToken"),
        verify_token: SecretString::from("verify-me"),
        app_secret: SecretString::from(SECRET),
        app_id: Some(OUR_APP.into()),
        human_agent: false,
        api_url: api_url.into(),
    };
    Messenger::new(settings, reqwest::Client::new())
}

#[test]
fn nothing_is_looked_at_before_the_signature() {
    let channel = messenger("http://127.0.0.1:9");
    let body = Bytes::from(fixture("messenger_text.json"));
    let headers = HeaderMap::new();
    let webhook = Webhook {
        query: "",
        headers: &headers,
        body: &body,
        received_at: RECEIVED_AT,
    };
    assert_eq!(channel.receive(&webhook), Err(Rejected::Missing));
}

#[test]
fn settings_do_not_show_their_secrets() {
    let shown = format!("{:?}", messenger("http://127.0.0.1:9").settings);
    for secret in [SECRET, "EAASimulated", "verify-me"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[tokio::test]
async fn what_was_never_written_is_not_sent() {
    // Nobody listens there.
    let error = messenger("http://127.0.0.1:9")
        .send(&outbound())
        .await
        .unwrap_err();
    assert_eq!(verdict(&error), "again later");
    assert!(!error.to_string().contains("proof"), "{error}");
}

/// Sends through the simulated platform with a fault; returns what the outbox learns.
async fn outcome(fault: sim::messenger::Fault) -> &'static str {
    let graph = sim::messenger::Graph::start(sim::messenger::GraphOptions::default())
        .await
        .unwrap();
    graph.visitor("7412589630147852").writes("hello");
    let id = graph.script(sim::messenger::Script::next_message(fault));
    let result = messenger(graph.url()).send(&outbound()).await;
    assert_eq!(graph.injected(id), 1, "the fault really happened");
    graph.stop().await;
    match result {
        Ok(_) => "sent",
        Err(error) => verdict(&error),
    }
}

#[tokio::test]
async fn answers_of_every_sort_are_understood() {
    use sim::messenger::Fault;
    let check = async |fault: Fault, expected: &str| {
        let shown = format!("{fault:?}");
        assert_eq!(outcome(fault).await, expected, "{shown}");
    };
    check(Fault::Html { status: 502 }, "unclear").await;
    check(Fault::Garbage, "unclear").await;
    check(Fault::CloseBefore, "unclear").await;
    check(Fault::CloseAfter, "unclear").await;
    check(Fault::EmptyAfter, "unclear").await;
    check(Fault::sent_but_error(), "unclear").await;
    check(Fault::error("token_expired"), "token").await;
    check(Fault::error("temporary_1200"), "again a few times").await;
    check(Fault::throttled(3), "too fast").await;
}

#[tokio::test]
async fn throttling_names_how_long_to_wait() {
    use sim::messenger::{Fault, Graph, GraphOptions, Script};
    let graph = Graph::start(GraphOptions::default()).await.unwrap();
    graph.visitor("7412589630147852").writes("hello");
    graph.script(Script::next_message(Fault::throttled(3)));
    let error = messenger(graph.url()).send(&outbound()).await.unwrap_err();
    assert!(
        matches!(error, SendError::TooFast { wait: Some(wait) } if wait == Duration::from_secs(180))
    );
}

#[tokio::test]
async fn a_page_that_lost_its_subscription_is_subscribed_again() {
    use sim::messenger::{Graph, GraphOptions};
    let graph = Graph::start(GraphOptions::default()).await.unwrap();
    let channel = messenger(graph.url());
    graph.unsubscribe();
    channel.check_link().await.unwrap();
    assert!(graph.subscribed_fields().contains(&"messages".to_owned()));
}

#[tokio::test]
async fn profile_history_and_catch_up_come_from_the_platform() {
    use sim::messenger::{Graph, GraphOptions};
    let graph = Graph::start(GraphOptions::default()).await.unwrap();
    let channel = messenger(graph.url());
    let visitor = graph.visitor("7412589630147852").named("Olga", "Example");
    visitor.writes("hello");
    let profile = channel
        .profile(&visitor.psid().into())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(profile.name.as_deref(), Some("Olga Example"));

    let receipt = channel.send(&outbound()).await.unwrap();
    let history = channel.history(&visitor.psid().into()).await.unwrap();
    assert!(history.is_whole);
    let ours: Vec<_> = history
        .messages
        .iter()
        .filter(|message| message.is_ours)
        .collect();
    assert_eq!(ours.len(), 1);
    assert_eq!(Some(&ours[0].platform_id), receipt.platform_id.as_ref());

    let missed = channel.catch_up(Timestamp(0), REACH).await.unwrap();
    assert_eq!(missed.inbound.len(), 2, "the visitor's and ours");
    assert_eq!(missed.end, CatchUpEnd::Reached);
    let newest = missed.newest.expect("a time");
    let later = channel.catch_up(newest.plus(Duration::from_secs(1)), REACH);
    assert!(later.await.unwrap().inbound.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_mangled_body_is_never_a_panic(
        pick in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let names = names("messenger_");
        let mut body = fixture(&names[pick.index(names.len())]);
        let place = place.index(body.len());
        if cut {
            body.truncate(place);
        } else {
            body[place] = byte;
        }
        translate(&body);
    }
}

#[test]
fn what_a_token_lacks_and_when_it_ends_is_told() {
    let told = SAMPLES.json("response_debug_token.json");
    let advice = link::advice(&told, RECEIVED_AT);
    assert_eq!(advice.len(), 1, "{advice:?}");
    assert!(advice[0].contains("pages_read_engagement: visitors have no names"));
    let mut ending = told.clone();
    let ends = RECEIVED_AT.plus(Duration::from_secs(3 * 86_400)).0 / 1000;
    ending["data"]["expires_at"] = ends.into();
    let advice = link::advice(&ending, RECEIVED_AT);
    assert!(advice[1].contains("ends in 3 days"), "{advice:?}");
    assert!(link::advice(&json!({ "data": {} }), RECEIVED_AT).is_empty());
}
