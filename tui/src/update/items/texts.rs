//! Rows about what was written or can be: templates, found messages, messages to quote, replies in trouble.

use shared::chat::timeline::{Entry, MessageEntry};
use shared::chat::{Chat, Event, Outgoing, Trouble};
use shared::model::{Attachment, DeliveryState, FileId, KeptFile};
use shared::text::clean_line;

use super::{fill, plain};
use crate::app::popup::{Choice, Item, Shelf};
use crate::app::{App, FolderRow};
use crate::template_key::TemplateKey;

/// Rows of a picker made of messages.
const MOST_ROWS: usize = 50;

pub(super) fn templates(app: &App, shelf: Shelf) -> Vec<Item> {
    let language = app.chat().map(|chat| &chat.language);
    app.shelved(shelf)
        .into_iter()
        .map(|template| {
            let text = fill(app, &template.text);
            let line = clean_line(&text);
            let heading = [&template.section, &template.title];
            let heading: Vec<&str> = heading.into_iter().flatten().map(String::as_str).collect();
            let label = match &*heading.join(" / ") {
                "" => line,
                heading => format!("{heading}: {line}"),
            };
            // Another language than the chat's is said (T-07).
            let other = language
                .filter(|language| template.language != **language)
                .map(|_| format!("[{}]", template.language));
            let code = template.code.as_ref().map(|code| format!("\\{code}"));
            let key = template.key.as_ref().map(|key| key_label(key));
            let aside: Vec<String> = [other, code, key].into_iter().flatten().collect();
            plain(label, aside.join(" "), Choice::Insert(text))
        })
        .collect()
}

/// Returns the key of a template as hints write keys.
fn key_label(written: &str) -> String {
    match written.parse() {
        Ok(TemplateKey::Chord(key)) => key.label(),
        Ok(TemplateKey::Leader(letters)) => format!("\\{letters}"),
        Err(_) => String::new(),
    }
}

