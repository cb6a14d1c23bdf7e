//! That nothing is lost on the screen: no letter, no edge, no hint, no key, at any width.

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use shared::chat::Event;
use shared::model::Timestamp;
use shared::protocol::ServerFrame;

use super::tests::shown;
use super::{ViewCache, view};
use crate::app::App;
use crate::app::fixture::{Desk, NOW, policy, received};
use crate::language::Language;

/// What stands in the conversation's text column of a screen.
fn conversation_text(app: &App) -> String {
    let areas = super::Areas::of(app, ratatui::layout::Rect::new(0, 0, app.columns, app.rows));
    let mut terminal =
        Terminal::new(TestBackend::new(app.columns, app.rows)).expect("a test terminal");
    let mut cache = ViewCache::default();
    terminal
        .draw(|frame| view(app, &mut cache, frame))
        .expect("drawing");
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in areas.conversation.top()..areas.conversation.bottom() {
        let mut skip = 0;
        for x in areas.conversation.left() + 8..areas.conversation.right() {
            let symbol = buffer[(x, y)].symbol();
            if skip > 0 {
                skip -= 1;
                continue;
            }
            skip = crate::text::width(symbol).saturating_sub(1);
            text.push_str(symbol);
        }
        text.push('\n');
    }
    text
}

fn without_spaces(text: &str) -> String {
    text.chars().filter(|char| !char.is_whitespace()).collect()
}

#[test]
fn a_row_that_fills_the_width_keeps_its_last_letter() {
    let mut desk = Desk::new(Language::En, 80, 24);
    let text = "Aaaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeZ fff ggg";
    desk.happen(1, received(95, NOW, text));
    let screen = shown(&desk.app);
    assert!(screen.contains("ddddddddd eeeeZ\n"), "{screen}");
    assert!(screen.contains("fff ggg"), "{screen}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_character_of_a_message_is_on_the_screen_at_every_width(
        text in "([a-zA-Zа-яА-Я]{1,14}|王小明|，|👍|🇮🇱|\\-| |  |\n){1,40}",
        columns in 60_u16..210,
    ) {
        prop_assume!(!text.trim().is_empty());
        let mut desk = Desk::new(Language::En, columns, 60);
        desk.happen(1, received(95, NOW, &text));
        let wanted = without_spaces(&text);
        let seen = without_spaces(&conversation_text(&desk.app));
        prop_assert!(seen.contains(&wanted), "{wanted}\nin\n{}", shown(&desk.app));
    }
}

#[test]
fn the_edge_of_a_popup_is_whole_over_wide_characters() {
    for columns in [119, 120] {
        let mut desk = Desk::new(Language::Zh, columns, 40);
        for number in 0..40 {
            let text = "不好意思，我的订单什么时候发货？".repeat(6);
            desk.happen(1, received(100 + number, NOW, &text));
        }
        desk.press("?");
        let screen = shown(&desk.app);
        let rows: Vec<&str> = screen.lines().collect();
        let top = rows
            .iter()
            .position(|row| row.contains("+ "))
            .expect("a frame");
        let bottom = rows
            .iter()
            .rposition(|row| row.contains("-+"))
            .expect("a frame");
        assert!(bottom > top + 5);
        let column = |row: &str| {
            row.split_once("+ ")
                .map(|(before, _)| crate::text::width(before))
        };
        let left = column(rows[top]).expect("a corner");
        for row in &rows[top + 1..bottom] {
            let before = crate::text::clip(row, left);
            let edge = row.strip_prefix(before).expect("its head");
            assert!(edge.starts_with('|'), "{row}");
            assert_eq!(crate::text::width(before), left, "{row}");
        }
    }
}

#[test]
fn a_late_message_says_when_it_was_written() {
    let mut desk = Desk::new(Language::En, 120, 40);
    let sent = Timestamp(NOW.0 - 5 * 86_400_000);
    let event = Event::Received {
        message: crate::app::fixture::message(96, sent, "from last week"),
        standby: false,
        late: true,
        contact: None,
    };
    desk.happen(1, event);
    let expected = desk.app.moment(sent);
    let screen = shown(&desk.app);
    assert!(
        screen.contains(&format!("sent {expected}, arrived late")),
        "{screen}"
    );
}

