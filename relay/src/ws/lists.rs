//! The lists of open chats as one operator has them: which chat stands in which, in what order, where a page of one ends,
//! and how many there are. Pure.

use shared::chat::rights::sees;
use shared::chat::{Chat, Stage};
use shared::model::{OperatorId, Seq};
use shared::protocol::{ChatPage, ChatPlace, OpenSection, SectionCounts, SectionPlaces};

use super::ring::{Entry, Standing};
use super::viewer::Viewer;

/// Waiting chats in a snapshot, the longest waiting first.
const AWAITING_WINDOW: usize = 300;
/// Own chats in a snapshot, the latest first.
const MINE_WINDOW: usize = 200;
/// Chats of others in a snapshot, the latest first.
const OTHERS_WINDOW: usize = 200;

/// Returns the list a chat stands in for an operator.
pub(super) fn section_of(chat: &Chat, me: &OperatorId) -> OpenSection {
    match (&chat.stage, chat.owner()) {
        (Stage::Queue, _) => OpenSection::Awaiting,
        (Stage::Chatting { .. } | Stage::ClosedByOperator { .. } | Stage::Closed, Some(owner))
            if owner == me =>
        {
            OpenSection::Mine
        }
        (Stage::Chatting { .. } | Stage::ClosedByOperator { .. } | Stage::Closed, _) => {
            OpenSection::Others
        }
    }
}

/// Returns a chat's place in its list.
fn place_of(section: OpenSection, chat: &Chat) -> ChatPlace {
    let at = match section {
        OpenSection::Awaiting => chat.waits_since(),
        OpenSection::Mine | OpenSection::Others => chat.last_at,
    };
    ChatPlace { at, chat: chat.id }
}

/// Returns the chats of a list after a place: the longest waiting first, of the others the latest first.
pub(super) fn page(
    section: OpenSection,
    mut chats: Vec<&Chat>,
    after: Option<ChatPlace>,
    limit: usize,
) -> ChatPage {
    let place = |chat: &Chat| place_of(section, chat);
    match section {
        OpenSection::Awaiting => {
            chats.retain(|chat| after.is_none_or(|after| place(chat) > after));
            chats.sort_by_key(|chat| place(chat));
        }
        OpenSection::Mine | OpenSection::Others => {
            chats.retain(|chat| after.is_none_or(|after| place(chat) < after));
            chats.sort_by_key(|chat| std::cmp::Reverse(place(chat)));
        }
    }
    let has_more = chats.len() > limit;
    chats.truncate(limit);
    let next = chats.last().map(|chat| place(chat)).filter(|_| has_more);
    ChatPage {
        chats: chats.into_iter().cloned().collect(),
        has_more,
        next,
    }
}

/// What a snapshot shows of the chats an operator sees.
pub(super) struct Windows {
    pub(super) chats: Vec<Chat>,
    pub(super) counts: SectionCounts,
    pub(super) next: SectionPlaces,
}

/// Returns the beginning of each list.
pub(super) fn windows(me: &OperatorId, seen: &[&Chat]) -> Windows {
    let list = |section| {
        let listed = seen.iter().copied();
        listed
            .filter(move |chat| section_of(chat, me) == section)
            .collect()
    };
    let (awaiting, mine, others) = (
        list(OpenSection::Awaiting),
        list(OpenSection::Mine),
        list(OpenSection::Others),
    );
    let awaiting = page(OpenSection::Awaiting, awaiting, None, AWAITING_WINDOW);
    let mine = page(OpenSection::Mine, mine, None, MINE_WINDOW);
    let others = page(OpenSection::Others, others, None, OTHERS_WINDOW);
    let next = SectionPlaces {
        awaiting: awaiting.next,
        mine: mine.next,
        others: others.next,
    };
    let lists = [awaiting, mine, others].into_iter();
    Windows {
        chats: lists.flat_map(|list| list.chats).collect(),
        counts: counts(me, seen.iter().copied()),
        next,
    }
}

/// Counts the open chats in each list.
pub(super) fn counts<'a>(me: &OperatorId, seen: impl Iterator<Item = &'a Chat>) -> SectionCounts {
    let mut counts = SectionCounts::default();
    for chat in seen.filter(|chat| chat.is_open()) {
        *count_of(&mut counts, section_of(chat, me)) += 1;
    }
    counts
}

fn count_of(counts: &mut SectionCounts, section: OpenSection) -> &mut u32 {
    match section {
        OpenSection::Awaiting => &mut counts.awaiting,
        OpenSection::Mine => &mut counts.mine,
        OpenSection::Others => &mut counts.others,
    }
}

/// How many open chats stand in each list, kept up event by event; told only where the desk cannot count itself, because a
/// list is longer than its window.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: SectionCounts,
    /// The event up to which they were counted.
    as_of: Seq,
    /// None: nothing was told yet.
    told: Option<SectionCounts>,
}

impl Tally {
    /// Returns what was counted, and already told with a snapshot.
    pub(super) fn told(counts: SectionCounts, as_of: Seq) -> Self {
        Self {
            counts,
            as_of,
            told: Some(counts),
        }
    }

