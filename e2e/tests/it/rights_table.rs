//! Every frame and every command × every role × every kind of chat (B-10, invariant 7): what the rights give is given, and
//! a chat out of sight is answered like one that does not exist, in every way it might be asked for.
//!
//! A frame or command without a row does not compile: [`of_frame`] and [`of_command`] match without a wildcard.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;

use shared::chat::{Chat, DeskCommand, Refusal, TransferTarget};
use shared::model::{
    CardField, CategoryPath, ChatId, DepartmentId, Language, MessageId, OperatorId, Presence, Seq,
    TemplateId, TemplateScope,
};
use shared::protocol::{
    ClientFrame, DraftText, GoodbyeCode, OpenSection, PROTOCOL, ServerFrame, TemplateDraft,
};

use crate::harness::World;
use crate::harness::desk::{Desk, reply, settle};
use crate::harness::relay::{Setup, password_hash};

/// Who asks: `anna` and `boris` are operators of sales, `dana` of billing, `sofia` is a supervisor, `root` an admin.
const ASKERS: [&str; 4] = ["anna", "dana", "sofia", "root"];

/// How a chat lies for whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Lies {
    /// The asker owns it.
    Own,
    /// Nobody owns it, everybody sees it.
    Queued,
    /// Somebody else owns it, in nobody's department.
    Anothers,
    /// It waits in a department that the asker is not in.
    Elsewhere,
    /// It came in on a channel that is switched off.
    SwitchedOff,
}

const LIES: [Lies; 5] = [
    Lies::Own,
    Lies::Queued,
    Lies::Anothers,
    Lies::Elsewhere,
    Lies::SwitchedOff,
];

fn is_above(asker: &str) -> bool {
    matches!(asker, "sofia" | "root")
}

/// Whether the asker may see such a chat at all.
fn sees(asker: &str, lies: Lies) -> bool {
    match lies {
        Lies::Own | Lies::Queued | Lies::Anothers => true,
        Lies::Elsewhere => is_above(asker),
        Lies::SwitchedOff => false,
    }
}

/// The colleague who owns [`Lies::Anothers`].
fn other_than(asker: &str) -> &'static str {
    if asker == "boris" { "anna" } else { "boris" }
}

/// What a command leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Done,
    Refused(&'static str),
}

const OWNED: Answer = Answer::Refused("owned");
const HIDDEN: Answer = Answer::Refused("no_such_chat");

/// The table of commands.
fn of_command(command: &DeskCommand, asker: &str, lies: Lies) -> Answer {
    use Answer::{Done, Refused};
    if !sees(asker, lies) {
        return HIDDEN;
    }
    let is_anothers = lies == Lies::Anothers;
    let managing = if is_anothers && !is_above(asker) {
        OWNED
    } else {
        Done
    };
    match command {
        DeskCommand::Claim { take_over: false } | DeskCommand::Reply(_) => {
            if is_anothers {
                OWNED
            } else {
                Done
            }
        }
        DeskCommand::Claim { take_over: true } => {
            if is_anothers && !is_above(asker) {
                Refused("not_allowed")
            } else {
                Done
            }
        }
        DeskCommand::Release => match lies {
            Lies::Own | Lies::Anothers => managing,
            Lies::Queued | Lies::Elsewhere | Lies::SwitchedOff => Refused("not_claimed"),
        },
        DeskCommand::Withdraw { .. } | DeskCommand::Retry { .. } | DeskCommand::GiveUp { .. } => {
            Refused("no_such_message")
        }
        DeskCommand::Transfer { .. } | DeskCommand::Close | DeskCommand::Categorize { .. } => {
            managing
        }
        // Silencing is everybody's; closing with it is not.
        DeskCommand::Block { close, .. } => {
            if *close {
                managing
            } else {
                Done
            }
        }
        DeskCommand::Unblock => Refused("not_blocked"),
        DeskCommand::Reopen => Refused("not_closed"),
        DeskCommand::Note { .. } | DeskCommand::EditCard { .. } | DeskCommand::MarkRead => Done,
    }
}

