//! Load, **decide**, commit, and again if the chat has moved meanwhile: the only caller of the rules. Commands of one chat
//! take turns; chats never wait for one another.

mod blocks;
mod change;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use shared::chat::rights::sees;
use shared::chat::{
    Actor, Chat, Command, Context, DeskCommand, FreshIds, PlatformCommand, Refusal, RelayCommand,
    ReplyDraft, SettledAs, Sight,
};
use shared::model::{
    ChannelId, ChatId, CommandId, DeliveryId, FileFault, KeptFile, MessageId, OperatorId, Policy,
    Seq, Timestamp,
};

use crate::clock::Clock;
use crate::store::{
    Change, Delivery, DeliveryStage, DueChat, FileRow, FileStage, Key, Outcome, Store, StoreError,
};

pub use blocks::Blocks;

use change::Attempt;
use turns::{Turn, Turns};

/// How often a command is decided anew before the caller is told to come back.
const TRIES: usize = 5;

/// Told when a commit makes work for somebody else. Ringing is cheap and may happen for nothing.
pub trait Bells: Send + Sync {
    /// A delivery of this channel became due, or will.
    fn outbox(&self, channel: &ChannelId);
    /// A chat has a deadline.
    fn timers(&self, deadline: Timestamp);
    /// A file of this channel is to be fetched.
    fn files(&self, channel: &ChannelId) {
        // Where nobody fetches any.
        let _ = channel;
    }
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The rules say no.
    #[error("refused: {}", .0.sentence())]
    Refused(Refusal),
    /// Something beside the chat has moved on: the visitor has another open chat, a delivery is past that attempt.
    #[error("something else was faster")]
    Overtaken,
    /// Too many others at the same chat; try again.
    #[error("the chat is too busy")]
    Busy,
    /// Unknown whether it was done; the same key makes trying again harmless.
    #[error("could not reach the store")]
    Store(#[from] StoreError),
}

/// What a command led to.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken {
    /// Its last event; none: there was nothing to do.
    pub seq: Option<Seq>,
    /// It had been done before; nothing happened now.
    pub was_repeat: bool,
    /// The chat after it, as far as this relay knows.
    pub chat: Arc<Chat>,
}

/// The one door to every chat.
pub struct Engine {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    bells: Arc<dyn Bells>,
    policy: RwLock<Arc<Policy>>,
    online: Mutex<Arc<BTreeSet<OperatorId>>>,
    turns: Turns,
    blocks: Blocks,
}

