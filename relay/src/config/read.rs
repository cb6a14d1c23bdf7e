//! The walk through the file, section by section, and what must fit together between them.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use toml_edit::{Document, Item, TableLike};

use shared::text::is_email;

use shared::model::{Company, Department, Language, Operator, TemplateScope, Timeouts};

use super::fault::Faults;
use super::files;
use super::section::Section;
use super::shelf::Shelf;
use super::{
    Addresses, Config, Loaded, RelayConfig, TlsFiles, channels, desk, locate, people, words,
};

type Shared = RefCell<Faults>;

/// Reads and checks a text.
pub(super) fn read(file: &Path, text: &str, is_open: bool) -> Loaded {
    let faults = RefCell::new(Faults::of(file, text, is_open));
    let document = match Document::parse(text) {
        Ok(document) => document,
        Err(error) => {
            faults
                .borrow_mut()
                .fault(error.span(), error.message().to_owned());
            let (faults, settings) = faults.into_inner().finish();
            return Loaded {
                config: None,
                faults,
                settings,
            };
        }
    };
    let config = read_root(document.as_table(), file, &faults);
    let (faults, settings) = faults.into_inner().finish();
    let is_sound = faults.iter().all(|fault| fault.is_warning);
    Loaded {
        config: is_sound.then_some(config),
        faults,
        settings,
    }
}

fn read_root(root: &dyn TableLike, file: &Path, faults: &Shared) -> Config {
    let top = Section::new("", root, Some(0..0), faults);
    let company = one(&top, "company", faults, company);
    let language = company.language.clone();
    let relay = one(&top, "relay", faults, |section| {
        relay(section, file, faults)
    });
    let store = one(&top, "store", faults, |section| {
        store(section, &relay.data_dir)
    });

    let files = one(&top, "files", faults, |section| {
        files::read(section, &relay.data_dir)
    });

    let mut ids = HashSet::new();
    let departments = each(&top, "department", faults, |section| {
        let department = people::department(section);
        unique(section, "id", "department", &department.id.0, &mut ids);
        department
    });
    let (operators, password_hashes) = operators(&top, &language, &departments, faults);

    let (mut ids, mut accounts) = (HashSet::new(), HashMap::new());
    let public_url = relay.public_url.as_deref();
    let channels = each(&top, "channel", faults, |section| {
        let channel = channels::read(section, &language, public_url, &mut accounts);
        unique(section, "id", "channel", &channel.id.0, &mut ids);
        if let Some(department) = &channel.department {
            known_department(section, "department", &department.0, &departments);
        }
        if let Some(operator) = &channel.operator
            && !operators.iter().any(|known| known.id == *operator)
        {
            let message = format!("there is no operator {operator}");
            section.fault(section.place("operator"), message);
        }
        channel
    });
    let categories = one(&top, "categories", faults, words::categories);
    let mut shelf = Shelf::of(&operators);
    let templates = each(&top, "template", faults, |section| {
        let template = words::template(section, &language, &mut shelf);
        if let TemplateScope::Department { department } = &template.scope {
            known_department(section, "department", &department.0, &departments);
        }
        template
    });
    let hide_others = one(&top, "assignment", faults, assignment);
    let timeouts = one(&top, "timeouts", faults, timeouts);
    let crm_url = one(&top, "crm", faults, crm);
    let desk = one(&top, "desk", faults, desk::desk);
    desk::keys_of_templates(&top, &shelf, &desk);
    later_sections(&top, faults);
    top.finish();
    Config {
        company,
        relay,
        store,
        files,
        departments,
        operators,
        password_hashes,
        channels,
        categories,
        templates,
        hide_others,
        timeouts,
        crm_url,
        desk,
    }
}

/// Reads a section that is there once; one that is not there has its defaults, or says what it needs.
fn one<T>(
    top: &Section<'_, '_>,
    name: &'static str,
    faults: &Shared,
    read: impl FnOnce(&Section<'_, '_>) -> T,
) -> T {
    let empty = toml_edit::Table::new();
    let item = top.item(name);
    let table: &dyn TableLike = if let Some(table) = item.and_then(Item::as_table_like) {
        table
    } else {
        if let Some(item) = item {
            top.fault(
                item.span(),
                format!(
                    "{name}: expected a section [{name}], found {}",
                    item.type_name()
                ),
            );
        }
        &empty
    };
    let section = Section::new(name, table, item.and_then(Item::span), faults);
    let value = read(&section);
    section.finish();
    value
}

