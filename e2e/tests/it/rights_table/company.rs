//! A relay with every kind of chat, and a desk for everybody.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};

use shared::chat::{Chat, DeskCommand, TransferTarget};
use shared::model::{ChatId, DepartmentId};
use shared::protocol::{ClientFrame, ServerFrame};

use crate::harness::World;
use crate::harness::desk::Desk;
use crate::harness::relay::{Setup, password_hash};

use super::{Lies, Row, other_than};

/// A relay with every kind of chat, and a desk for everybody.
pub(super) struct Company {
    pub(super) world: World,
    pub(super) desks: BTreeMap<&'static str, Desk>,
    pub(super) chats: HashMap<String, Chat>,
    client: reqwest::Client,
    requests: AtomicU32,
}

const PAGE: &str = "104820093344556";
const OLD_PAGE: &str = "209640186689112";

fn more_config() -> String {
    let hash = password_hash();
    let operator = |login: &str, role: &str| {
        format!(
            "[[operator]]\nlogin = \"{login}\"\nname = \"{login}\"\nrole = \"{role}\"\npassword_hash = \"{hash}\"\n"
        )
    };
    format!(
        "{}{}[[channel]]\nid = \"acme-old\"\nkind = \"messenger\"\nname = \"Old\"\nlanguage = \"en\"\n\
         active = true # the old one\npage_id = \"{OLD_PAGE}\"\naccess_token = \"EAAOld\"\nverify_token = \"verify-me\"\n\
         app_secret = \"0123456789abcdef0123456789abcdef\"\napi_url = \"http://127.0.0.1:9\"\n",
        operator("root", "admin"),
        operator("boris2", "operator"),
    )
}

impl Company {
    pub(super) async fn open(rows: &[Row]) -> Self {
        let world = World::start_with(Setup {
            more_config: more_config(),
            ..Setup::default()
        })
        .await;
        let mut desks = BTreeMap::new();
        for login in ["anna", "boris", "dana", "sofia", "root"] {
            desks.insert(login, world.desk(login).await);
        }
        let mut company = Self {
            world,
            desks,
            chats: HashMap::new(),
            client: reqwest::Client::new(),
            requests: AtomicU32::new(100),
        };
        company.receive(rows).await;
        company.arrange(rows).await;
        company
    }

    /// Lets the visitor of a row write.
    pub(super) async fn write(&self, number: usize, row: &Row, text: &str) {
        let (page, channel) = match row.lies {
            Lies::SwitchedOff => (OLD_PAGE, "acme-old"),
            Lies::Own | Lies::Queued | Lies::Anothers | Lies::Elsewhere => (PAGE, "acme-page"),
        };
        let at = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
        let body = format!(
            r#"{{"object":"page","entry":[{{"id":"{page}","time":{at},"messaging":[{{"sender":{{"id":"55{number}"}},"recipient":{{"id":"{page}"}},"timestamp":{at},"message":{{"mid":"m_row_{number}_{text}","text":"{text}"}}}}]}}]}}"#
        );
        let secret = "0123456789abcdef0123456789abcdef";
        let signature = hostile::signatures::sign(secret, body.as_bytes());
        let answer = self
            .client
            .post(self.world.relay.url(&format!("/webhooks/{channel}")))
            .header(hostile::signatures::HEADER, signature)
            .body(body)
            .send();
        assert_eq!(answer.await.unwrap().status(), 200);
    }

    /// Lets a visitor write for each row.
    async fn receive(&mut self, rows: &[Row]) {
        for (number, row) in rows.iter().enumerate() {
            self.write(number, row, &row.marker).await;
        }
        let count = rows.len();
        let root = &self.desks["root"];
        root.wait("every chat", |seen| {
            let said = seen.chats.values().filter(|chat| chat.last_line.is_some());
            said.count() == count
        })
        .await;
        self.chats = root.look(|seen| {
            let line = |chat: &Chat| chat.last_line.as_ref().map(|line| line.text.clone());
            let chats = seen.chats.values();
            chats
                .filter_map(|chat| Some((line(chat)?, chat.clone())))
                .collect()
        });
        assert_eq!(self.chats.len(), count);
    }

    /// Brings every chat to where its row wants it.
    async fn arrange(&mut self, rows: &[Row]) {
        for row in rows {
            let chat = self.chats[&row.marker].id;
            match row.lies {
                Lies::Own => {
                    self.must(row.asker, chat, DeskCommand::Claim { take_over: false })
                        .await;
                }
                Lies::Anothers => {
                    let claim = DeskCommand::Claim { take_over: false };
                    self.must(other_than(row.asker), chat, claim).await;
                }
                Lies::Elsewhere => {
                    let department = if row.asker == "dana" {
                        "sales"
                    } else {
                        "billing"
                    };
                    let to = TransferTarget::Department {
                        department: DepartmentId::from(department),
                    };
                    let comment = None;
                    self.must("root", chat, DeskCommand::Transfer { to, comment })
                        .await;
                }
                Lies::Queued | Lies::SwitchedOff => {}
            }
            if row.is_closed {
                self.must("root", chat, DeskCommand::Close).await;
            }
        }
        let off = |text: &str| text.replace("active = true # the old one", "active = false");
        self.world.relay.rewrite_config(off);
        for desk in self.desks.values() {
            desk.wait("the old channel is switched off", |seen| {
                let is_off = |frame: &ServerFrame| match frame {
                    ServerFrame::Policy { policy } => {
                        policy.channels.iter().any(|channel| !channel.active)
                    }
                    _ => false,
                };
                let told = seen.frames.iter().position(is_off);
                let shown = seen
                    .frames
                    .iter()
                    .rposition(|frame| matches!(frame, ServerFrame::Live { .. }));
                told.is_some() && told < shown
            })
            .await;
        }
    }

    pub(super) async fn must(&mut self, login: &str, chat: ChatId, command: DeskCommand) {
        let desk = self.desks.get_mut(login).unwrap();
        let done = desk.command(chat, command).await;
        assert!(done.is_ok(), "{login} prepares a chat: {done:?}");
    }

    /// Returns a number that no request had.
    pub(super) fn next_request(&self) -> u32 {
        self.requests.fetch_add(1, Ordering::SeqCst)
    }

    pub(super) fn desk(&self, login: &str) -> &Desk {
        &self.desks[login]
    }

    /// Asks for something and returns the answer to it.
    pub(super) async fn ask(
        &self,
        login: &str,
        frame: ClientFrame,
        is_it: impl Fn(&ServerFrame) -> bool,
    ) -> ServerFrame {
        let desk = self.desk(login);
        let from = desk.look(|seen| seen.frames.len());
        let name = frame.name();
        desk.send(frame);
        let find =
            |frames: &[ServerFrame]| frames[from..].iter().find(|frame| is_it(frame)).cloned();
        desk.wait(name, |seen| find(&seen.frames).is_some()).await;
        desk.look(|seen| find(&seen.frames)).unwrap()
    }
}
