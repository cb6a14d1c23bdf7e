//! The visitor's card as operators write it (V-05), and what they have read.

use crate::model::CardField;
use crate::text;

use super::rights::Asker;
use super::{Chat, Event, Refusal};

/// Characters of a field; notes may be longer.
const FIELD_LIMIT: usize = 200;
/// Characters of the notes.
const NOTES_LIMIT: usize = 4000;

impl Chat {
    pub(super) fn edit_card(
        &self,
        field: CardField,
        value: Option<&str>,
        asker: &Asker<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let limit = if field == CardField::Notes {
            NOTES_LIMIT
        } else {
            FIELD_LIMIT
        };
        let value = value
            .map(|value| text::clean(value).trim().to_owned())
            .filter(|value| !value.is_empty());
        if value
            .as_ref()
            .is_some_and(|value| value.chars().count() > limit)
        {
            return Err(Refusal::FieldTooLong { limit });
        }
        if *self.visitor.card.field(field) == value {
            return Ok(vec![]);
        }
        Ok(vec![Event::CardEdited {
            by: asker.id(),
            field,
            value,
        }])
    }

    /// Only the owner's reading counts: a preview leaves the chat unread.
    pub(super) fn mark_read(&self, asker: &Asker<'_>) -> Vec<Event> {
        if self.unread == 0 || self.owner() != Some(&asker.operator.id) {
            return vec![];
        }
        vec![Event::MarkedRead { by: asker.id() }]
    }
}

impl crate::model::Card {
    /// Returns a field that operators may write.
    pub fn field(&self, field: CardField) -> &Option<String> {
        match field {
            CardField::Name => &self.name,
            CardField::Email => &self.email,
            CardField::Phone => &self.phone,
            CardField::CrmId => &self.crm_id,
            CardField::Notes => &self.notes,
        }
    }

    /// Writes a field.
    pub fn set_field(&mut self, field: CardField, value: Option<String>) {
        if field == CardField::Name {
            self.name_is_ours = value.is_some();
        }
        let place = match field {
            CardField::Name => &mut self.name,
            CardField::Email => &mut self.email,
            CardField::Phone => &mut self.phone,
            CardField::CrmId => &mut self.crm_id,
            CardField::Notes => &mut self.notes,
        };
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{DeskCommand, Refusal};
    use crate::model::CardField;

    #[test]
    fn a_field_is_written_cleaned_and_emptied() {
        let mut desk = held_by("anna");
        let edit = |value: Option<&str>| DeskCommand::EditCard {
            field: CardField::Phone,
            value: value.map(Into::into),
        };
        desk.by("boris", edit(Some("  +7 900 000-00-17 "))).unwrap();
        assert_eq!(
            desk.chat.visitor.card.phone.as_deref(),
            Some("+7 900 000-00-17")
        );
        assert_eq!(desk.by("boris", edit(Some("+7 900 000-00-17"))), Ok(vec![]));
        desk.by("boris", edit(None)).unwrap();
        assert_eq!(desk.chat.visitor.card.phone, None);
        assert_eq!(
            desk.by("boris", edit(Some(&"9".repeat(201)))),
            Err(Refusal::FieldTooLong { limit: 200 })
        );
    }

    #[test]
    fn only_the_owner_marks_a_chat_read() {
        let mut desk = held_by("anna");
        desk.visitor_writes("and?");
        assert_eq!(desk.by("boris", DeskCommand::MarkRead), Ok(vec![]));
        assert_eq!(desk.by("anna", DeskCommand::MarkRead).unwrap().len(), 1);
        assert_eq!(desk.chat.unread, 0);
    }
}
