//! Prepared replies: their keys, the picker's shelf, for whom they are saved.

use shared::model::{Language as Code, Role, TemplateScope};
use shared::protocol::{ClientFrame, ServerFrame};

use super::{desk, frames};
use crate::app::fixture::{Desk, policy};
use crate::app::popup::Kind;
use crate::keymap::{Action, Zone};

/// Kate's desk, with a key, a section and a language for the two templates of the company.
fn shelved(first_key: &str, second_key: &str, role: Role) -> Desk {
    let mut desk = desk();
    let mut policy = policy();
    policy.operators[0].role = role;
    policy.templates[0].key = Some(first_key.to_owned());
    policy.templates[0].section = Some("Greetings".to_owned());
    policy.templates[1].key = Some(second_key.to_owned());
    policy.templates[1].section = Some("Money".to_owned());
    policy.templates[1].language = Code::from("ru");
    desk.hear(ServerFrame::Policy {
        policy: Box::new(policy),
    });
    desk
}

const HELLO: &str = "Hello Olga, this is Kate.";
const REFUND: &str = "The refund takes 3-5 days.";

fn rows(desk: &Desk) -> Vec<String> {
    let popup = desk.app.popup.as_ref().expect("a popup");
    let items = crate::update::visible(&desk.app, popup);
    items.into_iter().map(|item| item.label).collect()
}

#[test]
fn the_key_of_a_template_inserts_it_in_both_zones_even_where_an_action_had_it_as_a_second_key() {
    let mut desk = shelved("f2", "ctrl+x", Role::Operator);
    desk.press("f2");
    assert_eq!(desk.app.zone, Zone::Composer);
    assert_eq!(desk.app.composer.text(), HELLO);
    desk.press("ctrl+u ctrl+x");
    assert_eq!(desk.app.composer.text(), REFUND);
    desk.press("ctrl+k");
    let popup = desk.app.popup.as_ref().map(|popup| &popup.kind);
    assert_eq!(popup, Some(&Kind::Palette));
}

#[test]
fn letters_behind_the_leader_insert_at_once_on_either_layout() {
    for letters in ["gr", "пк"] {
        let mut desk = shelved("leader+gr", "leader+m", Role::Operator);
        desk.press("r");
        desk.write("\\");
        desk.write(letters);
        assert!(desk.app.popup.is_none(), "{letters}");
        assert_eq!(desk.app.composer.text(), HELLO);
    }
}

#[test]
fn a_template_does_not_take_the_only_key_of_an_action() {
    let mut desk = shelved("f1", "f5", Role::Operator);
    let (said, _) = desk.app.said.clone().expect("the clash");
    assert!(said.contains("f5") && said.contains("reconnect"), "{said}");
    desk.press("r f1");
    let popup = desk.app.popup.as_ref().map(|popup| &popup.kind);
    assert_eq!(popup, Some(&Kind::Help));
}

#[test]
fn leaving_the_picker_leaves_what_was_typed_and_a_space_behind_the_sign_means_the_sign() {
    let mut desk = desk();
    desk.press("r");
    desk.write("\\hi");
    desk.press("escape");
    assert_eq!(desk.app.composer.text(), "\\hi");
    desk.press("ctrl+u");
    desk.write("/ and");
    assert_eq!(desk.app.composer.text(), "/ and");
}

#[test]
fn the_picker_has_sections_and_a_language_and_shows_the_whole_text() {
    let mut desk = shelved("f7", "f8", Role::Operator);
    desk.press("r f4");
    assert_eq!(rows(&desk).len(), 2);
    let screen = crate::view::tests::shown(&desk.app);
    assert!(screen.contains("[all]  Greetings   Money"), "{screen}");
    assert!(screen.contains("F7"), "the key is shown:\n{screen}");
    desk.press("tab");
    assert_eq!(rows(&desk), [format!("Greetings: {HELLO}")]);
    desk.press("tab");
    assert_eq!(rows(&desk), [format!("Money: {REFUND}")]);
    desk.press("shift+tab shift+tab arrowright");
    assert_eq!(rows(&desk), [format!("Greetings: {HELLO}")]);
    desk.press("arrowright");
    assert_eq!(rows(&desk), [format!("Money: {REFUND}")]);
    desk.press("arrowright");
    desk.write("refund");
    assert_eq!(rows(&desk), [format!("Money: {REFUND}")]);
    let screen = crate::view::tests::shown(&desk.app);
    assert_eq!(
        screen.matches(REFUND).count(),
        2,
        "row and preview:\n{screen}"
    );
}

#[test]
fn a_text_is_saved_with_one_key_for_whom_the_role_allows() {
    for (role, tabs, expected) in [
        (Role::Operator, "tab", "personal"),
        (Role::Supervisor, "tab", "department"),
        (Role::Supervisor, "tab tab", "personal"),
        (Role::Admin, "tab tab", "global"),
    ] {
        let mut desk = shelved("f7", "f8", role);
        desk.press("r");
        desk.write("Thanks for waiting.");
        desk.press("ctrl+d");
        desk.press(tabs);
        let effects = desk.press("enter");
        let scope = frames(&effects).into_iter().find_map(|frame| match frame {
            ClientFrame::SaveTemplate { template, .. } => Some(template.scope.clone()),
            _ => None,
        });
        let scope = match scope.expect("saved") {
            TemplateScope::Personal { .. } => "personal",
            TemplateScope::Department { .. } => "department",
            TemplateScope::Global => "global",
        };
        assert_eq!(scope, expected, "{role:?} {tabs}");
    }
}

#[test]
fn a_supervisor_changes_what_was_saved_for_the_department_and_an_operator_does_not() {
    for (role, count) in [(Role::Operator, 0), (Role::Supervisor, 2)] {
        let mut desk = shelved("f7", "f8", role);
        let mut template = policy().templates[0].clone();
        template.id = Some(shared::model::TemplateId(4));
        template.scope = TemplateScope::Department {
            department: "billing".into(),
        };
        desk.hear(ServerFrame::TemplateSaved {
            request: 0,
            template,
        });
        desk.act(Action::OwnTemplates);
        assert_eq!(rows(&desk).len(), count, "{role:?}");
    }
}
