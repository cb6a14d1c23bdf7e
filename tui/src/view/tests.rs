//! The screens, and that nothing breaks them: any size, any keys, any text.

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use shared::chat::Event;
use shared::model::{ChatId, MessageId, Presence, Timestamp};
use shared::protocol::ServerFrame;

use super::{ViewCache, caret, view};
use crate::app::App;
use crate::app::fixture::{Desk, NOW, received, written};
use crate::input::{Input, LinkState};
use crate::key::{Code, Key};
use crate::language::Language;

/// Returns what the desk shows, row by row, without trailing blanks.
pub(crate) fn shown(app: &App) -> String {
    let mut terminal =
        Terminal::new(TestBackend::new(app.columns, app.rows)).expect("a test terminal");
    let mut cache = ViewCache::default();
    terminal
        .draw(|frame| view(app, &mut cache, frame))
        .expect("drawing");
    let buffer = terminal.backend().buffer();
    let mut rows = Vec::new();
    for y in 0..app.rows {
        let mut row = String::new();
        let mut skip = 0;
        for x in 0..app.columns {
            let symbol = buffer[(x, y)].symbol();
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = crate::text::width(symbol).saturating_sub(1);
            row.push_str(symbol);
        }
        rows.push(row.trim_end().to_owned());
    }
    rows.join("\n")
}

#[test]
fn the_desk_at_three_sizes_in_three_languages() {
    for language in Language::ALL {
        for (columns, rows) in [(80, 24), (120, 40), (200, 50)] {
            let mut desk = Desk::new(language, columns, rows);
            desk.hear(ServerFrame::VisitorTyping { chat: ChatId(1) });
            desk.hear(ServerFrame::Presence {
                chat: ChatId(1),
                operator: "ivan".into(),
                presence: Presence::Viewing,
            });
            desk.press("r");
            desk.write("The ref");
            let name = format!("writing_{}_{columns}x{rows}", language.code());
            insta::assert_snapshot!(name, shown(&desk.app));
        }
    }
}

#[test]
fn popups_and_other_moments() {
    for (name, keys) in [
        ("queue", "1"),
        ("foreign", "3"),
        ("transfer", "t"),
        ("category", "l"),
        ("block", "b 2 arrowright"),
        ("card", "v"),
        ("palette", "space"),
        ("help", "?"),
        ("templates", "r \\"),
        ("note", "p"),
        ("zoomed", "z"),
    ] {
        let mut desk = Desk::new(Language::En, 80, 24);
        desk.press(keys);
        insta::assert_snapshot!(format!("popup_{name}"), shown(&desk.app));
    }
}

#[test]
fn a_broken_connection_is_told_and_nothing_is_lost() {
    let mut desk = Desk::new(Language::En, 80, 24);
    desk.put(Input::Link(LinkState::Offline {
        attempt: 3,
        next_try_at: Timestamp(NOW.0 + 8_000),
    }));
    desk.press("r");
    desk.write("Hello");
    desk.press("enter escape");
    insta::assert_snapshot!("offline", shown(&desk.app));
}

#[test]
fn a_short_message_never_hides_the_connection() {
    for rows in [24, 18] {
        let mut desk = Desk::new(Language::En, 80, rows);
        desk.app.say("Something was done".to_owned());
        let screen = shown(&desk.app);
        let status = screen.lines().last().unwrap_or_default();
        assert!(screen.contains("Something was done"), "{screen}");
        assert!(status.starts_with(" *"), "{status}");
        desk.put(Input::Link(LinkState::Offline {
            attempt: 1,
            next_try_at: Timestamp(NOW.0 + 1_000),
        }));
        let screen = shown(&desk.app);
        let status = screen.lines().last().unwrap_or_default();
        assert!(status.starts_with(" o"), "{status}");
    }
}

#[test]
fn the_last_event_its_way_and_the_channels_are_on_the_status_row() {
    let mut desk = Desk::new(Language::En, 120, 40);
    assert!(shown(&desk.app).contains("online 34ms | event 18"));
    desk.hear(ServerFrame::Channel(shared::protocol::ChannelHealth {
        channel: "shop".into(),
        health: shared::model::ChannelState::Unknown,
    }));
    let mut late = desk.teller.tell(3, NOW, received(32, NOW, "again"));
    late.at = Timestamp(NOW.0 - 40);
    desk.hear(ServerFrame::Event(late));
    let screen = shown(&desk.app);
    assert!(screen.contains("event 19 +40ms"), "{screen}");
    assert!(screen.contains("channels 1/1"), "{screen}");
}

#[test]
fn a_list_that_the_relay_has_cut_is_counted_whole() {
    let mut desk = Desk::new(Language::En, 120, 40);
    desk.hear(ServerFrame::Counts(shared::protocol::SectionCounts {
        awaiting: 312,
        mine: 1,
        others: 1,
    }));
    let screen = shown(&desk.app);
    assert!(screen.contains("1 Queue 312"), "{screen}");
    assert!(screen.contains("2 Mine 1"), "{screen}");
}

