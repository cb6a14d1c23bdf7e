//! The machine's clock is set, forwards and back, while work is going on (F-13). Linux only.

use std::sync::Arc;
use std::time::Duration;

use shared::chat::{DeskCommand, Event, Stored};
use shared::model::ChatId;

use crate::harness::interposer::Interposer;
use crate::harness::ledger::{Evidence, Ledger};
use crate::harness::load::{Load, now_ms};
use crate::harness::relay::Setup;
use crate::harness::steady::SteadyDesk;
use crate::harness::{PATIENCE, World, eventually};

use super::{Chance, Talk, Tally, open_chats, times};

const SECOND: i64 = 1000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

async fn begin(more_config: &str) -> Option<(Arc<Interposer>, World, Ledger, Arc<SteadyDesk>)> {
    let clock = Arc::new(Interposer::new()?);
    let setup = Setup {
        interposer: Some(Arc::clone(&clock)),
        more_config: more_config.into(),
        ..Setup::default()
    };
    let world = World::start_stubborn(setup).await;
    let anna = Arc::new(SteadyDesk::connect(&world.relay, "anna").await);
    Some((clock, world, Ledger::default(), anna))
}

/// Sets the clock and waits until the relay has looked at it.
async fn set(clock: &Interposer, offset_ms: i64) {
    let before = clock.count("clock");
    clock.set(&[("clock_ms", offset_ms)]);
    eventually("the relay sees the clock", || {
        let has_seen = clock.count("clock") > before;
        async move { has_seen }
    })
    .await;
}

