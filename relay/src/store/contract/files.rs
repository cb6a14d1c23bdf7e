//! Files of messages: begun with their message, fetched once, kept for a time, and forgotten with the chat.

use shared::chat::Event;
use shared::model::{
    Attachment, AttachmentKind, ChatId, FileFault, FileId, FilePart, KeptFile, Message, MessageId,
    Timestamp, VisitorId,
};

use crate::store::testing::{NOON, change, commit, one, received_from, visitor_of};
use crate::store::{Change, FileStage, Filed, NewFile, Outcome};

use super::{Place, on_every_engine};

on_every_engine! {
    a_file_begins_with_its_message_and_is_due_at_once
    a_file_is_put_off_and_comes_again
    a_file_is_kept_once_and_then_not_due
    a_lost_file_stays_lost
    what_was_kept_long_enough_is_unwanted_and_dropped_last
    an_erased_chat_leaves_files_that_nobody_may_have
}

fn photo() -> Attachment {
    Attachment {
        url: Some("https://cdn.acme.example/1.jpg".into()),
        file: Some(FilePart {
            id: Some(FileId(70)),
            handle: Some("AgAC".into()),
            size: Some(1234),
            seconds: None,
            mime: None,
        }),
        ..Attachment::of(AttachmentKind::Photo)
    }
}

fn kept() -> KeptFile {
    KeptFile {
        name: "photo.jpg".into(),
        mime: "image/jpeg".into(),
        size: 1234,
    }
}

/// A message with a photo, in chat 1.
async fn begin(place: &Place) {
    let message = Message {
        id: MessageId(7),
        platform_id: Some("m_7".into()),
        sent_at: NOON,
        text: String::new(),
        attachments: vec![photo()],
        quotes: None,
        quotes_unknown: false,
    };
    let mut change = received_from(&place.chat(1).await, visitor_of(1), message, "in:7");
    change.files.push(NewFile {
        id: FileId(70),
        message: MessageId(7),
        source: photo(),
    });
    commit(place.store(), change).await;
}

async fn filed(place: &Place, result: Result<KeptFile, FileFault>, key: &str) -> Outcome {
    let (message, id) = (MessageId(7), FileId(70));
    let kept = result.clone().ok();
    let event = match result {
        Ok(file) => Event::FileKept { message, id, file },
        Err(fault) => Event::FileLost { message, id, fault },
    };
    let change = change(&place.chat(1).await, vec![event], key);
    let filed = Some(Filed { id, kept });
    one(place.store(), Change { filed, ..change }).await
}

async fn stage(place: &Place) -> Option<FileStage> {
    let row = place.store().find_file(FileId(70)).await.unwrap();
    row.map(|row| row.stage)
}

async fn due(place: &Place, now: Timestamp) -> Vec<FileId> {
    let due = place
        .store()
        .list_due_files(&"acme-page".into(), now, 10)
        .await;
    due.unwrap().into_iter().map(|row| row.id).collect()
}

async fn a_file_begins_with_its_message_and_is_due_at_once(place: &Place) {
    let store = place.store();
    assert_eq!(store.next_file_at(&"acme-page".into()).await.unwrap(), None);
    begin(place).await;
    assert_eq!(due(place, NOON).await, [FileId(70)]);
    let other = store.list_due_files(&"other".into(), NOON, 10).await;
    assert_eq!(other.unwrap(), []);
    let row = store.find_file(FileId(70)).await.unwrap().unwrap();
    assert_eq!((row.chat, row.message), (ChatId(1), Some(MessageId(7))));
    assert_eq!((row.source, row.kept, row.tries), (photo(), None, 0));
    assert!(store.next_file_at(&"acme-page".into()).await.unwrap() <= Some(NOON));
}

async fn a_file_is_put_off_and_comes_again(place: &Place) {
    begin(place).await;
    let later = Timestamp(NOON.0 + 5_000);
    place.store().put_file_off(FileId(70), later).await.unwrap();
    assert_eq!(due(place, NOON).await, []);
    let next = place.store().next_file_at(&"acme-page".into()).await;
    assert_eq!(next.unwrap(), Some(later));
    assert_eq!(due(place, later).await, [FileId(70)]);
    let row = place.store().find_file(FileId(70)).await.unwrap();
    assert_eq!(row.unwrap().tries, 1);
}

async fn a_file_is_kept_once_and_then_not_due(place: &Place) {
    begin(place).await;
    assert!(matches!(
        filed(place, Ok(kept()), "file:70").await,
        Outcome::Done { .. }
    ));
    let row = place.store().find_file(FileId(70)).await.unwrap().unwrap();
    assert_eq!((row.stage, row.kept), (FileStage::Kept, Some(kept())));
    assert_eq!(due(place, NOON).await, []);
    // The same again is known; another's, under another key, comes too late.
    assert!(matches!(
        filed(place, Ok(kept()), "file:70").await,
        Outcome::Already { .. }
    ));
    assert!(matches!(
        filed(place, Ok(kept()), "another").await,
        Outcome::Moved { .. }
    ));
    place.store().put_file_off(FileId(70), NOON).await.unwrap();
    assert_eq!(
        stage(place).await,
        Some(FileStage::Kept),
        "nothing puts it off"
    );
}

async fn a_lost_file_stays_lost(place: &Place) {
    begin(place).await;
    let lost = filed(place, Err(FileFault::Gone), "file:70").await;
    assert!(matches!(lost, Outcome::Done { .. }));
    assert_eq!(stage(place).await, Some(FileStage::Lost));
    assert_eq!(due(place, NOON).await, []);
    assert!(matches!(
        filed(place, Ok(kept()), "another").await,
        Outcome::Moved { .. }
    ));
    assert_eq!(place.store().list_unwanted_files(10).await.unwrap(), []);
}

async fn what_was_kept_long_enough_is_unwanted_and_dropped_last(place: &Place) {
    let store = place.store();
    begin(place).await;
    filed(place, Ok(kept()), "file:70").await;
    assert_eq!(store.list_old_files(NOON, 10).await.unwrap(), []);
    let later = Timestamp(NOON.0 + 1);
    let old = store.list_old_files(later, 10).await.unwrap();
    assert_eq!(
        old.iter().map(|row| row.id).collect::<Vec<_>>(),
        [FileId(70)]
    );
    store.drop_file(FileId(70)).await.unwrap();
    assert_eq!(
        stage(place).await,
        Some(FileStage::Kept),
        "its bytes are still there"
    );
    filed(place, Err(FileFault::Expired), "old:70").await;
    assert_eq!(store.list_old_files(later, 10).await.unwrap(), []);
    assert_eq!(store.list_unwanted_files(10).await.unwrap(), [FileId(70)]);
    store.drop_file(FileId(70)).await.unwrap();
    assert_eq!(stage(place).await, None);
}

async fn an_erased_chat_leaves_files_that_nobody_may_have(place: &Place) {
    let store = place.store();
    begin(place).await;
    filed(place, Ok(kept()), "file:70").await;
    store.redact(VisitorId(1), NOON).await.unwrap();
    let row = store.find_file(FileId(70)).await.unwrap().unwrap();
    assert_eq!(
        (row.stage, row.kept, row.message),
        (FileStage::Unwanted, None, None)
    );
    assert_eq!(row.source, Attachment::of(AttachmentKind::Document));
    assert_eq!(store.list_unwanted_files(10).await.unwrap(), [FileId(70)]);
}
