//! What a visitor sends: fetched by the relay, given to desks that see the chat, and removed when its time is over (F-02, F-05).

use reqwest::StatusCode;
use serde_json::json;
use sim::telegram::{BotApi, BotOptions, Person};

use shared::chat::{DeskCommand, Event, Refusal, ReplyDraft};
use shared::model::{ChatId, FileFault, FileId, HandedFile, KeptFile, MessageId};

use crate::harness::desk::{Desk, reply};
use crate::harness::relay::Setup;
use crate::harness::{PATIENCE, World};

const JPEG: [u8; 12] = [0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0, 1];

struct Bot {
    api: BotApi,
    world: World,
    olga: Person,
}

async fn start() -> Bot {
    let api = BotApi::start(BotOptions::default()).await.unwrap();
    let channel = format!(
        "[[channel]]\nid = \"acme-bot\"\nkind = \"telegram\"\nname = \"Acme on Telegram\"\ndepartment = \"sales\"\napi_url = \"{}\"\ntoken = \"{}\"\n",
        api.url(),
        api.token()
    );
    let world = World::start_with(Setup {
        more_config: channel,
        ..Setup::default()
    })
    .await;
    let olga = api.person(5_000_000_001, "Olga", "Example");
    Bot { api, world, olga }
}

fn document(file_id: &str, name: &str) -> serde_json::Value {
    json!({
        "document": { "file_id": file_id, "file_unique_id": "u", "file_name": name, "file_size": 4000 },
        "caption": name,
    })
}

/// Waits until something became of the only file of a message.
async fn outcome(desk: &Desk, words: &str) -> (FileId, Result<KeptFile, FileFault>) {
    let chat = desk.chat_saying(words).await.id;
    let of = |chat: ChatId, seen: &crate::harness::desk::Seen| {
        let events = || seen.events.iter().filter(move |stored| stored.chat == chat);
        let message = events().find_map(|stored| match &stored.event {
            Event::Received { message, .. } if message.text == words => Some(message.id),
            _ => None,
        })?;
        events().find_map(|stored| became(&stored.event, message))
    };
    desk.wait("something becomes of the file", |seen| {
        of(chat, seen).is_some()
    })
    .await;
    desk.look(|seen| of(chat, seen)).unwrap()
}

fn became(event: &Event, of: MessageId) -> Option<(FileId, Result<KeptFile, FileFault>)> {
    match event {
        Event::FileKept { message, id, file } if *message == of => Some((*id, Ok(file.clone()))),
        Event::FileLost { message, id, fault } if *message == of => Some((*id, Err(*fault))),
        _ => None,
    }
}

