//! The company whose chats are decided on: three operators, two departments, one channel.

use shared::chat::Opening;
use shared::model::{
    Abilities, Card, Category, CategoryPath, CategoryTree, ChannelProfile, Company, ContactAsk,
    Department, DeskSettings, OnReturn, Operator, OperatorId, Policy, Reconciles, Role, Seconds,
    Timeouts, Visitor, VisitorId,
};

use crate::source::Source;

/// Returns a policy; what rules ask of it is chosen by the source.
pub(super) fn policy(source: &mut Source<'_>) -> Policy {
    Policy {
        company: Company {
            name: "Acme Ltd".to_owned(),
            website: "https://acme.example".to_owned(),
            timezone: "Europe/Moscow".to_owned(),
            language: "en".into(),
        },
        departments: ["sales", "billing"]
            .map(|id| Department {
                id: id.into(),
                name: id.to_owned(),
            })
            .into(),
        operators: vec![
            operator("anna", Role::Operator),
            operator("boris", Role::Operator),
            operator("sofia", Role::Supervisor),
        ],
        channels: vec![channel(source)],
        categories: CategoryTree {
            required: source.flag(),
            list: ["Orders", "VIP"]
                .map(|name| Category {
                    path: CategoryPath(vec![name.to_owned()]),
                })
                .into(),
        },
        templates: vec![],
        hide_others: source.flag(),
        timeouts: Timeouts {
            close_final: source.pick(&[Seconds(86_400), Seconds(60), Seconds(0)]),
            ..Timeouts::default()
        },
        desk: DeskSettings {
            theme: "dark".to_owned(),
            keymap: "default".to_owned(),
            undo_send: source.pick(&[Seconds(3), Seconds(0), Seconds(u32::MAX)]),
            keys: std::collections::BTreeMap::new(),
        },
        crm_url: None,
    }
}

fn operator(login: &str, role: Role) -> Operator {
    Operator {
        id: login.into(),
        name: login.to_owned(),
        role,
        departments: vec!["sales".into()],
        languages: vec!["en".into()],
        ui_language: "en".into(),
        max_chats: 5,
    }
}

fn channel(source: &mut Source<'_>) -> ChannelProfile {
    ChannelProfile {
        id: "acme-page".into(),
        kind: "messenger".to_owned(),
        name: "Acme on Messenger".to_owned(),
        active: source.byte() % 8 != 7,
        language: "en".into(),
        department: None,
        operator: None,
        on_return: source.pick(&[OnReturn::Reopen, OnReturn::New, OnReturn::Resume]),
        abilities: Abilities {
            text_limit: source.pick(&[2000, 8]),
            reply_window: source.pick(&[Some(Seconds(86_400)), None]),
            human_window: source.pick(&[None, Some(Seconds(7 * 86_400))]),
            files: None,
            quotes: !source.flag(),
            typing: true,
            seen: true,
            asks_contacts: ContactAsk {
                phone: true,
                email: true,
            },
            delivered_receipts: true,
            read_receipts: true,
            starts_chats: false,
            reconciles: Reconciles::ByEcho,
        },
    }
}

/// Returns what a new chat is opened with.
pub(super) fn opening(source: &mut Source<'_>) -> Opening {
    let name = source.pick(&["Olga Example", "Olga"]);
    Opening {
        visitor: Visitor {
            id: VisitorId(5),
            channel: source
                .pick(&["acme-page", "acme-page", "acme-page", "gone"])
                .into(),
            platform_id: "7412589630147852".into(),
            card: Card {
                name: Some(name.to_owned()),
                ..Card::default()
            },
        },
        language: "en".into(),
        department: source.pick(&[None, Some("billing")]).map(Into::into),
        reserved_for: source
            .pick(&[None, None, Some("boris")])
            .map(OperatorId::from),
        entry: None,
        window_from: None,
    }
}
