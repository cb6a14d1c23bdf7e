//! What the platform's history says of a send whose outcome is unknown. Pure.

use std::time::Duration;

use shared::model::{PlatformId, Timestamp};

use crate::channels::{History, PastMessage};
use crate::store::Delivery;

/// Clocks differ: a message this much before its send was begun may still be it.
const SKEW: Duration = Duration::from_secs(2);

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

/// Looks for the delivery's words among what our side said since it was first begun, leaving out messages that are known
/// to be other replies.
pub(super) fn verdict(
    delivery: &Delivery,
    since: Timestamp,
    history: &History,
    is_known: impl Fn(&PastMessage) -> bool,
) -> Verdict {
    let is_it = |message: &&PastMessage| {
        message.is_ours
            && message.text == delivery.body.text
            && message.sent_at >= since.minus(SKEW)
            && !is_known(message)
    };
    match history.messages.iter().find(is_it) {
        Some(message) => Verdict::Sent(message.platform_id.clone(), message.sent_at),
        None if history.is_complete => Verdict::NotSent,
        None => Verdict::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{DeliveryBody, DeliveryStage};
    use shared::model::{ChatId, ContactAsk, DeliveryId, MessageId};

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

    fn check(messages: Vec<PastMessage>, is_complete: bool, known: &str, expected: &Verdict) {
        let history = History {
            messages,
            is_complete,
        };
        let is_known = |message: &PastMessage| message.platform_id.as_str() == known;
        assert_eq!(
            verdict(&delivery(), Timestamp(100_000), &history, is_known),
            *expected
        );
    }

    #[test]
    fn our_words_after_the_beginning_are_the_proof() {
        let found = Verdict::Sent("m_100500".into(), Timestamp(100_500));
        check(vec![said(true, "Yes", 100_500)], true, "", &found);
        check(vec![said(true, "Yes", 100_500)], false, "", &found);
        check(
            vec![said(true, "Yes", 98_000)],
            true,
            "",
            &Verdict::Sent("m_98000".into(), Timestamp(98_000)),
        );
    }

    #[test]
    fn other_words_other_people_earlier_times_and_other_replies_are_not() {
        check(vec![said(true, "No", 100_500)], true, "", &Verdict::NotSent);
        check(
            vec![said(false, "Yes", 100_500)],
            true,
            "",
            &Verdict::NotSent,
        );
        check(vec![said(true, "Yes", 97_999)], true, "", &Verdict::NotSent);
        check(
            vec![said(true, "Yes", 100_500)],
            true,
            "m_100500",
            &Verdict::NotSent,
        );
    }

    #[test]
    fn a_history_that_does_not_reach_back_proves_nothing() {
        check(vec![], false, "", &Verdict::Unknown);
    }
}
