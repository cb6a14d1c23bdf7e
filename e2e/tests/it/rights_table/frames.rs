//! Every frame about every kind of chat, and what a desk gets unasked: snapshots, counts, drafts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use shared::chat::{Chat, DeskCommand};
use shared::model::{ChatId, OperatorId, Presence, Seq};
use shared::protocol::{ClientFrame, DraftText, OpenSection, ServerFrame};

use crate::harness::desk::settle;

use super::company::Company;
use super::nobody::other_frames;
use super::{ASKERS, LIES, Lies, Row, sees};

/// How a frame is asked about a chat, and how one knows from the answer whether the asker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// As `chat_shown`, or as `chat_hidden` at 0.
    Shown,
    /// In a page of chats that says nothing of others.
    Listed,
    /// As events.
    Told,
    /// As a hit.
    Found,
    /// Colleagues who see the chat are told.
    Passed,
    /// It comes back in the next welcome.
    KeptForLater,
    /// In another table: commands, templates, sessions; or it is about no chat.
    Elsewhere,
}

/// The table of frames.
fn of_frame(frame: &ClientFrame) -> Way {
    match frame {
        ClientFrame::LoadChat { .. } => Way::Shown,
        ClientFrame::FindChat { .. }
        | ClientFrame::LoadClosed { .. }
        | ClientFrame::LoadOpen { .. }
        | ClientFrame::LoadVisitor { .. } => Way::Listed,
        ClientFrame::LoadTimeline { .. } => Way::Told,
        ClientFrame::Search { .. } | ClientFrame::LoadBlocks { .. } => Way::Found,
        ClientFrame::Presence { .. } => Way::Passed,
        ClientFrame::SaveDraft { .. } => Way::KeptForLater,
        ClientFrame::Hello { .. }
        | ClientFrame::Command { .. }
        | ClientFrame::SaveTemplate { .. }
        | ClientFrame::DeleteTemplate { .. }
        | ClientFrame::LoadSessions { .. }
        | ClientFrame::EndSession { .. }
        | ClientFrame::Speak { .. }
        | ClientFrame::Ping { .. } => Way::Elsewhere,
    }
}

/// Every frame that is about a chat, asking about this one.
pub(super) fn frames(chat: &Chat, marker: &str, request: u32) -> Vec<ClientFrame> {
    let (id, before) = (chat.id, None);
    let open = |section| ClientFrame::LoadOpen {
        request,
        section,
        after: None,
        limit: 200,
    };
    vec![
        ClientFrame::LoadChat { chat: id },
        ClientFrame::FindChat {
            request,
            number: chat.number.unwrap(),
        },
        ClientFrame::LoadTimeline {
            request,
            chat: id,
            before,
            limit: 1,
        },
        ClientFrame::LoadClosed {
            request,
            before: None,
            limit: 200,
        },
        open(OpenSection::Awaiting),
        open(OpenSection::Mine),
        open(OpenSection::Others),
        ClientFrame::LoadVisitor {
            request,
            visitor: chat.visitor.id,
            before: None,
            limit: 1,
        },
        ClientFrame::Search {
            request,
            text: marker.to_owned(),
            before,
            limit: 1,
        },
        ClientFrame::Presence {
            chat: id,
            presence: Presence::Viewing,
        },
        ClientFrame::SaveDraft {
            chat: id,
            draft: DraftText {
                text: "half a".to_owned(),
                caret: 0,
                is_note: false,
            },
        },
        ClientFrame::LoadBlocks { request },
    ]
}

pub(super) fn request_of(frame: &ServerFrame) -> Option<u32> {
    match frame {
        ServerFrame::Timeline { request, .. }
        | ServerFrame::Chats { request, .. }
        | ServerFrame::Hits { request, .. }
        | ServerFrame::Blocks { request, .. }
        | ServerFrame::Sessions { request, .. }
        | ServerFrame::TemplateSaved { request, .. }
        | ServerFrame::TemplateDeleted { request, .. }
        | ServerFrame::Declined { request, .. } => Some(*request),
        _ => None,
    }
}

fn row(asker: &'static str, lies: Lies, is_closed: bool) -> Row {
    let closed = if is_closed { "closed" } else { "open" };
    Row {
        asker,
        lies,
        marker: format!("zebra{asker}{lies:?}{closed}"),
        is_closed,
    }
}

