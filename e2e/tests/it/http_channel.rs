//! An app that posts signed events and takes signed replies (CH-11, V-08).

use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use sim::backend::{Backend, Fault};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command;

use shared::chat::Event;

use crate::harness::desk::texts;
use crate::harness::relay::Setup;
use crate::harness::{PATIENCE, World, eventually};

const SECRET: &str = "a secret of both sides";

struct App {
    backend: Backend,
    world: World,
}

impl App {
    async fn start() -> Self {
        let backend = Backend::start(SECRET).await.unwrap();
        let channel = format!(
            "[[channel]]\nid = \"acme-app\"\nkind = \"http\"\nname = \"Acme app\"\napi_url = \"{}\"\nsecret = \"{SECRET}\"\n",
            backend.url()
        );
        let world = World::start_with(Setup {
            more_config: channel,
            ..Setup::default()
        })
        .await;
        Self { backend, world }
    }

    async fn post(&self, event: &serde_json::Value) -> u16 {
        let address = self.world.relay.url("/webhooks/acme-app");
        self.backend.post(&address, event).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_talks_to_the_desk_and_every_reply_comes_once() {
    let app = App::start().await;
    let mut anna = app.world.desk("anna").await;
    let event = json!({ "type": "message", "id": "m-1", "visitor": "user-42", "text": "Счёт не открывается 😕",
        "attachments": [{ "kind": "photo", "url": "https://app.example/1.png", "title": "screen.png" }] });
    for _ in 0..3 {
        assert_eq!(app.post(&event).await, 200);
    }
    let chat = anna.chat_saying("Счёт не открывается 😕").await.id;
    anna.chat_when(chat, "the name is known", |chat| {
        chat.visitor.name() == "Alex Sample"
    })
    .await;
    anna.claim(chat).await.unwrap();

    // Each is taken once, whatever the answer was.
    app.backend.inject(Fault::CloseAfter);
    app.backend.inject(Fault::Status(502));
    app.backend.inject(Fault::TooFast(1));
    anna.reply(chat, "Смотрю.").await.unwrap();
    anna.reply(chat, "Готово!").await.unwrap();
    let replies = app.backend.wait_for_replies(2, PATIENCE).await;
    let said: Vec<_> = replies
        .iter()
        .map(|reply| reply["text"].as_str().unwrap())
        .collect();
    assert_eq!(said, ["Смотрю.", "Готово!"]);
    anna.chat_when(chat, "both have left", |chat| chat.outgoing.is_empty())
        .await;
    assert!(app.backend.calls() >= 5, "three troubles and two answers");

    let first = format!("r-{}", replies[0]["key"].as_str().unwrap());
    assert_eq!(
        app.post(&json!({ "type": "read", "visitor": "user-42", "ids": [first] }))
            .await,
        200
    );
    anna.wait("it was read", |seen| {
        seen.events
            .iter()
            .any(|stored| matches!(&stored.event, Event::ReplyRead { .. }))
    })
    .await;
    assert_eq!(app.post(&json!({ "type": "answered", "id": "o-1", "visitor": "user-42", "text": "from the back office" })).await, 200);
    anna.wait("it is there", |seen| {
        texts(seen, chat)
            .iter()
            .any(|text| text == "from the back office")
    })
    .await;
    let seen = anna.look(|seen| texts(seen, chat));
    assert_eq!(
        seen,
        [
            "Счёт не открывается 😕",
            "Смотрю.",
            "Готово!",
            "from the back office"
        ]
    );
    app.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_with_another_secret_is_turned_away_and_what_is_strange_is_kept() {
    let app = App::start().await;
    let stranger = Backend::start("another secret").await.unwrap();
    let event = json!({ "type": "message", "id": "m-1", "visitor": "user-42", "text": "forged" });
    let address = app.world.relay.url("/webhooks/acme-app");
    assert_eq!(stranger.post(&address, &event).await.unwrap(), 403);
    assert_eq!(
        app.post(&json!({ "type": "message", "text": "of nobody" }))
            .await,
        200
    );
    assert!(app.world.relay.log().contains("an event without a visitor"));
    let anna = app.world.desk("anna").await;
    assert_eq!(anna.look(|seen| seen.chats.len()), 0);
    stranger.stop().await;
    app.backend.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_of_the_documentation_works() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/http-channel.py");
    let app = App::start().await;
    let spawned = Command::new("python3")
        .arg(script)
        .args([&app.world.relay.url("/webhooks/acme-app"), "0"])
        .env("SECRET", SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut python) = spawned else {
        println!("no Python here: what CI runs on has one");
        return;
    };
    let mut says = BufReader::new(python.stdout.take().unwrap()).lines();
    let listening = says.next_line().await.unwrap().unwrap();
    let port = listening.strip_prefix("listening on ").unwrap();
    let (here, there) = (app.backend.url(), format!("http://127.0.0.1:{port}/"));
    app.world
        .relay
        .rewrite_config(|text| text.replace(here, &there));

    let mut anna = app.world.desk("anna").await;
    let mut stdin = python.stdin.take().unwrap();
    stdin
        .write_all("hello from a script\n".as_bytes())
        .await
        .unwrap();
    let chat = anna.chat_saying("hello from a script").await.id;
    eventually("the changed config is in force", || async {
        app.world
            .relay
            .log()
            .contains("the changed config is in force")
    })
    .await;
    anna.claim(chat).await.unwrap();
    anna.reply(chat, "hello, script").await.unwrap();
    let said = tokio::time::timeout(PATIENCE, says.next_line())
        .await
        .unwrap();
    assert_eq!(said.unwrap().unwrap(), "operator: hello, script");
    python.kill().await.unwrap();
    app.backend.stop().await;
}
