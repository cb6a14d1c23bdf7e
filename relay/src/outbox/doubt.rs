//! A send whose outcome is unknown: by the platform's way the echo is waited for and the history asked, or it is sent again
//! under the same key, or an operator is asked. What a history says is read in `reconcile`.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use shared::chat::SettledAs;
use shared::model::Reconciles;

use crate::channels::{Channel, History};
use crate::store::{Delivery, DeliveryStage, PutBack, StoreError};

use super::backoff::{MOST_ATTEMPTS, backoff};
use super::reconcile::{Known, Verdict, verdict};
use super::worker::Worker;

/// For the echo of a doubtful send to come by itself.
const ECHO_WITHIN: Duration = Duration::from_secs(20);
/// Between looks whether it has come.
const ECHO_POLL: Duration = Duration::from_millis(250);

impl Worker {
    pub(super) async fn clear_up(
        &self,
        channel: &Arc<dyn Channel>,
        delivery: &Delivery,
        cause: &str,
    ) {
        tracing::warn!(channel = %self.channel, delivery = %delivery.id, cause, "a reply may have been sent");
        metrics::counter!("deskwire_doubtful_sends_total").increment(1);
        self.put_back(
            delivery,
            PutBack::Doubtful {
                error: cause.to_owned(),
            },
        )
        .await;
        match channel.abilities().reconciles {
            Reconciles::ByKey => {
                let wait = backoff(delivery.attempt, self.outbox.clock.chance());
                self.put_back_due(delivery, self.outbox.clock.now().plus(wait), cause)
                    .await;
            }
            Reconciles::ByEcho => self.ask_around(channel, delivery).await,
            Reconciles::Never => self.settle(delivery, SettledAs::Unconfirmed).await,
        }
    }

    /// Waits for the echo, then asks the history, then decides.
    async fn ask_around(&self, channel: &Arc<dyn Channel>, delivery: &Delivery) {
        if timeout(ECHO_WITHIN, self.until_settled(delivery))
            .await
            .is_ok()
        {
            return;
        }
        let verdict = match channel.history(&delivery.body.visitor).await {
            Ok(history) => match self.known(delivery, &history).await {
                Ok(known) => verdict(delivery, &history, &known),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(channel = %self.channel, error, "the store does not tell what is known");
                    Verdict::Unknown
                }
            },
            Err(error) => {
                tracing::warn!(channel = %self.channel, %error, "the platform's history does not tell");
                Verdict::Unknown
            }
        };
        match verdict {
            Verdict::Sent(platform_id, begun_at) => {
                let platform_id = Some(platform_id);
                self.settle(
                    delivery,
                    SettledAs::Sent {
                        platform_id,
                        begun_at,
                    },
                )
                .await;
            }
            // Nobody can say that the next one will get through.
            Verdict::NotSent if delivery.attempt >= MOST_ATTEMPTS => {
                self.settle(delivery, SettledAs::Unconfirmed).await;
            }
            Verdict::NotSent => {
                // A platform that never answers well is asked less and less often.
                let wait = backoff(delivery.attempt, self.outbox.clock.chance());
                let not_before = self.outbox.clock.now().plus(wait);
                self.put_back_due(delivery, not_before, "the platform has not got it")
                    .await;
            }
            Verdict::Unknown => self.settle(delivery, SettledAs::Unconfirmed).await,
        }
    }

    /// What we know of each message of a history, by the order in which we came to know it.
    async fn known(
        &self,
        delivery: &Delivery,
        history: &History,
    ) -> Result<Vec<Known>, StoreError> {
        let store = &self.outbox.store;
        let reply = store.find_message_by_id(delivery.body.message).await?;
        let mut known = vec![];
        for message in &history.messages {
            let found = store
                .find_message(&self.channel, &message.platform_id)
                .await?;
            known.push(Known::of(message, found.as_ref(), delivery, reply.as_ref()));
        }
        Ok(known)
    }

    async fn until_settled(&self, delivery: &Delivery) {
        loop {
            if let Ok(Some(now)) = self.outbox.store.find_delivery(delivery.id).await
                && (now.state != DeliveryStage::Sending || now.attempt != delivery.attempt)
            {
                return;
            }
            tokio::time::sleep(ECHO_POLL).await;
        }
    }
}
