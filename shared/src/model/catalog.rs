//! What the config defines and every desk is told: the company, channels, departments, categories, templates, limits.

use serde::{Deserialize, Serialize};

use super::{
    ChannelId, DepartmentId, FileLimits, Language, Operator, OperatorId, Seconds, TemplateId,
};

/// Everything of a checked config that rules and desks need; no secret is in it. Replaced as a whole on a reload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Who we are.
    pub company: Company,
    /// In the order of the config.
    pub departments: Vec<Department>,
    /// In the order of the config.
    pub operators: Vec<Operator>,
    /// In the order of the config.
    pub channels: Vec<ChannelProfile>,
    /// The tree of categories, and whether one is required (CAT-03).
    pub categories: CategoryTree,
    /// Of the config (global and department), without those saved from desks.
    pub templates: Vec<Template>,
    /// Operators do not see chats of others (D-02).
    pub hide_others: bool,
    /// The timers.
    pub timeouts: Timeouts,
    /// Defaults for every desk.
    pub desk: DeskSettings,
    /// `[crm] url` with `{id}` (V-07).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crm_url: Option<String>,
}

impl Policy {
    /// Finds an operator by login.
    pub fn find_operator(&self, id: &OperatorId) -> Option<&Operator> {
        self.operators.iter().find(|operator| operator.id == *id)
    }

    /// Finds a department by id.
    pub fn find_department(&self, id: &DepartmentId) -> Option<&Department> {
        self.departments
            .iter()
            .find(|department| department.id == *id)
    }

    /// Finds a channel by id.
    pub fn find_channel(&self, id: &ChannelId) -> Option<&ChannelProfile> {
        self.channels.iter().find(|channel| channel.id == *id)
    }
}

/// `[company]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    /// Shown on desks and in templates.
    pub name: String,
    /// Address of the site.
    pub website: String,
    /// IANA name, such as `Europe/Moscow` (S-08).
    pub timezone: String,
    /// The main language.
    pub language: Language,
}

/// `[[department]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    /// The key.
    pub id: DepartmentId,
    /// Shown.
    pub name: String,
}

/// One connected account, without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelProfile {
    /// The key.
    pub id: ChannelId,
    /// The platform's name: `messenger` … For showing only; decisions ask [`Abilities`].
    pub kind: String,
    /// Shown.
    pub name: String,
    /// Whether its chats are shown (CH-12).
    pub active: bool,
    /// The language of its chats (IN-15).
    pub language: Language,
    /// Whose queue its chats join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
    /// Whose chats they are, instead of a department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<OperatorId>,
    /// What becomes of a closed chat when its visitor writes again (IN-03).
    #[serde(default, skip_serializing_if = "OnReturn::is_default")]
    pub on_return: OnReturn,
    /// What it can carry (CH-25).
    pub abilities: Abilities,
}

/// Where a visitor who returns is put (IN-03).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnReturn {
    /// Within the grace time into the same chat, later into a new one.
    #[default]
    Reopen,
    /// Always into a new one.
    New,
    /// Always into the same chat.
    Resume,
}

impl OnReturn {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde hands in references"
    )]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a channel can carry (CH-25). Callers ask this, never for the platform's name.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one ability, and they are independent"
)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// Longest reply in UTF-16 units (OUT-09).
    pub text_limit: usize,
    /// How long after the visitor last spoke a reply may leave; none: no limit (OUT-06).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_window: Option<Seconds>,
    /// How long a person may still answer under the human-agent tag; none: never (OUT-07).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_window: Option<Seconds>,
    /// A reply may quote (OUT-13).
    pub quotes: bool,
    /// Files that a reply may carry; none: no files (F-01).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<FileLimits>,
    /// The visitor sees when we type (OUT-19).
    pub typing: bool,
    /// The visitor sees that we read.
    pub seen: bool,
    /// Contacts can be asked for with buttons (D-08).
    pub asks_contacts: ContactAbilities,
    /// Tells that a reply reached the device.
    pub delivered_receipts: bool,
    /// Tells that a reply was read.
    pub read_receipts: bool,
    /// An operator may write first (OUT-14).
    pub starts_chats: bool,
    /// How an unclear send can be cleared up (`storage.md` 7).
    pub reconciles: Reconciles,
}

