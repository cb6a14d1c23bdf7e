//! A group of Odnoklassniki beside the Page: called with a secret in the address, each event twice; its history tells what no
//! call does (CH-11).

use serde_json::json;
use sim::ok::{Fault, Group, GroupOptions};

use shared::chat::{DeskCommand, Event, ReplyDraft};
use shared::model::{AttachmentKind, ChatId, FailureReason, HandedFile};

use crate::harness::desk::{Desk, reply, texts};
use crate::harness::relay::{Relay, Setup};
use crate::harness::{PATIENCE, World, eventually};
use crate::links;

const PUBLIC: &str = "https://desk.acme.example";
const SECRET: &str = "made-up_by_the_admin_1";
const OURS: &str = "https://desk.acme.example/webhooks/acme-group?secret=made-up_by_the_admin_1";

fn channel(group: &Group) -> String {
    format!(
        "[[channel]]\nid = \"acme-group\"\nkind = \"ok\"\nname = \"Acme on Odnoklassniki\"\nlanguage = \"ru\"\n\
         api_url = \"{}\"\ngroup_id = \"{}\"\naccess_token = \"{}\"\nsecret = \"{SECRET}\"\n",
        group.url(),
        group.id(),
        group.token()
    )
}

async fn start_with(options: GroupOptions, env: &[(&str, &str)]) -> (Group, World) {
    let group = Group::start(options).await.unwrap();
    let env = env.iter();
    let world = World::start_with(Setup {
        more_config: channel(&group),
        env: env
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..Setup::default()
    })
    .await;
    group.resolve(PUBLIC, &world.relay.url(""));
    is_called(&group).await;
    (group, world)
}

async fn start() -> (Group, World) {
    let options = GroupOptions {
        copies: 2,
        ..GroupOptions::default()
    };
    start_with(options, &[]).await
}

