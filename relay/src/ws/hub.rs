//! Who is connected, and what concerns them all: presence, policy, health, notices. Each desk has a short queue of its
//! own for these; events it takes from the ring at its own pace.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use shared::chat::rights::{Right, has, sees};
use shared::chat::{Chat, Sight};
use shared::model::{
    ChannelId, ChannelState, ChatId, Operator, OperatorId, Policy, Presence, Timestamp,
};
use shared::protocol::{
    ChannelHealth, Goodbye, GoodbyeCode, NoticeLevel, OperatorPresence, ServerFrame,
};

use crate::clock::Clock;
use crate::store::{Store, StoreError, TokenHash};
use crate::supervise::keep_going;

use super::ring::Ring;
use super::{Desks, encode, follower};

/// Frames that may wait for one desk besides events: passing ones are missed then, answers wait.
const QUEUE: usize = 256;
/// Between pings of ours.
const PING_EVERY: Duration = Duration::from_secs(20);
/// Presence ends by itself after this.
const PRESENCE_LASTS: Duration = Duration::from_secs(6);

/// The meeting point of all desks.
pub struct Hub {
    pub(super) store: Arc<dyn Store>,
    pub(super) desks: Arc<dyn Desks>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ring: Arc<Ring>,
    state: Mutex<State>,
    next_desk: AtomicU64,
    stop_tx: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    connected: BTreeMap<u64, Connected>,
    channels: BTreeMap<ChannelId, ChannelState>,
    presence: BTreeMap<(OperatorId, ChatId), (Presence, Timestamp)>,
    is_stopping: bool,
}

struct Connected {
    operator: OperatorId,
    session: TokenHash,
    asides_tx: mpsc::Sender<Aside>,
    must_tx: watch::Sender<Must>,
}

/// Something for one desk beside events.
pub(super) enum Aside {
    /// To be sent.
    Frame(Utf8Bytes),
    /// The line is to be tried.
    Ping,
    /// There is something it must be told.
    Must,
}

/// What a desk must be told, however full its queue is: only the last of each counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Must {
    /// The policy that came into force since the desk came in.
    pub(super) policy: Option<Arc<Policy>>,
    /// The connection ends with this.
    pub(super) end: Option<Goodbye>,
}

/// A place at the hub; leaving it is dropping it.
pub(super) struct Seat {
    hub: Arc<Hub>,
    desk: u64,
    operator: OperatorId,
    /// For answers, which may not be missed.
    pub(super) asides_tx: mpsc::Sender<Aside>,
    /// Answers, and what may be missed.
    pub(super) asides_rx: mpsc::Receiver<Aside>,
    /// What must be told at once. Looked at before each aside.
    pub(super) must_rx: watch::Receiver<Must>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hub.leave(self.desk, &self.operator);
    }
}

impl Hub {
    /// Loads the present from the store and starts following it.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub async fn start(
        store: Arc<dyn Store>,
        desks: Arc<dyn Desks>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, StoreError> {
        let ring = Arc::new(follower::load(store.as_ref()).await?);
        // Those that were set or lifted since they were last read are not followed.
        desks.blocks_changed().await?;
        let (stop_tx, stopping) = watch::channel(false);
        let (followed, into, told) = (Arc::clone(&store), Arc::clone(&ring), Arc::clone(&desks));
        tokio::spawn(keep_going("follower", move || {
            let (followed, into, told) =
                (Arc::clone(&followed), Arc::clone(&into), Arc::clone(&told));
            follower::follow(followed, into, told, stopping.clone())
        }));
        let hub = Arc::new(Self {
            store,
            desks,
            clock,
            ring,
            state: Mutex::default(),
            next_desk: AtomicU64::new(1),
            stop_tx,
        });
        tokio::spawn(ping(Arc::downgrade(&hub)));
        Ok(hub)
    }

    /// Tells every desk the new policy, and shows it anew what it may see.
    pub fn policy_changed(&self, policy: &Policy) {
        let shared = Arc::new(policy.clone());
        for connected in self.lock().connected.values() {
            if policy.find_operator(&connected.operator).is_some() {
                connected.must(|must| must.policy = Some(Arc::clone(&shared)));
            } else {
                connected.end(GoodbyeCode::Removed);
            }
        }
    }

