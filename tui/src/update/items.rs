//! What stands in a picker, made anew from the state whenever it is asked for, and searched.

use shared::chat::timeline::{Entry, MessageEntry};
use shared::chat::{Chat, Event, Outgoing, TransferTarget, Trouble};
use shared::model::{CardField, DeliveryState, Seq};

use crate::app::App;
use crate::app::popup::{Choice, Item, Kind, Popup};
use crate::fuzzy;
use crate::key::Key;
use crate::keymap::{Action, Zone};

/// Messages offered to be quoted.
const QUOTABLE: usize = 50;

/// Returns a text with the placeholders the desk knows filled in; others stay for the operator.
pub(crate) fn fill(app: &App, text: &str) -> String {
    let visitor = app.chat().map(|chat| &chat.visitor);
    let first = visitor.map(|visitor| {
        let whole = || visitor.name().split_whitespace().next().unwrap_or_default();
        visitor.card.first_name.as_deref().unwrap_or_else(whole)
    });
    let number = app.chat().and_then(|chat| chat.number);
    let known = [
        ("{visitor.first_name}", first.map(str::to_owned)),
        (
            "{visitor.name}",
            visitor.map(|visitor| visitor.name().to_owned()),
        ),
        ("{operator.name}", Some(app.name_of(&app.me))),
        (
            "{company.name}",
            app.policy().map(|policy| policy.company.name.clone()),
        ),
        ("{chat.number}", number.map(|number| number.to_string())),
    ];
    known
        .into_iter()
        .fold(text.to_owned(), |text, (name, value)| match value {
            Some(value) => text.replace(name, &value),
            None => text,
        })
}

/// Returns every row of a popup.
fn items(app: &App, popup: &Popup) -> Vec<Item> {
    match &popup.kind {
        Kind::Palette => palette(app, popup.field.text()),
        Kind::Help => help(app),
        Kind::Search => hits(app),
        Kind::Templates => templates(app),
        Kind::Transfer => targets(app),
        Kind::Category { .. } => categories(app),
        Kind::Blocks => blocks(app),
        Kind::Messages => messages(app),
        Kind::Quote => quotable(app),
        Kind::Card => card(app),
        Kind::Block(_) | Kind::Comment(_) | Kind::Field(_) | Kind::Confirm(_) => Vec::new(),
    }
}

/// Returns how many rows a popup has before anything is searched; its size does not change while one types.
pub(crate) fn count_items(app: &App, popup: &Popup) -> usize {
    let is_number = popup.kind == Kind::Palette && popup.field.text().starts_with('#');
    if is_number {
        return palette(app, "").len();
    }
    if popup.kind == Kind::Search {
        return 12;
    }
    items(app, popup).len()
}

/// Returns the rows that the text field of a popup finds, best first.
pub(crate) fn visible(app: &App, popup: &Popup) -> Vec<Item> {
    let all = items(app, popup);
    let query = popup.field.text();
    let is_asked = popup.kind == Kind::Search || query.starts_with('#');
    if !popup.has_field() || query.trim().is_empty() || is_asked {
        return all;
    }
    fuzzy::search(query, &words(&all), &app.layouts)
        .found
        .into_iter()
        .filter_map(|found| all.get(found.index).cloned())
        .collect()
}

/// Returns how the text field reads on the other keyboard layout, where that is what found the rows.
pub(crate) fn other_reading(app: &App, popup: &Popup) -> Option<String> {
    let query = popup.field.text();
    let is_asked = popup.kind == Kind::Search || query.starts_with('#');
    if !popup.has_field() || query.trim().is_empty() || is_asked {
        return None;
    }
    fuzzy::search(query, &words(&items(app, popup)), &app.layouts).other_reading
}

fn words(items: &[Item]) -> Vec<String> {
    items
        .iter()
        .map(|item| format!("{} {}", item.label, item.aside))
        .collect()
}

fn plain(label: String, aside: String, choice: Choice) -> Item {
    Item {
        label,
        aside,
        off: None,
        choice,
    }
}

fn action_item(app: &App, action: Action, words: &str) -> Item {
    let key = |zone| app.keymap.key_of(zone, action).map(Key::label);
    let aside = match (key(Zone::Command), key(Zone::Composer)) {
        (Some(command), _) if app.zone == Zone::Command => command,
        (_, Some(composer)) => composer,
        (Some(command), None) => format!("Esc {command}"),
        (None, None) => String::new(),
    };
    Item {
        label: app.language.tr(words, &[]).into_owned(),
        aside,
        off: app.off(action).map(|off| app.off_in_words(&off)),
        choice: Choice::Act(action),
    }
}

fn palette(app: &App, query: &str) -> Vec<Item> {
    if let Some(Ok(number)) = query.strip_prefix('#').map(|rest| rest.trim().parse()) {
        return vec![plain(
            format!("#{number}"),
            String::new(),
            Choice::Find(Seq(number)),
        )];
    }
    let actions = Action::all().filter(|action| !matches!(action, Action::Up | Action::Down));
    let mut items: Vec<Item> = actions
        .map(|action| action_item(app, action, &format!("action-{}-help", action.id())))
        .collect();
    let chats = app.book.chats().map(|chat| {
        let number = chat.number.map(|number| format!("#{number}"));
        plain(
            shared::text::clean_line(chat.visitor.name()),
            number.unwrap_or_default(),
            Choice::Open(chat.id),
        )
    });
    items.extend(chats);
    items
}