/// Every command, some in two ways.
fn commands() -> Vec<DeskCommand> {
    let message = MessageId(4711);
    let note = DeskCommand::Note {
        text: "for colleagues".to_owned(),
        mentions: vec![],
    };
    let transfer = DeskCommand::Transfer {
        to: TransferTarget::Operator {
            operator: "boris2".into(),
        },
        comment: None,
    };
    let block = |close| DeskCommand::Block {
        for_seconds: Some(3600),
        reason: "spam".to_owned(),
        close,
    };
    let category = Some(CategoryPath(vec!["VIP".to_owned()]));
    vec![
        DeskCommand::Claim { take_over: false },
        DeskCommand::Claim { take_over: true },
        DeskCommand::Release,
        DeskCommand::Reply(reply("an answer")),
        DeskCommand::Withdraw { message },
        DeskCommand::Retry { message },
        DeskCommand::GiveUp { message },
        note,
        DeskCommand::Categorize { category },
        transfer,
        DeskCommand::Close,
        DeskCommand::Reopen,
        block(false),
        block(true),
        DeskCommand::Unblock,
        DeskCommand::EditCard {
            field: CardField::Notes,
            value: Some("careful".to_owned()),
        },
        DeskCommand::MarkRead,
    ]
}

/// A chat prepared for one row.
struct Row {
    asker: &'static str,
    lies: Lies,
    marker: String,
    is_closed: bool,
}

impl Row {
    fn name(&self) -> String {
        format!("{} at {:?}", self.asker, self.lies)
    }
}

/// A relay with every kind of chat, and a desk for everybody.
struct Company {
    world: World,
    desks: BTreeMap<&'static str, Desk>,
    chats: HashMap<String, Chat>,
}

const PAGE: &str = "104820093344556";
const OLD_PAGE: &str = "209640186689112";

fn more_config() -> String {
    let hash = password_hash();
    let operator = |login: &str, role: &str| {
        format!(
            "[[operator]]\nlogin = \"{login}\"\nname = \"{login}\"\nrole = \"{role}\"\npassword_hash = \"{hash}\"\n"
        )
    };
    format!(
        "{}{}[[channel]]\nid = \"acme-old\"\nkind = \"messenger\"\nname = \"Old\"\nlanguage = \"en\"\n\
         active = true # the old one\npage_id = \"{OLD_PAGE}\"\naccess_token = \"EAAOld\"\nverify_token = \"verify-me\"\n\
         app_secret = \"0123456789abcdef0123456789abcdef\"\napi_url = \"http://127.0.0.1:9\"\n",
        operator("root", "admin"),
        operator("boris2", "operator"),
    )
}

impl Company {
    async fn open(rows: &[Row]) -> Self {
        let world = World::start_with(Setup {
            more_config: more_config(),
            ..Setup::default()
        })
        .await;
        let mut desks = BTreeMap::new();
        for login in ["anna", "boris", "dana", "sofia", "root"] {
            desks.insert(login, world.desk(login).await);
        }
        let mut company = Self {
            world,
            desks,
            chats: HashMap::new(),
        };
        company.receive(rows).await;
        company.arrange(rows).await;
        company
    }

    /// Lets a visitor write for each row.
    async fn receive(&mut self, rows: &[Row]) {
        let client = reqwest::Client::new();
        for (number, row) in rows.iter().enumerate() {
            let (page, channel) = match row.lies {
                Lies::SwitchedOff => (OLD_PAGE, "acme-old"),
                Lies::Own | Lies::Queued | Lies::Anothers | Lies::Elsewhere => (PAGE, "acme-page"),
            };
            let at = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
            let body = format!(
                r#"{{"object":"page","entry":[{{"id":"{page}","time":{at},"messaging":[{{"sender":{{"id":"55{number}"}},"recipient":{{"id":"{page}"}},"timestamp":{at},"message":{{"mid":"m_row_{number}","text":"{}"}}}}]}}]}}"#,
                row.marker
            );
            let secret = "0123456789abcdef0123456789abcdef";
            let signature = hostile::signatures::sign(secret, body.as_bytes());
            let answer = client
                .post(self.world.relay.url(&format!("/webhooks/{channel}")))
                .header(hostile::signatures::HEADER, signature)
                .body(body)
                .send();
            assert_eq!(answer.await.unwrap().status(), 200);
        }
        let count = rows.len();
        let root = &self.desks["root"];
        root.wait("every chat", |seen| {
            let said = seen.chats.values().filter(|chat| chat.last_line.is_some());
            said.count() == count
        })
        .await;
        self.chats = root.look(|seen| {
            let line = |chat: &Chat| chat.last_line.as_ref().map(|line| line.text.clone());
            let chats = seen.chats.values();
            chats
                .filter_map(|chat| Some((line(chat)?, chat.clone())))
                .collect()
        });
        assert_eq!(self.chats.len(), count);
    }

