//! Rows about people: to whom a chat can go, who is silenced, a visitor's card.

use shared::chat::TransferTarget;
use shared::model::CardField;
use shared::text::clean_line;

use super::plain;
use crate::app::App;
use crate::app::popup::{Choice, Item};

pub(super) fn targets(app: &App) -> Vec<Item> {
    let Some(policy) = app.policy() else {
        return Vec::new();
    };
    let mut items: Vec<(Reach, Item)> = policy
        .operators
        .iter()
        .filter(|operator| operator.id != app.me)
        .map(|operator| {
            let reach = if app.online.contains(&operator.id) {
                Reach::Here
            } else {
                Reach::Away
            };
            let open = app
                .book
                .chats()
                .filter(|chat| chat.is_open() && chat.owner() == Some(&operator.id))
                .count();
            let state = if app.online.contains(&operator.id) {
                app.language
                    .tr("popup-transfer-open", &[("count", open.into())])
            } else {
                app.tr("popup-transfer-offline")
            };
            let languages: Vec<&str> = operator.languages.iter().map(|one| &*one.0).collect();
            let aside = match &*languages.join(" ") {
                "" => state.into_owned(),
                spoken => {
                    let speaks = app.say_with("popup-transfer-speaks", &[("languages", spoken)]);
                    format!("{speaks}, {state}")
                }
            };
            let to = TransferTarget::Operator {
                operator: operator.id.clone(),
            };
            let item = plain(operator.name.clone(), aside, Choice::Transfer(to));
            (reach, item)
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
        let reach = if online > 0 {
            Reach::Staffed
        } else {
            Reach::Unstaffed
        };
        let choice = Choice::Transfer(to);
        (
            reach,
            plain(department.name.clone(), aside.into_owned(), choice),
        )
    }));
    items.sort_by_key(|(reach, _)| *reach);
    let mut items: Vec<Item> = items.into_iter().map(|(_, item)| item).collect();
    items.push(to_queue(app));
    items
}

/// How soon somebody would answer there; the first row is the one `t 1` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    /// An operator who is online.
    Here,
    /// A department somebody of is online.
    Staffed,
    /// A department nobody of is online.
    Unstaffed,
    /// An operator who is not online.
    Away,
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

/// Who is silenced, by whom, when, until when, why, and how much was dropped (BL-03).
pub(super) fn blocks(app: &App) -> Vec<Item> {
    app.fetched
        .blocks
        .iter()
        .map(|row| {
            let label = format!(
                "{}, {} {}: {}",
                clean_line(&row.visitor_name),
                clean_line(&app.name_of(&row.by)),
                app.moment(row.at),
                clean_line(&row.reason)
            );
            let until = match row.until {
                Some(until) => app.say_with("block-until", &[("time", &app.moment(until))]),
                None => app.tr("time-forever").into_owned(),
            };
            let dropped = app
                .language
                .tr("block-dropped", &[("count", row.dropped.into())]);
            plain(
                label,
                format!("{until}, {dropped}"),
                Choice::Unblock(row.chat),
            )
        })
        .collect()
}

/// Who is signed in; choosing a row ends that session (SEC-03).
pub(super) fn sessions(app: &App) -> Vec<Item> {
    app.fetched
        .sessions
        .iter()
        .map(|row| {
            let name = clean_line(&app.name_of(&row.operator));
            let label = format!("{name}  {}", clean_line(&row.address));
            let used = app.moment(row.used_at);
            let id = if row.is_this {
                "session-this"
            } else {
                "session-used"
            };
            let aside = app.say_with(id, &[("time", &used)]);
            let choice = Choice::EndSession(row.operator.clone(), row.session.clone());
            plain(label, aside, choice)
        })
        .collect()
}

pub(super) fn card(app: &App) -> Vec<Item> {
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
            let label = format!("{}: {}", app.tr(id), clean_line(value));
            plain(label, String::new(), Choice::Edit(field))
        })
        .collect();
    let links = app.card_links(chat).into_iter();
    items.extend(links.map(|(id, address)| {
        let label = format!("{}: {}", app.tr(id), clean_line(&address));
        plain(label, String::new(), Choice::Link(address))
    }));
    let facts = app.card_facts(chat).into_iter();
    items.extend(facts.map(|(id, value)| {
        let label = format!("{}: {value}", app.tr(id));
        plain(label, String::new(), Choice::Read)
    }));
    let past = app.fetched.past.get(&chat.visitor.id);
    let ids = past.map_or(&[][..], |past| &past.ids);
    items.extend(
        ids.iter()
            .filter(|id| **id != chat.id)
            .filter_map(|id| app.book.get(*id))
            .map(|past| {
                let label = format!("{}: {}", app.tr("card-earlier"), app.past_in_words(past));
                plain(label, String::new(), Choice::Open(past.id))
            }),
    );
    if past.is_some_and(|past| past.has_more) {
        let label = app.tr("card-more").into_owned();
        items.push(plain(label, String::new(), Choice::MorePast));
    }
    items
}