fn help(app: &App) -> Vec<Item> {
    Action::all()
        .map(|action| action_item(app, action, &format!("action-{}-help", action.id())))
        .filter(|item| !item.aside.is_empty())
        .collect()
}

fn templates(app: &App) -> Vec<Item> {
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

fn targets(app: &App) -> Vec<Item> {
    let Some(policy) = app.policy() else {
        return Vec::new();
    };
    let mut operators: Vec<_> = policy
        .operators
        .iter()
        .filter(|operator| operator.id != app.me)
        .collect();
    operators.sort_by_key(|operator| !app.online.contains(&operator.id));
    let mut items: Vec<Item> = operators
        .into_iter()
        .map(|operator| {
            let open = app
                .book
                .chats()
                .filter(|chat| chat.is_open() && chat.owner() == Some(&operator.id))
                .count();
            let aside = if app.online.contains(&operator.id) {
                app.language
                    .tr("popup-transfer-open", &[("count", open.into())])
            } else {
                app.tr("popup-transfer-offline")
            };
            let to = TransferTarget::Operator {
                operator: operator.id.clone(),
            };
            plain(
                operator.name.clone(),
                aside.into_owned(),
                Choice::Transfer(to),
            )
        })
        .collect();
    items.extend(policy.departments.iter().map(|department| {
        let online = policy
            .operators
            .iter()
            .filter(|one| one.departments.contains(&department.id) && app.online.contains(&one.id))
            .count();
        let aside = app
            .language
            .tr("popup-transfer-online", &[("count", online.into())]);
        let to = TransferTarget::Department {
            department: department.id.clone(),
        };
        plain(
            department.name.clone(),
            aside.into_owned(),
            Choice::Transfer(to),
        )
    }));
    items.push(to_queue(app));
    items
}

fn to_queue(app: &App) -> Item {
    let waited = app.chat().map_or(0, |chat| {
        app.relay_now().since(chat.waits_since()).as_secs()
    });
    let time = app.language.short_time(waited);
    let label = app
        .language
        .tr("popup-transfer-queue", &[("time", time.into())])
        .into_owned();
    plain(
        label,
        "0".to_owned(),
        Choice::Transfer(TransferTarget::Queue),
    )
}

fn categories(app: &App) -> Vec<Item> {
    let known = app
        .policy()
        .map_or(&[][..], |policy| &policy.categories.list);
    let mut items: Vec<Item> = known
        .iter()
        .map(|category| {
            let choice = Choice::Categorize(Some(category.path.clone()));
            plain(category.path.to_string(), String::new(), choice)
        })
        .collect();
    if app.chat().is_some_and(|chat| chat.category.is_some()) {
        let label = app.tr("popup-category-none").into_owned();
        items.push(plain(label, "0".to_owned(), Choice::Categorize(None)));
    }
    items
}

fn blocks(app: &App) -> Vec<Item> {
    app.blocks
        .iter()
        .map(|row| {
            let name = shared::text::clean_line(&row.visitor_name);
            let reason = shared::text::clean_line(&row.reason);
            let label = format!("{name}: {reason}");
            plain(label, app.name_of(&row.by), Choice::Unblock(row.chat))
        })
        .collect()
}

fn hits(app: &App) -> Vec<Item> {
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

fn messages(app: &App) -> Vec<Item> {
    let Some(chat) = app.chat() else {
        return Vec::new();
    };
    chat.troubled()
        .flat_map(|outgoing| trouble_items(app, chat, outgoing))
        .collect()
}

/// The messages of the open chat that a reply can quote, the newest first.
fn quotable(app: &App) -> Vec<Item> {
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

fn card(app: &App) -> Vec<Item> {
    let Some(chat) = app.chat() else {
        return Vec::new();
    };
    let fields = [
        (CardField::Name, "card-name"),
        (CardField::Phone, "card-phone"),
        (CardField::Email, "card-email"),
        (CardField::CrmId, "card-crm"),
        (CardField::Notes, "card-notes"),
    ];
    let mut items: Vec<Item> = fields
        .into_iter()
        .map(|(field, id)| {
            let value = chat.visitor.card.field(field).as_deref().unwrap_or("-");
            let label = format!("{}: {}", app.tr(id), shared::text::clean_line(value));
            plain(label, String::new(), Choice::Edit(field))
        })
        .collect();
    let past = app.past.get(&chat.visitor.id).into_iter().flatten();
    items.extend(
        past.filter(|id| **id != chat.id)
            .filter_map(|id| app.book.get(*id))
            .map(|past| {
                let number = past
                    .number
                    .map_or_else(String::new, |number| format!("#{number}"));
                let category = past.category.as_ref().map(ToString::to_string);
                let label = format!("{} {}", app.tr("card-earlier"), number);
                plain(label, category.unwrap_or_default(), Choice::Open(past.id))
            }),
    );
    items
}
