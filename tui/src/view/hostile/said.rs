//! A text in every field that a visitor, a platform, a colleague, an admin or the relay fills.

use shared::chat::{Event, TransferTarget};
use shared::model::{
    Attachment, AttachmentKind, CardField, CategoryPath, ChannelState, ChatId, EntryPoint,
    FailureReason, Language as Code, MessageId, Notice, NoticeKind, OperatorId, Policy, Template,
    TemplateId, TemplateScope, ThreadOwner, Timestamp,
};
use shared::protocol::{
    BlockRow, ChannelHealth, ClientFrame, DraftText, Hit, NoticeLevel, ServerFrame, SessionRow,
};

use crate::app::fixture::{Desk, NOW, message, opened, policy, received, written};
use crate::effect::Effect;

fn hostile_policy(text: &str) -> Policy {
    let mut policy = policy();
    let name = || text.to_owned();
    (policy.company.name, policy.company.website) = (name(), name());
    for department in &mut policy.departments {
        department.name = name();
    }
    for operator in &mut policy.operators {
        operator.name = name();
    }
    for channel in &mut policy.channels {
        (channel.name, channel.kind) = (name(), name());
    }
    for category in &mut policy.categories.list {
        category.path = CategoryPath(vec![name(), name()]);
    }
    for template in &mut policy.templates {
        (template.section, template.title) = (Some(name()), Some(name()));
        (template.text, template.code) = (name(), Some(name()));
    }
    policy.crm_url = Some(name());
    policy
}

/// Says a text in every way a visitor, a platform, a colleague, an admin and the relay can.
#[expect(clippy::too_many_lines, reason = "one way after the other")]
pub(super) fn say_everywhere(desk: &mut Desk, text: &str) -> Vec<Effect> {
    let name = || text.to_owned();
    let mut effects = desk.hear(ServerFrame::Policy {
        policy: Box::new(hostile_policy(text)),
    });
    let mut photo = message(901, NOW, text);
    let kinds = [
        AttachmentKind::Document,
        AttachmentKind::Photo,
        AttachmentKind::Other(name()),
    ];
    photo.attachments = kinds
        .map(|kind| Attachment {
            url: Some(format!("https://files.example/{text}")),
            title: Some(name()),
            ..Attachment::of(kind)
        })
        .into();
    (photo.quotes, photo.quotes_unknown) = (Some(MessageId(11)), true);
    let by = || OperatorId::from("ivan");
    let events = [
        received(900, NOW, text),
        Event::Received {
            message: photo,
            standby: true,
            late: true,
            contact: None,
        },
        Event::Edited {
            message: Some(MessageId(900)),
            text: name(),
            edit: 1,
            edited_at: Timestamp(i64::MIN),
        },
        Event::Reacted {
            message: Some(MessageId(900)),
            emoji: Some(name()),
            reacted_at: Timestamp(i64::MAX),
        },
        Event::Noticed {
            notice: Notice {
                kind: NoticeKind::ButtonPressed,
                text: name(),
            },
            opens_window_at: None,
        },
        Event::AnsweredOutside {
            message: message(902, Timestamp(i64::MAX), text),
            application: Some(name()),
        },
        Event::ThreadOwned {
            owner: ThreadOwner::Other(name()),
        },
        Event::NoteWritten {
            by: by(),
            message: MessageId(903),
            text: name(),
            mentions: vec!["kate".into()],
        },
        Event::Categorized {
            by: by(),
            category: Some(CategoryPath(vec![name()])),
        },
        Event::CardEdited {
            by: by(),
            field: CardField::Notes,
            value: Some(name()),
        },
        Event::CardEdited {
            by: by(),
            field: CardField::Email,
            value: Some(name()),
        },
        Event::CardEdited {
            by: by(),
            field: CardField::Name,
            value: Some(name()),
        },
        written(904, "kate", NOW, text),
        Event::ReplyFailed {
            message: MessageId(904),
            reason: FailureReason::Refused { text: name() },
            sent: None,
        },
    ];
    for event in events {
        effects.extend(desk.happen(1, event));
    }
    effects.extend(tell_of_others(desk, text));
    effects.extend(speak_as_relay(desk, text));
    effects
}

