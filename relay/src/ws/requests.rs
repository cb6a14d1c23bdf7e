//! What a desk asks for, answered: commands go to the engine, questions to the store. Rights are checked on every read;
//! a chat out of sight is answered like one that does not exist.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use shared::chat::rights::{Right, has, sees};
use shared::chat::{Chat, Event, Sight, Stage, Stored};
use shared::model::{
    ChatId, Operator, OperatorId, Policy, Seq, Template, TemplateId, TemplateScope, Timestamp,
    VisitorId,
};
use shared::protocol::{
    BlockRow, ChatPage, ClientFrame, DraftText, Hit, OpenSection, PAGE_LIMIT, ServerFrame,
    SessionRow, TemplateDraft,
};
use shared::text;

use crate::store::{Query, SessionEntry, StoreError, TokenHash};

use super::hub::Hub;
use super::{CommandFailure, encode};

/// Characters of a template's text.
const TEMPLATE_LIMIT: usize = 10_000;
/// Bytes of a draft.
const DRAFT_LIMIT: usize = 64 * 1024;
/// Pages of closed chats looked through for those an operator sees, before the rest is left for the next request.
const PAGES: usize = 10;

/// The requests of one desk.
pub(super) struct Requests {
    hub: Arc<Hub>,
    operator: OperatorId,
    session: TokenHash,
    answers_tx: mpsc::Sender<Utf8Bytes>,
}

/// A list of chats in the store, newest first.
#[derive(Debug, Clone, Copy)]
enum List {
    /// Closed softly or for good.
    Closed,
    /// A visitor's.
    OfVisitor(VisitorId),
}

/// An answer, or why there is none.
enum Failure {
    /// The store does not answer.
    Store(StoreError),
    /// Not done, and why.
    Declined {
        code: &'static str,
        sentence: String,
    },
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn declined(code: &'static str, sentence: &str) -> Failure {
    Failure::Declined {
        code,
        sentence: sentence.to_owned(),
    }
}

impl Requests {
    pub(super) fn new(
        hub: Arc<Hub>,
        operator: Operator,
        session: TokenHash,
        answers_tx: mpsc::Sender<Utf8Bytes>,
    ) -> Self {
        Self {
            hub,
            operator: operator.id,
            session,
            answers_tx,
        }
    }

    pub(super) fn who(&self) -> &OperatorId {
        &self.operator
    }

    /// Answers commands one after the other, until the desk is gone.
    pub(super) async fn answer_all(self: Arc<Self>, mut commands_rx: mpsc::Receiver<ClientFrame>) {
        while let Some(frame) = commands_rx.recv().await {
            self.answer(frame).await;
        }
    }

