//! The filter of the list, the search over all chats and the way back, the panel of commands.

use shared::model::{ChatId, Timestamp};
use shared::protocol::{ClientFrame, Hit, PAGE_LIMIT, ServerFrame};

use super::desk;
use crate::app::book::Section;
use crate::app::fixture::{Desk, NOW, ago, received};
use crate::effect::Effect;
use crate::input::Input;
use crate::view::tests::shown;

fn listed(desk: &Desk) -> Vec<i64> {
    desk.app.list().iter().map(|chat| chat.id.0).collect()
}

#[test]
fn letters_after_f_filter_the_list_as_they_are_typed() {
    let mut desk = desk();
    desk.press("1 f");
    desk.write("john");
    assert_eq!(listed(&desk), [3]);
    let screen = shown(&desk.app);
    assert!(
        screen.contains("John Carter") && screen.contains("f john"),
        "{screen}"
    );
    let list: String = screen
        .lines()
        .filter_map(|row| Some(row.split_once('|')?.0.to_owned()))
        .collect();
    assert!(!list.contains("王小明"), "{screen}");
    desk.press("enter");
    assert_eq!(desk.app.open, Some(ChatId(3)));
    assert_eq!(listed(&desk), [3]);
    assert!(shown(&desk.app).contains("filter: john"));
    desk.press("escape");
    assert_eq!(listed(&desk), [2, 3]);
}

#[test]
fn escape_while_typing_gives_the_whole_list_back() {
    let mut desk = desk();
    desk.press("1 f");
    desk.write("zzzz");
    assert!(listed(&desk).is_empty());
    assert!(shown(&desk.app).contains("Nothing matches"));
    desk.press("escape");
    assert_eq!(listed(&desk), [2, 3]);
    assert!(desk.app.popup.is_none());
}

#[test]
fn the_search_says_that_enter_asks() {
    let mut desk = desk();
    desk.press("ctrl+f");
    desk.write("order");
    let screen = shown(&desk.app);
    assert!(screen.contains("Enter searches every chat"), "{screen}");
    assert!(!screen.contains("nothing found"), "{screen}");
    let effects = desk.press("enter");
    let request = request_of(&effects).expect("a search");
    assert!(shown(&desk.app).contains("searching"));
    desk.hear(ServerFrame::Hits {
        request,
        hits: vec![],
        has_more: false,
    });
    assert!(shown(&desk.app).contains("nothing found"));
}

fn request_of(effects: &[Effect]) -> Option<u32> {
    effects.iter().find_map(|effect| match effect {
        Effect::Send(ClientFrame::Search { request, .. }) => Some(*request),
        _ => None,
    })
}

/// Pages of a chat as the relay would send them: the newest `limit` before what is known.
fn answer(desk: &mut Desk, effects: &[Effect]) -> Vec<Effect> {
    let mut more = Vec::new();
    for effect in effects {
        if let Effect::Send(ClientFrame::LoadTimeline {
            request,
            chat,
            before: Some(before),
            limit,
        }) = effect
        {
            let all = desk.stories.get(chat).cloned().unwrap_or_default();
            let earlier: Vec<_> = all
                .into_iter()
                .filter(|stored| stored.seq < *before)
                .collect();
            let limit = usize::try_from(*limit).expect("a page");
            let from = earlier.len().saturating_sub(limit);
            more.extend(desk.hear(ServerFrame::Timeline {
                request: *request,
                chat: *chat,
                events: earlier[from..].to_vec(),
                has_more: from > 0,
            }));
        }
    }
    more
}

#[test]
fn a_hit_far_back_is_brought_onto_the_screen_and_escape_returns() {
    let mut desk = desk();
    let count = i64::from(PAGE_LIMIT) + 60;
    for number in 0..count {
        let text = format!("message number {number} of many");
        desk.happen(3, received(1_000 + number, ago(2), &text));
    }
    let all = desk.stories.get(&ChatId(3)).expect("chat 3").clone();
    let hit = all
        .iter()
        .find(|stored| matches!(&stored.event, shared::chat::Event::Received { message, .. } if message.text == "message number 5 of many"))
        .expect("it was told")
        .clone();
    desk.press("ctrl+f");
    desk.write("number 5");
    let request = request_of(&desk.press("enter")).expect("a search");
    let chat = Box::new(desk.app.book.get(ChatId(3)).expect("chat 3").clone());
    desk.hear(ServerFrame::Hits {
        request,
        hits: vec![Hit { stored: hit, chat }],
        has_more: false,
    });
    // The fixture answers the first page with everything; here it comes in pieces.
    let newest = all[all.len() - 50..].to_vec();
    desk.stories.insert(ChatId(3), newest);
    let was = desk.app.place();
    desk.press("enter");
    desk.app.book.story_mut(ChatId(3)).has_more = true;
    desk.stories.insert(ChatId(3), all);
    desk.app.seeking.hit = desk.app.seeking.hit.map(|hit| crate::app::seeking::Sought {
        is_shown: false,
        ..hit
    });
    desk.app.seek();
    let mut effects = std::mem::take(&mut desk.app.effects);
    while !effects.is_empty() {
        effects = answer(&mut desk, &effects);
    }
    let screen = shown(&desk.app);
    assert!(screen.contains("message number 5 of many"), "{screen}");
    desk.press("escape");
    assert_eq!(desk.app.place(), was);
    assert_eq!(desk.app.section, Section::Mine);
}

#[test]
fn a_moment_after_escape_the_commands_are_shown_and_any_key_hides_them() {
    let mut desk = desk();
    desk.press("r escape");
    assert!(!desk.app.is_guided());
    assert!(crate::app::next_deadline(&desk.app, NOW) <= Some(Timestamp(NOW.0 + 400)));
    desk.now = Timestamp(NOW.0 + 400);
    desk.put(Input::Due);
    let screen = shown(&desk.app);
    for words in ["r reply", "t transfer", "x close", "Space palette"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    desk.press("arrowdown");
    assert!(!desk.app.is_guided());
}

#[test]
fn practised_hands_never_see_the_panel() {
    let mut desk = desk();
    desk.press("r escape t");
    desk.now = Timestamp(NOW.0 + 400);
    desk.put(Input::Due);
    desk.press("escape");
    assert!(!desk.app.is_guided());
}

#[test]
fn a_letter_that_is_no_command_says_so() {
    let mut desk = desk();
    desk.press("g");
    let (said, _) = desk.app.said.clone().expect("words");
    assert!(said.contains("g does nothing here"), "{said}");
}
