//! A little desk for the tests of the rules: one chat, a clock, a policy, and short names for common beginnings.

use std::collections::BTreeSet;

use crate::model::{
    Abilities, Card, Category, CategoryPath, CategoryTree, ChannelId, ChannelProfile, ChatId,
    Company, ContactAsk, DeliveryId, Department, DepartmentId, DeskSettings, Language, Mark,
    Message, MessageId, OnReturn, Operator, OperatorId, PlatformId, Policy, Reconciles, Role,
    Seconds, Seq, Timeouts, Timestamp, Visitor, VisitorId,
};

use super::{
    Actor, Chat, Command, Context, DeskCommand, Event, FreshIds, Opening, PlatformCommand, Refusal,
    RelayCommand, SettledAs, Stored,
};

/// Noon of some day.
pub(super) const NOON: Timestamp = Timestamp(1_795_190_400_000);

/// What decides and takes in; the properties put deliberately wrong ones in their place.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) decide: fn(&Chat, &Command, &Context<'_>) -> Result<Vec<Event>, Refusal>,
    pub(super) apply: fn(&mut Chat, &Stored),
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            decide: Chat::decide,
            apply: Chat::apply,
        }
    }
}

pub(super) struct TestDesk {
    pub(super) chat: Chat,
    pub(super) log: Vec<Stored>,
    pub(super) now: Timestamp,
    pub(super) policy: Policy,
    pub(super) online: BTreeSet<OperatorId>,
    pub(super) rules: Rules,
    fresh: i64,
}

pub(super) fn unborn() -> TestDesk {
    TestDesk {
        chat: Chat::unborn(ChatId(1)),
        log: vec![],
        now: NOON,
        policy: policy(),
        online: ["anna", "boris", "sofia"].map(Into::into).into(),
        rules: Rules::default(),
        fresh: 100,
    }
}

pub(super) fn waiting() -> TestDesk {
    let mut desk = unborn();
    desk.visitor_writes("Hello, is the blue one still in stock?");
    desk
}

pub(super) fn held_by(login: &str) -> TestDesk {
    let mut desk = waiting();
    desk.by(login, DeskCommand::Claim { take_over: false })
        .unwrap();
    desk
}

impl TestDesk {
    pub(super) fn give(&mut self, command: Command, actor: Actor) -> Result<Vec<Event>, Refusal> {
        self.fresh += 2;
        let fresh = FreshIds {
            message: MessageId(self.fresh),
            delivery: DeliveryId(self.fresh + 1),
        };
        let context = Context {
            now: self.now,
            policy: &self.policy,
            actor: &actor,
            online: &self.online,
            fresh,
        };
        let events = (self.rules.decide)(&self.chat, &command, &context)?;
        for event in &events {
            self.store(event.clone());
        }
        Ok(events)
    }

    fn store(&mut self, event: Event) {
        let stored = Stored {
            seq: Seq(i64::try_from(self.log.len()).unwrap() + 1),
            mark: Mark(7),
            chat: self.chat.id,
            version: self.chat.version.plus(1),
            at: self.now.max(self.chat.last_at),
            event,
        };
        (self.rules.apply)(&mut self.chat, &stored);
        self.log.push(stored);
    }

    pub(super) fn by(&mut self, login: &str, command: DeskCommand) -> Result<Vec<Event>, Refusal> {
        self.give(Command::Desk(command), Actor::Operator(login.into()))
    }

    pub(super) fn platform(&mut self, command: PlatformCommand) -> Result<Vec<Event>, Refusal> {
        self.give(Command::Platform(command), Actor::Platform)
    }

    pub(super) fn tick(&mut self) -> Vec<Event> {
        self.give(Command::Relay(RelayCommand::Tick), Actor::Relay)
            .unwrap()
    }

    pub(super) fn finish(&mut self) -> Vec<Event> {
        self.give(Command::Relay(RelayCommand::Finish), Actor::Relay)
            .unwrap()
    }

    pub(super) fn settle(&mut self, message: MessageId, result: SettledAs) -> Vec<Event> {
        let command = RelayCommand::Settle {
            delivery: DeliveryId(0),
            message,
            result,
        };
        self.give(Command::Relay(command), Actor::Relay).unwrap()
    }

    pub(super) fn echo_ours(&mut self, message: MessageId, platform_id: &str) -> Vec<Event> {
        let platform_id = platform_id.into();
        self.platform(PlatformCommand::EchoOurs {
            message,
            platform_id,
            echoed_at: self.now,
        })
        .unwrap()
    }

