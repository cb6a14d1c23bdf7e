//! What lies over the screen: one shape for every picker, and two forms. What is in it is made anew whenever it is asked
//! for (`update::items`), so that it is never stale.

use shared::chat::TransferTarget;
use shared::model::{
    CardField, CategoryPath, ChatId, FileId, MessageId, OperatorId, Seq, TemplateId, TemplateScope,
};

use crate::composer::Composer;
use crate::keymap::Action;

/// Which popup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Any command, any chat.
    Palette,
    /// The keys.
    Help,
    /// What was written, in any chat.
    Search,
    /// The words that filter the list.
    Filter,
    /// Prepared replies.
    Templates(Shelf),
    /// To whom the chat goes.
    Transfer,
    /// A word for the next person.
    Comment(TransferTarget),
    /// What the chat is about; the chat is closed afterwards if asked.
    Category {
        /// Close it then.
        then_close: bool,
    },
    /// Why and for how long a visitor is silenced.
    Block(BlockForm),
    /// Who is silenced now.
    Blocks,
    /// Replies in trouble.
    Messages,
    /// Messages a reply can quote.
    Quote,
    /// Links and files of the open chat.
    Links,
    /// A file of this machine, to be sent.
    File,
    /// The operator's own templates, to change or delete.
    OwnTemplates,
    /// What to do with a reply that is too long for its channel (OUT-09).
    TooLong,
    /// How the text of the composer is called as a template, and for whom it is.
    TemplateTitle(TemplateScope),
    /// Who is signed in, from where.
    Sessions,
    /// The visitor's card.
    Card,
    /// A field of it.
    Field(CardField),
    /// Something that needs a second Enter.
    Confirm(Confirm),
}

/// What of the templates is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shelf {
    /// Which section, from 1; 0: all.
    pub section: usize,
    /// Which language, from 1; 0: all.
    pub language: usize,
    /// The sign that opened the picker: it goes into the text when nothing is chosen.
    pub opened_by: Option<char>,
}

/// What is confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirm {
    /// Closing the chat.
    Close,
    /// Sending outside the reply window.
    HumanAgent,
    /// Taking the chat from its owner.
    TakeOver(OperatorId),
    /// Pasting much.
    Paste {
        /// What.
        text: String,
        /// Its length in characters.
        count: usize,
    },
    /// Sending what has waited long for a connection.
    Old(usize),
    /// Leaving with commands unanswered.
    Quit(usize),
    /// Lifting the visitor's block.
    Unblock,
    /// Sending the text with buttons for phone and e-mail.
    AskContacts,
}

/// The block menu.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockForm {
    /// Which of [`REASONS`].
    pub reason: usize,
    /// Which of [`LENGTHS`].
    pub length: usize,
    /// Close the chat as well.
    pub close: bool,
    /// The operator's own length in hours, instead of one of [`LENGTHS`].
    pub hours: Option<u32>,
}

impl BlockForm {
    /// Returns for how long, in seconds; none: for ever.
    pub fn seconds(&self) -> Option<u32> {
        match self.hours {
            Some(hours) => Some(hours * 3_600),
            None => LENGTHS.get(self.length).copied().flatten(),
        }
    }
}

/// Longest length of one's own, in hours: a year.
pub const MOST_HOURS: u32 = 8_760;

/// Reasons of a block: ids of messages.
pub const REASONS: [&str; 4] = ["block-spam", "block-abuse", "block-fraud", "block-other"];

/// Lengths of a block, in seconds; none: for ever.
pub const LENGTHS: [Option<u32>; 4] = [Some(3_600), Some(86_400), Some(604_800), None];

/// What lies over the screen.
#[derive(Debug, Clone)]
pub struct Popup {
    /// Which.
    pub kind: Kind,
    /// The text field.
    pub field: Composer,
    /// The selected row among those found.
    pub at: usize,
}

impl Popup {
    /// Returns a popup as it opens.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            field: Composer::single_line(),
            at: 0,
        }
    }

    /// Whether letters go into its text field.
    pub fn has_field(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Block(_)
                | Kind::Messages
                | Kind::Card
                | Kind::Confirm(_)
                | Kind::Blocks
                | Kind::Sessions
                | Kind::TooLong
        )
    }

    /// Whether it has rows to choose from.
    pub fn has_rows(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Block(_)
                | Kind::Comment(_)
                | Kind::Field(_)
                | Kind::Filter
                | Kind::TemplateTitle(_)
                | Kind::Confirm(_)
        )
    }
}

/// A row of a picker.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it says.
    pub label: String,
    /// At its right end: the key, the state.
    pub aside: String,
    /// Why it cannot be chosen.
    pub off: Option<String>,
    /// What choosing it does.
    pub choice: Choice,
}

/// What choosing a row does.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// Run a command.
    Act(Action),
    /// Show a chat.
    Open(ChatId),
    /// Look for a chat by its number.
    Find(Seq),
    /// Insert a text.
    Insert(String),
    /// Transfer.
    Transfer(TransferTarget),
    /// Give or clear the category.
    Categorize(Option<CategoryPath>),
    /// Lift a block.
    Unblock(ChatId),
    /// Send the reply in numbered parts.
    SendParts,
    /// Keep as much of the reply as the channel carries.
    Trim,
    /// Copy a text.
    Copy(String),
    /// Ask for earlier chats of the visitor.
    MorePast,
    /// Nothing: it is only to be read.
    Read,
    /// Quote a message in the reply, or none.
    Quote(Option<MessageId>),
    /// Open an address.
    Link(String),
    /// Go into a folder of this machine.
    Folder(String),
    /// Send a file of this machine.
    SendFile(String),
    /// Save a file, under this name.
    File(FileId, String),
    /// Write a template anew.
    ChangeTemplate(TemplateId),
    /// Delete a template.
    DeleteTemplate(TemplateId),
    /// End a session.
    EndSession(OperatorId, String),
    /// Send a reply again.
    Retry(MessageId),
    /// Stop trying.
    GiveUp(MessageId),
    /// Change a field of the card.
    Edit(CardField),
}
