//! Any body that a platform sends is translated without a fault, and whatever it becomes is clean, has its key and its
//! visitor.

pub mod http;
pub mod messenger;
pub mod ok;
pub mod telegram;
pub mod viber;
pub mod vk;
pub mod whatsapp;

use ::http::HeaderMap;
use bytes::Bytes;
use relay::channels::{Channel, Happening, Inbound, Profile, Quote, Received, Watermark, Webhook};
use shared::model::{
    Attachment, AttachmentKind, EntryPoint, FailureReason, ThreadOwner, Timestamp,
};
use shared::text;

use crate::promise;

/// Checks what a channel makes of a body with a header that proves whose it is.
fn check(channel: &dyn Channel, header: (&'static str, &str), body: &[u8]) {
    let mut headers = HeaderMap::new();
    let value = header.1.parse().expect("a proof is a header");
    headers.insert(header.0, value);
    check_proved(channel, "", &headers, body);
}

/// The same for a body whose proof may stand in the address.
fn check_proved(channel: &dyn Channel, query: &str, headers: &HeaderMap, body: &[u8]) {
    let received = receive(channel, query, headers, body);
    assert_eq!(
        received,
        receive(channel, query, headers, body),
        "a repeat is the same"
    );
    for inbound in &received.inbound {
        check_inbound(inbound);
    }
    for said in received.unread.iter().chain(&received.ignored) {
        promise::is_inert_line(said);
    }
}

fn receive(channel: &dyn Channel, query: &str, headers: &HeaderMap, body: &[u8]) -> Received {
    let webhook = Webhook {
        query,
        headers,
        body: &Bytes::copy_from_slice(body),
        received_at: Timestamp(1_795_190_400_000),
    };
    channel.receive(&webhook).expect("it is proved")
}

#[expect(
    clippy::too_many_lines,
    reason = "one short arm per kind of event, and no wildcard"
)]
fn check_inbound(inbound: &Inbound) {
    assert!(!inbound.account.0.is_empty(), "an event has its account");
    assert!(!inbound.key.is_empty(), "an event has its key");
    assert_ne!(inbound.account, inbound.visitor, "an account is no visitor");
    let is_alarm = matches!(inbound.what, Happening::Alarm { .. });
    assert_eq!(
        inbound.visitor.0.is_empty(),
        is_alarm,
        "only an alarm is about nobody"
    );
    match &inbound.what {
        Happening::Message {
            platform_id,
            text,
            attachments,
            quotes,
            entry,
            standby: _,
        } => {
            id(&platform_id.0);
            message(text);
            attachments.iter().for_each(attachment);
            if let Some(Quote::Message(quoted)) = quotes {
                id(&quoted.0);
            }
            entry.iter().for_each(entry_point);
        }
        Happening::Edit {
            platform_id, text, ..
        } => {
            id(&platform_id.0);
            message(text);
        }
        Happening::Delete { platform_id }
        | Happening::Taken {
            platform_id,
            delivery: _,
        } => id(&platform_id.0),
        Happening::Reaction { platform_id, emoji } => {
            id(&platform_id.0);
            if let Some(emoji) = emoji {
                promise::is_inert_line(emoji);
            }
        }
        Happening::Delivered(watermark) | Happening::Read(watermark) => receipt(watermark),
        Happening::Echo {
            platform_id,
            text,
            attachments,
            application,
            delivery: _,
        } => {
            id(&platform_id.0);
            message(text);
            attachments.iter().for_each(attachment);
            if let Some(application) = application {
                id(application);
            }
        }
        Happening::Notice { notice, entry, .. } => {
            promise::is_inert_line(&notice.text);
            entry.iter().for_each(entry_point);
        }
        Happening::ThreadControl { owner, notice } => {
            promise::is_inert_line(&notice.text);
            if let Some(ThreadOwner::Other(application)) = owner {
                id(application);
            }
        }
        Happening::Failed {
            platform_id,
            delivery: _,
            reason,
        } => {
            id(&platform_id.0);
            failure(reason);
        }
        Happening::Profile(profile) => self::profile(profile),
        Happening::AlsoCalled(name) => {
            id(&name.0);
            assert_ne!(*name, inbound.visitor, "another name is another");
        }
        Happening::Remark { notice } => promise::is_inert_line(&notice.text),
        Happening::Typing => {}
        Happening::Alarm { text } => promise::is_inert_line(text),
    }
}

/// An id is opaque, but it is shown and logged.
fn id(id: &str) {
    assert!(!id.is_empty(), "an id is something");
    assert!(!id.contains(char::is_control), "{id:?} acts on a terminal");
}

fn message(message: &str) {
    promise::is_inert(message);
    assert_eq!(text::clean_message(message), message, "text is clean");
}

fn attachment(attachment: &Attachment) {
    if let Some(url) = &attachment.url {
        promise::is_inert_line(url);
        assert!(
            url.starts_with("https://") || url.starts_with("http://"),
            "{url} is of the web"
        );
    }
    let kind = match &attachment.kind {
        AttachmentKind::Other(kind) => Some(kind),
        AttachmentKind::Photo
        | AttachmentKind::Audio
        | AttachmentKind::Video
        | AttachmentKind::Document
        | AttachmentKind::Sticker
        | AttachmentKind::Location
        | AttachmentKind::Contact
        | AttachmentKind::Link
        | AttachmentKind::Share
        | AttachmentKind::Product
        | AttachmentKind::Appointment
        | AttachmentKind::Template => None,
    };
    for line in attachment.title.iter().chain(kind) {
        promise::is_inert_line(line);
    }
}

fn failure(reason: &FailureReason) {
    if let FailureReason::Refused { text } | FailureReason::NotAllowed { text } = reason {
        promise::is_inert_line(text);
    }
}

fn profile(profile: &Profile) {
    let Profile {
        name,
        first_name,
        photo_url,
    } = profile;
    for line in [name, first_name, photo_url].into_iter().flatten() {
        promise::is_inert_line(line);
    }
}

fn entry_point(entry: &EntryPoint) {
    for line in [&entry.source, &entry.reference, &entry.title]
        .into_iter()
        .flatten()
    {
        promise::is_inert_line(line);
    }
}

fn receipt(watermark: &Watermark) {
    assert!(
        watermark.until.is_some() || !watermark.platform_ids.is_empty(),
        "a receipt speaks of something"
    );
    watermark.platform_ids.iter().for_each(|mid| id(&mid.0));
}
