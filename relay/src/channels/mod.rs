//! Platforms are translations: a channel turns a body into [`Inbound`]s and a reply into calls. It holds no chat state
//! and no rules, and knows no other platform. What all of them share stands here.

pub mod build;
mod calls;
#[cfg(test)]
mod contract;
#[cfg(test)]
pub(crate) mod fake;
pub mod http;
mod label;
pub mod messenger;
mod meta;
pub mod ok;
pub mod registry;
pub(crate) mod signed;
pub mod telegram;
#[cfg(test)]
mod testing;
pub mod viber;
pub mod vk;
pub mod whatsapp;
mod wire;

use std::time::Duration;

use ::http::HeaderMap;
use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;

use crate::files::OutboundFile;
use shared::model::{
    Abilities, Attachment, ContactAsk, DeliveryId, EntryPoint, FailureReason, Notice, PlatformId,
    ThreadOwner, Timestamp,
};

/// One connected account of a platform. Callers ask [`Channel::abilities`], never for the platform's name.
#[async_trait]
pub trait Channel: Send + Sync {
    /// What the platform can carry (CH-25).
    fn abilities(&self) -> &Abilities;
    /// The account behind it, as inbound events name it: the page id.
    fn account(&self) -> &PlatformId;
    /// Returns something equal for two channels exactly if they share the secret that verifies bodies; never the secret
    /// itself. A body that arrives at one channel's address may hold events of another only if these are equal
    /// (`interface.md`, HTTP addresses; CWE-863).
    fn secret_fingerprint(&self) -> [u8; 32];
    /// Answers the platform's question whether this address is ours (CH-04, CH-05).
    ///
    /// # Errors
    ///
    /// [`Rejected`] when the token is not the configured one.
    fn handshake(&self, query: &str) -> Result<Answer, Rejected> {
        // Most platforms do not ask.
        let _ = query;
        Err(Rejected::WrongToken)
    }
    /// Checks the signature on the raw bytes, translates the body, says what to answer. Pure: every case is a fixture.
    ///
    /// # Errors
    ///
    /// [`Rejected`] when the signature does not hold; nothing of the body may be used then (SEC-15).
    fn receive(&self, webhook: &Webhook<'_>) -> Result<Received, Rejected>;

    /// Whether the platform has left out parts of messages, which [`Channel::complete`] asks for.
    fn is_cut_short(&self, received: &Received) -> bool {
        let _ = received;
        false
    }
    /// Asks for what was left out, while the platform waits for our answer; what it does not tell stays as it came.
    async fn complete(&self, received: Received) -> Received {
        received
    }

    /// Returns the key under which the message of this id comes in ([`Inbound::key`]): its edit may come first.
    fn message_key(&self, platform_id: &PlatformId) -> String;

    /// Hands over one reply, once. The error says what is known of the outcome; the outbox acts on it.
    async fn send(&self, reply: &Outbound) -> Result<Receipt, SendError>;
    /// Hands over a reply that is a file, once (F-01); only where [`Abilities::files`] says so.
    async fn send_file(&self, reply: &Outbound, file: &OutboundFile) -> Result<Receipt, SendError> {
        let _ = (reply, file);
        let text = "this channel sends no files".to_owned();
        Err(SendError::Refused(FailureReason::Refused { text }))
    }
    /// Shows a sign to the visitor, if the platform can. Failures bother nobody.
    async fn signal(&self, reader: Reader<'_>, signal: Signal) -> Result<(), SendError> {
        let _ = (reader, signal);
        Ok(())
    }
    /// Tells the platform that a button press ([`Inbound::press`]) has been taken in: until then the visitor's app may show that it waits.
    /// Failures bother nobody.
    async fn acknowledge(&self, visitor: &PlatformId, press: &str) -> Result<(), SendError> {
        let _ = (visitor, press);
        Ok(())
    }
    /// Asks for the visitor's name and picture (V-01); none: the platform does not tell.
    async fn profile(&self, visitor: &PlatformId) -> Result<Option<Profile>, FetchError>;
    /// Asks what was said with one visitor lately, in the platform's order; to clear up a doubtful send.
    async fn history(&self, visitor: &PlatformId) -> Result<History, FetchError> {
        let _ = visitor;
        Err(FetchError::Refused {
            cause: "the platform shows no history".to_owned(),
        })
    }
    /// Asks for everything that was said since then (platform's clock), yet no further back than `reach` before the
    /// newest, as inbound events with the same keys as webhooks (meta.md 14). A platform that cannot be asked brings by
    /// itself whatever it kept.
    async fn catch_up(&self, since: Timestamp, reach: Duration) -> Result<CaughtUp, FetchError> {
        let _ = (since, reach);
        Ok(CaughtUp {
            inbound: vec![],
            newest: None,
            end: CatchUpEnd::Reached,
        })
    }
    /// Hosts from which its files come (F-05). None: it has no files.
    fn file_hosts(&self) -> FileHosts<'_> {
        FileHosts {
            hosts: &[],
            api_url: "",
        }
    }
    /// Says where a file of a message can be fetched now (F-02); many platforms say it in the message.
    async fn locate(&self, source: &Attachment) -> Result<FileAddress, FetchError> {
        match &source.url {
            Some(url) => Ok(FileAddress {
                url: url.as_str().into(),
                bearer: None,
            }),
            None => Err(FetchError::Refused {
                cause: "the platform does not say where the file is".to_owned(),
            }),
        }
    }
    /// Looks whether the account still delivers to us, and mends the subscription if it can (CH-24, meta.md 7).
    async fn check_link(&self) -> Result<(), LinkFault>;