async fn get(bot: &Bot, desk: Option<&Desk>, id: FileId) -> reqwest::Response {
    let mut request = reqwest::Client::new().get(bot.world.relay.url(&format!("/files/{id}")));
    if let Some(desk) = desk {
        request = request.bearer_auth(desk.token());
    }
    request.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_given_to_whoever_sees_the_chat_and_to_nobody_else() {
    let bot = start().await;
    let anna = bot.world.desk("anna").await;
    let bytes = [&JPEG[..], &vec![7; 3_988]].concat();
    bot.api
        .keep_file("BQAC", "documents/file_3.jpg", bytes.clone());
    bot.olga
        .sends(document("BQAC", "../../счёт \u{202e}gpj.jpg"));
    let (id, kept) = outcome(&anna, "../../счёт gpj.jpg").await;
    let kept = kept.unwrap();
    assert_eq!(
        (kept.name.as_str(), kept.mime.as_str(), kept.size),
        ("счёт gpj.jpg", "image/jpeg", 4_000)
    );

    let answer = get(&bot, Some(&anna), id).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert!(header("content-disposition").starts_with("attachment;"));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(answer.bytes().await.unwrap(), bytes);

    // Of another department: it does not see the chat.
    let dana = bot.world.desk("dana").await;
    assert_eq!(
        get(&bot, Some(&dana), id).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(get(&bot, None, id).await.status(), StatusCode::UNAUTHORIZED);
    let other = get(&bot, Some(&anna), FileId(id.0 + 1)).await;
    assert_eq!(other.status(), StatusCode::NOT_FOUND);
    let log = bot.world.relay.log();
    assert!(!log.contains(&bot.api.token()), "the token is in the log");
    bot.api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_kept_says_why() {
    let bot = start().await;
    let anna = bot.world.desk("anna").await;
    bot.api.keep_file(
        "PROGRAM",
        "documents/file_4",
        &b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff"[..],
    );
    bot.olga.sends(document("PROGRAM", "invoice.pdf"));
    let (id, kept) = outcome(&anna, "invoice.pdf").await;
    assert_eq!(kept, Err(FileFault::NotAccepted));
    assert_eq!(
        get(&bot, Some(&anna), id).await.status(),
        StatusCode::NOT_FOUND
    );
    bot.olga.sends(document("UNKNOWN", "lost.pdf"));
    let (_, kept) = outcome(&anna, "lost.pdf").await;
    assert_eq!(kept, Err(FileFault::Gone));
    bot.api.stop().await;
}

async fn hand_in(
    bot: &Bot,
    desk: &Desk,
    chat: ChatId,
    name: &str,
    bytes: Vec<u8>,
) -> Result<HandedFile, u16> {
    let request = reqwest::Client::new()
        .post(bot.world.relay.url("/files"))
        .query(&[("chat", chat.to_string().as_str()), ("name", name)])
        .bearer_auth(desk.token())
        .body(bytes);
    let answer = request.send().await.unwrap();
    match answer.status() {
        StatusCode::OK => Ok(answer.json().await.unwrap()),
        status => Err(status.as_u16()),
    }
}

fn with(file: &HandedFile) -> DeskCommand {
    DeskCommand::Reply(ReplyDraft {
        file: Some(file.clone()),
        ..reply("")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_out_once_as_what_it_is() {
    let bot = start().await;
    let mut anna = bot.world.desk("anna").await;
    bot.olga.writes("Send me the bill, please");
    let chat = anna.chat_saying("Send me the bill, please").await.id;
    let photo = [&JPEG[..], &vec![7; 300_000]].concat();
    let handed = hand_in(&bot, &anna, chat, "счёт.jpg", photo.clone())
        .await
        .unwrap();
    assert_eq!(
        (handed.file.mime.as_str(), handed.file.size),
        ("image/jpeg", 300_012)
    );
    anna.command(chat, with(&handed)).await.unwrap();
    let sent = bot.api.wait_for_sent(1, PATIENCE).await;
    let file = sent[0].file.as_ref().expect("a file");
    assert_eq!(
        (file.field.as_str(), file.name.as_str(), file.mime.as_str()),
        ("photo", "счёт.jpg", "image/jpeg")
    );
    assert_eq!(file.bytes, photo);
    // It left with that reply, and with no other.
    assert_eq!(
        anna.command(chat, with(&handed)).await,
        Err(Refusal::NoSuchFile)
    );
    assert_eq!(
        get(&bot, Some(&anna), handed.id)
            .await
            .bytes()
            .await
            .unwrap(),
        photo
    );

    // What Telegram cannot show as a photo goes as a file to save.
    let png = [&b"\x89PNG\r\n\x1a\n"[..], &[7; 100]].concat();
    let handed = hand_in(&bot, &anna, chat, "map.png", png).await.unwrap();
    anna.command(chat, with(&handed)).await.unwrap();
    let sent = bot.api.wait_for_sent(2, PATIENCE).await;
    let fields: Vec<_> = sent
        .iter()
        .map(|sent| sent.file.as_ref().unwrap().field.as_str())
        .collect();
    assert_eq!(fields, ["photo", "document"]);
    bot.api.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_go_out_is_refused_before_it_leaves() {
    let bot = start().await;
    let mut anna = bot.world.desk("anna").await;
    let dana = bot.world.desk("dana").await;
    bot.olga.writes("hello");
    let ivan = bot.api.person(5_000_000_002, "Ivan", "Example");
    ivan.writes("hi");
    let chat = anna.chat_saying("hello").await.id;
    let other = anna.chat_saying("hi").await.id;
    let pdf = || b"%PDF-1.7 a bill".to_vec();
    let handed = hand_in(&bot, &anna, chat, "bill.pdf", pdf()).await.unwrap();
    assert_eq!(
        anna.command(other, with(&handed)).await,
        Err(Refusal::NoSuchFile),
        "of another chat"
    );
    let mut lie = handed.clone();
    lie.file.size = 1;
    assert_eq!(
        anna.command(chat, with(&lie)).await,
        Err(Refusal::NoSuchFile)
    );
    let with_text = DeskCommand::Reply(ReplyDraft {
        file: Some(handed.clone()),
        ..reply("here it is")
    });
    assert!(matches!(
        anna.command(chat, with_text).await,
        Err(Refusal::NotSupported { .. })
    ));
    for (desk, chat, name, bytes, status) in [
        (&dana, chat, "bill.pdf", pdf(), 404),
        (&anna, ChatId(1), "bill.pdf", pdf(), 404),
        (
            &anna,
            chat,
            "run.exe",
            b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff".to_vec(),
            415,
        ),
        (&anna, chat, "empty.txt", vec![], 400),
        (&anna, chat, "film.mov", vec![7; (40 << 20) + 1], 413),
    ] {
        assert_eq!(
            hand_in(&bot, desk, chat, name, bytes).await,
            Err(status),
            "{name}"
        );
    }
    assert_eq!(bot.api.sent(), []);
    bot.api.stop().await;
}
