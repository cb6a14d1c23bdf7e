//! Pages of what was written: timelines, closed chats, a visitor's chats, search. Nothing out of sight is in them, and no
//! original that the reader may not see (IN-09).

use std::collections::HashMap;

use shared::chat::{Chat, Revision, Stored};
use shared::model::{ChatId, MessageId, Seq, VisitorId};
use shared::protocol::{ChatPage, ChatPlace, Hit, PAGE_LIMIT, ServerFrame};

use crate::store::{Query, StoreError};

use super::requests::{Failure, Requests, declined};
use super::viewer::Viewer;

/// Pages of the store looked through for what an operator sees, before the rest is left for the next request.
const PAGES: usize = 10;

/// A list of chats in the store, newest first.
#[derive(Debug, Clone, Copy)]
enum List {
    /// Closed softly or for good.
    Closed,
    /// A visitor's.
    OfVisitor(VisitorId),
}

impl Requests {
    /// One chat or none.
    pub(super) async fn numbered(
        &self,
        number: Seq,
        viewer: &Viewer,
    ) -> Result<ChatPage, StoreError> {
        let found = self.hub.store.find_chat_by_number(number).await?;
        let chats = found.into_iter().filter(|chat| viewer.sees(chat));
        Ok(ChatPage {
            chats: chats.collect(),
            ..ChatPage::default()
        })
    }

    pub(super) async fn timeline(
        &self,
        request: u32,
        chat: ChatId,
        before: Option<Seq>,
        limit: u32,
        viewer: &Viewer,
    ) -> Result<ServerFrame, StoreError> {
        let limit = limit.clamp(1, PAGE_LIMIT);
        let (mut events, mut has_more) = (vec![], false);
        if self.find_seen(chat, viewer).await?.is_some() {
            events = self.hub.store.timeline(chat, before, limit).await?;
            has_more = events.len() == limit as usize;
            let revisions = self.revisions_for(viewer, &events).await?;
            for stored in &mut events {
                if let Some(event) = shown(stored, &revisions) {
                    stored.event = event;
                }
            }
        }
        Ok(ServerFrame::Timeline {
            request,
            chat,
            events,
            has_more,
        })
    }

    /// Returns a page of those closed chats that an operator sees, newest first.
    pub(super) async fn closed(
        &self,
        before: Option<ChatPlace>,
        limit: u32,
        viewer: &Viewer,
    ) -> Result<ChatPage, StoreError> {
        self.seen(List::Closed, before, limit, viewer).await
    }

    /// Returns a page of a visitor's chats that an operator sees, newest first.
    pub(super) async fn of_visitor(
        &self,
        visitor: VisitorId,
        before: Option<ChatPlace>,
        limit: u32,
        viewer: &Viewer,
    ) -> Result<ChatPage, StoreError> {
        self.seen(List::OfVisitor(visitor), before, limit, viewer)
            .await
    }

    /// Looks through a list for what an operator sees. That there are more is said when another one in sight was found, so
    /// that nobody learns of a chat by being told that it is not shown; or when the search was broken off.
    async fn seen(
        &self,
        list: List,
        mut before: Option<ChatPlace>,
        limit: u32,
        viewer: &Viewer,
    ) -> Result<ChatPage, StoreError> {
        let limit = limit.clamp(1, PAGE_LIMIT);
        let store = &self.hub.store;
        let mut chats: Vec<Chat> = vec![];
        for _ in 0..PAGES {
            let page = match list {
                List::Closed => store.list_closed_chats(before, PAGE_LIMIT).await?,
                List::OfVisitor(visitor) => {
                    store
                        .list_visitor_chats(visitor, before, PAGE_LIMIT)
                        .await?
                }
            };
            let is_last = page.len() < PAGE_LIMIT as usize;
            for chat in page {
                let is_seen = viewer.sees(&chat);
                if is_seen && chats.len() == limit as usize {
                    return Ok(page_of(chats, before));
                }
                before = Some(ChatPlace {
                    at: chat.last_at,
                    chat: chat.id,
                });
                chats.extend(is_seen.then_some(chat));
            }
            if is_last {
                return Ok(page_of(chats, None));
            }
        }
        Ok(page_of(chats, before))
    }

    /// A hit whose words this reader may not see is none: that it was found would tell them.
    pub(super) async fn search(
        &self,
        request: u32,
        text: &str,
        before: Option<Seq>,
        limit: u32,
        viewer: &Viewer,
    ) -> Result<ServerFrame, Failure> {
        let query = Query::parse(text)
            .ok_or_else(|| declined("nothing_to_search", "There is no word to search for."))?;
        let limit = limit.clamp(1, PAGE_LIMIT);
        let (mut hits, mut before, mut has_more) = (vec![], before, true);
        for _ in 0..PAGES {
            if !has_more || hits.len() == limit as usize {
                break;
            }
            let found = self.hub.store.search(&query, before, limit).await?;
            has_more = found.len() == limit as usize;
            let revisions = self.revisions_for(viewer, &found).await?;
            for stored in found {
                if hits.len() == limit as usize {
                    has_more = true;
                    break;
                }
                before = Some(stored.seq);
                if shown(&stored, &revisions).is_some() {
                    continue;
                }
                if let Some(chat) = self.find_seen(stored.chat, viewer).await? {
                    let chat = Box::new(chat);
                    hits.push(Hit { stored, chat });
                }
            }
        }
        Ok(ServerFrame::Hits {
            request,
            hits,
            has_more,
        })
    }

    /// Returns what has become of the messages in a page, as far as it matters to this reader.
    async fn revisions_for(
        &self,
        viewer: &Viewer,
        page: &[Stored],
    ) -> Result<HashMap<MessageId, Revision>, StoreError> {
        if viewer.reads_originals() {
            return Ok(HashMap::new());
        }
        let messages = page.iter();
        let messages = messages.filter_map(|stored| stored.event.holds_words_of());
        self.hub.store.find_revisions(messages.collect()).await
    }
}

/// Returns what is read in place of an event; none: the event itself.
fn shown(stored: &Stored, revisions: &HashMap<MessageId, Revision>) -> Option<shared::chat::Event> {
    let revision = revisions.get(&stored.event.holds_words_of()?)?;
    stored.event.without_originals(*revision)
}

fn page_of(chats: Vec<Chat>, next: Option<ChatPlace>) -> ChatPage {
    ChatPage {
        chats,
        has_more: next.is_some(),
        next,
    }
}
