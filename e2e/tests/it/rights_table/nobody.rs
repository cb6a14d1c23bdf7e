//! Whoever is not logged in, at every address and with every frame.

use shared::chat::DeskCommand;
use shared::model::{ChatId, Language, TemplateId, TemplateScope};
use shared::protocol::{ClientFrame, GoodbyeCode, PROTOCOL, ServerFrame};

use crate::harness::World;

use super::company::Company;
use super::frames::frames;
use super::templates::template;
use super::{Lies, Row};

/// Frames that are about no chat, or in another table.
pub(super) fn other_frames() -> Vec<ClientFrame> {
    let request = 1;
    vec![
        ClientFrame::Hello {
            protocol: PROTOCOL,
            token: "0".into(),
            resume: None,
            program: "story".to_owned(),
        },
        ClientFrame::Command {
            id: "x".into(),
            chat: ChatId(1),
            command: DeskCommand::Release,
        },
        ClientFrame::SaveTemplate {
            request,
            id: None,
            template: template(TemplateScope::Global),
        },
        ClientFrame::DeleteTemplate {
            request,
            id: TemplateId(1),
        },
        ClientFrame::LoadSessions { request },
        ClientFrame::EndSession {
            request,
            operator: "anna".into(),
            session: "0".to_owned(),
        },
        ClientFrame::Speak {
            language: Language::from("ru"),
        },
        ClientFrame::Ping { stamp: 1 },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_anything_at_any_address() {
    let row = Row {
        asker: "anna",
        lies: Lies::Queued,
        marker: "zebra of nobody".to_owned(),
        is_closed: false,
    };
    let company = Company::open(&[row]).await;
    let chat = &company.chats["zebra of nobody"];
    for frame in frames(chat, "zebra", 1).into_iter().chain(other_frames()) {
        let is_hello = matches!(frame, ClientFrame::Hello { .. });
        let said = first_words(&company.world, &frame).await;
        let [ServerFrame::Goodbye(goodbye)] = said.as_slice() else {
            panic!("{}: {said:?}", frame.name());
        };
        let wanted = if is_hello {
            GoodbyeCode::NotLoggedIn
        } else {
            GoodbyeCode::BadFrame
        };
        assert_eq!(goodbye.code, wanted, "{}", frame.name());
    }
    let client = reqwest::Client::new();
    for (method, path, token, status) in [
        ("GET", "/", "", 404),
        ("GET", "/api/v1/session", "", 405),
        ("POST", "/api/v1/session", "", 400),
        ("DELETE", "/api/v1/session", "", 401),
        ("DELETE", "/api/v1/session", "0", 204),
        ("GET", "/files/1", "", 401),
        ("GET", "/files/1", "0", 401),
        ("GET", "/files/..%2f..%2fetc%2fpasswd", "", 401),
        ("GET", "/ws", "", 426),
        ("GET", "/metrics", "", 404),
        ("GET", "/healthz", "", 200),
        ("GET", "/readyz", "", 200),
        ("GET", "/webhooks/acme-page", "", 403),
        ("POST", "/webhooks/acme-page", "", 403),
        ("PUT", "/webhooks/acme-page", "", 405),
        ("GET", "/webhooks/nowhere", "", 404),
        ("POST", "/webhooks/nowhere", "", 404),
        ("GET", "/config.toml", "", 404),
        ("GET", "/desk.db", "", 404),
    ] {
        let request = client.request(method.parse().unwrap(), company.world.relay.url(path));
        let request = if token.is_empty() {
            request
        } else {
            request.bearer_auth(token)
        };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        let body = answer.text().await.unwrap();
        assert!(
            !body.contains("zebra") && !body.contains("anna"),
            "{method} {path}: {body}"
        );
    }
    assert!(
        !company.desk("anna").look(|seen| seen.has_ended),
        "nobody ends no session"
    );
}

/// Says one thing and returns all that the relay says.
async fn first_words(world: &World, frame: &ClientFrame) -> Vec<ServerFrame> {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;
    let (mut socket, _) = tokio_tungstenite::connect_async(world.relay.ws_url())
        .await
        .unwrap();
    let text = serde_json::to_string(frame).unwrap();
    socket.send(Message::text(text)).await.unwrap();
    let mut said = vec![];
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            said.push(serde_json::from_str(&text).unwrap());
        }
    }
    said
}
