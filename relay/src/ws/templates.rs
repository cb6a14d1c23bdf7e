//! Templates saved from desks (T-01, T-03): who may, and who is told.

use shared::chat::rights::{Right, has};
use shared::model::{Operator, Template, TemplateId, TemplateScope};
use shared::protocol::{ServerFrame, TemplateDraft};
use shared::text;

use crate::clock::new_id;

use super::requests::{Failure, Requests, declined};
use super::viewer::may_use;

/// Characters of a template's text.
const TEMPLATE_LIMIT: usize = 10_000;

impl Requests {
    pub(super) async fn save_template(
        &self,
        request: u32,
        id: Option<TemplateId>,
        draft: TemplateDraft,
        operator: &Operator,
    ) -> Result<ServerFrame, Failure> {
        require_template_right(operator, &draft.scope)?;
        if let Some(id) = id {
            self.require_known(id, operator).await?;
        }
        let clean = |text: Option<String>| {
            text.map(|text| text::clean_line(&text))
                .filter(|text| !text.is_empty())
        };
        let body = text::clean(&draft.text).trim().to_owned();
        if body.is_empty() || body.chars().count() > TEMPLATE_LIMIT {
            return Err(declined(
                "bad_text",
                "A template needs a text of at most 10,000 characters.",
            ));
        }
        let template = Template {
            id: Some(id.unwrap_or_else(|| TemplateId(new_id(self.hub.clock.now())))),
            scope: draft.scope,
            language: draft.language,
            section: clean(draft.section),
            title: clean(draft.title),
            text: body,
            key: None,
            code: clean(draft.code),
        };
        self.hub.store.save_template(&template).await?;
        let news = ServerFrame::TemplateSaved {
            request: 0,
            template: template.clone(),
        };
        self.tell_users(&template.scope, &news);
        Ok(ServerFrame::TemplateSaved { request, template })
    }

    pub(super) async fn delete_template(
        &self,
        request: u32,
        id: TemplateId,
        operator: &Operator,
    ) -> Result<ServerFrame, Failure> {
        let template = self.require_known(id, operator).await?;
        self.hub.store.delete_template(id).await?;
        self.tell_users(
            &template.scope,
            &ServerFrame::TemplateDeleted { request: 0, id },
        );
        Ok(ServerFrame::TemplateDeleted { request, id })
    }

    /// Finds a saved template that this operator may change.
    async fn require_known(
        &self,
        id: TemplateId,
        operator: &Operator,
    ) -> Result<Template, Failure> {
        let templates = self.hub.store.list_templates().await?;
        let found = templates
            .into_iter()
            .find(|template| template.id == Some(id));
        let found = found.filter(|template| may_use(operator, &template.scope));
        let template =
            found.ok_or_else(|| declined("no_such_template", "There is no such template."))?;
        require_template_right(operator, &template.scope)?;
        Ok(template)
    }

    fn tell_users(&self, scope: &TemplateScope, news: &ServerFrame) {
        let policy = self.hub.desks.policy();
        self.hub.tell(news, |id| {
            policy
                .find_operator(id)
                .is_some_and(|operator| may_use(operator, scope))
        });
    }
}

/// Whether an operator may save a template of that scope (T-03).
fn require_template_right(operator: &Operator, scope: &TemplateScope) -> Result<(), Failure> {
    let allowed = match scope {
        TemplateScope::Global => has(operator.role, Right::GlobalTemplates),
        TemplateScope::Department { .. } => {
            has(operator.role, Right::DepartmentTemplates) && may_use(operator, scope)
        }
        TemplateScope::Personal { .. } => may_use(operator, scope),
    };
    if allowed {
        Ok(())
    } else {
        Err(declined(
            "not_allowed",
            "Your role may not save templates there.",
        ))
    }
}