/// Whether an open chat belongs into a list, for whoever sees it.
fn is_in(section: OpenSection, lies: Lies) -> bool {
    match lies {
        Lies::Own => section == OpenSection::Mine,
        Lies::Queued | Lies::Elsewhere | Lies::SwitchedOff => section == OpenSection::Awaiting,
        Lies::Anothers => section == OpenSection::Others,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_out_of_sight_is_in_no_answer_to_any_frame() {
    let rows: Vec<_> = ASKERS
        .into_iter()
        .flat_map(|asker| {
            LIES.map(|lies| [false, true].map(|is_closed| row(asker, lies, is_closed)))
        })
        .flatten()
        .collect();
    let mut company = Company::open(&rows).await;
    for row in rows
        .iter()
        .filter(|row| row.lies == Lies::Elsewhere && !row.is_closed)
    {
        let block = DeskCommand::Block {
            for_seconds: None,
            reason: row.marker.clone(),
            close: false,
        };
        let chat = company.chats[&row.marker].id;
        company.must("root", chat, block).await;
    }
    let mut faults = String::new();
    let mut ways = BTreeSet::new();
    for row in &rows {
        let chat = company.chats[&row.marker].clone();
        for place in 0..frames(&chat, "", 0).len() {
            let request = company.next_request();
            let frame = frames(&chat, &row.marker, request).swap_remove(place);
            let (way, name) = (of_frame(&frame), frame.name());
            ways.insert(way);
            let wanted = wanted(&frame, row);
            let found = company.is_given(row.asker, frame, &chat, &row.marker).await;
            if found != Ok(wanted) {
                writeln!(
                    faults,
                    "{} {}: {name}: {found:?}, not {wanted}",
                    row.name(),
                    row.marker
                )
                .unwrap();
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
    assert_eq!(ways.len(), 6, "every way was asked");
    company.check_snapshots(&rows).await;
    company.check_resumes(&rows).await;
    company.check_drafts(&rows).await;
}

/// Whether an answer shall hold the chat.
fn wanted(frame: &ClientFrame, row: &Row) -> bool {
    let is_listed = match frame {
        ClientFrame::LoadClosed { .. } => row.is_closed,
        ClientFrame::LoadOpen { section, .. } => {
            // A softly closed one is still its owner's.
            match (row.is_closed, row.lies) {
                (false, lies) => is_in(*section, lies),
                (true, Lies::Own) => *section == OpenSection::Mine,
                (true, _) => *section == OpenSection::Others,
            }
        }
        ClientFrame::LoadBlocks { .. } => row.lies == Lies::Elsewhere && !row.is_closed,
        _ => true,
    };
    is_listed && sees(row.asker, row.lies)
}

impl Company {
    /// Asks one frame about a chat; says whether the answer holds it, or what is wrong with the answer.
    async fn is_given(
        &self,
        asker: &str,
        frame: ClientFrame,
        chat: &Chat,
        marker: &str,
    ) -> Result<bool, String> {
        let id = chat.id;
        match of_frame(&frame) {
            Way::Shown => {
                let is_it = |answer: &ServerFrame| match answer {
                    ServerFrame::ChatShown { chat, .. } => chat.id == id,
                    ServerFrame::ChatHidden { chat, at } => *chat == id && *at == Seq(0),
                    _ => false,
                };
                let answer = self.ask(asker, frame, is_it).await;
                Ok(matches!(answer, ServerFrame::ChatShown { .. }))
            }
            Way::Listed | Way::Told | Way::Found => {
                let wanted = request_in(&frame);
                let answer = self
                    .ask(asker, frame, |answer| request_of(answer) == wanted)
                    .await;
                holds(&answer, id, marker)
            }
            Way::Passed => {
                let watcher = if asker == "root" { "sofia" } else { "root" };
                let operator = OperatorId::from(asker);
                let is_it = |frame: &ServerFrame| matches!(frame, ServerFrame::Presence { chat, operator: who, .. } if *chat == id && *who == operator);
                self.desk(asker).send(frame);
                // Frames of one desk are answered side by side; the answer to a ping comes when the watcher was told.
                self.ping(asker).await;
                settle(self.desk(watcher)).await;
                Ok(self
                    .desk(watcher)
                    .look(|seen| seen.frames.iter().any(is_it)))
            }
            Way::KeptForLater => {
                self.desk(asker).send(frame);
                self.ping(asker).await;
                // Looked at when all are saved: see `check_drafts`.
                Ok(sees_row(asker, marker))
            }
            Way::Elsewhere => Err("is in another table".to_owned()),
        }
    }

    async fn ping(&self, login: &str) {
        let is_pong = |frame: &ServerFrame| matches!(frame, ServerFrame::Pong { stamp: 7, .. });
        self.ask(login, ClientFrame::Ping { stamp: 7 }, is_pong)
            .await;
    }

    /// What a desk sees that comes in anew: nothing hidden, not even as a number.
    async fn check_snapshots(&mut self, rows: &[Row]) {
        for asker in ASKERS {
            let desk = self.desk(asker).beside(&self.world.relay).await;
            let (chats, counts) = desk.look(|seen| {
                let counts = seen.frames.iter().find_map(|frame| match frame {
                    ServerFrame::Snapshot(snapshot) => Some(snapshot.counts),
                    _ => None,
                });
                (seen.chats.clone(), counts.unwrap())
            });
            let all = self.chats.values().map(|chat| chat.id);
            // Chats of other askers lie somewhere for this one too; those of its own rows are known.
            for row in rows.iter().filter(|row| row.asker == asker) {
                let id = self.chats[&row.marker].id;
                assert_eq!(
                    chats.contains_key(&id),
                    sees(asker, row.lies),
                    "{}",
                    row.name()
                );
            }
            let shown = chats.values().filter(|chat| chat.is_open()).count();
            let counted = counts.awaiting + counts.mine + counts.others;
            assert!(counted as usize >= shown, "{asker}: {counts:?}");
            let hidden = all.filter(|id| !chats.contains_key(id)).count();
            let known = chats.len() + hidden;
            assert_eq!(known, rows.len(), "{asker}");
            assert!(
                counted as usize <= chats.len(),
                "{asker} counts no chat out of sight: {counts:?}"
            );
        }
    }

    /// What a desk is told that was away while something happened in every chat.
    async fn check_resumes(&mut self, rows: &[Row]) {
        let memories = ASKERS.map(|asker| (asker, self.desk(asker).memory()));
        for (number, row) in rows.iter().enumerate() {
            let chat = self.chats[&row.marker].id;
            if sees("root", row.lies) {
                let note = DeskCommand::Note {
                    text: "meanwhile".to_owned(),
                    mentions: vec![],
                };
                self.must("root", chat, note).await;
            } else {
                self.write(number, row, "meanwhile").await;
            }
        }
        for (asker, memory) in memories {
            let desk = self.desk(asker);
            let desk = desk.beside_with(&self.world.relay, memory).await;
            assert!(desk.look(|seen| seen.was_resumed), "{asker} resumes");
            for row in rows.iter().filter(|row| row.asker == asker) {
                let id = self.chats[&row.marker].id;
                let is_told = desk.look(|seen| seen.events.iter().any(|stored| stored.chat == id));
                assert_eq!(is_told, sees(asker, row.lies), "{}", row.name());
            }
        }
    }

    /// Only drafts of chats in sight are kept.
    async fn check_drafts(&mut self, rows: &[Row]) {
        for asker in ASKERS {
            let desk = self.desk(asker).beside(&self.world.relay).await;
            let drafts = desk.look(|seen| {
                let welcome = seen.frames.iter().find_map(|frame| match frame {
                    ServerFrame::Welcome { drafts, .. } => Some(drafts.clone()),
                    _ => None,
                });
                welcome.unwrap()
            });
            for row in rows.iter().filter(|row| row.asker == asker) {
                let id = self.chats[&row.marker].id;
                let is_kept = drafts.iter().any(|(chat, _)| *chat == id);
                assert_eq!(is_kept, sees(asker, row.lies), "{}", row.name());
            }
        }
    }
}

fn sees_row(asker: &str, marker: &str) -> bool {
    let lies = LIES
        .into_iter()
        .find(|lies| marker.contains(&format!("{asker}{lies:?}")));
    sees(asker, lies.expect("the marker names it"))
}

fn request_in(frame: &ClientFrame) -> Option<u32> {
    let json = serde_json::to_value(frame).unwrap();
    json["request"]
        .as_u64()
        .and_then(|request| u32::try_from(request).ok())
}

/// Whether an answer holds a chat. An answer without it must not say either that there is one more.
fn holds(answer: &ServerFrame, id: ChatId, marker: &str) -> Result<bool, String> {
    let (is_there, is_empty, has_more) = match answer {
        ServerFrame::Chats { page, .. } => {
            let is_there = page.chats.iter().any(|chat| chat.id == id);
            (is_there, page.chats.is_empty(), page.has_more)
        }
        ServerFrame::Timeline {
            events, has_more, ..
        } => (!events.is_empty(), events.is_empty(), *has_more),
        ServerFrame::Hits { hits, has_more, .. } => {
            let is_there = hits.iter().any(|hit| hit.chat.id == id);
            (is_there, hits.is_empty(), *has_more)
        }
        ServerFrame::Blocks { blocks, .. } => (
            blocks.iter().any(|block| block.reason == marker),
            false,
            false,
        ),
        other => return Err(format!("not an answer: {other:?}")),
    };
    if is_empty && has_more {
        return Err("says that there is more of what is not shown".to_owned());
    }
    Ok(is_there)
}

#[test]
fn every_frame_is_in_a_table() {
    let chat = Chat {
        number: Some(Seq(1)),
        ..Chat::unborn(ChatId(1))
    };
    let mut names: BTreeMap<&str, Way> = BTreeMap::new();
    for frame in frames(&chat, "x", 1).iter().chain(&other_frames()) {
        names.insert(frame.name(), of_frame(frame));
    }
    let document = include_str!("../../../../docs/protocol.md");
    let known: BTreeSet<_> = names.keys().copied().collect();
    assert_eq!(known.len(), 18, "{known:?}");
    for name in known {
        assert!(
            document.contains(&format!("\"type\":\"{name}\""))
                || document.contains(&format!("\"type\": \"{name}\"")),
            "{name}"
        );
    }
}
