//! A bot of Viber beside the Page: called with signed events, each of them twice.

use serde_json::json;
use sim::viber::{Bot, BotOptions};

use shared::chat::{DeskCommand, Event, ReplyDraft};
use shared::model::{AttachmentKind, ChatId, FailureReason, HandedFile};

use crate::harness::desk::{Desk, reply, texts};
use crate::harness::relay::Setup;
use crate::harness::{PATIENCE, World, eventually};
use crate::links;

const PUBLIC: &str = "https://desk.acme.example";
const OLENA: &str = "xy5/5y6O81+/kbSAMPLE==";

async fn start() -> (Bot, World) {
    let options = BotOptions {
        copies: 2,
        ..BotOptions::default()
    };
    let bot = Bot::start(options).await.unwrap();
    let channel = format!(
        "[[channel]]\nid = \"acme-viber\"\nkind = \"viber\"\nname = \"Acme on Viber\"\napi_url = \"{}\"\ntoken = \"{}\"\n",
        bot.url(),
        bot.token()
    );
    let world = World::start_with(Setup {
        more_config: channel,
        ..Setup::default()
    })
    .await;
    bot.resolve(PUBLIC, &world.relay.url(""));
    (bot, world)
}

async fn is_called(bot: &Bot) {
    eventually("the webhook is set", || async {
        bot.webhook().as_deref() == Some("https://desk.acme.example/webhooks/acme-viber")
    })
    .await;
}

