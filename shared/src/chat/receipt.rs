//! Receipts: what reached the visitor and what was read (OUT-03). Watermarks only rise (meta.md 3.4).

use crate::model::Timestamp;

use super::{Chat, Event, Receipt};

impl Chat {
    pub(super) fn delivered(&self, receipt: &Receipt) -> Vec<Event> {
        match self.news(receipt, self.delivered_until) {
            Some(Receipt { messages, until }) => vec![Event::ReplyDelivered { messages, until }],
            None => vec![],
        }
    }

    pub(super) fn read(&self, receipt: &Receipt) -> Vec<Event> {
        match self.news(receipt, self.read_until) {
            Some(Receipt { messages, until }) => vec![Event::ReplyRead { messages, until }],
            None => vec![],
        }
    }

    /// Returns what of a receipt is new; none when nothing is. A receipt that names messages is taken as it is: its key
    /// has been seen once only.
    fn news(&self, receipt: &Receipt, known: Option<Timestamp>) -> Option<Receipt> {
        if !self.has_begun() {
            return None;
        }
        let until = receipt
            .until
            .filter(|until| known.is_none_or(|known| *until > known));
        let is_news = until.is_some() || !receipt.messages.is_empty();
        is_news.then(|| Receipt {
            messages: receipt.messages.clone(),
            until,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{Event, PlatformCommand, Receipt};
    use crate::model::Timestamp;

    #[test]
    fn a_watermark_only_rises() {
        let mut desk = held_by("anna");
        let read = |until| {
            PlatformCommand::Read(Receipt {
                messages: vec![],
                until: Some(Timestamp(until)),
            })
        };
        assert_eq!(desk.platform(read(200)).unwrap().len(), 1);
        assert_eq!(desk.platform(read(100)).unwrap(), vec![]);
        assert_eq!(desk.platform(read(200)).unwrap(), vec![]);
        assert!(matches!(
            desk.platform(read(300)).unwrap()[..],
            [Event::ReplyRead { .. }]
        ));
        assert_eq!(desk.chat.read_until, Some(Timestamp(300)));
    }
}
