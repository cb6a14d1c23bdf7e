//! A config with one thing wrong (B-11): every key in every way, each said with its place, all in one run.

use std::collections::BTreeSet;
use std::path::Path;

use relay::config::{Loaded, load, parse};

/// Every section and key that an admin may write today.
const SOUND: &str = r#"[company]
name = "Acme Ltd"
website = "https://acme.example"
timezone = "Europe/Moscow"
language = "en"
[relay]
listen = "127.0.0.1:8080"
public_url = "https://desk.acme.example"
metrics_listen = "127.0.0.1:9090"
data_dir = "/var/lib/deskwire"
allowed_ips = ["10.0.0.0/8"]
[store]
url = "sqlite:desk.db"
[[department]]
id = "sales"
name = "Sales"
[[operator]]
login = "anna"
name = "Anna"
email = "anna@acme.example"
role = "operator"
departments = ["sales"]
languages = ["en", "ru"]
ui_language = "en"
max_chats = 5
password_hash = "$argon2id$v=19$m=19456,t=2,p=1$6MJuFzcM1TKGgRzdX07KAw$tfSMP9Vpep9d9wijUDs8JlrpW3ZWJgdwA2YI88c6/8s"
[[channel]]
id = "acme-page"
kind = "messenger"
name = "Acme on Facebook"
active = true
language = "en"
department = "sales"
api_url = "https://graph.facebook.com"
page_id = "104820093344556"
access_token = "token"
verify_token = "verify"
app_secret = "secret"
app_id = "1029384756102938"
human_agent = false
[[channel]]
id = "second"
kind = "messenger"
operator = "anna"
page_id = "2"
access_token = { env = "PATH" }
verify_token = "verify"
app_secret = "secret"
[categories]
required = false
list = "Orders"
[[template]]
language = "en"
section = "Greetings"
title = "Hello"
text = "Hello!"
key = "F6"
code = "hi"
department = "sales"
[assignment]
mode = "manual"
hide_others = false
[timeouts]
close_final = 86400
[crm]
url = "https://crm.acme.example/?id={id}"
[desk]
theme = "dark"
keymap = "default"
undo_send_secs = 3
[desk.keys]
transfer = "ctrl+t"
"#;

/// What cannot be left out.
const REQUIRED: [(&str, &str); 10] = [
    ("[company]", "name"),
    ("[[department]]", "id"),
    ("[[operator]]", "login"),
    ("[[channel]]", "id"),
    ("[[channel]]", "kind"),
    ("[[channel]]", "page_id"),
    ("[[channel]]", "access_token"),
    ("[[channel]]", "verify_token"),
    ("[[channel]]", "app_secret"),
    ("[[template]]", "text"),
];

/// References, and what they refer to.
const DANGLING: [(&str, &str); 4] = [
    ("departments = [\"sales\"]", "departments = [\"sale\"]"),
    ("department = \"sales\"", "department = \"sale\""),
    ("operator = \"anna\"", "operator = \"ann\""),
    ("transfer = \"ctrl+t\"", "transfr = \"ctrl+t\""),
];

/// A line of the config that sets a key.
struct Key {
    /// From 0.
    line: usize,
    section: &'static str,
    name: &'static str,
}

fn keys() -> Vec<Key> {
    let mut section = "";
    let mut keys = vec![];
    for (line, text) in SOUND.lines().enumerate() {
        match text.split_once(" = ") {
            Some((name, _)) => keys.push(Key {
                line,
                section,
                name,
            }),
            None => section = text,
        }
    }
    keys
}

/// Returns the config with one line put in place of another; none: left out.
fn with(line: usize, put: Option<&str>) -> String {
    let lines = SOUND.lines().enumerate();
    let lines: Vec<_> = lines
        .filter_map(|(number, text)| if number == line { put } else { Some(text) })
        .collect();
    lines.join("\n")
}

fn read(text: &str) -> Loaded {
    let loaded = parse(Path::new("config.toml"), text);
    let has_fault = loaded.faults.iter().any(|fault| !fault.is_warning);
    assert_eq!(loaded.config.is_none(), has_fault, "a fault, no config");
    loaded
}

fn lines_of(loaded: &Loaded) -> BTreeSet<usize> {
    let faults = loaded.faults.iter().filter(|fault| !fault.is_warning);
    faults.map(|fault| fault.line - 1).collect()
}

#[test]
fn the_config_is_sound_to_begin_with() {
    assert_eq!(lines_of(&read(SOUND)), BTreeSet::new());
    assert!(read(SOUND).config.is_some());
}

