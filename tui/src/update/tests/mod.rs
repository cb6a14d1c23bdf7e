//! What follows from keys and frames.

mod files;
mod finding;
mod handing;
mod owners;
mod seeking;
mod shelf;
mod writing;

use shared::chat::{DeskCommand, Event, Refusal, TransferTarget};
use shared::model::{ChatId, CommandId, MessageId, Seq, Timestamp};
use shared::protocol::{ClientFrame, ServerFrame};

use crate::app::book::Section;
use crate::app::fixture::{Desk, NOW, opened, received, written};
use crate::app::next_deadline;
use crate::effect::Effect;
use crate::input::{Input, LinkState};
use crate::keymap::Zone;
use crate::language::Language;

fn desk() -> Desk {
    Desk::new(Language::En, 120, 40)
}

/// The commands among effects, with their ids.
fn commands(effects: &[Effect]) -> Vec<(CommandId, ChatId, DeskCommand)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(ClientFrame::Command { id, chat, command })
                if *command != DeskCommand::MarkRead =>
            {
                Some((id.clone(), *chat, command.clone()))
            }
            _ => None,
        })
        .collect()
}

/// The frames among effects.
fn frames(effects: &[Effect]) -> Vec<&ClientFrame> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(frame) => Some(frame),
            _ => None,
        })
        .collect()
}

fn replies(effects: &[Effect]) -> Vec<String> {
    commands(effects)
        .into_iter()
        .filter_map(|(_, _, command)| match command {
            DeskCommand::Reply(draft) => Some(draft.text),
            _ => None,
        })
        .collect()
}

fn offline() -> Input {
    Input::Link(LinkState::Offline {
        attempt: 1,
        next_try_at: Timestamp(NOW.0 + 5_000),
    })
}

#[test]
fn the_desk_begins_with_the_own_chat_that_waits() {
    let desk = desk();
    assert_eq!(desk.app.open, Some(ChatId(1)));
    assert_eq!(desk.app.section, Section::Mine);
    let queue: Vec<i64> = desk
        .app
        .book
        .list(Section::Queue, &desk.app.me)
        .iter()
        .map(|chat| chat.id.0)
        .collect();
    assert_eq!(queue, [2, 3]);
}

#[test]
fn an_event_with_a_gap_loads_the_chat() {
    let mut desk = desk();
    desk.teller.tell(3, NOW, Event::WindowClosed);
    let late = desk.teller.tell(3, NOW, received(33, NOW, "again"));
    let effects = desk.hear(ServerFrame::Event(late));
    assert!(effects.contains(&Effect::Send(ClientFrame::LoadChat { chat: ChatId(3) })));
    assert_eq!(
        desk.app.resume_point().map(|point| point.seq),
        Some(Seq(20))
    );
}

#[test]
fn an_event_that_is_known_changes_nothing() {
    let mut desk = desk();
    let old = desk.stories.get(&ChatId(3)).expect("chat 3")[0].clone();
    desk.hear(ServerFrame::Event(old));
    assert_eq!(
        desk.app.book.get(ChatId(3)).map(|chat| chat.unread),
        Some(1)
    );
}

#[test]
fn claiming_takes_the_oldest_and_begins_a_reply() {
    let mut desk = desk();
    let effects = desk.press("c");
    let asked = commands(&effects);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].1, ChatId(2));
    assert_eq!(asked[0].2, DeskCommand::Claim { take_over: false });
    assert_eq!(desk.app.zone, Zone::Composer);
}

#[test]
fn a_russian_letter_claims_too() {
    let mut desk = desk();
    assert_eq!(commands(&desk.press("с")).len(), 1);
}

#[test]
fn commands_without_an_answer_are_sent_again_under_their_ids() {
    let mut desk = desk();
    desk.press("r");
    desk.write("one");
    let first = commands(&desk.press("enter"));
    desk.put(offline());
    desk.write("two");
    assert!(commands(&desk.press("enter")).is_empty());
    let again = commands(&desk.connect());
    assert_eq!(again.len(), 2);
    assert_eq!(again[0], first[0]);
    assert_eq!(replies_of(&again), ["one", "two"]);
}

