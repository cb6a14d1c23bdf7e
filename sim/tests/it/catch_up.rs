//! The Conversations API: what was missed while webhooks were down can be found.

use serde_json::Value;
use sim::messenger::{Graph, GraphOptions};

use crate::harness::{PAGE, PSID, TOKEN, client, code_of, get_json, options, read, reply, send};

const FIELDS: &str = "id,updated_time,participants,messages.limit(20){id,created_time,from,to,message,attachments,\
                      sticker,shares,story,reply_to}";

fn ids(page: &Value) -> Vec<&str> {
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn messages_written_while_webhooks_are_lost_are_listed_newest_first() {
    let graph = Graph::start(options()).await.unwrap();
    graph.lose_webhooks(true);
    let visitor = graph.visitor(PSID).named("Sample", "Visitor");
    let first = visitor.writes("Hello?");
    let edited = visitor.writes("one");
    visitor.edits(&edited, "two", 1);
    let deleted = visitor.writes("oops");
    visitor.deletes(&deleted);
    let photo = visitor.sends_photo();
    let answer = send(&graph, &reply("Here we are")).await.1;

    let (status, page) = get_json(
        &graph,
        &format!("{PAGE}/conversations?platform=messenger&fields={FIELDS}"),
    )
    .await;
    assert_eq!(status, 200);
    let conversation = &page["data"][0];
    assert_eq!(
        conversation["participants"]["data"][0]["name"],
        "Sample Visitor"
    );
    assert!(
        conversation["updated_time"]
            .as_str()
            .unwrap()
            .ends_with("+0000")
    );
    let messages = &conversation["messages"];
    let answer_mid = answer["message_id"].as_str().unwrap();
    assert_eq!(
        ids(messages),
        [answer_mid, photo.as_str(), edited.as_str(), first.as_str()]
    );
    assert_eq!(messages["data"][0]["from"]["id"], PAGE);
    assert_eq!(messages["data"][0]["to"]["data"][0]["id"], PSID);
    assert_eq!(messages["data"][2]["message"], "two");
    let image = &messages["data"][1]["attachments"]["data"][0];
    assert!(
        image["image_data"]["url"]
            .as_str()
            .unwrap()
            .starts_with(graph.url())
    );
}

#[tokio::test]
async fn pages_of_conversations_follow_one_another_without_gaps_while_new_ones_arrive() {
    let graph = Graph::start(GraphOptions {
        seed: Some(1),
        ..options()
    })
    .await
    .unwrap();
    let psids: Vec<String> = (0..7)
        .map(|index| format!("700000000000000{index}"))
        .collect();
    for psid in &psids {
        graph.visitor(psid).writes("Hello");
    }
    let mut url = format!(
        "{}/v26.0/{PAGE}/conversations?platform=messenger&limit=3&fields=participants",
        graph.url()
    );
    let mut seen = Vec::new();
    loop {
        let (_, page) = read(client().get(&url).bearer_auth(TOKEN)).await;
        for conversation in page["data"].as_array().unwrap() {
            seen.push(
                conversation["participants"]["data"][0]["id"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            );
        }
        graph
            .visitor("7000000000000099")
            .writes("a new one, on top");
        assert!(page["paging"]["cursors"]["after"].is_string());
        match page["paging"]["next"].as_str() {
            Some(next) => url = next.to_owned(),
            None => break,
        }
    }
    seen.reverse();
    assert_eq!(seen, psids);
}

#[tokio::test]
async fn one_visitors_conversation_can_be_asked_for() {
    let graph = Graph::start(options()).await.unwrap();
    graph.visitor(PSID).writes("Hello");
    graph.visitor("7000000000000001").writes("Hello too");
    let path = |psid: &str| format!("{PAGE}/conversations?platform=messenger&user_id={psid}");
    let (_, page) = get_json(&graph, &path(PSID)).await;
    assert_eq!(ids(&page).len(), 1);
    let id = ids(&page)[0].to_owned();
    let (_, one) = get_json(&graph, &format!("{id}?fields=messages{{id,message}}")).await;
    assert_eq!(one["messages"]["data"][0]["message"], "Hello");
    let (_, nobody) = get_json(&graph, &path("7000000000000404")).await;
    assert_eq!(nobody, serde_json::json!({ "data": [] }));
}

#[tokio::test]
async fn only_the_twenty_newest_messages_have_details() {
    let graph = Graph::start(options()).await.unwrap();
    let mids: Vec<_> = (0..25)
        .map(|line| graph.visitor(PSID).writes(&format!("line {line}")))
        .collect();
    let (_, page) = get_json(&graph, &format!("{PAGE}/conversations?user_id={PSID}")).await;
    let conversation = ids(&page)[0].to_owned();
    let (_, all) = get_json(
        &graph,
        &format!("{conversation}/messages?fields=id,message&limit=50"),
    )
    .await;
    let all = all["data"].as_array().unwrap();
    assert_eq!(all.len(), 25);
    assert_eq!(
        all.iter()
            .filter(|message| message.get("message").is_some())
            .count(),
        20
    );

    let detail = |mid: &str| format!("{mid}?fields=id,created_time,from,message");
    let (_, newest) = get_json(&graph, &detail(&mids[24])).await;
    assert_eq!(newest["message"], "line 24");
    assert_eq!(
        code_of(&get_json(&graph, &detail(&mids[4])).await.1),
        (9_000_001, 0)
    );
    assert_eq!(
        code_of(&get_json(&graph, &detail("m_unknown")).await.1),
        (100, 33)
    );
}

#[tokio::test]
async fn questions_that_make_no_sense_are_refused() {
    let graph = Graph::start(options()).await.unwrap();
    graph.visitor(PSID).writes("Hello");
    for (query, code) in [
        ("fields=id,colour", 100),
        ("fields=messages{id,colour}", 100),
        ("fields=messages{id", 2500),
        ("after=nonsense", 100),
    ] {
        let (status, body) = get_json(&graph, &format!("{PAGE}/conversations?{query}")).await;
        assert_eq!((status, code_of(&body).0), (400, code), "{query}");
    }
}