pub(super) fn hits(app: &App) -> Vec<Item> {
    app.fetched
        .hits
        .iter()
        .map(|hit| {
            let text = match &hit.stored.event {
                Event::Received { message, .. }
                | Event::AnsweredOutside { message, .. }
                | Event::ReplyWritten { message, .. } => message.text.as_str(),
                Event::NoteWritten { text, .. } | Event::Edited { text, .. } => text,
                _ => "",
            };
            let name = clean_line(hit.chat.visitor.name());
            let line = clean_line(&shared::text::one_line(text, 200));
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
    let entry = app
        .book
        .story(chat.id)
        .and_then(|story| story.timeline.find_message(outgoing.message));
    let text = entry.map_or_else(String::new, |entry| entry.text.clone());
    let line = clean_line(&shared::text::one_line(&text, 40));
    let reason = match entry.and_then(|entry| entry.delivery.as_ref()) {
        Some(DeliveryState::Failed { reason }) => app.failure_in_words(reason),
        Some(_) | None => String::new(),
    };
    let row = |id, choice| plain(format!("{}: {line}", app.tr(id)), String::new(), choice);
    let mut items = vec![Item {
        aside: reason,
        ..row("action-retry", Choice::Retry(outgoing.message))
    }];
    if outgoing.trouble == Trouble::Unconfirmed {
        items.push(row("action-give-up", Choice::GiveUp(outgoing.message)));
    }
    items.push(Item {
        aside: "y".to_owned(),
        ..row("action-copy", Choice::Copy(text))
    });
    items
}

/// What can be done with a reply that is too long (OUT-09).
pub(super) fn too_long(app: &App) -> Vec<Item> {
    let limit = app.text_limit().unwrap_or(usize::MAX);
    let parts = shared::text::split_numbered(app.composer.text(), limit).len();
    let row = |id, name, value: usize, choice| {
        let label = app.language.tr(id, &[(name, value.into())]).into_owned();
        plain(label, String::new(), choice)
    };
    vec![
        row("popup-long-parts", "count", parts, Choice::SendParts),
        row("popup-long-trim", "limit", limit, Choice::Trim),
    ]
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
        .take(MOST_ROWS)
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

/// What `o` opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opens<'a> {
    /// An address of the web.
    Address(&'a str),
    /// A file that the relay keeps.
    File(FileId, &'a KeptFile),
}

/// What it opens, the message it stands in, and the attachment it is of.
type Found<'a> = (Opens<'a>, &'a MessageEntry, Option<&'a Attachment>);

/// Returns what an attachment of a message opens: the file once it is here, else its address.
pub(crate) fn opens<'a>(entry: &'a MessageEntry, attachment: &'a Attachment) -> Option<Opens<'a>> {
    let id = attachment.file.as_ref().and_then(|file| file.id);
    if let Some((id, Ok(file))) = id.and_then(|id| Some((id, entry.files.get(&id)?))) {
        return Some(Opens::File(id, file));
    }
    web_address(attachment.url.as_deref()?).map(Opens::Address)
}

/// Files and addresses in the conversation on the screen, those of the newest messages first (IN-11).
fn addresses(app: &App) -> impl Iterator<Item = Found<'_>> {
    let told = app.told().into_iter();
    told.filter_map(|chat| app.book.story(chat))
        .flat_map(|story| story.timeline.entries().iter().rev())
        .filter_map(|entry| match entry {
            Entry::Message(message) if !message.is_deleted => Some(message),
            Entry::Message(_) | Entry::Event(_) => None,
        })
        .flat_map(|message| {
            let attached = message.message.attachments.iter();
            let attached = attached.filter_map(move |attachment| {
                let opens = opens(message, attachment)?;
                Some((opens, message, Some(attachment)))
            });
            let written = message.text.split_whitespace().filter_map(web_address);
            attached.chain(written.map(move |address| (Opens::Address(address), message, None)))
        })
}

/// Returns the row of something among [`links`], as far as rows have a digit.
pub(crate) fn link_at(app: &App, opens: Opens<'_>) -> Option<usize> {
    addresses(app)
        .take(9)
        .position(|(known, ..)| known == opens)
}

/// Returns the rows of the links of the conversation.
pub(crate) fn links(app: &App) -> Vec<Item> {
    addresses(app)
        .take(MOST_ROWS)
        .map(|(opens, message, attachment)| {
            let what = attachment.map(|attachment| {
                let title = attachment.title.as_deref().map(clean_line);
                let kind = app.attachment_kind(&attachment.kind);
                format!("{kind} {}", title.unwrap_or_default())
            });
            let (place, choice) = match opens {
                Opens::Address(address) => (clean_line(address), Choice::Link(address.to_owned())),
                Opens::File(id, file) => {
                    let choice = Choice::File(id, file.name.clone());
                    (app.file_in_words(file), choice)
                }
            };
            let label = format!("{} {place}", what.unwrap_or_default());
            let clock = app.clock(message.stored.at);
            plain(label.trim_start().to_owned(), clock, choice)
        })
        .collect()
}

/// Returns the rows of the folder that stands in the field: what is too big for the channel says so.
pub(super) fn folder(app: &App) -> Vec<Item> {
    let most = app.file_limits().map_or(0, |limits| {
        limits
            .document
            .max(limits.photo)
            .max(limits.video)
            .max(limits.audio)
    });
    let row = |row: &FolderRow| {
        let (aside, choice) = match row.size {
            Some(size) => (app.size(size), Choice::SendFile(row.path.clone())),
            None => (String::new(), Choice::Folder(row.path.clone())),
        };
        let is_too_big = row.size.is_some_and(|size| size > most);
        Item {
            off: is_too_big.then(|| app.say_with("file-limit", &[("size", &app.size(most))])),
            ..plain(clean_line(&row.name), aside, choice)
        }
    };
    app.fetched.folder.iter().map(row).collect()
}

/// Only addresses of the web are opened: nothing a visitor writes may start another program.
pub(crate) fn web_address(word: &str) -> Option<&str> {
    let is_web = word.starts_with("https://") || word.starts_with("http://");
    let is_plain = !word.contains(|char: char| char.is_control() || char.is_whitespace());
    (is_web && is_plain).then_some(word)
}

/// What was saved from desks and this operator may write anew or delete (T-03).
pub(super) fn own_templates(app: &App) -> Vec<Item> {
    let scopes = app.template_scopes();
    app.usable_templates()
        .into_iter()
        .filter(|template| scopes.contains(&template.scope))
        .filter_map(|template| Some((template.id?, template)))
        .flat_map(|(id, template)| {
            let name = template.title.as_ref().unwrap_or(&template.text);
            let name = clean_line(&shared::text::one_line(name, 40));
            let scope = clean_line(&app.scope_in_words(&template.scope));
            let row = |verb, choice| {
                let label = format!("{}: {name}", app.tr(verb));
                plain(label, scope.clone(), choice)
            };
            [
                row("template-change", Choice::ChangeTemplate(id)),
                row("template-delete", Choice::DeleteTemplate(id)),
            ]
        })
        .collect()
}
