//! A small company, its chats and an app to put through its paces.

use std::collections::BTreeMap;

use shared::chat::{Chat, Event, Stored, TransferTarget};
use shared::model::{
    Abilities, Card, Category, CategoryPath, CategoryTree, ChannelId, ChannelProfile, ChatId,
    Company, ContactAsk, DeliveryId, Department, DepartmentId, DeskSettings, Language as Code,
    Mark, Message, MessageId, Operator, OperatorId, PlatformId, Policy, Reconciles, Role, Seconds,
    Seq, Template, TemplateScope, Timeouts, Timestamp, Version, Visitor, VisitorId,
};
use shared::protocol::{ClientFrame, ResumePoint, SectionCounts, ServerFrame, Snapshot};

use super::{App, AppOptions};
use crate::drafts::Drafts;
use crate::effect::Effect;
use crate::input::{Input, LinkState};
use crate::key::{Key, Layout};
use crate::language::Language;
use crate::theme::{Borders, Theme};
use crate::update::update;

/// 2026-03-02 12:00 UTC.
pub(crate) const NOW: Timestamp = Timestamp(1_772_452_800_000);

pub(crate) fn ago(minutes: i64) -> Timestamp {
    Timestamp(NOW.0 - minutes * 60_000)
}

fn operator(id: &str, name: &str, role: Role) -> Operator {
    Operator {
        id: id.into(),
        name: name.to_owned(),
        role,
        departments: vec![DepartmentId::from("billing")],
        languages: vec![],
        ui_language: Code::from("en"),
        max_chats: 5,
    }
}

fn channel() -> ChannelProfile {
    ChannelProfile {
        id: ChannelId::from("shop"),
        kind: "messenger".to_owned(),
        name: "Shop".to_owned(),
        active: true,
        language: Code::from("en"),
        department: None,
        operator: None,
        abilities: Abilities {
            text_limit: 100,
            reply_window: Some(Seconds(86_400)),
            human_window: Some(Seconds(604_800)),
            quotes: false,
            typing: true,
            seen: true,
            asks_contacts: ContactAsk::default(),
            delivered_receipts: true,
            read_receipts: true,
            starts_chats: false,
            reconciles: Reconciles::Never,
        },
    }
}

fn template(code: &str, text: &str, key: Option<&str>) -> Template {
    Template {
        id: None,
        scope: TemplateScope::Global,
        language: Code::from("en"),
        section: None,
        title: None,
        text: text.to_owned(),
        key: key.map(str::to_owned),
        code: Some(code.to_owned()),
    }
}

pub(crate) fn policy() -> Policy {
    Policy {
        company: Company {
            name: "Example".to_owned(),
            website: String::new(),
            timezone: "UTC".to_owned(),
            language: Code::from("en"),
        },
        departments: vec![Department {
            id: DepartmentId::from("billing"),
            name: "Billing".to_owned(),
        }],
        operators: vec![
            operator("kate", "Kate", Role::Operator),
            operator("ivan", "Ivan", Role::Operator),
            operator("lina", "Li Na", Role::Supervisor),
        ],
        channels: vec![channel()],
        categories: CategoryTree {
            required: true,
            list: ["payment", "delivery"]
                .iter()
                .map(|name| Category {
                    path: CategoryPath(vec![(*name).to_owned()]),
                })
                .collect(),
        },
        templates: vec![
            template(
                "hi",
                "Hello {visitor.first_name}, this is {operator.name}.",
                Some("f7"),
            ),
            template("refund", "The refund takes 3-5 days.", None),
        ],
        hide_others: false,
        timeouts: Timeouts {
            first_reply: Seconds(600),
            reply: Seconds(600),
            ..Timeouts::default()
        },
        desk: DeskSettings {
            theme: "dark".to_owned(),
            keymap: "default".to_owned(),
            undo_send: Seconds(5),
            keys: BTreeMap::new(),
        },
        crm_url: None,
    }
}

