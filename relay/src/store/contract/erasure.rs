//! Point 9: after an erasure no trace of a visitor is left: in no answer of the store, and in no file of it.

use bytes::Bytes;

use shared::chat::{Chat, Event, TransferTarget, Trouble};
use shared::model::{
    Attachment, AttachmentKind, Card, CardField, ChatId, ContactAsk, DeliveryId, FailureReason,
    FileId, FilePart, Message, MessageId, PlatformId, Seq, Timestamp, VisitorId,
};
use shared::protocol::DraftText;

use crate::store::testing::{NOON, change, commit, received, received_from, visitor_of};
use crate::store::{
    BlockChange, Change, DeliveryBody, DeliveryStage, MessageRow, NewDelivery, NewFile, Query,
    UnreadBody,
};

use super::{Place, on_every_engine};

/// In every place that can hold a text; no word of anything else.
const MARKER: &str = "xyzzymarkerxyzzy";

on_every_engine! {
    nothing_of_an_erased_visitor_is_left
}

fn marked(place: &str) -> String {
    format!("{place} {MARKER}")
}

fn message(id: i64) -> Message {
    Message {
        id: MessageId(id),
        platform_id: Some(PlatformId(format!("m_{id} {MARKER}"))),
        sent_at: NOON,
        text: marked("text"),
        attachments: vec![Attachment {
            kind: AttachmentKind::Photo,
            url: Some(marked("https://acme.example/")),
            title: Some(marked("title")),
            file: Some(FilePart {
                id: Some(FileId(id)),
                handle: Some(marked("handle")),
                ..FilePart::default()
            }),
        }],
        quotes: None,
        quotes_unknown: false,
    }
}

fn written(id: i64) -> Event {
    Event::ReplyWritten {
        by: "anna".into(),
        message: Message {
            platform_id: None,
            ..message(id)
        },
        delivery: DeliveryId(id),
        asks: ContactAsk::default(),
        human_agent: false,
        held_until: None,
    }
}

/// Lets events happen in the visitor's chat, with the rows they make.
async fn happen(place: &Place, events: Vec<Event>) {
    let chat = place.chat(1).await;
    let key = format!("in:acme-page:post:{MARKER}:{}", chat.version.0);
    let mut change = change(&chat, events.clone(), &key);
    for (number, event) in (0_u16..).zip(&events) {
        if let Event::ReplyWritten {
            message, delivery, ..
        } = event
        {
            change.messages.push(MessageRow {
                id: message.id,
                event: number,
                channel: "acme-page".into(),
                platform_id: None,
            });
            change.deliveries.push(NewDelivery {
                id: *delivery,
                channel: "acme-page".into(),
                body: DeliveryBody {
                    message: message.id,
                    visitor: MARKER.into(),
                    text: message.text.clone(),
                    quotes: None,
                    asks: ContactAsk::default(),
                    human_agent: false,
                    file: None,
                },
                not_before: NOON,
                window_ends: None,
            });
        }
        if let Event::Blocked { by, until, reason } = event {
            change.block = Some(BlockChange::Set {
                by: by.clone(),
                until: *until,
                reason: reason.clone(),
            });
        }
    }
    commit(place.store(), change).await;
}

#[expect(
    clippy::too_many_lines,
    reason = "every place that can hold a text, one after the other"
)]
async fn fill(place: &Place) {
    let mut visitor = visitor_of(1);
    visitor.platform_id = MARKER.into();
    visitor.card = Card {
        name: Some(marked("name")),
        first_name: Some(marked("first name")),
        photo_url: Some(marked("photo")),
        ..Card::default()
    };
    let unborn = Chat::unborn(ChatId(1));
    let mut first = received_from(&unborn, visitor, message(1), "in:1");
    let photo = message(1).attachments.remove(0);
    first.files.push(NewFile {
        id: FileId(1),
        message: MessageId(1),
        source: photo,
    });
    commit(place.store(), first).await;
    let edited = |field, value: &str| Event::CardEdited {
        by: "anna".into(),
        field,
        value: Some(marked(value)),
    };
    happen(
        place,
        vec![
            edited(CardField::Email, "email"),
            edited(CardField::Phone, "phone"),
            edited(CardField::CrmId, "crm"),
            edited(CardField::Notes, "notes"),
            Event::Edited {
                message: Some(MessageId(1)),
                text: marked("edit"),
                edit: 1,
                edited_at: NOON,
            },
            Event::Reacted {
                message: Some(MessageId(1)),
                emoji: Some(MARKER.into()),
                reacted_at: NOON,
            },
            Event::NoteWritten {
                by: "anna".into(),
                message: MessageId(8),
                text: marked("note"),
                mentions: vec![],
            },
            Event::Transferred {
                by: "anna".into(),
                to: TransferTarget::Queue,
                comment: Some(marked("comment")),
            },
            Event::Blocked {
                by: "anna".into(),
                until: None,
                reason: marked("reason"),
            },
        ],
    )
    .await;
    for id in [2, 3] {
        happen(place, vec![written(id)]).await;
    }
    let failed = Event::ReplyFailed {
        message: MessageId(2),
        reason: FailureReason::Refused {
            text: marked("refused"),
        },
        sent: None,
    };
    happen(place, vec![failed]).await;
    let draft = DraftText {
        text: marked("draft"),
        caret: 0,
        is_note: false,
    };
    let (anna, store) = ("anna".into(), place.store());
    let page = "acme-page".into();
    let other = PlatformId(format!("other {MARKER}"));
    store
        .name_visitor(VisitorId(1), &page, &other)
        .await
        .unwrap();
    store
        .save_draft(&anna, ChatId(1), &draft, NOON)
        .await
        .unwrap();
    let unread = |at: i64, text: &str| UnreadBody {
        channel: "another-page".into(),
        at: Timestamp(at),
        reason: "strange".into(),
        body: Bytes::from(text.to_owned()),
    };
    // At another address of the same application, and at another time: it names them.
    store
        .keep_unread(unread(NOON.0 - 86_400_000, &marked("body")))
        .await
        .unwrap();
    let nearby = UnreadBody {
        channel: "acme-page".into(),
        ..unread(NOON.0 + 1, "of the same channel and time")
    };
    store.keep_unread(nearby).await.unwrap();
    let stranger = unread(NOON.0 + 2, "somebody else's");
    store.keep_unread(stranger).await.unwrap();
}