    pub(super) fn try_visitor_writes(&mut self, text: &str) -> Result<Vec<Event>, Refusal> {
        self.receive(text, self.now, false)
    }

    pub(super) fn visitor_writes(&mut self, text: &str) -> Vec<Event> {
        self.try_visitor_writes(text).unwrap()
    }

    pub(super) fn visitor_writes_at(&mut self, text: &str, sent_at: Timestamp) -> Vec<Event> {
        self.receive(text, sent_at, false).unwrap()
    }

    pub(super) fn visitor_writes_on_standby(&mut self, text: &str) -> Vec<Event> {
        self.receive(text, self.now, true).unwrap()
    }

    fn receive(
        &mut self,
        text: &str,
        sent_at: Timestamp,
        standby: bool,
    ) -> Result<Vec<Event>, Refusal> {
        let message = self.message(text, sent_at);
        self.platform(PlatformCommand::Receive {
            opening: opening(),
            message,
            standby,
        })
    }

    pub(super) fn answered_outside(&mut self, text: &str) -> Vec<Event> {
        let message = self.message(text, self.now);
        self.platform(PlatformCommand::EchoForeign {
            opening: opening(),
            message,
            application: None,
        })
        .unwrap()
    }

    fn message(&mut self, text: &str, sent_at: Timestamp) -> Message {
        self.fresh += 1;
        Message {
            id: MessageId(self.fresh),
            platform_id: Some(PlatformId(format!("m_{}", self.fresh))),
            sent_at,
            text: text.into(),
            attachments: vec![],
            quotes: None,
            quotes_unknown: false,
        }
    }
}

pub(super) fn opening() -> Opening {
    Opening {
        visitor: Visitor {
            id: VisitorId(5),
            channel: "acme-page".into(),
            platform_id: "7412589630147852".into(),
            card: Card {
                name: Some("Olga Example".into()),
                ..Card::default()
            },
        },
        language: "en".into(),
        department: None,
        reserved_for: None,
        entry: None,
        window_from: None,
    }
}

pub(super) fn policy() -> Policy {
    let operator = |login: &str, role| Operator {
        id: login.into(),
        name: login.into(),
        role,
        departments: vec!["sales".into()],
        languages: vec!["en".into()],
        ui_language: "en".into(),
        max_chats: 5,
    };
    let department = |id: &str| Department {
        id: DepartmentId(id.into()),
        name: id.into(),
    };
    let category = |path: &[&str]| Category {
        path: CategoryPath(path.iter().map(|n| (*n).to_owned()).collect()),
    };
    Policy {
        company: Company {
            name: "Acme Ltd".into(),
            website: "https://acme.example".into(),
            timezone: "Europe/Moscow".into(),
            language: Language("en".into()),
        },
        departments: vec![department("sales"), department("billing")],
        operators: vec![
            operator("anna", Role::Operator),
            operator("boris", Role::Operator),
            operator("sofia", Role::Supervisor),
        ],
        channels: vec![channel()],
        categories: CategoryTree {
            required: false,
            list: vec![
                category(&["Orders"]),
                category(&["Orders", "Refund"]),
                category(&["VIP"]),
            ],
        },
        templates: vec![],
        hide_others: false,
        timeouts: Timeouts {
            close_final: Seconds(86_400),
            ..Timeouts::default()
        },
        desk: DeskSettings {
            theme: "dark".into(),
            keymap: "default".into(),
            undo_send: Seconds(3),
            keys: std::collections::BTreeMap::default(),
        },
        crm_url: None,
    }
}

fn channel() -> ChannelProfile {
    ChannelProfile {
        id: ChannelId("acme-page".into()),
        kind: "messenger".into(),
        name: "Acme on Messenger".into(),
        active: true,
        language: "en".into(),
        department: None,
        operator: None,
        on_return: OnReturn::default(),
        abilities: Abilities {
            text_limit: 2000,
            reply_window: Some(Seconds(86_400)),
            human_window: None,
            files: None,
            quotes: true,
            typing: true,
            seen: true,
            asks_contacts: ContactAsk {
                phone: true,
                email: true,
            },
            delivered_receipts: true,
            read_receipts: true,
            starts_chats: false,
            reconciles: Reconciles::ByEcho,
        },
    }
}