    /// Says what an admin may want to mend although messages come and go, a sentence each (CH-21, ADM-06). Asked by `doctor`
    /// only; a platform that does not tell is told nothing of.
    async fn advice(&self, now: Timestamp) -> Vec<String> {
        let _ = now;
        vec![]
    }
    /// Says what only people can do at the platform so that it brings messages, a sentence each, in order; the rest is done by
    /// [`Channel::check_link`]. `address` is where the platform calls us; none: nobody has said where we are.
    fn by_hand(&self, address: Option<&str>) -> Vec<String> {
        if self.is_polled() || address.is_some() {
            return vec![];
        }
        let how = "in the config, set relay.public_url to the https address under which the platform reaches this relay: then the \
                   relay sets the rest up by itself";
        vec![how.to_owned()]
    }
    /// Asks the platform to call us no more (CH-13). [`Channel::check_link`] makes it call again.
    async fn leave(&self) -> Result<Left, LinkFault> {
        Ok(Left::ByHand)
    }

    /// Whether the platform is asked for what happened instead of calling us (`receive = "poll"`, CH-09).
    fn is_polled(&self) -> bool {
        false
    }
    /// Waits for what happened after a bookmark of an earlier answer; none: for whatever the platform still has. What
    /// came before the bookmark is forgotten there: it must be on disk here.
    async fn poll(&self, after: Option<&str>) -> Result<Polled, PollError> {
        let _ = after;
        Err(PollError::Later {
            cause: "this platform calls us".to_owned(),
            wait: None,
        })
    }
}

/// Who sees a sign.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// As the platform calls them.
    pub visitor: &'a PlatformId,
    /// Their newest message, while nothing was said since: some platforms show signs on it.
    pub last: Option<&'a PlatformId>,
}

/// What became of [`Channel::leave`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// The platform calls us no more, or never did.
    Done,
    /// It cannot be told: an admin takes our address out there. What still comes is taken in.
    ByHand,
}

/// Whose addresses files may be fetched from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHosts<'a> {
    /// The platform's, lower-case: `fbcdn.net` stands for all below it as well. Over HTTPS, and only if they are public.
    pub hosts: &'static [&'static str],
    /// Where its API is: the admin said so.
    pub api_url: &'a str,
}

/// Where a file is.
#[derive(Debug)]
pub struct FileAddress {
    /// May hold a secret.
    pub url: SecretString,
    /// Goes along in a header.
    pub bearer: Option<SecretString>,
}

/// What a [`Channel::poll`] brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Polled {
    /// Each as it came and as it was understood, in the platform's order.
    pub updates: Vec<(Bytes, Received)>,
    /// From where to ask on; none: nothing came.
    pub bookmark: Option<String>,
    /// Something was lost on the way: what was missed must be asked for.
    pub has_gap: bool,
}

/// Why a [`Channel::poll`] brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// Ask again, after a while.
    #[error("the platform did not answer: {cause}")]
    Later {
        /// In words; no secret.
        cause: String,
        /// How long the platform asks to wait, if it does.
        wait: Option<Duration>,
    },
    /// An admin must know.
    #[error("{0}")]
    Fault(LinkFault),
}

/// A request from a platform, as it came.
#[derive(Debug, Clone, Copy)]
pub struct Webhook<'a> {
    /// What stands behind the `?` of the address, as it came; for platforms that prove themselves there.
    pub query: &'a str,
    /// All headers.
    pub headers: &'a HeaderMap,
    /// The raw bytes; signatures are over these and nothing else.
    pub body: &'a Bytes,
    /// When it arrived; for events that carry no time.
    pub received_at: Timestamp,
}

/// What the platform is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// `text/plain` always.
    pub body: String,
}

