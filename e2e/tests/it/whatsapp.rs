//! A number of WhatsApp beside the Page: replies that are accepted before anybody knows whether they arrive, and people who
//! hide their number. Every event comes twice.

use std::time::Duration;

use serde_json::json;
use sim::whatsapp::{Fault, Number, NumberOptions};

use shared::chat::{DeskCommand, Event, ReplyDraft};
use shared::model::{AttachmentKind, ChatId, FailureReason, HandedFile, Presence};
use shared::protocol::ClientFrame;

use crate::harness::desk::{Desk, reply, texts};
use crate::harness::relay::Setup;
use crate::harness::{PATIENCE, World, eventually};

const VERIFY_TOKEN: &str = "made-up-by-the-admin";
const PHONE: &str = "15550000001";
const ID: &str = "US.13491208655302741918";

async fn start() -> (Number, World) {
    let options = NumberOptions {
        copies: 2,
        ..NumberOptions::default()
    };
    let number = Number::start(options).await.unwrap();
    let options = number.options();
    let channel = format!(
        "[[channel]]\nid = \"acme-whatsapp\"\nkind = \"whatsapp\"\nname = \"Acme on WhatsApp\"\napi_url = \"{}\"\n\
         phone_number_id = \"{}\"\nwaba_id = \"{}\"\naccess_token = \"{}\"\nverify_token = \"{VERIFY_TOKEN}\"\n\
         app_secret = \"{}\"\n",
        number.url(),
        options.phone_number_id,
        options.waba_id,
        options.access_token,
        options.app_secret,
    );
    let world = World::start_with(Setup {
        more_config: channel,
        ..Setup::default()
    })
    .await;
    let address = world.relay.url("/webhooks/acme-whatsapp");
    number.set_callback(&address, VERIFY_TOKEN).await.unwrap();
    eventually("the relay subscribes by itself", || async {
        number.is_subscribed()
    })
    .await;
    (number, world)
}

async fn has(desk: &Desk, chat: ChatId, what: &str, is_it: impl Fn(&Event) -> bool) {
    desk.wait(what, |seen| {
        let mut events = seen.events.iter().filter(|stored| stored.chat == chat);
        events.any(|stored| is_it(&stored.event))
    })
    .await;
}