    /// Answers one frame. An operator who was removed meanwhile gets no answer: the hub ends the connection.
    pub(super) async fn answer(&self, frame: ClientFrame) {
        let policy = self.hub.desks.policy();
        let Some(operator) = policy.find_operator(&self.operator) else {
            return;
        };
        let request = request_of(&frame);
        let answer = match self.find_answer(frame, operator, &policy).await {
            Ok(answer) => answer,
            Err(Failure::Declined { code, sentence }) => Some(ServerFrame::Declined {
                request,
                code: code.to_owned(),
                sentence,
            }),
            Err(Failure::Store(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not answer a desk"
                );
                let sentence = "The relay cannot reach its store now. Try again.".to_owned();
                Some(ServerFrame::Declined {
                    request,
                    code: "store_unavailable".to_owned(),
                    sentence,
                })
            }
        };
        if let Some(answer) = answer {
            // A desk that is gone needs no answer.
            self.answers_tx.send(encode(&answer)).await.ok();
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one short arm per frame, and no wildcard"
    )]
    async fn find_answer(
        &self,
        frame: ClientFrame,
        operator: &Operator,
        policy: &Policy,
    ) -> Result<Option<ServerFrame>, Failure> {
        let store = &self.hub.store;
        match frame {
            ClientFrame::Command { id, chat, command } => {
                let done = self
                    .hub
                    .desks
                    .command(&self.operator, &id, chat, command)
                    .await;
                Ok(Some(match done {
                    Ok(seq) => ServerFrame::Accepted { id, seq },
                    Err(CommandFailure::Unavailable) => ServerFrame::Unavailable { id },
                    Err(CommandFailure::Refused(refusal)) => {
                        let (sentence, hint) = (refusal.sentence(), refusal.hint().to_owned());
                        ServerFrame::Refused {
                            id,
                            refusal,
                            sentence,
                            hint,
                        }
                    }
                }))
            }
            ClientFrame::LoadChat { chat } => {
                Ok(Some(match self.find_seen(chat, operator, policy).await? {
                    Some(found) => ServerFrame::ChatShown {
                        at: self.hub.ring.point().seq,
                        chat: Box::new(found),
                    },
                    None => ServerFrame::ChatHidden { chat, at: Seq(0) },
                }))
            }
            ClientFrame::FindChat { request, number } => {
                let found = store.find_chat_by_number(number).await?;
                let chats = found
                    .into_iter()
                    .filter(|chat| sees(operator, &Sight::of(chat), policy))
                    .collect();
                Ok(Some(ServerFrame::Chats {
                    request,
                    page: ChatPage {
                        chats,
                        has_more: false,
                    },
                }))
            }
            ClientFrame::LoadTimeline {
                request,
                chat,
                before,
                limit,
            } => {
                let (events, has_more) = match self.find_seen(chat, operator, policy).await? {
                    Some(_) => self.timeline(chat, before, limit, operator).await?,
                    None => (vec![], false),
                };
                Ok(Some(ServerFrame::Timeline {
                    request,
                    chat,
                    events,
                    has_more,
                }))
            }
            ClientFrame::LoadClosed {
                request,
                before,
                limit,
            } => {
                let page = self
                    .seen(List::Closed, before, limit, operator, policy)
                    .await?;
                Ok(Some(ServerFrame::Chats { request, page }))
            }
            ClientFrame::LoadOpen {
                request,
                section,
                after,
                limit,
            } => {
                let page = self.open(section, after, limit, operator, policy);
                Ok(Some(ServerFrame::Chats { request, page }))
            }
            ClientFrame::LoadVisitor {
                request,
                visitor,
                before,
                limit,
            } => {
                let list = List::OfVisitor(visitor);
                let page = self.seen(list, before, limit, operator, policy).await?;
                Ok(Some(ServerFrame::Chats { request, page }))
            }
            ClientFrame::Search {
                request,
                text,
                before,
                limit,
            } => self
                .search(request, &text, before, limit, operator, policy)
                .await
                .map(Some),
            ClientFrame::Presence { chat, presence } => {
                if let Some(chat) = self.hub.ring.find_chat(chat)
                    && sees(operator, &Sight::of(&chat), policy)
                {
                    self.hub.presence(operator, &chat, presence);
                }
                Ok(None)
            }
            ClientFrame::SaveDraft { chat, draft } => {
                if self.find_seen(chat, operator, policy).await?.is_some() {
                    self.save_draft(chat, draft).await?;
                }
                Ok(None)
            }
            ClientFrame::SaveTemplate {
                request,
                id,
                template,
            } => self
                .save_template(request, id, template, operator)
                .await
                .map(Some),
            ClientFrame::DeleteTemplate { request, id } => {
                self.delete_template(request, id, operator).await.map(Some)
            }
            ClientFrame::LoadBlocks { request } => {
                self.blocks(request, operator, policy).await.map(Some)
            }
            ClientFrame::LoadSessions { request } => {
                self.sessions(request, operator).await.map(Some)
            }
            ClientFrame::EndSession {
                request,
                operator: whose,
                session,
            } => self
                .end_session(request, &whose, &session, operator)
                .await
                .map(Some),
            ClientFrame::Hello { .. } | ClientFrame::Speak { .. } => Ok(None),
            ClientFrame::Ping { stamp } => Ok(Some(ServerFrame::Pong {
                stamp,
                server_time: self.hub.clock.now(),
            })),
        }
    }

    async fn find_seen(
        &self,
        id: ChatId,
        operator: &Operator,
        policy: &Policy,
    ) -> Result<Option<Chat>, StoreError> {
        let found = match self.hub.ring.find_chat(id) {
            Some(chat) => Some(chat),
            None => self.hub.store.find_chat(id).await?,
        };
        Ok(found.filter(|chat| sees(operator, &Sight::of(chat), policy)))
    }