/// Everything the store answers about the chat and around it.
async fn everything(place: &Place) -> String {
    let store = place.store();
    let page = "acme-page".into();
    let query = Query::parse(MARKER).unwrap();
    let mut all = vec![format!(
        "{:?} {:?} {:?} {:?} {:?}",
        store.timeline(ChatId(1), None, 1_000).await.unwrap(),
        store.events_after(Seq(0), 1_000).await.unwrap(),
        store.find_chat(ChatId(1)).await.unwrap(),
        store.list_blocks().await.unwrap(),
        store.list_drafts(&"anna".into()).await.unwrap(),
    )];
    for id in [2, 3] {
        let delivery = store.find_delivery(DeliveryId(id)).await.unwrap();
        all.push(format!("{delivery:?}"));
    }
    let visitor = store.find_visitor(&page, &MARKER.into()).await.unwrap();
    all.push(format!("{visitor:?}"));
    let other = PlatformId(format!("other {MARKER}"));
    let visitor = store.find_visitor(&page, &other).await.unwrap();
    all.push(format!("{visitor:?}"));
    for id in 1..=8 {
        let name = PlatformId(format!("m_{id} {MARKER}"));
        let found = store.find_message(&page, &name).await.unwrap();
        all.push(format!("{found:?}"));
    }
    let hits = store.search(&query, None, 10).await.unwrap();
    all.push(format!("{hits:?}"));
    all.join(" ")
}

async fn nothing_of_an_erased_visitor_is_left(place: &Place) {
    fill(place).await;
    let other = received(&Chat::unborn(ChatId(2)), 20, 2, "somebody else", "in:20");
    commit(place.store(), Change { ..other }).await;
    let count = everything(place).await.matches(MARKER).count();
    assert!(count > 20, "the marker was in {count} places");
    assert_eq!(place.store.count_unread().await.unwrap(), 3);

    let erased = place.store.redact(VisitorId(1), NOON).await.unwrap();
    assert_eq!(erased, [ChatId(1)]);
    let left = everything(place).await;
    assert!(!left.contains(MARKER), "{left}");
    assert_eq!(place.store.count_unread().await.unwrap(), 1, "of others");

    let events = place.store.timeline(ChatId(1), None, 100).await.unwrap();
    assert_eq!(events.last().unwrap().event, Event::Redacted);
    let chat = place.chat(1).await;
    assert_eq!(Chat::replay(ChatId(1), &events), Some(chat.clone()));
    let all = place.store.events_after(Seq(0), 1_000).await.unwrap();
    let head = place.store.head().await.unwrap().seq;
    assert!(
        all.iter()
            .map(|stored| stored.seq)
            .eq((1..=head.0).map(Seq))
    );
    // What was under way to them is given up, and says so.
    assert!(
        chat.outgoing
            .iter()
            .all(|outgoing| outgoing.trouble != Trouble::None)
    );
    let delivery = place.store.find_delivery(DeliveryId(3)).await.unwrap();
    assert_eq!(delivery.unwrap().state, DeliveryStage::Failed);
    assert!(place.chat(2).await.last_line.is_some());
    // The chat goes on: nothing that was remembered of it is wrong now.
    let closed = Event::Closed { by: "anna".into() };
    commit(place.store(), change(&chat, vec![closed], "op:anna:9")).await;

    for (name, bytes) in place.files().await {
        let mut windows = bytes.windows(MARKER.len());
        let is_there = windows.any(|window| window == MARKER.as_bytes());
        assert!(!is_there, "a trace in {name}");
    }
}
