//! Desks that do not read (F-16), that all come back at once (F-17), and whose line is bad (F-24).

use std::sync::Arc;
use std::time::Duration;

use shared::chat::Event;
use shared::protocol::ServerFrame;

use crate::harness::World;
use crate::harness::desk::log_in;
use crate::harness::ledger::{Evidence, Ledger};
use crate::harness::load::{Load, body, now_ms, post};
use crate::harness::proxy::{BadLine, Badness};
use crate::harness::relay::{PASSWORD, Setup};
use crate::harness::steady::{Heard, Record, SteadyDesk};

use super::{Talk, Tally, times};

/// Opens many desks of one session.
async fn many(world: &World, login: &str, count: u32) -> Vec<SteadyDesk> {
    let session = log_in(&world.relay, login, PASSWORD).await;
    let token = session.expect("the login is accepted").token;
    let desks = (0..count).map(|_| SteadyDesk::open(&world.relay.ws_url(), login, token.reveal()));
    let desks: Vec<_> = desks.collect();
    for desk in &desks {
        desk.wait("it is live", |record| record.is_live).await;
    }
    desks
}

fn snapshots(record: &Record) -> usize {
    let is_snapshot = |heard: &&Heard| matches!(heard, Heard::Frame(ServerFrame::Snapshot(_)));
    record.heard.iter().filter(is_snapshot).count()
}

/// Says more than the ring holds and a line takes: 16 MiB, and some more in the sockets.
async fn say_more_than_fits(world: &World, ledger: &Ledger, round: &str) {
    const WEBHOOKS: u32 = 46;
    const MESSAGES: u32 = 8;
    // As long as a message may be.
    let long = "👩‍👩‍👧‍👦".repeat(2500);
    for webhook in 0..WEBHOOKS {
        let messages: Vec<_> = (0..MESSAGES)
            .map(|number| {
                let psid = format!("87000000000{number:05}");
                let mid = format!("m_deaf_{round}_{webhook}_{number}");
                let text = format!("{round} {webhook} {number} {long}");
                ledger.says(&psid, &mid, &text);
                (psid, mid, text)
            })
            .collect();
        let at = now_ms();
        let said: Vec<_> = messages
            .iter()
            .map(|(psid, mid, text)| (psid.as_str(), mid.as_str(), text.as_str(), at))
            .collect();
        let mids: Vec<_> = said.iter().map(|(_, mid, ..)| *mid).collect();
        let body = body(&said);
        while !post(&world.graph, ledger, &mids, &body).await {}
    }
}

