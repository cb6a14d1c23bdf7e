//! Templates of every scope and sessions of everybody, for every role.

use shared::model::{Language, TemplateId, TemplateScope};
use shared::protocol::{ClientFrame, ServerFrame, SessionRow, TemplateDraft};

use super::ASKERS;
use super::company::Company;
use super::frames::request_of;

pub(super) fn template(scope: TemplateScope) -> TemplateDraft {
    TemplateDraft {
        scope,
        language: Language::from("en"),
        section: None,
        title: None,
        text: "Hello".to_owned(),
        code: None,
    }
}

/// Each scope, and who may save, change and delete there.
fn scopes() -> [(TemplateScope, &'static [&'static str]); 5] {
    let department = |id: &str| TemplateScope::Department {
        department: id.into(),
    };
    let personal = |id: &str| TemplateScope::Personal {
        operator: id.into(),
    };
    [
        (TemplateScope::Global, &["root"]),
        (department("sales"), &["sofia"]),
        (department("billing"), &[]),
        (personal("anna"), &["anna"]),
        (personal("dana"), &["dana"]),
    ]
}

/// Asks with a request number of its own.
async fn ask(company: &Company, asker: &str, make: impl Fn(u32) -> ClientFrame) -> ServerFrame {
    let number = company.next_request();
    let is_it = |answer: &ServerFrame| request_of(answer) == Some(number);
    company.ask(asker, make(number), is_it).await
}

async fn save(
    company: &Company,
    asker: &str,
    id: Option<TemplateId>,
    scope: &TemplateScope,
) -> Option<TemplateId> {
    let make = |request| ClientFrame::SaveTemplate {
        request,
        id,
        template: template(scope.clone()),
    };
    match ask(company, asker, make).await {
        ServerFrame::TemplateSaved { template, .. } => template.id,
        _ => None,
    }
}

async fn sessions(company: &Company, asker: &str) -> Vec<SessionRow> {
    let answer = ask(company, asker, |request| ClientFrame::LoadSessions {
        request,
    });
    match answer.await {
        ServerFrame::Sessions { sessions, .. } => sessions,
        other => panic!("{asker}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_saved_changed_and_deleted_by_those_who_may() {
    let company = Company::open(&[]).await;
    for (scope, allowed) in scopes() {
        let mut saved = None;
        for asker in ASKERS {
            let id = save(&company, asker, None, &scope).await;
            assert_eq!(id.is_some(), allowed.contains(&asker), "{asker}: {scope:?}");
            saved = saved.or(id);
        }
        let Some(id) = saved else { continue };
        // Those who may not come first: afterwards it is gone.
        let mut askers = ASKERS;
        askers.sort_by_key(|asker| allowed.contains(asker));
        for asker in askers {
            let may = allowed.contains(&asker);
            let changed = save(&company, asker, Some(id), &scope).await;
            assert_eq!(changed.is_some(), may, "{asker} changes: {scope:?}");
            let delete = |request| ClientFrame::DeleteTemplate { request, id };
            let answer = ask(&company, asker, delete).await;
            let is_deleted = matches!(answer, ServerFrame::TemplateDeleted { .. });
            assert_eq!(is_deleted, may, "{asker} deletes: {scope:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_seen_and_ended_by_its_owner_and_admins() {
    let company = Company::open(&[]).await;
    for asker in ASKERS {
        let seen = sessions(&company, asker).await;
        let others = seen.iter().filter(|row| row.operator.0 != asker).count();
        assert_eq!(others > 0, asker == "root", "{asker} sees {others} others");
        let all = sessions(&company, "root").await;
        let boris = all.iter().find(|row| row.operator.0 == "boris").unwrap();
        let end = |request| ClientFrame::EndSession {
            request,
            operator: "boris".into(),
            session: boris.session.clone(),
        };
        let is_ended = matches!(
            ask(&company, asker, end).await,
            ServerFrame::Sessions { .. }
        );
        assert_eq!(is_ended, asker == "root", "{asker} ends another's session");
    }
    let boris = company.desk("boris");
    boris.wait("the goodbye", |seen| seen.has_ended).await;
}
