//! Messages, attachments, notices and what becomes of a reply.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{FilePart, HandedFile, KeptFile, MessageId, PlatformId, Timestamp};

/// Something written, by anyone. Clean text ([`crate::text::clean`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Ours.
    pub id: MessageId,
    /// The platform's, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_id: Option<PlatformId>,
    /// The platform's clock for what came in, the relay's for what goes out.
    pub sent_at: Timestamp,
    /// May be empty when there are attachments.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// In the order of the platform.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The message this one quotes, when we know it (IN-10, OUT-13).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quotes: Option<MessageId>,
    /// It quotes a message or a story that we do not have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quotes_unknown: bool,
}

/// A file, a place, a shared thing: one line on the desk and a key to open it (IN-11).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// Where the platform keeps it; often signed and short-lived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// A title, a file name, an address of a place; clean text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The file behind it, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FilePart>,
}

/// What most do not have is left out.
impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Attachment");
        shown
            .field("kind", &self.kind)
            .field("url", &self.url)
            .field("title", &self.title);
        if let Some(file) = &self.file {
            shown.field("file", file);
        }
        shown.finish()
    }
}

impl Attachment {
    /// Returns one of this kind, and nothing else known.
    pub fn of(kind: AttachmentKind) -> Self {
        Self {
            kind,
            url: None,
            title: None,
            file: None,
        }
    }
}

impl Attachment {
    /// Returns the file that a reply of ours carries here, if it is one.
    pub fn handed(&self) -> Option<HandedFile> {
        let part = self.file.as_ref()?;
        Some(HandedFile {
            id: part.id?,
            file: KeptFile {
                name: self.title.clone()?,
                mime: part.mime.clone()?,
                size: part.size?,
            },
        })
    }
}

/// The kinds of attachment every platform's are translated to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// A photo or picture.
    Photo,
    /// A voice note or sound.
    Audio,
    /// A video.
    Video,
    /// Any other file.
    Document,
    /// A sticker; the title is its emoji where known.
    Sticker,
    /// A place; the title holds coordinates or an address.
    Location,
    /// A phone book entry.
    Contact,
    /// A shared link.
    Link,
    /// A post, reel or story shared from the platform.
    Share,
    /// A product of a shop.
    Product,
    /// A booking.
    Appointment,
    /// Anything with buttons that a business sent.
    Template,
    /// A kind we do not know: shown by its name, never dropped.
    Other(String),
}

impl AttachmentKind {
    /// Whether there are bytes behind it that the relay keeps (F-02).
    pub fn is_file(&self) -> bool {
        match self {
            Self::Photo | Self::Audio | Self::Video | Self::Document | Self::Sticker => true,
            Self::Location
            | Self::Contact
            | Self::Link
            | Self::Share
            | Self::Product
            | Self::Appointment
            | Self::Template
            | Self::Other(_) => false,
        }
    }
}

/// Something that happened on the platform and is not a message: one system line (IN-11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What kind of thing.
    pub kind: NoticeKind,
    /// In words, clean text.
    pub text: String,
}

/// The kinds of [`Notice`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A tap on a button or menu entry; counts as the visitor speaking.
    ButtonPressed,
    /// Came in through a link or an advert; opens the window.
    Referral,
    /// Agreed to be written to.
    OptedIn,
    /// Filled in a form.
    FormFilled,
    /// Ordered something.
    Ordered,
    /// Linked or unlinked an account.
    AccountLinked,
    /// Rated an answer.
    Feedback,
    /// Thread control moved between applications (BOT-01); the text is what the other one said with it.
    ThreadControl,
    /// Another application asks for thread control.
    ThreadAsked,
    /// Anything else worth a line.
    Other,
}

/// Which application may answer on the platform's side (meta.md 13.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThreadOwner {
    /// We may send.
    Us,
    /// Another application, by its id.
    Other(String),
    /// Nobody; not told.
    Unknown,
}

/// How the visitor came to us: an advert, a link, a page (D-04).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryPoint {
    /// The platform's word for it: `ADS`, `SHORTLINK` …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Our own code in the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The advert's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Which contacts a reply asks for with the platform's own buttons (D-08).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactAsk {
    /// Offer the phone number of the visitor's profile.
    #[serde(default)]
    pub phone: bool,
    /// Offer the e-mail address of the visitor's profile.
    #[serde(default)]
    pub email: bool,
}

impl ContactAsk {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        !self.phone && !self.email
    }
}

/// A contact the visitor gave as an answer to [`ContactAsk`]; goes onto the card after an operator's key (D-08).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
}

/// Where a reply is on its way (OUT-03).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum DeliveryState {
    /// In the outbox: held for undo, waiting its turn, or being tried again.
    Queued,
    /// The platform took it.
    Sent,
    /// It reached the visitor's device.
    Delivered,
    /// The visitor saw it.
    Read,
    /// It did not go out and will not without a person.
    Failed {
        /// Why.
        reason: FailureReason,
    },
    /// It may have gone out; nobody can tell. The operator decides (invariant 3).
    Unconfirmed,
    /// Taken back before it left (OUT-16).
    Withdrawn,
}

/// Why a reply failed; the desk says it in words (OUT-04).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum FailureReason {
    /// The reply window closed before it could leave (OUT-06).
    WindowClosed,
    /// The visitor blocked us, left, or cannot be reached.
    VisitorUnreachable,
    /// Another application controls the thread.
    ThreadControlled,
    /// The channel may not do this: permission, review, policy.
    NotAllowed {
        /// The platform's words, clean text.
        text: String,
    },
    /// The platform refused this message for good.
    Refused {
        /// The platform's words, clean text.
        text: String,
    },
    /// An operator gave up on an unconfirmed or waiting reply.
    GivenUp,
    /// The channel was removed from the config.
    ChannelGone,
}