/// Which contacts can be asked for with the platform's own buttons.
pub type ContactAbilities = super::ContactAsk;

/// What the platform can do about a send whose outcome is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reconciles {
    /// It remembers a key of ours: sending again is harmless.
    ByKey,
    /// It echoes our metadata and has a history.
    ByEcho,
    /// Neither: the operator is asked.
    Never,
}

/// Whether a channel works (CH-13).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ChannelState {
    /// Not asked yet.
    Unknown,
    /// Receives and sends.
    Working,
    /// Does not, and why; replies wait.
    Broken {
        /// What to mend, in words; no secret.
        reason: String,
    },
    /// Switched off in the config (CH-12).
    Inactive,
    /// Taken off its account by an admin until it is put back (CH-13): nothing is sent or asked for, replies wait.
    Unlinked,
}

impl ChannelState {
    /// Whether nothing can be sent: replies wait.
    pub fn holds_replies(&self) -> bool {
        match self {
            Self::Broken { .. } | Self::Unlinked => true,
            // A switched-off channel has nobody who sends.
            Self::Unknown | Self::Working | Self::Inactive => false,
        }
    }
}

/// A category as a chat keeps it: the names from the root, `Orders/Delivery` shown as `Orders > Delivery`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CategoryPath(pub Vec<String>);

impl CategoryPath {
    /// Returns its own name, without its parent's.
    pub fn name(&self) -> &str {
        self.0.last().map_or("", String::as_str)
    }
}

impl std::fmt::Display for CategoryPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" > "))
    }
}

/// One line of `[categories] list` (CAT-01).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its name and its parent's.
    pub path: CategoryPath,
}

/// `[categories]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CategoryTree {
    /// A chat may not be closed without one (CAT-03).
    pub required: bool,
    /// In the order of the config: each parent before its children.
    pub list: Vec<Category>,
}

impl CategoryTree {
    /// Whether this category can be given today; otherwise it is *retired* (CAT-07).
    pub fn contains(&self, path: &CategoryPath) -> bool {
        self.list.iter().any(|category| category.path == *path)
    }
}

/// Who may use a template (T-01).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "scope")]
pub enum TemplateScope {
    /// Everybody.
    Global,
    /// The members of one department.
    Department {
        /// Which.
        department: DepartmentId,
    },
    /// One operator.
    Personal {
        /// Whose.
        operator: OperatorId,
    },
}

/// A prepared reply (T-02).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Only those saved from a desk have one and can be changed from a desk (T-03).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<TemplateId>,
    /// Who may use it.
    #[serde(flatten)]
    pub scope: TemplateScope,
    /// Whose set it belongs to (T-07).
    pub language: Language,
    /// A heading, optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What is inserted; may hold `{visitor.first_name}` and others (T-09).
    pub text: String,
    /// A hotkey such as `f2` (T-08).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// A short code typed after the trigger (T-08).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// `[timeouts]`; zero means off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// TM-02.
    pub first_reply: Seconds,
    /// TM-03.
    pub reply: Seconds,
    /// TM-07.
    pub refusal: Seconds,
    /// TM-10.
    pub close_idle: Seconds,
    /// Soft to final close (TM-11).
    pub close_final: Seconds,
}

/// `[desk]`: defaults for every desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeskSettings {
    /// `dark`, `light`, `contrast`, `mono`.
    pub theme: String,
    /// `default`, `vim`, `webim`.
    pub keymap: String,
    /// How long a reply can be taken back (OUT-16).
    pub undo_send: Seconds,
    /// Action to key, as written.
    pub keys: std::collections::BTreeMap<String, String>,
}
