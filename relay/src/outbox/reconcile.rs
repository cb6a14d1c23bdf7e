//! What the platform's history says of a send whose outcome is unknown. Pure, and without any clock: ours and the platform's
//! may be hours apart. What is known to have been said before the reply was written shows where to look.

use shared::model::{PlatformId, Timestamp};

use crate::channels::{History, PastMessage};
use crate::store::{Delivery, FoundMessage};

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

/// What we know of a message of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// We had it before the reply was written: the reply can only come after it.
    Before,
    /// It is the reply.
    This,
    /// We have it from later on, or it is another reply.
    After,
    /// We do not have it.
    No,
}

impl Known {
    /// Says what we know of a message of the history: `found` is what the store has of it, `reply` what it has of the
    /// delivery's own. A reply of ours has its place in our order since it was written, and may have left long after: it
    /// shows nothing.
    pub(super) fn of(
        message: &PastMessage,
        found: Option<&FoundMessage>,
        delivery: &Delivery,
        reply: Option<&FoundMessage>,
    ) -> Self {
        let Some(found) = found else {
            return Self::No;
        };
        if found.id == delivery.body.message {
            return Self::This;
        }
        let is_before = reply.is_some_and(|reply| found.seq < reply.seq);
        if is_before && !message.is_ours {
            Self::Before
        } else {
            Self::After
        }
    }
}

/// Looks for the delivery's words among what our side said after everything that came before it. `known` says of each
/// message of the history what we know of it.
pub(super) fn verdict(delivery: &Delivery, history: &History, known: &[Known]) -> Verdict {
    let last_before = known.iter().rposition(|known| *known == Known::Before);
    let start = last_before.map_or(0, |place| place + 1);
    let later = history.messages.iter().zip(known).skip(start);
    let says_it =
        |message: &PastMessage| message.is_ours && message.text.trim() == delivery.body.text.trim();
    let mut candidates = later.filter(|(message, known)| match known {
        Known::This => true,
        Known::No => says_it(message),
        Known::Before | Known::After => false,
    });
    let found = candidates.next();
    match found {
        Some((message, _)) => Verdict::Sent(message.platform_id.clone(), message.sent_at),
        None if history.is_whole || last_before.is_some() => Verdict::NotSent,
        None => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{DeliveryBody, DeliveryStage};
    use shared::model::{ChatId, ContactAsk, DeliveryId, MessageId, Seq};

    fn delivery() -> Delivery {
        Delivery {
            id: DeliveryId(1),
            chat: ChatId(1),
            channel: "acme-page".into(),
            body: DeliveryBody {
                message: MessageId(1),
                visitor: "1".into(),
                text: "Yes".into(),
                quotes: None,
                asks: ContactAsk::default(),
                human_agent: false,
                file: None,
            },
            state: DeliveryStage::Sending,
            attempt: 1,
            is_doubtful: true,
            not_before: Timestamp(0),
            window_ends: None,
            started_at: Some(Timestamp(100_000)),
        }
    }

    fn said(is_ours: bool, text: &str, at: i64) -> PastMessage {
        let platform_id = PlatformId(format!("m_{at}"));
        PastMessage {
            platform_id,
            is_ours,
            sent_at: Timestamp(at),
            text: text.into(),
        }
    }

    fn check(lines: &[(PastMessage, Known)], is_whole: bool, expected: &Verdict) {
        let (messages, known): (Vec<_>, Vec<_>) = lines.iter().cloned().unzip();
        let history = History { messages, is_whole };
        assert_eq!(verdict(&delivery(), &history, &known), *expected);
    }

    #[test]
    fn our_words_are_the_proof_whatever_the_clocks_say() {
        // The attempt was begun at 100 000 by our clock.
        for at in [100_500, 98_000, 5_000, -86_400_000, 86_500_000] {
            let found = Verdict::Sent(PlatformId(format!("m_{at}")), Timestamp(at));
            for is_whole in [true, false] {
                check(&[(said(true, "Yes", at), Known::No)], is_whole, &found);
                check(&[(said(true, "Yes ", at), Known::No)], is_whole, &found);
            }
        }
    }

    #[test]
    fn an_older_reply_that_left_late_does_not_hide_this_one() {
        let found = |id, seq| FoundMessage {
            id: MessageId(id),
            chat: ChatId(1),
            seq: Seq(seq),
            platform_id: None,
        };
        let (reply, older, question) = (found(1, 10), found(2, 5), found(3, 4));
        let known = |message: &PastMessage, found: Option<&FoundMessage>| {
            Known::of(message, found, &delivery(), Some(&reply))
        };
        let asked = said(false, "Really?", 1_000);
        let this = said(true, "Yes", 2_000);
        // Written before it, tried again after it.
        let late = said(true, "Once more", 3_000);
        let lines = [
            (asked.clone(), known(&asked, Some(&question))),
            (this.clone(), known(&this, None)),
            (late.clone(), known(&late, Some(&older))),
        ];
        assert_eq!(lines[0].1, Known::Before);
        let found = Verdict::Sent(this.platform_id, this.sent_at);
        check(&lines, true, &found);
        assert_eq!(known(&late, Some(&reply)), Known::This);
    }

    #[test]
    fn other_words_other_people_and_other_replies_are_not() {
        for line in [
            (said(true, "No", 100_500), Known::No),
            (said(false, "Yes", 100_500), Known::No),
            (said(true, "Yes", 100_500), Known::After),
            (said(true, "Yes", 100_500), Known::Before),
        ] {
            check(&[line], true, &Verdict::NotSent);
        }
    }

    #[test]
    fn a_message_known_to_be_the_reply_is_the_proof_whatever_it_says() {
        let cut = (said(true, "Ye", 101), Known::This);
        let found = Verdict::Sent(cut.0.platform_id.clone(), cut.0.sent_at);
        check(&[cut], false, &found);
    }

    #[test]
    fn the_same_words_from_before_the_question_are_not() {
        let lines = [
            (said(true, "Yes", 1_000), Known::No),
            (said(false, "Really?", 2_000), Known::Before),
        ];
        check(&lines, true, &Verdict::NotSent);
        check(&lines, false, &Verdict::NotSent);
    }

    #[test]
    fn a_history_without_anything_we_knew_proves_nothing_unless_it_is_whole() {
        check(&[], false, &Verdict::Unknown);
        check(
            &[(said(false, "hm", 100_500), Known::After)],
            false,
            &Verdict::Unknown,
        );
        check(&[], true, &Verdict::NotSent);
    }
}