/// The events of one chat, numbered in one order.
pub(crate) struct Teller {
    seq: i64,
    versions: BTreeMap<ChatId, i64>,
}

impl Teller {
    pub(crate) fn new() -> Self {
        Self {
            seq: 0,
            versions: BTreeMap::new(),
        }
    }

    pub(crate) fn tell(&mut self, chat: i64, at: Timestamp, event: Event) -> Stored {
        self.seq += 1;
        let version = self.versions.entry(ChatId(chat)).or_default();
        *version += 1;
        Stored {
            seq: Seq(self.seq),
            mark: Mark(self.seq),
            chat: ChatId(chat),
            version: Version(*version),
            at,
            event,
        }
    }
}

pub(crate) fn message(id: i64, at: Timestamp, text: &str) -> Message {
    Message {
        id: MessageId(id),
        platform_id: None,
        sent_at: at,
        text: text.to_owned(),
        attachments: vec![],
        quotes: None,
        quotes_unknown: false,
    }
}

pub(crate) fn opened(visitor: i64, name: &str) -> Event {
    Event::Opened {
        visitor: Visitor {
            id: VisitorId(visitor),
            channel: ChannelId::from("shop"),
            platform_id: PlatformId(format!("p{visitor}")),
            card: Card {
                name: Some(name.to_owned()),
                ..Card::default()
            },
        },
        language: Code::from("en"),
        department: None,
        reserved_for: None,
        entry: None,
        by_us: false,
    }
}

pub(crate) fn received(id: i64, at: Timestamp, text: &str) -> Event {
    Event::Received {
        message: message(id, at, text),
        standby: false,
        late: false,
        contact: None,
    }
}

pub(crate) fn written(id: i64, by: &str, at: Timestamp, text: &str) -> Event {
    Event::ReplyWritten {
        by: by.into(),
        message: message(id, at, text),
        delivery: DeliveryId(id),
        asks: ContactAsk::default(),
        human_agent: false,
        held_until: None,
    }
}

/// The desk of Kate, with what she knows and what the relay would tell her.
pub(crate) struct Desk {
    pub(crate) app: App,
    pub(crate) teller: Teller,
    pub(crate) stories: BTreeMap<ChatId, Vec<Stored>>,
    pub(crate) now: Timestamp,
}

pub(crate) fn app(language: Language, columns: u16, rows: u16) -> App {
    let options = AppOptions {
        operator: OperatorId::from("kate"),
        language,
        theme: Theme::Dark,
        borders: Borders::Ascii,
        layouts: vec![Layout::Russian],
        keys: BTreeMap::new(),
        preset: String::new(),
        seed: 7,
        drafts: Drafts::default(),
    };
    App::new(options, columns, rows, NOW)
}

impl Desk {
    /// A desk that is live, with chats 1 (mine), 2 and 3 (queue), 4 (Ivan's), 5 (closed).
    pub(crate) fn new(language: Language, columns: u16, rows: u16) -> Self {
        let mut desk = Self {
            app: app(language, columns, rows),
            teller: Teller::new(),
            stories: BTreeMap::new(),
            now: NOW,
        };
        desk.furnish();
        desk.connect();
        desk
    }

    fn note_down(&mut self, chat: i64, at: Timestamp, event: Event) -> Stored {
        let stored = self.teller.tell(chat, at, event);
        self.stories
            .entry(ChatId(chat))
            .or_default()
            .push(stored.clone());
        stored
    }