/// A request that is not from the platform; answered 403, counted, never stored (CH-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// No signature at all.
    #[error("the signature is missing")]
    Missing,
    /// Not of the form that the platform sends.
    #[error("the signature is malformed")]
    Malformed,
    /// Of another secret or another body.
    #[error("the signature is wrong")]
    Wrong,
    /// The handshake's token is not ours, or it is no handshake.
    #[error("the verify token is wrong")]
    WrongToken,
}

/// A verified body, translated.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// For the platform, once everything is stored.
    pub answer: Answer,
    /// What happened, in the order of the body.
    pub inbound: Vec<Inbound>,
    /// What was not understood; the body is kept raw.
    pub unread: Vec<String>,
    /// What was understood and is deliberately not used: `feed`, `game_play`, a dashboard test …
    pub ignored: Vec<String>,
}

/// Different reasons noted of one body. A body may hold half a million strange things; what is said of them goes into
/// the log and the store.
const REASONS: usize = 8;

impl Received {
    /// Notes why the body must be kept raw.
    pub fn note_unread(&mut self, reason: impl Into<String>) {
        note(&mut self.unread, reason.into());
    }

    /// Notes what is deliberately not used.
    pub fn note_ignored(&mut self, what: impl Into<String>) {
        note(&mut self.ignored, what.into());
    }
}

fn note(reasons: &mut Vec<String>, reason: String) {
    if reasons.len() < REASONS && !reasons.contains(&reason) {
        reasons.push(reason);
    }
}

/// One thing that happened on the platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Inbound {
    /// The account it belongs to.
    pub account: PlatformId,
    /// Who it is about, as the platform calls them.
    pub visitor: PlatformId,
    /// Unique for ever within the channel: a repeat has the same key (IN-04).
    pub key: String,
    /// By the platform's clock.
    pub at: Timestamp,
    /// What.
    pub what: Happening,
}

/// Begins the key of a button press that is answered; the platform's id of it follows.
const PRESS: &str = "press:";

impl Inbound {
    /// Returns the key of a button press that [`Channel::acknowledge`] answers, from the platform's id of it.
    fn press_key(id: &str) -> String {
        format!("{PRESS}{id}")
    }

    /// Returns the platform's id of a button press that is to be answered; none: it is something else.
    pub fn press(&self) -> Option<&str> {
        self.key.strip_prefix(PRESS)
    }
}

/// The kinds of [`Inbound`]. Text is clean.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// The visitor wrote.
    Message {
        /// Its id there.
        platform_id: PlatformId,
        /// May be empty.
        text: String,
        /// In order.
        attachments: Vec<Attachment>,
        /// What it answers.
        quotes: Option<Quote>,
        /// How they came, if it says so.
        entry: Option<EntryPoint>,
        /// Another application is to answer.
        standby: bool,
    },
    /// The visitor changed a message.
    Edit {
        /// Which.
        platform_id: PlatformId,
        /// The whole new text.
        text: String,
        /// Rises with each edit.
        edit: u32,
    },
    /// The visitor took a message back.
    Delete {
        /// Which.
        platform_id: PlatformId,
    },
    /// The visitor's emoji came or went.
    Reaction {
        /// To which message.
        platform_id: PlatformId,
        /// None: taken away.
        emoji: Option<String>,
    },
    /// Replies reached the device.
    Delivered(Watermark),
    /// Replies were seen.
    Read(Watermark),
    /// The platform took a reply: proof where the answer to the call was lost. Its key is that of a message.
    Taken {
        /// Its id there.
        platform_id: PlatformId,
        /// The delivery that it carries.
        delivery: DeliveryId,
    },
    /// A reply did not reach the visitor, though the platform may have taken it.
    Failed {
        /// Its id there.
        platform_id: PlatformId,
        /// The delivery that it carries, if it carries one.
        delivery: Option<DeliveryId>,
        /// Why.
        reason: FailureReason,
    },
    /// A message of our side came back.
    Echo {
        /// Its id there.
        platform_id: PlatformId,
        /// May be empty.
        text: String,
        /// In order.
        attachments: Vec<Attachment>,
        /// Which application sent it, if told.
        application: Option<String>,
        /// The delivery whose metadata it carries: ours for sure.
        delivery: Option<DeliveryId>,
    },
    /// Not a message, worth a line.
    Notice {
        /// What.
        notice: Notice,
        /// The reply window starts anew (meta.md 9).
        opens_window: bool,
        /// How they came, if it says so.
        entry: Option<EntryPoint>,
    },
    /// Not a message and nothing to answer: a line in the visitor's open chat, and no chat is opened for it.
    Remark {
        /// What.
        notice: Notice,
    },
    /// The right to answer moved, or somebody asks for it.
    ThreadControl {
        /// Who has it now; none: asked for only.
        owner: Option<ThreadOwner>,
        /// The line to show.
        notice: Notice,
    },
    /// The visitor is typing.
    Typing,
    /// Who the visitor is, told beside what they say; for platforms that cannot be asked.
    Profile(Profile),
    /// The platform calls the visitor by this name as well.
    AlsoCalled(PlatformId),
    /// For the admin, about the account as a whole; the visitor is empty.
    Alarm {
        /// In words.
        text: String,
    },
}

