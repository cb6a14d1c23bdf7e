//! Invariant 2 under random sequences: every id that an event brings into the world is brought once, and what happens again
//! by itself (a receipt, an echo, a tick, a claim of one's own) leads to nothing new.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::testing::{TestDesk, unborn};
use super::{DeskCommand, Event, PlatformCommand, Receipt, ReplyDraft, SettledAs, Stored};
use crate::model::{ContactAsk, DeliveryId, MessageId};

#[derive(Debug, Clone)]
enum Step {
    Writes,
    Edits(u32),
    Deletes,
    Replies(&'static str, u32),
    Claims(&'static str),
    Notes(&'static str),
    Closes(&'static str),
    Sent,
    Echoed,
    Reads,
    Pass(u64),
    Finish,
}

fn step() -> impl Strategy<Value = Step> {
    let who = prop_oneof![Just("anna"), Just("boris")];
    prop_oneof![
        4 => Just(Step::Writes),
        2 => (0..4u32).prop_map(Step::Edits),
        1 => Just(Step::Deletes),
        4 => (who.clone(), 0..4000u32).prop_map(|(who, hold)| Step::Replies(who, hold)),
        2 => who.clone().prop_map(Step::Claims),
        1 => who.clone().prop_map(Step::Notes),
        1 => who.prop_map(Step::Closes),
        2 => Just(Step::Sent),
        1 => Just(Step::Echoed),
        2 => Just(Step::Reads),
        2 => (0..40_000u64).prop_map(Step::Pass),
        1 => Just(Step::Finish),
    ]
}

fn last_received(desk: &TestDesk) -> Option<MessageId> {
    desk.log
        .iter()
        .rev()
        .find_map(|stored| match &stored.event {
            Event::Received { message, .. } => Some(message.id),
            _ => None,
        })
}

fn first_outgoing(desk: &TestDesk) -> MessageId {
    desk.chat
        .outgoing
        .first()
        .map_or(MessageId(-1), |outgoing| outgoing.message)
}

/// Does a step; refusals are as good as events.
fn perform(desk: &mut TestDesk, step: &Step) -> Vec<Event> {
    let done = match step {
        Step::Writes => desk.try_visitor_writes("hello"),
        Step::Edits(edit) => {
            let message = last_received(desk);
            let edited_at = desk.now;
            desk.platform(PlatformCommand::Edit {
                message,
                text: "changed".into(),
                edit: *edit,
                edited_at,
            })
        }
        Step::Deletes => match last_received(desk) {
            Some(message) => desk.platform(PlatformCommand::Delete { message }),
            None => Ok(vec![]),
        },
        Step::Replies(who, hold) => desk.by(
            who,
            DeskCommand::Reply(ReplyDraft {
                text: "Yes".into(),
                quotes: None,
                asks: ContactAsk::default(),
                file: None,
                human_agent: false,
                hold_ms: Some(*hold),
            }),
        ),
        Step::Claims(who) => desk.by(who, DeskCommand::Claim { take_over: false }),
        Step::Notes(who) => {
            let (text, mentions) = ("note".into(), vec![]);
            desk.by(who, DeskCommand::Note { text, mentions })
        }
        Step::Closes(who) => desk.by(who, DeskCommand::Close),
        Step::Sent => {
            let message = first_outgoing(desk);
            let begun_at = desk.now;
            let platform_id = Some(format!("m_out_{}", message.0).as_str().into());
            Ok(desk.settle(
                message,
                SettledAs::Sent {
                    platform_id,
                    begun_at,
                },
            ))
        }
        Step::Echoed => {
            let message = first_outgoing(desk);
            Ok(desk.echo_ours(message, &format!("m_out_{}", message.0)))
        }
        Step::Reads => {
            let until = Some(desk.now);
            let messages = vec![];
            desk.platform(PlatformCommand::Read(Receipt { messages, until }))
        }
        Step::Pass(seconds) => {
            desk.now = desk.now.plus(Duration::from_secs(*seconds));
            Ok(desk.tick())
        }
        Step::Finish => Ok(desk.finish()),
    };
    done.unwrap_or_default()
}

/// What an event brings into the world.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Born {
    Message(MessageId),
    Delivery(DeliveryId),
    /// The platform's name of a message.
    Named(String),
    /// The end of a reply's way.
    Sent(MessageId),
}

fn born(stored: &Stored) -> Vec<Born> {
    match &stored.event {
        Event::Received { message, .. } | Event::AnsweredOutside { message, .. } => {
            let name = message
                .platform_id
                .iter()
                .map(|id| Born::Named(id.0.clone()));
            name.chain([Born::Message(message.id)]).collect()
        }
        Event::ReplyWritten {
            message, delivery, ..
        } => vec![Born::Message(message.id), Born::Delivery(*delivery)],
        Event::NoteWritten { message, .. } => vec![Born::Message(*message)],
        Event::ReplySent {
            message,
            platform_id,
            ..
        } => {
            let name = platform_id.iter().map(|id| Born::Named(id.0.clone()));
            name.chain([Born::Sent(*message)]).collect()
        }
        _ => vec![],
    }
}

/// Steps whose second time right after the first must change nothing.
fn is_harmless_twice(step: &Step) -> bool {
    matches!(
        step,
        Step::Claims(_)
            | Step::Closes(_)
            | Step::Echoed
            | Step::Reads
            | Step::Pass(_)
            | Step::Finish
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn no_id_is_born_twice_and_no_reply_is_sent_twice(steps in prop::collection::vec(step(), 1..80)) {
        let mut desk = unborn();
        for step in &steps {
            perform(&mut desk, step);
        }
        let mut seen = BTreeSet::new();
        for stored in &desk.log {
            for thing in born(stored) {
                prop_assert!(!seen.contains(&thing), "{thing:?} is born twice");
                seen.insert(thing);
            }
        }
        let numbers: Vec<_> = desk.log.iter().map(|stored| (stored.seq, stored.version)).collect();
        prop_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn what_has_happened_does_not_happen_again_by_being_told_again(steps in prop::collection::vec(step(), 1..60)) {
        let mut desk = unborn();
        for step in &steps {
            perform(&mut desk, step);
            if is_harmless_twice(step) {
                let again = match step {
                    // The time has passed; only the tick comes again.
                    Step::Pass(_) => desk.tick(),
                    // The same echo, not the one of the next reply.
                    Step::Echoed => match last_sent(&desk) {
                        Some((message, name)) => desk.echo_ours(message, &name),
                        None => vec![],
                    },
                    other => perform(&mut desk, other),
                };
                prop_assert_eq!(again, vec![], "{:?}", step);
            }
        }
    }
}

fn last_sent(desk: &TestDesk) -> Option<(MessageId, String)> {
    desk.log
        .iter()
        .rev()
        .find_map(|stored| match &stored.event {
            Event::ReplySent {
                message,
                platform_id: Some(name),
                ..
            } => Some((*message, name.0.clone())),
            _ => None,
        })
}
