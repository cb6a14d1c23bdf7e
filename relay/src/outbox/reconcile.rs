//! What the platform's history says of a send whose outcome is unknown. Pure, and without a clock of ours: relays' clocks
//! may be wrong, so that only the platform's own times and what was known before decide.

use shared::model::{PlatformId, Timestamp};

use crate::channels::{History, PastMessage};

/// What to do with a doubtful delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is there.
    Sent(PlatformId, Timestamp),
    /// It surely is not there: it may be sent again.
    NotSent,
    /// Nobody can tell.
    Unknown,
}

/// What the store knows of a message of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    No,
    /// A message of the visitor that was here before the reply was written: the reply can only come after it.
    Earlier,
    /// It is the reply.
    This,
    /// Something else.
    Other,
}

/// Looks for the reply's words among what our side said since the reply was written, leaving out messages that are known
/// to be others.
pub(super) fn verdict(text: &str, history: &History, known: &[Known]) -> Verdict {
    let messages = || history.messages.iter().zip(known);
    let earlier = messages().filter(|(_, known)| **known == Known::Earlier);
    let since = earlier.map(|(message, _)| message.sent_at).max();
    let is_it = |(message, known): &(&PastMessage, &Known)| match known {
        Known::This => true,
        Known::No => {
            message.is_ours
                && message.text == text
                && since.is_none_or(|since| message.sent_at >= since)
        }
        Known::Earlier | Known::Other => false,
    };
    match messages().find(is_it) {
        Some((message, _)) => Verdict::Sent(message.platform_id.clone(), message.sent_at),
        None if since.is_some() || history.is_complete => Verdict::NotSent,
        None => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(is_ours: bool, text: &str, at: i64) -> PastMessage {
        PastMessage {
            platform_id: PlatformId(format!("m_{at}")),
            is_ours,
            sent_at: Timestamp(at),
            text: text.into(),
        }
    }

    #[track_caller]
    fn check(messages: &[(PastMessage, Known)], is_complete: bool, expected: &Verdict) {
        let history = History {
            messages: messages
                .iter()
                .map(|(message, _)| message.clone())
                .collect(),
            is_complete,
        };
        let known: Vec<_> = messages.iter().map(|(_, known)| *known).collect();
        assert_eq!(verdict("Yes", &history, &known), *expected);
    }

    fn question() -> (PastMessage, Known) {
        (said(false, "Is it blue?", 100), Known::Earlier)
    }

    fn sent_at(at: i64) -> Verdict {
        Verdict::Sent(PlatformId(format!("m_{at}")), Timestamp(at))
    }

    #[test]
    fn our_words_after_what_was_known_before_are_the_proof() {
        let answer = (said(true, "Yes", 101), Known::No);
        check(&[question(), answer.clone()], true, &sent_at(101));
        check(&[question(), answer.clone()], false, &sent_at(101));
        check(&[answer], false, &sent_at(101));
        let at_the_same_time = (said(true, "Yes", 100), Known::No);
        check(&[at_the_same_time, question()], true, &sent_at(100));
    }

    #[test]
    fn a_message_known_to_be_the_reply_is_the_proof_whatever_it_says() {
        let cut = (said(true, "Ye", 101), Known::This);
        check(&[question(), cut], false, &sent_at(101));
    }

    #[test]
    fn other_words_other_people_earlier_times_and_other_replies_are_not() {
        for (message, known) in [
            (said(true, "No", 101), Known::No),
            (said(false, "Yes", 101), Known::No),
            (said(true, "Yes", 99), Known::No),
            (said(true, "Yes", 101), Known::Other),
        ] {
            check(&[question(), (message, known)], true, &Verdict::NotSent);
        }
    }

    #[test]
    fn a_history_that_does_not_reach_back_proves_nothing() {
        check(&[], false, &Verdict::Unknown);
        let other = (said(false, "Hello?", 150), Known::Other);
        check(&[other], false, &Verdict::Unknown);
        check(&[question()], false, &Verdict::NotSent);
    }
}
