//! The data everybody speaks of. No rules: those are in [`crate::chat`].

mod catalog;
mod file;
mod ids;
mod message;
mod people;
mod secret;
mod time;

pub use catalog::{
    Abilities, Category, CategoryPath, CategoryTree, ChannelProfile, ChannelState, Company,
    ContactAbilities, Department, DeskSettings, OnReturn, Policy, Reconciles, Template,
    TemplateScope, Timeouts,
};
pub use file::{FileFault, FileLimits, FilePart, HandedFile, KeptFile};
pub use ids::{
    ChannelId, ChatId, CommandId, DeliveryId, DepartmentId, FileId, Language, Mark, MessageId,
    OperatorId, PlatformId, Seq, TemplateId, Version, VisitorId,
};
pub use message::{
    Attachment, AttachmentKind, ContactAsk, ContactKind, DeliveryState, EntryPoint, FailureReason,
    Message, Notice, NoticeKind, ThreadOwner,
};
pub use people::{Card, CardField, Operator, Presence, Role, Visitor};
pub use secret::Secret;
pub use time::{Seconds, Timestamp};
