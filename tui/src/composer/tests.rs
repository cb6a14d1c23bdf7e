//! What operators do to a text, and what must hold whatever they do.

use proptest::prelude::*;

use super::*;
use crate::text::width;

const FAMILY: &str = "👨‍👩‍👧‍👦";

fn composer(text: &str) -> Composer {
    let mut composer = Composer::new();
    composer.set(text, text.len());
    composer
}

fn type_in(composer: &mut Composer, text: &str) {
    for char in text.chars() {
        composer.insert_char(char);
    }
}

#[test]
fn one_backspace_deletes_one_cluster_of_any_script() {
    for cluster in [
        "a", "я", "ё", "王", FAMILY, "👍🏽", "🇷🇺", "e\u{301}", "❤️", "1️⃣", "각",
    ] {
        let mut composer = composer(&format!("x{cluster}"));
        composer.backspace();
        assert_eq!(composer.text(), "x", "{cluster:?}");
        composer.insert(cluster);
        composer.left();
        assert_eq!(composer.caret(), 1, "{cluster:?}");
        composer.delete_forward();
        assert_eq!(composer.text(), "x", "{cluster:?}");
    }
}

#[test]
fn emoji_typed_code_point_by_code_point_are_one_cluster() {
    for emoji in [FAMILY, "👍🏽", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🇷🇺"] {
        let mut composer = Composer::new();
        type_in(&mut composer, emoji);
        assert_eq!(composer.text(), emoji);
        composer.backspace();
        assert_eq!(composer.text(), "");
    }
}

#[test]
fn the_caret_never_stays_inside_a_cluster_that_an_edit_joined() {
    let mut composer = composer("🇷x🇺");
    composer.left();
    composer.backspace();
    assert_eq!((composer.text(), composer.caret()), ("🇷🇺", "🇷🇺".len()));
}

#[test]
fn the_caret_stands_behind_double_width_characters() {
    assert_eq!(composer("王小").layout(20, 3).caret, (4, 0));
    assert_eq!(composer("деньги").layout(20, 3).caret, (6, 0));
    assert_eq!(composer(FAMILY).layout(20, 3).caret, (2, 0));
}

#[test]
fn words_are_moved_over_and_deleted_whole() {
    let mut composer = composer("Ольга, возврат оформлен");
    composer.word_left();
    assert_eq!(composer.after_caret(), "оформлен");
    composer.delete_word_left();
    assert_eq!(composer.text(), "Ольга, оформлен");
    composer.word_left();
    assert_eq!(composer.caret(), 0);
    composer.word_right();
    assert_eq!(composer.before_caret(), "Ольга");
    composer.delete_word_right();
    assert_eq!(composer.text(), "Ольга");
}

#[test]
fn deleting_to_the_line_start_stops_at_the_line() {
    let mut composer = composer("one\ntwo three");
    composer.delete_to_line_start();
    assert_eq!(composer.text(), "one\n");
    composer.delete_to_line_start();
    assert_eq!(composer.text(), "one");
    composer.yank();
    assert_eq!(composer.text(), "one\n");
}

#[test]
fn what_was_killed_comes_back_once_and_again() {
    let mut composer = composer("one two");
    composer.delete_word_left();
    composer.text_start();
    composer.yank();
    composer.yank();
    assert_eq!(composer.text(), "twotwoone ");
}

#[test]
fn home_and_end_go_by_line() {
    let mut composer = composer("one\ntwo\nthree");
    composer.line_start();
    assert_eq!(composer.before_caret(), "one\ntwo\n");
    composer.left();
    composer.line_start();
    assert_eq!(composer.before_caret(), "one\n");
    composer.line_end();
    assert_eq!(composer.before_caret(), "one\ntwo");
    composer.text_start();
    composer.text_end();
    assert_eq!(composer.after_caret(), "");
}