    fn furnish(&mut self) {
        let claim = |by: &str| Event::Claimed {
            by: by.into(),
            from: None,
        };
        let rows: Vec<(i64, i64, Event)> = vec![
            (1, 1_500, opened(1, "Olga Smirnova")),
            (
                1,
                1_500,
                received(
                    11,
                    ago(1_500),
                    "Здравствуйте! Оплатила заказ 4512, а деньги списались два раза.",
                ),
            ),
            (1, 16, claim("kate")),
            (
                1,
                15,
                written(12, "kate", ago(15), "Здравствуйте! Проверяю."),
            ),
            (
                1,
                14,
                Event::NoteWritten {
                    by: "ivan".into(),
                    message: MessageId(13),
                    text: "duplicate confirmed in the bank export, ask for the last digits"
                        .to_owned(),
                    mentions: vec![],
                },
            ),
            (1, 14, received(14, ago(14), "Хорошо, жду")),
            (2, 9, opened(2, "王小明")),
            (2, 9, received(21, ago(9), "您好，我的订单什么时候发货？")),
            (3, 3, opened(3, "John Carter")),
            (
                3,
                3,
                received(31, ago(3), "Could you check order 4498 please?"),
            ),
            (4, 50, opened(4, "Northwind")),
            (4, 50, received(41, ago(50), "invoice?")),
            (4, 49, claim("ivan")),
            (
                4,
                48,
                written(42, "ivan", ago(48), "I have sent the invoice"),
            ),
            (5, 90, opened(5, "Lena")),
            (5, 90, received(51, ago(90), "Где мой заказ?")),
            (5, 89, claim("kate")),
            (5, 88, Event::Closed { by: "kate".into() }),
        ];
        for (chat, minutes, event) in rows {
            self.note_down(chat, ago(minutes), event);
        }
    }

    /// Connects and tells everything.
    pub(crate) fn connect(&mut self) -> Vec<Effect> {
        let chats: Vec<Chat> = self
            .stories
            .iter()
            .filter_map(|(id, events)| Chat::replay(*id, events))
            .collect();
        let at = ResumePoint {
            log: "log".to_owned(),
            seq: Seq(self.teller.seq),
            mark: Mark(self.teller.seq),
        };
        self.put(Input::Link(LinkState::Online {
            round_trip_ms: Some(34),
        }));
        self.hear(ServerFrame::Welcome {
            protocol: 1,
            program: "relay".to_owned(),
            you: "kate".into(),
            server_time: self.now,
            is_resumed: false,
            policy: Box::new(policy()),
            templates: vec![],
            drafts: vec![],
            online: vec!["kate".into(), "ivan".into()],
            channels: vec![],
        });
        self.hear(ServerFrame::Snapshot(Box::new(Snapshot {
            at: at.clone(),
            chats,
            counts: SectionCounts::default(),
        })));
        self.hear(ServerFrame::Live { at })
    }

    /// Puts one input in and answers requests for timelines at once.
    pub(crate) fn put(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = update(&mut self.app, input, self.now);
        let mut answers = Vec::new();
        for effect in &effects {
            if let Effect::Send(ClientFrame::LoadTimeline {
                request,
                chat,
                before: None,
                ..
            }) = effect
            {
                answers.push(ServerFrame::Timeline {
                    request: *request,
                    chat: *chat,
                    events: self.stories.get(chat).cloned().unwrap_or_default(),
                    has_more: false,
                });
            }
        }
        for answer in answers {
            effects.extend(self.hear(answer));
        }
        effects
    }

    pub(crate) fn hear(&mut self, frame: ServerFrame) -> Vec<Effect> {
        self.put(Input::Frame(Box::new(frame)))
    }

    /// Something happens in a chat.
    pub(crate) fn happen(&mut self, chat: i64, event: Event) -> Vec<Effect> {
        let stored = self.note_down(chat, self.now, event);
        self.hear(ServerFrame::Event(stored))
    }

    /// Presses keys written as in settings, one after another.
    pub(crate) fn press(&mut self, keys: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in keys.split_whitespace() {
            let key: Key = key.parse().expect(key);
            effects.extend(self.put(Input::Key(key)));
        }
        effects
    }

    pub(crate) fn write(&mut self, text: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for char in text.chars() {
            effects.extend(self.put(Input::Key(Key::char(char))));
        }
        effects
    }

    pub(crate) fn handed_to_billing() -> TransferTarget {
        TransferTarget::Department {
            department: DepartmentId::from("billing"),
        }
    }
}