    async fn timeline(
        &self,
        chat: ChatId,
        before: Option<Seq>,
        limit: u32,
        operator: &Operator,
    ) -> Result<(Vec<Stored>, bool), StoreError> {
        let limit = limit.clamp(1, PAGE_LIMIT);
        let mut events = self.hub.store.timeline(chat, before, limit).await?;
        let has_more = events.len() == limit as usize;
        if !has(operator.role, Right::SeeOriginals) {
            hide_originals(
                &self.hub.store.timeline(chat, None, u32::MAX).await?,
                &mut events,
            );
        }
        Ok((events, has_more))
    }

    /// Returns a page of those chats of a list that an operator sees. That there are more is said of such only: whoever may
    /// not see a chat does not learn of it by counting either.
    async fn seen(
        &self,
        list: List,
        mut before: Option<Timestamp>,
        limit: u32,
        operator: &Operator,
        policy: &Policy,
    ) -> Result<ChatPage, StoreError> {
        let limit = limit.clamp(1, PAGE_LIMIT);
        let (mut chats, mut has_more) = (vec![], true);
        for _ in 0..PAGES {
            let page = match list {
                List::Closed => self.hub.store.list_closed_chats(before, limit + 1).await?,
                List::OfVisitor(visitor) => {
                    let store = &self.hub.store;
                    store.list_visitor_chats(visitor, before, limit + 1).await?
                }
            };
            let is_last = page.len() <= limit as usize;
            before = page.last().map(|chat| chat.last_at);
            chats.extend(
                page.into_iter()
                    .filter(|chat| sees(operator, &Sight::of(chat), policy)),
            );
            has_more = !is_last || chats.len() > limit as usize;
            if is_last || chats.len() > limit as usize {
                break;
            }
        }
        has_more &= !chats.is_empty();
        chats.truncate(limit as usize);
        Ok(ChatPage { chats, has_more })
    }

    fn open(
        &self,
        section: OpenSection,
        after: Timestamp,
        limit: u32,
        operator: &Operator,
        policy: &Policy,
    ) -> ChatPage {
        let is_it = |chat: &Chat| {
            let is_in = match (section, &chat.stage, chat.owner()) {
                (OpenSection::Awaiting, stage, _) => *stage == Stage::Queue,
                (OpenSection::Mine, _, owner) => owner == Some(&operator.id),
                (OpenSection::Others, Stage::Queue, _) => false,
                (OpenSection::Others, _, owner) => owner != Some(&operator.id),
            };
            is_in && chat.waits_since() > after && sees(operator, &Sight::of(chat), policy)
        };
        let mut chats = self.hub.ring.chats_where(is_it);
        chats.sort_by_key(Chat::waits_since);
        let limit = limit.clamp(1, PAGE_LIMIT) as usize;
        let has_more = chats.len() > limit;
        chats.truncate(limit);
        ChatPage { chats, has_more }
    }

    async fn search(
        &self,
        request: u32,
        text: &str,
        before: Option<Seq>,
        limit: u32,
        operator: &Operator,
        policy: &Policy,
    ) -> Result<ServerFrame, Failure> {
        let Some(query) = Query::parse(text) else {
            return Err(declined(
                "nothing_to_search",
                "There is no word to search for.",
            ));
        };
        let limit = limit.clamp(1, PAGE_LIMIT) as usize;
        let (mut hits, mut before, mut is_last) = (vec![], before, false);
        for _ in 0..PAGES {
            let found = self.hub.store.search(&query, before, PAGE_LIMIT).await?;
            is_last = found.len() < PAGE_LIMIT as usize;
            before = found.last().map(|stored| stored.seq);
            for stored in found {
                if hits.len() <= limit {
                    hits.extend(self.hit(stored, operator, policy).await?);
                }
            }
            if is_last || hits.len() > limit {
                break;
            }
        }
        // Of hits that this operator may not see nothing is said, not even that there are some.
        let has_more = hits.len() > limit || (!is_last && !hits.is_empty());
        hits.truncate(limit);
        Ok(ServerFrame::Hits {
            request,
            hits,
            has_more,
        })
    }

    /// Returns what an operator gets to see of an event that was found; none: not the chat.
    async fn hit(
        &self,
        stored: Stored,
        operator: &Operator,
        policy: &Policy,
    ) -> Result<Option<Hit>, StoreError> {
        let Some(chat) = self.find_seen(stored.chat, operator, policy).await? else {
            return Ok(None);
        };
        let mut events = [stored];
        if !has(operator.role, Right::SeeOriginals) {
            let all = self.hub.store.timeline(chat.id, None, u32::MAX).await?;
            hide_originals(&all, &mut events);
        }
        let ([stored], chat) = (events, Box::new(chat));
        Ok(Some(Hit { stored, chat }))
    }

