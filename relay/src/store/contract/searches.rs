//! Point 8: the same hits in the same order on every engine, for two hundred queries in five scripts. The engine in memory
//! looks at every text; the index has to agree with it.

use shared::chat::Chat;
use shared::model::{ChatId, Seq};

use crate::store::sqlite::SqliteStore;
use crate::store::testing::{commit, received};
use crate::store::{Query, Store};

use super::{Place, on_every_engine};

on_every_engine! {
    forms_of_a_word_are_found_and_nothing_is_taken_for_an_operator
}

const WORDS: [&str; 33] = [
    "заказ",
    "Заказы",
    "доставку",
    "доставка",
    "ещё",
    "оплатила",
    "чайник",
    "чайники",
    "синий",
    "вчера",
    "order",
    "ordered",
    "deliveries",
    "delivery",
    "kettle",
    "kettles",
    "café",
    "blue",
    "yesterday",
    "AB12cd",
    "退款",
    "什么时候",
    "到账",
    "请问",
    "退货",
    "怎么办",
    "订单",
    "蓝色",
    "水壶",
    "昨天",
    "नमस्ते",
    "धन्यवाद",
    "สวัสดี",
];

/// Returns text `number` of a corpus that is the same in every run.
fn text(number: usize) -> String {
    let pick =
        |step: usize| WORDS[(number * 7 + step * step * 11 + number / 30 * step) % WORDS.len()];
    let words: Vec<_> = (0..3 + number % 5).map(pick).collect();
    words.join(if number.is_multiple_of(3) { ", " } else { " " })
}

/// Returns two hundred queries: words, two words, beginnings, runs of Han, one character.
fn queries() -> Vec<String> {
    let mut queries: Vec<String> = WORDS.iter().map(|word| (*word).to_owned()).collect();
    for (place, word) in WORDS.iter().enumerate() {
        for step in [1, 4, 9, 16] {
            queries.push(format!("{word} {}", WORDS[(place + step) % WORDS.len()]));
        }
        let half = word.chars().count().div_ceil(2);
        queries.push(word.chars().take(half).collect());
    }
    queries.extend(
        [
            "退",
            "壶",
            "么时",
            "\"",
            "OR",
            "* ^ : ( )",
            "NEAR(a b)",
            "nothing",
            "12",
            "я",
        ]
        .map(Into::into),
    );
    queries.extend((0..10).map(text));
    assert_eq!(queries.len(), 218);
    queries
}

async fn fill(store: &dyn Store) {
    for number in 0..450 {
        let id = i64::try_from(number).unwrap() + 1;
        let chat = ChatId(id % 40 + 1);
        let before = store.find_chat(chat).await.unwrap();
        let before = before.unwrap_or_else(|| Chat::unborn(chat));
        let change = received(&before, id, chat.0, &text(number), &format!("in:{id}"));
        commit(store, change).await;
    }
}

/// Asks everything, page by page, of all chats and of one.
async fn answers(store: &dyn Store) -> Vec<(String, Vec<Seq>)> {
    let mut answers = vec![];
    for words in queries() {
        let Some(query) = Query::parse(&words) else {
            answers.push((words, vec![]));
            continue;
        };
        for (query, place) in [(query.clone(), "all"), (query.within(ChatId(3)), "one")] {
            let (mut hits, mut before) = (vec![], None);
            loop {
                let page = store.search(&query, before, 7).await.unwrap();
                hits.extend(page.iter().map(|stored| stored.seq));
                match page.last() {
                    Some(last) if page.len() == 7 => before = Some(last.seq),
                    Some(_) | None => break,
                }
            }
            assert!(
                hits.iter().is_sorted_by(|a, b| a > b),
                "newest first: {words}"
            );
            answers.push((format!("{words} in {place}"), hits));
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_agree_on_two_hundred_queries_in_five_scripts() {
    let (memory, disk) = (Place::in_memory(), Place::on_sqlite());
    fill(memory.store()).await;
    fill(disk.store()).await;
    let expected = answers(memory.store()).await;
    let found = expected.iter().filter(|(_, hits)| !hits.is_empty()).count();
    assert!(found > 150, "{found} queries find something");
    assert_eq!(
        answers(disk.store()).await,
        expected,
        "half in memory, half merged"
    );
    let (folder, sqlite) = disk.sqlite.unwrap();
    sqlite.close().await;
    drop((sqlite, disk.store));
    let again = SqliteStore::open(&folder.path().join("desk.db")).unwrap();
    assert_eq!(
        answers(again.as_ref()).await,
        expected,
        "all of it from the index"
    );
    again.close().await;
}

async fn forms_of_a_word_are_found_and_nothing_is_taken_for_an_operator(place: &Place) {
    let texts = [
        "Где мой заказ? Оплатила ещё вчера",
        "Заказы приходят вовремя",
        "Could you check the orders please",
        "I ordered a kettle",
        "退款什么时候到账",
        "请问退货怎么办",
        "\" OR AND NOT NEAR * ^ : ( )",
    ];
    for (number, text) in (1..).zip(texts) {
        let unborn = Chat::unborn(ChatId(number));
        let change = received(&unborn, number, number, text, &format!("in:{number}"));
        commit(place.store(), change).await;
    }
    for (words, expected) in [
        ("заказ", vec![2, 1]),
        ("ЗАКАЗОВ", vec![2, 1]),
        ("еще", vec![1]),
        ("order", vec![4, 3]),
        ("kett", vec![4]),
        ("退款", vec![5]),
        ("退", vec![6, 5]),
        ("order заказ", vec![]),
        ("\"", vec![]),
        ("NOT", vec![7]),
        ("* ^ : ( )", vec![]),
        ("nothing", vec![]),
    ] {
        let found = match Query::parse(words) {
            Some(query) => place.store.search(&query, None, 50).await.unwrap(),
            None => vec![],
        };
        let found: Vec<_> = found.iter().map(|stored| stored.chat.0).collect();
        assert_eq!(found, expected, "{words}");
    }
}
