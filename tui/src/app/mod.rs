//! Everything the desk knows at a moment. Changed by [`crate::update`], drawn by [`crate::view`]; reads no clock, does no
//! work of its own.

pub mod book;
mod facts;
#[cfg(test)]
pub(crate) mod fixture;
pub mod popup;
pub mod seeking;

use std::collections::{BTreeMap, BTreeSet};

use shared::chat::DeskCommand;
use shared::model::{
    ChatId, CommandId, MessageId, OperatorId, Policy, Presence, Seq, Template, TemplateId,
    Timestamp, VisitorId,
};
use shared::protocol::{
    BlockRow, ChannelHealth, ChatPlace, ClientFrame, GoodbyeCode, Hit, OpenSection, ResumePoint,
    SectionCounts, SectionPlaces, SessionRow,
};

use crate::composer::Composer;
use crate::drafts::Drafts;
use crate::effect::Effect;
use crate::input::LinkState;
use crate::key::Layout;
use crate::keymap::{Keymap, Zone};
use crate::language::Language;
use crate::theme::{Borders, Theme};

use book::{Book, Section};
use popup::Popup;
use seeking::Seeking;

pub use facts::{Off, next_deadline};

/// What the desk is started with.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct AppOptions {
    /// Who works here.
    pub operator: OperatorId,
    /// Of the screen.
    pub language: Language,
    /// The operator chose it; otherwise the company's config does.
    pub is_language_own: bool,
    /// Its colours.
    pub theme: Theme,
    /// The operator chose them; otherwise the company's config does.
    pub is_theme_own: bool,
    /// Its frames.
    pub borders: Borders,
    /// Keyboard layouts whose letters are commands too.
    pub layouts: Vec<Layout>,
    /// The operator's own keys.
    pub keys: BTreeMap<String, String>,
    /// The preset they are added to: `default`, `vim`, `webim`.
    pub preset: String,
    /// Random, other at every start: command ids are made of it.
    pub seed: u64,
    /// As they were kept.
    pub drafts: Drafts,
    /// A browser can show itself.
    pub has_browser: bool,
    /// Emoji are drawn in a simple form: something between counts their parts.
    pub has_simple_emoji: bool,
}

/// A command on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Made here.
    pub id: CommandId,
    /// Of which chat.
    pub chat: ChatId,
    /// What was asked.
    pub command: DeskCommand,
    /// When.
    pub at: Timestamp,
    /// The relay could not decide: to be sent again then.
    pub retry_at: Option<Timestamp>,
    /// The last event known when it was asked: what it led to came later.
    pub after: Option<Seq>,
    /// What goes back into the composer when it is done.
    pub restores: Option<Words>,
}

/// What was written and goes back to where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The text.
    pub text: String,
    /// A note to colleagues.
    pub is_note: bool,
    /// The message it quotes.
    pub quotes: Option<MessageId>,
}

/// What a numbered request asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// Events of a chat.
    Timeline(ChatId),
    /// Closed chats.
    Closed,
    /// The next open chats of a list.
    Open(OpenSection),
    /// A chat by its number.
    Find(Seq),
    /// A visitor's chats, the newest or those before the ones that are there.
    Visitor(VisitorId, Page),
    /// What was written, the newest or those before the ones that are there.
    Search(Page),
    /// The blocks in force.
    Blocks,
    /// To save or delete a template.
    Template,
    /// Who is signed in.
    Sessions,
}

/// Which page of a long list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// It takes the place of what is there.
    First,
    /// It is added.
    Next,
}

/// A command that takes back the last one.
#[derive(Debug, Clone, PartialEq)]
pub struct Undo {
    /// Of which chat.
    pub chat: ChatId,
    /// What to ask.
    pub command: DeskCommand,
    /// Until then.
    pub until: Timestamp,
}

/// What was asked of the relay and came.
#[derive(Debug, Clone, Default)]
pub struct Fetched {
    /// The blocks in force.
    pub blocks: Vec<BlockRow>,
    /// Who is signed in.
    pub sessions: Vec<SessionRow>,
    /// Visitors' chats.
    pub past: BTreeMap<VisitorId, Past>,
    /// What the search found.
    pub hits: Vec<Hit>,
    /// There are earlier ones.
    pub has_more_hits: bool,
    /// What is in the folder that stands in the field for a file.
    pub folder: Vec<FolderRow>,
    /// A page of closed chats was asked for.
    pub is_closed_loaded: bool,
    /// There are more of them.
    pub has_more_closed: bool,
    /// Where they go on.
    pub next_closed: Option<ChatPlace>,
}

