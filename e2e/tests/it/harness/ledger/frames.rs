//! (c): what a desk was sent is what happened, as far as its operator sees it: in order, once, nothing else. Worked out anew
//! from the stored events, not by the code of the relay.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Included};

use shared::chat::Chat;
use shared::chat::rights::sees;
use shared::model::{Operator, Policy, Seq};
use shared::protocol::{ServerFrame, Snapshot};

use crate::harness::steady::{Heard, Record};

use super::stored::Sights;
use super::{Clause, Evidence, Violation};

/// What a desk is due for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Event,
    Shown,
    Hidden,
}

struct Walk<'a> {
    login: &'a str,
    evidence: &'a Evidence,
    operator: Operator,
    policy: Policy,
    due: BTreeMap<Seq, Due>,
    /// None: nothing was shown yet.
    cursor: Option<Seq>,
    violations: &'a mut Vec<Violation>,
}

pub(super) fn check(
    login: &str,
    record: &Record,
    evidence: &Evidence,
    violations: &mut Vec<Violation>,
) {
    let mut welcomes = record.heard.iter().filter_map(|heard| match heard {
        Heard::Frame(ServerFrame::Welcome { you, policy, .. }) => {
            Some((policy.find_operator(you)?.clone(), policy.as_ref().clone()))
        }
        Heard::Frame(_) | Heard::Line { .. } => None,
    });
    let Some((operator, policy)) = welcomes.next() else {
        let what = format!("{login} was never welcomed");
        violations.push(Violation {
            clause: Clause::Shown,
            what,
        });
        return;
    };
    let due = evidence.events.iter().zip(&evidence.sights);
    let due =
        due.filter_map(|(stored, sights)| Some((stored.seq, due_of(&operator, &policy, sights)?)));
    let mut walk = Walk {
        login,
        due: due.collect(),
        operator,
        policy,
        evidence,
        cursor: None,
        violations,
    };
    let mut offered = None;
    for heard in &record.heard {
        match heard {
            Heard::Line { resume } => offered = resume.as_ref().map(|point| point.seq),
            Heard::Frame(frame) => walk.take(frame, offered),
        }
    }
    walk.nothing_until(evidence.last_seq(), "has not been sent");
}

fn due_of(operator: &Operator, policy: &Policy, sights: &Sights) -> Option<Due> {
    let after = sees(operator, &sights.after, policy);
    match &sights.before {
        None => after.then_some(Due::Event),
        Some(before) => match (sees(operator, before, policy), after) {
            (true, true) => Some(Due::Event),
            (false, true) => Some(Due::Shown),
            (true, false) => Some(Due::Hidden),
            (false, false) => None,
        },
    }
}

impl Walk<'_> {
    fn take(&mut self, frame: &ServerFrame, offered: Option<Seq>) {
        if let ServerFrame::Welcome {
            is_resumed: true, ..
        } = frame
        {
            self.cursor = offered;
        } else if let ServerFrame::Snapshot(snapshot) = frame {
            self.snapshot(snapshot);
        } else if let ServerFrame::Live { at } = frame {
            self.nothing_until(at.seq, "was passed over");
        } else if let ServerFrame::Event(stored) = frame {
            if self.evidence.find(stored.seq) != Some(stored) {
                self.tell(format!("event {} is not the stored one", stored.seq));
            }
            self.step(stored.seq, Due::Event);
        } else if let ServerFrame::ChatShown { chat, at } = frame {
            if self.is_next(*at, Due::Shown) {
                self.step(*at, Due::Shown);
            }
            self.compare(chat);
        } else if let ServerFrame::ChatHidden { at, .. } = frame
            && self.is_next(*at, Due::Hidden)
        {
            self.step(*at, Due::Hidden);
        }
    }

    /// Whether a frame is about an event; if not, it is an answer.
    fn is_next(&self, at: Seq, due: Due) -> bool {
        self.due.get(&at) == Some(&due) && self.cursor.is_some_and(|cursor| at > cursor)
    }

    fn step(&mut self, seq: Seq, due: Due) {
        let Some(cursor) = self.cursor else {
            return self.tell(format!("{seq} came before a snapshot"));
        };
        if seq <= cursor {
            return self.tell(format!("{seq} came after {cursor}"));
        }
        if self.due.get(&seq) != Some(&due) {
            let is = self.due.get(&seq);
            self.tell(format!("{seq} came as {due:?}, due is {is:?}"));
        }
        self.nothing_until(Seq(seq.0 - 1), "was left out");
        self.cursor = Some(seq);
    }

    /// Nothing is due between the cursor and a place; the cursor is there then.
    fn nothing_until(&mut self, place: Seq, how: &str) {
        let Some(cursor) = self.cursor.filter(|cursor| *cursor < place) else {
            return;
        };
        let between = self.due.range((Excluded(cursor), Included(place)));
        let missing: Vec<_> = between.map(|(seq, _)| seq.0).collect();
        if let Some(first) = missing.first() {
            self.tell(format!("{first} {how} ({} in all)", missing.len()));
        }
        self.cursor = Some(place);
    }

    fn snapshot(&mut self, snapshot: &Snapshot) {
        self.cursor = Some(snapshot.at.seq);
        for chat in &snapshot.chats {
            if !sees(&self.operator, &shared::chat::Sight::of(chat), &self.policy) {
                self.tell(format!("chat {} is in a snapshot", chat.id));
            }
            self.compare(chat);
        }
        let counts = snapshot.counts;
        let count = counts.awaiting + counts.mine + counts.others;
        if let Some(expected) = self.visible_at(snapshot.at.seq)
            && expected != count
        {
            self.tell(format!("a snapshot counts {count} chats, not {expected}"));
        }
    }

    /// How many chats are in sight at a moment.
    fn visible_at(&self, seq: Seq) -> Option<u32> {
        let mut chats = BTreeMap::new();
        let until = self.evidence.events.iter();
        for stored in until.take_while(|stored| stored.seq <= seq) {
            let chat = chats
                .entry(stored.chat)
                .or_insert_with(|| Chat::unborn(stored.chat));
            chat.apply(stored);
        }
        let seen = chats.values().filter(|chat| {
            let sight = shared::chat::Sight::of(chat);
            !chat.is_finished() && sees(&self.operator, &sight, &self.policy)
        });
        u32::try_from(seen.count()).ok()
    }

    /// A chat as a desk was shown it is what its events add up to.
    fn compare(&mut self, chat: &Chat) {
        if self.evidence.replay(chat.id, chat.version).as_ref() != Some(chat) {
            self.tell(format!("chat {} was shown as it never was", chat.id));
        }
    }

    fn tell(&mut self, mut what: String) {
        what.insert_str(0, &format!("{}: ", self.login));
        self.violations.push(Violation {
            clause: Clause::Shown,
            what,
        });
    }
}