async fn has_failed(desk: &mut Desk, chat: ChatId, why: &FailureReason) {
    has(
        desk,
        chat,
        "it failed, and says why",
        |event| matches!(event, Event::ReplyFailed { reason, .. } if reason == why),
    )
    .await;
    desk.chat_when(chat, "it needs a person", |chat| {
        chat.troubled().count() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talk_on_whatsapp_from_the_first_word_to_the_last() {
    let (number, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = number.person(PHONE, ID, "Ольга Пример");
    olga.writes("Здравствуйте! 👋🏽 Где заказ №12?");
    let chat = anna.chat_saying("Здравствуйте! 👋🏽 Где заказ №12?").await.id;
    anna.chat_when(chat, "the name is known", |chat| {
        chat.visitor.name() == "Ольга Пример"
    })
    .await;
    anna.claim(chat).await.unwrap();
    anna.reply(chat, "Уже едет.").await.unwrap();
    let sent = number.wait_for_sent(1, PATIENCE).await;
    assert_eq!(
        (sent[0].receiver.as_str(), sent[0].text.as_str()),
        (ID, "Уже едет.")
    );
    // What was seen comes before what arrived.
    olga.receives(&sent[0], "read");
    has(
        &anna,
        chat,
        "it was seen",
        |event| matches!(event, Event::ReplyRead { messages, .. } if messages.len() == 1),
    )
    .await;
    olga.receives(&sent[0], "delivered");
    has(
        &anna,
        chat,
        "it reached the device",
        |event| matches!(event, Event::ReplyDelivered { messages, .. } if messages.len() == 1),
    )
    .await;
    olga.sends(json!({ "type": "hologram", "hologram": { "x": 1 } }));
    has(&anna, chat, "an unknown kind is shown by its name", |event| {
        matches!(event, Event::Received { message, .. }
            if message.attachments.iter().any(|a| a.kind == AttachmentKind::Other("hologram".to_owned())))
    })
    .await;
    let first = olga.writes("Спасибо");
    anna.chat_saying("Спасибо").await;
    olga.sends(
        json!({ "type": "edit", "edit": { "original_message_id": first,
        "message": { "type": "text", "text": { "body": "Большое спасибо" } } } }),
    );
    has(
        &anna,
        chat,
        "the change is shown",
        |event| matches!(event, Event::Edited { text, .. } if text == "Большое спасибо"),
    )
    .await;
    let seen = anna.look(|seen| texts(seen, chat));
    let greetings = seen.iter().filter(|text| text.starts_with("Здравствуйте"));
    assert_eq!(greetings.count(), 1, "every event came twice");
    assert_eq!(anna.look(|seen| seen.chats.len()), 1);
    assert_eq!(number.wait_for_sent(1, PATIENCE).await.len(), 1);
    let log = world.relay.log();
    let options = number.options();
    for secret in [&options.access_token, &options.app_secret] {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
    }
    number.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_sees_that_they_are_read_and_that_somebody_writes() {
    let (number, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = number.person(PHONE, ID, "Ольга");
    let asked = olga.writes("Есть кто?");
    let chat = anna.chat_saying("Есть кто?").await.id;
    anna.claim(chat).await.unwrap();
    let presence = Presence::Replying;
    anna.send(ClientFrame::Presence { chat, presence });
    eventually("they see it", || async {
        number.signs().iter().any(|sign| {
            sign["message_id"] == asked.as_str() && sign["typing_indicator"]["type"] == "text"
        })
    })
    .await;
    number.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_was_accepted_fails_later_with_the_reason_and_can_be_tried_again() {
    let (number, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = number.person(PHONE, ID, "Ольга");
    olga.writes("hello");
    let chat = anna.chat_saying("hello").await.id;
    anna.claim(chat).await.unwrap();
    // By the platform's clock the window has closed; the relay does not know.
    number.advance(Duration::from_hours(25));
    anna.reply(chat, "too late").await.unwrap();
    has_failed(&mut anna, chat, &FailureReason::WindowClosed).await;

    olga.writes("still there?");
    anna.chat_saying("still there?").await;
    let message = anna.chat_when(chat, "it waits", |_| true).await.outgoing[0].message;
    let retry = DeskCommand::Retry { message };
    anna.command(chat, retry).await.unwrap();
    let sent = number.wait_for_sent(2, PATIENCE).await;
    assert_eq!(sent[1].text, "too late");
    olga.receives(&sent[1], "delivered");
    has(
        &anna,
        chat,
        "this time it arrives",
        |event| matches!(event, Event::ReplyDelivered { messages, .. } if *messages == [message]),
    )
    .await;
    anna.chat_when(chat, "nothing is left to do", |chat| {
        chat.outgoing.is_empty()
    })
    .await;
    number.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_to_somebody_who_is_gone_is_sent_first_and_fails_then() {
    let (number, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = number.person(PHONE, ID, "Ольга");
    olga.writes("hello");
    let chat = anna.chat_saying("hello").await.id;
    olga.goes_away();
    anna.claim(chat).await.unwrap();
    anna.reply(chat, "are you there?").await.unwrap();
    has_failed(&mut anna, chat, &FailureReason::VisitorUnreachable).await;
    assert_eq!(number.wait_for_sent(1, PATIENCE).await.len(), 1);
    number.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_whose_answer_was_lost_is_cleared_up_by_the_status_that_carries_our_label() {
    let (number, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = number.person(PHONE, ID, "Ольга");
    olga.writes("hello");
    let chat = anna.chat_saying("hello").await.id;
    anna.claim(chat).await.unwrap();
    number.inject(Fault::CloseAfter);
    anna.reply(chat, "hi").await.unwrap();
    let sent = number.wait_for_sent(1, PATIENCE).await;
    let id = sent[0].id.as_str().into();
    has(
        &anna,
        chat,
        "it is known to be sent",
        |event| matches!(event, Event::ReplySent { platform_id: Some(named), .. } if *named == id),
    )
    .await;
    olga.receives(&sent[0], "delivered");
    has(
        &anna,
        chat,
        "by its name",
        |event| matches!(event, Event::ReplyDelivered { messages, .. } if messages.len() == 1),
    )
    .await;
    assert_eq!(
        number.wait_for_sent(1, PATIENCE).await.len(),
        1,
        "sent once"
    );
    number.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_with_our_token_and_go_out_as_what_they_are() {
    let (number, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = number.person(PHONE, ID, "Ольга");
    let pdf = b"%PDF-1.7 a contract".to_vec();
    olga.sends_file("document", "Договор №5.pdf", "application/pdf", pdf.clone());
    let chat = anna.chat_saying("Договор №5.pdf").await.id;
    has(&anna, chat, "it is here", |event| {
        matches!(event, Event::FileKept { file, .. }
            if (file.name.as_str(), file.mime.as_str()) == ("Договор №5.pdf", "application/pdf"))
    })
    .await;
    let photo = [&[0xff, 0xd8, 0xff, 0xe0][..], &[7; 500]].concat();
    let answer = reqwest::Client::new()
        .post(world.relay.url("/files"))
        .query(&[("chat", chat.to_string().as_str()), ("name", "счёт.jpg")])
        .bearer_auth(anna.token())
        .body(photo.clone());
    let handed: HandedFile = answer.send().await.unwrap().json().await.unwrap();
    let draft = ReplyDraft {
        file: Some(handed),
        ..reply("")
    };
    anna.command(chat, DeskCommand::Reply(draft)).await.unwrap();
    let sent = number.wait_for_sent(1, PATIENCE).await;
    assert_eq!(sent[0].call["type"], "image");
    let file = sent[0].file.as_ref().unwrap();
    assert_eq!(
        (file.name.as_str(), &file.bytes[..]),
        ("счёт.jpg", &photo[..])
    );
    olga.receives(&sent[0], "delivered");
    has(
        &anna,
        chat,
        "it reached the device",
        |event| matches!(event, Event::ReplyDelivered { messages, .. } if messages.len() == 1),
    )
    .await;
    number.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_hides_their_number_stays_who_they_are_and_is_answered() {
    let (number, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = number.person(PHONE, ID, "Ольга");
    olga.writes("with a number");
    let chat = anna.chat_saying("with a number").await.id;
    olga.hides_number();
    olga.writes("without one");
    has(
        &anna,
        chat,
        "it is the same chat",
        |event| matches!(event, Event::Received { message, .. } if message.text == "without one"),
    )
    .await;
    let stranger = number.person("4915550000002", "DE.99887766554433221100", "Hidden");
    stranger.hides_number();
    stranger.writes("hallo");
    let hidden = anna.chat_saying("hallo").await.id;
    assert_ne!(hidden, chat);
    anna.claim(hidden).await.unwrap();
    anna.reply(hidden, "Guten Tag").await.unwrap();
    let sent = number.wait_for_sent(1, PATIENCE).await;
    assert_eq!(sent[0].call["recipient"], "DE.99887766554433221100");
    assert!(sent[0].call.get("to").is_none());
    number.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_company_writes_on_its_own_phone_stands_in_the_visitors_chat() {
    let (number, world) = start().await;
    let anna = world.desk("anna").await;
    let olga = number.person(PHONE, ID, "Ольга");
    olga.writes("hello");
    let chat = anna.chat_saying("hello").await.id;
    olga.is_written_to("we are on it");
    has(&anna, chat, "it is ours, from elsewhere", |event| {
        matches!(event, Event::AnsweredOutside { message, .. } if message.text == "we are on it")
    })
    .await;
    assert_eq!(anna.look(|seen| seen.chats.len()), 1);
    number.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_fast_for_one_visitor_holds_nobody_else_up() {
    let (number, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = number.person(PHONE, ID, "Ольга");
    let petr = number.person("15550000003", "US.3", "Пётр");
    olga.writes("one");
    petr.writes("two");
    let first = anna.chat_saying("one").await.id;
    let second = anna.chat_saying("two").await.id;
    anna.claim(first).await.unwrap();
    anna.claim(second).await.unwrap();
    olga.is_crowded(true);
    anna.reply(first, "to Olga").await.unwrap();
    anna.reply(second, "to Petr").await.unwrap();
    let sent = number.wait_for_sent(1, PATIENCE).await;
    assert_eq!(sent[0].text, "to Petr", "while she is still refused");
    olga.is_crowded(false);
    let sent = number.wait_for_sent(2, PATIENCE).await;
    assert_eq!(sent[1].text, "to Olga");
    number.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_meta_did_not_sign_and_who_does_not_know_the_token_is_turned_away() {
    let (number, world) = start().await;
    let address = world.relay.url("/webhooks/acme-whatsapp");
    assert!(number.set_callback(&address, "a guess").await.is_err());
    let body = json!({ "object": "whatsapp_business_account", "entry": [] });
    for signature in [None, Some("0".repeat(64)), Some("nonsense".to_owned())] {
        let mut request = reqwest::Client::new().post(&address).json(&body);
        if let Some(signature) = signature {
            request = request.header("x-hub-signature-256", format!("sha256={signature}"));
        }
        assert_eq!(request.send().await.unwrap().status(), 403);
    }
    number.stop().await;
}
