//! What became of replies after the platform took them, as it says itself: taken after all, not brought after all (OUT-03).

use std::time::Duration;

use shared::chat::{Event, PlatformCommand, SentReply};
use shared::model::{ChannelId, DeliveryId, FailureReason, Notice, NoticeKind, PlatformId, Seq};

use crate::channels::Inbound;
use crate::engine::EngineError;
use crate::store::{Delivery, DeliveryStage, FoundMessage, StoreError};

use super::{Intake, IntakeError};

/// How often a delivery that moves on meanwhile is looked up anew.
const TRIES: usize = 5;
/// What a platform says of a reply may overtake its answer to the call, which brings the reply's name: so long that is waited
/// for, a little longer each time. Within what every platform gives a webhook.
const NAMED_SOON_MS: [u64; 6] = [20, 50, 100, 250, 500, 1000];

/// A reply that a platform speaks of.
enum Found {
    /// Its row, and for one that counts as sent what its chat has forgotten.
    Reply(Box<Delivery>, Option<SentReply>),
    /// It went out under another name since, so this is of an earlier try; or it has failed already.
    Settled,
    /// Not ours, or too old.
    Unknown,
}

impl Intake {
    /// Proof that a reply was taken, where the answer to the call was lost. One whose name there is known needs none.
    pub(super) async fn taken(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        platform_id: &PlatformId,
        delivery: DeliveryId,
    ) -> Result<(), IntakeError> {
        let known = self.store.find_message(channel, platform_id).await?;
        if known.is_some() {
            return Ok(());
        }
        let Some(delivery) = self.delivery_of(channel, Some(delivery)).await? else {
            return Ok(());
        };
        let command = PlatformCommand::EchoOurs {
            message: delivery.body.message,
            platform_id: platform_id.clone(),
            echoed_at: inbound.at,
        };
        self.tell(channel, inbound, delivery.chat, command).await
    }

