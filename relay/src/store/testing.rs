//! Changes for tests of what stands on a store: what the engine would hand in, without an engine.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use shared::chat::{Actor, Chat, Command, Context, Event, FreshIds, Opening, PlatformCommand};
use shared::model::{
    Card, DeliveryId, Message, MessageId, PlatformId, Policy, Timestamp, Visitor, VisitorId,
};

use super::{Change, Key, MessageRow, Outcome, Store, Terms, searched_text};

pub(crate) const NOON: Timestamp = Timestamp(1_795_190_400_000);

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../engine/policy_of_tests.json")).expect("a policy")
});

/// Asks the rules.
pub(crate) fn decide(chat: &Chat, actor: &Actor, command: &Command, id: i64) -> Vec<Event> {
    let online = BTreeSet::new();
    let fresh = FreshIds {
        message: MessageId(id),
        delivery: DeliveryId(id),
    };
    let context = Context {
        now: NOON,
        policy: &POLICY,
        actor,
        online: &online,
        fresh,
    };
    chat.decide(command, &context).expect("it is allowed")
}

pub(crate) fn visitor_of(id: i64) -> Visitor {
    Visitor {
        id: VisitorId(id),
        channel: "acme-page".into(),
        platform_id: PlatformId(format!("psid {id}")),
        card: Card {
            name: Some(format!("Visitor {id}")),
            ..Card::default()
        },
    }
}

/// Returns the change of a visitor's message, the platform's `m_<id>`.
pub(crate) fn received(chat: &Chat, id: i64, visitor: i64, text: &str, key: &str) -> Change {
    let message = Message {
        id: MessageId(id),
        platform_id: Some(PlatformId(format!("m_{id}"))),
        sent_at: NOON,
        text: text.into(),
        attachments: vec![],
        quotes: None,
        quotes_unknown: false,
    };
    received_from(chat, visitor_of(visitor), message, key)
}

pub(crate) fn received_from(chat: &Chat, visitor: Visitor, message: Message, key: &str) -> Change {
    let id = message.id.0;
    let opening = Opening {
        visitor: visitor.clone(),
        language: "en".into(),
        department: None,
        reserved_for: None,
        entry: None,
        window_from: None,
    };
    let command = Command::Platform(PlatformCommand::Receive {
        opening,
        message,
        standby: false,
    });
    let events = decide(chat, &Actor::Platform, &command, id);
    Change {
        visitor: Some(visitor),
        ..change(chat, events, key)
    }
}

/// Returns the change that events make, whatever the rules would say: rows of messages and terms, no work.
pub(crate) fn change(chat: &Chat, events: Vec<Event>, key: &str) -> Change {
    let mut after = chat.clone();
    for event in &events {
        after.apply_unstored(event, NOON);
    }
    let (mut messages, mut terms) = (vec![], vec![]);
    for (place, event) in (0_u16..).zip(&events) {
        if let Some(text) = searched_text(event) {
            terms.push((place, Terms::of(text)));
        }
        if let Event::Received { message, .. } = event {
            messages.push(MessageRow {
                id: message.id,
                event: place,
                channel: after.visitor.channel.clone(),
                platform_id: message.platform_id.clone(),
            });
        }
    }
    Change {
        key: Key(key.into()),
        chat: chat.id,
        expected: chat.version,
        at: NOON,
        deadline: None,
        visitor: None,
        messages,
        deliveries: vec![],
        settled: vec![],
        terms,
        block: None,
        files: vec![],
        filed: None,
        attached: None,
        events,
        after: after.into(),
    }
}

/// Hands one change in.
pub(crate) async fn one(store: &dyn Store, change: Change) -> Outcome {
    let outcomes = store.commit(vec![change]).await;
    outcomes
        .expect("the store answers")
        .pop()
        .expect("one outcome")
}

/// Hands one change in that must be taken.
pub(crate) async fn commit(store: &dyn Store, change: Change) {
    let outcome = one(store, change).await;
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
}