async fn has(desk: &Desk, chat: ChatId, what: &str, is_it: impl Fn(&Event) -> bool) {
    desk.wait(what, |seen| {
        let mut events = seen.events.iter().filter(|stored| stored.chat == chat);
        events.any(|stored| is_it(&stored.event))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talk_on_viber_from_the_first_word_to_the_last() {
    let (bot, world) = start().await;
    // The first look may come before the address can be reached: the relay looks again.
    is_called(&bot).await;
    let mut anna = world.desk("anna").await;
    let olena = bot.person(OLENA, "Олена");
    olena.opens("from=site");
    olena.writes("Вітаю! 👋🏽 Коли доставка?");
    let chat = anna.chat_saying("Вітаю! 👋🏽 Коли доставка?").await.id;
    anna.chat_when(chat, "the name is known", |chat| {
        chat.visitor.name() == "Олена"
    })
    .await;
    anna.claim(chat).await.unwrap();
    anna.reply(chat, "Завтра до обіду.").await.unwrap();
    let sent = bot.wait_for_sent(1, PATIENCE).await;
    assert_eq!(
        (sent[0].receiver.as_str(), sent[0].text.as_str()),
        (OLENA, "Завтра до обіду.")
    );
    olena.receives(&sent[0], false);
    has(&anna, chat, "it reached the device", |event| {
        matches!(event, Event::ReplyDelivered { .. })
    })
    .await;
    olena.receives(&sent[0], true);
    has(&anna, chat, "it was seen", |event| {
        matches!(event, Event::ReplyRead { .. })
    })
    .await;
    olena.sends(&json!({ "type": "hologram", "payload": { "x": 1 } }));
    has(&anna, chat, "an unknown kind is shown by its name", |event| {
        matches!(event, Event::Received { message, .. }
            if message.attachments.iter().any(|a| a.kind == AttachmentKind::Other("hologram".to_owned())))
    })
    .await;
    let seen = anna.look(|seen| texts(seen, chat));
    let greetings = seen.iter().filter(|text| text.starts_with("Вітаю")).count();
    assert_eq!(greetings, 1, "every event came twice");
    assert_eq!(anna.look(|seen| seen.chats.len()), 1);

    olena.leaves();
    has(&anna, chat, "the desk is told", |event| {
        matches!(event, Event::Noticed { notice, .. } if notice.text.starts_with("unsubscribed"))
    })
    .await;
    anna.reply(chat, "Ви ще тут?").await.unwrap();
    has(&anna, chat, "the reply failed for good", |event| {
        matches!(event, Event::ReplyFailed { reason, .. } if *reason == FailureReason::VisitorUnreachable)
    })
    .await;
    assert_eq!(bot.wait_for_sent(1, PATIENCE).await.len(), 1);
    assert!(
        !world.relay.log().contains("445da6az1s345z78"),
        "the token is in the log"
    );
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_viber_took_and_could_not_bring_fails_with_its_reason() {
    let (bot, world) = start().await;
    is_called(&bot).await;
    let mut anna = world.desk("anna").await;
    let olena = bot.person(OLENA, "Олена");
    olena.writes("Вітаю!");
    let chat = anna.chat_saying("Вітаю!").await.id;
    anna.claim(chat).await.unwrap();
    anna.reply(chat, "Завтра.").await.unwrap();
    has(&anna, chat, "it was sent", |event| {
        matches!(event, Event::ReplySent { .. })
    })
    .await;
    let sent = bot.wait_for_sent(1, PATIENCE).await;
    olena.fails_to_take(&sent[0], "message validation failed");
    let why = FailureReason::Refused {
        text: "message validation failed".to_owned(),
    };
    has(
        &anna,
        chat,
        "it failed after all",
        |event| matches!(event, Event::ReplyFailed { reason, sent: Some(_), .. } if *reason == why),
    )
    .await;
    anna.chat_when(chat, "it needs a person", |chat| {
        chat.troubled().count() == 1
    })
    .await;
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_viber_did_not_sign_is_turned_away() {
    let (bot, world) = start().await;
    is_called(&bot).await;
    let body = json!({ "event": "message", "timestamp": 1, "message_token": 1,
        "sender": { "id": "x" }, "message": { "type": "text", "text": "forged" } });
    for signature in [None, Some("0".repeat(64)), Some("nonsense".to_owned())] {
        let mut request = reqwest::Client::new()
            .post(world.relay.url("/webhooks/acme-viber"))
            .json(&body);
        if let Some(signature) = signature {
            request = request.header("x-viber-content-signature", signature);
        }
        assert_eq!(request.send().await.unwrap().status(), 403);
    }
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_fetched_by_viber_from_an_address_that_nobody_guesses() {
    let (bot, world) = start().await;
    is_called(&bot).await;
    let mut anna = world.desk("anna").await;
    bot.person(OLENA, "Олена").writes("Покажіть фото");
    let chat = anna.chat_saying("Покажіть фото").await.id;
    let photo = [&[0xff, 0xd8, 0xff, 0xe0][..], &[7; 500]].concat();
    let answer = reqwest::Client::new()
        .post(world.relay.url("/files"))
        .query(&[("chat", chat.to_string().as_str()), ("name", "фото 1.jpg")])
        .bearer_auth(anna.token())
        .body(photo.clone());
    let handed: HandedFile = answer.send().await.unwrap().json().await.unwrap();
    let draft = ReplyDraft {
        file: Some(handed),
        ..reply("")
    };
    anna.command(chat, DeskCommand::Reply(draft)).await.unwrap();
    let sent = bot.wait_for_sent(1, PATIENCE).await;
    assert_eq!(sent[0].call["type"], "picture");
    let media = sent[0].call["media"].as_str().unwrap();
    assert!(media.starts_with(&format!("{PUBLIC}/files/")), "{media}");
    assert_eq!(bot.fetch(media).await.unwrap(), (200, photo.into()));
    let (rest, name) = media.rsplit_once('/').unwrap();
    let (rest, proof) = rest.rsplit_once('/').unwrap();
    let (rest, until) = rest.rsplit_once('/').unwrap();
    for guess in [
        format!("{rest}/{until}/{}/{name}", proof.replace(['0', 'a'], "b")),
        format!("{rest}/{until}0/{proof}/{name}"),
        format!("{rest}1/{until}/{proof}/{name}"),
    ] {
        assert_eq!(bot.fetch(&guess).await.unwrap().0, 404, "{guess}");
    }
    assert!(
        !world.relay.log().contains(proof),
        "the address is in the log"
    );
    bot.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_unlinked_is_called_no_more_until_it_is_relinked() {
    let (bot, world) = start().await;
    is_called(&bot).await;
    let said = links::done(&world, &["unlink", "acme-viber"]);
    assert!(said.contains("calls this relay no more"), "{said}");
    assert_eq!(bot.webhook(), None);
    links::done(&world, &["relink", "acme-viber"]);
    is_called(&bot).await;
    bot.stop().await;
}