/// F-16: some desks stop reading while much is said; the others see it all, and those catch up with a snapshot.
pub(crate) async fn deaf_desks(times: u32) -> Tally {
    const DEAF: u32 = 5;
    let world = World::start_stubborn(Setup::default()).await;
    let ledger = Ledger::default();
    // What the relay takes for itself, for as much as is said here, it has now.
    for round in ["once", "twice"] {
        say_more_than_fits(&world, &ledger, round).await;
    }
    let quick = many(&world, "anna", 2).await;
    let session = log_in(&world.relay, "boris", PASSWORD).await;
    let token = session.expect("the login is accepted").token;
    let url = world.relay.ws_url();
    let deaf = (0..DEAF).map(|_| SteadyDesk::open_narrow(&url, "boris", token.reveal()));
    let deaf: Vec<_> = deaf.collect();
    for desk in &deaf {
        desk.wait("it is live", |record| record.is_live).await;
    }
    let mut tally = Tally::default();
    for round in 0..times {
        for desk in &deaf {
            desk.set_deaf(true);
        }
        let memory = world.relay.memory();
        let before: Vec<_> = deaf.iter().map(|desk| desk.look(snapshots)).collect();
        say_more_than_fits(&world, &ledger, &round.to_string()).await;
        let last = Evidence::read(&world.relay.database()).last_seq();
        for desk in &quick {
            desk.wait("it sees everything though others do not read", |record| {
                record.seq() >= Some(last)
            })
            .await;
        }
        let more = world.relay.memory().saturating_sub(memory);
        println!("{} MiB more memory", more >> 20);
        assert!(more < 64 << 20, "{} MiB more", more >> 20);
        for desk in &deaf {
            desk.set_deaf(false);
        }
        for (desk, before) in deaf.iter().zip(before) {
            desk.wait("it gets a snapshot", |record| snapshots(record) > before)
                .await;
            tally.injected += 1;
        }
        tally.rounds += 1;
    }
    let desks: Vec<_> = quick.iter().chain(&deaf).collect();
    ledger.balance(&world, &desks).await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn desks_that_do_not_read_delay_nobody_and_catch_up_with_a_snapshot() {
    deaf_desks(times()).await.proven();
}

/// F-17.
pub(crate) async fn storms(times: u32) -> Tally {
    let world = World::start_stubborn(Setup::default()).await;
    let ledger = Ledger::default();
    let desks = many(&world, "anna", 50).await;
    let load = Load::begin(&world, &ledger, 0, 8);
    let mut tally = Tally::default();
    for round in 1..=5 * times {
        load.more(20).await;
        for desk in &desks {
            desk.drop_line();
        }
        for desk in &desks {
            desk.wait("it is back", |record| {
                record.lines > round && record.is_live
            })
            .await;
        }
        tally.rounds += 1;
    }
    load.end().await;
    let lines: u32 = desks
        .iter()
        .map(|desk| desk.look(|record| record.lines - 1))
        .sum();
    tally.injected = u64::from(lines);
    let is_resumed = |heard: &Heard| {
        matches!(
            heard,
            Heard::Frame(ServerFrame::Welcome {
                is_resumed: true,
                ..
            })
        )
    };
    for desk in &desks {
        assert!(
            desk.look(|record| record.heard.iter().any(is_resumed)),
            "it resumes"
        );
    }
    let desks: Vec<_> = desks.iter().collect();
    ledger.balance(&world, &desks).await;
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn desks_that_all_come_back_at_once_each_see_what_they_missed() {
    storms(times()).await.proven();
}

/// F-24: 300 ms, one piece in twenty lost once, and a line that breaks again and again.
pub(crate) async fn bad_lines(times: u32) -> Tally {
    let badness = Badness {
        late_by: Duration::from_millis(300),
        lost_percent: 5,
        again_after: Duration::from_millis(400),
        breaks_after: 60,
    };
    let world = World::start_stubborn(Setup::default()).await;
    let ledger = Ledger::default();
    let session = log_in(&world.relay, "anna", PASSWORD).await;
    let token = session.expect("the login is accepted").token;
    let target = world.relay.url("").trim_start_matches("http://").to_owned();
    let line = BadLine::to(target, badness).await;
    let url = format!("ws://{}/ws", line.address);
    let anna = Arc::new(SteadyDesk::open(&url, "anna", token.reveal()));
    let mut tally = Tally::default();
    for round in 0..times {
        let talk = Talk::begin(&world, &ledger, &anna, &format!("bad line {round}")).await;
        let load = Load::begin(&world, &ledger, round, 2);
        tokio::time::sleep(Duration::from_secs(8)).await;
        talk.end().await;
        load.end().await;
        anna.all_answered().await;
        tally.rounds += 1;
    }
    ledger.all_delivered(&world, crate::harness::PATIENCE).await;
    ledger.balance(&world, &[&anna]).await;
    let (lost, broken) = line.harm();
    println!("{lost} pieces lost once, {broken} lines broken");
    assert!(broken > 0, "the line broke");
    tally.injected = lost + broken;
    let again = anna.asked().iter().filter(|asked| asked.tries > 1).count();
    println!("{again} commands were sent more than once");
    let evidence = Evidence::read(&world.relay.database());
    let written = evidence.events.iter();
    let written = written.filter(|s| matches!(s.event, Event::ReplyWritten { .. }));
    assert_eq!(written.count(), anna.asked().len(), "each is done once");
    tally
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_bad_line_every_command_is_done_once() {
    bad_lines(times()).await.proven();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_is_answered_while_more_happens_than_it_can_take() {
    let world = World::start_stubborn(Setup::default()).await;
    let ledger = Ledger::default();
    let anna = SteadyDesk::connect(&world.relay, "anna").await;
    let chats = super::open_chats(&world, &ledger, &anna, "answered", 1).await;
    let load = Load::begin(&world, &ledger, 0, 64);
    load.more(300).await;
    for number in 0..5 {
        anna.says(chats[0].1, &format!("in between {number}"));
        anna.all_answered().await;
    }
    load.more(1).await;
    load.end().await;
    ledger.all_delivered(&world, crate::harness::PATIENCE).await;
    ledger.balance(&world, &[&anna]).await;
}
