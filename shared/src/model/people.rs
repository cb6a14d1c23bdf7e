//! Visitors and operators.

use serde::{Deserialize, Serialize};

use super::{ChannelId, DepartmentId, Language, OperatorId, PlatformId, Timestamp, VisitorId};

/// Somebody who writes in, on one channel (V-02).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visitor {
    /// Ours.
    pub id: VisitorId,
    /// Where they write.
    pub channel: ChannelId,
    /// Theirs, as the platform calls them.
    pub platform_id: PlatformId,
    /// What is known of them.
    #[serde(default)]
    pub card: Card,
}

impl Visitor {
    /// Returns the name to show: the profile's, else the platform's id (V-01).
    pub fn name(&self) -> &str {
        self.card
            .name
            .as_deref()
            .unwrap_or_else(|| self.platform_id.as_str())
    }
}

/// The visitor card (D-04, V-05): what the platform told and what operators wrote. Clean text throughout.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name was written by an operator: the platform's does not replace it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub name_is_ours: bool,
    /// First name, for greetings and templates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Address of the photo; signed by the platform and short-lived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo_url: Option<String>,
    /// Given by the visitor or typed by an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Given by the visitor or typed by an operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The id in the company's CRM, for `[crm] url` (V-07).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_id: Option<String>,
    /// Free text of the operators about this person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
    /// When the platform was last asked for the profile, answered or not (V-01).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_asked_at: Option<Timestamp>,
}

/// A field of the card that operators may write (V-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardField {
    /// Full name.
    Name,
    /// E-mail address.
    Email,
    /// Phone number.
    Phone,
    /// The id in the company's CRM.
    CrmId,
    /// Free text.
    Notes,
}

/// What an operator may do (SEC-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers chats.
    Operator,
    /// Also sees all chats and takes any.
    Supervisor,
    /// Also sets up.
    Admin,
}

/// An operator as colleagues see them; never a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// The login.
    pub id: OperatorId,
    /// Shown to colleagues.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whose queues they see.
    pub departments: Vec<DepartmentId>,
    /// Spoken (ADM-08); the first is preferred.
    pub languages: Vec<Language>,
    /// Of the desk.
    pub ui_language: Language,
    /// Personal ceiling for automatic assignment.
    pub max_chats: u32,
}

/// What one operator is doing in one chat (D-20); sent and forgotten, never an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Has it open.
    Viewing,
    /// Is writing a reply.
    Replying,
    /// Is writing a note.
    Noting,
    /// Left it.
    Gone,
}
