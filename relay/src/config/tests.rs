//! The example is sound, every fault is said in one run with its place, and nothing secret is ever said.

use std::fmt::Write as _;
use std::path::Path;

use super::{load, parse};

const EXAMPLE: &str = include_str!("../../../config.example.toml");

/// Everything that can be wrong, once.
const BROKEN: &str = r#"[compnay]
name = "Acme"
[company]
name = 5
timezone = "Mars/Base"
language = "xx"
[relay]
public_url = "ftp://desk.acme.example"
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
email = "anna at acme"
ui_language = "fr"
ssh_keys = ["my key"]
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
kind = "webchat"
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
[[template]]
title = "Misspelt"
text = "Hello {visitor.fist_name}, your {order} is here"
key = "g"
[crm]
url = "crm.acme.example"
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
category = "b"
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
        "group_id",
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

/// A company with one admin, and what else a test needs.
fn company(more: &str) -> String {
    format!("[company]\nname = \"Acme\"\n{more}")
}

fn template(title: &str, more: &str) -> String {
    format!("[[template]]\ntitle = \"{title}\"\ntext = \"Hello\"\n{more}\n")
}

#[test]
fn a_template_may_have_the_second_key_of_an_action_and_never_its_only_one() {
    for key in ["F2", "F3", "ctrl+x", "leader+gr"] {
        assert_eq!(
            shown(&company(&template("Hi", &format!("key = {key:?}")))),
            "",
            "{key}"
        );
    }
    for (key, action) in [("F1", "help"), ("f5", "reconnect"), ("ctrl+k", "palette")] {
        let said = shown(&company(&template("Hi", &format!("key = {key:?}"))));
        let expected = format!(
            "template \"Hi\" and the action {action} have one key, {}",
            key.to_lowercase()
        );
        assert!(said.contains(&expected), "{said}");
    }
    let moved = "key = \"f7\"\n[desk.keys]\ntransfer = \"f7\"";
    let said = shown(&company(&template("Hi", moved)));
    assert!(
        said.contains("template \"Hi\" and the action transfer have one key, f7"),
        "{said}"
    );
}

#[test]
fn two_templates_an_operator_may_use_have_neither_one_key_nor_one_code() {
    let staff = |departments: &str| {
        format!(
            "[[department]]\nid = \"a\"\n[[department]]\nid = \"b\"\n[[operator]]\nlogin = \"anna\"\ndepartments = [{departments}]\n"
        )
    };
    let both = staff("\"a\", \"b\"");
    let one = staff("\"a\"");
    let pair =
        |first: &str, second: &str| [template("One", first), template("Two", second)].concat();
    let in_a = "department = \"a\"\nkey = \"f7\"";
    let in_b = "department = \"b\"\nkey = \"f7\"";
    let cases = [
        (&one, pair("key = \"f7\"", in_a), true),
        (&both, pair(in_a, in_b), true),
        (&one, pair(in_a, in_b), false),
        (
            &one,
            pair("key = \"f7\"", "key = \"F7\"\nlanguage = \"ru\""),
            false,
        ),
        (
            &one,
            pair("key = \"leader+g\"", "key = \"leader+gr\""),
            true,
        ),
        (&one, pair("key = \"leader+h\"", "code = \"hi\""), true),
        (&one, pair("code = \"hi\"", "code = \"HI\""), true),
        (&one, pair("code = \"hi\"", "code = \"hint\""), false),
    ];
    for (staff, templates, is_clash) in cases {
        let said = shown(&company(&format!("{staff}{templates}")));
        let names_both = said.contains("\"One\" and \"Two\"");
        assert_eq!(names_both, is_clash, "{templates}\n{said}");
    }
}

#[test]
fn a_desk_key_that_another_action_has_is_a_fault_that_names_both_unless_they_change_places() {
    let said = shown(&company("[desk.keys]\nclose = \"b\""));
    assert!(
        said.contains("config.toml:4:9: desk.keys: close and block have one key, b"),
        "{said}"
    );
    assert_eq!(
        shown(&company("[desk.keys]\nclose = \"b\"\nblock = \"x\"")),
        ""
    );
    assert_eq!(shown(&company("[desk.keys]\ntransfer = \"ctrl+t\"")), "");
}

