//! A reasoned no: a code for programs, a sentence and a hint for people (`style.md`, errors). An answer, not an error.

use serde::{Deserialize, Serialize};

use crate::model::{DepartmentId, OperatorId, Seconds};

use super::rights::Right;

/// Why a command was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Refusal {
    /// Somebody else owns the chat (Q-11, OUT-22).
    Owned {
        /// Who.
        by: OperatorId,
    },
    /// Nobody owns it: claim first.
    NotClaimed,
    /// It is closed for good.
    Finished,
    /// It is closed; reopen first.
    Closed,
    /// It is not closed.
    NotClosed,
    /// There is no such chat, or the rights hide it; the two look alike on purpose.
    NoSuchChat,
    /// There is no such message here.
    NoSuchMessage,
    /// The rights of the role do not reach.
    NotAllowed {
        /// What was wanted.
        right: Right,
    },
    /// The visitor is blocked.
    VisitorBlocked,
    /// Not blocked.
    NotBlocked,
    /// The reply window has closed (OUT-06).
    WindowClosed {
        /// A person may still answer under the human-agent tag, after confirming (OUT-07).
        human_agent: bool,
    },
    /// Nothing in it.
    EmptyText,
    /// Longer than the channel carries (OUT-09).
    TooLong {
        /// UTF-16 units.
        length: usize,
        /// UTF-16 units.
        limit: usize,
    },
    /// More bytes than the channel carries (F-01).
    FileTooBig {
        /// Bytes.
        size: u64,
        /// Bytes; 0: nothing of that kind.
        limit: u64,
    },
    /// The file was not handed in for this chat, or has left already.
    NoSuchFile,
    /// A `{placeholder}` was left in the text (T-10).
    EmptyPlaceholder {
        /// Its name.
        name: String,
    },
    /// The channel cannot do this (CH-25).
    NotSupported {
        /// What: `quotes`, `asks_contacts` …
        ability: String,
    },
    /// The channel is not in the config any more.
    ChannelGone,
    /// Not a category of the config (CAT-02).
    UnknownCategory,
    /// Closing needs a category first (CAT-03).
    CategoryRequired,
    /// No such colleague.
    UnknownOperator {
        /// As given.
        operator: OperatorId,
    },
    /// No such department.
    UnknownDepartment {
        /// As given.
        department: DepartmentId,
    },
    /// It is there already.
    SameTarget,
    /// Too late to take it back, or never held (OUT-16).
    AlreadyLeaving,
    /// The reply is neither failed nor unconfirmed (OUT-04).
    NotRetryable,
    /// A reason is required (BL-01).
    ReasonRequired,
    /// Longer than a field may be.
    FieldTooLong {
        /// Characters.
        limit: usize,
    },
    /// The same command was refused before, over another line; a new one may be allowed by now.
    RefusedBefore,
    /// The hold is longer than allowed.
    HoldTooLong {
        /// Seconds.
        limit: Seconds,
    },
}

impl Refusal {
    /// Returns what happened, one English sentence; desks say it in their own language by the code.
    pub fn sentence(&self) -> String {
        match self {
            Self::Owned { by } => format!("{by} owns this chat"),
            Self::NotClaimed => "Nobody has claimed this chat".into(),
            Self::Finished => "This chat is closed for good".into(),
            Self::Closed => "This chat is closed".into(),
            Self::NotClosed => "This chat is not closed".into(),
            Self::NoSuchChat => "There is no such chat for you".into(),
            Self::NoSuchMessage => "There is no such message in this chat".into(),
            Self::NotAllowed { right } => format!("Your role may not {}", right.in_words()),
            Self::VisitorBlocked => "The visitor is blocked".into(),
            Self::NotBlocked => "The visitor is not blocked".into(),
            Self::WindowClosed { .. } => "The platform's reply window has closed".into(),
            Self::EmptyText => "There is nothing to send".into(),
            Self::TooLong { length, limit } => {
                format!("The text has {length} characters, the channel takes {limit}")
            }
            Self::FileTooBig { size, limit } => {
                format!("The file has {size} bytes, the channel takes {limit}")
            }
            Self::NoSuchFile => "There is no such file for this chat".into(),
            Self::EmptyPlaceholder { name } => format!("{{{name}}} is not filled in"),
            Self::NotSupported { ability } => format!("This channel cannot do that: {ability}"),
            Self::ChannelGone => "This chat's channel is not in the configuration any more".into(),
            Self::UnknownCategory => "There is no such category".into(),
            Self::CategoryRequired => "A chat needs a category before it is closed".into(),
            Self::UnknownOperator { operator } => format!("There is no operator {operator}"),
            Self::UnknownDepartment { department } => {
                format!("There is no department {department}")
            }
            Self::SameTarget => "The chat is there already".into(),
            Self::AlreadyLeaving => "The reply is on its way".into(),
            Self::NotRetryable => "The reply needs no second try".into(),
            Self::ReasonRequired => "A block needs a reason".into(),
            Self::RefusedBefore => "This was refused before".into(),
            Self::FieldTooLong { limit } => format!("The text is longer than {limit} characters"),
            Self::HoldTooLong { limit } => {
                format!("A reply is held for {} seconds at most", limit.0)
            }
        }
    }

    /// Returns what to do about it, or an empty text where there is nothing.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Owned { .. } => "take it over, or write a note",
            Self::NotClaimed => "claim it first",
            Self::Finished => "the next message of the visitor opens a new chat",
            Self::Closed => "reopen it first",
            Self::NotAllowed { .. } => "ask a supervisor",
            Self::VisitorBlocked => "unblock the visitor first",
            Self::WindowClosed { human_agent: true } => "confirm to send it as a human agent",
            Self::WindowClosed { human_agent: false } => "only the visitor can open it, by writing",
            Self::TooLong { .. } => "split it into several replies",
            Self::FileTooBig { .. } => "send a smaller one, or a link to it",
            Self::NoSuchFile => "hand it in again",
            Self::EmptyPlaceholder { .. } => "fill it in, or take it out",
            Self::CategoryRequired => "choose one, and it closes",
            Self::UnknownCategory => "choose one from the list",
            Self::ChannelGone => "ask an admin to put the channel back",
            Self::AlreadyLeaving => "write another reply",
            Self::RefusedBefore => "do it again if it is still wanted",
            Self::NotClosed
            | Self::NoSuchChat
            | Self::NoSuchMessage
            | Self::NotBlocked
            | Self::EmptyText
            | Self::NotSupported { .. }
            | Self::UnknownOperator { .. }
            | Self::UnknownDepartment { .. }
            | Self::SameTarget
            | Self::NotRetryable
            | Self::ReasonRequired
            | Self::FieldTooLong { .. }
            | Self::HoldTooLong { .. } => "",
        }
    }
}
