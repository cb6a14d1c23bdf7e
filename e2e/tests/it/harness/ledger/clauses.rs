//! The clauses that need no frames: webhooks, replies, rows and numbers.

use std::collections::{HashMap, HashSet};

use sim::messenger::SentMessage;

use shared::chat::{Chat, Event};
use shared::model::{ChatId, MessageId, Version};

use crate::harness::steady::{Answer, Asked};

use super::{Book, Clause, Evidence, Violation};

/// Everything said in the store, by its words.
struct Said<'a> {
    received: HashMap<&'a str, usize>,
    written: HashMap<&'a str, (usize, MessageId)>,
}

pub(super) fn check(
    book: &Book,
    evidence: &Evidence,
    sent: &[SentMessage],
    asked: &[Asked],
) -> Vec<Violation> {
    let mut violations = vec![];
    let mut tell = |clause, what| violations.push(Violation { clause, what });
    let said = said(evidence);
    webhooks(book, &said, &mut tell);
    names(evidence, &mut tell);
    replies(evidence, &said, sent, asked, &mut tell);
    order_of_webhooks(book, evidence, &mut tell);
    order_of_replies(evidence, sent, &mut tell);
    rows(evidence, &mut tell);
    numbers(evidence, &mut tell);
    violations
}

fn said(evidence: &Evidence) -> Said<'_> {
    let mut said = Said {
        received: HashMap::new(),
        written: HashMap::new(),
    };
    for stored in &evidence.events {
        if let Event::Received { message, .. } = &stored.event {
            *said.received.entry(&message.text).or_default() += 1;
        } else if let Event::ReplyWritten { message, .. } = &stored.event {
            let written = said.written.entry(&message.text);
            written.or_insert((0, message.id)).0 += 1;
        }
    }
    said
}

/// (a) and (h) of webhooks.
fn webhooks(book: &Book, said: &Said<'_>, tell: &mut impl FnMut(Clause, String)) {
    for posted in &book.posted {
        let count = said.received.get(posted.text.as_str()).copied();
        let count = count.unwrap_or_default();
        if posted.is_taken && count == 0 {
            tell(Clause::Kept, format!("taken and not stored: {posted:?}"));
        }
        if posted.refusals > 0 && count > 1 {
            let what = format!("stored {count} times: {posted:?}");
            tell(Clause::AskedAgain, what);
        }
    }
}

/// (b).
fn names(evidence: &Evidence, tell: &mut impl FnMut(Clause, String)) {
    let mut seen = HashSet::new();
    for stored in &evidence.events {
        if let Event::Received { message, .. } | Event::AnsweredOutside { message, .. } =
            &stored.event
            && let Some(name) = &message.platform_id
            && !seen.insert(name)
        {
            tell(Clause::Once, format!("two messages are called {name}"));
        }
    }
    let mut seen = HashSet::new();
    for name in evidence.names.iter().filter(|name| !seen.insert(*name)) {
        tell(Clause::Once, format!("two rows are called {name}"));
    }
}

/// (d), and (a) and (h) of replies.
fn replies(
    evidence: &Evidence,
    said: &Said<'_>,
    sent: &[SentMessage],
    asked: &[Asked],
    tell: &mut impl FnMut(Clause, String),
) {
    let mut arrived: HashMap<&str, usize> = HashMap::new();
    for message in sent {
        *arrived
            .entry(message.text.as_deref().unwrap_or_default())
            .or_default() += 1;
    }
    let states: HashMap<_, _> = evidence
        .deliveries
        .iter()
        .map(|row| (row.message, row.state.as_str()))
        .collect();
    let results = results(evidence);
    for asked in asked.iter().filter(|asked| asked.reply.is_some()) {
        let text = asked.reply.as_deref().unwrap_or_default();
        let written = said.written.get(text).copied();
        let count = written.map_or(0, |(count, _)| count);
        if count == 0 && asked.answer == Some(Answer::Accepted) {
            tell(Clause::Kept, format!("accepted and not stored: {text}"));
        }
        if count > 1 {
            tell(Clause::AskedAgain, format!("stored {count} times: {text}"));
        }
        if count > 0 && asked.answer == Some(Answer::Refused) {
            tell(Clause::AskedAgain, format!("refused and stored: {text}"));
        }
        let arrived = arrived.get(text).copied().unwrap_or_default();
        // Old rows are removed, and by a clock that was set a row is old at once: what became of the reply stays an event.
        let state = written.and_then(|(_, message)| {
            let row = states.get(&message).copied();
            row.or_else(|| results.get(&message).copied())
        });
        let is_right = match state {
            Some("sent") => arrived == 1,
            Some("failed" | "withdrawn") | None => arrived == 0,
            Some("unconfirmed") => arrived <= 1,
            Some(_) => false,
        };
        if !is_right {
            let what = format!("{text} is {state:?} and arrived {arrived} times");
            tell(Clause::Delivered, what);
        }
    }
}