#[test]
fn the_hints_of_every_popup_name_the_way_out_at_80_columns() {
    for language in Language::ALL {
        for keys in ["t", "b", "l", "t tab", "space", "?", "v", "r \\", "ctrl+f"] {
            let mut desk = Desk::new(language, 80, 24);
            desk.press(keys);
            let screen = shown(&desk.app);
            let popup = desk.app.popup.as_ref().expect("a popup");
            let area =
                super::popup::place(&desk.app, popup, ratatui::layout::Rect::new(0, 0, 80, 24));
            let below = screen.lines().skip(usize::from(area.bottom()) - 3).take(2);
            let hints: String = below.collect();
            assert!(
                hints.contains("Esc") && !hints.contains('…'),
                "{keys}: {screen}"
            );
        }
    }
}

#[test]
fn hints_of_two_rows_leave_the_last_row_of_a_template_in_sight() {
    for language in Language::ALL {
        let mut desk = Desk::new(language, 80, 24);
        let mut policy = policy();
        for template in &mut policy.templates {
            template.text = "first row\nsecond row\nthird row".to_owned();
        }
        desk.hear(ServerFrame::Policy {
            policy: Box::new(policy),
        });
        desk.press("r \\");
        let screen = shown(&desk.app);
        let is_whole = ["first row", "second row", "third row"]
            .iter()
            .all(|words| {
                let preview = format!(" |  {words} ");
                screen.lines().any(|row| row.starts_with(&preview))
            });
        assert!(is_whole, "{screen}");
    }
}

#[test]
fn a_small_terminal_is_told_the_whole_sentence() {
    for language in Language::ALL {
        let desk = Desk::new(language, 20, 5);
        let screen = shown(&desk.app);
        assert!(
            !screen.contains('…') && screen.contains("60x16"),
            "{screen}"
        );
    }
}

#[test]
fn without_a_chat_the_whole_sentence_is_there_at_80_columns() {
    for language in Language::ALL {
        let mut desk = Desk::new(language, 80, 24);
        desk.app.open = None;
        let wanted = without_spaces(&desk.app.tr("chat-none"));
        let screen = shown(&desk.app);
        let right: String = screen
            .lines()
            .skip(1)
            .take(3)
            .filter_map(|row| row.split_once('|').map(|(_, right)| right.to_owned()))
            .collect();
        assert!(without_spaces(&right).contains(&wanted), "{screen}");
        desk.press("escape");
    }
}

#[test]
fn undo_is_hinted_only_where_there_is_something_to_undo() {
    let mut desk = Desk::new(Language::En, 200, 50);
    desk.press("r");
    let screen = shown(&desk.app);
    assert!(
        !screen.contains("^Z undo") && screen.contains("\\ templates"),
        "{screen}"
    );
    desk.write("x");
    assert!(shown(&desk.app).contains("^Z undo"));
}

#[test]
fn a_roomy_list_shows_the_others_under_the_one_on_the_screen() {
    let desk = Desk::new(Language::En, 120, 40);
    let screen = shown(&desk.app);
    let list: Vec<&str> = screen
        .lines()
        .filter_map(|row| Some(row.split_once('|')?.0.trim_end()))
        .collect();
    let row = |words: &str| list.iter().position(|line| line.contains(words));
    let (mine, queue, others) = (row("Mine  sort"), row("Queue  oldest"), row("Others"));
    assert!(mine.is_some() && mine < queue && queue < others, "{screen}");
    assert!(
        row("Olga Smirnova") < queue && queue < row("John Carter"),
        "{screen}"
    );
    assert!(others < row("Northwind"), "{screen}");
}

#[test]
fn a_compact_list_shows_one_list_alone() {
    let desk = Desk::new(Language::En, 80, 24);
    let screen = shown(&desk.app);
    assert!(
        !screen.contains("oldest first") && !screen.contains("Northwind"),
        "{screen}"
    );
}

#[test]
fn help_shows_the_letter_of_the_other_layout_and_keeps_the_key_of_what_is_off() {
    let mut desk = Desk::new(Language::En, 120, 40);
    desk.press("?");
    desk.write("transfer the chat");
    assert!(shown(&desk.app).contains("t (е)"), "{}", shown(&desk.app));
    let mut desk = Desk::new(Language::En, 120, 40);
    desk.press("?");
    desk.write("open the closed chat");
    let screen = shown(&desk.app);
    assert!(
        screen.contains("this chat is not closed  e (у)"),
        "{screen}"
    );
}

#[test]
fn inside_a_multiplexer_emoji_are_drawn_simply_and_nothing_is_lost() {
    let mut desk = Desk::new(Language::En, 120, 40);
    desk.app.has_simple_emoji = true;
    desk.happen(1, received(97, NOW, "from 🇮🇱 with 👨\u{200d}👩\u{200d}👧"));
    let screen = shown(&desk.app);
    assert!(screen.contains("from IL with 👨👩👧"), "{screen}");
}