    /// Brings every chat to where its row wants it.
    async fn arrange(&mut self, rows: &[Row]) {
        for row in rows {
            let chat = self.chats[&row.marker].id;
            match row.lies {
                Lies::Own => {
                    self.must(row.asker, chat, DeskCommand::Claim { take_over: false })
                        .await
                }
                Lies::Anothers => {
                    let claim = DeskCommand::Claim { take_over: false };
                    self.must(other_than(row.asker), chat, claim).await;
                }
                Lies::Elsewhere => {
                    let department = if row.asker == "dana" {
                        "sales"
                    } else {
                        "billing"
                    };
                    let to = TransferTarget::Department {
                        department: DepartmentId::from(department),
                    };
                    let comment = None;
                    self.must("root", chat, DeskCommand::Transfer { to, comment })
                        .await;
                }
                Lies::Queued | Lies::SwitchedOff => {}
            }
            if row.is_closed {
                self.must("root", chat, DeskCommand::Close).await;
            }
        }
        let off = |text: &str| text.replace("active = true # the old one", "active = false");
        self.world.relay.rewrite_config(off);
        for desk in self.desks.values() {
            desk.wait("the old channel is switched off", |seen| {
                let is_off = |frame: &ServerFrame| match frame {
                    ServerFrame::Policy { policy } => {
                        policy.channels.iter().any(|channel| !channel.active)
                    }
                    _ => false,
                };
                let told = seen.frames.iter().position(is_off);
                let shown = seen
                    .frames
                    .iter()
                    .rposition(|frame| matches!(frame, ServerFrame::Live { .. }));
                told.is_some() && told < shown
            })
            .await;
        }
    }

    async fn must(&mut self, login: &str, chat: ChatId, command: DeskCommand) {
        let desk = self.desks.get_mut(login).unwrap();
        let done = desk.command(chat, command).await;
        assert!(done.is_ok(), "{login} prepares a chat: {done:?}");
    }

    fn desk(&self, login: &str) -> &Desk {
        &self.desks[login]
    }

    /// Asks for something and returns the answer to it.
    async fn ask(
        &self,
        login: &str,
        frame: ClientFrame,
        is_it: impl Fn(&ServerFrame) -> bool,
    ) -> ServerFrame {
        let desk = self.desk(login);
        let from = desk.look(|seen| seen.frames.len());
        let name = frame.name();
        desk.send(frame);
        let find =
            |frames: &[ServerFrame]| frames[from..].iter().find(|frame| is_it(frame)).cloned();
        desk.wait(name, |seen| find(&seen.frames).is_some()).await;
        desk.look(|seen| find(&seen.frames)).unwrap()
    }
}

