//! What is looked for: the words that filter the list, the message a search has led to, and where one was before (desk
//! rule 7.5).

use shared::chat::{Author, Chat};
use shared::model::{ChatId, Seq};

use super::App;
use super::book::Section;
use crate::fuzzy;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Seeking {
    /// What the chats of the list are filtered by; empty: not at all.
    pub filter: String,
    /// The words whose hits stand in the search.
    pub found: Option<String>,
    /// The message a search has led to.
    pub hit: Option<Sought>,
    /// Where the search began.
    pub back: Option<Place>,
}

/// A message that is to be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sought {
    /// In which chat.
    pub chat: ChatId,
    /// The event that holds it.
    pub seq: Seq,
    /// The conversation was moved to it.
    pub is_shown: bool,
}

/// What was on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The list.
    pub section: Section,
    /// The chat.
    pub open: Option<ChatId>,
    /// How far up.
    pub scroll: usize,
}

impl App {
    /// Returns the chats of the list on the screen, those the filter finds in their usual order.
    pub(crate) fn list(&self) -> Vec<&Chat> {
        let chats = self.book.list(self.section, &self.me);
        if self.seeking.filter.trim().is_empty() {
            return chats;
        }
        let words: Vec<String> = chats.iter().map(|chat| self.words_of(chat)).collect();
        let mut found: Vec<usize> =
            fuzzy::search_names(&self.seeking.filter, &words, &self.layouts)
                .into_iter()
                .map(|found| found.index)
                .collect();
        found.sort_unstable();
        found
            .into_iter()
            .filter_map(|index| chats.get(index).copied())
            .collect()
    }

    /// Returns what a chat is found by in its list.
    fn words_of(&self, chat: &Chat) -> String {
        let number = chat.number.map(|number| format!("#{number}"));
        let category = chat.category.as_ref().map(ToString::to_string);
        let said = chat.last_line.as_ref().map(|line| line.text.clone());
        let colleague = chat.owner().filter(|owner| **owner != self.me);
        let spoke = chat.last_line.as_ref().and_then(|line| match &line.author {
            Author::Operator { operator } => Some(self.name_of(operator)),
            Author::Visitor | Author::Outside => None,
        });
        let parts = [
            Some(chat.visitor.name().to_owned()),
            number,
            category,
            colleague.map(|owner| self.name_of(owner)),
            spoke,
            said,
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Returns what is on the screen.
    pub(crate) fn place(&self) -> Place {
        Place {
            section: self.section,
            open: self.open,
            scroll: self.scroll,
        }
    }
}