/// Something in a folder of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRow {
    /// The path, as it goes into the field.
    pub path: String,
    /// Its last part.
    pub name: String,
    /// Bytes; none: a folder.
    pub size: Option<u64>,
}

/// The chats of one visitor, as far as they were asked for.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Newest first.
    pub ids: Vec<ChatId>,
    /// There are earlier ones.
    pub has_more: bool,
    /// Where the next page begins.
    pub from: Option<ChatPlace>,
}

/// The state of the desk.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct App {
    pub(crate) me: OperatorId,
    pub(crate) language: Language,
    pub(crate) is_language_own: bool,
    pub(crate) theme: Theme,
    pub(crate) is_theme_own: bool,
    pub(crate) borders: Borders,
    pub(crate) layouts: Vec<Layout>,
    pub(crate) keymap: Keymap,
    pub(crate) preset: String,
    pub(crate) own_keys: BTreeMap<String, String>,
    pub(crate) columns: u16,
    pub(crate) rows: u16,
    /// By this computer's clock.
    pub(crate) now: Timestamp,
    /// What to add for the relay's clock, milliseconds.
    pub(crate) skew: i64,
    pub(crate) has_focus: bool,
    pub(crate) link: LinkState,
    /// Why the relay ended the last connection.
    pub(crate) goodbye: Option<GoodbyeCode>,
    pub(crate) is_live: bool,
    pub(crate) policy: Option<Box<Policy>>,
    /// Of the company: all desks show one time.
    pub(crate) timezone: jiff::tz::TimeZone,
    pub(crate) templates: Vec<Template>,
    pub(crate) online: BTreeSet<OperatorId>,
    pub(crate) channels: Vec<ChannelHealth>,
    pub(crate) resume: Option<ResumePoint>,
    /// How long the last event was on its way, by the relay's clock.
    pub(crate) lag_ms: Option<u64>,
    pub(crate) book: Book,
    pub(crate) section: Section,
    /// The chat that is shown; its row is the selected one.
    pub(crate) open: Option<ChatId>,
    pub(crate) zone: Zone,
    pub(crate) composer: Composer,
    pub(crate) is_note: bool,
    /// The message the reply in the composer quotes.
    pub(crate) quoting: Option<MessageId>,
    /// The template whose text is being written anew in the composer.
    pub(crate) changing: Option<TemplateId>,
    /// Unread messages of the open chat when it was opened, and the event the first of them came with.
    pub(crate) new_count: u32,
    pub(crate) new_from: Option<Seq>,
    /// How many open chats there are in each list, where the relay has cut them.
    pub(crate) counts: SectionCounts,
    /// Where each of them goes on, where the relay has cut it.
    pub(crate) next_open: SectionPlaces,
    /// Rows the conversation is scrolled up.
    pub(crate) scroll: usize,
    pub(crate) is_zoomed: bool,
    pub(crate) popup: Option<Popup>,
    /// The short message over the status row, and until when.
    pub(crate) said: Option<(String, Timestamp)>,
    pub(crate) pending: Vec<Pending>,
    pub(crate) undo: Option<Undo>,
    pub(crate) asked: BTreeMap<u32, Asked>,
    pub(crate) next_request: u32,
    pub(crate) seed: u64,
    pub(crate) next_command: u64,
    pub(crate) drafts: Drafts,
    pub(crate) has_browser: bool,
    pub(crate) has_simple_emoji: bool,
    /// Changed while the relay could not be told.
    pub(crate) untold_drafts: BTreeSet<ChatId>,
    /// The composer differs from what was kept since then.
    pub(crate) edited_at: Option<Timestamp>,
    pub(crate) told_replying_at: Option<Timestamp>,
    pub(crate) presences: Vec<(ChatId, OperatorId, Presence, Timestamp)>,
    pub(crate) typing: Vec<(ChatId, Timestamp)>,
    pub(crate) fetched: Fetched,
    pub(crate) seeking: Seeking,
    /// When the panel of commands comes up by itself.
    pub(crate) guide_at: Option<Timestamp>,
    pub(crate) bell_at: Option<Timestamp>,
    pub(crate) interrupted_at: Option<Timestamp>,
    pub(crate) title: String,
    /// Letters typed in the command zone within the last moments.
    pub(crate) stray: Vec<(char, Timestamp)>,
    pub(crate) is_quitting: bool,
    pub(crate) effects: Vec<Effect>,
}