fn replies_of(asked: &[(CommandId, ChatId, DeskCommand)]) -> Vec<String> {
    asked
        .iter()
        .filter_map(|(_, _, command)| match command {
            DeskCommand::Reply(draft) => Some(draft.text.clone()),
            _ => None,
        })
        .collect()
}

#[test]
fn an_unavailable_store_is_asked_again_later() {
    let mut desk = desk();
    let (id, ..) = commands(&desk.press("c"))[0].clone();
    desk.hear(ServerFrame::Unavailable { id: id.clone() });
    assert!(commands(&desk.put(Input::Due)).is_empty());
    desk.now = Timestamp(NOW.0 + 2_000);
    let again = commands(&desk.put(Input::Due));
    assert_eq!(again[0].0, id);
}

#[test]
fn closing_asks_for_the_category_first() {
    let mut desk = desk();
    desk.press("x");
    let asked: Vec<DeskCommand> = commands(&desk.press("1"))
        .into_iter()
        .map(|(_, _, command)| command)
        .collect();
    assert!(matches!(
        asked[0],
        DeskCommand::Categorize { category: Some(_) }
    ));
    assert_eq!(asked[1], DeskCommand::Close);
}

#[test]
fn a_transfer_offers_who_is_here_first_and_zero_is_the_queue() {
    let mut desk = desk();
    desk.press("t");
    let asked = commands(&desk.press("1"));
    assert!(
        matches!(&asked[0].2, DeskCommand::Transfer { to: TransferTarget::Operator { operator }, .. } if operator.as_str() == "ivan")
    );
    desk.press("t");
    let asked = commands(&desk.press("0"));
    assert!(matches!(
        &asked[0].2,
        DeskCommand::Transfer {
            to: TransferTarget::Queue,
            ..
        }
    ));
}

#[test]
fn a_transfer_may_carry_a_word() {
    let mut desk = desk();
    desk.press("t arrowdown tab");
    desk.write("look");
    let asked = commands(&desk.press("enter"));
    let expected = DeskCommand::Transfer {
        to: Desk::handed_to_billing(),
        comment: Some("look".to_owned()),
    };
    assert_eq!(asked[0].2, expected);
}

#[test]
fn a_block_takes_reason_length_and_tick() {
    let mut desk = desk();
    desk.press("b 2 arrowright space");
    let asked = commands(&desk.press("enter"));
    let expected = DeskCommand::Block {
        for_seconds: Some(604_800),
        reason: "abuse".to_owned(),
        close: true,
    };
    assert_eq!(asked[0].2, expected);
}

#[test]
fn u_takes_the_last_action_back_for_ten_seconds() {
    let mut desk = desk();
    desk.press("c escape");
    assert_eq!(commands(&desk.press("u"))[0].2, DeskCommand::Release);
    desk.press("c escape");
    desk.now = Timestamp(NOW.0 + 11_000);
    assert!(commands(&desk.press("u")).is_empty());
}

#[test]
fn a_new_waiting_chat_rings_once_a_second_and_changes_the_title() {
    let mut desk = desk();
    let effects = desk.happen(8, opened(8, "New"));
    assert!(effects.contains(&Effect::Bell));
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::Title(_)))
    );
    let effects = desk.happen(9, opened(9, "Newer"));
    assert!(!effects.contains(&Effect::Bell));
}

#[test]
fn the_selection_follows_the_chat_into_its_list() {
    let mut desk = desk();
    desk.press("c");
    let claimed = Event::Claimed {
        by: "kate".into(),
        from: None,
    };
    desk.happen(2, claimed);
    assert_eq!(desk.app.open, Some(ChatId(2)));
    assert_eq!(desk.app.section, Section::Mine);
}

