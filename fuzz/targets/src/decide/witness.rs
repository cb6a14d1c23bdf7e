//! Who watches a chat and says what must not have happened.

use std::collections::BTreeMap;

use shared::chat::rights::sees;
use shared::chat::{Actor, Chat, Event, SHAPE, Sight, Stored, upcast};
use shared::model::{MessageId, Policy};

/// What a reply has been through; sent and withdrawn exclude one another, and are the end (invariant 3) unless the platform
/// gives back what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Written,
    Sent,
    GivenBack,
    Withdrawn,
}

#[derive(Debug, Default)]
pub(super) struct Witness {
    fates: BTreeMap<MessageId, Fate>,
}

impl Witness {
    /// Looks at what one command led to.
    pub(super) fn note(
        &mut self,
        before: &Chat,
        after: &Chat,
        events: &[Event],
        actor: &Actor,
        policy: &Policy,
    ) {
        assert_eq!(
            after.version,
            before.version.plus(events.len()),
            "versions rise by one"
        );
        for event in events {
            if let Event::ReplyWritten { by, .. } = event {
                assert_eq!(after.owner(), Some(by), "only the owner's replies leave");
            }
            self.follow(event);
        }
        if let Actor::Operator(who) = actor
            && !events.is_empty()
        {
            let operator = policy.find_operator(who);
            let saw = operator.is_some_and(|operator| sees(operator, &Sight::of(before), policy));
            assert!(saw, "nobody changes what they cannot see");
        }
    }

    fn follow(&mut self, event: &Event) {
        if let Event::ReplyWritten { message, .. } = event {
            let before = self.fates.insert(message.id, Fate::Written);
            assert_eq!(before, None, "a reply is written once");
        } else if let Event::ReplySent { message, .. } = event {
            let before = self.fates.insert(*message, Fate::Sent);
            let may_leave = [Some(Fate::Written), Some(Fate::GivenBack)];
            assert!(may_leave.contains(&before), "a reply is sent once");
        } else if let Event::ReplyFailed {
            message,
            sent: Some(_),
            ..
        } = event
        {
            let before = self.fates.insert(*message, Fate::GivenBack);
            assert_eq!(before, Some(Fate::Sent), "only what was sent comes back");
        } else if let Event::ReplyWithdrawn { message, .. } = event {
            let before = self.fates.insert(*message, Fate::Withdrawn);
            assert_eq!(
                before,
                Some(Fate::Written),
                "only what has not left is taken back"
            );
        }
    }

    /// Looks at the whole: what was written down adds up to the chat, and forgets what it must.
    pub(super) fn testify(chat: &Chat, log: &[Stored]) {
        let read: Vec<Stored> = log.iter().map(read_again).collect();
        assert_eq!(read, log, "events survive being written down");
        let replayed = Chat::replay(chat.id, &read);
        assert_eq!(
            replayed.as_ref(),
            chat.has_begun().then_some(chat),
            "events add up"
        );
        let text = serde_json::to_string(chat).expect("a chat can be written down");
        let again: Chat = serde_json::from_str(&text).expect("a chat can be read");
        assert_eq!(again, *chat, "a chat survives being written down");
        forget(chat, log);
    }
}

fn read_again(stored: &Stored) -> Stored {
    let json = serde_json::to_string(&stored.event).expect("an event can be written down");
    let event = upcast(stored.event.kind(), SHAPE, &json).expect("an event can be read");
    Stored {
        event,
        ..stored.clone()
    }
}

/// An emptied log adds up to the chat that was told to forget.
fn forget(chat: &Chat, log: &[Stored]) {
    let emptied = log.iter().map(|stored| Stored {
        event: stored.event.redacted(),
        ..stored.clone()
    });
    let emptied: Vec<_> = emptied.collect();
    let Some(mut replayed) = Chat::replay(chat.id, &emptied) else {
        return;
    };
    let mut forgetful = chat.clone();
    replayed.apply_unstored(&Event::Redacted, chat.last_at);
    forgetful.apply_unstored(&Event::Redacted, chat.last_at);
    assert_eq!(
        replayed, forgetful,
        "what was forgotten is forgotten in the log too"
    );
}