    /// A reply did not reach the visitor. Of one that nobody knows a line is left in the visitor's open chat.
    pub(super) async fn failed(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        platform_id: &PlatformId,
        delivery: Option<DeliveryId>,
        reason: &FailureReason,
    ) -> Result<(), IntakeError> {
        for _ in 0..TRIES {
            if delivery.is_none() {
                self.known_soon(channel, &inbound.visitor, std::slice::from_ref(platform_id))
                    .await?;
            }
            let (delivery, sent) = match self.reply_of(channel, platform_id, delivery).await? {
                Found::Reply(delivery, sent) => (delivery, sent),
                Found::Settled => return Ok(()),
                Found::Unknown => {
                    let notice = did_not_arrive(reason);
                    return self.remark(channel, inbound, &notice).await;
                }
            };
            let was_under_way = sent.is_none();
            let command = PlatformCommand::Failed {
                message: delivery.body.message,
                sent,
                reason: reason.clone(),
            };
            let done = self.engine.by_platform_of(&inbound.key, &delivery, command);
            match done.await {
                // The answer to the call came between: now the reply counts as sent.
                Ok(taken) if was_under_way && taken.seq.is_none() && !taken.was_repeat => {}
                Ok(_) | Err(EngineError::Refused(_)) => {
                    return self.no_proof(channel, platform_id).await;
                }
                Err(EngineError::Overtaken) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(IntakeError::Busy)
    }

    /// Finds messages by their names. While one has a name that nobody knows and a call of ours to its visitor is not
    /// answered, it may be that reply's: the answer is waited for.
    ///
    /// # Errors
    ///
    /// Busy: the answer takes long; the platform shall say it again.
    pub(super) async fn known_soon(
        &self,
        channel: &ChannelId,
        visitor: &PlatformId,
        names: &[PlatformId],
    ) -> Result<Vec<FoundMessage>, IntakeError> {
        let mut waits = NAMED_SOON_MS.map(Duration::from_millis).into_iter();
        loop {
            let found = self.all_known(channel, names).await?;
            if found.len() == names.len() {
                return Ok(found);
            }
            if !self.is_calling(channel, visitor).await? {
                // What was answered in between has its name by now.
                return Ok(self.all_known(channel, names).await?);
            }
            let wait = waits.next().ok_or(IntakeError::Busy)?;
            tokio::time::sleep(wait).await;
        }
    }

    pub(super) async fn all_known(
        &self,
        channel: &ChannelId,
        names: &[PlatformId],
    ) -> Result<Vec<FoundMessage>, StoreError> {
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            found.extend(self.store.find_message(channel, name).await?);
        }
        Ok(found)
    }

    async fn is_calling(
        &self,
        channel: &ChannelId,
        visitor: &PlatformId,
    ) -> Result<bool, StoreError> {
        let outgoing = self.outgoing_to(channel, visitor).await?;
        Ok(outgoing
            .iter()
            .any(|delivery| delivery.state == DeliveryStage::Sending))
    }

    /// Returns the replies of a visitor's open chat that are not over.
    pub(super) async fn outgoing_to(
        &self,
        channel: &ChannelId,
        visitor: &PlatformId,
    ) -> Result<Vec<Delivery>, StoreError> {
        let Some(chat) = self.whereabouts(channel, visitor).await?.chat else {
            return Ok(vec![]);
        };
        let chat = self.store.find_chat(chat).await?;
        let mut found = vec![];
        for outgoing in chat.iter().flat_map(|chat| &chat.outgoing) {
            found.extend(self.store.find_delivery(outgoing.delivery).await?);
        }
        Ok(found)
    }

    /// *Taken* may come after *failed*, and proves nothing any more.
    async fn no_proof(
        &self,
        channel: &ChannelId,
        platform_id: &PlatformId,
    ) -> Result<(), IntakeError> {
        if let Some(platform) = self.registry.find(channel) {
            let key = platform.message_key(platform_id);
            self.engine.forestall(channel, &key).await?;
        }
        Ok(())
    }

    /// Finds a reply by its name on the platform, or by the delivery that it carried there.
    async fn reply_of(
        &self,
        channel: &ChannelId,
        platform_id: &PlatformId,
        carried: Option<DeliveryId>,
    ) -> Result<Found, StoreError> {
        // Before its name: what was sent by then has one.
        let carried = self.delivery_of(channel, carried).await?;
        let Some(found) = self.store.find_message(channel, platform_id).await? else {
            return Ok(match carried {
                Some(delivery) if is_open(&delivery) => Found::Reply(Box::new(delivery), None),
                Some(_) => Found::Settled,
                None => Found::Unknown,
            });
        };
        if found.platform_id.as_ref() != Some(platform_id) {
            return Ok(Found::Settled);
        }
        let before = Seq(found.seq.0 - 1);
        let written = self.store.events_after(before, 1).await?.pop();
        let Some(Event::ReplyWritten {
            message,
            delivery,
            by,
            ..
        }) = written.map(|stored| stored.event)
        else {
            return Ok(Found::Unknown);
        };
        let row = self.delivery_of(channel, Some(delivery)).await?;
        let row = row.filter(|row| row.body.message == found.id && message.id == found.id);
        Ok(row.map_or(Found::Unknown, |row| {
            Found::Reply(Box::new(row), Some(SentReply { delivery, by }))
        }))
    }
}

/// Whether nobody knows yet what becomes of it.
fn is_open(delivery: &Delivery) -> bool {
    match delivery.state {
        DeliveryStage::Due | DeliveryStage::Sending | DeliveryStage::Unconfirmed => true,
        DeliveryStage::Sent | DeliveryStage::Failed | DeliveryStage::Withdrawn => false,
    }
}

fn did_not_arrive(reason: &FailureReason) -> Notice {
    let words = match reason {
        FailureReason::NotAllowed { text } | FailureReason::Refused { text } => text.as_str(),
        FailureReason::WindowClosed
        | FailureReason::VisitorUnreachable
        | FailureReason::ThreadControlled
        | FailureReason::GivenUp
        | FailureReason::ChannelGone => "",
    };
    let what = "a reply did not reach them";
    Notice {
        kind: NoticeKind::Other,
        text: if words.is_empty() {
            what.to_owned()
        } else {
            format!("{what}: {words}")
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::chat::{DeskCommand, Event, PlatformCommand, SettledAs, Trouble};
    use shared::model::{DeliveryId, FailureReason, Timestamp};

    use super::super::tests::{World, reply, said, world};
    use crate::channels::fake::CHANNEL;
    use crate::channels::{Happening, Watermark};
    use crate::store::{Claim, Delivery, DeliveryStage, Store as _};

    /// A reply whose call was begun and not answered yet.
    async fn begun() -> (World, Delivery) {
        let world = world().await;
        world.happens("msg:1", said("1")).await;
        let chat = world.chats().await[0].id;
        world.by_anna("r", chat, reply()).await.unwrap();
        let delivery = claim(&world).await;
        (world, delivery)
    }

    async fn claim(world: &World) -> Delivery {
        let lease = format!("send:{CHANNEL}");
        let token = world
            .store
            .take_lease(&lease, "me", Duration::from_secs(10))
            .await
            .unwrap()
            .unwrap();
        let claim = Claim {
            channel: CHANNEL.into(),
            token,
            owner: "me".to_owned(),
            now: Timestamp(i64::MAX),
            limit: 1,
        };
        let claimed = world.store.claim_deliveries(claim).await.unwrap();
        claimed.into_iter().next().unwrap()
    }

    async fn answered(world: &World, delivery: &Delivery, platform_id: &str) {
        let sent = SettledAs::Sent {
            platform_id: Some(platform_id.into()),
            begun_at: Timestamp(0),
        };
        world.engine.settle(delivery, sent).await.unwrap();
    }

    async fn stage(world: &World, delivery: &Delivery) -> DeliveryStage {
        let found = world.store.find_delivery(delivery.id).await.unwrap();
        found.unwrap().state
    }

    async fn is_in_trouble(world: &World) -> bool {
        let chat = world.chats().await.remove(0);
        chat.outgoing
            .iter()
            .any(|outgoing| matches!(outgoing.trouble, Trouble::Failed { .. }))
    }

    fn failed(platform_id: &str, delivery: Option<DeliveryId>) -> Happening {
        Happening::Failed {
            platform_id: platform_id.into(),
            delivery,
            reason: FailureReason::WindowClosed,
        }
    }

    fn taken(platform_id: &str, delivery: DeliveryId) -> Happening {
        Happening::Taken {
            platform_id: platform_id.into(),
            delivery,
        }
    }

    #[tokio::test]
    async fn a_reply_that_was_sent_fails_when_the_platform_says_so_and_can_be_tried_again() {
        let (world, delivery) = begun().await;
        answered(&world, &delivery, "wamid.1").await;
        world
            .happens("failed:wamid.1", failed("wamid.1", None))
            .await;
        world
            .happens("failed:wamid.1", failed("wamid.1", None))
            .await;
        assert!(is_in_trouble(&world).await);
        assert_eq!(stage(&world, &delivery).await, DeliveryStage::Failed);
        let count = world
            .kinds()
            .iter()
            .filter(|k| **k == "reply_failed")
            .count();
        assert_eq!(count, 1, "said twice, it failed once");

        let message = delivery.body.message;
        let retry = DeskCommand::Retry { message };
        world.by_anna("t", delivery.chat, retry).await.unwrap();
        let again = claim(&world).await;
        assert_eq!((again.id, again.attempt), (delivery.id, 2));
        answered(&world, &again, "wamid.2").await;
        // News of the first try, that came late.
        let late = failed("wamid.1", Some(delivery.id));
        world.happens("late", late).await;
        assert!(!is_in_trouble(&world).await);
        assert_eq!(stage(&world, &delivery).await, DeliveryStage::Sent);
    }

    #[tokio::test]
    async fn a_receipt_that_carries_the_delivery_proves_a_send_that_was_not_answered() {
        let (world, delivery) = begun().await;
        let proof = taken("wamid.1", delivery.id);
        world.happens("msg:wamid.1", proof).await;
        assert_eq!(stage(&world, &delivery).await, DeliveryStage::Sent);
        let receipt = Happening::Delivered(Watermark {
            platform_ids: vec!["wamid.1".into()],
            before: vec![],
            until: None,
        });
        world.happens("delivered:wamid.1", receipt).await;
        let named = world.store.events().iter().any(|stored| {
            matches!(&stored.event, Event::ReplyDelivered { messages, .. } if *messages == [delivery.body.message])
        });
        assert!(named, "its name is known");
    }

    #[tokio::test(start_paused = true)]
    async fn a_receipt_that_overtakes_the_answer_to_the_call_waits_for_it() {
        let (world, delivery) = begun().await;
        let receipt = Happening::Delivered(Watermark {
            platform_ids: vec!["m.1".into()],
            before: vec![],
            until: None,
        });
        let soon = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            answered(&world, &delivery, "m.1").await;
        };
        tokio::join!(world.happens("delivered:m.1", receipt), soon);
        let is_named = world.store.events().iter().any(|stored| {
            matches!(&stored.event, Event::ReplyDelivered { messages, .. } if *messages == [delivery.body.message])
        });
        assert!(is_named, "it was not lost");
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_before_and_is_not_known_here_is_not_waited_for() {
        let (world, delivery) = begun().await;
        answered(&world, &delivery, "7:2").await;
        let chat = world.chats().await[0].id;
        world.by_anna("r2", chat, reply()).await.unwrap();
        claim(&world).await;
        let read = Happening::Read(Watermark {
            platform_ids: vec!["7:2".into()],
            before: vec!["7:1".into()],
            until: None,
        });
        world.happens("read:7:2", read).await;
        assert_eq!(*world.kinds().last().unwrap(), "reply_read");
    }

    #[tokio::test(start_paused = true)]
    async fn a_receipt_whose_reply_is_not_answered_for_long_is_asked_for_again() {
        let (world, _) = begun().await;
        let receipt = Happening::Read(Watermark {
            platform_ids: vec!["m.1".into()],
            before: vec![],
            until: None,
        });
        assert!(!world.is_taken("read:m.1", receipt).await);
        assert!(!world.kinds().contains(&"reply_read"));
    }

    #[tokio::test]
    async fn a_failure_that_comes_before_the_answer_and_before_its_own_proof_stands() {
        let (world, delivery) = begun().await;
        let failed = failed("wamid.1", Some(delivery.id));
        world.happens("failed:wamid.1", failed).await;
        answered(&world, &delivery, "wamid.1").await;
        let proof = taken("wamid.1", delivery.id);
        world.happens("msg:wamid.1", proof).await;
        assert!(is_in_trouble(&world).await);
        assert_eq!(stage(&world, &delivery).await, DeliveryStage::Failed);
    }

    #[tokio::test]
    async fn a_failure_that_meets_the_answer_half_way_is_not_used_up() {
        let (world, delivery) = begun().await;
        answered(&world, &delivery, "wamid.1").await;
        // Looked up before the answer, and told after it.
        let half_way = PlatformCommand::Failed {
            message: delivery.body.message,
            sent: None,
            reason: FailureReason::WindowClosed,
        };
        let key = "failed:wamid.1";
        let done = world.engine.by_platform_of(key, &delivery, half_way).await;
        assert_eq!(done.unwrap().seq, None);
        world.happens(key, failed("wamid.1", None)).await;
        assert!(is_in_trouble(&world).await);
    }

    #[tokio::test]
    async fn a_failure_of_what_is_not_ours_is_a_line_in_the_open_chat() {
        let (world, _) = begun().await;
        world
            .happens("failed:other", failed("other", Some(DeliveryId(1))))
            .await;
        world
            .happens("msg:other", taken("other", DeliveryId(1)))
            .await;
        assert_eq!(*world.kinds().last().unwrap(), "noticed");
    }
}