#[test]
fn a_note_is_told_from_a_reply_by_border_title_and_caret() {
    let mut desk = Desk::new(Language::En, 80, 24);
    desk.press("r");
    assert!(shown(&desk.app).contains("-- Reply to"));
    let reply = caret(&desk.app).map(|(_, caret)| caret);
    desk.press("escape p");
    let screen = shown(&desk.app);
    assert!(screen.contains("== NOTE to colleagues ====="), "{screen}");
    let note = caret(&desk.app).map(|(_, caret)| caret);
    assert_ne!(reply, note);
}

#[test]
fn the_length_is_counted_past_half_of_the_limit() {
    let mut desk = Desk::new(Language::En, 80, 24);
    desk.press("r");
    desk.write(&"Hello".repeat(10));
    assert!(!shown(&desk.app).contains("/100"));
    desk.write("!");
    assert!(shown(&desk.app).contains("51/100"));
    desk.write(&" word".repeat(11));
    assert!(shown(&desk.app).contains("too long: 2 parts 106/100"));
}

#[test]
fn a_failed_reply_says_why() {
    let mut desk = Desk::new(Language::En, 80, 24);
    desk.happen(1, written(78, "kate", NOW, "again please"));
    desk.happen(
        1,
        Event::ReplyFailed {
            message: MessageId(78),
            reason: shared::model::FailureReason::VisitorUnreachable,
            sent: None,
        },
    );
    insta::assert_snapshot!("failed", shown(&desk.app));
}

#[test]
fn every_event_has_words_in_every_language() {
    use shared::model::{CardField, CategoryPath, ThreadOwner};
    let by = || shared::model::OperatorId::from("ivan");
    let blocked = |until| Event::Blocked {
        by: by(),
        until,
        reason: "spam".to_owned(),
    };
    let moved = |comment: Option<&str>| Event::Transferred {
        by: by(),
        to: Desk::handed_to_billing(),
        comment: comment.map(str::to_owned),
    };
    let events = [
        Event::Claimed {
            by: by(),
            from: Some(by()),
        },
        Event::Released { by: by() },
        moved(None),
        moved(Some("look")),
        blocked(None),
        blocked(Some(Timestamp(NOW.0 + 90_000_000))),
        Event::Unblocked { by: Some(by()) },
        Event::Unblocked { by: None },
        Event::Categorized {
            by: by(),
            category: Some(CategoryPath(vec!["payment".to_owned()])),
        },
        Event::Categorized {
            by: by(),
            category: None,
        },
        Event::CardEdited {
            by: by(),
            field: CardField::Name,
            value: Some("Olga".to_owned()),
        },
        Event::Closed { by: by() },
        Event::Reopened {
            by: Some(by()),
            owner: None,
        },
        Event::Reopened {
            by: None,
            owner: None,
        },
        Event::ThreadOwned {
            owner: ThreadOwner::Other("bot".to_owned()),
        },
        Event::WindowClosed,
        Event::Finished,
    ];
    for language in Language::ALL {
        let desk = Desk::new(language, 80, 24);
        for event in &events {
            let words = desk.app.event_in_words(event).expect("words");
            assert!(!words.contains("event-"), "{words}");
        }
    }
}

#[test]
fn every_notice_has_words_in_every_language() {
    use shared::model::{Notice, NoticeKind};
    let told = |kind| Event::Noticed {
        notice: Notice {
            kind,
            text: "words".to_owned(),
        },
        opens_window_at: None,
    };
    let notices = [
        NoticeKind::ButtonPressed,
        NoticeKind::Referral,
        NoticeKind::Feedback,
        NoticeKind::Other,
        NoticeKind::ThreadControl,
        NoticeKind::ThreadAsked,
    ]
    .map(told);
    for language in Language::ALL {
        let desk = Desk::new(language, 80, 24);
        for event in &notices {
            let words = desk.app.event_in_words(event).expect("words");
            assert!(!words.contains("event-"), "{words}");
        }
    }
}

#[test]
fn every_size_is_drawn() {
    let mut desk = Desk::new(Language::Ru, 80, 24);
    desk.press("t");
    for columns in (0..230).step_by(7) {
        for rows in (0..60).step_by(5) {
            desk.put(Input::Resize { columns, rows });
            if columns > 0 && rows > 0 {
                shown(&desk.app);
            }
            caret(&desk.app);
        }
    }
}

