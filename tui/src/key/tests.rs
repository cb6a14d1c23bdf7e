//! How keys are written, and every row of the layout table that needs no bytes; those are `events`'.

use proptest::prelude::*;

use super::*;

const RUSSIAN: &[Layout] = &[Layout::Russian];

#[test]
fn keys_are_written_in_lower_case_words() {
    for (key, written) in [
        (Key::ctrl('t'), "ctrl+t"),
        (Key::plain(Code::Enter).with_alt(), "alt+enter"),
        (Key::char(' '), "space"),
        (Key::plain(Code::Up), "arrowup"),
        (Key::plain(Code::Escape), "escape"),
        (Key::plain(Code::Tab).with_shift(), "shift+tab"),
        (Key::plain(Code::F(5)), "f5"),
        (Key::char('T'), "shift+t"),
        (
            Key::ctrl('+').with_alt().with_shift(),
            "ctrl+alt+shift+plus",
        ),
        (Key::char('\\'), "\\"),
    ] {
        assert_eq!(key.to_string(), written);
        assert_eq!(written.parse(), Ok(key), "{written}");
    }
}

#[test]
fn letters_that_shift_does_not_make_are_written_as_they_are() {
    for written in ["İ", "ǅ", "ẞ", "ctrl+İ", "ctrl+shift+ß", "\u{212a}"] {
        let key: Key = written.parse().unwrap();
        assert_eq!(key.to_string(), written);
    }
}

#[test]
fn keys_are_read_leniently_but_never_guessed() {
    assert_eq!("Ctrl+Shift+A".parse(), Ok(Key::ctrl('a').with_shift()));
    assert_eq!(
        " alt + ArrowUp ".parse(),
        Ok(Key::plain(Code::Up).with_alt())
    );
    assert_eq!("esc".parse(), Ok(Key::plain(Code::Escape)));
    for (text, error) in [
        ("", KeyError::Empty),
        ("ctrl+", KeyError::Empty),
        ("hyper+t", KeyError::UnknownModifier("hyper".into())),
        ("ctrl+entr", KeyError::UnknownKey("entr".into())),
        ("f25", KeyError::UnknownKey("f25".into())),
    ] {
        assert_eq!(text.parse::<Key>(), Err(error), "{text:?}");
    }
}

#[test]
fn upper_case_with_ctrl_becomes_lower_case_plus_shift() {
    assert_eq!(Key::ctrl('Ф').normal(), Key::ctrl('ф').with_shift());
    assert_eq!(Key::char('\n').normal(), Key::ctrl('j'));
    assert_eq!(Key::char('a').with_shift().normal(), Key::char('A'));
}

#[test]
fn chords_go_by_place_not_by_letter() {
    assert_eq!(Key::ctrl('с').as_chord(RUSSIAN), Key::ctrl('c'));
    assert_eq!(
        Key::ctrl('Ф').normal().as_chord(RUSSIAN),
        Key::ctrl('a').with_shift()
    );
    assert_eq!(
        Key::char('м').with_alt().as_chord(RUSSIAN),
        Key::char('v').with_alt()
    );
    assert_eq!(
        Key::char('е').as_chord(RUSSIAN),
        Key::char('е'),
        "a plain letter in a text field is text"
    );
    assert_eq!(
        Key::ctrl('с').as_chord(&[]),
        Key::ctrl('с'),
        "no layouts, no table"
    );
}

#[test]
fn command_letters_go_by_place_in_every_layout() {
    for (layout, local, latin) in [
        (
            Layout::Russian,
            "йцукенгшщзхъфывапролджэячсмитьбюё",
            "qwertyuiop[]asdfghjkl;'zxcvbnm,.`",
        ),
        (Layout::Ukrainian, "іїєґ", "s]'\\"),
        (Layout::Belarusian, "ўі", "ob"),
    ] {
        let read: String = local
            .chars()
            .filter_map(|char| Key::char(char).as_command(&[layout]).text())
            .collect();
        assert_eq!(read, latin, "{layout:?}");
    }
    assert_eq!(Key::char('Т').as_command(RUSSIAN), Key::char('N'));
    assert_eq!(Key::char('Х').as_command(RUSSIAN), Key::char('{'));
}

#[test]
fn full_width_forms_are_folded_for_commands_only() {
    for (wide, narrow) in [
        ('ｃ', 'c'),
        ('１', '1'),
        ('？', '?'),
        ('\u{3000}', ' '),
        ('、', '/'),
        ('。', '.'),
    ] {
        assert_eq!(Key::char(wide).as_command(RUSSIAN), Key::char(narrow));
        assert_eq!(
            Key::char(wide).text(),
            Some(wide),
            "in a text field it is text"
        );
    }
}

#[test]
fn words_typed_on_the_wrong_layout_are_read_both_ways() {
    assert_eq!(other_readings("gthtl", RUSSIAN), ["перед"]);
    assert_eq!(other_readings("екфты", RUSSIAN), ["trans"]);
    assert_eq!(other_readings("Ghbdtn", RUSSIAN), ["Привет"]);
    assert_eq!(other_readings("123", RUSSIAN), Vec::<String>::new());
    assert_eq!(other_readings("gthtl", &[]), Vec::<String>::new());
}

#[test]
fn only_movement_and_deletion_repeat() {
    assert!(Key::plain(Code::Down).may_repeat());
    assert!(Key::plain(Code::Backspace).may_repeat());
    assert!(!Key::plain(Code::Enter).may_repeat());
    assert!(!Key::char('c').may_repeat());
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(char in any::<char>(), ctrl: bool, alt: bool, shift: bool) {
        prop_assume!(!char.is_whitespace() && !char.is_control() && single(char.to_lowercase()).is_some());
        let lower = single(char.to_lowercase()).filter(|lower| single(lower.to_uppercase()) == Some(char));
        prop_assume!(!char.is_uppercase() || lower.is_some());
        prop_assume!(!shift || single(char.to_uppercase()).is_some_and(|upper| single(upper.to_lowercase()) == Some(char)));
        let key = Key { code: Code::Char(char), ctrl, alt, shift }.normal();
        prop_assert_eq!(key.to_string().parse::<Key>(), Ok(key));
    }
}