#[test]
fn what_this_release_does_not_act_on_is_a_warning_and_no_fault() {
    let text = company(
        "[assignment]\nmode = \"least_loaded\"\n[queue]\nonline_limit = 3\n[messages.en]\nbusy = \"Wait\"\n\
         [events]\nchat_closed = \"https://acme.example\"\n[timeouts]\nclose_idle = 60\n\
         [mail]\nleft_messages = [\"a@acme.example\"]\nnegative = [\"a@acme.example\"]\ndaily_report = [\"a@acme.example\"]",
    );
    let loaded = parse(Path::new("config.toml"), &text);
    assert!(loaded.config.is_some());
    let said = shown(&text);
    for what in [
        "assignment.mode \"least_loaded\"",
        "[queue]",
        "[messages]",
        "[events]",
        "[mail]",
        "timeouts.close_idle",
    ] {
        let expected = format!("warning: {what}: this release reads it and does not act on it yet");
        assert!(said.contains(&expected), "{expected} in\n{said}");
    }
}

#[cfg(unix)]
#[test]
fn secrets_that_everybody_can_read_are_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let token = folder.path().join("token");
    let warnings = |text: &str, mode: u32| {
        std::fs::write(&file, text).unwrap();
        std::fs::write(&token, "t").unwrap();
        for path in [&file, &token] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let found = load(&file).faults;
        assert!(found.iter().all(|fault| fault.is_warning), "{found:?}");
        found
            .iter()
            .filter(|fault| fault.message.contains("everybody"))
            .count()
    };
    let channel = |token: &str| {
        company(&format!(
            "[[channel]]\nid = \"one\"\nkind = \"messenger\"\npage_id = \"1\"\naccess_token = {token}\nverify_token = {{ env = \"PATH\" }}\napp_secret = {{ env = \"PATH\" }}\n"
        ))
    };
    let inside = channel("\"t\"");
    let beside = channel(&format!("{{ file = {:?} }}", token.to_string_lossy()));
    assert_eq!(warnings(&inside, 0o644), 1);
    assert_eq!(warnings(&inside, 0o640), 0);
    assert_eq!(warnings(&beside, 0o644), 1);
    assert_eq!(warnings(&beside, 0o600), 0);
    assert_eq!(warnings(&company(""), 0o644), 0);
}

