//! A community of VK beside the Page: called back or asked, and what goes wrong on the way (CH-08).

use std::time::Duration;

use sim::vk::{Community, CommunityOptions, Fault};

use serde_json::json;
use shared::chat::{self, DeskCommand, Event, ReplyDraft};
use shared::model::{AttachmentKind, ChannelState, ChatId, FailureReason, HandedFile};
use shared::protocol::{ChannelHealth, ServerFrame};

use crate::harness::desk::{Desk, reply, texts};
use crate::harness::relay::{Setup, pause};
use crate::harness::{PATIENCE, World, eventually};
use crate::links;

const PUBLIC: &str = "https://desk.acme.example";
const HOOK: &str = "https://desk.acme.example/webhooks/acme-vk";
const MARINA: i64 = 700_000_001;
/// More than are met with a pause between them.
const FAILURES: usize = 200;

async fn start(receive: &str) -> (Community, World) {
    let options = CommunityOptions {
        copies: 2,
        ..CommunityOptions::default()
    };
    let vk = Community::start(options).await.unwrap();
    let channel = format!(
        "[[channel]]\nid = \"acme-vk\"\nkind = \"vk\"\nname = \"Acme on VK\"\nlanguage = \"ru\"\napi_url = \"{}\"\n\
         group_id = 190000001\naccess_token = \"{}\"\nsecret = \"sampleSecret0123456789\"\nreceive = \"{receive}\"\n",
        vk.url(),
        vk.token()
    );
    let world = World::start_with(Setup {
        more_config: channel,
        ..Setup::default()
    })
    .await;
    vk.resolve(PUBLIC, &world.relay.url(""));
    if receive == "callback" {
        eventually("VK calls the relay", || async { vk.is_called(HOOK) }).await;
    } else {
        eventually("VK is asked", || async {
            vk.calls("groups.getLongPollServer") > 0
        })
        .await;
    }
    (vk, world)
}

async fn has(desk: &Desk, chat: ChatId, what: &str, is_it: impl Fn(&Event) -> bool) {
    desk.wait(what, |seen| {
        let mut events = seen.events.iter().filter(|stored| stored.chat == chat);
        events.any(|stored| is_it(&stored.event))
    })
    .await;
}

fn count(desk: &Desk, chat: ChatId, words: &str) -> usize {
    desk.look(|seen| {
        texts(seen, chat)
            .iter()
            .filter(|text| *text == words)
            .count()
    })
}

