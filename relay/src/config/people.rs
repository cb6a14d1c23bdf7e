//! `[[department]]` and `[[operator]]` (Q-25, ADM-08).

use secrecy::SecretString;

use shared::model::{Department, DepartmentId, Language, Operator, OperatorId, Role};

use super::section::Section;

/// Reads a department.
pub(super) fn department(section: &Section<'_, '_>) -> Department {
    let id = section.required("id");
    Department {
        name: section.text("name").unwrap_or_else(|| id.clone()),
        id: DepartmentId(id),
    }
}

/// Reads an operator, and the hash of the password.
pub(super) fn operator(
    section: &Section<'_, '_>,
    main_language: &Language,
) -> (Operator, Option<SecretString>) {
    let login = section.required("login");
    let role = match section
        .choice("role", "operator", &["operator", "supervisor", "admin"])
        .as_str()
    {
        "supervisor" => Role::Supervisor,
        "admin" => Role::Admin,
        _ => Role::Operator,
    };
    let languages: Vec<_> = section
        .texts("languages")
        .into_iter()
        .map(Language)
        .collect();
    let hash = section.text("password_hash");
    if let Some(hash) = &hash
        && crate::password::parse(hash).is_none()
    {
        let message =
            "password_hash: expected what `deskwire-relay hash-password` prints ($argon2id$…)";
        section.fault(section.place("password_hash"), message);
    }
    // Used in a later release; what they are is checked today.
    section.texts("ssh_keys");
    section.text("email");
    let operator = Operator {
        name: section.text("name").unwrap_or_else(|| login.clone()),
        id: OperatorId(login),
        role,
        departments: section
            .texts("departments")
            .into_iter()
            .map(DepartmentId)
            .collect(),
        languages: if languages.is_empty() {
            vec![main_language.clone()]
        } else {
            languages
        },
        ui_language: section
            .text("ui_language")
            .map_or_else(|| main_language.clone(), Language),
        max_chats: section.number("max_chats", 5, 10_000),
    };
    (operator, hash.map(SecretString::from))
}
