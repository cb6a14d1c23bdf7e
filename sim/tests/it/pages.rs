//! Tokens, subscriptions, profiles, the Page itself, and starting and stopping.

use serde_json::json;
use sim::messenger::{
    Endpoint, Graph, GraphError, GraphOptions, PAGE_FIELDS, ProfileAnswer, StartError, TokenState,
};

use crate::harness::{
    PAGE, PSID, Receiver, SECRET, TOKEN, client, code_of, get_json, options, post, read, reply,
    send, two_pages,
};

#[tokio::test]
async fn a_dead_token_refuses_every_call_until_it_lives_again() {
    let graph = Graph::start(options()).await.unwrap();
    graph.visitor(PSID).writes("Hello");
    for (token_state, subcode) in [
        (TokenState::Expired, 463),
        (TokenState::Revoked, 460),
        (TokenState::AppRemoved, 458),
    ] {
        graph.set_token_state(token_state);
        for path in [
            PSID.to_owned(),
            "me".into(),
            format!("{PAGE}/conversations"),
            format!("{PAGE}/subscribed_apps"),
        ] {
            let (status, body) = get_json(&graph, &path).await;
            assert_eq!((status, code_of(&body)), (400, (190, subcode)), "{path}");
        }
        assert_eq!(code_of(&send(&graph, &reply("x")).await.1), (190, subcode));
    }
    graph.set_token_state(TokenState::Valid);
    assert_eq!(send(&graph, &reply("x")).await.0, 200);
}

#[tokio::test]
async fn a_new_token_works_beside_the_expired_one() {
    let graph = Graph::start(options()).await.unwrap();
    graph.visitor(PSID).writes("Hello");
    graph.set_token_state(TokenState::Expired);
    graph.issue_token(PAGE, "EAARenewed");
    assert_eq!(code_of(&get_json(&graph, "me").await.1), (190, 463));
    let me = format!("{}/v26.0/me", graph.url());
    let (status, body) = read(client().get(&me).bearer_auth("EAARenewed")).await;
    assert_eq!(
        (status, body),
        (200, json!({ "id": PAGE, "name": "Acme Ltd" }))
    );
    assert_eq!(
        code_of(&read(client().get(&me).bearer_auth("unknown")).await.1),
        (190, 0)
    );
    assert_eq!(code_of(&read(client().get(&me)).await.1), (190, 0));
}

#[tokio::test]
async fn debug_token_tells_what_a_token_is_worth() {
    let graph = Graph::start(options()).await.unwrap();
    let ask = |input: &str| {
        format!("debug_token?input_token={input}&access_token=1029384756102938%7C{SECRET}")
    };
    let url = |input: &str| format!("{}/v26.0/{}", graph.url(), ask(input));
    let (_, body) = read(client().get(url(TOKEN))).await;
    assert_eq!(
        (&body["data"]["is_valid"], &body["data"]["expires_at"]),
        (&json!(true), &json!(0))
    );
    graph.set_token_state(TokenState::Expired);
    let (_, body) = read(client().get(url(TOKEN))).await;
    assert_eq!(
        (&body["data"]["is_valid"], &body["data"]["error"]["subcode"]),
        (&json!(false), &json!(463))
    );
    let (_, body) = read(client().get(url("unknown"))).await;
    assert_eq!(body["data"]["is_valid"], false);
}

#[tokio::test]
async fn a_page_is_subscribed_read_and_unsubscribed() {
    let graph = Graph::start(options()).await.unwrap();
    let path = format!("{PAGE}/subscribed_apps");
    let (_, before) = get_json(&graph, &path).await;
    assert_eq!(before["data"][0]["id"], "1029384756102938");
    assert_eq!(
        before["data"][0]["subscribed_fields"]
            .as_array()
            .unwrap()
            .len(),
        PAGE_FIELDS.len()
    );

    let (_, refused) = post(
        &graph,
        &path,
        &json!({ "subscribed_fields": "messages,messaging_seen" }),
    )
    .await;
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("(#100) Param subscribed_fields[1] must be one of {"),
        "{message}"
    );
    assert_eq!(graph.subscribed_fields().len(), PAGE_FIELDS.len());

    let query = format!("{path}?subscribed_fields=messages,message_echoes");
    assert_eq!(
        post(&graph, &query, &json!({})).await,
        (200, json!({ "success": true }))
    );
    assert_eq!(graph.subscribed_fields(), ["message_echoes", "messages"]);

    let request = client().delete(format!("{}/v26.0/{path}", graph.url()));
    assert_eq!(
        read(request.bearer_auth(TOKEN)).await.1,
        json!({ "success": true })
    );
    assert_eq!(get_json(&graph, &path).await.1, json!({ "data": [] }));
}

