//! What may be typed into the search line (B-13): never an error, and nothing but what holds the words.

use hostile::queries::queries;
use relay::store::{Query, Terms, searched_text};

use crate::door::{Door, message};

#[tokio::test(flavor = "multi_thread")]
async fn no_text_is_a_query_language() {
    let door = Door::open("queries").await;
    let said = [
        "hello there, near or far",
        "Где мой заказ? Ёлка и 50%",
        "我的订单在哪里",
        "the a an of to NOT AND OR",
        "'; DROP TABLE event; -- \" * ^ : ( )",
    ];
    for (number, text) in said.iter().enumerate() {
        let body = message(&format!("m_said_{number}"), &format!("66{number}"), text);
        assert_eq!(door.post(&body).await, 200);
    }
    let queries = queries();
    assert!(queries.len() >= 100, "the whole table");
    let (mut asked, mut found) = (0, 0);
    for text in &queries {
        let short: String = text.chars().take(40).collect();
        let Some(query) = Query::parse(text) else {
            assert!(!text.chars().any(char::is_alphanumeric), "{short:?}");
            continue;
        };
        asked += 1;
        let hits = door.store().search(&query, None, 50).await;
        let hits = hits.unwrap_or_else(|error| panic!("{short:?}: {error:?}"));
        for hit in hits {
            found += 1;
            let text = searched_text(&hit.event).unwrap_or_default();
            assert!(
                query.is_met_by(hit.chat, &Terms::of(text)),
                "{short:?}: {text:?}"
            );
        }
    }
    assert!(asked > 40 && found > 10, "{asked} asked, {found} found");
    let all = Query::parse("DROP TABLE event").unwrap();
    assert_eq!(door.store().search(&all, None, 50).await.unwrap().len(), 1);
    door.close().await;
}
