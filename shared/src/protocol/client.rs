//! What desks send.

use serde::{Deserialize, Serialize};

use crate::chat::DeskCommand;
use crate::model::{
    ChatId, CommandId, Language, OperatorId, Presence, Seq, TemplateId, TemplateScope, VisitorId,
};

use super::{ChatPlace, ResumePoint};

/// A frame from a desk. `request` numbers are chosen by the desk and come back with the answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum ClientFrame {
    /// The first frame, within 10 seconds.
    Hello {
        /// [`super::PROTOCOL`].
        protocol: u32,
        /// From `POST /api/v1/session`.
        token: String,
        /// Where this desk left off; none: it has nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<ResumePoint>,
        /// Name and version of the program, for the log.
        program: String,
    },
    /// Asks something of a chat. Answered `accepted` or `refused`; a repeat with the same id is answered the same.
    Command {
        /// Made by the desk, unique for ever.
        id: CommandId,
        /// Which chat.
        chat: ChatId,
        /// What.
        #[serde(flatten)]
        command: DeskCommand,
    },
    /// Asks for one chat; answered `chat_shown`, or `chat_hidden` when there is none for this operator.
    LoadChat {
        /// Which.
        chat: ChatId,
    },
    /// Asks for a chat by the number people call it by (S-10); answered `chats` with one or none.
    FindChat {
        /// Comes back.
        request: u32,
        /// Its number.
        number: Seq,
    },
    /// Asks for events of a chat, newest first page by page; answered `timeline`.
    LoadTimeline {
        /// Comes back.
        request: u32,
        /// Which.
        chat: ChatId,
        /// Those before this one; none: the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
        /// At most [`super::PAGE_LIMIT`].
        limit: u32,
    },
    /// Asks for closed chats, newest first; answered `chats`.
    LoadClosed {
        /// Comes back.
        request: u32,
        /// Those after this place, `next` of the page before; none: the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<ChatPlace>,
        /// At most [`super::PAGE_LIMIT`].
        limit: u32,
    },
    /// Asks for the next open chats of a list that was cut in the snapshot; answered `chats`.
    LoadOpen {
        /// Comes back.
        request: u32,
        /// Of which list.
        section: super::OpenSection,
        /// Those after this place, `next` of the snapshot or of the page before; none: from the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<ChatPlace>,
        /// At most [`super::PAGE_LIMIT`].
        limit: u32,
    },
    /// Asks for a visitor's chats, newest first (V-11); answered `chats`.
    LoadVisitor {
        /// Comes back.
        request: u32,
        /// Whose.
        visitor: VisitorId,
        /// Those after this place, `next` of the page before; none: the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<ChatPlace>,
        /// At most [`super::PAGE_LIMIT`].
        limit: u32,
    },
    /// Searches what was written; answered `hits`.
    Search {
        /// Comes back.
        request: u32,
        /// As typed.
        text: String,
        /// Hits before this one; none: the newest.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Seq>,
        /// At most [`super::PAGE_LIMIT`].
        limit: u32,
    },
    /// Tells colleagues, and for `replying` the visitor, what this operator does (D-20, OUT-19). Never answered.
    Presence {
        /// Where.
        chat: ChatId,
        /// What.
        presence: Presence,
    },
    /// Keeps a draft on the relay (OUT-18); an empty text drops it. Never answered.
    SaveDraft {
        /// Of which chat.
        chat: ChatId,
        /// What stands in the composer.
        draft: DraftText,
    },
    /// Saves a template (T-03, T-06); answered `template_saved` or `declined`.
    SaveTemplate {
        /// Comes back.
        request: u32,
        /// None: a new one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<TemplateId>,
        /// What.
        template: TemplateDraft,
    },
    /// Deletes a template; answered `template_deleted` or `declined`.
    DeleteTemplate {
        /// Comes back.
        request: u32,
        /// Which.
        id: TemplateId,
    },
    /// Asks for the blocks in force (BL-03); answered `blocks`.
    LoadBlocks {
        /// Comes back.
        request: u32,
    },
    /// Asks for the sessions one may see: the own, for admins all (SEC-03); answered `sessions`.
    LoadSessions {
        /// Comes back.
        request: u32,
    },
    /// Ends a session at once (SEC-03); answered `sessions` with what is left, or `declined`.
    EndSession {
        /// Comes back.
        request: u32,
        /// Whose.
        operator: OperatorId,
        /// Which: its short public name in `sessions`.
        session: String,
    },
    /// Sets the language in which the relay speaks to this operator. Never answered.
    Speak {
        /// Which.
        language: Language,
    },
    /// Answered `pong` at once.
    Ping {
        /// Comes back.
        stamp: u64,
    },
}

/// The name only: a hello holds a secret, the others hold what people wrote.
impl std::fmt::Debug for ClientFrame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientFrame")
            .field("type", &self.name())
            .finish_non_exhaustive()
    }
}

impl ClientFrame {
    /// Returns the frame's `type`, for logs: never what is in it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Command { .. } => "command",
            Self::LoadChat { .. } => "load_chat",
            Self::FindChat { .. } => "find_chat",
            Self::LoadTimeline { .. } => "load_timeline",
            Self::LoadClosed { .. } => "load_closed",
            Self::LoadOpen { .. } => "load_open",
            Self::LoadVisitor { .. } => "load_visitor",
            Self::Search { .. } => "search",
            Self::Presence { .. } => "presence",
            Self::SaveDraft { .. } => "save_draft",
            Self::SaveTemplate { .. } => "save_template",
            Self::DeleteTemplate { .. } => "delete_template",
            Self::LoadBlocks { .. } => "load_blocks",
            Self::LoadSessions { .. } => "load_sessions",
            Self::EndSession { .. } => "end_session",
            Self::Speak { .. } => "speak",
            Self::Ping { .. } => "ping",
        }
    }
}

/// What stands in a composer (OUT-18).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftText {
    /// The text.
    pub text: String,
    /// The caret, in bytes from the start, on a character boundary.
    pub caret: u32,
    /// It is a note, not a reply.
    #[serde(default)]
    pub is_note: bool,
}

/// A template as a desk saves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateDraft {
    /// Who may use it; needs the right for that scope (T-03).
    #[serde(flatten)]
    pub scope: TemplateScope,
    /// Whose set.
    pub language: Language,
    /// A heading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Required.
    pub text: String,
    /// A short code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}
