//! What a desk asks for, answered: commands go to the engine, questions to the store. Rights are checked on every read;
//! a chat out of sight is answered like one that does not exist.

use std::sync::Arc;

use tokio::sync::mpsc;

use shared::chat::Chat;
use shared::chat::rights::{Right, has};
use shared::model::{ChatId, Operator, OperatorId, Seq};
use shared::protocol::{BlockRow, ClientFrame, DraftText, PAGE_LIMIT, ServerFrame, SessionRow};

use crate::store::{SessionEntry, StoreError, TokenHash};

use super::hub::{Aside, Hub};
use super::viewer::Viewer;
use super::{CommandFailure, encode};

/// Bytes of a draft.
const DRAFT_LIMIT: usize = 64 * 1024;
/// The requests of one desk.
pub(super) struct Requests {
    pub(super) hub: Arc<Hub>,
    operator: OperatorId,
    session: TokenHash,
    asides_tx: mpsc::Sender<Aside>,
}

/// Why there is no answer.
pub(super) enum Failure {
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

pub(super) fn declined(code: &'static str, sentence: &str) -> Failure {
    Failure::Declined {
        code,
        sentence: sentence.to_owned(),
    }
}

impl Requests {
    pub(super) fn new(
        hub: Arc<Hub>,
        operator: OperatorId,
        session: TokenHash,
        asides_tx: mpsc::Sender<Aside>,
    ) -> Self {
        Self {
            hub,
            operator,
            session,
            asides_tx,
        }
    }

    pub(super) fn who(&self) -> &OperatorId {
        &self.operator
    }

    /// Does what writes, one after the other, until the desk is gone.
    pub(super) async fn answer_all(self: Arc<Self>, mut writes_rx: mpsc::Receiver<ClientFrame>) {
        while let Some(frame) = writes_rx.recv().await {
            self.answer(frame).await;
        }
    }

    /// Answers one frame. An operator who was removed meanwhile gets no answer: the hub ends the connection.
    pub(super) async fn answer(&self, frame: ClientFrame) {
        let Some(viewer) = Viewer::find(&self.operator, self.hub.desks.policy()) else {
            return;
        };
        let request = request_of(&frame);
        let answer = match self.find_answer(frame, &viewer).await {
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
            self.asides_tx
                .send(Aside::Frame(encode(&answer)))
                .await
                .ok();
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one short arm per frame, and no wildcard"
    )]
    async fn find_answer(
        &self,
        frame: ClientFrame,
        viewer: &Viewer,
    ) -> Result<Option<ServerFrame>, Failure> {
        let operator = &viewer.operator;
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
                Ok(Some(match self.find_seen(chat, viewer).await? {
                    Some(found) => ServerFrame::ChatShown {
                        at: self.hub.ring.point().seq,
                        chat: Box::new(found),
                    },
                    None => ServerFrame::ChatHidden { chat, at: Seq(0) },
                }))
            }
            ClientFrame::FindChat { request, number } => {
                let page = self.numbered(number, viewer).await?;
                Ok(Some(ServerFrame::Chats { request, page }))
            }
            ClientFrame::LoadTimeline {
                request,
                chat,
                before,
                limit,
            } => {
                let page = self.timeline(request, chat, before, limit, viewer).await?;
                Ok(Some(page))
            }
            ClientFrame::LoadClosed {
                request,
                before,
                limit,
            } => {
                let page = self.closed(before, limit, viewer).await?;
                Ok(Some(ServerFrame::Chats { request, page }))
            }
            ClientFrame::LoadOpen {
                request,
                section,
                after,
                limit,
            } => {
                let limit = limit.clamp(1, PAGE_LIMIT) as usize;
                let page = self.hub.ring.page(section, after, limit, viewer);
                Ok(Some(ServerFrame::Chats { request, page }))
            }
            ClientFrame::LoadVisitor {
                request,
                visitor,
                before,
                limit,
            } => {
                let page = self.of_visitor(visitor, before, limit, viewer).await?;
                Ok(Some(ServerFrame::Chats { request, page }))
            }
            ClientFrame::Search {
                request,
                text,
                before,
                limit,
            } => self
                .search(request, &text, before, limit, viewer)
                .await
                .map(Some),
            ClientFrame::Presence { chat, presence } => {
                if let Some(chat) = self.hub.ring.find_chat(chat)
                    && viewer.sees(&chat)
                {
                    self.hub.presence(operator, &chat, presence);
                }
                Ok(None)
            }
            ClientFrame::SaveDraft { chat, draft } => {
                self.save_draft(chat, draft, viewer).await?;
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
            ClientFrame::LoadBlocks { request } => self.blocks(request, viewer).await.map(Some),
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

    /// Finds a chat in sight.
    pub(super) async fn find_seen(
        &self,
        id: ChatId,
        viewer: &Viewer,
    ) -> Result<Option<Chat>, StoreError> {
        let found = match self.hub.ring.find_chat(id) {
            Some(chat) => Some(chat),
            None => self.hub.store.find_chat(id).await?,
        };
        Ok(found.filter(|chat| viewer.sees(chat)))
    }

    /// Keeps a draft. One may always be dropped: the chat may be out of sight by now.
    async fn save_draft(
        &self,
        chat: ChatId,
        draft: DraftText,
        viewer: &Viewer,
    ) -> Result<(), StoreError> {
        let is_fit = draft.text.len() <= DRAFT_LIMIT
            && (draft.text.is_empty() || self.find_seen(chat, viewer).await?.is_some());
        if !is_fit {
            return Ok(());
        }
        let now = self.hub.clock.now();
        self.hub
            .store
            .save_draft(&self.operator, chat, &draft, now)
            .await
    }

    /// The blocks of visitors whose chat is in sight: the others' names are nobody's business, and cannot be lifted.
    async fn blocks(&self, request: u32, viewer: &Viewer) -> Result<ServerFrame, Failure> {
        if !has(viewer.operator.role, Right::Block) {
            return Err(declined("not_allowed", "Your role may not see the blocks."));
        }
        let mut blocks = self.hub.store.list_blocks().await?;
        blocks.sort_by_key(|block| std::cmp::Reverse(block.at));
        let mut rows = vec![];
        for block in blocks {
            if self.find_seen(block.chat, viewer).await?.is_none() {
                continue;
            }
            rows.push(BlockRow {
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
        Ok(ServerFrame::Blocks {
            request,
            blocks: rows,
        })
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