/// Under load, also across a kill: what was accepted arrives, once the clock is right again at the latest.
pub(crate) async fn steps(times: u32) -> Tally {
    let mut chance = Chance::begin("F-13");
    let Some((clock, mut world, ledger, anna)) = begin("").await else {
        return Tally::default();
    };
    let talk = Talk::begin(&world, &ledger, &anna, "talk").await;
    let chats = open_chats(&world, &ledger, &anna, "clock", 1).await;
    let load = Load::begin(&world, &ledger, 0, 16);
    let mut tally = Tally::default();
    let to_1970 = -i64::try_from(now_ms()).unwrap();
    let mut offsets = [
        10 * SECOND,
        -10 * SECOND,
        HOUR,
        -HOUR,
        DAY,
        -DAY,
        to_1970,
        SECOND,
    ];
    for _ in 0..times {
        chance.shuffle(&mut offsets);
        for (place, offset) in offsets.into_iter().enumerate() {
            set(&clock, offset).await;
            load.more(30).await;
            let asked = anna.says(chats[0].1, &format!("at {offset}, {}", tally.rounds));
            anna.answered(&asked).await;
            if place % 3 == 2 {
                world.kill_and_restart().await;
                load.more(10).await;
            }
            tally.rounds += 1;
        }
        set(&clock, 0).await;
    }
    talk.end().await;
    load.end().await;
    anna.all_answered().await;
    ledger.all_delivered(&world, PATIENCE).await;
    ledger.balance(&world, &[&anna]).await;
    tally.injected = clock.count("clock") as u64;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_loses_nothing_and_holds_nothing_up() {
    let tally = steps(times()).await;
    if cfg!(target_os = "linux") {
        tally.proven();
    }
}

/// Returns the events of a chat that fulfil a condition, as they are stored.
fn stored(world: &World, chat: ChatId, is_it: impl Fn(&Event) -> bool) -> Vec<Stored> {
    let events = Evidence::read(&world.relay.database()).events;
    let of_chat = events.into_iter().filter(|stored| stored.chat == chat);
    of_chat.filter(|stored| is_it(&stored.event)).collect()
}

async fn happens(world: &World, chat: ChatId, what: &str, is_it: impl Fn(&Event) -> bool) {
    eventually(what, || {
        let is_there = !stored(world, chat, &is_it).is_empty();
        async move { is_there }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_waits_is_not_sent_once_the_window_is_over_by_the_clock() {
    let Some((clock, world, ledger, anna)) = begin("").await else {
        return;
    };
    let chats = open_chats(&world, &ledger, &anna, "window", 1).await;
    let chat = chats[0].1;
    let draft = shared::chat::ReplyDraft {
        hold_ms: Some(20_000),
        ..crate::harness::desk::reply("held back")
    };
    anna.ask(chat, DeskCommand::Reply(draft));
    anna.all_answered().await;
    set(&clock, DAY + HOUR).await;
    happens(&world, chat, "the reply fails", |event| {
        matches!(event, Event::ReplyFailed { .. })
    })
    .await;
    assert!(world.graph.sent().is_empty(), "nothing was tried");
    ledger.balance(&world, &[&anna]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_ends_by_the_clock_and_not_before() {
    let Some((clock, world, ledger, anna)) = begin("").await else {
        return;
    };
    let chats = open_chats(&world, &ledger, &anna, "block", 1).await;
    let (psid, chat) = &chats[0];
    let block = DeskCommand::Block {
        for_seconds: Some(3600),
        reason: "spam".into(),
        close: false,
    };
    anna.ask(*chat, block);
    anna.all_answered().await;
    let is_end = |event: &Event| matches!(event, Event::Unblocked { .. });
    for offset in [-DAY, HOUR / 2] {
        set(&clock, offset).await;
        // The timers look at a due chat when something else is due: this one is not.
        world.graph.visitor(psid).writes("still there?");
        world.graph.wait_until_delivered(PATIENCE).await.unwrap();
        assert!(stored(&world, *chat, is_end).is_empty(), "at {offset}");
    }
    set(&clock, HOUR + SECOND).await;
    happens(&world, *chat, "the block ends", is_end).await;
    ledger.writes(&world, psid, "at last");
    anna.chat_saying("at last").await;
    ledger.all_delivered(&world, PATIENCE).await;
    ledger.balance(&world, &[&anna]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chat_is_not_closed_for_good_before_its_time_whatever_the_clock_does() {
    let Some((clock, world, ledger, anna)) = begin("[timeouts]\nclose_final = 7200\n").await else {
        return;
    };
    let chats = open_chats(&world, &ledger, &anna, "close", 1).await;
    let (psid, chat) = &chats[0];
    anna.ask(*chat, DeskCommand::Claim { take_over: false });
    anna.ask(*chat, DeskCommand::Close);
    anna.all_answered().await;
    let is_end = |event: &Event| *event == Event::Finished;
    for offset in [-DAY, HOUR] {
        set(&clock, offset).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(stored(&world, *chat, is_end).is_empty(), "at {offset}");
    }
    set(&clock, 2 * HOUR + SECOND).await;
    happens(&world, *chat, "it is closed for good", is_end).await;
    set(&clock, 0).await;
    ledger.writes(&world, psid, "a new matter");
    assert_ne!(anna.chat_saying("a new matter").await, *chat);
    ledger.all_delivered(&world, PATIENCE).await;
    ledger.balance(&world, &[&anna]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_taken_while_the_clock_was_ahead_holds_no_reply_up_after_a_kill() {
    let Some((clock, mut world, ledger, anna)) = begin("").await else {
        return;
    };
    let chats = open_chats(&world, &ledger, &anna, "lease", 1).await;
    set(&clock, DAY).await;
    let tomorrow = i64::try_from(now_ms()).unwrap() + 20 * HOUR;
    eventually("the lease is renewed by the wrong clock", || {
        let is_ahead = Evidence::read(&world.relay.database()).lease_until > tomorrow;
        async move { is_ahead }
    })
    .await;
    world.relay.kill().await;
    clock.set(&[("clock_ms", 0)]);
    world.relay.restart().await;
    anna.says(chats[0].1, "by the right clock");
    anna.all_answered().await;
    world
        .graph
        .wait_for_sent(1, PATIENCE)
        .await
        .expect("it leaves");
    ledger.balance(&world, &[&anna]).await;
}
