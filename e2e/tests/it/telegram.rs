//! A bot of Telegram beside the Page: asked for updates or called with them, and everything that goes wrong on the way
//! (CH-09, F-14).

use std::time::Duration;

use serde_json::json;
use sim::telegram::{BotApi, BotOptions, Fault, Person};

use shared::chat::{self, Event};
use shared::model::{AttachmentKind, ChatId, FailureReason};

use crate::harness::desk::{Desk, texts};
use crate::harness::relay::{Relay, Setup, pause};
use crate::harness::{PATIENCE, World, eventually};
use crate::links;

const PUBLIC: &str = "https://desk.acme.example";

struct Bot {
    api: BotApi,
    world: World,
    olga: Person,
}

fn channel(api: &BotApi, more: &str) -> String {
    format!(
        "[[channel]]\nid = \"acme-bot\"\nkind = \"telegram\"\nname = \"Acme on Telegram\"\nlanguage = \"ru\"\n\
         api_url = \"{}\"\ntoken = \"{}\"\n{more}\n",
        api.url(),
        api.token()
    )
}

impl Bot {
    async fn start(more: &str) -> Self {
        let api = BotApi::start(BotOptions::default()).await.unwrap();
        let world = World::start_with(Setup {
            more_config: channel(&api, more),
            ..Setup::default()
        })
        .await;
        let olga = api.person(5_000_000_001, "Ольга", "Пример");
        Self { api, world, olga }
    }
}

