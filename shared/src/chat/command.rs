//! What may be asked of a chat. Four kinds of actor, one door: [`super::Chat::decide`]. No logic here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{
    CardField, CategoryPath, ContactAsk, DeliveryId, DepartmentId, EntryPoint, FailureReason,
    FileFault, FileId, HandedFile, KeptFile, Language, Message, MessageId, Notice, OperatorId,
    PlatformId, ThreadOwner, Timestamp, Visitor,
};

use super::SentReply;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The platform, through a webhook, a poll or a catch-up.
    Platform,
    /// An operator at a desk.
    Operator(OperatorId),
    /// The relay itself: timers, delivery results, profiles.
    Relay,
}

/// A request to one chat. Ids in it were made by the relay before asking.
#[expect(
    clippy::large_enum_variant,
    reason = "lives for one decision, is never stored in bulk"
)]
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// From the platform.
    Platform(PlatformCommand),
    /// From an operator.
    Desk(DeskCommand),
    /// From the relay.
    Relay(RelayCommand),
}

/// What platforms tell of one visitor, already translated; see the channels for the sources.
#[derive(Debug, Clone, PartialEq)]
pub enum PlatformCommand {
    /// The visitor wrote (IN-01, IN-02). Opens the chat when it is new.
    Receive {
        /// Needed to open.
        opening: Opening,
        /// What was written.
        message: Message,
        /// It came on standby: another application answers there (BOT-01).
        standby: bool,
    },
    /// The visitor pressed a button, followed a link, filled in a form …
    Notice {
        /// Needed to open.
        opening: Opening,
        /// What happened.
        notice: Notice,
        /// Whether the reply window starts anew (meta.md 9).
        opens_window: bool,
        /// By the platform's clock.
        happened_at: Timestamp,
    },
    /// The visitor changed a message (IN-09).
    Edit {
        /// Which; none when we never had it.
        message: Option<MessageId>,
        /// The whole new text.
        text: String,
        /// Rises with each edit.
        edit: u32,
        /// By the platform's clock.
        edited_at: Timestamp,
    },
    /// The visitor took a message back (IN-09).
    Delete {
        /// Which.
        message: MessageId,
    },
    /// The visitor put an emoji to a message or took it away.
    React {
        /// Which, when we know it.
        message: Option<MessageId>,
        /// None: taken away.
        emoji: Option<String>,
        /// By the platform's clock.
        reacted_at: Timestamp,
    },
    /// Replies reached the visitor's device.
    Delivered(Receipt),
    /// The visitor saw replies.
    Read(Receipt),
    /// A reply of ours came back as an echo: proof that it went out.
    EchoOurs {
        /// The reply.
        message: MessageId,
        /// Its id on the platform.
        platform_id: PlatformId,
        /// By the platform's clock.
        echoed_at: Timestamp,
    },
    /// The platform could not bring a reply to the visitor, though it may have taken it (OUT-03, OUT-04).
    Failed {
        /// The reply.
        message: MessageId,
        /// For a reply that counts as sent: what is known of it.
        sent: Option<SentReply>,
        /// Why.
        reason: FailureReason,
    },
    /// Somebody answered outside the desk: the page's own inbox, another application (IN-08).
    EchoForeign {
        /// Needed to open.
        opening: Opening,
        /// What was written.
        message: Message,
        /// Which application, as the platform calls it.
        application: Option<String>,
    },
    /// The right to answer moved (meta.md 13).
    ThreadControl {
        /// Needed to open.
        opening: Opening,
        /// Who may answer now; none: asked for only.
        owner: Option<ThreadOwner>,
        /// The line to show.
        notice: Notice,
    },
    /// The platform told the visitor's name or picture (V-01). What it does not tell stays as it is.
    Profile {
        /// Full name.
        name: Option<String>,
        /// First name.
        first_name: Option<String>,
        /// Address of the picture.
        photo_url: Option<String>,
        /// When it was asked.
        asked_at: Timestamp,
    },
}

/// What a new chat needs to know of itself. Looked up by the relay, once per inbound.
#[derive(Debug, Clone, PartialEq)]
pub struct Opening {
    /// Who.
    pub visitor: Visitor,
    /// Of the channel (IN-15).
    pub language: Language,
    /// Of the channel (CH-16).
    pub department: Option<DepartmentId>,
    /// The channel's own operator.
    pub reserved_for: Option<OperatorId>,
    /// An advert, a link.
    pub entry: Option<EntryPoint>,
    /// The reply window as the visitor's chat before left it: words of ours that begin a chat do not close it.
    pub window_from: Option<Timestamp>,
}

/// Which replies a receipt speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Receipt {
    /// These.
    pub messages: Vec<MessageId>,
    /// And all sent up to this moment of the platform's clock.
    pub until: Option<Timestamp>,
}

