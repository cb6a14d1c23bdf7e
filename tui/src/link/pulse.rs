//! Whether the other end is still there, and how far away (`D-21`): when to ping, when an answer is late, when the line is
//! dead (desk rule 7.3). Pure: the time is an argument.

use std::time::Duration;

use shared::model::Timestamp;
use tokio::time::Instant;

/// Between two measurements while answers come.
const PING_EVERY: Duration = Duration::from_secs(10);

/// Until an unanswered ping is repeated.
const PING_AGAIN_AFTER: Duration = Duration::from_secs(20);

/// An answer that takes longer is worth showing before it comes.
const LATE_AFTER: Duration = Duration::from_secs(5);

/// Silence after which the line is given up.
const DEAD_AFTER: Duration = Duration::from_secs(45);

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beat {
    /// Send a ping with this stamp.
    Ping(u64),
    /// The last ping is unanswered for so long.
    Late(Duration),
    /// Give the line up.
    Dead,
}

/// The state of one connection's pulse.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    /// When it was felt last, by the clock that stands still in a machine's sleep and by the one that does not.
    felt_at: (Instant, Timestamp),
    heard_at: Instant,
    ping_at: Instant,
    asked: Option<Asked>,
    last_stamp: u64,
}

/// A ping without an answer.
#[derive(Debug, Clone, Copy)]
struct Asked {
    stamp: u64,
    at: Instant,
    is_told_late: bool,
}

impl Pulse {
    /// The pulse of a line opened at `now`.
    pub(super) fn new(now: Instant, wall: Timestamp) -> Self {
        Self {
            felt_at: (now, wall),
            heard_at: now,
            ping_at: now + PING_EVERY,
            asked: None,
            last_stamp: 0,
        }
    }

    /// Notes that anything came in.
    pub(super) fn hear(&mut self, now: Instant) {
        self.heard_at = now;
    }

    /// Asks for a measurement now rather than at its time.
    pub(super) fn measure(&mut self, now: Instant) {
        self.ping_at = now;
    }

    /// Takes the answer to a ping; returns how long it took. An answer to an older ping says nothing.
    pub(super) fn answer(&mut self, stamp: u64, now: Instant) -> Option<Duration> {
        let asked = self.asked.take_if(|asked| asked.stamp == stamp)?;
        self.ping_at = asked.at + PING_EVERY;
        Some(now.duration_since(asked.at))
    }

    /// When [`Pulse::beat`] is to be asked next.
    pub(super) fn deadline(&self) -> Instant {
        let late = self
            .asked
            .filter(|asked| !asked.is_told_late)
            .map(|asked| asked.at + LATE_AFTER);
        let next = self.ping_at.min(self.heard_at + DEAD_AFTER);
        late.map_or(next, |late| late.min(next))
    }

    /// Returns what is due at `now`; `wall` is the same moment as people name it.
    pub(super) fn beat(&mut self, now: Instant, wall: Timestamp) -> Option<Beat> {
        let (felt_at, felt_wall) = std::mem::replace(&mut self.felt_at, (now, wall));
        let slept = wall
            .since(felt_wall)
            .saturating_sub(now.duration_since(felt_at));
        // A relay gives up a desk that slept, and the line does not say so.
        if now >= self.heard_at + DEAD_AFTER || slept >= DEAD_AFTER {
            return Some(Beat::Dead);
        }
        if let Some(asked) = &mut self.asked
            && !asked.is_told_late
            && now >= asked.at + LATE_AFTER
        {
            asked.is_told_late = true;
            return Some(Beat::Late(now.duration_since(asked.at)));
        }
        if now < self.ping_at {
            return None;
        }
        self.ping_at = now + PING_AGAIN_AFTER;
        self.last_stamp += 1;
        self.asked = Some(Asked {
            stamp: self.last_stamp,
            at: now,
            is_told_late: false,
        });
        Some(Beat::Ping(self.last_stamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_764_000_000_000);

    /// Lets a line be silent for a minute; returns what was done at which second.
    fn silence(mut pulse: Pulse, start: Instant) -> Vec<(u64, Beat)> {
        let mut beats = Vec::new();
        loop {
            let now = pulse.deadline();
            assert!(now < start + Duration::from_secs(60), "{beats:?}");
            let beat = pulse
                .beat(now, NOON.plus(now - start))
                .expect("a deadline has a reason");
            beats.push(((now - start).as_secs(), beat));
            if beat == Beat::Dead {
                return beats;
            }
        }
    }

    #[test]
    fn a_silent_line_is_asked_told_late_and_given_up_after_45_seconds() {
        let start = Instant::now();
        let beats = silence(Pulse::new(start, NOON), start);
        assert_eq!(
            beats,
            [
                (10, Beat::Ping(1)),
                (15, Beat::Late(Duration::from_secs(5))),
                (30, Beat::Ping(2)),
                (35, Beat::Late(Duration::from_secs(5))),
                (45, Beat::Dead),
            ]
        );
    }

    #[test]
    fn an_answered_line_is_measured_every_10_seconds() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start, NOON);
        pulse.measure(start);
        for stamp in 1..=5_u64 {
            let asked_at = start + PING_EVERY * u32::try_from(stamp - 1).unwrap();
            assert_eq!(pulse.deadline(), asked_at);
            assert_eq!(
                pulse.beat(asked_at, NOON.plus(asked_at - start)),
                Some(Beat::Ping(stamp))
            );
            let answered_at = asked_at + Duration::from_millis(34);
            pulse.hear(answered_at);
            let took = pulse.answer(stamp, answered_at);
            assert_eq!(took, Some(Duration::from_millis(34)));
        }
    }

    #[test]
    fn an_answer_to_another_ping_measures_nothing() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start, NOON);
        pulse.measure(start);
        assert_eq!(pulse.beat(start, NOON), Some(Beat::Ping(1)));
        assert_eq!(pulse.answer(7, start), None);
        assert_eq!(pulse.answer(1, start), Some(Duration::ZERO));
        assert_eq!(pulse.answer(1, start), None);
    }

    #[test]
    fn a_line_that_talks_is_never_given_up() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start, NOON);
        for second in (0..600).step_by(40) {
            let now = start + Duration::from_secs(second);
            assert_ne!(pulse.beat(now, NOON.plus(now - start)), Some(Beat::Dead));
            pulse.hear(now);
        }
    }

    #[test]
    fn a_machine_that_slept_gives_its_line_up_on_waking() {
        let start = Instant::now();
        let later = start + PING_EVERY;
        let check = |slept: Duration, expected: Beat| {
            let mut pulse = Pulse::new(start, NOON);
            let wall = NOON.plus(PING_EVERY + slept);
            assert_eq!(pulse.beat(later, wall), Some(expected), "{slept:?}");
        };
        check(Duration::ZERO, Beat::Ping(1));
        check(Duration::from_secs(2), Beat::Ping(1));
        check(Duration::from_secs(40 * 60), Beat::Dead);
        let mut pulse = Pulse::new(start, NOON);
        let set_back = NOON.minus(Duration::from_secs(3600));
        assert_eq!(pulse.beat(later, set_back), Some(Beat::Ping(1)));
    }
}