async fn seen_once(desk: &Desk, chat: ChatId, words: &str) {
    desk.wait("it is there", |seen| {
        texts(seen, chat).iter().any(|text| text == words)
    })
    .await;
    let count = desk.look(|seen| {
        texts(seen, chat)
            .iter()
            .filter(|text| *text == words)
            .count()
    });
    assert_eq!(count, 1, "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_without_a_public_address_is_asked_and_answers() {
    let bot = Bot::start("").await;
    let mut anna = bot.world.desk("anna").await;
    let first = bot.olga.writes("Здравствуйте! Где мой заказ? 📦🙏🏽");
    let chat = anna.chat_saying("Здравствуйте! Где мой заказ? 📦🙏🏽").await;
    anna.chat_when(chat.id, "the name is known", |chat| {
        chat.visitor.name() == "Ольга Пример"
    })
    .await;
    anna.claim(chat.id).await.unwrap();
    anna.reply(chat.id, "Уже едет. _Это_ не курсив & не <b>жирный</b>.")
        .await
        .unwrap();
    let sent = bot.api.wait_for_sent(1, PATIENCE).await;
    assert_eq!(
        sent[0].text,
        "Уже едет. _Это_ не курсив & не <b>жирный</b>."
    );
    assert_eq!(sent[0].chat, 5_000_000_001);
    assert!(sent[0].call.get("parse_mode").is_none());

    bot.olga.edits(first, "Где заказ 17?");
    bot.olga.reacts(sent[0].message_id, "👍");
    bot.olga.sends(json!({
        "photo": [{ "file_id": "a", "file_unique_id": "b", "width": 90, "height": 60 }], "caption": "вот чек",
    }));
    seen_once(&anna, chat.id, "вот чек").await;
    bot.olga.sends(json!({ "smell": { "molecule": "C2H6O" } }));
    anna.wait("an unknown kind is shown by its name", |seen| {
        seen.events.iter().any(|stored| {
            matches!(&stored.event, Event::Received { message, .. }
                if message.attachments.iter().any(|a| a.kind == AttachmentKind::Other("smell".to_owned())))
        })
    })
    .await;
    assert!(
        !bot.world.relay.log().contains("AAsimulated"),
        "the token is in the log"
    );
    bot.api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_while_the_relay_was_dead_comes_once_and_in_order() {
    let mut bot = Bot::start("").await;
    let anna = bot.world.desk("anna").await;
    bot.olga.writes("before");
    let chat = anna.chat_saying("before").await;
    bot.world.relay.kill().await;
    for number in 1..=150 {
        bot.olga.writes(&format!("while dead {number}"));
    }
    bot.world.relay.restart().await;
    let anna = anna.reconnect(&bot.world.relay).await;
    assert!(bot.api.wait_until_taken(PATIENCE).await);
    seen_once(&anna, chat.id, "while dead 150").await;
    let story = anna.look(|seen| texts(seen, chat.id));
    let expected: Vec<_> = std::iter::once("before".to_owned())
        .chain((1..=150).map(|number| format!("while dead {number}")))
        .collect();
    assert_eq!(story, expected);
    bot.api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_called_takes_only_calls_with_its_secret() {
    let bot = Bot::start("receive = \"webhook\"\nsecret = \"hook-secret_1\"").await;
    bot.api.resolve(PUBLIC, &bot.world.relay.url(""));
    eventually("the webhook is set", || async {
        bot.api.hook().as_deref() == Some("https://desk.acme.example/webhooks/acme-bot")
    })
    .await;
    let anna = bot.world.desk("anna").await;
    bot.olga.writes("называется «звонок»");
    anna.chat_saying("называется «звонок»").await;
    let forged = json!({ "update_id": 1, "message": {
        "message_id": 1, "date": 1_750_000_000, "text": "forged",
        "from": { "id": 7, "is_bot": false }, "chat": { "id": 7, "type": "private" },
    }});
    for secret in [None, Some("hook-secret_2"), Some("")] {
        let mut request = reqwest::Client::new()
            .post(bot.world.relay.url("/webhooks/acme-bot"))
            .json(&forged);
        if let Some(secret) = secret {
            request = request.header("x-telegram-bot-api-secret-token", secret);
        }
        assert_eq!(request.send().await.unwrap().status(), 403);
    }
    bot.olga.writes("the last");
    anna.chat_saying("the last").await;

    // Another public address is told to Telegram as soon as it is in force.
    bot.world
        .relay
        .rewrite_config(|text| text.replace(PUBLIC, "https://moved.acme.example"));
    bot.api
        .resolve("https://moved.acme.example", &bot.world.relay.url(""));
    eventually("the webhook has moved", || async {
        bot.api.hook().as_deref() == Some("https://moved.acme.example/webhooks/acme-bot")
    })
    .await;
    assert_eq!(anna.look(|seen| seen.chats.len()), 1);
    bot.api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_of_the_bot_delays_no_other_channel_and_doubles_nothing() {
    let bot = Bot::start("").await;
    let mut anna = bot.world.desk("anna").await;
    bot.olga.writes("hello");
    let chat = anna.chat_saying("hello").await.id;
    anna.claim(chat).await.unwrap();

    bot.api.inject("sendMessage", Fault::TooFast(1));
    anna.reply(chat, "slowly").await.unwrap();
    let sent = bot.api.wait_for_sent(1, PATIENCE).await;
    assert_eq!(sent[0].text, "slowly");

    bot.api.inject("sendMessage", Fault::CloseAfter);
    anna.reply(chat, "heard or not?").await.unwrap();
    anna.chat_when(chat, "nobody can tell: the operator is asked", |chat| {
        chat.outgoing
            .iter()
            .any(|outgoing| outgoing.trouble == chat::Trouble::Unconfirmed)
    })
    .await;
    assert_eq!(bot.api.wait_for_sent(2, PATIENCE).await.len(), 2);

    for fault in [
        Fault::Garbage,
        Fault::Refuse(500, "Internal Server Error: restart".to_owned()),
        Fault::Refuse(
            409,
            "Conflict: terminated by other getUpdates request".to_owned(),
        ),
    ] {
        bot.api.inject("getUpdates", fault);
    }
    bot.olga.writes("ends the question under way");
    anna.chat_saying("ends the question under way").await;
    bot.world
        .graph
        .visitor("7412589630147852")
        .writes("I am on Messenger");
    anna.chat_saying("I am on Messenger").await;

    bot.olga.writes("through all of it");
    anna.chat_saying("through all of it").await;
    assert_eq!(bot.api.injected(), 5, "every trouble happened");
    bot.api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_blocked_the_bot_cannot_be_reached_and_that_is_said() {
    let bot = Bot::start("").await;
    let mut anna = bot.world.desk("anna").await;
    bot.olga.writes("goodbye");
    let chat = anna.chat_saying("goodbye").await.id;
    anna.claim(chat).await.unwrap();
    bot.olga.blocks();
    anna.wait("the desk is told", |seen| {
        seen.events.iter().any(|stored| {
            matches!(&stored.event, Event::Noticed { notice, .. } if notice.text.contains("blocked the bot"))
        })
    })
    .await;
    anna.reply(chat, "wait!").await.unwrap();
    anna.wait("the reply failed for good", |seen| {
        seen.events.iter().any(|stored| {
            let unreachable = FailureReason::VisitorUnreachable;
            matches!(&stored.event, Event::ReplyFailed { reason, .. } if *reason == unreachable)
        })
    })
    .await;
    assert!(bot.api.sent().is_empty());
    bot.api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_telegram_does_not_accept_is_told_and_never_shown() {
    let api = BotApi::start(BotOptions::default()).await.unwrap();
    let wrong = channel(&api, "").replace("AAsimulated", "AArevoked00");
    let relay = Relay::start(Setup {
        api_url: "http://127.0.0.1:9".to_owned(),
        more_config: wrong,
        ..Setup::default()
    })
    .await;
    eventually("the log says what to do", || async {
        relay.log().contains("take the current one from BotFather")
    })
    .await;
    assert!(
        !relay.log().contains("AArevoked00"),
        "the token is in the log"
    );
    api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_unlinked_is_not_asked_and_telegram_keeps_what_is_written() {
    let bot = Bot::start("").await;
    let anna = bot.world.desk("anna").await;
    bot.olga.writes("before");
    let chat = anna.chat_saying("before").await.id;
    links::done(&bot.world, &["unlink", "acme-bot"]);
    let asked = bot.api.calls("getUpdates");
    bot.olga.writes("meanwhile");
    pause(Duration::from_secs(2)).await;
    assert_eq!(bot.api.calls("getUpdates"), asked, "nobody asks");
    assert!(!anna.look(|seen| texts(seen, chat).contains(&"meanwhile".to_owned())));
    links::done(&bot.world, &["relink", "acme-bot"]);
    seen_once(&anna, chat, "meanwhile").await;
    bot.api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_unlinked_is_called_no_more_until_it_is_relinked() {
    let bot = Bot::start("receive = \"webhook\"\nsecret = \"hook-secret_1\"").await;
    bot.api.resolve(PUBLIC, &bot.world.relay.url(""));
    let is_called = || async { bot.api.hook().is_some_and(|hook| hook.starts_with(PUBLIC)) };
    eventually("the webhook is set", is_called).await;
    links::done(&bot.world, &["unlink", "acme-bot"]);
    assert_eq!(bot.api.hook().unwrap_or_default(), "");
    links::done(&bot.world, &["relink", "acme-bot"]);
    assert!(is_called().await);
    bot.api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_does_not_wait_for_ever() {
    let bot = Bot::start("").await;
    let anna = bot.world.desk("anna").await;
    bot.olga.writes("before");
    let chat = anna.chat_saying("before").await.id;
    bot.olga.presses("rate:5");
    anna.wait("the press is shown", |seen| {
        let mut events = seen.events.iter().filter(|stored| stored.chat == chat);
        events.any(|stored| matches!(&stored.event, Event::Noticed { notice, .. } if notice.text == "rate:5"))
    })
    .await;
    eventually("it is answered", || async {
        bot.api.calls("answerCallbackQuery") == 1
    })
    .await;
    bot.api.stop().await;
}
