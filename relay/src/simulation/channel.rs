//! A relay's way to a simulated platform. What a call leads to is decided by chance; a call that has been written takes
//! effect whatever becomes of the relay.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;
use tokio::time::sleep;

use shared::model::{Abilities, ChannelId, FailureReason, PlatformId, Reconciles, Timestamp};

use crate::channels::{
    Answer, CatchUpEnd, CaughtUp, Channel, FetchError, History, LinkFault, Outbound, Profile,
    Receipt, Received, Rejected, SendError, Webhook,
};

use super::line::Life;
use super::platform::Platform;
use super::sabotage::Sabotage;

pub(super) struct SimChannel {
    id: ChannelId,
    account: PlatformId,
    abilities: Abilities,
    platform: Arc<Platform>,
    life: Arc<Life>,
    sabotage: Option<Sabotage>,
}

/// What a call leads to.
enum Fate {
    NotSent,
    TooFast(Duration),
    Refused,
    /// Written; nobody hears of it again.
    Vanishes,
    /// It arrives, and the answer comes or does not.
    Arrives {
        after: Duration,
        is_answered: bool,
    },
}

impl SimChannel {
    pub(super) fn new(
        id: ChannelId,
        platform: Arc<Platform>,
        life: Arc<Life>,
        sabotage: Option<Sabotage>,
    ) -> Self {
        let mut abilities = platform.kinds[&id].abilities();
        if sabotage == Some(Sabotage::SendsAgain) {
            abilities.reconciles = Reconciles::ByKey;
        }
        Self {
            account: Platform::account(&id),
            id,
            abilities,
            platform,
            life,
            sabotage,
        }
    }

    /// 15 in 100 are doubtful.
    fn fate(&self) -> Fate {
        let chance = &self.platform.chance;
        let quickly = chance.millis(5..300);
        let arrives = |after, is_answered| Fate::Arrives { after, is_answered };
        match chance.below(100) {
            _ if self.platform.storm.is_over() => arrives(quickly, true),
            0..4 => Fate::NotSent,
            4..6 => Fate::TooFast(chance.millis(500..8_000)),
            6..8 => Fate::Refused,
            8..15 => Fate::Vanishes,
            15..20 => arrives(quickly, false),
            20..23 => arrives(chance.millis(5_000..15_000), false),
            23..26 => arrives(chance.millis(1_000..8_000), true),
            _ => arrives(quickly, true),
        }
    }
}

fn unclear() -> SendError {
    SendError::Unclear {
        cause: "no answer".into(),
    }
}

#[async_trait]
impl Channel for SimChannel {
    fn abilities(&self) -> &Abilities {
        &self.abilities
    }

    fn account(&self) -> &PlatformId {
        &self.account
    }

    fn secret_fingerprint(&self) -> [u8; 32] {
        [7; 32]
    }

    fn handshake(&self, _query: &str) -> Result<Answer, Rejected> {
        Err(Rejected::WrongToken)
    }

    /// A body is the numbers of what it tells.
    fn receive(&self, webhook: &Webhook<'_>) -> Result<Received, Rejected> {
        let body = std::str::from_utf8(webhook.body).map_err(|_unread| Rejected::Malformed)?;
        let events = body.split(',').map(|number| {
            let event = number.parse().ok()?;
            self.platform.inbound(event)
        });
        Ok(Received {
            answer: Answer { body: "ok".into() },
            inbound: events.collect::<Option<_>>().ok_or(Rejected::Malformed)?,
            unread: vec![],
            ignored: vec![],
        })
    }

    fn message_key(&self, platform_id: &PlatformId) -> String {
        format!("msg:{platform_id}")
    }

    async fn send(&self, reply: &Outbound) -> Result<Receipt, SendError> {
        self.life.runs().await;
        match self.sabotage {
            Some(Sabotage::PretendsToSend) => {
                let platform_id = Some(PlatformId(format!("p_{}", reply.delivery)));
                return Ok(Receipt { platform_id });
            }
            Some(Sabotage::WaitsForEver) => std::future::pending::<()>().await,
            Some(_) | None => {}
        }
        sleep(self.platform.chance.millis(1..40)).await;
        self.life.runs().await;
        if self.platform.is_broken(&self.id) {
            return Err(SendError::Unauthorized(LinkFault {
                reason: "the token has expired".into(),
                is_passing: false,
            }));
        }
        let (after, is_answered) = match self.fate() {
            Fate::NotSent => {
                return Err(SendError::NotSent {
                    cause: "no route".into(),
                    tries: None,
                });
            }
            Fate::TooFast(wait) => return Err(SendError::TooFast { wait: Some(wait) }),
            Fate::Refused => return Err(SendError::Refused(FailureReason::ThreadControlled)),
            Fate::Vanishes => {
                sleep(self.platform.chance.millis(50..10_000)).await;
                self.life.runs().await;
                return Err(unclear());
            }
            Fate::Arrives { after, is_answered } => (after, is_answered),
        };
        let (arrived_tx, arrived_rx) = oneshot::channel();
        let (platform, id, reply) = (Arc::clone(&self.platform), self.id.clone(), reply.clone());
        tokio::spawn(async move {
            sleep(after).await;
            let platform_id = platform.arrive(&id, &reply);
            // Nobody may be waiting for it any more.
            arrived_tx.send(platform_id).ok();
        });
        if self.sabotage == Some(Sabotage::IsTooEarly) {
            return Ok(Receipt { platform_id: None });
        }
        if is_answered && let Ok(platform_id) = arrived_rx.await {
            self.life.runs().await;
            return Ok(Receipt {
                platform_id: Some(platform_id),
            });
        }
        sleep(self.platform.chance.millis(50..10_000)).await;
        self.life.runs().await;
        Err(unclear())
    }

    async fn profile(&self, _visitor: &PlatformId) -> Result<Option<Profile>, FetchError> {
        Ok(None)
    }

    async fn history(&self, visitor: &PlatformId) -> Result<History, FetchError> {
        self.life.runs().await;
        sleep(self.platform.chance.millis(20..800)).await;
        self.life.runs().await;
        if !self.platform.kinds[&self.id].has_history() {
            return Err(FetchError::Refused {
                cause: "it has no history".into(),
            });
        }
        if !self.platform.storm.is_over() && self.platform.chance.is(100) {
            return Err(FetchError::Later {
                cause: "no answer".into(),
            });
        }
        Ok(self.platform.history(&self.id, visitor))
    }

    async fn catch_up(&self, since: Timestamp, _reach: Duration) -> Result<CaughtUp, FetchError> {
        self.life.runs().await;
        sleep(self.platform.chance.millis(20..800)).await;
        self.life.runs().await;
        let inbound = self.platform.since(&self.id, since);
        Ok(CaughtUp {
            newest: inbound.iter().map(|inbound| inbound.at).max(),
            inbound,
            end: CatchUpEnd::Reached,
        })
    }

    async fn check_link(&self) -> Result<(), LinkFault> {
        self.life.runs().await;
        if self.platform.is_broken(&self.id) {
            return Err(LinkFault {
                reason: "the token has expired".into(),
                is_passing: false,
            });
        }
        Ok(())
    }
}