#[test]
fn alt_and_a_letter_is_a_command_from_the_composer() {
    let mut desk = desk();
    desk.press("r alt+t");
    assert_eq!(desk.app.zone, Zone::Command);
    assert!(desk.app.popup.is_some());
}

#[test]
fn a_number_finds_a_chat() {
    let mut desk = desk();
    desk.press("space");
    desk.write("#500");
    let effects = desk.press("enter");
    let is_asked = effects.iter().any(|effect| {
        matches!(
            effect,
            Effect::Send(ClientFrame::FindChat {
                number: Seq(500),
                ..
            })
        )
    });
    assert!(is_asked);
}

#[test]
fn a_failed_reply_is_tried_again_from_the_menu() {
    let mut desk = desk();
    desk.happen(1, written(78, "kate", NOW, "again please"));
    let reason = shared::model::FailureReason::VisitorUnreachable;
    let message = MessageId(78);
    let sent = None;
    let failed = Event::ReplyFailed {
        message,
        reason,
        sent,
    };
    desk.happen(1, failed);
    let screen = {
        desk.press("m");
        crate::view::tests::shown(&desk.app)
    };
    assert!(screen.contains("the visitor cannot be reached"), "{screen}");
    let effects = desk.press("y");
    assert!(effects.contains(&Effect::Copy("again please".to_owned())));
    let asked = commands(&desk.press("m 1"));
    assert_eq!(asked[0].2, DeskCommand::Retry { message });
}

#[test]
fn ctrl_c_twice_leaves() {
    let mut desk = desk();
    desk.press("ctrl+c");
    assert!(!desk.app.is_quitting());
    assert!(desk.press("ctrl+c").contains(&Effect::Quit));
    assert!(desk.app.is_quitting());
}

#[test]
fn a_deadline_is_always_ahead() {
    let desk = desk();
    assert!(next_deadline(&desk.app, NOW) > Some(NOW));
}

#[test]
fn a_search_lists_what_was_written() {
    let mut desk = desk();
    desk.press("ctrl+f");
    desk.write("4 order");
    let effects = desk.press("enter");
    let request = effects.iter().find_map(|effect| match effect {
        Effect::Send(ClientFrame::Search { request, text, .. }) if text == "4 order" => {
            Some(*request)
        }
        _ => None,
    });
    let stored = desk.stories.get(&ChatId(3)).expect("chat 3")[1].clone();
    let chat = Box::new(desk.app.book.get(ChatId(3)).expect("chat 3").clone());
    desk.hear(ServerFrame::Hits {
        request: request.expect("a search"),
        hits: vec![shared::protocol::Hit { stored, chat }],
        has_more: false,
    });
    desk.press("enter");
    assert_eq!(desk.app.open, Some(ChatId(3)));
}

#[test]
fn going_past_the_last_hit_asks_for_more_and_they_are_added() {
    let mut desk = desk();
    desk.press("ctrl+f");
    desk.write("order");
    let search = |effects: &[Effect]| {
        frames(effects).into_iter().find_map(|frame| match frame {
            ClientFrame::Search {
                request, before, ..
            } => Some((*request, *before)),
            _ => None,
        })
    };
    let hit = |desk: &Desk, at: usize| shared::protocol::Hit {
        stored: desk.stories[&ChatId(3)][at].clone(),
        chat: Box::new(desk.app.book.get(ChatId(3)).expect("chat 3").clone()),
    };
    let (request, before) = search(&desk.press("enter")).expect("a search");
    assert_eq!(before, None);
    let hits = vec![hit(&desk, 1)];
    let seq = hits[0].stored.seq;
    desk.hear(ServerFrame::Hits {
        request,
        hits,
        has_more: true,
    });
    let (request, before) = search(&desk.press("arrowdown")).expect("the next page");
    assert_eq!(before, Some(seq));
    let hits = vec![hit(&desk, 0)];
    desk.hear(ServerFrame::Hits {
        request,
        hits,
        has_more: false,
    });
    assert_eq!(desk.app.fetched.hits.len(), 2);
    assert_eq!(search(&desk.press("arrowdown arrowdown")), None);
}