impl Engine {
    /// Returns an engine over a store. Blocks in force are read from it first.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn start(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        bells: Arc<dyn Bells>,
        policy: Policy,
    ) -> Result<Arc<Self>, StoreError> {
        let blocks = Blocks::of(store.list_blocks().await?);
        Ok(Arc::new(Self {
            store,
            clock,
            bells,
            policy: RwLock::new(Arc::new(policy)),
            online: Mutex::default(),
            turns: Turns::default(),
            blocks,
        }))
    }

    /// Returns the policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another policy in force, in one step.
    pub fn set_policy(&self, policy: Policy) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    /// Notes that an operator came or went.
    pub fn set_online(&self, operator: &OperatorId, is_online: bool) {
        let mut online = self.online.lock().unwrap_or_else(PoisonError::into_inner);
        let operators = Arc::make_mut(&mut online);
        if is_online {
            operators.insert(operator.clone());
        } else {
            operators.remove(operator);
        }
    }

    /// Returns who has a desk open.
    pub fn online(&self) -> Arc<BTreeSet<OperatorId>> {
        Arc::clone(&self.online.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the blocks in force.
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// Takes over the blocks as the store has them: another relay may have changed them.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn load_blocks(&self) -> Result<(), StoreError> {
        self.blocks.replace(self.store.list_blocks().await?);
        Ok(())
    }

    /// Returns the time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns a new id of now.
    pub fn new_id(&self) -> i64 {
        self.clock.new_id(self.now())
    }

    /// Does what an operator asks. A repeat of the same command id is answered as the first time (OUT-02).
    ///
    /// # Errors
    ///
    /// [`EngineError::Refused`] by the rules; the others ask for the same again.
    pub async fn by_operator(
        &self,
        operator: &OperatorId,
        id: &CommandId,
        chat: ChatId,
        command: DeskCommand,
    ) -> Result<Taken, EngineError> {
        let key = Key(format!("op:{operator}:{id}"));
        let actor = Actor::Operator(operator.clone());
        let done = if self.quotes_elsewhere(operator, chat, &command).await? {
            Err(EngineError::Refused(Refusal::NoSuchMessage))
        } else if self.has_strange_file(chat, &command).await? {
            Err(EngineError::Refused(Refusal::NoSuchFile))
        } else {
            self.perform(chat, &key, &actor, &Command::Desk(command), None)
                .await
        };
        match done {
            Err(EngineError::Overtaken) => Err(EngineError::Refused(Refusal::AlreadyLeaving)),
            Err(EngineError::Refused(refusal)) => match self.refuse(chat, key).await? {
                Some(taken) => Ok(taken),
                None => Err(EngineError::Refused(refusal)),
            },
            Ok(taken) if taken.was_repeat && taken.seq.is_none() => {
                Err(EngineError::Refused(Refusal::RefusedBefore))
            }
            other => other,
        }
    }

    /// Whether a reply quotes a message that its chat does not hold: the platform would be told the id of another
    /// visitor's. The chat itself does not know its messages, so the rules cannot tell. Of a chat out of sight nothing is
    /// said here.
    async fn quotes_elsewhere(
        &self,
        operator: &OperatorId,
        chat: ChatId,
        command: &DeskCommand,
    ) -> Result<bool, StoreError> {
        let DeskCommand::Reply(ReplyDraft {
            quotes: Some(quoted),
            ..
        }) = command
        else {
            return Ok(false);
        };
        let quoted = self.store.find_message_by_id(*quoted).await?;
        if quoted.is_some_and(|quoted| quoted.chat == chat) {
            return Ok(false);
        }
        let (chat, policy) = (self.store.find_chat(chat).await?, self.policy());
        let sight = chat.as_ref().map(Sight::of);
        Ok(policy
            .find_operator(operator)
            .zip(sight)
            .is_some_and(|(operator, sight)| sees(operator, &sight, &policy)))
    }

    /// Whether a reply carries a file that was not handed in for its chat as it says, or has left with another reply.
    async fn has_strange_file(
        &self,
        chat: ChatId,
        command: &DeskCommand,
    ) -> Result<bool, StoreError> {
        let DeskCommand::Reply(ReplyDraft {
            file: Some(handed), ..
        }) = command
        else {
            return Ok(false);
        };
        let row = self.store.find_file(handed.id).await?;
        let is_it = |row: &FileRow| {
            row.chat == chat
                && row.message.is_none()
                && row.stage == FileStage::Kept
                && row.kept.as_ref() == Some(&handed.file)
        };
        Ok(!row.as_ref().is_some_and(is_it))
    }

    /// Takes in what a platform tells of one chat. `event` is unique within the channel (IN-04).
    ///
    /// # Errors
    ///
    /// As [`Self::by_operator`]; [`EngineError::Overtaken`]: the visitor has another open chat.
    pub async fn by_platform(
        &self,
        channel: &ChannelId,
        event: &str,
        chat: ChatId,
        command: PlatformCommand,
    ) -> Result<Taken, EngineError> {
        let key = Key(format!("in:{channel}:{event}"));
        self.perform(
            chat,
            &key,
            &Actor::Platform,
            &Command::Platform(command),
            None,
        )
        .await
    }

    /// Takes in what a platform tells of a reply, if its delivery has not moved on to another attempt. `event` is unique
    /// within the channel (IN-04), and not used up where nothing came of it.
    ///
    /// # Errors
    ///
    /// As [`Self::by_platform`]; [`EngineError::Overtaken`]: the delivery has moved on.
    pub async fn by_platform_of(
        &self,
        event: &str,
        delivery: &Delivery,
        command: PlatformCommand,
    ) -> Result<Taken, EngineError> {
        let key = Key(format!("in:{}:{event}", delivery.channel));
        let attempt = Attempt {
            delivery: delivery.id,
            number: delivery.attempt,
        };
        let command = Command::Platform(command);
        let actor = Actor::Platform;
        self.perform(delivery.chat, &key, &actor, &command, Some(attempt))
            .await
    }

    /// Takes the key of an event that must not be taken in when it comes: what it speaks of is undone already. False: it
    /// came before.
    ///
    /// # Errors
    ///
    /// The store does not answer; ask again.
    pub async fn forestall(&self, channel: &ChannelId, event: &str) -> Result<bool, EngineError> {
        let key = Key(format!("in:{channel}:{event}"));
        Ok(self.take_key(key).await?.is_none())
    }

    /// Takes a key for nothing. Returns none, or what it was taken for before: an event, or nothing as well.
    async fn take_key(&self, key: Key) -> Result<Option<Option<Seq>>, EngineError> {
        let nowhere = Chat::unborn(ChatId(self.new_id()));
        let change = change::derive(&nowhere, key, vec![], self.now(), &self.policy(), None);
        match self.store.commit(vec![change]).await?.pop() {
            Some(Outcome::Done { .. }) => Ok(None),
            Some(Outcome::Already { seq }) => Ok(Some(seq)),
            Some(Outcome::Moved { .. }) | None => Err(EngineError::Busy),
        }
    }

    /// Finishes a softly closed chat whose visitor gets a new one (IN-03). `event` is what they said.
    ///
    /// # Errors
    ///
    /// As [`Self::by_operator`].
    pub async fn finish(
        &self,
        channel: &ChannelId,
        event: &str,
        chat: ChatId,
    ) -> Result<Taken, EngineError> {
        let key = Key(format!("left:{channel}:{event}"));
        let command = Command::Relay(RelayCommand::Finish);
        self.perform(chat, &key, &Actor::Relay, &command, None)
            .await
    }

    /// Takes in a profile, which no event of the platform carries (V-01).
    ///
    /// # Errors
    ///
    /// As [`Self::by_operator`].
    pub async fn by_profile(
        &self,
        chat: ChatId,
        command: PlatformCommand,
    ) -> Result<Taken, EngineError> {
        let key = Key(format!("profile:{chat}:{}", self.now().0));
        self.perform(chat, &key, &Actor::Relay, &Command::Platform(command), None)
            .await
    }

    /// Commits what became of a delivery together with its event.
    ///
    /// # Errors
    ///
    /// [`EngineError::Overtaken`]: it is past that attempt; others: try again.
    pub async fn settle(
        &self,
        delivery: &Delivery,
        result: SettledAs,
    ) -> Result<Taken, EngineError> {
        let (id, number) = (delivery.id, delivery.attempt);
        // One that waits has not begun its next attempt: the key of the last one is taken.
        let key = Key(match (delivery.state, delivery.window_ends) {
            (DeliveryStage::Due, Some(ends)) => format!("late:{id}:{number}:{}", ends.0),
            (DeliveryStage::Due, None) => format!("late:{id}:{number}"),
            (
                DeliveryStage::Sending
                | DeliveryStage::Sent
                | DeliveryStage::Failed
                | DeliveryStage::Unconfirmed
                | DeliveryStage::Withdrawn,
                _,
            ) => format!("out:{id}:{number}"),
        });
        let message = delivery.body.message;
        let command = Command::Relay(RelayCommand::Settle {
            delivery: delivery.id,
            message,
            result,
        });
        let attempt = Attempt {
            delivery: delivery.id,
            number: delivery.attempt,
        };
        self.perform(delivery.chat, &key, &Actor::Relay, &command, Some(attempt))
            .await
    }

    /// Commits what became of a file together with its event.
    ///
    /// # Errors
    ///
    /// [`EngineError::Busy`]: nobody wants the file any more, or the chat is too busy; others: try again.
    pub async fn file(
        &self,
        row: &FileRow,
        result: Result<KeptFile, FileFault>,
    ) -> Result<Taken, EngineError> {
        let key = Key(match &result {
            Err(FileFault::Expired) => format!("old:{}", row.id),
            Ok(_) | Err(_) => format!("file:{}", row.id),
        });
        let Some(message) = row.message else {
            return Err(EngineError::Overtaken);
        };
        let command = Command::Relay(RelayCommand::File {
            message,
            id: row.id,
            result,
        });
        self.perform(row.chat, &key, &Actor::Relay, &command, None)
            .await
    }

    /// Does what is due in a chat.
    ///
    /// # Errors
    ///
    /// Others than refusals: try again.
    pub async fn tick(&self, due: DueChat) -> Result<Taken, EngineError> {
        let key = Key(format!("tick:{}:{}", due.chat, due.deadline.0));
        self.perform(
            due.chat,
            &key,
            &Actor::Relay,
            &Command::Relay(RelayCommand::Tick),
            None,
        )
        .await
    }

    async fn perform(
        &self,
        id: ChatId,
        key: &Key,
        actor: &Actor,
        command: &Command,
        attempt: Option<Attempt>,
    ) -> Result<Taken, EngineError> {
        let mut turn = self.turns.take(id).await;
        for _ in 0..TRIES {
            let is_remembered = turn.chat().is_some();
            let chat = self.load(&mut turn, id).await?;
            // Decided by the clock as it is, even when it was ahead before: only the order of events must not run back.
            let now = self.clock.now();
            let policy = self.policy();
            let decided = self.decide(&chat, command, actor, now, &policy);
            let is_committed = match &decided {
                Ok(events) => {
                    !events.is_empty()
                        || (attempt.is_some() && *actor == Actor::Relay)
                        || matches!(command, Command::Relay(RelayCommand::Tick))
                }
                Err(_) => false,
            };
            if is_remembered && !is_committed {
                // A commit would tell whether another relay has moved the chat on; without one, only the store does.
                turn.forget();
                continue;
            }
            let events = decided?;
            if !is_committed {
                return Ok(Taken {
                    seq: None,
                    was_repeat: false,
                    chat,
                });
            }
            let change = change::derive(&chat, key.clone(), events, now, &policy, attempt);
            if let Some(taken) = self.commit(&mut turn, chat, change).await? {
                return Ok(taken);
            }
        }
        Err(EngineError::Busy)
    }

    fn decide(
        &self,
        chat: &Chat,
        command: &Command,
        actor: &Actor,
        now: Timestamp,
        policy: &Policy,
    ) -> Result<Vec<shared::chat::Event>, EngineError> {
        let online = self.online();
        let fresh = FreshIds {
            message: MessageId(self.clock.new_id(now)),
            delivery: DeliveryId(self.clock.new_id(now)),
        };
        let context = Context {
            now,
            policy,
            actor,
            online: &online,
            fresh,
        };
        chat.decide(command, &context).map_err(EngineError::Refused)
    }

    async fn load(&self, turn: &mut Turn, id: ChatId) -> Result<Arc<Chat>, StoreError> {
        if let Some(chat) = turn.chat() {
            return Ok(chat);
        }
        let chat = self
            .store
            .find_chat(id)
            .await?
            .unwrap_or_else(|| Chat::unborn(id));
        Ok(turn.keep(Arc::new(chat)))
    }

    /// Returns none when the chat has moved: decide again.
    async fn commit(
        &self,
        turn: &mut Turn,
        before: Arc<Chat>,
        change: Change,
    ) -> Result<Option<Taken>, EngineError> {
        let (expected, count) = (change.expected, change.events.len());
        let consequences = Consequences::of(&change);
        let mut after = Arc::clone(&change.after);
        turn.forget();
        let outcome = self.store.commit(vec![change]).await?.pop();
        match outcome {
            Some(Outcome::Done { first, mark: _ }) => {
                if after.number.is_none() && count > 0 {
                    Arc::make_mut(&mut after).number = Some(first);
                }
                let chat = turn.keep(after);
                self.follow(consequences, &chat);
                let last = Seq(first.0 + i64::try_from(count).unwrap_or(0) - 1);
                Ok(Some(Taken {
                    seq: (count > 0).then_some(last),
                    was_repeat: false,
                    chat,
                }))
            }
            Some(Outcome::Already { seq }) => Ok(Some(Taken {
                seq,
                was_repeat: true,
                chat: before,
            })),
            Some(Outcome::Moved { now }) if now == expected => Err(EngineError::Overtaken),
            Some(Outcome::Moved { .. }) | None => Ok(None),
        }
    }

    /// Refuses a command for good, unless it was done before: an older line to its desk may still bring it, and by then it
    /// might be allowed.
    async fn refuse(&self, chat: ChatId, key: Key) -> Result<Option<Taken>, EngineError> {
        let done = self.take_key(key).await?.flatten();
        Ok(done.map(|seq| Taken {
            seq: Some(seq),
            was_repeat: true,
            chat: Arc::new(Chat::unborn(chat)),
        }))
    }

    fn follow(&self, consequences: Consequences, chat: &Chat) {
        if consequences.rings_outbox {
            self.bells.outbox(&chat.visitor.channel);
        }
        if consequences.rings_files {
            self.bells.files(&chat.visitor.channel);
        }
        if let Some(deadline) = consequences.deadline {
            self.bells.timers(deadline);
        }
        if let Some(block) = consequences.block {
            self.blocks.apply(chat.visitor.id, chat.id, &block);
        }
    }
}

/// What a commit means for others, once it is done.
struct Consequences {
    rings_outbox: bool,
    rings_files: bool,
    deadline: Option<Timestamp>,
    block: Option<crate::store::BlockChange>,
}

impl Consequences {
    fn of(change: &Change) -> Self {
        Self {
            rings_outbox: !change.deliveries.is_empty() || !change.settled.is_empty(),
            rings_files: !change.files.is_empty(),
            deadline: change.deadline,
            block: change.block.clone(),
        }
    }
}