#[test]
fn a_scrolled_conversation_stays_where_it_is() {
    let mut desk = Desk::new(Language::En, 80, 24);
    for id in 100..160 {
        desk.happen(1, received(id, NOW, &format!("line {id}")));
    }
    desk.press("pageup");
    let before = shown(&desk.app);
    desk.happen(1, received(200, NOW, "one more\nand more"));
    let after = shown(&desk.app);
    let talk = |screen: &str| -> Vec<String> {
        screen
            .lines()
            .skip(3)
            .take(10)
            .filter_map(|line| line.split_once('|').map(|(_, right)| right.to_owned()))
            .collect()
    };
    assert_eq!(talk(&before), talk(&after));
    assert!(talk(&before).iter().any(|line| line.contains("line 1")));
    desk.press("end");
    assert!(shown(&desk.app).contains("and more"));
}

/// Keys that reach every corner.
fn any_key() -> impl Strategy<Value = Key> {
    let codes = prop_oneof![
        6 => prop::sample::select("1234crtlxbpuvnzmjkfoa \\/?#йцукен中".chars().collect::<Vec<_>>())
            .prop_map(Code::Char),
        3 => prop::sample::select(vec![
            Code::Enter, Code::Escape, Code::Tab, Code::Up, Code::Down, Code::Left, Code::Right,
            Code::PageUp, Code::PageDown, Code::Home, Code::End, Code::Backspace, Code::Delete,
            Code::F(1), Code::F(4), Code::F(5), Code::F(7),
        ]),
        1 => any::<char>().prop_map(Code::Char),
    ];
    (codes, prop::bool::weighted(0.1), prop::bool::weighted(0.1)).prop_map(|(code, ctrl, alt)| {
        Key {
            code,
            ctrl,
            alt,
            shift: false,
        }
    })
}

#[derive(Debug, Clone)]
enum Step {
    Key(Key),
    Paste(String),
    Size(u16, u16),
    Says(i64, String),
    Claims(i64, bool),
    Breaks,
    Connects,
    Waits(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => any_key().prop_map(Step::Key),
        1 => any::<String>().prop_map(Step::Paste),
        1 => (1u16..220, 1u16..60).prop_map(|(columns, rows)| Step::Size(columns, rows)),
        2 => (1i64..8, any::<String>()).prop_map(|(chat, text)| Step::Says(chat, text)),
        1 => (1i64..8, any::<bool>()).prop_map(|(chat, mine)| Step::Claims(chat, mine)),
        1 => Just(Step::Breaks),
        1 => Just(Step::Connects),
        1 => (1i64..20_000).prop_map(Step::Waits),
    ]
}

fn take(desk: &mut Desk, id: i64, step: Step) {
    match step {
        Step::Key(key) => {
            desk.put(Input::Key(key));
        }
        Step::Paste(text) => {
            desk.put(Input::Paste(text));
        }
        Step::Size(columns, rows) => {
            desk.put(Input::Resize { columns, rows });
        }
        Step::Says(chat, text) => {
            if !desk.stories.contains_key(&ChatId(chat)) {
                desk.happen(chat, crate::app::fixture::opened(chat, &text));
            }
            let now = desk.now;
            desk.happen(chat, received(1_000 + id, now, &text));
        }
        Step::Claims(chat, is_mine) => {
            if desk.stories.contains_key(&ChatId(chat)) {
                let by = if is_mine { "kate" } else { "ivan" };
                let claimed = Event::Claimed {
                    by: by.into(),
                    from: None,
                };
                desk.happen(chat, claimed);
            }
        }
        Step::Breaks => {
            desk.put(Input::Link(LinkState::Connecting { attempt: 2 }));
        }
        Step::Connects => {
            desk.connect();
        }
        Step::Waits(millis) => {
            desk.now = Timestamp(desk.now.0 + millis);
            desk.put(Input::Due);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_breaks_the_desk(steps in prop::collection::vec(any_step(), 1..60)) {
        let mut desk = Desk::new(Language::En, 80, 24);
        for (id, step) in (0i64..).zip(steps) {
            take(&mut desk, id, step);
            let screen = shown(&desk.app);
            let is_clean = screen.chars().all(|char| char == '\n' || !char.is_control());
            prop_assert!(is_clean, "a control character on the screen");
            caret(&desk.app);
        }
    }

    #[test]
    fn hostile_words_stay_words(text in "[\\x00-\\x1f\\x7f-\\u{9f}\u{202e}\u{2066}a-z ]{0,60}") {
        let mut desk = Desk::new(Language::En, 100, 30);
        desk.happen(7, crate::app::fixture::opened(7, &text));
        desk.happen(7, received(900, NOW, &text));
        desk.hear(ServerFrame::Notice {
            level: shared::protocol::NoticeLevel::Info,
            code: String::new(),
            text,
        });
        desk.app.show_chat(ChatId(7));
        for keys in ["v", "escape t", "escape b", "escape space"] {
            desk.press(keys);
            let screen = shown(&desk.app);
            let is_clean = screen.chars().all(|char| {
                char == '\n' || (!char.is_control() && char != '\u{202e}' && char != '\u{2066}')
            });
            prop_assert!(is_clean);
        }
    }
}
