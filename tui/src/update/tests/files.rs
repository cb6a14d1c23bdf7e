//! Files of messages: shown, saved, sent.

use std::path::PathBuf;

use shared::chat::{DeskCommand, Event};
use shared::model::{
    Attachment, AttachmentKind, ChatId, FileFault, FileId, FilePart, HandedFile, KeptFile,
};

use super::{commands, desk};
use crate::app::FolderRow;
use crate::app::fixture::{Desk, NOW};
use crate::effect::Effect;
use crate::input::Input;

fn document(id: i64) -> Attachment {
    Attachment {
        title: Some("bill.pdf".to_owned()),
        file: Some(FilePart {
            id: Some(FileId(id)),
            size: Some(1_234_567),
            ..FilePart::default()
        }),
        ..Attachment::of(AttachmentKind::Document)
    }
}

fn kept() -> KeptFile {
    KeptFile {
        name: "bill.pdf".to_owned(),
        mime: "application/pdf".to_owned(),
        size: 1_200_000,
    }
}

/// A message with two documents, of which one came and one is too big.
fn received() -> Desk {
    let mut desk = desk();
    let mut message = crate::app::fixture::message(16, NOW, "the bill");
    message.attachments = vec![document(70), document(71)];
    let of = message.id;
    let received = Event::Received {
        message,
        standby: false,
        late: false,
        contact: None,
    };
    desk.happen(1, received);
    assert!(shown(&desk).contains("[document]  bill.pdf  1.2 MB  being fetched"));
    let (id, file) = (FileId(70), kept());
    desk.happen(
        1,
        Event::FileKept {
            message: of,
            id,
            file,
        },
    );
    let (id, fault) = (FileId(71), FileFault::TooBig);
    desk.happen(
        1,
        Event::FileLost {
            message: of,
            id,
            fault,
        },
    );
    desk
}

fn shown(desk: &Desk) -> String {
    crate::view::tests::shown(&desk.app)
}

fn saved(result: Result<PathBuf, String>) -> Input {
    Input::Saved {
        id: FileId(70),
        result,
    }
}

#[test]
fn a_file_says_what_it_is_and_which_key_opens_it_or_why_none_does() {
    let screen = shown(&received());
    assert!(
        screen.contains("[document]  bill.pdf  1.2 MB  o1 open"),
        "{screen}"
    );
    assert!(screen.contains("not here: too big"), "{screen}");
}

#[test]
fn a_file_is_saved_and_then_shown_where_the_operator_sits() {
    let mut desk = received();
    let save = Effect::Save {
        id: FileId(70),
        name: "bill.pdf".to_owned(),
    };
    assert!(desk.press("o 1").contains(&save));
    let path = PathBuf::from("/home/anna/Downloads/bill.pdf");
    let effects = desk.put(saved(Ok(path.clone())));
    assert!(
        !effects.contains(&Effect::Show(path.clone())),
        "over SSH nothing is shown"
    );
    let screen = shown(&desk);
    assert!(
        screen.contains("Saved: /home/anna/Downloads/bill.pdf"),
        "{screen}"
    );
    desk.app.has_browser = true;
    assert!(
        desk.put(saved(Ok(path.clone())))
            .contains(&Effect::Show(path))
    );
    desk.put(saved(Err("the disk is full".to_owned())));
    let screen = shown(&desk);
    assert!(screen.contains("Not saved: the disk is full"), "{screen}");
}

fn row(name: &str, size: Option<u64>) -> FolderRow {
    FolderRow {
        path: format!("~/{name}"),
        name: name.to_owned(),
        size,
    }
}

fn found(asked: &str, rows: Vec<FolderRow>) -> Input {
    Input::Folder {
        asked: asked.to_owned(),
        rows,
    }
}

#[test]
fn a_file_is_found_by_its_path_and_one_that_is_too_big_says_so() {
    let mut desk = desk();
    assert!(
        desk.press("f9")
            .contains(&Effect::LookInto("~/".to_owned()))
    );
    desk.put(found(
        "~/",
        vec![row("Bills/", None), row("film.mov", Some(2_000_000_000))],
    ));
    let screen = shown(&desk);
    assert!(
        screen.contains("Bills/") && screen.contains("film.mov"),
        "{screen}"
    );
    // Into the folder, and what was found before belongs to another path.
    assert!(
        desk.press("enter")
            .contains(&Effect::LookInto("~/Bills/".to_owned()))
    );
    desk.put(found("~/", vec![]));
    let film = row("Bills/film.mov", Some(2_000_000_000));
    desk.put(found(
        "~/Bills/",
        vec![film, row("Bills/bill.pdf", Some(5))],
    ));
    desk.press("enter");
    let screen = shown(&desk);
    assert!(
        screen.contains("too big: the channel takes 25.0 MB"),
        "{screen}"
    );
    let upload = Effect::Upload {
        chat: ChatId(1),
        path: "~/Bills/bill.pdf".to_owned(),
    };
    assert!(desk.press("arrowdown enter").contains(&upload));
}

#[test]
fn a_file_goes_to_the_chat_it_was_chosen_for_once_the_relay_has_it() {
    let mut desk = desk();
    desk.put(Input::Uploading(40));
    assert!(shown(&desk).contains("Sending the file: 40 %"));
    let file = HandedFile {
        id: FileId(9),
        file: kept(),
    };
    let effects = desk.put(Input::HandedIn {
        chat: ChatId(1),
        result: Ok(file.clone()),
    });
    let sent = commands(&effects);
    let [(_, ChatId(1), DeskCommand::Reply(draft))] = &sent[..] else {
        panic!("one reply: {sent:?}");
    };
    assert_eq!(
        (draft.text.as_str(), draft.file.as_ref()),
        ("", Some(&file))
    );
    desk.put(Input::HandedIn {
        chat: ChatId(1),
        result: Err("no such file".to_owned()),
    });
    assert!(shown(&desk).contains("Not sent: no such file"));
}