    async fn save_draft(&self, chat: ChatId, draft: DraftText) -> Result<(), StoreError> {
        if draft.text.len() > DRAFT_LIMIT {
            return Ok(());
        }
        self.hub
            .store
            .save_draft(&self.operator, chat, &draft, self.hub.clock.now())
            .await
    }

    async fn save_template(
        &self,
        request: u32,
        id: Option<TemplateId>,
        draft: TemplateDraft,
        operator: &Operator,
    ) -> Result<ServerFrame, Failure> {
        require_template_right(operator, &draft.scope)?;
        if let Some(id) = id {
            self.require_known(id, operator).await?;
        }
        let clean = |text: Option<String>| {
            text.map(|text| text::clean_line(&text))
                .filter(|text| !text.is_empty())
        };
        let body = text::clean(&draft.text).trim().to_owned();
        if body.is_empty() || body.chars().count() > TEMPLATE_LIMIT {
            return Err(declined(
                "bad_text",
                "A template needs a text of at most 10,000 characters.",
            ));
        }
        let template = Template {
            id: Some(id.unwrap_or_else(|| TemplateId(self.hub.clock.new_id(self.hub.clock.now())))),
            scope: draft.scope,
            language: draft.language,
            section: clean(draft.section),
            title: clean(draft.title),
            text: body,
            key: None,
            code: clean(draft.code),
        };
        self.hub.store.save_template(&template).await?;
        let news = ServerFrame::TemplateSaved {
            request: 0,
            template: template.clone(),
        };
        self.tell_users(&template.scope, &news);
        Ok(ServerFrame::TemplateSaved { request, template })
    }

    async fn delete_template(
        &self,
        request: u32,
        id: TemplateId,
        operator: &Operator,
    ) -> Result<ServerFrame, Failure> {
        let template = self.require_known(id, operator).await?;
        self.hub.store.delete_template(id).await?;
        self.tell_users(
            &template.scope,
            &ServerFrame::TemplateDeleted { request: 0, id },
        );
        Ok(ServerFrame::TemplateDeleted { request, id })
    }

    /// Finds a saved template that this operator may change.
    async fn require_known(
        &self,
        id: TemplateId,
        operator: &Operator,
    ) -> Result<Template, Failure> {
        let templates = self.hub.store.list_templates().await?;
        let found = templates
            .into_iter()
            .find(|template| template.id == Some(id));
        let found = found.filter(|template| may_use(operator, &template.scope));
        let template =
            found.ok_or_else(|| declined("no_such_template", "There is no such template."))?;
        require_template_right(operator, &template.scope)?;
        Ok(template)
    }

    fn tell_users(&self, scope: &TemplateScope, news: &ServerFrame) {
        let policy = self.hub.desks.policy();
        self.hub.tell(news, |id| {
            policy
                .find_operator(id)
                .is_some_and(|operator| may_use(operator, scope))
        });
    }

    async fn blocks(
        &self,
        request: u32,
        operator: &Operator,
        policy: &Policy,
    ) -> Result<ServerFrame, Failure> {
        if !has(operator.role, Right::Block) {
            return Err(declined("not_allowed", "Your role may not see the blocks."));
        }
        let mut entries = self.hub.store.list_blocks().await?;
        entries.sort_by_key(|block| std::cmp::Reverse(block.at));
        let mut blocks = vec![];
        for block in entries {
            // A block names a visitor and says why: as much as the chat it was made in.
            if self
                .find_seen(block.chat, operator, policy)
                .await?
                .is_some()
            {
                blocks.push(BlockRow {
                    chat: block.chat,
                    visitor_name: block.visitor_name,
                    channel: block.channel,
                    by: block.by,
                    at: block.at,
                    until: block.until,
                    reason: block.reason,
                    dropped: block.dropped,
                });
            }
        }
        Ok(ServerFrame::Blocks { request, blocks })
    }