/// What a message answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quote {
    /// A message.
    Message(PlatformId),
    /// A story or something else that is no message.
    Other,
}

/// Which replies a receipt speaks of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watermark {
    /// These.
    pub platform_ids: Vec<PlatformId>,
    /// And these, as far as they are known here: what may have come before them.
    pub before: Vec<PlatformId>,
    /// And all sent up to here.
    pub until: Option<Timestamp>,
}

/// A reply to hand over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// Our key: goes along as metadata or idempotency key.
    pub delivery: DeliveryId,
    /// To whom.
    pub visitor: PlatformId,
    /// Within the limit.
    pub text: String,
    /// Quote this one.
    pub quotes: Option<PlatformId>,
    /// Contacts to ask for.
    pub asks: ContactAsk,
    /// Under the human-agent tag.
    pub human_agent: bool,
}

/// The platform took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Its id there; a platform may give none.
    pub platform_id: Option<PlatformId>,
}

/// What is known of a send that was not answered with yes (`storage.md` 7).
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Nothing was written, or the platform surely did nothing: try again later.
    #[error("not sent: {cause}")]
    NotSent {
        /// In words; no secret.
        cause: String,
        /// Said so often of one reply, it is a no; none: it passes however long it takes.
        tries: Option<u32>,
    },
    /// Too fast; nothing was sent.
    #[error("too fast")]
    TooFast {
        /// How long the platform asks to wait, if it does.
        wait: Option<Duration>,
    },
    /// No, for good.
    #[error("refused")]
    Refused(FailureReason),
    /// The token or a permission of the whole account: nothing leaves until an admin mends it (CH-24).
    #[error("the platform does not accept the channel's credentials: {0}")]
    Unauthorized(LinkFault),
    /// The platform punishes the account: nothing may leave for a while, and an admin must know.
    #[error("the platform restricts the channel: {fault}")]
    Restricted {
        /// What it says.
        fault: LinkFault,
        /// How long to keep still.
        rest: Duration,
    },
    /// It may have been sent.
    #[error("unclear: {cause}")]
    Unclear {
        /// In words; no secret.
        cause: String,
    },
}

/// Why something could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Try later.
    #[error("the platform did not answer: {cause}")]
    Later {
        /// In words; no secret.
        cause: String,
    },
    /// Not allowed, or not there; asking again soon does not help.
    #[error("the platform does not tell: {cause}")]
    Refused {
        /// In words; no secret.
        cause: String,
    },
}

/// Why a channel does not work, in words an admin can act on; no secret (CH-13, CH-24).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct LinkFault {
    /// What is wrong and what to do.
    pub reason: String,
    /// It may pass by itself (an outage), as against a token that must be renewed.
    pub is_passing: bool,
}

/// Signs shown to the visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// We are writing (OUT-19).
    TypingOn,
    /// We stopped.
    TypingOff,
    /// We read what you wrote.
    Seen,
}

/// A visitor's profile, clean text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Full name.
    pub name: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Address of the picture.
    pub photo_url: Option<String>,
}

/// What was said with one visitor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// Oldest first, in the platform's order.
    pub messages: Vec<PastMessage>,
    /// Nothing came before the first.
    pub is_whole: bool,
}

/// What a [`Channel::catch_up`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct CaughtUp {
    /// What was said, oldest first.
    pub inbound: Vec<Inbound>,
    /// When anything last changed, by the platform's clock; none: nobody has ever written.
    pub newest: Option<Timestamp>,
    /// Whether that is all.
    pub end: CatchUpEnd,
}

/// How far a [`Channel::catch_up`] came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CatchUpEnd {
    /// To the moment asked for.
    Reached,
    /// Something came between: ask again.
    Interrupted {
        /// In words; no secret.
        cause: String,
    },
    /// There is more than can be fetched: what lies further back is not in it.
    TooMuch,
}

/// A message of a [`History`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastMessage {
    /// Its id there.
    pub platform_id: PlatformId,
    /// Our side wrote it.
    pub is_ours: bool,
    /// By the platform's clock.
    pub sent_at: Timestamp,
    /// As it stands there.
    pub text: String,
}
