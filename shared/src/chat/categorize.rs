//! What a chat was about (CAT-02, CAT-07).

use crate::model::CategoryPath;

use super::rights::Asker;
use super::{Chat, Context, Event, Refusal, Stage};

impl Chat {
    /// Gives, changes or clears the category, until the chat is final.
    pub(super) fn categorize(
        &self,
        category: Option<&CategoryPath>,
        asker: &Asker<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        if self.stage == Stage::Closed {
            return Err(Refusal::Finished);
        }
        self.require_managing(asker)?;
        if category.is_some_and(|path| !context.policy.categories.contains(path)) {
            return Err(Refusal::UnknownCategory);
        }
        if self.category.as_ref() == category {
            return Ok(vec![]);
        }
        Ok(vec![Event::Categorized {
            by: asker.id(),
            category: category.cloned(),
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{DeskCommand, Refusal};
    use crate::model::CategoryPath;

    fn categorize(path: &[&str]) -> DeskCommand {
        DeskCommand::Categorize {
            category: Some(CategoryPath(
                path.iter().map(|name| (*name).to_owned()).collect(),
            )),
        }
    }

    #[test]
    fn a_category_is_given_changed_and_cleared() {
        let mut desk = held_by("anna");
        desk.by("anna", categorize(&["Orders", "Refund"])).unwrap();
        assert_eq!(
            desk.chat.category.as_ref().unwrap().to_string(),
            "Orders > Refund"
        );
        desk.by("anna", categorize(&["VIP"])).unwrap();
        desk.by("anna", DeskCommand::Categorize { category: None })
            .unwrap();
        assert_eq!(desk.chat.category, None);
    }

    #[test]
    fn a_category_that_is_not_in_the_tree_is_refused() {
        let mut desk = held_by("anna");
        assert_eq!(
            desk.by("anna", categorize(&["Refund"])),
            Err(Refusal::UnknownCategory)
        );
    }
}