async fn is_called(group: &Group) {
    eventually(
        "the relay subscribes its address, and only once",
        || async { group.subscriptions() == [OURS] },
    )
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
async fn a_talk_on_odnoklassniki_from_the_first_word_to_the_last() {
    let (group, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = group.person(560_000_000_001, "Ольга Пример");
    olga.opens("promo_42");
    olga.writes("Добрый день! 🙂 Вы работаете сегодня?");
    let chat = anna.chat_saying("Вы работаете сегодня?").await.id;
    has(
        &anna,
        chat,
        "how she came is shown",
        |event| matches!(event, Event::Noticed { notice, .. } if notice.text.contains("promo_42")),
    )
    .await;
    anna.chat_when(chat, "the name is known", |chat| {
        chat.visitor.name() == "Ольга Пример"
    })
    .await;
    anna.claim(chat).await.unwrap();
    anna.reply(chat, "Да, до шести.").await.unwrap();
    let sent = group.wait_for_sent(1, PATIENCE).await;
    assert_eq!(
        (sent[0].chat.as_str(), sent[0].text.as_str()),
        (olga.chat(), "Да, до шести.")
    );
    olga.presses("{\"t\":\"done\"}");
    has(
        &anna,
        chat,
        "the button is shown",
        |event| matches!(event, Event::Noticed { notice, .. } if notice.text.contains("done")),
    )
    .await;
    olga.sends(json!({ "attachments": [{ "type": "HOLOGRAM", "payload": { "x": 1 } }] }));
    has(&anna, chat, "an unknown kind is shown by its name", |event| {
        matches!(event, Event::Received { message, .. }
            if message.attachments.iter().any(|a| a.kind == AttachmentKind::Other("hologram".to_owned())))
    })
    .await;
    olga.does("MESSAGE_EVAPORATED", json!({ "future": [1, 2] }));
    has(&anna, chat, "so is an unknown event", |event| {
        matches!(event, Event::Noticed { notice, .. } if notice.text == "[MESSAGE_EVAPORATED]")
    })
    .await;
    assert!(group.wait_until_taken(PATIENCE).await);
    let seen = anna.look(|seen| texts(seen, chat));
    let greetings = seen
        .iter()
        .filter(|text| text.starts_with("Добрый"))
        .count();
    assert_eq!(greetings, 1, "every event came twice");
    assert_eq!(anna.look(|seen| seen.chats.len()), 1);

    olga.closes();
    anna.reply(chat, "Вы ещё тут?").await.unwrap();
    has(&anna, chat, "the reply failed for good", |event| {
        matches!(event, Event::ReplyFailed { reason, .. } if *reason == FailureReason::VisitorUnreachable)
    })
    .await;
    assert_eq!(group.wait_for_sent(1, PATIENCE).await.len(), 1);
    group.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_the_secret_is_turned_away() {
    let (group, world) = start().await;
    let forged = json!({ "webhookType": "MESSAGE_CREATED", "recipient": { "chat_id": "chat:C1" },
        "message": { "mid": "mid:C1.1", "text": "forged" }, "timestamp": 1 });
    for query in [
        String::new(),
        "?secret=".to_owned(),
        "?secret=a-guess-of-twenty-letters".to_owned(),
        format!("?secret={SECRET}&secret={SECRET}"),
        format!("?SECRET={SECRET}"),
    ] {
        let address = world.relay.url(&format!("/webhooks/acme-group{query}"));
        let request = reqwest::Client::new().post(address).json(&forged);
        assert_eq!(request.send().await.unwrap().status(), 403, "{query}");
    }
    let address = world
        .relay
        .url(&format!("/webhooks/acme-group?secret={SECRET}"));
    let request = reqwest::Client::new().post(address).json(&forged);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.unwrap(), "ok");
    group.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_during_an_outage_comes_once_and_in_order_with_what_moderators_answered() {
    let options = GroupOptions {
        chats_at_once: 1,
        ..GroupOptions::default()
    };
    let (group, mut world) = start_with(options, &[]).await;
    let mut anna = world.desk("anna").await;
    let olga = group.person(560_000_000_001, "Ольга");
    let igor = group.person(560_000_000_002, "Игорь");
    olga.writes("before");
    let chat = anna.chat_saying("before").await.id;
    anna.claim(chat).await.unwrap();
    anna.reply(chat, "our answer").await.unwrap();
    group.wait_for_sent(1, PATIENCE).await;
    has(&anna, chat, "the answer has its name", |event| {
        matches!(event, Event::ReplySent { .. })
    })
    .await;
    world.relay.kill().await;
    for number in 1..=150 {
        olga.writes(&format!("while dead {number}"));
        if number == 75 {
            olga.is_answered("a moderator's answer");
            igor.writes("me too");
        }
    }
    group.give_up_calling();
    world.relay.restart().await;
    let anna = anna.reconnect(&world.relay).await;
    anna.chat_saying("while dead 150").await;
    anna.chat_saying("me too").await;
    let story = anna.look(|seen| texts(seen, chat));
    let mut expected = vec!["before".to_owned(), "our answer".to_owned()];
    expected.extend((1..=75).map(|number| format!("while dead {number}")));
    expected.push("a moderator's answer".to_owned());
    expected.extend((76..=150).map(|number| format!("while dead {number}")));
    assert_eq!(story, expected);
    has(&anna, chat, "it is known to be from outside the desk", |event| {
        matches!(event, Event::AnsweredOutside { message, .. } if message.text == "a moderator's answer")
    })
    .await;
    is_called(&group).await;
    group.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_whose_answer_never_came_is_found_in_the_history_and_not_sent_twice() {
    let (group, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = group.person(560_000_000_001, "Ольга");
    olga.writes("hello");
    let chat = anna.chat_saying("hello").await.id;
    anna.claim(chat).await.unwrap();
    group.inject("send", Fault::CloseAfter);
    anna.reply(chat, "heard or not?").await.unwrap();
    group.wait_for_sent(1, PATIENCE).await;
    has(&anna, chat, "the history tells", |event| {
        matches!(event, Event::ReplySent { .. })
    })
    .await;
    // The next one does not overtake it, and waits for nothing.
    anna.reply(chat, "and this?").await.unwrap();
    let sent = group.wait_for_sent(2, PATIENCE).await;
    let words: Vec<_> = sent.iter().map(|sent| sent.text.as_str()).collect();
    assert_eq!(words, ["heard or not?", "and this?"]);
    assert_eq!(group.injected(), 1, "the trouble happened");
    group.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_name_the_message_doubles_nothing() {
    for names_sent in [Some("mid"), None] {
        let options = GroupOptions {
            names_sent,
            ..GroupOptions::default()
        };
        let (group, mut world) = start_with(options, &[]).await;
        let mut anna = world.desk("anna").await;
        let olga = group.person(560_000_000_001, "Ольга");
        olga.writes("hello");
        let chat = anna.chat_saying("hello").await.id;
        anna.claim(chat).await.unwrap();
        anna.reply(chat, "once").await.unwrap();
        has(&anna, chat, "it is sent", |event| {
            matches!(event, Event::ReplySent { .. })
        })
        .await;
        world.relay.kill().await;
        olga.writes("missed");
        group.give_up_calling();
        world.relay.restart().await;
        let anna = anna.reconnect(&world.relay).await;
        anna.chat_saying("missed").await;
        let story = anna.look(|seen| texts(seen, chat));
        assert_eq!(story, ["hello", "once", "missed"], "{names_sent:?}");
        assert_eq!(group.wait_for_sent(1, PATIENCE).await.len(), 1);
        group.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_and_a_file_are_handed_over_and_arrive_as_what_they_are() {
    let (group, world) = start().await;
    let mut anna = world.desk("anna").await;
    group
        .person(560_000_000_001, "Ольга")
        .writes("Пришлите фото и счёт");
    let chat = anna.chat_saying("Пришлите фото и счёт").await.id;
    anna.claim(chat).await.unwrap();
    let photo = [&[0xff, 0xd8, 0xff, 0xe0][..], &[7; 500]].concat();
    let bill = [b"%PDF-1.7\n".as_slice(), &[b'x'; 500]].concat();
    for (name, bytes) in [("фото 1.jpg", photo.clone()), ("счёт.pdf", bill.clone())] {
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
    let sent = group.wait_for_sent(2, PATIENCE).await;
    let kinds: Vec<_> = sent
        .iter()
        .map(|sent| {
            sent.call["message"]["attachments"][0]["type"]
                .as_str()
                .unwrap()
        })
        .collect();
    assert_eq!(kinds, ["IMAGE", "FILE"]);
    assert_eq!(sent[0].files[0].bytes, photo);
    assert_eq!(
        (
            sent[1].files[0].name.as_str(),
            sent[1].files[0].bytes.as_ref()
        ),
        ("счёт.pdf", &*bill)
    );
    group.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_with_an_old_secret_is_taken_back_and_others_are_left_alone() {
    let group = Group::start(GroupOptions::default()).await.unwrap();
    let other = "https://crm.acme.example/hook";
    group.subscribe(other);
    group.subscribe("https://desk.acme.example/webhooks/acme-group?secret=the-secret-of-last-year");
    let world = World::start_with(Setup {
        more_config: channel(&group),
        ..Setup::default()
    })
    .await;
    eventually("ours stands in its place", || async {
        group.subscriptions() == [other, OURS]
    })
    .await;
    assert!(!world.relay.log().contains("last-year"));
    group.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_died_marks_the_channel_broken_and_replies_wait_for_the_next() {
    let (group, world) = start().await;
    let mut anna = world.desk("anna").await;
    let olga = group.person(560_000_000_001, "Ольга");
    olga.writes("hello");
    let chat = anna.chat_saying("hello").await.id;
    anna.claim(chat).await.unwrap();
    group.set_token(None);
    anna.reply(chat, "later").await.unwrap();
    eventually("the log says what to do", || async {
        world
            .relay
            .log()
            .contains("take a new one from the group's settings")
    })
    .await;
    assert_eq!(group.wait_for_sent(0, PATIENCE).await, []);
    group.set_token(Some("tkn2TheNextKey:CNEXT"));
    world
        .relay
        .rewrite_config(|text| text.replace(group.token(), "tkn2TheNextKey:CNEXT"));
    let sent = group.wait_for_sent(1, PATIENCE).await;
    assert_eq!(sent[0].text, "later");
    group.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_group_is_told() {
    let group = Group::start(GroupOptions::default()).await.unwrap();
    let relay = Relay::start(Setup {
        api_url: "http://127.0.0.1:9".to_owned(),
        more_config: channel(&group).replace("70000000000001", "70000000000002"),
        ..Setup::default()
    })
    .await;
    eventually("the log says whose it is", || async {
        relay
            .log()
            .contains("the access key belongs to another group, group:70000000000001")
    })
    .await;
    group.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_secret_nor_the_key_is_ever_logged_whatever_happens() {
    let (group, mut world) = start_with(GroupOptions::default(), &[("RUST_LOG", "trace")]).await;
    let mut anna = world.desk("anna").await;
    let olga = group.person(560_000_000_001, "Ольга");
    olga.writes("hello");
    let chat = anna.chat_saying("hello").await.id;
    anna.claim(chat).await.unwrap();
    // Words that repeat the address, an answer that never comes, one that cannot be read, nobody there.
    let words = format!("PARAM : {OURS} access_token={}", group.token());
    let escaped = words.replace(':', "%3A");
    group.inject("send", Fault::Refuse(2, words));
    group.inject("send", Fault::Refuse(2, escaped));
    group.inject("send", Fault::Garbage);
    group.inject("chat", Fault::CloseAfter);
    anna.reply(chat, "through all of it").await.unwrap();
    group.wait_for_sent(1, PATIENCE).await;
    let wrong = format!("/webhooks/acme-group?secret={SECRET}&secret={SECRET}");
    let address = world.relay.url(&wrong);
    let answer = reqwest::Client::new().post(address).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    group.stop().await;
    anna.reply(chat, "to nobody").await.unwrap();
    world.kill_and_restart().await;
    eventually("the log tells that nobody answers", || async {
        world.relay.log().contains("Odnoklassniki does not answer")
    })
    .await;
    let log = world.relay.log();
    assert!(
        log.contains("?secret=…"),
        "what repeats the address is logged without the secret"
    );
    let mut written = vec![("the log".to_owned(), log.into_bytes())];
    for entry in std::fs::read_dir(world.relay.database().parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() && path != world.relay.config_path() {
            let name = path.display().to_string();
            written.push((name, std::fs::read(&path).unwrap()));
        }
    }
    assert!(written.len() > 1, "the store is looked at");
    for (place, bytes) in &written {
        for secret in [SECRET, "CSIMULATED"] {
            let is_there = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!is_there, "{secret} stands in {place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_is_unlinked_is_unsubscribed_until_it_is_relinked() {
    let (group, world) = start().await;
    links::done(&world, &["unlink", "acme-group"]);
    assert!(group.subscriptions().is_empty());
    let said = links::done(&world, &["relink", "acme-group"]);
    assert!(!said.contains(SECRET), "{said}");
    is_called(&group).await;
    group.stop().await;
}