#[test]
fn an_empty_page_of_closed_chats_does_not_send_the_list_to_its_top() {
    let mut desk = desk();
    let closed = |effects: &[Effect]| {
        frames(effects).into_iter().find_map(|frame| match frame {
            ClientFrame::LoadClosed {
                request, before, ..
            } => Some((*request, *before)),
            _ => None,
        })
    };
    let (request, _) = closed(&desk.press("4")).expect("the first page");
    let chat = desk.app.book.get(ChatId(5)).expect("chat 5").clone();
    let place = |chat| shared::protocol::ChatPlace {
        at: Timestamp(1_000),
        chat: ChatId(chat),
    };
    let page = |chats, next| shared::protocol::ChatPage {
        chats,
        has_more: true,
        next: Some(place(next)),
    };
    let answer = |request, page| ServerFrame::Chats { request, page };
    desk.hear(answer(request, page(vec![chat], 5)));
    let (request, before) = closed(&desk.press("arrowdown")).expect("the second page");
    assert_eq!(before, Some(place(5)));
    let heard = desk.hear(answer(request, page(vec![], 3)));
    let (_, before) = closed(&heard).expect("the third page");
    assert_eq!(before, Some(place(3)));
}

#[test]
fn the_companys_language_and_colours_are_taken_unless_the_operator_chose() {
    for is_own in [false, true] {
        let mut desk = desk();
        desk.app.is_language_own = is_own;
        desk.app.is_theme_own = is_own;
        let mut policy = crate::app::fixture::policy();
        policy.operators[0].ui_language = "ru".into();
        policy.desk.theme = "mono".to_owned();
        let effects = desk.hear(ServerFrame::Policy {
            policy: Box::new(policy),
        });
        assert_eq!(desk.app.language == Language::Ru, !is_own);
        assert_eq!(desk.app.theme == crate::theme::Theme::Mono, !is_own);
        let is_told = frames(&effects)
            .into_iter()
            .any(|frame| matches!(frame, ClientFrame::Speak { .. }));
        assert_eq!(is_told, !is_own);
    }
}

#[test]
fn every_refusal_has_words() {
    let refusals = [
        Refusal::Owned { by: "ivan".into() },
        Refusal::NotClaimed,
        Refusal::Finished,
        Refusal::NotAllowed {
            right: shared::chat::Right::Block,
        },
        Refusal::WindowClosed { human_agent: true },
        Refusal::WindowClosed { human_agent: false },
        Refusal::TooLong {
            length: 200,
            limit: 100,
        },
        Refusal::EmptyPlaceholder {
            name: "x".to_owned(),
        },
        Refusal::UnknownOperator {
            operator: "nobody".into(),
        },
        Refusal::HoldTooLong {
            limit: shared::model::Seconds(30),
        },
        Refusal::CategoryRequired,
    ];
    for language in Language::ALL {
        for refusal in &refusals {
            let mut desk = Desk::new(language, 120, 40);
            let id = commands(&desk.press("c"))[0].0.clone();
            desk.hear(ServerFrame::Refused {
                id,
                refusal: refusal.clone(),
                sentence: "SENTENCE".to_owned(),
                hint: String::new(),
            });
            let (said, _) = desk.app.said.clone().expect("words");
            assert!(
                !said.contains("refusal-") && !said.contains("SENTENCE"),
                "{said}"
            );
        }
    }
}

#[test]
fn a_contact_the_visitor_gave_goes_onto_the_card_with_one_key() {
    let mut desk = desk();
    let event = Event::Received {
        message: crate::app::fixture::message(90, NOW, "olga@example.com"),
        standby: false,
        late: false,
        contact: Some(shared::model::ContactKind::Email),
    };
    desk.happen(1, event);
    let asked = commands(&desk.press("a"));
    let expected = DeskCommand::EditCard {
        field: shared::model::CardField::Email,
        value: Some("olga@example.com".to_owned()),
    };
    assert_eq!(asked[0].2, expected);
}