    /// Returns what was counted, for a desk that goes on from what it has.
    pub(super) fn untold(counts: SectionCounts, as_of: Seq) -> Self {
        Self {
            counts,
            as_of,
            told: None,
        }
    }

    /// Takes the next event in.
    pub(super) fn take(&mut self, entry: &Entry, viewer: &Viewer) {
        if entry.stored.seq <= self.as_of {
            return;
        }
        self.as_of = entry.stored.seq;
        let section = |standing: &Standing| {
            let section = standing.section(&viewer.operator.id)?;
            sees(&viewer.operator, &standing.sight, &viewer.policy).then_some(section)
        };
        let before = entry.before.as_ref().and_then(section);
        let after = section(&entry.after);
        if before == after {
            return;
        }
        if let Some(section) = before {
            let count = count_of(&mut self.counts, section);
            *count = count.saturating_sub(1);
        }
        if let Some(section) = after {
            *count_of(&mut self.counts, section) += 1;
        }
    }

    /// Returns the counts, if they are to be told now.
    pub(super) fn news(&mut self) -> Option<SectionCounts> {
        let SectionCounts {
            awaiting,
            mine,
            others,
        } = self.counts;
        let windows = [
            (awaiting, AWAITING_WINDOW),
            (mine, MINE_WINDOW),
            (others, OTHERS_WINDOW),
        ];
        let is_cut = windows
            .iter()
            .any(|(count, window)| usize::try_from(*count).is_ok_and(|count| count > *window));
        if !is_cut || self.told == Some(self.counts) {
            return None;
        }
        self.told = Some(self.counts);
        self.told
    }
}

#[cfg(test)]
mod tests {
    use shared::model::{ChatId, Timestamp};

    use super::*;

    fn chat(id: i64, stage: Stage, at: i64) -> Chat {
        let mut chat = Chat::unborn(ChatId(id));
        chat.stage = stage;
        chat.last_at = Timestamp(at);
        chat.waiting_since = Some(Timestamp(at));
        chat
    }

    /// Walks a list to its end, page by page.
    fn walk(section: OpenSection, chats: &[Chat], limit: usize) -> Vec<i64> {
        let (mut found, mut after) = (vec![], None);
        loop {
            let page = page(section, chats.iter().collect(), after, limit);
            assert!(page.chats.len() <= limit);
            assert_eq!(page.has_more, page.next.is_some());
            found.extend(page.chats.iter().map(|chat| chat.id.0));
            match page.next {
                Some(next) => after = Some(next),
                None => return found,
            }
        }
    }

    #[test]
    fn pages_reach_every_chat_once_though_many_have_the_same_time() {
        let chats: Vec<_> = (1..=50).map(|id| chat(id, Stage::Queue, id / 20)).collect();
        let mut expected: Vec<i64> = (1..=50).collect();
        for limit in [1, 7, 20, 49, 50] {
            assert_eq!(walk(OpenSection::Awaiting, &chats, limit), expected);
        }
        expected.reverse();
        for limit in [1, 7, 20, 49, 50] {
            assert_eq!(walk(OpenSection::Others, &chats, limit), expected);
        }
    }

    #[test]
    fn every_list_of_a_snapshot_is_cut_and_says_where_it_goes_on() {
        let owned = |owner: &str| Stage::Chatting {
            owner: owner.into(),
        };
        let mut chats = vec![];
        for id in 0..500 {
            chats.push(chat(1000 + id, Stage::Queue, id));
            chats.push(chat(2000 + id, owned("anna"), id));
            chats.push(chat(3000 + id, owned("boris"), id));
        }
        let windows = windows(&"anna".into(), &chats.iter().collect::<Vec<_>>());
        assert_eq!(
            windows.chats.len(),
            AWAITING_WINDOW + MINE_WINDOW + OTHERS_WINDOW
        );
        let counts = windows.counts;
        assert_eq!([counts.awaiting, counts.mine, counts.others], [500; 3]);
        let queue: Vec<_> = chats.iter().filter(|chat| chat.id.0 < 2000).collect();
        let rest = page(OpenSection::Awaiting, queue, windows.next.awaiting, 1000);
        assert_eq!(rest.chats.len(), 500 - AWAITING_WINDOW);
        let mine: Vec<_> = chats
            .iter()
            .filter(|chat| (2000..3000).contains(&chat.id.0))
            .collect();
        let rest = page(OpenSection::Mine, mine, windows.next.mine, 1000);
        assert_eq!(rest.chats.len(), 500 - MINE_WINDOW);
    }

    #[test]
    fn a_chat_that_is_softly_closed_is_not_counted_among_the_open_ones() {
        let closed = Stage::ClosedByOperator {
            owner: Some("anna".into()),
        };
        let chats = [chat(1, closed, 1)];
        let windows = windows(&"anna".into(), &chats.iter().collect::<Vec<_>>());
        assert_eq!(windows.counts, SectionCounts::default());
        assert_eq!(windows.chats.len(), 1, "but it may be reopened");
    }
}