    async fn sessions(&self, request: u32, operator: &Operator) -> Result<ServerFrame, Failure> {
        let all = has(operator.role, Right::Sessions);
        let mut entries = self.hub.store.list_sessions(self.hub.clock.now()).await?;
        entries.retain(|entry| all || entry.operator == operator.id);
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.created_at));
        let sessions = entries
            .into_iter()
            .map(|entry| self.session_row(entry))
            .collect();
        Ok(ServerFrame::Sessions { request, sessions })
    }

    fn session_row(&self, entry: SessionEntry) -> SessionRow {
        SessionRow {
            session: public_name(&entry.hash),
            is_this: entry.hash == self.session,
            operator: entry.operator,
            created_at: entry.created_at,
            expires_at: entry.expires_at,
            used_at: entry.used_at,
            address: entry.address,
        }
    }

    async fn end_session(
        &self,
        request: u32,
        whose: &OperatorId,
        name: &str,
        operator: &Operator,
    ) -> Result<ServerFrame, Failure> {
        if *whose != operator.id && !has(operator.role, Right::Sessions) {
            return Err(declined(
                "not_allowed",
                "Your role may not end sessions of others.",
            ));
        }
        let entries = self.hub.store.list_sessions(self.hub.clock.now()).await?;
        let is_it =
            |entry: &&SessionEntry| entry.operator == *whose && public_name(&entry.hash) == name;
        let Some(entry) = entries.iter().find(is_it) else {
            return Err(declined("no_such_session", "There is no such session."));
        };
        self.hub.store.end_session(&entry.hash).await?;
        self.hub.session_ended(&entry.hash);
        self.sessions(request, operator).await
    }
}

/// Whether an operator may insert a template of that scope (T-01).
pub(super) fn may_use(operator: &Operator, scope: &TemplateScope) -> bool {
    match scope {
        TemplateScope::Global => true,
        TemplateScope::Department { department } => operator.departments.contains(department),
        TemplateScope::Personal { operator: owner } => *owner == operator.id,
    }
}

/// Whether an operator may save a template of that scope (T-03).
fn require_template_right(operator: &Operator, scope: &TemplateScope) -> Result<(), Failure> {
    let allowed = match scope {
        TemplateScope::Global => has(operator.role, Right::GlobalTemplates),
        TemplateScope::Department { .. } => {
            has(operator.role, Right::DepartmentTemplates) && may_use(operator, scope)
        }
        TemplateScope::Personal { .. } => may_use(operator, scope),
    };
    if allowed {
        Ok(())
    } else {
        Err(declined(
            "not_allowed",
            "Your role may not save templates there.",
        ))
    }
}

/// Empties, in a page, what visitors have deleted or changed since: only supervisors read originals (IN-09).
fn hide_originals(all: &[Stored], page: &mut [Stored]) {
    let deleted: Vec<_> = all
        .iter()
        .filter_map(|stored| match &stored.event {
            Event::Deleted { message } => Some(*message),
            _ => None,
        })
        .collect();
    for stored in page {
        match &mut stored.event {
            Event::Received { message, .. } if deleted.contains(&message.id) => {
                message.text.clear();
                message.attachments.clear();
            }
            Event::Edited {
                message: Some(id),
                text,
                ..
            } if deleted.contains(id) => text.clear(),
            _ => {}
        }
    }
}

fn public_name(hash: &TokenHash) -> String {
    crate::hex::hex(hash.0.get(..6).unwrap_or_default())
}

fn request_of(frame: &ClientFrame) -> u32 {
    match frame {
        ClientFrame::FindChat { request, .. }
        | ClientFrame::LoadTimeline { request, .. }
        | ClientFrame::LoadClosed { request, .. }
        | ClientFrame::LoadOpen { request, .. }
        | ClientFrame::LoadVisitor { request, .. }
        | ClientFrame::Search { request, .. }
        | ClientFrame::SaveTemplate { request, .. }
        | ClientFrame::DeleteTemplate { request, .. }
        | ClientFrame::LoadBlocks { request }
        | ClientFrame::LoadSessions { request }
        | ClientFrame::EndSession { request, .. } => *request,
        ClientFrame::Hello { .. }
        | ClientFrame::Command { .. }
        | ClientFrame::LoadChat { .. }
        | ClientFrame::Presence { .. }
        | ClientFrame::SaveDraft { .. }
        | ClientFrame::Speak { .. }
        | ClientFrame::Ping { .. } => 0,
    }
}
