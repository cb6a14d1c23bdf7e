//! Bytes as a source of choices, so that a small change of the bytes is a small change of what is tried.

use std::borrow::Cow;

/// Bytes that were not used yet. When there are none left every choice is the first one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a>(&'a [u8]);

impl<'a> Source<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    pub(crate) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn number(&mut self) -> u32 {
        u32::from(self.byte()) << 8 | u32::from(self.byte())
    }

    /// Returns one of `choices`, which are not none.
    pub(crate) fn pick<T: Clone>(&mut self, choices: &[T]) -> T {
        let place = usize::from(self.byte()) % choices.len();
        choices
            .get(place)
            .expect("a remainder lies within the choices")
            .clone()
    }

    /// Returns up to 255 bytes as text.
    pub(crate) fn text(&mut self) -> Cow<'a, str> {
        let length = usize::from(self.byte());
        String::from_utf8_lossy(self.bytes(length))
    }

    /// Returns all that is left as text.
    pub(crate) fn rest_as_text(self) -> Cow<'a, str> {
        String::from_utf8_lossy(self.0)
    }
}