#[test]
fn up_and_down_keep_the_column_across_short_rows() {
    let mut composer = composer("a long line\nab\nanother long");
    assert!(composer.up(40));
    assert_eq!(composer.before_caret(), "a long line\nab");
    assert!(composer.up(40));
    assert_eq!(composer.before_caret(), "a long line");
    assert!(!composer.up(40), "there is no row above the first");
    assert!(composer.down(40) && composer.down(40));
    assert_eq!(composer.after_caret(), "");
    assert!(!composer.down(40), "there is no row below the last");
}

#[test]
fn up_and_down_go_by_wrapped_rows() {
    let mut composer = composer("one two three four");
    assert_eq!(composer.layout(10, 5).rows, ["one two ", "three ", "four"]);
    assert!(composer.up(10));
    assert_eq!(composer.before_caret(), "one two thre");
    assert_eq!(composer.layout(10, 5).caret, (4, 1));
    assert!(composer.up(10));
    assert_eq!(composer.layout(10, 5).caret, (4, 0));
}

#[test]
fn undo_goes_by_words_and_redo_comes_back() {
    let mut composer = Composer::new();
    type_in(&mut composer, "one two  three");
    for expected in ["one two  ", "one ", ""] {
        assert!(composer.undo());
        assert_eq!(composer.text(), expected);
    }
    assert!(!composer.undo());
    for expected in ["one ", "one two  ", "one two  three"] {
        assert!(composer.redo());
        assert_eq!(composer.text(), expected);
    }
    assert!(!composer.redo());
}

#[test]
fn a_paste_is_undone_at_once_and_typing_after_undo_ends_redo() {
    let mut composer = composer("see: ");
    composer.insert("line one\r\nline two");
    assert_eq!(composer.text(), "see: line one\nline two");
    assert!(composer.undo());
    assert_eq!(composer.text(), "see: ");
    composer.insert_char('x');
    assert!(!composer.redo());
}

#[test]
fn clearing_can_be_undone_but_taking_starts_afresh() {
    let mut composer = composer("text");
    composer.clear();
    assert!(composer.is_empty() && composer.undo());
    assert_eq!(composer.take(), "text");
    assert!(composer.is_empty() && !composer.undo());
}

#[test]
fn pasted_control_characters_do_not_reach_the_text() {
    let mut composer = Composer::new();
    composer.insert("a\u{1b}[31mb\u{202e}c\td");
    assert_eq!(composer.text(), "abc\td");
    assert_eq!(composer.layout(20, 1).rows, ["abc d"]);
}

#[test]
fn what_does_not_fit_is_left_out_and_said() {
    let mut composer = Composer::new();
    assert!(composer.insert(&"x".repeat(MESSAGE_BYTES - 1)));
    assert!(!composer.insert("я"));
    assert!(composer.insert("y"));
    assert!(!composer.insert_char('z'));
    assert_eq!(composer.text().len(), MESSAGE_BYTES);
}

#[test]
fn a_range_is_replaced_by_a_template() {
    let mut composer = composer("Hi \\ref bye");
    composer.replace(3..7, "refund");
    assert_eq!(
        (composer.text(), composer.before_caret()),
        ("Hi refund bye", "Hi refund")
    );
}

#[test]
fn the_caret_row_is_always_visible() {
    let mut composer = composer("1\n2\n3\n4\n5");
    let layout = composer.layout(10, 3);
    assert_eq!(layout.rows, ["3", "4", "5"]);
    assert_eq!(
        (layout.caret, layout.rows_above, layout.rows_below),
        ((1, 2), 2, 0)
    );
    composer.text_start();
    let layout = composer.layout(10, 3);
    assert_eq!(layout.rows, ["1", "2", "3"]);
    assert_eq!(
        (layout.caret, layout.rows_above, layout.rows_below),
        ((0, 0), 0, 2)
    );
    assert_eq!(composer.row_count(10), 5);
}

