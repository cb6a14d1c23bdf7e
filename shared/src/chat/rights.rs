//! Who may see and do what (SEC-05, SEC-06, D-02): the one place. The relay filters and refuses by it, the desk dims.

use serde::{Deserialize, Serialize};

use crate::model::{ChannelId, DepartmentId, Operator, OperatorId, Policy, Role};

use super::{Actor, Chat, Context, Event, Refusal};

/// Something a role may or may not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See chats of every department and owner.
    SeeAll,
    /// Read what visitors deleted or changed (IN-09).
    SeeOriginals,
    /// Take a chat from its owner (TR-10).
    TakeOver,
    /// Hand over, release, close and categorize chats of others.
    ManageOthers,
    /// Hand over.
    Transfer,
    /// Silence visitors (BL-01) and see the list of blocks (BL-03).
    Block,
    /// Save templates for a department (T-03).
    DepartmentTemplates,
    /// Save templates for everybody (T-03).
    GlobalTemplates,
    /// See and end sessions of others (SEC-03).
    Sessions,
    /// Be told about the config, the store and channels (ADM-03).
    Administer,
}

/// Every right, for tables and tests.
pub const ALL_RIGHTS: [Right; 10] = [
    Right::SeeAll,
    Right::SeeOriginals,
    Right::TakeOver,
    Right::ManageOthers,
    Right::Transfer,
    Right::Block,
    Right::DepartmentTemplates,
    Right::GlobalTemplates,
    Right::Sessions,
    Right::Administer,
];

impl Right {
    /// Returns the lowest role that has it.
    pub fn needs(self) -> Role {
        match self {
            Self::Transfer | Self::Block => Role::Operator,
            Self::SeeAll
            | Self::SeeOriginals
            | Self::TakeOver
            | Self::ManageOthers
            | Self::DepartmentTemplates => Role::Supervisor,
            Self::GlobalTemplates | Self::Sessions | Self::Administer => Role::Admin,
        }
    }

    /// Returns the right as the end of "your role may not …".
    pub fn in_words(self) -> &'static str {
        match self {
            Self::SeeAll => "see all chats",
            Self::SeeOriginals => "read deleted messages",
            Self::TakeOver => "take a chat from its owner",
            Self::ManageOthers => "do this to chats of others",
            Self::Transfer => "transfer chats",
            Self::Block => "block visitors",
            Self::DepartmentTemplates => "save templates for a department",
            Self::GlobalTemplates => "save templates for everybody",
            Self::Sessions => "manage sessions",
            Self::Administer => "administer the relay",
        }
    }
}

/// Whether a role has a right.
pub fn has(role: Role, right: Right) -> bool {
    role >= right.needs()
}

/// What of a chat decides who sees it. Small, so that it can be kept for every event (resume needs the past's).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Where it came in.
    pub channel: ChannelId,
    /// Whose it is.
    pub owner: Option<OperatorId>,
    /// Whose queue.
    pub department: Option<DepartmentId>,
    /// For one operator alone while it waits.
    pub reserved_for: Option<OperatorId>,
}

impl Event {
    /// Whether it may change who sees its chat, and in which list: [`Sight`] and stage.
    pub fn moves_chat(&self) -> bool {
        match self {
            Self::Opened { .. }
            | Self::Claimed { .. }
            | Self::Released { .. }
            | Self::Transferred { .. }
            | Self::Closed { .. }
            | Self::Reopened { .. }
            | Self::Finished => true,
            Self::Received { .. }
            | Self::FileKept { .. }
            | Self::FileLost { .. }
            | Self::Edited { .. }
            | Self::Deleted { .. }
            | Self::Reacted { .. }
            | Self::Noticed { .. }
            | Self::AnsweredOutside { .. }
            | Self::ThreadOwned { .. }
            | Self::ProfileChanged { .. }
            | Self::ReplyWritten { .. }
            | Self::ReplyWithdrawn { .. }
            | Self::ReplySent { .. }
            | Self::ReplyFailed { .. }
            | Self::ReplyUnconfirmed { .. }
            | Self::ReplyRetried { .. }
            | Self::ReplyDelivered { .. }
            | Self::ReplyRead { .. }
            | Self::NoteWritten { .. }
            | Self::Categorized { .. }
            | Self::CardEdited { .. }
            | Self::Blocked { .. }
            | Self::Unblocked { .. }
            | Self::MarkedRead { .. }
            | Self::WindowClosed
            | Self::Redacted => false,
        }
    }
}

