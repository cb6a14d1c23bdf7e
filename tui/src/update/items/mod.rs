//! What stands in a picker, made anew from the state whenever it is asked for, and searched.

mod people;
mod texts;

use shared::model::Seq;

use crate::app::App;
use crate::app::popup::{Choice, Item, Kind, Popup, Shelf};
use crate::fuzzy;
use crate::key::{Code, Key};
use crate::keymap::{Action, Zone};

pub(crate) use texts::{Opens, link_at, links, opens, web_address};

/// The placeholders the desk fills in.
pub const PLACEHOLDERS: [&str; 5] = [
    "visitor.first_name",
    "visitor.name",
    "operator.name",
    "company.name",
    "chat.number",
];

/// Returns a text with the placeholders the desk knows filled in; others stay for the operator.
pub(crate) fn fill(app: &App, text: &str) -> String {
    let visitor = app.chat().map(|chat| &chat.visitor);
    let first = visitor.map(|visitor| {
        let whole = || visitor.name().split_whitespace().next().unwrap_or_default();
        visitor.card.first_name.as_deref().unwrap_or_else(whole)
    });
    let number = app.chat().and_then(|chat| chat.number);
    let values = [
        first.map(str::to_owned),
        visitor.map(|visitor| visitor.name().to_owned()),
        Some(app.name_of(&app.me)),
        app.policy().map(|policy| policy.company.name.clone()),
        number.map(|number| number.to_string()),
    ];
    PLACEHOLDERS
        .into_iter()
        .zip(values)
        .fold(text.to_owned(), |text, (name, value)| match value {
            Some(value) => text.replace(&format!("{{{name}}}"), &value),
            None => text,
        })
}

/// Returns every row of a popup.
fn items(app: &App, popup: &Popup) -> Vec<Item> {
    match &popup.kind {
        Kind::Palette => palette(app, popup.field.text()),
        Kind::Help => help(app),
        Kind::Search => texts::hits(app),
        Kind::Templates(shelf) => texts::templates(app, *shelf),
        Kind::Transfer => people::targets(app),
        Kind::Category { .. } => categories(app),
        Kind::Blocks => people::blocks(app),
        Kind::Messages => texts::messages(app),
        Kind::Quote => texts::quotable(app),
        Kind::Links => links(app),
        Kind::File => texts::folder(app),
        Kind::OwnTemplates => texts::own_templates(app),
        Kind::Sessions => people::sessions(app),
        Kind::Card => people::card(app),
        Kind::TooLong => texts::too_long(app),
        Kind::Block(_)
        | Kind::Comment(_)
        | Kind::Field(_)
        | Kind::Filter
        | Kind::TemplateTitle(_)
        | Kind::Confirm(_) => Vec::new(),
    }
}

/// Returns how many rows a popup has before anything is searched; its size does not change while one types.
pub(crate) fn count_items(app: &App, popup: &Popup) -> usize {
    let is_number = popup.kind == Kind::Palette && popup.field.text().starts_with('#');
    if is_number {
        return palette(app, "").len();
    }
    if matches!(popup.kind, Kind::Search | Kind::File) {
        return 12;
    }
    if matches!(popup.kind, Kind::Templates(_)) {
        return texts::templates(app, Shelf::default()).len();
    }
    items(app, popup).len()
}

/// Returns the rows that the text field of a popup finds, best first.
pub(crate) fn visible(app: &App, popup: &Popup) -> Vec<Item> {
    let all = items(app, popup);
    let query = popup.field.text();
    let is_asked = matches!(popup.kind, Kind::Search | Kind::File) || query.starts_with('#');
    if !popup.has_field() || query.trim().is_empty() || is_asked {
        return all;
    }
    if popup.kind == Kind::Transfer {
        // Whoever gets the chat is told by the name alone: what stands beside it finds others.
        let names: Vec<&str> = all.iter().map(|item| item.label.as_str()).collect();
        return fuzzy::search_names(query, &names, &app.layouts)
            .into_iter()
            .filter_map(|found| all.get(found.index).cloned())
            .collect();
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
    let is_asked =
        matches!(popup.kind, Kind::Search | Kind::File | Kind::Transfer) || query.starts_with('#');
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
    let key = |zone| {
        app.keymap
            .key_of(zone, action)
            .map(|key| labelled(app, key))
    };
    let aside = match (key(Zone::Command), key(Zone::Composer)) {
        (Some(command), _) if app.zone == Zone::Command => command,
        (_, Some(composer)) => composer,
        (Some(command), None) => format!("Esc {command}"),
        // It stands in the menu of the transfer, so that no letter alone gives a chat away.
        (None, None) if action == Action::Release => key(Zone::Command)
            .or_else(|| {
                app.keymap
                    .key_of(Zone::Command, Action::Transfer)
                    .map(Key::label)
            })
            .map(|transfer| format!("{transfer} 0"))
            .unwrap_or_default(),
        (None, None) => String::new(),
    };
    Item {
        label: app.language.tr(words, &[]).into_owned(),
        aside,
        off: app.off(action).map(|off| app.off_in_words(&off)),
        choice: Choice::Act(action),
    }
}

/// Returns a key with the letter at its place on the operator's other layout, which does the same: `t (е)`.
fn labelled(app: &App, key: Key) -> String {
    let label = key.label();
    let letter = match key.code {
        Code::Char(latin) if !key.ctrl && !key.alt => {
            let mut letters = app.layouts.iter().filter_map(|one| one.letter_at(latin));
            letters.next().filter(|letter| letter.is_alphabetic())
        }
        _ => None,
    };
    match letter {
        Some(letter) => format!("{label} ({letter})"),
        None => label,
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
