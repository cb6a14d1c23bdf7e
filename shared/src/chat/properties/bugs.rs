//! Deliberately wrong rules, one for each invariant: what the watching is worth is that it finds them.

use super::super::testing::Rules;
use super::super::{
    Actor, Chat, Command, Context, DeskCommand, Event, Refusal, RelayCommand, Stored,
};
use super::invariants::Invariant;
use crate::model::{ContactAsk, Message};

type Decided = Result<Vec<Event>, Refusal>;

/// Each invariant, and rules that break it.
pub(super) fn all() -> [(Invariant, Rules); 8] {
    let decide = |decide| Rules {
        decide,
        ..Rules::default()
    };
    let apply = |apply| Rules {
        apply,
        ..Rules::default()
    };
    [
        (Invariant::OneOwner, decide(claims_what_another_owns)),
        (Invariant::OwnersReplies, decide(lets_anybody_reply)),
        (Invariant::VersionsRise, apply(counts_a_note_twice)),
        (Invariant::AppliesAlways, apply(chokes_on_unknown_replies)),
        (Invariant::NothingOverdue, decide(sleeps_through_ticks)),
        (Invariant::RightsHold, decide(lets_anybody_manage)),
        (Invariant::RepliesOnce, decide(takes_back_what_was_sent)),
        (Invariant::ReplayAgrees, apply(remembers_what_no_event_says)),
    ]
}

fn claims_what_another_owns(chat: &Chat, command: &Command, context: &Context<'_>) -> Decided {
    let decided = chat.decide(command, context);
    match (command, &decided, context.actor) {
        (
            Command::Desk(DeskCommand::Claim { .. }),
            Err(Refusal::Owned { .. }),
            Actor::Operator(by),
        ) => Ok(vec![Event::Claimed {
            by: by.clone(),
            from: None,
        }]),
        _ => decided,
    }
}

fn lets_anybody_reply(chat: &Chat, command: &Command, context: &Context<'_>) -> Decided {
    let decided = chat.decide(command, context);
    match (command, &decided, context.actor) {
        (
            Command::Desk(DeskCommand::Reply(draft)),
            Err(Refusal::Owned { .. }),
            Actor::Operator(by),
        ) => Ok(vec![Event::ReplyWritten {
            by: by.clone(),
            message: Message {
                id: context.fresh.message,
                platform_id: None,
                sent_at: context.now,
                text: draft.text.clone(),
                attachments: vec![],
                quotes: None,
                quotes_unknown: false,
            },
            delivery: context.fresh.delivery,
            asks: ContactAsk::default(),
            human_agent: false,
            held_until: None,
        }]),
        _ => decided,
    }
}

fn counts_a_note_twice(chat: &mut Chat, stored: &Stored) {
    chat.apply(stored);
    if let Event::NoteWritten { .. } = stored.event {
        chat.version = chat.version.plus(1);
    }
}

fn chokes_on_unknown_replies(chat: &mut Chat, stored: &Stored) {
    if let Event::ReplySent { message, .. } = &stored.event {
        chat.find_outgoing(*message)
            .expect("a reply that was written");
    }
    chat.apply(stored);
}

fn sleeps_through_ticks(chat: &Chat, command: &Command, context: &Context<'_>) -> Decided {
    match command {
        Command::Relay(RelayCommand::Tick) => Ok(vec![]),
        _ => chat.decide(command, context),
    }
}

fn lets_anybody_manage(chat: &Chat, command: &Command, context: &Context<'_>) -> Decided {
    let mut policy = context.policy.clone();
    policy.hide_others = false;
    for operator in &mut policy.operators {
        operator.role = crate::model::Role::Admin;
    }
    let context = Context {
        policy: &policy,
        ..*context
    };
    chat.decide(command, &context)
}

fn takes_back_what_was_sent(chat: &Chat, command: &Command, context: &Context<'_>) -> Decided {
    let decided = chat.decide(command, context);
    match (command, &decided, context.actor) {
        (
            Command::Desk(DeskCommand::Withdraw { message }),
            Err(Refusal::NoSuchMessage),
            Actor::Operator(by),
        ) => Ok(vec![Event::ReplyWithdrawn {
            message: *message,
            by: by.clone(),
        }]),
        _ => decided,
    }
}

fn remembers_what_no_event_says(chat: &mut Chat, stored: &Stored) {
    chat.apply(stored);
    if let Event::Closed { .. } = stored.event {
        chat.unread += 1;
    }
}