    /// Tells every desk how a channel is.
    pub fn channel_changed(&self, channel: &ChannelId, health: ChannelState) {
        let mut state = self.lock();
        state.channels.insert(channel.clone(), health.clone());
        let frame = encode(&ServerFrame::Channel(ChannelHealth {
            channel: channel.clone(),
            health,
        }));
        state.hand_to_all(&frame);
    }

    /// Tells admins something they should read once (ADM-03).
    pub fn notice(&self, level: NoticeLevel, code: &str, text: &str) {
        let (code, text) = (code.to_owned(), text.to_owned());
        let frame = encode(&ServerFrame::Notice { level, code, text });
        let policy = self.desks.policy();
        for connected in self.lock().connected.values() {
            let operator = policy.find_operator(&connected.operator);
            if operator.is_some_and(|operator| has(operator.role, Right::Administer)) {
                connected.hand(frame.clone());
            }
        }
    }

    /// Tells every desk something about the relay as a whole: the store cannot be written, and can again.
    pub fn notice_to_all(&self, level: NoticeLevel, code: &str, text: &str) {
        let (code, text) = (code.to_owned(), text.to_owned());
        self.lock()
            .hand_to_all(&encode(&ServerFrame::Notice { level, code, text }));
    }

    /// Tells the desks that see the chat that its visitor is typing (IN-12).
    pub fn visitor_typing(&self, chat: ChatId) {
        self.tell_who_sees(chat, None, &ServerFrame::VisitorTyping { chat });
    }

    /// Ends every connection of a session at once (SEC-03).
    pub fn session_ended(&self, session: &TokenHash) {
        for connected in self
            .lock()
            .connected
            .values()
            .filter(|connected| connected.session == *session)
        {
            connected.end(GoodbyeCode::NotLoggedIn);
        }
    }

    /// Returns the policy in force.
    pub fn policy(&self) -> Arc<Policy> {
        self.desks.policy()
    }

    /// Says goodbye to every desk; later ones are turned away, and the store is followed no more.
    pub fn stop(&self) {
        self.stop_tx.send_replace(true);
        let mut state = self.lock();
        state.is_stopping = true;
        for connected in state.connected.values() {
            connected.end(GoodbyeCode::Stopping);
        }
    }

    /// Returns how many desks are connected.
    pub fn count(&self) -> usize {
        self.lock().connected.len()
    }

    /// Gives a desk its place; none: the relay is stopping.
    pub(super) fn join(
        self: &Arc<Self>,
        operator: &OperatorId,
        session: TokenHash,
    ) -> Option<Seat> {
        let (asides_tx, asides_rx) = mpsc::channel(QUEUE);
        let (must_tx, must_rx) = watch::channel(Must::default());
        let desk = self.next_desk.fetch_add(1, Ordering::Relaxed);
        let mut state = self.lock();
        if state.is_stopping {
            return None;
        }
        let is_first = !state.is_online(operator);
        state.connected.insert(
            desk,
            Connected {
                operator: operator.clone(),
                session,
                asides_tx: asides_tx.clone(),
                must_tx,
            },
        );
        if is_first {
            self.desks.set_online(operator, true);
            state.hand_to_all(&online(operator, true));
        }
        Some(Seat {
            hub: Arc::clone(self),
            desk,
            operator: operator.clone(),
            asides_tx,
            asides_rx,
            must_rx,
        })
    }

    fn leave(&self, desk: u64, operator: &OperatorId) {
        let mut state = self.lock();
        state.connected.remove(&desk);
        if !state.is_online(operator) {
            self.desks.set_online(operator, false);
            state.hand_to_all(&online(operator, false));
            state.presence.retain(|(who, _), _| who != operator);
        }
    }

    pub(super) fn online(&self) -> Vec<OperatorId> {
        let mut online: Vec<_> = self
            .lock()
            .connected
            .values()
            .map(|c| c.operator.clone())
            .collect();
        online.sort();
        online.dedup();
        online
    }

    pub(super) fn channels(&self) -> Vec<ChannelHealth> {
        let channels = self.lock().channels.clone();
        channels
            .into_iter()
            .map(|(channel, health)| ChannelHealth { channel, health })
            .collect()
    }

    /// Notes and tells what an operator does in a chat they see (D-20).
    pub(super) fn presence(&self, operator: &Operator, chat: &Chat, presence: Presence) {
        let place = (operator.id.clone(), chat.id);
        if presence == Presence::Gone {
            self.lock().presence.remove(&place);
        } else {
            self.lock()
                .presence
                .insert(place, (presence, self.clock.now()));
        }
        let frame = ServerFrame::Presence {
            chat: chat.id,
            operator: operator.id.clone(),
            presence,
        };
        self.tell_who_sees(chat.id, Some(&operator.id), &frame);
        self.desks.presence(&operator.id, chat, presence);
    }