impl App {
    /// Returns the desk as it starts: nothing known, not connected.
    #[expect(clippy::too_many_lines, reason = "one line for each field")]
    pub fn new(options: AppOptions, columns: u16, rows: u16, now: Timestamp) -> Self {
        let (keymap, clashes) = Keymap::new(&options.preset, &[&options.keys]);
        let said = clashes.first().map(|clash| {
            let text = clash.in_words(options.language);
            (text, Timestamp(now.0 + 10_000))
        });
        Self {
            me: options.operator,
            language: options.language,
            is_language_own: options.is_language_own,
            theme: options.theme,
            is_theme_own: options.is_theme_own,
            borders: options.borders,
            layouts: options.layouts,
            keymap,
            preset: options.preset,
            own_keys: options.keys,
            columns,
            rows,
            now,
            skew: 0,
            has_focus: true,
            link: LinkState::Connecting { attempt: 1 },
            goodbye: None,
            is_live: false,
            policy: None,
            timezone: jiff::tz::TimeZone::UTC,
            templates: Vec::new(),
            online: BTreeSet::new(),
            channels: Vec::new(),
            resume: None,
            lag_ms: None,
            book: Book::default(),
            section: Section::Queue,
            open: None,
            zone: Zone::Command,
            composer: Composer::new(),
            is_note: false,
            quoting: None,
            changing: None,
            new_count: 0,
            new_from: None,
            counts: SectionCounts::default(),
            next_open: SectionPlaces::default(),
            scroll: 0,
            is_zoomed: false,
            popup: None,
            said,
            pending: Vec::new(),
            undo: None,
            asked: BTreeMap::new(),
            next_request: 1,
            seed: options.seed,
            next_command: 0,
            drafts: options.drafts,
            has_browser: options.has_browser,
            has_simple_emoji: options.has_simple_emoji,
            untold_drafts: BTreeSet::new(),
            edited_at: None,
            told_replying_at: None,
            presences: Vec::new(),
            typing: Vec::new(),
            fetched: Fetched::default(),
            seeking: Seeking::default(),
            guide_at: None,
            bell_at: None,
            interrupted_at: None,
            title: String::new(),
            stray: Vec::new(),
            is_quitting: false,
            effects: Vec::new(),
        }
    }

    /// Returns where to go on after a broken connection; none: from the beginning.
    pub fn resume_point(&self) -> Option<ResumePoint> {
        self.resume.clone()
    }

    /// Returns the texts that were not sent, for their file.
    pub fn drafts(&self) -> &Drafts {
        &self.drafts
    }

    /// Whether the operator has left.
    pub fn is_quitting(&self) -> bool {
        self.is_quitting
    }

    /// Returns how many commands have no answer yet.
    pub fn unanswered(&self) -> usize {
        self.pending.len()
    }

    /// Returns how many replies and notes are on their way to the relay.
    pub(crate) fn unsent(&self) -> usize {
        self.pending
            .iter()
            .filter(|pending| {
                matches!(
                    pending.command,
                    DeskCommand::Reply(_) | DeskCommand::Note { .. }
                )
            })
            .count()
    }

    /// Asks for something to be done outside. Frames are dropped while the relay is not live: what matters is asked again.
    pub(crate) fn effect(&mut self, effect: Effect) {
        if matches!(effect, Effect::Send(_)) && !self.is_live {
            return;
        }
        self.effects.push(effect);
    }

    /// Sends a frame.
    pub(crate) fn send(&mut self, frame: ClientFrame) {
        self.effect(Effect::Send(frame));
    }

    /// Numbers a request and remembers what it asked.
    pub(crate) fn request(&mut self, asked: Asked) -> u32 {
        let request = self.next_request;
        self.next_request = request.wrapping_add(1).max(1);
        if self.is_live {
            self.asked.insert(request, asked);
        }
        request
    }

    /// Shows a short message for a while.
    pub(crate) fn say(&mut self, text: String) {
        self.said = Some((text, Timestamp(self.now.0 + 6_000)));
    }

    /// Shows a message of the language files for a while.
    pub(crate) fn tell(&mut self, id: &str) {
        let text = self.language.tr(id, &[]).into_owned();
        self.say(text);
    }
}
