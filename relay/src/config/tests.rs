//! The example is sound, every fault is said in one run with its place, and nothing secret is ever said.

use std::fmt::Write as _;
use std::path::Path;

use super::parse;

const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// Everything that can be wrong, once.
const BROKEN: &str = r#"[compnay]
name = "Acme"
[company]
name = 5
timezone = "Mars/Base"
language = "English"
[relay]
listen = "here"
allowed_ips = ["300.1.1.1", "10.0.0.1"]
[store]
url = "postgres://localhost/desk"
[[department]]
id = "sales"
[[department]]
id = "sales"
[[operator]]
login = "anna"
departments = ["sale"]
role = "boss"
password_hash = "plain text"
[[operator]]
login = "anna"
max_chats = -1
[[channel]]
id = "a b"
kind = "messenger"
page_id = "me"
access_token = ""
verify_token = { env = "A_VARIABLE_THAT_IS_NOT_SET" }
app_secret = { env = "A", file = "b" }
activ = true
api_url = "nowhere"
[[channel]]
id = "second"
kind = "telegrm"
department = "support"
[[channel]]
id = "third"
kind = "vk"
[categories]
list = """
 Refund
Orders
 Delivery
 Delivery
"""
[[template]]
title = "Hi"
text = "Hello"
code = "hi"
[[template]]
title = "Hello"
text = ""
code = "hi"
[timeouts]
close_final = "a day"
[desk]
theme = "drak"
undo_send_secs = 60
[desk.keys]
transfr = "ctrl+t"
block = "ctrl+t"
"composer.send" = "ctrl+t"
close = "ctl+x"
[mail]
from = "noreply@acme.example"
"#;

fn shown(text: &str) -> String {
    let loaded = parse(Path::new("config.toml"), text);
    let mut shown = String::new();
    for fault in &loaded.faults {
        writeln!(shown, "{fault}").unwrap();
    }
    shown
}

#[test]
fn the_example_is_sound() {
    let loaded = parse(Path::new("config.example.toml"), EXAMPLE);
    assert_eq!(loaded.faults, []);
    let policy = loaded.config.unwrap().policy();
    assert_eq!(policy.categories.list.len(), 4);
    assert_eq!(policy.channels[0].abilities.text_limit, 2000);
}

#[test]
fn what_is_commented_out_in_the_example_is_known_too() {
    // Each commented setting, switched on: nothing may be unknown. (Its value may lack something outside.)
    let is_setting = |line: &str| {
        let Some(rest) = line.trim_start().strip_prefix("# ") else {
            return false;
        };
        let word = rest.split([' ', '=']).next().unwrap_or_default();
        let is_key =
            rest.contains(" = ") && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        is_key || (rest.starts_with('[') && rest.contains(']'))
    };
    let on: Vec<_> = EXAMPLE
        .lines()
        .map(|line| {
            if is_setting(line) {
                line.replacen("# ", "", 1)
            } else {
                line.to_owned()
            }
        })
        .collect();
    let shown = shown(&on.join("\n"));
    assert!(!shown.contains("unknown key"), "{shown}");
}

#[test]
fn every_fault_is_said_at_once_with_its_place() {
    insta::assert_snapshot!(shown(BROKEN));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list")]
fn every_key_of_the_interface_is_in_the_example() {
    for key in [
        "name",
        "website",
        "timezone",
        "language",
        "listen",
        "public_url",
        "metrics_listen",
        "data_dir",
        "allowed_ips",
        "cert",
        "key",
        "url",
        "id",
        "login",
        "email",
        "role",
        "departments",
        "languages",
        "ui_language",
        "max_chats",
        "password_hash",
        "ssh_keys",
        "kind",
        "active",
        "department",
        "operator",
        "api_url",
        "page_id",
        "access_token",
        "verify_token",
        "app_secret",
        "app_id",
        "human_agent",
        "required",
        "list",
        "section",
        "title",
        "text",
        "code",
        "mode",
        "hide_others",
        "first_reply",
        "reply",
        "refusal",
        "close_idle",
        "close_final",
        "greeting",
        "busy",
        "in_line",
        "offline",
        "online_limit",
        "offline_limit",
        "smtp",
        "from",
        "left_messages",
        "negative",
        "daily_report",
        "chat_started",
        "chat_assigned",
        "chat_closed",
        "theme",
        "keymap",
        "undo_send_secs",
    ] {
        assert!(
            EXAMPLE
                .lines()
                .any(|line| line.trim_start_matches(['#', ' ']).starts_with(key)),
            "{key}"
        );
    }
}

#[test]
fn a_file_with_a_line_missing_doubled_or_spoiled_never_panics_and_faults_have_places() {
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    let check = |text: String| {
        let loaded = parse(Path::new("config.toml"), &text);
        let has_fault = loaded.faults.iter().any(|fault| !fault.is_warning);
        assert_eq!(
            loaded.config.is_none(),
            has_fault,
            "a faulty file gives no config:\n{text}"
        );
        let count = text.lines().count() + 1;
        assert!(
            loaded
                .faults
                .iter()
                .all(|fault| (1..=count).contains(&fault.line) && fault.column >= 1)
        );
    };
    for number in 0..lines.len() {
        let without: Vec<_> = lines
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != number)
            .map(|(_, line)| *line)
            .collect();
        check(without.join("\n"));
        let mut doubled = lines.clone();
        doubled.insert(number, lines[number]);
        check(doubled.join("\n"));
        for spoiled in ["= 1", "x = [", "unknown = true", "\u{feff}"] {
            let mut changed = lines.clone();
            changed[number] = spoiled;
            check(changed.join("\n"));
        }
    }
}

#[test]
fn two_channels_of_one_page_are_a_fault_that_names_both() {
    let channel = |id: &str| {
        format!(
            "[[channel]]\nid = \"{id}\"\nkind = \"messenger\"\npage_id = \"1\"\naccess_token = \"t\"\nverify_token = \"v\"\napp_secret = \"s\"\n"
        )
    };
    let text = format!(
        "[company]\nname = \"Acme\"\n{}{}",
        channel("one"),
        channel("two")
    );
    assert_eq!(
        shown(&text),
        "config.toml:13:11: channels one and two are one Page, 1: a Page is connected once (CH-17)\n"
    );
}

#[test]
fn secrets_are_never_shown() {
    let text = EXAMPLE
        .replace("the Page's access token", "MARKER-TOKEN")
        .replace("the app's secret", "MARKER-SECRET");
    let config = parse(Path::new("config.toml"), &text).config.unwrap();
    let shown = format!("{config:?} {:?}", config.policy());
    assert!(!shown.contains("MARKER"), "{shown}");
}
