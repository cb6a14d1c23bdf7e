//! Settings as an operator writes them, and the faults as they are told.

use std::path::Path;

use super::*;

const EVERYTHING: &str = r#"
server = "https://desk.acme.example"
login = "anna"
token_command = ["pass", "show", "deskwire"]
language = "ru"
theme = "light"
keymap = "vim"
send = "alt+enter"
ascii = true
notifications = "osc777"
passthrough = true

[keyboard]
layouts = ["ru", "uk"]
enhanced = "off"
esc_guard_ms = 50

[keys.command]
t = "transfer"
[keys.composer]
"ctrl+r" = "templates"
"#;

fn faults(text: &str) -> String {
    let faults = reader::read(text).expect_err("a fault");
    render(Path::new("desk.toml"), &faults)
}

#[test]
fn every_setting_is_taken() {
    let config = reader::read(EVERYTHING).unwrap();
    let key = |zone, key: &str, action: &str| OwnKey {
        zone,
        key: key.to_owned(),
        action: action.to_owned(),
    };
    let expected = Config {
        server: Some("https://desk.acme.example".to_owned()),
        login: Some("anna".to_owned()),
        token_command: Some(["pass", "show", "deskwire"].map(str::to_owned).to_vec()),
        language: Some(Language::Ru),
        theme: Some(Theme::Light),
        keymap: Some("vim".to_owned()),
        send: Some(SendKey::AltEnter),
        is_ascii: true,
        notifications: Some(Notification::Osc777),
        has_passthrough: true,
        keyboard: Keyboard {
            layouts: Some(vec![Layout::Russian, Layout::Ukrainian]),
            is_enhanced: false,
            esc_wait: Duration::from_millis(50),
        },
        keys: vec![
            key(KeyZone::Command, "t", "transfer"),
            key(KeyZone::Composer, "ctrl+r", "templates"),
        ],
    };
    assert_eq!(config, expected);
}

#[test]
fn nothing_written_means_the_defaults() {
    assert_eq!(reader::read("").unwrap(), Config::default());
}

#[test]
fn every_fault_is_told_with_its_place() {
    let text = r#"
server = "ftp://acme.example"
tema = "dark"
theme = "drak"
ascii = "yes"
send = 3
token_command = "pass show deskwire"
notifications = "loud"

[keyboard]
layouts = ["ru", "fr"]
esc_guard_ms = -1
speed = "fast"

[keys]
composer = "none"
[keys.command]
"ctrl+" = "transfer"
"hyper+t" = "transfer"
"ctrl+t" = "transfer"
"control+t" = "close"
"#;
    insta::assert_snapshot!(faults(text));
}

#[test]
fn broken_toml_is_told_with_its_place() {
    insta::assert_snapshot!(faults("тема = \"dark\nlogin = anna\nlogin = \"anna\"\n"));
}

#[test]
fn what_a_fault_repeats_does_not_act_on_the_terminal() {
    for text in [
        "\"a\\u001b[2Jb\" = 1",
        "[a\0b]\n",
        "theme = \"a\\u001b[2Jb\"",
    ] {
        let told = faults(text);
        let acts = |char: char| char.is_control() && char != '\n';
        assert!(!told.contains(acts), "{told:?}");
    }
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.toml");
    let missing = load(Some(&path));
    assert!(matches!(missing, Err(ConfigError::Read { .. })));
    std::fs::write(&path, EVERYTHING).unwrap();
    let config = load(Some(&path)).unwrap();
    assert_eq!(config.login.as_deref(), Some("anna"));
}

#[test]
fn settings_change_what_the_terminal_is_used_for() {
    let found = Surroundings {
        has_certain_keys: true,
        notification: Notification::Osc9,
        ..Surroundings::default()
    };
    assert_eq!(Config::default().adjust(found), found);
    let adjusted = reader::read(EVERYTHING).unwrap().adjust(found);
    assert!(!adjusted.has_certain_keys);
    assert_eq!(adjusted.notification, Notification::Osc777);
}

#[test]
fn what_is_left_open_is_chosen_by_the_environment() {
    let variables = |name: &str| match name {
        "LANG" => Some("ru_RU.UTF-8".to_owned()),
        "LC_ALL" => Some(String::new()),
        _ => None,
    };
    let settings = Settings::new(&Config::default(), variables);
    assert_eq!(settings.language, Language::Ru);
    assert_eq!(settings.borders, Borders::Lines);
    assert_eq!(settings.theme, Theme::Dark);
    let bare = Settings::new(&Config::default(), |name| {
        (name == "NO_COLOR").then(|| "1".to_owned())
    });
    assert_eq!(bare.language, Language::En);
    assert_eq!(bare.borders, Borders::Ascii);
    assert_eq!(bare.theme, Theme::Mono);
}

#[test]
fn own_keys_and_the_sending_key_reach_the_keymap() {
    let settings = Settings::new(&reader::read(EVERYTHING).unwrap(), |_| None);
    let keys: Vec<(&str, &str)> = settings
        .keys
        .iter()
        .map(|(key, action)| (key.as_str(), action.as_str()))
        .collect();
    let expected = [
        ("command.t", "transfer"),
        ("composer.alt+enter", "send"),
        ("composer.ctrl+r", "templates"),
        ("composer.enter", "newline"),
    ];
    assert_eq!(keys, expected);
}
