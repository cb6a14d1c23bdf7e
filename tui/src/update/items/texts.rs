//! Rows about what was written or can be: templates, found messages, messages to quote, replies in trouble.

use shared::chat::timeline::{Entry, MessageEntry};
use shared::chat::{Chat, Event, Outgoing, Trouble};
use shared::model::DeliveryState;

use super::{fill, plain};
use crate::app::App;
use crate::app::popup::{Choice, Item};

/// Messages offered to be quoted.
const QUOTABLE: usize = 50;

pub(super) fn templates(app: &App) -> Vec<Item> {
    app.usable_templates()
        .into_iter()
        .map(|template| {
            let text = fill(app, &template.text);
            let line = shared::text::clean_line(&text);
            let label = match &template.title {
                Some(title) => format!("{title}: {line}"),
                None => line,
            };
            let aside = template.code.clone().or_else(|| template.key.clone());
            plain(label, aside.unwrap_or_default(), Choice::Insert(text))
        })
        .collect()
}

pub(super) fn hits(app: &App) -> Vec<Item> {
    app.hits
        .iter()
        .map(|hit| {
            let text = match &hit.stored.event {
                Event::Received { message, .. }
                | Event::AnsweredOutside { message, .. }
                | Event::ReplyWritten { message, .. } => message.text.as_str(),
                Event::NoteWritten { text, .. } | Event::Edited { text, .. } => text,
                _ => "",
            };
            let name = shared::text::clean_line(hit.chat.visitor.name());
            let line = shared::text::clean_line(&shared::text::one_line(text, 200));
            let number = hit.chat.number.map(|number| format!("#{number}"));
            let choice = Choice::Open(hit.chat.id);
            plain(
                format!("{name}: {line}"),
                number.unwrap_or_default(),
                choice,
            )
        })
        .collect()
}

pub(super) fn messages(app: &App) -> Vec<Item> {
    let Some(chat) = app.chat() else {
        return Vec::new();
    };
    chat.troubled()
        .flat_map(|outgoing| trouble_items(app, chat, outgoing))
        .collect()
}

fn trouble_items(app: &App, chat: &Chat, outgoing: &Outgoing) -> Vec<Item> {
    let text = app
        .book
        .story(chat.id)
        .and_then(|story| story.timeline.find_message(outgoing.message))
        .map_or_else(String::new, |entry| shared::text::one_line(&entry.text, 40));
    let text = shared::text::clean_line(&text);
    let retry = format!("{}: {text}", app.tr("action-retry"));
    let give_up = format!("{}: {text}", app.tr("action-give-up"));
    let mut items = vec![plain(retry, String::new(), Choice::Retry(outgoing.message))];
    if outgoing.trouble == Trouble::Unconfirmed {
        items.push(plain(
            give_up,
            String::new(),
            Choice::GiveUp(outgoing.message),
        ));
    }
    items
}

/// The messages of the open chat that a reply can quote, the newest first.
pub(super) fn quotable(app: &App) -> Vec<Item> {
    let story = app.open.and_then(|open| app.book.story(open));
    let entries = story.map_or(&[][..], |story| story.timeline.entries());
    let mut items: Vec<Item> = entries
        .iter()
        .rev()
        .filter_map(|entry| match entry {
            Entry::Message(message) if can_be_quoted(message) => Some(message),
            Entry::Message(_) | Entry::Event(_) => None,
        })
        .take(QUOTABLE)
        .map(|message| {
            let line = app.line_of(message);
            let choice = Choice::Quote(Some(message.message.id));
            plain(line, app.clock(message.stored.at), choice)
        })
        .collect();
    if app.quoting.is_some() {
        let label = app.tr("popup-quote-none").into_owned();
        items.push(plain(label, "0".to_owned(), Choice::Quote(None)));
    }
    items
}

/// The platform knows it, and it still stands.
fn can_be_quoted(entry: &MessageEntry) -> bool {
    let has_left = entry.delivery.as_ref().is_none_or(|state| {
        matches!(
            state,
            DeliveryState::Sent | DeliveryState::Delivered | DeliveryState::Read
        )
    });
    has_left && !entry.is_deleted
}