/// From the first word to the last.
async fn talk(vk: &Community, world: &World) {
    let mut anna = world.desk("anna").await;
    let marina = vk.person(MARINA, "Марина", "Пример");
    marina.writes("Здравствуйте! 👋🏽 &quot;Синий&quot; есть?");
    let chat = anna
        .chat_saying("Здравствуйте! 👋🏽 \"Синий\" есть?")
        .await
        .id;
    anna.chat_when(chat, "the name is known", |chat| {
        chat.visitor.name() == "Марина Пример"
    })
    .await;
    anna.claim(chat).await.unwrap();
    anna.reply(chat, "Да, два.").await.unwrap();
    let sent = vk.wait_for_sent(1, PATIENCE).await;
    assert_eq!((sent[0].peer, sent[0].text.as_str()), (MARINA, "Да, два."));
    marina.reads(sent[0].number);
    has(&anna, chat, "it was seen", |event| {
        matches!(event, Event::ReplyRead { .. })
    })
    .await;
    marina.is_answered_in_vk("И ещё один на складе");
    has(&anna, chat, "a colleague answered in VK", |event| {
        matches!(event, Event::AnsweredOutside { message, .. } if message.text == "И ещё один на складе")
    })
    .await;
    marina.sends(json!({ "attachments": [{ "type": "hologram", "hologram": {} }] }));
    has(&anna, chat, "an unknown kind is shown by its name", |event| {
        matches!(event, Event::Received { message, .. }
            if message.attachments.iter().any(|a| a.kind == AttachmentKind::Other("hologram".to_owned())))
    })
    .await;
    assert_eq!(
        count(&anna, chat, "Здравствуйте! 👋🏽 \"Синий\" есть?"),
        1,
        "every event came twice"
    );
    assert_eq!(
        count(&anna, chat, "Да, два."),
        1,
        "our own echo is no answer of others"
    );
    assert_eq!(anna.look(|seen| seen.chats.len()), 1);

    marina.denies();
    has(&anna, chat, "the desk is told", |event| {
        matches!(event, Event::Noticed { notice, .. } if notice.text.starts_with("denied messages"))
    })
    .await;
    anna.reply(chat, "Отложить?").await.unwrap();
    has(&anna, chat, "the reply failed for good", |event| {
        matches!(event, Event::ReplyFailed { reason, .. } if *reason == FailureReason::VisitorUnreachable)
    })
    .await;
    let log = world.relay.log();
    assert!(
        !log.contains(vk.token()) && !log.contains("sampleSecret"),
        "a secret is in the log"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_is_set_up_by_the_relay_and_talks_by_callback() {
    let (vk, world) = start("callback").await;
    talk(&vk, &world).await;
    assert_eq!(vk.calls("groups.addCallbackServer"), 1);
    vk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_without_a_public_address_is_asked() {
    let (vk, world) = start("poll").await;
    talk(&vk, &world).await;
    assert_eq!(vk.calls("groups.addCallbackServer"), 0);
    vk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_long_poll_lost_is_asked_for_and_a_key_that_ran_out_loses_nothing() {
    let (vk, world) = start("poll").await;
    let anna = world.desk("anna").await;
    let marina = vk.person(MARINA, "Марина", "Пример");
    marina.writes("первое");
    let chat = anna.chat_saying("первое").await.id;
    vk.fail_poll(2);
    marina.writes("второе");
    anna.chat_when(chat, "the second is there", |chat| {
        last_line(chat) == "второе"
    })
    .await;
    // What is lost on the way comes from the history, within a minute.
    vk.fail_poll(1);
    marina.writes("третье");
    anna.chat_when(chat, "the third is there", |chat| {
        last_line(chat) == "третье"
    })
    .await;
    marina.writes("четвёртое");
    anna.chat_when(chat, "the fourth is there", |chat| {
        last_line(chat) == "четвёртое"
    })
    .await;
    let said = anna.look(|seen| texts(seen, chat));
    assert_eq!(said, ["первое", "второе", "третье", "четвёртое"]);
    vk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_that_never_takes_its_own_key_is_not_asked_without_a_pause() {
    let (vk, world) = start("poll").await;
    let before = vk.calls("groups.getLongPollServer");
    for _ in 0..FAILURES {
        vk.fail_poll(2);
    }
    eventually("it has failed more than once", || async {
        vk.calls("groups.getLongPollServer") > before + 1
    })
    .await;
    pause(Duration::from_millis(1500)).await;
    let asked = vk.calls("groups.getLongPollServer") - before;
    assert!(asked < FAILURES / 10, "asked {asked} times at once");
    assert!(world.relay.log().contains("the key that it has just given"));
    vk.stop().await;
}

/// What VK tells only in part is asked for; what it does not tell is not hidden.
async fn is_told_whole(receive: &str) {
    let (vk, world) = start(receive).await;
    let anna = world.desk("anna").await;
    let marina = vk.person(MARINA, "Марина", "Пример");
    marina.writes_at_length("начало и очень длинный конец", "начало");
    let chat = anna.chat_saying("начало и очень длинный конец").await.id;
    // Every event comes twice, the first one perhaps only now.
    for _ in 0..6 {
        vk.inject("messages.getByConversationMessageId", Fault::Refuse(10));
    }
    marina.writes_at_length("снова начало и конец", "снова начало");
    has(&anna, chat, "the part says that it is one", |event| {
        matches!(event, Event::Received { message, .. } if message.text == "снова начало"
            && message.attachments.iter().any(|a| a.kind == AttachmentKind::Other("cropped".to_owned())))
    })
    .await;
    let said = anna.look(|seen| texts(seen, chat));
    assert_eq!(said, ["начало и очень длинный конец", "снова начало"]);
    vk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_vk_tells_in_part_is_asked_for() {
    is_told_whole("callback").await;
    is_told_whole("poll").await;
}

fn last_line(chat: &chat::Chat) -> String {
    chat.last_line
        .as_ref()
        .map(|line| line.text.clone())
        .unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_without_an_answer_is_cleared_up_and_sent_once() {
    let (vk, world) = start("callback").await;
    let mut anna = world.desk("anna").await;
    let marina = vk.person(MARINA, "Марина", "Пример");
    marina.writes("вы тут?");
    let chat = anna.chat_saying("вы тут?").await.id;
    anna.claim(chat).await.unwrap();
    vk.inject("messages.send", Fault::CloseAfter);
    vk.inject("messages.send", Fault::Garbage);
    anna.reply(chat, "Да, тут.").await.unwrap();
    anna.reply(chat, "Чем помочь?").await.unwrap();
    let is_sent = |event: &Event| matches!(event, Event::ReplySent { .. });
    anna.wait("both are sent", |seen| {
        seen.events
            .iter()
            .filter(|stored| is_sent(&stored.event))
            .count()
            == 2
    })
    .await;
    assert_eq!(vk.injected(), 2, "both faults happened");
    let sent = vk.wait_for_sent(2, PATIENCE).await;
    let words: Vec<&str> = sent.iter().map(|sent| sent.text.as_str()).collect();
    assert_eq!(words, ["Да, тут.", "Чем помочь?"]);
    vk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_token_breaks_the_channel_and_replies_wait() {
    let (vk, world) = start("callback").await;
    let mut anna = world.desk("anna").await;
    vk.person(MARINA, "Марина", "Пример").writes("алло");
    let chat = anna.chat_saying("алло").await.id;
    anna.claim(chat).await.unwrap();
    vk.kill_token(true);
    anna.reply(chat, "слушаем").await.unwrap();
    anna.wait("the channel is broken", |seen| {
        seen.frames.iter().any(|frame| {
            matches!(frame, ServerFrame::Channel(ChannelHealth { channel, health: ChannelState::Broken { reason } })
                if channel.as_str() == "acme-vk" && reason.contains("access_token"))
        })
    })
    .await;
    assert!(vk.wait_for_sent(0, PATIENCE).await.is_empty());
    vk.kill_token(false);
    let sent = vk.wait_for_sent(1, PATIENCE * 4).await;
    assert_eq!(sent[0].text, "слушаем");
    vk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_know_the_secret_is_turned_away() {
    let (vk, world) = start("callback").await;
    let message = json!({ "peer_id": 1, "from_id": 1, "text": "forged", "conversation_message_id": 1, "date": 1 });
    for secret in [None, Some("wrong"), Some("")] {
        let mut body = json!({
            "type": "message_new", "group_id": 190_000_001, "event_id": "1", "object": { "message": message },
        });
        if let Some(secret) = secret {
            body["secret"] = secret.into();
        }
        let request = reqwest::Client::new()
            .post(world.relay.url("/webhooks/acme-vk"))
            .json(&body);
        assert_eq!(request.send().await.unwrap().status(), 403, "{secret:?}");
    }
    vk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_and_a_document_go_out_in_three_steps() {
    let (vk, world) = start("callback").await;
    let mut anna = world.desk("anna").await;
    vk.person(MARINA, "Марина", "Пример")
        .writes("пришлите фото и счёт");
    let chat = anna.chat_saying("пришлите фото и счёт").await.id;
    let photo = [&[0xff, 0xd8, 0xff, 0xe0][..], &[7; 500]].concat();
    for (name, bytes) in [
        ("фото.jpg", photo),
        ("счёт.pdf", b"%PDF-1.7 a bill".to_vec()),
    ] {
        let answer = reqwest::Client::new()
            .post(world.relay.url("/files"))
            .query(&[("chat", chat.to_string().as_str()), ("name", name)])
            .bearer_auth(anna.token())
            .body(bytes);
        let handed: HandedFile = answer.send().await.unwrap().json().await.unwrap();
        let draft = ReplyDraft {
            file: Some(handed),
            ..reply("")
        };
        anna.command(chat, DeskCommand::Reply(draft)).await.unwrap();
    }
    let sent = vk.wait_for_sent(2, PATIENCE).await;
    let named: Vec<_> = sent
        .iter()
        .map(|sent| sent.attachment.clone().unwrap_or_default())
        .collect();
    assert!(
        named[0].starts_with("photo700000001_") && named[1].starts_with("doc700000001_"),
        "{named:?}"
    );
    let uploads = vk.uploads();
    assert_eq!(
        (uploads[0].name.as_str(), uploads[1].name.as_str()),
        ("фото.jpg", "счёт.pdf")
    );
    vk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_community_that_is_unlinked_is_called_no_more_and_brings_in_what_was_missed() {
    let (vk, world) = start("callback").await;
    let anna = world.desk("anna").await;
    let marina = vk.person(MARINA, "Марина", "Пример");
    marina.writes("до");
    let chat = anna.chat_saying("до").await.id;
    links::done(&world, &["unlink", "acme-vk"]);
    assert!(!vk.is_called(HOOK));
    marina.writes("есть кто?");
    let said = links::done(&world, &["relink", "acme-vk"]);
    assert!(said.contains("of the last 24 hours"), "{said}");
    assert!(vk.is_called(HOOK));
    has(
        &anna,
        chat,
        "what was missed is there",
        |event| matches!(event, Event::Received { message, .. } if message.text == "есть кто?"),
    )
    .await;
    assert_eq!(count(&anna, chat, "до"), 1);
    assert_eq!(count(&anna, chat, "есть кто?"), 1);
    vk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_button_does_not_wait_for_ever() {
    let (vk, world) = start("callback").await;
    let anna = world.desk("anna").await;
    let marina = vk.person(MARINA, "Марина", "Пример");
    marina.writes("до");
    let chat = anna.chat_saying("до").await.id;
    marina.presses(&json!({ "rate": 5 }));
    has(
        &anna,
        chat,
        "the press is shown",
        |event| matches!(event, Event::Noticed { notice, .. } if notice.text.contains("rate")),
    )
    .await;
    eventually("it is answered", || async {
        vk.calls("messages.sendMessageEventAnswer") > 0
    })
    .await;
    vk.stop().await;
}