fn code(refusal: &Refusal) -> String {
    let json = serde_json::to_value(refusal).unwrap();
    json["code"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_every_role_to_every_kind_of_chat_is_answered_as_the_rights_say() {
    let mut rows = vec![];
    for asker in ASKERS {
        for lies in LIES {
            for place in 0..commands().len() {
                let marker = format!("row {asker} {lies:?} {place} end");
                rows.push(Row {
                    asker,
                    lies,
                    marker,
                    is_closed: false,
                });
            }
        }
    }
    let mut company = Company::open(&rows).await;
    let mut faults = String::new();
    let mut places = commands().into_iter().cycle();
    for row in &rows {
        let command = places.next().unwrap();
        let wanted = of_command(&command, row.asker, row.lies);
        let chat = company.chats[&row.marker].id;
        let desk = company.desks.get_mut(row.asker).unwrap();
        let found = match desk.command(chat, command.clone()).await {
            Ok(_) => "done".to_owned(),
            Err(refusal) => code(&refusal),
        };
        let is_right = match wanted {
            Answer::Done => found == "done",
            Answer::Refused(code) => found == code,
        };
        if !is_right {
            writeln!(
                faults,
                "{}: {command:?}: {found}, not {wanted:?}",
                row.name()
            )
            .unwrap();
        }
    }
    assert!(faults.is_empty(), "{} rows:\n{faults}", rows.len());
    assert_eq!(rows.len(), 4 * 5 * 17);
}

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
fn frames(chat: &Chat, marker: &str, request: u32) -> Vec<ClientFrame> {
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

/// Frames that are about no chat, or in another table.
fn other_frames() -> Vec<ClientFrame> {
    let request = 1;
    vec![
        ClientFrame::Hello {
            protocol: PROTOCOL,
            token: "0".into(),
            resume: None,
            program: "story".to_owned(),
        },
        ClientFrame::Command {
            id: "x".into(),
            chat: ChatId(1),
            command: DeskCommand::Release,
        },
        ClientFrame::SaveTemplate {
            request,
            id: None,
            template: template(TemplateScope::Global),
        },
        ClientFrame::DeleteTemplate {
            request,
            id: TemplateId(1),
        },
        ClientFrame::LoadSessions { request },
        ClientFrame::EndSession {
            request,
            operator: "anna".into(),
            session: "0".to_owned(),
        },
        ClientFrame::Speak {
            language: Language::from("ru"),
        },
        ClientFrame::Ping { stamp: 1 },
    ]
}

fn template(scope: TemplateScope) -> TemplateDraft {
    TemplateDraft {
        scope,
        language: Language::from("en"),
        section: None,
        title: None,
        text: "Hello".to_owned(),
        code: None,
    }
}

fn request_of(frame: &ServerFrame) -> Option<u32> {
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
    let mut rows = vec![];
    for asker in ASKERS {
        for lies in LIES {
            for is_closed in [false, true] {
                let closed = if is_closed { "closed" } else { "open" };
                let marker = format!("zebra{asker}{lies:?}{closed}");
                rows.push(Row {
                    asker,
                    lies,
                    marker,
                    is_closed,
                });
            }
        }
    }
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
    let mut request = 100;
    for row in &rows {
        let chat = company.chats[&row.marker].clone();
        for frame in frames(&chat, &row.marker, 0) {
            request += 1;
            let frame = frames(&chat, &row.marker, request)
                .into_iter()
                .find(|other| {
                    other.name() == frame.name() && section_of(other) == section_of(&frame)
                })
                .unwrap();
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
    company.check_drafts(&rows).await;
}

fn section_of(frame: &ClientFrame) -> Option<OpenSection> {
    match frame {
        ClientFrame::LoadOpen { section, .. } => Some(*section),
        _ => None,
    }
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

    /// What a desk sees that comes in anew, and one that resumes from the beginning: the same, and nothing hidden.
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
    let document = include_str!("../../../docs/protocol.md");
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

#[tokio::test(flavor = "multi_thread")]
async fn templates_and_sessions_are_for_those_whose_they_are() {
    let company = Company::open(&[]).await;
    let scopes: [(&str, TemplateScope, &[&str]); 5] = [
        ("global", TemplateScope::Global, &["root"]),
        (
            "sales",
            TemplateScope::Department {
                department: "sales".into(),
            },
            &["sofia"],
        ),
        (
            "billing",
            TemplateScope::Department {
                department: "billing".into(),
            },
            &[],
        ),
        (
            "anna's",
            TemplateScope::Personal {
                operator: "anna".into(),
            },
            &["anna"],
        ),
        (
            "dana's",
            TemplateScope::Personal {
                operator: "dana".into(),
            },
            &["dana"],
        ),
    ];
    let mut request = 0;
    for (name, scope, allowed) in scopes {
        let mut saved = None;
        for asker in ASKERS {
            request += 1;
            let frame = ClientFrame::SaveTemplate {
                request,
                id: None,
                template: template(scope.clone()),
            };
            let answer = company
                .ask(asker, frame, |answer| request_of(answer) == Some(request))
                .await;
            let is_saved = matches!(answer, ServerFrame::TemplateSaved { .. });
            assert_eq!(
                is_saved,
                allowed.contains(&asker),
                "{asker} saves a {name} template: {answer:?}"
            );
            if let ServerFrame::TemplateSaved { template, .. } = answer {
                saved = template.id;
            }
        }
        let Some(id) = saved else { continue };
        // Those who may not, first: changing and deleting.
        let mut askers = ASKERS;
        askers.sort_by_key(|asker| allowed.contains(asker));
        for asker in askers {
            request += 2;
            let change = ClientFrame::SaveTemplate {
                request: request - 1,
                id: Some(id),
                template: template(scope.clone()),
            };
            let answer = company
                .ask(asker, change, |answer| {
                    request_of(answer) == Some(request - 1)
                })
                .await;
            assert_eq!(
                matches!(answer, ServerFrame::TemplateSaved { .. }),
                allowed.contains(&asker),
                "{asker} changes a {name} template: {answer:?}"
            );
            let delete = ClientFrame::DeleteTemplate { request, id };
            let answer = company
                .ask(asker, delete, |answer| request_of(answer) == Some(request))
                .await;
            assert_eq!(
                matches!(answer, ServerFrame::TemplateDeleted { .. }),
                allowed.contains(&asker),
                "{asker} deletes a {name} template: {answer:?}"
            );
        }
    }
    for asker in ASKERS {
        request += 2;
        let load = ClientFrame::LoadSessions {
            request: request - 1,
        };
        let answer = company
            .ask(asker, load, |answer| {
                request_of(answer) == Some(request - 1)
            })
            .await;
        let ServerFrame::Sessions { sessions, .. } = answer else {
            panic!("{answer:?}")
        };
        let others = sessions
            .iter()
            .filter(|row| row.operator.0 != asker)
            .count();
        assert_eq!(
            others > 0,
            asker == "root",
            "{asker} sees sessions of others"
        );
        let all = company
            .ask(
                "root",
                ClientFrame::LoadSessions { request: 9_999 },
                |answer| request_of(answer) == Some(9_999),
            )
            .await;
        let ServerFrame::Sessions { sessions, .. } = all else {
            panic!("{all:?}")
        };
        let boris = sessions
            .iter()
            .find(|row| row.operator.0 == "boris")
            .unwrap();
        let end = ClientFrame::EndSession {
            request,
            operator: "boris".into(),
            session: boris.session.clone(),
        };
        let answer = company
            .ask(asker, end, |answer| request_of(answer) == Some(request))
            .await;
        assert_eq!(
            matches!(answer, ServerFrame::Sessions { .. }),
            asker == "root",
            "{asker} ends another's session: {answer:?}"
        );
    }
    let boris = company.desk("boris");
    boris.wait("the goodbye", |seen| seen.has_ended).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_anything_at_any_address() {
    let row = Row {
        asker: "anna",
        lies: Lies::Queued,
        marker: "zebra of nobody".to_owned(),
        is_closed: false,
    };
    let company = Company::open(&[row]).await;
    let chat = &company.chats["zebra of nobody"];
    for frame in frames(chat, "zebra", 1).into_iter().chain(other_frames()) {
        let is_hello = matches!(frame, ClientFrame::Hello { .. });
        let said = first_words(&company.world, &frame).await;
        let [ServerFrame::Goodbye(goodbye)] = said.as_slice() else {
            panic!("{}: {said:?}", frame.name());
        };
        let wanted = if is_hello {
            GoodbyeCode::NotLoggedIn
        } else {
            GoodbyeCode::BadFrame
        };
        assert_eq!(goodbye.code, wanted, "{}", frame.name());
    }
    let client = reqwest::Client::new();
    for (method, path, token, status) in [
        ("GET", "/", "", 404),
        ("GET", "/api/v1/session", "", 405),
        ("POST", "/api/v1/session", "", 400),
        ("DELETE", "/api/v1/session", "", 401),
        ("DELETE", "/api/v1/session", "0", 204),
        ("GET", "/files/1", "", 404),
        ("GET", "/files/..%2f..%2fetc%2fpasswd", "", 404),
        ("GET", "/ws", "", 426),
        ("GET", "/metrics", "", 404),
        ("GET", "/healthz", "", 200),
        ("GET", "/readyz", "", 200),
        ("GET", "/webhooks/acme-page", "", 403),
        ("POST", "/webhooks/acme-page", "", 403),
        ("PUT", "/webhooks/acme-page", "", 405),
        ("GET", "/webhooks/nowhere", "", 404),
        ("POST", "/webhooks/nowhere", "", 404),
        ("GET", "/config.toml", "", 404),
        ("GET", "/desk.db", "", 404),
    ] {
        let request = client.request(method.parse().unwrap(), company.world.relay.url(path));
        let request = if token.is_empty() {
            request
        } else {
            request.bearer_auth(token)
        };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{method} {path}");
        let body = answer.text().await.unwrap();
        assert!(
            !body.contains("zebra") && !body.contains("anna"),
            "{method} {path}: {body}"
        );
    }
    assert!(
        !company.desk("anna").look(|seen| seen.has_ended),
        "nobody ends no session"
    );
}

/// Says one thing and returns all that the relay says.
async fn first_words(world: &World, frame: &ClientFrame) -> Vec<ServerFrame> {
    use futures_util::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;
    let (mut socket, _) = tokio_tungstenite::connect_async(world.relay.ws_url())
        .await
        .unwrap();
    let text = serde_json::to_string(frame).unwrap();
    socket.send(Message::text(text)).await.unwrap();
    let mut said = vec![];
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            said.push(serde_json::from_str(&text).unwrap());
        }
    }
    said
}
