//! What operators do all day, seen by two desks at once: note, category, transfer, release, block, close, reopen.

use shared::chat::{DeskCommand, Event, Refusal, Stage, TransferTarget};
use shared::model::CategoryPath;

use crate::harness::World;
use crate::harness::desk::settle;

const PSID: &str = "7412589630147852";

fn path(names: &[&str]) -> CategoryPath {
    CategoryPath(names.iter().map(|name| (*name).to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_desks_see_each_others_actions() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    let mut boris = world.desk("boris").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await.id;
    boris.chat_saying("Hello?").await;

    anna.claim(chat).await.unwrap();
    boris
        .chat_when(chat, "boris sees the owner", |chat| {
            chat.owner() == Some(&"anna".into())
        })
        .await;
    let note = DeskCommand::Note {
        text: "asks about 4512".into(),
        mentions: vec![],
    };
    boris.command(chat, note).await.unwrap();
    anna.wait("anna sees the note", |seen| {
        let is_note = |event: &Event| matches!(event, Event::NoteWritten { text, .. } if text == "asks about 4512");
        seen.events.iter().any(|stored| is_note(&stored.event))
    })
    .await;

    let refund = Some(path(&["Orders", "Refund"]));
    anna.command(
        chat,
        DeskCommand::Categorize {
            category: refund.clone(),
        },
    )
    .await
    .unwrap();
    boris
        .chat_when(chat, "boris sees the category", |chat| {
            chat.category == refund
        })
        .await;

    anna.transfer_to(chat, "boris").await.unwrap();
    boris
        .chat_when(chat, "boris owns it", |chat| {
            chat.owner() == Some(&"boris".into())
        })
        .await;
    boris.command(chat, DeskCommand::Release).await.unwrap();
    anna.chat_when(chat, "it waits again", |chat| chat.stage == Stage::Queue)
        .await;

    boris.claim(chat).await.unwrap();
    boris.command(chat, DeskCommand::Close).await.unwrap();
    anna.chat_when(chat, "it is closed", |chat| {
        matches!(chat.stage, Stage::ClosedByOperator { .. })
    })
    .await;
    anna.command(chat, DeskCommand::Reopen).await.unwrap();
    boris
        .chat_when(chat, "anna has it again", |chat| {
            chat.owner() == Some(&"anna".into())
        })
        .await;
    assert!(
        world.graph.sent().is_empty(),
        "nothing of all this reached the visitor"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_of_another_department_goes_out_of_sight_and_comes_whole_to_its_members() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    let dana = world.desk("dana").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await.id;
    let to = |department: &str| DeskCommand::Transfer {
        to: TransferTarget::Department {
            department: department.into(),
        },
        comment: Some("your question".into()),
    };
    anna.command(chat, to("sales")).await.unwrap();
    dana.wait("dana lost sight", |seen| !seen.chats.contains_key(&chat))
        .await;
    anna.claim(chat).await.unwrap();
    anna.command(chat, to("billing")).await.unwrap();
    anna.wait("anna lost sight", |seen| !seen.chats.contains_key(&chat))
        .await;
    let shown = dana
        .chat_when(chat, "dana sees it", |chat| {
            chat.department == Some("billing".into())
        })
        .await;
    assert_eq!(shown.last_line.unwrap().text, "Hello?");
    assert_eq!(
        anna.claim(chat).await,
        Err(Refusal::NoSuchChat),
        "out of sight is out of reach"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_blocked_visitor_writes_reaches_nobody_and_is_counted() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("buy my pills");
    let chat = anna.chat_saying("buy my pills").await.id;
    let block = DeskCommand::Block {
        for_seconds: Some(3600),
        reason: "spam".into(),
        close: true,
    };
    anna.command(chat, block).await.unwrap();
    for number in 0..20 {
        world.graph.visitor(PSID).writes(&format!("pills {number}"));
    }
    world
        .graph
        .wait_until_delivered(crate::harness::PATIENCE)
        .await
        .expect("the platform gets its 200");
    settle(&anna).await;
    assert_eq!(anna.look(|seen| seen.chats.len()), 1, "no new chat");
    assert!(!anna.look(|seen| {
        seen.events
            .iter()
            .any(|s| format!("{s:?}").contains("pills 1"))
    }));

    let blocks = |seen: &crate::harness::desk::Seen| {
        seen.frames.iter().rev().find_map(|frame| match frame {
            shared::protocol::ServerFrame::Blocks { blocks, .. } => Some(blocks.clone()),
            _ => None,
        })
    };
    let mut request = 0;
    loop {
        request += 1;
        anna.send(shared::protocol::ClientFrame::LoadBlocks { request });
        anna.wait("the blocks", |seen| blocks(seen).is_some()).await;
        settle(&anna).await;
        if anna.look(|seen| blocks(seen).unwrap())[0].dropped == 20 {
            break;
        }
        assert!(request < 40, "the count never came to 20");
    }

    anna.command(chat, DeskCommand::Unblock).await.unwrap();
    world.graph.visitor(PSID).writes("sorry");
    anna.chat_saying("sorry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_sent_twice_is_done_once_and_answered_the_same() {
    let world = World::start().await;
    let mut anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await.id;
    let command = DeskCommand::Reply(crate::harness::desk::reply("once"));
    let id = anna.send_command(chat, command.clone());
    let first = anna.answer(&id).await;
    anna.send(shared::protocol::ClientFrame::Command {
        id: id.clone(),
        chat,
        command,
    });
    settle(&anna).await;
    let answers = anna.look(|seen| {
        let is_answer = |frame: &&shared::protocol::ServerFrame| {
            matches!(frame, shared::protocol::ServerFrame::Accepted { id: got, .. } if *got == id)
        };
        seen.frames.iter().filter(is_answer).cloned().collect::<Vec<_>>()
    });
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0], answers[1]);
    assert!(first.unwrap().is_some());
    assert_eq!(
        world
            .graph
            .wait_for_sent(1, crate::harness::PATIENCE)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_reply_can_be_taken_back() {
    let world = World::start_with(crate::harness::relay::Setup {
        undo_send_secs: 30,
        ..Default::default()
    })
    .await;
    let mut anna = world.desk("anna").await;
    world.graph.visitor(PSID).writes("Hello?");
    let chat = anna.chat_saying("Hello?").await.id;
    anna.reply(chat, "oops").await.unwrap();
    let held = anna
        .chat_when(chat, "it is held", |chat| chat.outgoing.len() == 1)
        .await;
    let message = held.outgoing[0].message;
    anna.command(chat, DeskCommand::Withdraw { message })
        .await
        .unwrap();
    anna.chat_when(chat, "it is gone", |chat| chat.outgoing.is_empty())
        .await;
    settle(&anna).await;
    assert!(world.graph.sent().is_empty());
}