/// Reads sections that may be there many times.
fn each<T>(
    top: &Section<'_, '_>,
    name: &'static str,
    faults: &Shared,
    mut read: impl FnMut(&Section<'_, '_>) -> T,
) -> Vec<T> {
    let Some(item) = top.item(name) else {
        return vec![];
    };
    let Some(tables) = item.as_array_of_tables() else {
        top.fault(
            item.span(),
            format!(
                "{name}: expected sections [[{name}]], found {}",
                item.type_name()
            ),
        );
        return vec![];
    };
    let mut values = vec![];
    for (number, table) in (1..).zip(tables) {
        let section = Section::new(name, table, table.span(), faults);
        section.called(&i32::to_string(&number));
        values.push(read(&section));
        section.finish();
    }
    values
}

fn unique(section: &Section<'_, '_>, key: &str, what: &str, id: &str, ids: &mut HashSet<String>) {
    if !id.is_empty() && !ids.insert(id.to_owned()) {
        section.fault(
            section.place(key),
            format!("there are two {what}s called {id}"),
        );
    }
}

fn known_department(section: &Section<'_, '_>, key: &str, id: &str, departments: &[Department]) {
    if !departments.iter().any(|department| department.id.0 == id) {
        let hint = super::fault::nearest(
            id,
            departments.iter().map(|department| department.id.as_str()),
        );
        section.fault(
            section.place(key),
            format!("there is no department {id}{hint}"),
        );
    }
}

fn company(section: &Section<'_, '_>) -> Company {
    let timezone = section.text_or("timezone", "UTC");
    if jiff::tz::TimeZone::get(&timezone).is_err() {
        let message =
            format!("company.timezone {timezone:?}: expected a name such as Europe/Moscow");
        section.fault(section.place("timezone"), message);
    }
    let language = section.language_or("language", &Language::from("en"));
    Company {
        name: section.required("name"),
        website: section.text_or("website", ""),
        timezone,
        language,
    }
}

fn relay(section: &Section<'_, '_>, file: &Path, faults: &Shared) -> RelayConfig {
    let address = |key: &'static str, text: &str| {
        let parsed: Option<SocketAddr> = text.parse().ok();
        if parsed.is_none() {
            section.fault(
                section.place(key),
                format!("relay.{key} {text:?}: expected an address such as 127.0.0.1:8080"),
            );
        }
        parsed
    };
    let mut allowed = Addresses::default();
    for entry in section.texts("allowed_ips") {
        if let Err(message) = allowed.add(&entry) {
            section.fault(
                section.place("allowed_ips"),
                format!("relay.allowed_ips: {message}"),
            );
        }
    }
    let listen = address("listen", &section.text_or("listen", "127.0.0.1:8080"));
    let listen = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
    let public_url = section.text("public_url");
    if public_url.as_ref().is_some_and(|text| !is_web(text)) {
        let message = "relay.public_url: expected an address such as https://desk.acme.example";
        section.fault(section.place("public_url"), message);
    }
    if !section.has("tls") {
        section.note("tls", super::settings::ABSENT.to_owned());
    }
    let tls = section
        .item("tls")
        .and_then(Item::as_table_like)
        .map(|table| {
            let at = section.place("tls");
            let tls = Section::new("relay.tls", table, at, faults);
            let files = TlsFiles {
                cert: beside(file, &tls.required("cert")),
                key: beside(file, &tls.required("key")),
            };
            tls.finish();
            files
        });
    if tls.is_none() && !listen.ip().is_loopback() {
        let message = "relay.listen is not loopback and there is no [relay.tls]: put a proxy with TLS before it";
        section.warn(section.place("listen"), message);
    }
    RelayConfig {
        listen,
        public_url,
        metrics_listen: section
            .text("metrics_listen")
            .and_then(|text| address("metrics_listen", &text)),
        data_dir: PathBuf::from(
            section.text_or("data_dir", &locate::default_data_folder().to_string_lossy()),
        ),
        allowed,
        tls,
    }
}

/// Whether a text is an address of the web.
fn is_web(text: &str) -> bool {
    url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn crm(section: &Section<'_, '_>) -> Option<String> {
    let url = section.text("url")?;
    if !is_web(&url) || !url.contains("{id}") {
        let message = "crm.url: expected an address with {id} in it, such as https://crm.acme.example/?id={id}";
        section.fault(section.place("url"), message);
    }
    Some(url)
}

/// A path in the file is meant from where the file is.
fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new(".")).join(path)
}

