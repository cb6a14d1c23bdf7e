//! What the relay says, taken in frame by frame.

use shared::chat::{Chat, Stored};
use shared::model::{ChatId, OperatorId, Presence, Template, Timestamp};
use shared::protocol::{
    ChatPage, ClientFrame, DraftText, OpenSection, ResumePoint, ServerFrame, Snapshot,
};

use crate::app::book::{Section, Taken, section_of};
use crate::app::{App, Asked};
use crate::drafts::Draft;
use crate::keymap::Keymap;

/// How long "is typing" and "is viewing" stand.
const PRESENCE_MS: i64 = 6_000;

impl App {
    #[expect(
        clippy::too_many_lines,
        reason = "one short arm per frame, and no wildcard"
    )]
    pub(super) fn hear(&mut self, frame: ServerFrame) {
        match frame {
            ServerFrame::Welcome {
                you,
                server_time,
                policy,
                templates,
                drafts,
                online,
                channels,
                is_resumed: _,
                protocol: _,
                program: _,
            } => {
                self.me = you;
                self.skew = server_time.0.saturating_sub(self.now.0);
                self.take_policy(policy);
                self.templates = templates;
                self.online = online.into_iter().collect();
                self.channels = channels;
                for (chat, draft) in drafts {
                    self.take_draft(chat, draft);
                }
            }
            ServerFrame::Snapshot(snapshot) => self.take_snapshot(*snapshot),
            ServerFrame::Live { at } => self.go_live(at),
            ServerFrame::Event(stored) => self.take_event(&stored),
            ServerFrame::ChatShown { chat, at: _ } => self.take_chat(*chat),
            ServerFrame::ChatHidden { chat, at: _ } => self.lose_chat(chat),
            ServerFrame::Accepted { id, seq } => self.accepted(&id, seq),
            ServerFrame::Refused {
                id,
                refusal,
                sentence,
                hint: _,
            } => self.refused(&id, &refusal, &sentence),
            ServerFrame::Unavailable { id } => self.unavailable(&id),
            ServerFrame::Declined {
                request,
                sentence,
                code: _,
            } => {
                self.asked.remove(&request);
                self.say(shared::text::clean_line(&sentence));
            }
            ServerFrame::Timeline {
                request,
                chat,
                events,
                has_more,
            } => self.take_page(request, chat, events, has_more),
            ServerFrame::Chats { request, page } => self.take_chats(request, page),
            ServerFrame::Hits { request, hits, .. } => {
                if self.asked.remove(&request) == Some(Asked::Search) {
                    self.fetched.hits = hits;
                }
            }
            ServerFrame::Sessions { request, sessions } => {
                self.asked.remove(&request);
                self.fetched.sessions = sessions;
            }
            ServerFrame::Blocks { request, blocks } => {
                self.asked.remove(&request);
                self.fetched.blocks = blocks;
            }
            ServerFrame::TemplateSaved { request, template } => {
                self.take_template(template);
                if self.asked.remove(&request).is_some() {
                    self.tell("done-template");
                }
            }
            ServerFrame::TemplateDeleted { request, id } => {
                self.templates.retain(|template| template.id != Some(id));
                if self.asked.remove(&request).is_some() {
                    self.tell("done-template-deleted");
                }
            }
            ServerFrame::Counts(counts) => self.counts = counts,
            ServerFrame::Presence {
                chat,
                operator,
                presence,
            } => self.take_presence(chat, operator, presence),
            ServerFrame::VisitorTyping { chat } => {
                self.typing.retain(|(known, _)| *known != chat);
                self.typing
                    .push((chat, Timestamp(self.now.0 + PRESENCE_MS)));
            }
            ServerFrame::Online {
                operator,
                is_online: true,
            } => {
                self.online.insert(operator);
            }
            ServerFrame::Online {
                operator,
                is_online: false,
            } => {
                self.online.remove(&operator);
                self.presences.retain(|(_, known, ..)| *known != operator);
            }
            ServerFrame::Channel(health) => {
                self.channels
                    .retain(|known| known.channel != health.channel);
                self.channels.push(health);
            }
            ServerFrame::Policy { policy } => self.take_policy(policy),
            ServerFrame::Draft { chat, draft } => self.take_draft(chat, draft),
            ServerFrame::Notice { text, .. } => self.say(shared::text::clean_line(&text)),
            ServerFrame::Pong { server_time, .. } => {
                self.skew = server_time.0.saturating_sub(self.now.0);
            }
            ServerFrame::Goodbye(goodbye) => self.say(shared::text::clean_line(&goodbye.sentence)),
        }
    }

    fn take_policy(&mut self, policy: Box<shared::model::Policy>) {
        let mut keys = policy.desk.keys.clone();
        keys.extend(self.own_keys.clone());
        let preset = if self.preset.is_empty() {
            policy.desk.keymap.clone()
        } else {
            self.preset.clone()
        };
        self.keymap = Keymap::new(&preset, &keys).0;
        self.timezone =
            jiff::tz::TimeZone::get(&policy.company.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
        self.policy = Some(policy);
    }

    fn take_snapshot(&mut self, snapshot: Snapshot) {
        self.resume = Some(snapshot.at);
        self.fetched.is_closed_loaded = false;
        self.fetched.past.clear();
        self.counts = snapshot.counts;
        self.next_open = snapshot.next;
        self.book.restart(snapshot.chats);
        if self.open.is_some_and(|open| self.book.get(open).is_none()) {
            self.leave_chat();
        }
    }

    fn go_live(&mut self, at: ResumePoint) {
        self.resume = Some(at);
        self.is_live = true;
        let language = shared::model::Language::from(self.language.code());
        self.send(ClientFrame::Speak { language });
        self.resend_all();
        self.tell_drafts();
        let wanted: Vec<ChatId> = self.book.wanted().collect();
        for chat in wanted {
            self.send(ClientFrame::LoadChat { chat });
        }
        match self.open {
            Some(chat) => self.send(ClientFrame::Presence {
                chat,
                presence: Presence::Viewing,
            }),
            None => self.begin(),
        }
        self.look();
    }

    /// Shows the first chat there is: an own one, else the oldest of the queue.
    fn begin(&mut self) {
        for section in [Section::Mine, Section::Queue] {
            if let Some(id) = self
                .book
                .list(section, &self.me)
                .first()
                .map(|chat| chat.id)
            {
                self.show_chat(id);
                return;
            }
        }
    }

    fn take_event(&mut self, stored: &Stored) {
        let width = crate::view::conversation_size(self).0;
        let is_scrolled = self.scroll > 0 && self.open == Some(stored.chat);
        let rows = is_scrolled.then(|| crate::view::conversation_rows(self, width));
        let before = self.book.get(stored.chat).map(|chat| self.sight_of(chat));
        let taken = self.book.take(stored);
        if let Some(point) = &mut self.resume
            && stored.seq > point.seq
        {
            point.seq = stored.seq;
            point.mark = stored.mark;
        }
        match taken {
            Taken::Known => return,
            Taken::Gap => {
                self.send(ClientFrame::LoadChat { chat: stored.chat });
                return;
            }
            Taken::Applied => {}
        }
        if let Some(rows) = rows {
            let grown = crate::view::conversation_rows(self, width).saturating_sub(rows);
            self.scroll += grown;
        }
        if matches!(stored.event, shared::chat::Event::Received { .. }) {
            self.typing.retain(|(chat, _)| *chat != stored.chat);
        }
        self.alert(stored, before);
        if self.open == Some(stored.chat) {
            self.follow();
        }
    }

    /// The chat on the screen has moved: the list goes with it.
    fn follow(&mut self) {
        if let Some(chat) = self.chat() {
            self.section = section_of(chat, &self.me);
        }
        self.look();
    }

    pub(super) fn sight_of(&self, chat: &Chat) -> Section {
        section_of(chat, &self.me)
    }

    fn take_chat(&mut self, chat: Chat) {
        let id = chat.id;
        let is_new = self.book.get(id).is_none() && chat.stage == shared::chat::Stage::Queue;
        let is_stale = self.book.show(chat);
        if is_new && self.is_live {
            self.ring("notify-queue");
        }
        if is_stale && self.open == Some(id) {
            self.follow();
        }
    }

    fn lose_chat(&mut self, chat: ChatId) {
        self.book.hide(chat);
        if self.open == Some(chat) {
            self.popup = None;
            self.leave_chat();
        }
    }

    fn take_page(&mut self, request: u32, chat: ChatId, events: Vec<Stored>, has_more: bool) {
        if self.asked.remove(&request) != Some(Asked::Timeline(chat)) {
            return;
        }
        let story = self.book.story_mut(chat);
        story.timeline.prepend(events);
        story.is_loaded = true;
        story.is_loading = false;
        story.has_more = has_more;
        self.look();
    }

    fn take_chats(&mut self, request: u32, page: ChatPage) {
        let Some(asked) = self.asked.remove(&request) else {
            return;
        };
        let ids: Vec<ChatId> = page.chats.iter().map(|chat| chat.id).collect();
        for chat in page.chats {
            self.book.show(chat);
        }
        match asked {
            Asked::Closed => {
                self.fetched.has_more_closed = page.has_more;
                self.fetched.next_closed = page.next;
                if ids.is_empty() && page.has_more {
                    self.load_closed();
                }
                if self.open.is_none() && self.section == Section::Closed {
                    self.show_section(Section::Closed);
                }
            }
            Asked::Visitor(visitor) => {
                self.fetched.past.insert(visitor, ids);
                if self.scroll > 0 && self.scroll >= self.deepest_scroll() {
                    self.load_earlier();
                }
            }
            Asked::Find(_) => match ids.first() {
                Some(id) => self.show_chat(*id),
                None => self.tell("popup-nothing-found"),
            },
            Asked::Open(section) => {
                let next = match section {
                    OpenSection::Awaiting => &mut self.next_open.awaiting,
                    OpenSection::Mine => &mut self.next_open.mine,
                    OpenSection::Others => &mut self.next_open.others,
                };
                *next = page.next;
            }
            Asked::Timeline(_)
            | Asked::Search
            | Asked::Blocks
            | Asked::Sessions
            | Asked::Template => {}
        }
    }

    fn take_template(&mut self, template: Template) {
        self.templates.retain(|known| known.id != template.id);
        self.templates.push(template);
    }

    fn take_presence(&mut self, chat: ChatId, operator: OperatorId, presence: Presence) {
        self.presences
            .retain(|(at, who, ..)| (*at, who) != (chat, &operator));
        if presence != Presence::Gone && operator != self.me {
            let until = Timestamp(self.now.0 + PRESENCE_MS);
            self.presences.push((chat, operator, presence, until));
        }
    }

    /// Takes a draft of another desk in, unless something is being written here.
    fn take_draft(&mut self, chat: ChatId, draft: DraftText) {
        let is_here = self.open == Some(chat);
        if (is_here && self.edited_at.is_some()) || self.untold_drafts.contains(&chat) {
            return;
        }
        let key = Self::draft_key(chat);
        let known = self.drafts.get(&key);
        let kept = Draft {
            quotes: known.and_then(|known| known.quotes),
            caret: usize::try_from(draft.caret).unwrap_or(draft.text.len()),
            text: draft.text,
            saved_at: self.now.0 / 1_000,
            is_note: draft.is_note,
        };
        if self.drafts.put(&key, kept) {
            self.effect(crate::effect::Effect::SaveDrafts);
            if is_here {
                self.load_draft();
            }
        }
    }
}
