//! Random sequences of commands against the invariants 2, 3, 4, 5 and 7 of the architecture.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::rights::{Right, has, sees};
use super::testing::{TestDesk, unborn};
use super::{
    Chat, DeskCommand, Event, PlatformCommand, Receipt, ReplyDraft, SettledAs, Sight,
    TransferTarget,
};
use crate::model::{CategoryPath, ContactAsk, FailureReason, MessageId, OperatorId, Timestamp};

#[derive(Debug, Clone)]
enum Step {
    VisitorWrites,
    Standby,
    Outside,
    Reads,
    Desk(&'static str, DeskCommand),
    /// Of the n-th outgoing reply.
    Withdraw(&'static str, usize),
    Retry(&'static str, usize),
    GiveUp(&'static str, usize),
    Settle(usize, SettledAs),
    Echo(usize),
    Pass(u64),
    Leave(&'static str),
}

fn operator() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("anna"), Just("boris"), Just("sofia"), Just("nobody")]
}

fn desk_command() -> impl Strategy<Value = DeskCommand> {
    let reply = (0..4000u32).prop_map(|hold| {
        DeskCommand::Reply(ReplyDraft {
            text: "Hello!".into(),
            quotes: None,
            asks: ContactAsk::default(),
            human_agent: false,
            hold_ms: Some(hold),
        })
    });
    let target = prop_oneof![
        operator().prop_map(|login| TransferTarget::Operator {
            operator: login.into()
        }),
        Just(TransferTarget::Department {
            department: "billing".into()
        }),
        Just(TransferTarget::Queue),
    ];
    let block = (0..7200u32, any::<bool>()).prop_map(|(seconds, close)| DeskCommand::Block {
        for_seconds: (seconds > 0).then_some(seconds),
        reason: "spam".into(),
        close,
    });
    prop_oneof![
        3 => any::<bool>().prop_map(|take_over| DeskCommand::Claim { take_over }),
        1 => Just(DeskCommand::Release),
        5 => reply,
        2 => target.prop_map(|to| DeskCommand::Transfer { to, comment: None }),
        1 => Just(DeskCommand::Close),
        1 => Just(DeskCommand::Reopen),
        1 => block,
        1 => Just(DeskCommand::Unblock),
        1 => Just(DeskCommand::Categorize { category: Some(CategoryPath(vec!["VIP".into()])) }),
        1 => Just(DeskCommand::MarkRead),
        1 => Just(DeskCommand::Note { text: "note".into(), mentions: vec![] }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let result = prop_oneof![
        Just(SettledAs::Sent {
            platform_id: None,
            begun_at: Timestamp(0)
        }),
        Just(SettledAs::Failed(FailureReason::ThreadControlled)),
        Just(SettledAs::Unconfirmed),
    ];
    prop_oneof![
        4 => Just(Step::VisitorWrites),
        1 => Just(Step::Standby),
        1 => Just(Step::Outside),
        1 => Just(Step::Reads),
        12 => (operator(), desk_command()).prop_map(|(who, command)| Step::Desk(who, command)),
        1 => (operator(), 0..3usize).prop_map(|(who, n)| Step::Withdraw(who, n)),
        1 => (operator(), 0..3usize).prop_map(|(who, n)| Step::Retry(who, n)),
        1 => (operator(), 0..3usize).prop_map(|(who, n)| Step::GiveUp(who, n)),
        3 => (0..3usize, result).prop_map(|(n, result)| Step::Settle(n, result)),
        1 => (0..3usize).prop_map(Step::Echo),
        2 => (0..40_000u64).prop_map(Step::Pass),
        1 => operator().prop_map(Step::Leave),
    ]
}

/// Does one step; refusals are as good as events. Returns what happened.
fn perform(desk: &mut TestDesk, step: &Step) -> Vec<Event> {
    let nth = |desk: &TestDesk, n: usize| {
        desk.chat
            .outgoing
            .get(n)
            .map_or(MessageId(-1), |outgoing| outgoing.message)
    };
    match step {
        Step::VisitorWrites => desk.try_visitor_writes("hello").unwrap_or_default(),
        Step::Standby if desk.chat.is_open() && !desk.chat.is_blocked(desk.now) => {
            desk.visitor_writes_on_standby("hello")
        }
        Step::Outside if desk.chat.is_open() && !desk.chat.is_blocked(desk.now) => {
            desk.answered_outside("hello")
        }
        Step::Standby | Step::Outside => vec![],
        Step::Reads => {
            let until = Some(desk.now);
            desk.platform(PlatformCommand::Read(Receipt {
                messages: vec![],
                until,
            }))
            .unwrap_or_default()
        }
        Step::Desk(who, command) => desk.by(who, command.clone()).unwrap_or_default(),
        Step::Withdraw(who, n) => {
            let message = nth(desk, *n);
            desk.by(who, DeskCommand::Withdraw { message })
                .unwrap_or_default()
        }
        Step::Retry(who, n) => {
            let message = nth(desk, *n);
            desk.by(who, DeskCommand::Retry { message })
                .unwrap_or_default()
        }
        Step::GiveUp(who, n) => {
            let message = nth(desk, *n);
            desk.by(who, DeskCommand::GiveUp { message })
                .unwrap_or_default()
        }
        Step::Settle(n, result) => {
            let message = nth(desk, *n);
            desk.settle(message, result.clone())
        }
        Step::Echo(n) => {
            let message = nth(desk, *n);
            desk.echo_ours(message, "m_echo")
        }
        Step::Pass(seconds) => {
            desk.now = desk.now.plus(Duration::from_secs(*seconds));
            desk.tick()
        }
        Step::Leave(who) => {
            desk.online.remove(&OperatorId::from(*who));
            vec![]
        }
    }
}

/// What each reply has been through: sent and withdrawn are the end, and exclude one another (invariant 3).
fn follow_replies(fates: &mut BTreeMap<MessageId, &'static str>, events: &[Event]) {
    for event in events {
        match event {
            Event::ReplyWritten { message, .. } => {
                assert_eq!(
                    fates.insert(message.id, "written"),
                    None,
                    "a reply is written once"
                );
            }
            Event::ReplySent { message, .. } => {
                let before = fates.insert(*message, "sent");
                assert!(
                    !matches!(before, None | Some("sent" | "withdrawn")),
                    "sent after {before:?}"
                );
            }
            Event::ReplyWithdrawn { message, .. } => {
                assert_eq!(
                    fates.insert(*message, "withdrawn"),
                    Some("written"),
                    "only what has not left is taken back"
                );
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn random_commands_never_break_an_invariant(steps in prop::collection::vec(step(), 1..100)) {
        let mut desk = unborn();
        let mut fates = BTreeMap::new();
        for step in &steps {
            let (before, logged) = (desk.chat.clone(), desk.log.len());
            let events = perform(&mut desk, step);

            follow_replies(&mut fates, &events);
            prop_assert_eq!(desk.log.len() - logged, events.len(), "each event is stored once");
            prop_assert_eq!(desk.chat.version, before.version.plus(events.len()), "versions rise by one");
            for event in &events {
                if let Event::ReplyWritten { by, .. } = event {
                    prop_assert_eq!(desk.chat.owner(), Some(by), "only the owner's replies leave");
                }
            }
            if let Step::Desk(who, _) = step
                && !events.is_empty()
                && before.has_begun()
            {
                let operator = desk.policy.find_operator(&OperatorId::from(*who));
                let saw = operator.is_some_and(|operator| sees(operator, &Sight::of(&before), &desk.policy));
                prop_assert!(saw, "nobody changes what they cannot see");
            }
            prop_assert_eq!(&Chat::replay(desk.chat.id, &desk.log).unwrap_or(Chat::unborn(desk.chat.id)), &desk.chat);
            if let Step::Pass(_) = step {
                let deadline = desk.chat.deadline(&desk.policy);
                prop_assert!(deadline.is_none_or(|at| at > desk.now), "a tick leaves nothing overdue");
            }
        }
    }

    #[test]
    fn an_emptied_log_adds_up_to_the_chat_that_was_told_to_forget(steps in prop::collection::vec(step(), 1..60)) {
        let mut desk = unborn();
        for step in &steps {
            perform(&mut desk, step);
        }
        let mut forgetful = desk.chat.clone();
        forgetful.apply_unstored(&Event::Redacted, desk.now);
        for stored in &mut desk.log {
            stored.event = stored.event.redacted();
        }
        if let Some(mut replayed) = Chat::replay(desk.chat.id, &desk.log) {
            replayed.apply_unstored(&Event::Redacted, desk.now);
            prop_assert_eq!(replayed, forgetful);
        }
    }

    #[test]
    fn a_chat_survives_being_written_down(steps in prop::collection::vec(step(), 1..60)) {
        let mut desk = unborn();
        for step in &steps {
            perform(&mut desk, step);
        }
        let text = serde_json::to_string(&desk.chat).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Chat>(&text).unwrap(), &desk.chat);
        for stored in &desk.log {
            let text = serde_json::to_string(stored).unwrap();
            prop_assert_eq!(&serde_json::from_str::<super::Stored>(&text).unwrap(), stored);
        }
    }
}

#[test]
fn a_higher_role_never_sees_less_and_never_may_less() {
    use crate::model::Role;
    for right in super::rights::ALL_RIGHTS {
        assert!(
            !has(Role::Operator, right) || has(Role::Supervisor, right),
            "{right:?}"
        );
        assert!(
            !has(Role::Supervisor, right) || has(Role::Admin, right),
            "{right:?}"
        );
    }
    assert!(
        has(Role::Operator, Right::Block),
        "operators may block (BL-03)"
    );
}

#[test]
fn the_rights_hide_what_they_should() {
    let mut policy = super::testing::policy();
    let sight = |owner: Option<&str>, department: Option<&str>, reserved: Option<&str>| Sight {
        channel: "acme-page".into(),
        owner: owner.map(Into::into),
        department: department.map(Into::into),
        reserved_for: reserved.map(Into::into),
    };
    let check = |policy: &crate::model::Policy, who: &str, sight: &Sight| {
        sees(policy.find_operator(&who.into()).unwrap(), sight, policy)
    };
    // who, owner, department, reserved for, hide_others → seen
    let table = [
        ("anna", None, None, None, false, true),
        ("anna", None, Some("sales"), None, false, true),
        ("anna", None, Some("billing"), None, false, false),
        ("sofia", None, Some("billing"), None, false, true),
        ("anna", Some("boris"), None, None, false, true),
        ("anna", Some("boris"), None, None, true, false),
        ("sofia", Some("boris"), None, None, true, true),
        ("anna", Some("anna"), Some("billing"), None, true, true),
        ("anna", None, None, Some("boris"), false, false),
        ("boris", None, None, Some("boris"), false, true),
    ];
    for (who, owner, department, reserved, hide, seen) in table {
        policy.hide_others = hide;
        assert_eq!(
            check(&policy, who, &sight(owner, department, reserved)),
            seen,
            "{who} {owner:?} {department:?}"
        );
    }
    policy.channels[0].active = false;
    assert!(
        !check(&policy, "sofia", &sight(None, None, None)),
        "a switched-off channel is seen by nobody (CH-12)"
    );
}