fn store(section: &Section<'_, '_>, data_dir: &Path) -> PathBuf {
    let url = section.text_or("url", "sqlite:desk.db");
    match url.strip_prefix("sqlite:") {
        Some(path) if !path.is_empty() => data_dir.join(path),
        Some(_) => {
            section.fault(
                section.place("url"),
                "store.url: expected a file name behind sqlite:",
            );
            data_dir.to_owned()
        }
        None => {
            let message = if url.starts_with("postgres") {
                "store.url: PostgreSQL is not in this release yet; use \"sqlite:desk.db\""
            } else {
                "store.url: expected \"sqlite:desk.db\""
            };
            section.fault(section.place("url"), message);
            data_dir.to_owned()
        }
    }
}

type Hashes = Arc<HashMap<shared::model::OperatorId, SecretString>>;

fn operators(
    top: &Section<'_, '_>,
    language: &Language,
    departments: &[Department],
    faults: &Shared,
) -> (Vec<Operator>, Hashes) {
    let mut logins = HashSet::new();
    let mut hashes = HashMap::new();
    let operators = each(top, "operator", faults, |section| {
        let (operator, hash) = people::operator(section, language);
        unique(section, "login", "operator", &operator.id.0, &mut logins);
        for department in &operator.departments {
            known_department(section, "departments", &department.0, departments);
        }
        if let Some(hash) = hash {
            hashes.insert(operator.id.clone(), hash);
        }
        operator
    });
    (operators, Arc::new(hashes))
}

fn assignment(section: &Section<'_, '_>) -> bool {
    let modes = ["manual", "least_loaded", "round_robin", "last_operator"];
    let mode = section.choice("mode", "manual", &modes);
    if mode != "manual" && modes.contains(&&*mode) {
        section.not_yet("mode", &format!("assignment.mode {mode:?}"));
    }
    section.number("max_chats", 5, 10_000);
    if section.has("max_chats") {
        section.not_yet("max_chats", "assignment.max_chats");
    }
    section.flag("hide_others", false)
}

fn timeouts(section: &Section<'_, '_>) -> Timeouts {
    let later = |key| {
        let seconds = section.seconds(key, 0);
        if seconds.0 > 0 {
            section.not_yet(key, &format!("timeouts.{key}"));
        }
        seconds
    };
    Timeouts {
        first_reply: section.seconds("first_reply", 0),
        reply: section.seconds("reply", 0),
        refusal: later("refusal"),
        close_idle: later("close_idle"),
        close_final: section.seconds("close_final", 86_400),
    }
}

/// Sections of features to come: their keys are known and checked, and nothing reads them yet.
fn later_sections(top: &Section<'_, '_>, faults: &Shared) {
    for name in ["queue", "mail", "events", "messages"] {
        if top.has(name) {
            top.not_yet(name, &format!("[{name}]"));
        }
    }
    one(top, "queue", faults, |section| {
        section.number("online_limit", 0, 1_000_000);
        section.number("offline_limit", 0, 1_000_000);
    });
    one(top, "mail", faults, |section| {
        section.maybe_secret("smtp");
        section.text("from");
        for key in ["left_messages", "negative", "daily_report"] {
            let addresses = section.texts(key);
            if addresses.is_empty() && top.has("mail") {
                section.fault(
                    section.place(key),
                    format!("mail.{key}: expected at least one address"),
                );
            }
            for address in addresses.iter().filter(|text| !is_email(text)) {
                let message = format!("mail.{key}: {address:?} is no e-mail address");
                section.fault(section.place(key), message);
            }
        }
    });
    one(top, "events", faults, |section| {
        for key in ["chat_started", "chat_assigned", "chat_closed"] {
            section.maybe_secret(key);
        }
    });
    let Some(messages) = top.item("messages").and_then(Item::as_table_like) else {
        top.note("messages", super::settings::ABSENT.to_owned());
        return;
    };
    for (language, item) in messages.iter() {
        let Some(table) = item.as_table_like().filter(|_| words::is_table(item)) else {
            top.fault(
                item.span(),
                format!("messages.{language}: expected a section [messages.{language}]"),
            );
            continue;
        };
        let section = Section::new(&format!("messages.{language}"), table, item.span(), faults);
        for key in ["greeting", "busy", "in_line", "offline"] {
            section.text(key);
        }
        section.finish();
    }
}
