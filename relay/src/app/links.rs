//! What commands of this machine ask for, done by whoever looks after the channel.

use std::sync::Arc;

use async_trait::async_trait;

use shared::model::ChannelId;

use crate::channels::Left;
use crate::control::{Answer, ChannelLine, Obeys, Request, Wish};
use crate::engine::Engine;
use crate::keeper::{LinkError, Recovered};

use super::crew::Crew;

/// Does it.
pub(super) struct Links {
    pub(super) crew: Crew,
    pub(super) engine: Arc<Engine>,
}

#[async_trait]
impl Obeys for Links {
    async fn answer(&self, request: Request) -> Answer {
        match request {
            Request::Channels => Answer::Channels {
                channels: self.list(),
            },
            Request::Link { channel, wish } => self.link(&channel, wish).await,
        }
    }
}

impl Links {
    fn list(&self) -> Vec<ChannelLine> {
        let policy = self.engine.policy();
        let lines = policy.channels.iter().map(|channel| ChannelLine {
            id: channel.id.clone(),
            kind: channel.kind.clone(),
            name: channel.name.clone(),
            state: self.crew.outbox.health.state(&channel.id),
        });
        lines.collect()
    }

    async fn link(&self, channel: &ChannelId, wish: Wish) -> Answer {
        let policy = self.engine.policy();
        let Some(profile) = policy.find_channel(channel) else {
            let ids: Vec<_> = policy
                .channels
                .iter()
                .map(|known| known.id.as_str())
                .collect();
            let text = format!(
                "there is no channel {channel}; there are: {}",
                ids.join(", ")
            );
            return Answer::Failed { text };
        };
        let done = if profile.active {
            self.obey(channel, wish).await
        } else {
            Err(LinkError::SwitchedOff)
        };
        match done {
            Ok(words) => Answer::Done {
                text: format!("{channel}: {words}"),
            },
            Err(error) => Answer::Failed {
                text: format!("{channel}: {}", not_done(wish, &error)),
            },
        }
    }

    async fn obey(&self, channel: &ChannelId, wish: Wish) -> Result<String, LinkError> {
        let keeper = self.crew.keeper(channel);
        match wish {
            Wish::SetUp => keeper.set_up().await.map(|()| SET_UP.to_owned()),
            Wish::Unlink => keeper.unlink().await.map(left),
            Wish::Relink => {
                let recovered = keeper.relink().await?;
                Ok(format!("relinked and works; {}", brought(recovered)))
            }
            Wish::Recover => keeper.recover().await.map(brought),
        }
    }
}

const UNLINKED: &str = "unlinked; replies wait until it is relinked";
const SET_UP: &str = "works; what can be set up from here is set up";

fn left(left: Left) -> String {
    let platform = match left {
        Left::Done => "the platform calls this relay no more",
        Left::ByHand => {
            "the platform cannot be told from here, so what it still brings is taken in; take the address out there by hand"
        }
    };
    format!("{UNLINKED}; {platform}")
}

fn brought(recovered: Recovered) -> String {
    let all = match recovered.told {
        0 => "the platform told of nothing in the last 24 hours (one that keeps what it could not bring, brings it by itself)"
            .to_owned(),
        told => format!(
            "the platform told of {told} events of the last 24 hours; what was missing is in its chats now, with its true time"
        ),
    };
    if recovered.is_too_much {
        format!(
            "{all}; more was missed than it lets us fetch: look into its own inbox for older messages"
        )
    } else {
        all
    }
}

fn not_done(wish: Wish, error: &LinkError) -> String {
    match error {
        LinkError::Fault(fault) => match wish {
            Wish::Unlink => format!(
                "{UNLINKED}; the platform could not be told ({}), so what it still brings is taken in",
                fault.reason
            ),
            Wish::Relink => format!(
                "relinked, but it does not work: {}; it is looked at again every minute",
                fault.reason
            ),
            Wish::SetUp | Wish::Recover => error.to_string(),
        },
        LinkError::InPart if wish == Wish::Relink => format!("relinked; {error}"),
        LinkError::InPart | LinkError::SwitchedOff | LinkError::Unlinked | LinkError::Store(_) => {
            error.to_string()
        }
    }
}