impl Sight {
    /// Returns the sight of a chat as it stands.
    pub fn of(chat: &Chat) -> Self {
        Self {
            channel: chat.visitor.channel.clone(),
            owner: chat.owner().cloned(),
            department: chat.department.clone(),
            reserved_for: chat.reserved_for.clone(),
        }
    }
}

/// Whether an operator sees a chat at all (invariant 7).
///
/// Chats of a switched-off channel are seen by nobody (CH-12). Supervisors and admins see all others (D-02). An operator
/// sees the own ones, and those of the own departments or of none, unless they are reserved for another; with
/// `hide_others` only while nobody owns them.
pub fn sees(operator: &Operator, sight: &Sight, policy: &Policy) -> bool {
    if policy
        .find_channel(&sight.channel)
        .is_some_and(|channel| !channel.active)
    {
        return false;
    }
    if has(operator.role, Right::SeeAll) {
        return true;
    }
    if let Some(owner) = &sight.owner {
        if *owner == operator.id {
            return true;
        }
        if policy.hide_others {
            return false;
        }
    }
    let in_department = sight
        .department
        .as_ref()
        .is_none_or(|department| operator.departments.contains(department));
    let for_me = sight
        .reserved_for
        .as_ref()
        .is_none_or(|reserved| *reserved == operator.id);
    in_department && for_me
}

/// Everything but the chats themselves that decides what an operator sees. While it stays the same, what was seen stays
/// seen; when it changes, no number of events tells a desk what else has changed (invariant 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outlook {
    operator: OperatorId,
    role: Role,
    departments: Vec<DepartmentId>,
    hide_others: bool,
    inactive: Vec<ChannelId>,
}

impl Outlook {
    /// Returns what an operator's sight depends on now.
    pub fn of(operator: &Operator, policy: &Policy) -> Self {
        let mut departments = operator.departments.clone();
        departments.sort();
        let inactive = policy.channels.iter().filter(|channel| !channel.active);
        let mut inactive: Vec<_> = inactive.map(|channel| channel.id.clone()).collect();
        inactive.sort();
        Self {
            operator: operator.id.clone(),
            role: operator.role,
            departments,
            hide_others: policy.hide_others,
            inactive,
        }
    }
}

/// The operator behind a desk command, checked to exist and to see the chat.
pub(super) struct Asker<'a> {
    /// From the policy.
    pub(super) operator: &'a Operator,
}

impl Asker<'_> {
    pub(super) fn id(&self) -> OperatorId {
        self.operator.id.clone()
    }

    pub(super) fn require(&self, right: Right) -> Result<(), Refusal> {
        if has(self.operator.role, right) {
            Ok(())
        } else {
            Err(Refusal::NotAllowed { right })
        }
    }
}

impl Chat {
    /// Finds who asks; a chat out of sight is a chat that does not exist.
    pub(super) fn asker<'a>(&self, context: &Context<'a>) -> Result<Asker<'a>, Refusal> {
        let Actor::Operator(id) = context.actor else {
            return Err(Refusal::NoSuchChat);
        };
        let operator = context
            .policy
            .find_operator(id)
            .ok_or(Refusal::NoSuchChat)?;
        if self.has_begun() && sees(operator, &Sight::of(self), context.policy) {
            Ok(Asker { operator })
        } else {
            Err(Refusal::NoSuchChat)
        }
    }

    /// Whether the asker may manage this chat: the own, an unowned one, or with the right to manage others'.
    pub(super) fn require_managing(&self, asker: &Asker<'_>) -> Result<(), Refusal> {
        match self.owner() {
            Some(owner)
                if *owner != asker.operator.id
                    && !has(asker.operator.role, Right::ManageOthers) =>
            {
                Err(Refusal::Owned { by: owner.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }
}