#[test]
fn every_key_is_told_with_what_is_in_force_and_where_it_comes_from() {
    let loaded = parse(Path::new("config.example.toml"), EXAMPLE);
    let told: Vec<String> = loaded.settings.iter().map(ToString::to_string).collect();
    for expected in [
        "company.language = \"en\"  # file",
        "relay.listen = \"127.0.0.1:8080\"  # file",
        "relay.metrics_listen = absent  # default",
        "relay.tls = absent  # default",
        "operator[anna].password_hash = hidden  # file",
        "operator[anna].ssh_keys = []  # default",
        "channel[acme-page].access_token = hidden  # file",
        "channel[acme-page].api_url = \"https://graph.facebook.com\"  # default",
        "template[1].code = \"hi\"  # file",
        "timeouts.close_final = 86400  # file",
        "timeouts.first_reply = 0  # default",
        "mail.smtp = absent  # default",
        "desk.keys = absent  # default",
    ] {
        assert!(
            told.iter().any(|line| line == expected),
            "{expected} in\n{}",
            told.join("\n")
        );
    }
    // Whatever the reader asks for is noted: what stands in the example, commented out or not, is told.
    let keys = EXAMPLE.lines().filter_map(|line| {
        let (key, _) = line.trim_start_matches(['#', ' ']).split_once('=')?;
        let key = key.trim();
        (!key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')).then_some(key)
    });
    let elsewhere = [
        "cert", "key", "greeting", "busy", "in_line", "offline", "transfer",
    ];
    for key in keys.filter(|key| !elsewhere.contains(key)) {
        let is_told = loaded
            .settings
            .iter()
            .any(|setting| setting.name.rsplit('.').next() == Some(key));
        assert!(is_told, "{key} in\n{}", told.join("\n"));
    }
}

#[test]
fn a_change_that_needs_a_restart_is_known() {
    let of = |more: &str| {
        parse(Path::new("config.toml"), &company(more))
            .config
            .unwrap()
    };
    let before = of("");
    let cases = [
        ("[relay]\nlisten = \"127.0.0.1:8081\"", "relay.listen"),
        (
            "[relay]\nmetrics_listen = \"127.0.0.1:9\"",
            "relay.metrics_listen",
        ),
        ("[relay]\ndata_dir = \"/elsewhere\"", "relay.data_dir"),
        ("[relay.tls]\ncert = \"a\"\nkey = \"b\"", "relay.tls"),
        ("[store]\nurl = \"sqlite:other.db\"", "store.url"),
    ];
    for (change, key) in cases {
        assert_eq!(before.needs_restart(&of(change)), [key]);
    }
    let live = "[relay]\npublic_url = \"https://desk.acme.example\"\n[desk]\ntheme = \"mono\"";
    assert_eq!(before.needs_restart(&of(live)), Vec::<&str>::new());
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
fn two_channels_of_one_number_are_a_fault_that_names_both_and_an_id_is_no_number() {
    let channel = |id: &str, number: &str| {
        format!(
            "[[channel]]\nid = \"{id}\"\nkind = \"whatsapp\"\nphone_number_id = \"{number}\"\naccess_token = \"t\"\nverify_token = \"v\"\napp_secret = \"s\"\nwaba_id = \"5\"\n"
        )
    };
    let text = format!(
        "[company]\nname = \"Acme\"\n{}{}{}",
        channel("one", "1"),
        channel("two", "1"),
        channel("three", "+1 555 078 3881")
    );
    assert_eq!(
        shown(&text),
        "config.toml:14:19: channels one and two are one number, 1: a number is connected once\n\
         config.toml:22:19: phone_number_id \"+1 555 078 3881\": expected the id of a phone number from the app's page at Meta \
         (digits; not the number itself)\n"
    );
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
        "config.toml:13:11: channels one and two are one Page, 1: a Page is connected once\n"
    );
}

#[test]
fn a_group_of_odnoklassniki_is_connected_once_and_has_a_secret_that_nobody_guesses() {
    let channel = |id: &str, group: &str, secret: &str| {
        format!(
            "[[channel]]\nid = \"{id}\"\nkind = \"ok\"\ngroup_id = \"{group}\"\naccess_token = \"t\"\nsecret = \"{secret}\"\n"
        )
    };
    let good = "made-up_by_the_admin_1";
    let check = |channels: [String; 2]| {
        let said = shown(&format!(
            "[company]\nname = \"Acme\"\n{}",
            channels.concat()
        ));
        said.replace("config.toml:", "")
    };
    let one = || channel("one", "group:70000000000001", good);
    assert_eq!(check([one(), channel("two", "70000000000002", good)]), "");
    assert_eq!(
        check([one(), channel("two", "70000000000001", good)]),
        "12:12: channels one and two are one group of Odnoklassniki, group:70000000000001: a group is connected once\n"
    );
    assert_eq!(
        check([one(), channel("two", "acme", "short")]),
        "12:12: group_id \"acme\": expected the group's number, such as \"70000000000001\": it stands in the group's settings\n\
         14:10: secret: expected at least 20 letters, digits, - and _: make one up; it becomes part of the address that Odnoklassniki calls, and proves who calls\n"
    );
    let spaced = check([one(), channel("two", "2", "a secret with spaces in it")]);
    assert!(spaced.contains("14:10: secret: expected"), "{spaced}");
    assert!(!spaced.contains("with spaces"), "{spaced}");
}

#[test]
fn secrets_are_never_shown() {
    let text = EXAMPLE
        .replace("the Page's access token", "MARKER-TOKEN")
        .replace("the app's secret", "MARKER-SECRET")
        .replace("make-one-up-of-20-or-more", "MARKER-MARKER-MARKER-");
    let config = parse(Path::new("config.toml"), &text).config.unwrap();
    let shown = format!("{config:?} {:?}", config.policy());
    assert!(!shown.contains("MARKER"), "{shown}");
}
