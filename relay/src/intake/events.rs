//! One inbound event to one command: which chat it is about, and what it means there.

use std::sync::Arc;

use metrics::counter;

use shared::chat::{Chat, Opening, PlatformCommand, Receipt, Refusal};
use shared::model::{
    Attachment, ChannelId, ChatId, DeliveryId, EntryPoint, FileId, Message, MessageId, Notice,
    OnReturn, PlatformId, Timestamp, Visitor,
};

use crate::channels::{Happening, Inbound, Quote, Watermark};
use crate::engine::{EngineError, Taken};
use crate::store::{Delivery, DeliveryStage, StoreError};

use super::directory::Whereabouts;
use super::{Intake, IntakeError};

/// How often a visitor is looked up anew when their chat was closed or opened elsewhere meanwhile.
const TRIES: usize = 5;

/// What a message of either side consists of.
struct Said<'a> {
    platform_id: &'a PlatformId,
    text: &'a str,
    attachments: &'a [Attachment],
    quotes: Option<&'a Quote>,
    at: Timestamp,
}

impl Intake {
    #[expect(
        clippy::too_many_lines,
        reason = "one short arm per kind of event, and no wildcard"
    )]
    pub(super) async fn take_event(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
    ) -> Result<(), IntakeError> {
        match &inbound.what {
            Happening::Message {
                platform_id,
                text,
                attachments,
                quotes,
                entry,
                standby,
            } => {
                let said = Said {
                    platform_id,
                    text,
                    attachments,
                    quotes: quotes.as_ref(),
                    at: inbound.at,
                };
                let message = self.message(channel, said).await?;
                let make = |opening| PlatformCommand::Receive {
                    opening,
                    message: message.clone(),
                    standby: *standby,
                };
                self.visitor_speaks(channel, inbound, entry.as_ref(), make)
                    .await
            }
            Happening::Notice {
                notice,
                opens_window,
                entry,
            } => {
                let make = |opening| PlatformCommand::Notice {
                    opening,
                    notice: notice.clone(),
                    opens_window: *opens_window,
                    happened_at: inbound.at,
                };
                self.visitor_speaks(channel, inbound, entry.as_ref(), make)
                    .await
            }
            Happening::Remark { notice } => self.remark(channel, inbound, notice).await,
            Happening::ThreadControl { owner, notice } => {
                let make = |opening| PlatformCommand::ThreadControl {
                    opening,
                    owner: owner.clone(),
                    notice: notice.clone(),
                };
                self.our_side_speaks(channel, inbound, make).await
            }
            Happening::Edit {
                platform_id,
                text,
                edit,
            } => self.edit(channel, inbound, platform_id, text, *edit).await,
            Happening::Delete { platform_id } => self.delete(channel, inbound, platform_id).await,
            Happening::Reaction { platform_id, emoji } => {
                self.react(channel, inbound, platform_id, emoji.as_ref())
                    .await
            }
            Happening::Delivered(watermark) => {
                self.receipt(channel, inbound, watermark, PlatformCommand::Delivered)
                    .await
            }
            Happening::Read(watermark) => {
                self.receipt(channel, inbound, watermark, PlatformCommand::Read)
                    .await
            }
            Happening::Echo {
                platform_id,
                text,
                attachments,
                application,
                delivery,
            } => {
                let said = Said {
                    platform_id,
                    text,
                    attachments,
                    quotes: None,
                    at: inbound.at,
                };
                self.echo(channel, inbound, said, application.as_deref(), *delivery)
                    .await
            }
            Happening::Typing => {
                let at = self.whereabouts(channel, &inbound.visitor).await?;
                if let Some(chat) = at.chat {
                    self.listener.visitor_typing(chat);
                }
                Ok(())
            }
            Happening::Taken {
                platform_id,
                delivery,
            } => self.taken(channel, inbound, platform_id, *delivery).await,
            Happening::Failed {
                platform_id,
                delivery,
                reason,
            } => {
                self.failed(channel, inbound, platform_id, *delivery, reason)
                    .await
            }
            Happening::Profile(profile) => self.profile(channel, inbound, profile).await,
            Happening::AlsoCalled(other) => {
                self.also_called(channel, &inbound.visitor, other).await
            }
            Happening::Alarm { .. } => Ok(()),
        }
    }

    async fn message(&self, channel: &ChannelId, said: Said<'_>) -> Result<Message, StoreError> {
        let mut quotes = None;
        if let Some(Quote::Message(quoted)) = said.quotes {
            quotes = self
                .store
                .find_message(channel, quoted)
                .await?
                .map(|found| found.id);
        }
        Ok(Message {
            id: MessageId(self.engine.new_id()),
            platform_id: Some(said.platform_id.clone()),
            sent_at: said.at,
            text: said.text.to_owned(),
            attachments: self.with_files(channel, said.attachments),
            quotes,
            quotes_unknown: said.quotes.is_some() && quotes.is_none(),
        })
    }

    /// Gives an id to what is a file and can be fetched.
    fn with_files(&self, channel: &ChannelId, attachments: &[Attachment]) -> Vec<Attachment> {
        let door = self.registry.find(channel);
        let has_files = door.is_some_and(|door| !door.file_hosts().api_url.is_empty());
        let mut attachments = attachments.to_vec();
        for attachment in attachments.iter_mut().filter(|_| has_files) {
            let has_place = attachment.url.is_some()
                || attachment
                    .file
                    .as_ref()
                    .is_some_and(|file| file.handle.is_some());
            if attachment.kind.is_file() && has_place {
                attachment.file.get_or_insert_default().id = Some(FileId(self.engine.new_id()));
            }
        }
        attachments
    }

    /// Something that belongs into the visitor's open chat, or opens one (IN-02).
    async fn visitor_speaks(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        entry: Option<&EntryPoint>,
        make: impl Fn(Opening) -> PlatformCommand,
    ) -> Result<(), IntakeError> {
        for _ in 0..TRIES {
            let mut at = self.whereabouts(channel, &inbound.visitor).await?;
            let now = self.engine.now();
            if self.engine.blocks().is_silenced(at.visitor.id, now) {
                // What was dropped stays dropped: a repeat is not counted, and a catch-up does not bring it in later.
                if self.engine.forestall(channel, &inbound.key).await? {
                    self.drops(channel, &at);
                }
                return Ok(());
            }
            if at.chat.is_none() && self.on_return(channel) == OnReturn::Resume {
                at.chat = self.last_chat(&at).await?.map(|chat| chat.id);
            }
            let command = make(self.opening(channel, &at.visitor, entry));
            match self.hand_over(channel, &inbound.key, &at, command).await {
                Ok(()) => return Ok(()),
                Err(EngineError::Refused(Refusal::Closed)) => {
                    if let Some(chat) = at.chat {
                        self.engine.finish(channel, &inbound.key, chat).await?;
                    }
                    self.directory.forget(channel, &inbound.visitor);
                }
                Err(EngineError::Refused(Refusal::Finished) | EngineError::Overtaken) => {
                    self.directory.forget(channel, &inbound.visitor);
                }
                Err(EngineError::Refused(Refusal::VisitorBlocked)) => {
                    count_dropped(channel);
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(IntakeError::Busy)
    }

    async fn hand_over(
        &self,
        channel: &ChannelId,
        key: &str,
        at: &Whereabouts,
        command: PlatformCommand,
    ) -> Result<(), EngineError> {
        let chat = at.chat.unwrap_or_else(|| ChatId(self.engine.new_id()));
        let taken = self.engine.by_platform(channel, key, chat, command).await?;
        if taken.was_repeat {
            counter!("deskwire_repeated_events_total", "channel" => channel.to_string())
                .increment(1);
        } else if taken.chat.has_begun() {
            self.directory.note(&at.visitor, Some(chat));
            self.listener
                .visitor_seen(channel, chat, &taken.chat.visitor);
        }
        Ok(())
    }

    /// Whether what a silenced visitor does is dropped; counts it (BL-02).
    fn drops(&self, channel: &ChannelId, at: &Whereabouts) -> bool {
        let is_dropped = self
            .engine
            .blocks()
            .drop_one(at.visitor.id, self.engine.now());
        if is_dropped {
            count_dropped(channel);
        }
        is_dropped
    }

    pub(super) async fn remark(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        notice: &Notice,
    ) -> Result<(), IntakeError> {
        let at = self.whereabouts(channel, &inbound.visitor).await?;
        let Some(chat) = at.chat else { return Ok(()) };
        let command = PlatformCommand::Notice {
            opening: self.opening(channel, &at.visitor, None),
            notice: notice.clone(),
            opens_window: false,
            happened_at: inbound.at,
        };
        self.tell(channel, inbound, chat, command).await
    }

    /// An edit may overtake its message: then it comes in as the message, for what it says now is all that is needed.
    async fn edit(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        platform_id: &PlatformId,
        text: &str,
        edit: u32,
    ) -> Result<(), IntakeError> {
        let at = self.whereabouts(channel, &inbound.visitor).await?;
        if self.drops(channel, &at) {
            return Ok(());
        }
        let mut found = self.store.find_message(channel, platform_id).await?;
        if found.is_none()
            && let Some(original) = self.original(channel, inbound, platform_id)
        {
            let said = Said {
                platform_id,
                text,
                attachments: &[],
                quotes: None,
                at: inbound.at,
            };
            let message = self.message(channel, said).await?;
            let make = |opening| PlatformCommand::Receive {
                opening,
                message: message.clone(),
                standby: false,
            };
            self.visitor_speaks(channel, &original, None, make).await?;
            found = self.store.find_message(channel, platform_id).await?;
        }
        let Some(found) = found else {
            tracing::info!(%channel, "an edit speaks of a message that is not here");
            return Ok(());
        };
        let command = PlatformCommand::Edit {
            message: Some(found.id),
            text: text.to_owned(),
            edit,
            edited_at: inbound.at,
        };
        self.tell(channel, inbound, found.chat, command).await
    }

    /// A deletion may overtake its message: then the message is not taken in when it comes.
    async fn delete(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        platform_id: &PlatformId,
    ) -> Result<(), IntakeError> {
        let at = self.whereabouts(channel, &inbound.visitor).await?;
        if self.drops(channel, &at) {
            return Ok(());
        }
        let mut found = self.store.find_message(channel, platform_id).await?;
        if found.is_none()
            && let Some(original) = self.original(channel, inbound, platform_id)
        {
            if self.engine.forestall(channel, &original.key).await? {
                tracing::info!(%channel, "a message was taken back before it came");
                return Ok(());
            }
            found = self.store.find_message(channel, platform_id).await?;
        }
        let Some(found) = found else { return Ok(()) };
        let command = PlatformCommand::Delete { message: found.id };
        self.tell(channel, inbound, found.chat, command).await
    }

    /// A reaction goes to the chat that holds the message, else to the visitor's open chat.
    async fn react(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        platform_id: &PlatformId,
        emoji: Option<&String>,
    ) -> Result<(), IntakeError> {
        let at = self.whereabouts(channel, &inbound.visitor).await?;
        if self.drops(channel, &at) {
            return Ok(());
        }
        let (chat, message) = match self.store.find_message(channel, platform_id).await? {
            Some(found) => (Some(found.chat), Some(found.id)),
            None => (at.chat, None),
        };
        let Some(chat) = chat else {
            tracing::info!(%channel, "a reaction speaks of a message that is not here");
            return Ok(());
        };
        let command = PlatformCommand::React {
            message,
            emoji: emoji.cloned(),
            reacted_at: inbound.at,
        };
        self.tell(channel, inbound, chat, command).await
    }

    /// The message that a change speaks of, as it would come by itself.
    fn original(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        platform_id: &PlatformId,
    ) -> Option<Inbound> {
        let key = self.registry.find(channel)?.message_key(platform_id);
        Some(Inbound {
            key,
            ..inbound.clone()
        })
    }

    async fn receipt(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        watermark: &Watermark,
        make: fn(Receipt) -> PlatformCommand,
    ) -> Result<(), IntakeError> {
        let mut found = self
            .known_soon(channel, &inbound.visitor, &watermark.platform_ids)
            .await?;
        found.extend(self.all_known(channel, &watermark.before).await?);
        let mut chat = found.last().map(|found| found.chat);
        let messages = found.into_iter().map(|found| found.id).collect();
        if chat.is_none() {
            chat = self.whereabouts(channel, &inbound.visitor).await?.chat;
        }
        let Some(chat) = chat else { return Ok(()) };
        self.tell(
            channel,
            inbound,
            chat,
            make(Receipt {
                messages,
                until: watermark.until,
            }),
        )
        .await
    }

    /// A message of our side: a reply of this relay, or somebody else's (IN-08).
    async fn echo(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        said: Said<'_>,
        application: Option<&str>,
        delivery: Option<DeliveryId>,
    ) -> Result<(), IntakeError> {
        let platform_id = said.platform_id.clone();
        let ours = match self.delivery_of(channel, delivery).await? {
            Some(delivery) => Some(delivery),
            None if self
                .store
                .find_message(channel, &platform_id)
                .await?
                .is_some() =>
            {
                return Ok(());
            }
            None => {
                self.unsettled_like(channel, &inbound.visitor, said.text)
                    .await?
            }
        };
        if let Some(delivery) = ours {
            let (message, echoed_at) = (delivery.body.message, inbound.at);
            let command = PlatformCommand::EchoOurs {
                message,
                platform_id,
                echoed_at,
            };
            return self.tell(channel, inbound, delivery.chat, command).await;
        }
        let message = self.message(channel, said).await?;
        let make = |opening| PlatformCommand::EchoForeign {
            opening,
            message: message.clone(),
            application: application.map(str::to_owned),
        };
        self.our_side_speaks(channel, inbound, make).await
    }

    pub(super) async fn delivery_of(
        &self,
        channel: &ChannelId,
        id: Option<DeliveryId>,
    ) -> Result<Option<Delivery>, StoreError> {
        let Some(id) = id else { return Ok(None) };
        Ok(self
            .store
            .find_delivery(id)
            .await?
            .filter(|delivery| delivery.channel == *channel))
    }

    /// Finds a reply under way with the same words: an echo that carries nothing of ours, or a history, may be its proof.
    async fn unsettled_like(
        &self,
        channel: &ChannelId,
        visitor: &PlatformId,
        text: &str,
    ) -> Result<Option<Delivery>, StoreError> {
        let may_have_left = |delivery: &Delivery| {
            matches!(
                delivery.state,
                DeliveryStage::Sending | DeliveryStage::Unconfirmed
            ) || delivery.is_doubtful
        };
        let found = self.outgoing_to(channel, visitor).await?;
        let is_it =
            |found: &Delivery| may_have_left(found) && found.body.text.trim() == text.trim();
        Ok(found.into_iter().find(is_it))
    }

    /// Words of ours from elsewhere: into the open chat, or they open one in which nobody waits. None for a silenced
    /// visitor: in it a reply could leave.
    async fn our_side_speaks(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        make: impl Fn(Opening) -> PlatformCommand,
    ) -> Result<(), IntakeError> {
        for _ in 0..TRIES {
            let at = self.whereabouts(channel, &inbound.visitor).await?;
            let mut opening = self.opening(channel, &at.visitor, None);
            if at.chat.is_none() {
                let now = self.engine.now();
                if self.engine.blocks().is_silenced(at.visitor.id, now) {
                    return Ok(());
                }
                let last = self.last_chat(&at).await?;
                opening.window_from = last.and_then(|chat| chat.window_from);
            }
            let command = make(opening);
            match self.hand_over(channel, &inbound.key, &at, command).await {
                Err(EngineError::Refused(Refusal::Finished) | EngineError::Overtaken) => {
                    self.directory.forget(channel, &inbound.visitor);
                }
                Err(EngineError::Refused(_)) | Ok(()) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(IntakeError::Busy)
    }

    /// Tells an existing chat something; a refusal means that it does not matter there.
    pub(super) async fn tell(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        chat: ChatId,
        command: PlatformCommand,
    ) -> Result<(), IntakeError> {
        match self
            .engine
            .by_platform(channel, &inbound.key, chat, command)
            .await
        {
            Ok(Taken { .. }) | Err(EngineError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn on_return(&self, channel: &ChannelId) -> OnReturn {
        let policy = self.engine.policy();
        let profile = policy.find_channel(channel);
        profile.map_or_else(OnReturn::default, |profile| profile.on_return)
    }

    /// The visitor's chat before, for somebody who is in none.
    async fn last_chat(&self, at: &Whereabouts) -> Result<Option<Chat>, StoreError> {
        let mut chats = self
            .store
            .list_visitor_chats(at.visitor.id, None, 1)
            .await?;
        Ok(chats.pop())
    }

    pub(super) async fn whereabouts(
        &self,
        channel: &ChannelId,
        visitor: &PlatformId,
    ) -> Result<Whereabouts, StoreError> {
        self.directory
            .find(self.store.as_ref(), channel, visitor, || {
                self.engine.new_id()
            })
            .await
    }

    fn opening(
        &self,
        channel: &ChannelId,
        visitor: &Arc<Visitor>,
        entry: Option<&EntryPoint>,
    ) -> Opening {
        let policy = self.engine.policy();
        let profile = policy.find_channel(channel);
        Opening {
            visitor: visitor.as_ref().clone(),
            language: profile.map_or_else(
                || policy.company.language.clone(),
                |profile| profile.language.clone(),
            ),
            department: profile.and_then(|profile| profile.department.clone()),
            reserved_for: profile.and_then(|profile| profile.operator.clone()),
            entry: entry.cloned(),
            window_from: None,
        }
    }
}

fn count_dropped(channel: &ChannelId) {
    counter!("deskwire_dropped_of_blocked_total", "channel" => channel.to_string()).increment(1);
}