#[test]
fn every_key_may_be_missing_or_is_missed_by_name() {
    let mut wrong = vec![];
    for key in keys() {
        let loaded = read(&with(key.line, None));
        let is_required = REQUIRED.contains(&(key.section, key.name));
        let names_it = loaded
            .faults
            .iter()
            .any(|fault| fault.message.contains(key.name));
        let is_right = loaded.config.is_none() == is_required && (!is_required || names_it);
        if !is_right {
            wrong.push(format!("{} {}: {:?}", key.section, key.name, loaded.faults));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_of_another_type_is_a_fault_in_its_line() {
    for key in keys() {
        for value in ["[[1]]", "{ no = 1 }", "1979-05-27"] {
            let loaded = read(&with(key.line, Some(&format!("{} = {value}", key.name))));
            let faults: Vec<_> = loaded.faults.iter().map(ToString::to_string).collect();
            let name = format!("{} {} = {value}: {faults:?}", key.section, key.name);
            assert!(loaded.config.is_none(), "{name}");
            assert!(lines_of(&loaded).contains(&key.line), "{name}");
        }
    }
}

#[test]
fn every_key_twice_is_a_fault_in_its_second_line() {
    for key in keys() {
        let line = SOUND.lines().nth(key.line).unwrap();
        let loaded = read(&with(key.line, Some(&format!("{line}\n{line}"))));
        let name = format!("{} {}: {:?}", key.section, key.name, loaded.faults);
        assert_eq!(lines_of(&loaded), BTreeSet::from([key.line + 1]), "{name}");
    }
}

#[test]
fn every_key_misspelt_is_a_fault_that_knows_better() {
    for key in keys() {
        let line = SOUND.lines().nth(key.line).unwrap();
        let misspelt = line.replacen(key.name, &format!("{}x", key.name), 1);
        let loaded = read(&with(key.line, Some(&misspelt)));
        let at_it: Vec<_> = loaded
            .faults
            .iter()
            .filter(|fault| fault.line - 1 == key.line)
            .map(ToString::to_string)
            .collect();
        let name = format!("{} {}: {at_it:?}", key.section, key.name);
        assert!(
            at_it.iter().any(|fault| fault.contains("did you mean")),
            "{name}"
        );
    }
}

#[test]
fn every_reference_to_nothing_is_a_fault_in_its_line() {
    for (sound, dangling) in DANGLING {
        let line = SOUND.lines().position(|line| line == sound).unwrap();
        let loaded = read(&with(line, Some(dangling)));
        assert_eq!(lines_of(&loaded), BTreeSet::from([line]), "{dangling}");
    }
}

#[test]
fn all_faults_are_said_in_one_run() {
    let spoiled: Vec<_> = SOUND
        .lines()
        .map(|line| match line.split_once(" = ") {
            // Of a channel of no kind nobody can say what it needs.
            Some(("kind", _)) | None => line.to_owned(),
            Some((key, _)) => format!("{key} = [[1]]"),
        })
        .collect();
    let found = lines_of(&read(&spoiled.join("\n")));
    let keys = keys();
    let wanted = keys.iter().filter(|key| key.name != "kind");
    let wanted: BTreeSet<_> = wanted.map(|key| key.line).collect();
    assert_eq!(found, wanted, "a fault for each line, and no other");
}

#[test]
fn a_file_that_is_no_text_is_one_fault() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    let filler = format!("#{}\n", "x".repeat(1022));
    let large = |kilobytes: usize| [filler.repeat(kilobytes).into_bytes(), SOUND.into()].concat();
    let utf_16: Vec<_> = SOUND.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, Vec<u8>, bool); 11] = [
        ("almost 1 MiB", large(1000), true),
        ("more than 1 MiB", large(1024), false),
        ("not UTF-8", [SOUND.as_bytes(), b"# \xff\n"].concat(), false),
        ("UTF-16", utf_16, false),
        (
            "a byte order mark",
            [b"\xef\xbb\xbf", SOUND.as_bytes()].concat(),
            true,
        ),
        ("NUL", [SOUND.as_bytes(), b"\0"].concat(), false),
        (
            "an escape in a comment",
            [SOUND.as_bytes(), b"# \x1b[2J\n"].concat(),
            false,
        ),
        (
            "line ends of two bytes",
            SOUND.replace('\n', "\r\n").into_bytes(),
            true,
        ),
        ("nothing", vec![], false),
        (
            "cut in the middle",
            SOUND.as_bytes()[..SOUND.len() / 2 + 7].to_vec(),
            false,
        ),
        (
            "10,000 deep",
            format!("{SOUND}[x]\ny = {}", "[".repeat(10_000)).into_bytes(),
            false,
        ),
    ];
    for (name, bytes, is_sound) in cases {
        std::fs::write(&file, bytes).unwrap();
        let loaded = load(&file);
        assert_eq!(
            loaded.config.is_some(),
            is_sound,
            "{name}: {:?}",
            loaded.faults
        );
        let said: Vec<_> = loaded.faults.iter().map(ToString::to_string).collect();
        let is_clean = said
            .iter()
            .all(|fault| !fault.chars().any(|char| char.is_control() && char != '\n'));
        assert!(is_clean, "{name}: {said:?}");
    }
}
