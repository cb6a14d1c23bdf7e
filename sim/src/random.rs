//! A small repeatable source of chance (splitmix64). Not for secrets.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::clock::millis;

/// The same seed gives the same sequence on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    pub(crate) fn between(&mut self, range: &RangeInclusive<Duration>) -> Duration {
        let low = millis(*range.start());
        let span = millis(*range.end()).saturating_sub(low);
        Duration::from_millis(low + self.next() % (span + 1))
    }

    /// Returns `length` characters of the alphabet Meta's message ids use.
    pub(crate) fn token(&mut self, length: usize) -> String {
        const ALPHABET: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..length)
            .filter_map(|_| self.pick(ALPHABET).copied())
            .map(char::from)
            .collect()
    }

    /// Returns `length` decimal digits, the first of them not zero.
    pub(crate) fn digits(&mut self, length: usize) -> String {
        (0..length)
            .filter_map(|position| {
                let digits: &[u8] = if position == 0 {
                    b"123456789"
                } else {
                    b"0123456789"
                };
                self.pick(digits).copied()
            })
            .map(char::from)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_splitmix64() {
        let mut random = Random::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423
            ]
        );
    }

    #[test]
    fn durations_stay_inside_their_range() {
        let mut random = Random::new(7);
        let range = Duration::from_millis(10)..=Duration::from_millis(12);
        for _ in 0..100 {
            assert!(range.contains(&random.between(&range)));
        }
    }
}