#[test]
fn a_one_line_field_has_no_newlines_and_shifts_sideways() {
    let mut field = Composer::single_line();
    field.insert("возврат\nденег");
    assert!(!field.newline());
    assert_eq!(field.text(), "возврат денег");
    let layout = field.layout(6, 1);
    assert_eq!(
        (layout.rows, layout.caret),
        (vec!["денег".to_owned()], (5, 0))
    );
    field.text_start();
    let layout = field.layout(6, 1);
    assert_eq!(
        (layout.rows, layout.caret),
        (vec!["возвра".to_owned()], (0, 0))
    );
}

#[derive(Debug, Clone)]
enum Edit {
    Type(char),
    Insert(String),
    Call(fn(&mut Composer)),
    Set(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let calls: Vec<fn(&mut Composer)> = vec![
        Composer::backspace,
        Composer::delete_forward,
        Composer::delete_word_left,
        Composer::delete_word_right,
        Composer::delete_to_line_start,
        Composer::yank,
        Composer::left,
        Composer::right,
        Composer::word_left,
        Composer::word_right,
        Composer::line_start,
        Composer::line_end,
        Composer::text_start,
        Composer::text_end,
        |composer| _ = composer.newline(),
        |composer| _ = composer.up(9),
        |composer| _ = composer.down(9),
        |composer| _ = composer.undo(),
        |composer| _ = composer.redo(),
    ];
    let pieces = vec![
        FAMILY,
        "👍🏽",
        "🇷",
        "🇺",
        "\u{301}",
        "\u{200d}",
        "王小明",
        "ё",
        "a b",
        "\t",
        "\n",
        "각",
        "\u{1100}",
    ];
    prop_oneof![
        any::<char>().prop_map(Edit::Type),
        proptest::sample::select(vec![
            ' ', 'a', 'я', '王', '\u{301}', '\u{200d}', '🇷', '👩', '\u{1161}'
        ])
        .prop_map(Edit::Type),
        proptest::sample::select(pieces).prop_map(|piece| Edit::Insert(piece.to_owned())),
        proptest::sample::select(calls).prop_map(Edit::Call),
        (0_usize..60).prop_map(Edit::Set),
    ]
}

fn perform(composer: &mut Composer, edit: &Edit) {
    match edit {
        Edit::Type(char) => _ = composer.insert_char(*char),
        Edit::Insert(text) => _ = composer.insert(text),
        Edit::Call(call) => call(composer),
        Edit::Set(caret) => _ = composer.replace(*caret..caret.saturating_add(2), "w"),
    }
}

proptest! {
    #[test]
    fn the_caret_stays_on_a_boundary_and_rows_stay_in_their_width(
        edits in proptest::collection::vec(edit(), 0..60), cells in 3_u16..20, single: bool,
    ) {
        let mut composer = if single { Composer::single_line() } else { Composer::new() };
        for edit in &edits {
            perform(&mut composer, edit);
            let caret = composer.caret();
            let is_boundary = caret == composer.text().len()
                || composer.text().grapheme_indices(true).any(|(start, _)| start == caret);
            prop_assert!(is_boundary, "caret {caret} in {:?}", composer.text());
            let layout = composer.layout(cells, 4);
            prop_assert!(layout.rows.iter().all(|row| width(row) <= usize::from(cells)), "{:?}", layout.rows);
            prop_assert!(layout.caret.0 < cells && usize::from(layout.caret.1) < layout.rows.len().max(1));
            prop_assert!(layout.rows.len() <= 4);
        }
    }

    #[test]
    fn undoing_everything_gives_the_beginning_and_redoing_everything_the_end(
        edits in proptest::collection::vec(edit(), 0..60),
    ) {
        let mut composer = composer("start");
        for edit in &edits {
            perform(&mut composer, edit);
        }
        while composer.redo() {}
        let end = composer.text().to_owned();
        while composer.undo() {}
        prop_assert_eq!(composer.text(), "start");
        while composer.redo() {}
        prop_assert_eq!(composer.text(), end);
    }
}