    /// Returns what colleagues do now, for a desk that comes in.
    pub(super) fn presences(&self) -> Vec<OperatorPresence> {
        let now = self.clock.now();
        let mut state = self.lock();
        state
            .presence
            .retain(|_, (_, at)| now.since(*at) < PRESENCE_LASTS);
        let each = state
            .presence
            .iter()
            .map(|((operator, chat), (presence, _))| OperatorPresence {
                operator: operator.clone(),
                chat: *chat,
                presence: *presence,
            });
        each.collect()
    }

    /// Tells the other desks of an operator, and those of others who pass a test.
    pub(super) fn tell(&self, frame: &ServerFrame, fits: impl Fn(&OperatorId) -> bool) {
        let frame = encode(frame);
        for connected in self
            .lock()
            .connected
            .values()
            .filter(|connected| fits(&connected.operator))
        {
            connected.hand(frame.clone());
        }
    }

    fn tell_who_sees(&self, chat: ChatId, but: Option<&OperatorId>, frame: &ServerFrame) {
        let Some(chat) = self.ring.find_chat(chat) else {
            return;
        };
        let (policy, sight) = (self.desks.policy(), Sight::of(&chat));
        self.tell(frame, |id| {
            but != Some(id)
                && policy
                    .find_operator(id)
                    .is_some_and(|operator| sees(operator, &sight, &policy))
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_online(&self, operator: &OperatorId) -> bool {
        self.connected
            .values()
            .any(|connected| connected.operator == *operator)
    }

    fn hand_to_all(&self, frame: &Utf8Bytes) {
        for connected in self.connected.values() {
            connected.hand(frame.clone());
        }
    }
}

impl Connected {
    /// Never waits: a desk whose queue is full misses a frame that passes anyway.
    fn hand(&self, frame: Utf8Bytes) {
        if self.asides_tx.try_send(Aside::Frame(frame)).is_err() {
            metrics::counter!("deskwire_frames_missed_total").increment(1);
        }
    }

    /// A desk whose queue is full has no need to be woken.
    fn must(&self, change: impl FnOnce(&mut Must)) {
        self.must_tx.send_modify(change);
        self.asides_tx.try_send(Aside::Must).ok();
    }

    fn end(&self, code: GoodbyeCode) {
        let goodbye = goodbye(code, &self.operator);
        self.must(|must| must.end = Some(goodbye));
    }
}

/// Tries every line again and again, as long as there is a hub: one timer for all.
async fn ping(hub: Weak<Hub>) {
    let mut every = tokio::time::interval(PING_EVERY);
    loop {
        every.tick().await;
        let Some(hub) = hub.upgrade() else { return };
        for connected in hub.lock().connected.values() {
            // A line with a full queue is being tried.
            connected.asides_tx.try_send(Aside::Ping).ok();
        }
    }
}

fn online(operator: &OperatorId, is_online: bool) -> Utf8Bytes {
    encode(&ServerFrame::Online {
        operator: operator.clone(),
        is_online,
    })
}

/// Returns the last word to a desk.
pub(super) fn goodbye(code: GoodbyeCode, operator: &OperatorId) -> Goodbye {
    let sentence = match code {
        GoodbyeCode::NotLoggedIn => {
            "This session is not known or has ended. Log in again.".to_owned()
        }
        GoodbyeCode::WrongProtocol => format!(
            "This desk speaks another protocol than the relay, which speaks version {}. Install the release of the relay.",
            shared::protocol::PROTOCOL
        ),
        GoodbyeCode::BadFrame => {
            "The desk sent something the relay does not understand. Install the same release."
                .to_owned()
        }
        GoodbyeCode::TooMuch => "The desk sent too much. It may connect again.".to_owned(),
        GoodbyeCode::Stopping => {
            "The relay is stopping. The desk will connect again by itself.".to_owned()
        }
        GoodbyeCode::TooSlow => {
            "The line was too slow for what happened. The desk will connect again by itself."
                .to_owned()
        }
        GoodbyeCode::Removed => {
            format!("{operator} is not in the relay's configuration any more. Ask an admin.")
        }
    };
    Goodbye { code, sentence }
}