/// Other chats, in the lists.
fn tell_of_others(desk: &mut Desk, text: &str) -> Vec<Effect> {
    let name = || text.to_owned();
    let mut stranger = opened(31, text);
    if let Event::Opened { visitor, entry, .. } = &mut stranger {
        visitor.platform_id.0 = name();
        visitor.card.first_name = Some(name());
        (visitor.card.phone, visitor.card.crm_id) = (Some(name()), Some(name()));
        *entry = Some(EntryPoint {
            source: Some(name()),
            reference: Some(name()),
            title: Some(name()),
        });
    }
    let by = || OperatorId::from("ivan");
    let events = [
        stranger,
        received(931, NOW, text),
        Event::Transferred {
            by: by(),
            to: TransferTarget::Operator {
                operator: "kate".into(),
            },
            comment: Some(name()),
        },
        Event::Blocked {
            by: by(),
            until: Some(Timestamp(i64::MAX)),
            reason: name(),
        },
    ];
    let mut effects = vec![];
    for event in events {
        effects.extend(desk.happen(31, event));
    }
    effects
}

/// What the relay says beside events.
fn speak_as_relay(desk: &mut Desk, text: &str) -> Vec<Effect> {
    let name = || text.to_owned();
    let template = Template {
        id: Some(TemplateId(5)),
        scope: TemplateScope::Personal {
            operator: "kate".into(),
        },
        language: Code::from("en"),
        section: Some(name()),
        title: Some(name()),
        text: name(),
        key: None,
        code: Some(name()),
    };
    let frames = [
        ServerFrame::Channel(ChannelHealth {
            channel: "shop".into(),
            health: ChannelState::Broken { reason: name() },
        }),
        ServerFrame::TemplateSaved {
            request: 0,
            template,
        },
        ServerFrame::Draft {
            chat: ChatId(1),
            draft: DraftText {
                text: name(),
                caret: 3,
                is_note: false,
            },
        },
        ServerFrame::Declined {
            request: 4_711,
            code: name(),
            sentence: name(),
        },
        ServerFrame::Notice {
            level: NoticeLevel::Error,
            code: name(),
            text: name(),
        },
    ];
    frames
        .into_iter()
        .flat_map(|frame| desk.hear(frame))
        .collect()
}

/// Answers whatever the desk asked for with hostile rows: hits, blocks, sessions.
pub(super) fn answer(desk: &mut Desk, effects: &[Effect], text: &str) -> Vec<Effect> {
    let name = || text.to_owned();
    let chat = desk.app.book.get(ChatId(1)).cloned();
    let mut answered = vec![];
    for effect in effects {
        let Effect::Send(frame) = effect else {
            continue;
        };
        let answer = match frame {
            ClientFrame::Search { request, .. } => {
                let stored = desk.stories[&ChatId(1)].last().cloned();
                let hit = stored.zip(chat.clone()).map(|(stored, chat)| Hit {
                    stored,
                    chat: Box::new(chat),
                });
                ServerFrame::Hits {
                    request: *request,
                    hits: hit.into_iter().collect(),
                    has_more: false,
                }
            }
            ClientFrame::LoadBlocks { request } => ServerFrame::Blocks {
                request: *request,
                blocks: vec![BlockRow {
                    chat: ChatId(1),
                    visitor_name: name(),
                    channel: "shop".into(),
                    by: "ivan".into(),
                    at: Timestamp(i64::MIN),
                    until: Some(Timestamp(i64::MAX)),
                    reason: name(),
                    dropped: u64::MAX,
                }],
            },
            ClientFrame::LoadSessions { request } => ServerFrame::Sessions {
                request: *request,
                sessions: vec![SessionRow {
                    session: name(),
                    operator: "kate".into(),
                    created_at: Timestamp(i64::MIN),
                    expires_at: Timestamp(i64::MAX),
                    used_at: NOW,
                    address: name(),
                    is_this: false,
                }],
            },
            _ => continue,
        };
        answered.extend(desk.hear(answer));
    }
    answered
}
