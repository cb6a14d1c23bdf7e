//! Notes: seen by operators only (D-11).

use crate::model::OperatorId;
use crate::text;

use super::rights::Asker;
use super::{Chat, Context, Event, Refusal, Stage};

/// Characters of a note.
const NOTE_LIMIT: usize = 10_000;

impl Chat {
    pub(super) fn note(
        &self,
        text: &str,
        mentions: &[OperatorId],
        asker: &Asker<'_>,
        context: &Context<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        if self.stage == Stage::Closed {
            return Err(Refusal::Finished);
        }
        let text = text::clean(text).into_owned();
        if text.trim().is_empty() {
            return Err(Refusal::EmptyText);
        }
        if text.chars().count() > NOTE_LIMIT {
            return Err(Refusal::FieldTooLong { limit: NOTE_LIMIT });
        }
        if let Some(operator) = mentions
            .iter()
            .find(|id| context.policy.find_operator(id).is_none())
        {
            return Err(Refusal::UnknownOperator {
                operator: operator.clone(),
            });
        }
        let mentions = mentions.to_vec();
        Ok(vec![Event::NoteWritten {
            by: asker.id(),
            message: context.fresh.message,
            text,
            mentions,
        }])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{DeskCommand, Event, Refusal};

    fn note(text: &str) -> DeskCommand {
        DeskCommand::Note {
            text: text.into(),
            mentions: vec![],
        }
    }

    #[test]
    fn a_colleague_may_note_in_a_chat_of_another() {
        let mut desk = held_by("anna");
        let events = desk.by("boris", note("asks about order 4512")).unwrap();
        assert!(
            matches!(&events[..], [Event::NoteWritten { text, .. }] if text == "asks about order 4512")
        );
        assert!(desk.chat.outgoing.is_empty(), "a note is never sent");
    }

    #[test]
    fn an_empty_note_and_an_unknown_colleague_are_refused() {
        let mut desk = held_by("anna");
        assert_eq!(desk.by("anna", note("  \n")), Err(Refusal::EmptyText));
        let mention = DeskCommand::Note {
            text: "@nobody".into(),
            mentions: vec!["nobody".into()],
        };
        assert_eq!(
            desk.by("anna", mention),
            Err(Refusal::UnknownOperator {
                operator: "nobody".into()
            })
        );
    }
}