/// Returns what became of each reply by its events, in the words of the rows.
fn results(evidence: &Evidence) -> HashMap<MessageId, &'static str> {
    let results = evidence.events.iter().filter_map(|stored| {
        Some(match &stored.event {
            Event::ReplySent { message, .. } => (*message, "sent"),
            Event::ReplyFailed { message, .. } => (*message, "failed"),
            Event::ReplyWithdrawn { message, .. } => (*message, "withdrawn"),
            Event::ReplyUnconfirmed { message } => (*message, "unconfirmed"),
            _ => return None,
        })
    });
    results.collect()
}

/// (e) of visitors: each posts the next message when the last was taken.
fn order_of_webhooks(book: &Book, evidence: &Evidence, tell: &mut impl FnMut(Clause, String)) {
    if book.is_shuffled {
        return;
    }
    let mut places: HashMap<&str, usize> = HashMap::new();
    for stored in &evidence.events {
        if let Event::Received { message, .. } = &stored.event {
            let place = places.len();
            places.entry(&message.text).or_insert(place);
        }
    }
    let mut last: HashMap<&str, (usize, &str)> = HashMap::new();
    for posted in &book.posted {
        let Some(place) = places.get(posted.text.as_str()).copied() else {
            continue;
        };
        let before = last.insert(&posted.psid, (place, &posted.text));
        if let Some((_, text)) = before.filter(|(before, _)| *before > place) {
            let what = format!("{} is stored before {text}", posted.text);
            tell(Clause::InOrder, what);
        }
    }
}

/// (e) of replies: they arrive in the order they were written.
fn order_of_replies(
    evidence: &Evidence,
    sent: &[SentMessage],
    tell: &mut impl FnMut(Clause, String),
) {
    let mut written: HashMap<&str, (ChatId, usize)> = HashMap::new();
    for (place, stored) in evidence.events.iter().enumerate() {
        if let Event::ReplyWritten { message, .. } = &stored.event {
            written.insert(&message.text, (stored.chat, place));
        }
    }
    let mut last: HashMap<ChatId, (usize, &str)> = HashMap::new();
    for message in sent {
        let text = message.text.as_deref().unwrap_or_default();
        let Some((chat, place)) = written.get(text).copied() else {
            continue;
        };
        let before = last.insert(chat, (place, text));
        if let Some((_, earlier)) = before.filter(|(before, _)| *before > place) {
            let what = format!("{text} arrived after {earlier}");
            tell(Clause::InOrder, what);
        }
    }
}

/// (f).
fn rows(evidence: &Evidence, tell: &mut impl FnMut(Clause, String)) {
    if evidence.settled < evidence.last_seq() {
        let what = format!("rows hold events up to {} only", evidence.settled);
        tell(Clause::Replayed, what);
    }
    let mut now: HashMap<ChatId, Chat> = HashMap::new();
    let mut versions: HashMap<ChatId, Version> = HashMap::new();
    let mut last = HashMap::new();
    for stored in &evidence.events {
        let chat = now
            .entry(stored.chat)
            .or_insert_with(|| Chat::unborn(stored.chat));
        let expected = versions.entry(stored.chat).or_insert(Version(0));
        if stored.version != expected.plus(1) {
            let (chat, now, before) = (stored.chat, stored.version.0, expected.0);
            let what = format!("chat {chat}: version {now} after {before}");
            tell(Clause::Replayed, what);
        }
        *expected = stored.version;
        chat.apply(stored);
        last.insert(stored.chat, stored.seq);
    }
    for row in &evidence.chats {
        let id = row.chat.id;
        let is_settled = last.get(&id).is_some_and(|seq| *seq <= evidence.settled);
        let replayed = if is_settled {
            now.get(&id).cloned()
        } else {
            evidence.replay(id, row.chat.version)
        };
        if replayed.as_ref() != Some(&row.chat) {
            let (row, is) = (row.chat.version.0, replayed.map(|chat| chat.version.0));
            let what =
                format!("chat {id}: its row, version {row}, is not what its events make: {is:?}");
            tell(Clause::Replayed, what);
        }
        if is_settled && last.get(&id) != Some(&row.last_seq) {
            tell(Clause::Replayed, format!("chat {id}: its last event"));
        }
    }
    for id in now.keys() {
        if !evidence.chats.iter().any(|row| row.chat.id == *id) {
            tell(Clause::Replayed, format!("chat {id} has no row"));
        }
    }
    outbox(evidence, &now, tell);
}

/// (f) of the outbox: a reply is under way in its chat exactly when its row says so.
fn outbox(evidence: &Evidence, now: &HashMap<ChatId, Chat>, tell: &mut impl FnMut(Clause, String)) {
    let outgoing: HashSet<_> = now
        .values()
        .flat_map(|chat| chat.outgoing.iter().map(|outgoing| outgoing.delivery))
        .collect();
    for row in &evidence.deliveries {
        let is_open = !matches!(row.state.as_str(), "sent" | "withdrawn");
        if is_open != outgoing.contains(&row.id) {
            let what = format!("delivery {} is {}, its chat differs", row.id, row.state);
            tell(Clause::Replayed, what);
        }
    }
}

/// (g).
fn numbers(evidence: &Evidence, tell: &mut impl FnMut(Clause, String)) {
    let mut last = evidence.floor;
    for stored in &evidence.events {
        if stored.seq != last.next() {
            tell(Clause::Numbered, format!("{} after {last}", stored.seq));
        }
        last = stored.seq;
    }
}
