//! `[[department]]` and `[[operator]]` (Q-25, ADM-08).

use secrecy::SecretString;

use shared::model::{Department, DepartmentId, Language, Operator, OperatorId, Role};

use shared::text::is_email;

use super::section::Section;

/// Reads a department.
pub(super) fn department(section: &Section<'_, '_>) -> Department {
    let id = section.required("id");
    section.called(&id);
    Department {
        name: section.text_or("name", &id),
        id: DepartmentId(id),
    }
}

/// Reads an operator, and the hash of the password.
pub(super) fn operator(
    section: &Section<'_, '_>,
    main_language: &Language,
) -> (Operator, Option<SecretString>) {
    let login = section.required("login");
    section.called(&login);
    let role = match section
        .choice("role", "operator", &["operator", "supervisor", "admin"])
        .as_str()
    {
        "supervisor" => Role::Supervisor,
        "admin" => Role::Admin,
        _ => Role::Operator,
    };
    let languages = section.texts_or("languages", std::slice::from_ref(&main_language.0));
    for code in languages.iter().filter(|_| section.has("languages")) {
        section.check_language("languages", code);
    }
    let hash = section.hidden("password_hash");
    if let Some(hash) = &hash
        && crate::password::parse(hash).is_none()
    {
        let message =
            "password_hash: expected what `deskwire-relay hash-password` prints ($argon2id$…)";
        section.fault(section.place("password_hash"), message);
    }
    match &hash {
        Some(_) => section.holds_secret("password_hash"),
        None => section.warn(
            section.place("login"),
            format!("operator {login} has no password_hash and cannot sign in"),
        ),
    }
    ssh_keys(section);
    let email = section.text("email");
    if email.as_ref().is_some_and(|text| !is_email(text)) {
        let message = "operator.email: expected an address such as anna@acme.example";
        section.fault(section.place("email"), message);
    }
    let ui_language = ui_language(section, main_language);
    let operator = Operator {
        name: section.text_or("name", &login),
        id: OperatorId(login),
        role,
        departments: section
            .texts("departments")
            .into_iter()
            .map(DepartmentId)
            .collect(),
        languages: languages.into_iter().map(Language).collect(),
        ui_language,
        max_chats: section.number("max_chats", 5, 10_000),
    };
    (operator, hash.map(SecretString::from))
}

/// Only the languages the desk speaks; a company of another language gets the desk in the operator's own.
fn ui_language(section: &Section<'_, '_>, main_language: &Language) -> Language {
    let code = section.text_or("ui_language", &main_language.0);
    let spoken = tui::language::Language::ALL.map(tui::language::Language::code);
    if section.has("ui_language") && !spoken.contains(&&*code) {
        let message = format!(
            "operator.ui_language {code:?}: the desk speaks {}",
            spoken.join(", ")
        );
        section.fault(section.place("ui_language"), message);
    }
    Language(code)
}

/// Lines of an `authorized_keys` file.
fn ssh_keys(section: &Section<'_, '_>) {
    let keys = section.texts("ssh_keys");
    let is_key = |key: &String| {
        let mut words = key.split_whitespace();
        let kind = words.next().unwrap_or_default();
        let is_kind = ["ssh-", "ecdsa-", "sk-"]
            .iter()
            .any(|start| kind.starts_with(start));
        is_kind && words.next().is_some()
    };
    if !keys.iter().all(is_key) {
        let message =
            "operator.ssh_keys: expected public keys such as \"ssh-ed25519 AAAA… anna@laptop\"";
        section.fault(section.place("ssh_keys"), message);
    } else if !keys.is_empty() {
        section.not_yet("ssh_keys", "operator.ssh_keys");
    }
}
