//! What Meta does in trouble, and how the channel takes it: lists that are too long, a misused tag, a punished Page.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::json;

use sim::messenger::{Endpoint, Fault, Graph, GraphOptions, PageOptions, Script};

use shared::model::{ContactAsk, DeliveryId, FailureReason, Timestamp};

use super::errors::Refused;
use super::{Messenger, MessengerSettings};
use crate::channels::calls::Refusal as _;
use crate::channels::meta::error::{GraphError, Reading as _};
use crate::channels::{CatchUpEnd, Channel, Outbound, SendError};

const PSID: &str = "7412589630147852";
const DAY: Duration = Duration::from_secs(86_400);

fn channel(graph: &Graph, human_agent: bool) -> Messenger {
    let page = PageOptions::default();
    let settings = MessengerSettings {
        page_id: page.id,
        access_token: SecretString::from(page.access_token),
        verify_token: SecretString::from("verify-me"),
        app_secret: SecretString::from(page.app_secret),
        app_id: Some(page.app_id),
        human_agent,
        api_url: graph.url().into(),
    };
    Messenger::new(settings, reqwest::Client::new())
}

#[tokio::test]
async fn a_list_that_is_too_long_for_meta_is_asked_for_in_shorter_pieces() {
    let graph = Graph::start(GraphOptions::default()).await.unwrap();
    for number in 0..30 {
        graph
            .visitor(&format!("70000000000000{number:02}"))
            .writes("hello");
    }
    let too_long = Script::new(Endpoint::Conversations, Fault::error("unknown_1")).times(2);
    let fault = graph.script(too_long);
    let caught = channel(&graph, false)
        .catch_up(Timestamp(0), DAY)
        .await
        .unwrap();
    assert_eq!(graph.injected(fault), 2);
    assert_eq!(caught.end, CatchUpEnd::Reached);
    assert_eq!(caught.inbound.len(), 30);
}

#[tokio::test]
async fn a_catch_up_reaches_no_further_back_than_it_should_from_the_newest() {
    let graph = Graph::start(GraphOptions::default()).await.unwrap();
    graph.visitor("7000000000000001").writes("long ago");
    graph.advance(3 * DAY);
    graph.visitor("7000000000000002").writes("now");
    let caught = channel(&graph, false)
        .catch_up(Timestamp(0), DAY)
        .await
        .unwrap();
    assert_eq!(caught.inbound.len(), 1);
    assert_eq!(caught.inbound[0].visitor.as_str(), "7000000000000002");
}

#[tokio::test]
async fn a_tag_that_meta_calls_misused_is_not_used_again() {
    let page = PageOptions {
        has_human_agent: true,
        ..PageOptions::default()
    };
    let options = GraphOptions {
        pages: vec![page],
        ..GraphOptions::default()
    };
    let graph = Graph::start(options).await.unwrap();
    graph.visitor(PSID).writes("hello");
    graph.advance(2 * DAY);
    let misused = sim::messenger::GraphError {
        code: 613,
        subcode: Some(2_018_338),
        ..sim::messenger::GraphError::named("rate_limit_613")
    };
    let fault = graph.script(Script::next_message(Fault::Refuse(misused)));
    let channel = channel(&graph, true);
    let reply = Outbound {
        delivery: DeliveryId(7),
        visitor: PSID.into(),
        text: "sorry for the delay".into(),
        quotes: None,
        asks: ContactAsk::default(),
        human_agent: true,
    };
    let first = channel.send(&reply).await;
    assert!(matches!(
        first,
        Err(SendError::Refused(FailureReason::NotAllowed { .. }))
    ));
    assert_eq!(graph.injected(fault), 1);
    let second = channel.send(&reply).await;
    assert!(
        matches!(second, Err(SendError::Refused(FailureReason::WindowClosed))),
        "sent without the tag"
    );
    assert!(graph.sent().is_empty());
}

#[test]
fn a_punished_page_stops_the_channel_and_says_what_to_do() {
    for (code, subcode) in [(368, 0), (10, 1_893_063), (100, 2_534_029)] {
        let mut body = json!({ "error": { "code": code, "message": "restricted" } });
        if subcode != 0 {
            body["error"]["error_subcode"] = subcode.into();
        }
        let error = Refused::of(GraphError::of(&body).unwrap(), None).for_send();
        let SendError::Restricted { fault, rest } = error else {
            panic!("{code}/{subcode}: {error:?}")
        };
        assert!(!fault.is_passing && rest >= Duration::from_secs(60));
        assert!(fault.reason.contains("restricted") && fault.reason.contains("support inbox"));
    }
}
