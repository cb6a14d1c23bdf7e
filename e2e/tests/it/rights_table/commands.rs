//! Every command to every kind of chat.

use std::fmt::Write as _;

use shared::chat::{DeskCommand, Refusal, TransferTarget};
use shared::model::{CardField, CategoryPath, MessageId};

use crate::harness::desk::reply;

use super::company::Company;
use super::{ASKERS, LIES, Lies, Row, is_above, sees};

/// What a command leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Done,
    Refused(&'static str),
}

const OWNED: Answer = Answer::Refused("owned");
const HIDDEN: Answer = Answer::Refused("no_such_chat");

/// The table of commands.
fn of_command(command: &DeskCommand, asker: &str, lies: Lies) -> Answer {
    use Answer::{Done, Refused};
    if !sees(asker, lies) {
        return HIDDEN;
    }
    let is_anothers = lies == Lies::Anothers;
    let managing = if is_anothers && !is_above(asker) {
        OWNED
    } else {
        Done
    };
    match command {
        DeskCommand::Claim { take_over: false } | DeskCommand::Reply(_) => {
            if is_anothers {
                OWNED
            } else {
                Done
            }
        }
        DeskCommand::Claim { take_over: true } => {
            if is_anothers && !is_above(asker) {
                Refused("not_allowed")
            } else {
                Done
            }
        }
        DeskCommand::Release => match lies {
            Lies::Own | Lies::Anothers => managing,
            Lies::Queued | Lies::Elsewhere | Lies::SwitchedOff => Refused("not_claimed"),
        },
        DeskCommand::Withdraw { .. } | DeskCommand::Retry { .. } | DeskCommand::GiveUp { .. } => {
            Refused("no_such_message")
        }
        DeskCommand::Transfer { .. } | DeskCommand::Close | DeskCommand::Categorize { .. } => {
            managing
        }
        // Silencing is everybody's; closing with it is not.
        DeskCommand::Block { close, .. } => {
            if *close {
                managing
            } else {
                Done
            }
        }
        DeskCommand::Unblock => Refused("not_blocked"),
        DeskCommand::Reopen => Refused("not_closed"),
        DeskCommand::Note { .. } | DeskCommand::EditCard { .. } | DeskCommand::MarkRead => Done,
    }
}

/// Every command, some in two ways.
fn commands() -> Vec<DeskCommand> {
    let message = MessageId(4711);
    let note = DeskCommand::Note {
        text: "for colleagues".to_owned(),
        mentions: vec![],
    };
    let transfer = DeskCommand::Transfer {
        to: TransferTarget::Operator {
            operator: "boris2".into(),
        },
        comment: None,
    };
    let block = |close| DeskCommand::Block {
        for_seconds: Some(3600),
        reason: "spam".to_owned(),
        close,
    };
    let category = Some(CategoryPath(vec!["VIP".to_owned()]));
    vec![
        DeskCommand::Claim { take_over: false },
        DeskCommand::Claim { take_over: true },
        DeskCommand::Release,
        DeskCommand::Reply(reply("an answer")),
        DeskCommand::Withdraw { message },
        DeskCommand::Retry { message },
        DeskCommand::GiveUp { message },
        note,
        DeskCommand::Categorize { category },
        transfer,
        DeskCommand::Close,
        DeskCommand::Reopen,
        block(false),
        block(true),
        DeskCommand::Unblock,
        DeskCommand::EditCard {
            field: CardField::Notes,
            value: Some("careful".to_owned()),
        },
        DeskCommand::MarkRead,
    ]
}

fn code(refusal: &Refusal) -> String {
    let json = serde_json::to_value(refusal).unwrap();
    json["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_every_role_to_every_kind_of_chat_is_answered_as_the_rights_say() {
    let mut rows = vec![];
    for asker in ASKERS {
        for lies in LIES {
            for place in 0..commands().len() {
                let marker = format!("row {asker} {lies:?} {place} end");
                rows.push(Row {
                    asker,
                    lies,
                    marker,
                    is_closed: false,
                });
            }
        }
    }
    let mut company = Company::open(&rows).await;
    let mut faults = String::new();
    let mut places = commands().into_iter().cycle();
    for row in &rows {
        let command = places.next().unwrap();
        let wanted = of_command(&command, row.asker, row.lies);
        let chat = company.chats[&row.marker].id;
        let desk = company.desks.get_mut(row.asker).unwrap();
        let found = match desk.command(chat, command.clone()).await {
            Ok(_) => "done".to_owned(),
            Err(refusal) => code(&refusal),
        };
        let is_right = match wanted {
            Answer::Done => found == "done",
            Answer::Refused(code) => found == code,
        };
        if !is_right {
            writeln!(
                faults,
                "{}: {command:?}: {found}, not {wanted:?}",
                row.name()
            )
            .unwrap();
        }
    }
    assert!(faults.is_empty(), "{} rows:\n{faults}", rows.len());
    assert_eq!(rows.len(), 4 * 5 * 17);
}