#[tokio::test]
async fn the_app_subscription_makes_the_handshake_first() {
    let graph = Graph::start(options()).await.unwrap();
    let receiver = Receiver::start().await;
    for (verify_token, status) in [("wrong", 400), ("open-sesame", 200)] {
        let body = json!({ "object": "page", "callback_url": receiver.url, "verify_token": verify_token,
            "access_token": format!("1029384756102938|{SECRET}") });
        let request = client().post(format!(
            "{}/v26.0/1029384756102938/subscriptions",
            graph.url()
        ));
        assert_eq!(read(request.json(&body)).await.0, status, "{verify_token}");
    }
    graph.verify_callback("open-sesame").await.unwrap();
}

#[tokio::test]
async fn profiles_are_known_empty_or_refused() {
    let graph = Graph::start(options()).await.unwrap();
    let visitor = graph.visitor(PSID).named("Марина", "Ковалёва");
    let path = format!("{PSID}?fields=first_name,last_name,name,profile_pic");
    let (_, body) = get_json(&graph, &path).await;
    assert_eq!(
        (&body["name"], &body["id"]),
        (&json!("Марина Ковалёва"), &json!(PSID))
    );
    let photo = client()
        .get(body["profile_pic"].as_str().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(photo.status().as_u16(), 200);
    visitor.set_profile(ProfileAnswer::Empty);
    assert_eq!(get_json(&graph, &path).await, (200, json!({})));
    visitor.hides_profile();
    assert_eq!(code_of(&get_json(&graph, &path).await.1), (100, 2_018_218));
    visitor.set_profile(ProfileAnswer::Refused(GraphError::named(
        "profile_permission",
    )));
    assert_eq!(code_of(&get_json(&graph, &path).await.1), (100, 2_018_247));
    assert_eq!(
        code_of(&get_json(&graph, "7000000000000404").await.1),
        (100, 33)
    );
    assert_eq!(graph.calls(Endpoint::Profile), 5);
}

#[tokio::test]
async fn a_token_opens_only_its_own_page() {
    let graph = Graph::start(two_pages()).await.unwrap();
    let other = "107711223344889";
    graph.visitor_of(other, PSID).writes("Hello");
    assert_eq!(
        code_of(
            &post(&graph, &format!("{other}/messages"), &reply("x"))
                .await
                .1
        ),
        (100, 33)
    );
    let request = client().post(format!("{}/v26.0/me/messages", graph.url()));
    assert_eq!(
        read(request.bearer_auth("EAASecondToken").json(&reply("x")))
            .await
            .0,
        200
    );
    assert_eq!(graph.sent()[0].page_id, other);
}

#[tokio::test]
async fn unknown_paths_and_versions_are_errors() {
    let graph = Graph::start(options()).await.unwrap();
    for path in [
        "/",
        "/me",
        "/v26/me",
        "/vx.0/me",
        "/v26.0/me/nonsense",
        "/v26.0/a/b/c",
    ] {
        let request = client().get(format!("{}{path}", graph.url()));
        let (status, body) = read(request.bearer_auth(TOKEN)).await;
        assert_eq!((status, code_of(&body).0), (400, 2500), "{path}");
    }
}

#[tokio::test]
async fn a_stopped_or_dropped_graph_no_longer_listens() {
    let stopped = Graph::start(options()).await.unwrap();
    stopped.stop().await;
    stopped.stop().await;
    assert!(
        client()
            .get(stopped.url())
            .send()
            .await
            .unwrap_err()
            .is_connect()
    );

    let dropped = Graph::start(options()).await.unwrap();
    let url = dropped.url().to_owned();
    drop(dropped);
    let closed = async {
        while client().get(&url).send().await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::harness::SOON, closed)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_graph_without_pages_does_not_start() {
    let started = Graph::start(GraphOptions {
        pages: Vec::new(),
        ..options()
    })
    .await;
    assert!(matches!(started, Err(StartError::NoPage)));
}