/// What operators ask; also the body of a `command` frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum DeskCommand {
    /// Take the chat. `take_over` takes it from its owner where the rights allow (TR-10, OUT-22).
    Claim {
        /// Even from its owner.
        #[serde(default)]
        take_over: bool,
    },
    /// Put it back into the queue; its waiting time stays.
    Release,
    /// Answer the visitor. Answering an unclaimed chat claims it.
    Reply(ReplyDraft),
    /// Take a held reply back (OUT-16).
    Withdraw {
        /// Which.
        message: MessageId,
    },
    /// Try a failed or unconfirmed reply again (OUT-04).
    Retry {
        /// Which.
        message: MessageId,
    },
    /// Stop waiting for an unconfirmed or queued reply (OUT-04).
    GiveUp {
        /// Which.
        message: MessageId,
    },
    /// Write to colleagues only (D-11).
    Note {
        /// The text.
        text: String,
        /// Colleagues named with @.
        #[serde(default)]
        mentions: Vec<OperatorId>,
    },
    /// Give or clear the category (CAT-02).
    Categorize {
        /// None clears.
        category: Option<CategoryPath>,
    },
    /// Hand over (TR-01).
    Transfer {
        /// To whom.
        to: TransferTarget,
        /// For the receiver, shown as a note (TR-03).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<String>,
    },
    /// End it softly: the same chat reopens if either side writes within the grace time (1a).
    Close,
    /// Begin again.
    Reopen,
    /// Silence the visitor (BL-01).
    Block {
        /// Whole seconds; none: for ever.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        for_seconds: Option<u32>,
        /// Required.
        reason: String,
        /// Close the chat as well.
        #[serde(default)]
        close: bool,
    },
    /// Let the visitor speak again (BL-03).
    Unblock,
    /// Write a field of the card (V-05); none empties it.
    EditCard {
        /// Which.
        field: CardField,
        /// The new value.
        value: Option<String>,
    },
    /// The operator has seen everything up to now.
    MarkRead,
}

/// A reply as the desk hands it in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyDraft {
    /// As typed, within the channel's limit (OUT-09).
    pub text: String,
    /// Quote this message (OUT-13).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<MessageId>,
    /// Ask for contacts with the platform's buttons (D-08).
    #[serde(default, skip_serializing_if = "ContactAsk::is_empty")]
    pub asks: ContactAsk,
    /// A file that was handed in before; it goes alone, without text (F-01).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<HandedFile>,
    /// Send it under the human-agent tag if the window is closed (OUT-07); a person confirmed.
    #[serde(default)]
    pub human_agent: bool,
    /// How long it can be taken back, milliseconds, at most 30 000; none: as configured (OUT-16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<u32>,
}

/// Where a chat is transferred.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "to")]
pub enum TransferTarget {
    /// A colleague, who owns it at once.
    Operator {
        /// Who.
        operator: OperatorId,
    },
    /// A department's queue.
    Department {
        /// Which.
        department: DepartmentId,
    },
    /// The common queue: no owner, no department.
    Queue,
}

/// What the relay itself asks.
#[derive(Debug, Clone, PartialEq)]
pub enum RelayCommand {
    /// The chat's deadline has come: do what is due (`deadlines`).
    Tick,
    /// The visitor of a softly closed chat writes, and gets a new one (IN-03).
    Finish,
    /// What became of a file of a message (F-02, F-05).
    File {
        /// Of which.
        message: MessageId,
        /// Which.
        id: FileId,
        /// Here, or why not.
        result: Result<KeptFile, FileFault>,
    },
    /// What became of a delivery.
    Settle {
        /// The outbox row.
        delivery: DeliveryId,
        /// The reply it carried.
        message: MessageId,
        /// How it ended.
        result: SettledAs,
    },
}

/// The end of a delivery attempt, as far as the chat cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettledAs {
    /// The platform took it.
    Sent {
        /// Its id there; a platform may give none.
        platform_id: Option<PlatformId>,
        /// When the call was begun, by the relay's clock: the lower bound of the platform's time of the message.
        begun_at: Timestamp,
    },
    /// It will not go out.
    Failed(FailureReason),
    /// Nobody can tell.
    Unconfirmed,
}

/// What `decide` knows besides the chat. Never a store.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Now.
    pub now: Timestamp,
    /// The config in force.
    pub policy: &'a crate::model::Policy,
    /// Who asks.
    pub actor: &'a Actor,
    /// Who has a desk open: a returning visitor goes back to the last owner only if they are here (IN-03).
    pub online: &'a std::collections::BTreeSet<OperatorId>,
    /// Ids for what this command may create, made by the relay.
    pub fresh: FreshIds,
}

/// Ids made ahead, because rules make none.
#[derive(Debug, Clone, Copy)]
pub struct FreshIds {
    /// For a message or note.
    pub message: MessageId,
    /// For an outbox row.
    pub delivery: DeliveryId,
}

/// The longest hold a desk may ask for (`desk.md` 7.2).
pub const LONGEST_HOLD: Duration = Duration::from_secs(30);
