//! The text field operators write in: one string, one caret on a grapheme boundary, undo by words, a kill ring of one.
//! The many-line composer and the one-line fields of pickers are the same type.
//!
//! Knows no keys and draws nothing: the keymap calls the edits, the view draws what [`Composer::layout`] returns.

mod layout;

use std::ops::Range;

use shared::text::MESSAGE_BYTES;
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use crate::text::clean;

pub use layout::Layout;

/// Undo steps kept; one step is about one word.
const UNDO_STEPS: usize = 200;

/// A text being written.
#[derive(Debug, Clone, Default)]
pub struct Composer {
    text: String,
    /// Byte offset, always on a grapheme boundary of `text`.
    caret: usize,
    is_single_line: bool,
    /// The column Up and Down try to keep, until something else is done.
    column: Option<usize>,
    killed: String,
    undo: Vec<Step>,
    redo: Vec<Step>,
    /// What the open undo group is made of; `None` when the next edit starts a new one.
    group: Option<Group>,
}

/// The text at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    text: String,
    caret: usize,
}

/// Edits of one kind, close together, are undone together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Word,
    Gap,
    Deletion,
}

impl Composer {
    /// An empty composer for many lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty one-line field: newlines put into it become spaces.
    pub fn single_line() -> Self {
        Self {
            is_single_line: true,
            ..Self::default()
        }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte offset of the caret in [`Composer::text`].
    pub fn caret(&self) -> usize {
        self.caret
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text before the caret, where template and suggestion prefixes are looked for.
    pub fn before_caret(&self) -> &str {
        self.text.get(..self.caret).unwrap_or_default()
    }

    /// The text behind the caret.
    pub fn after_caret(&self) -> &str {
        self.text.get(self.caret..).unwrap_or_default()
    }

    /// Replaces everything, history included, as when another chat is opened. A caret off a boundary moves on to the next.
    pub fn set(&mut self, text: &str, caret: usize) {
        let text = self.admit(text);
        *self = Self {
            text,
            is_single_line: self.is_single_line,
            killed: std::mem::take(&mut self.killed),
            ..Self::default()
        };
        self.place(caret);
    }

    /// Empties the composer and its history, and returns what was in it.
    pub fn take(&mut self) -> String {
        let text = std::mem::take(&mut self.text);
        self.set("", 0);
        text
    }

    /// Empties the composer; undo brings the text back.
    pub fn clear(&mut self) {
        self.replace(0..self.text.len(), "");
    }

    /// Types one character. Returns whether it fitted.
    pub fn insert_char(&mut self, char: char) -> bool {
        let is_gap = char.is_whitespace();
        let continues = matches!(
            (self.group, is_gap),
            (Some(Group::Word), _) | (Some(Group::Gap), true)
        );
        if !continues {
            self.begin_step();
        }
        let admitted = if self.continues_flag(char) {
            char.to_string()
        } else {
            self.admit(char.encode_utf8(&mut [0; 4]))
        };
        let fitted = self.splice(self.caret..self.caret, &admitted);
        self.group = Some(if is_gap { Group::Gap } else { Group::Word });
        fitted
    }

    /// Inserts a text at the caret as one undo step: a paste, a template, a suggestion. It is cleaned first.
    ///
    /// Returns whether all of it fitted under [`MESSAGE_BYTES`]; what does not fit is left out at a cluster boundary.
    pub fn insert(&mut self, text: &str) -> bool {
        self.replace(self.caret..self.caret, text)
    }

    /// Puts `text` in the place of a byte range and the caret behind it, as one undo step; see [`Composer::insert`].
    ///
    /// Ends off a grapheme boundary move on to the next one.
    pub fn replace(&mut self, range: Range<usize>, text: &str) -> bool {
        self.begin_step();
        let start = self.boundary_from(range.start);
        let end = self.boundary_from(range.end).max(start);
        self.splice(start..end, &self.admit(text))
    }

    /// Breaks the line. Does nothing in a one-line field.
    pub fn newline(&mut self) -> bool {
        !self.is_single_line && self.insert_char('\n')
    }

    /// Deletes the cluster before the caret.
    pub fn backspace(&mut self) {
        let start = self.boundary_before(self.caret);
        self.delete(start..self.caret);
    }

    /// Deletes the cluster behind the caret.
    pub fn delete_forward(&mut self) {
        let end = self.boundary_after(self.caret);
        self.delete(self.caret..end);
    }

    /// Deletes back to the start of the word, and keeps it for [`Composer::yank`].
    pub fn delete_word_left(&mut self) {
        self.kill(self.word_start()..self.caret);
    }

    /// Deletes on to the end of the word, and keeps it for [`Composer::yank`].
    pub fn delete_word_right(&mut self) {
        self.kill(self.caret..self.word_end());
    }

    /// Deletes back to the start of the line (or the newline, if there already), and keeps it for [`Composer::yank`].
    pub fn delete_to_line_start(&mut self) {
        let start = self.line_start_of(self.caret);
        let start = if start == self.caret {
            self.boundary_before(start)
        } else {
            start
        };
        self.kill(start..self.caret);
    }

    /// Inserts what was last deleted by word or line.
    pub fn yank(&mut self) {
        let killed = self.killed.clone();
        if !killed.is_empty() {
            self.insert(&killed);
        }
    }

    pub fn left(&mut self) {
        self.place(self.boundary_before(self.caret));
    }

    pub fn right(&mut self) {
        self.place(self.boundary_after(self.caret));
    }

    pub fn word_left(&mut self) {
        self.place(self.word_start());
    }

    pub fn word_right(&mut self) {
        self.place(self.word_end());
    }

    pub fn line_start(&mut self) {
        self.place(self.line_start_of(self.caret));
    }

    pub fn line_end(&mut self) {
        let end = self
            .after_caret()
            .find('\n')
            .map_or(self.text.len(), |at| self.caret + at);
        self.place(end);
    }

    pub fn text_start(&mut self) {
        self.place(0);
    }

    pub fn text_end(&mut self) {
        self.place(self.text.len());
    }

    /// Whether there is anything to take back.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Takes back the last word or edit. Returns whether there was one.
    pub fn undo(&mut self) -> bool {
        let Some(step) = self.undo.pop() else {
            return false;
        };
        let now = self.exchange(step);
        self.redo.push(now);
        true
    }

    /// Does again what [`Composer::undo`] took back. Returns whether there was anything.
    pub fn redo(&mut self) -> bool {
        let Some(step) = self.redo.pop() else {
            return false;
        };
        let now = self.exchange(step);
        self.undo.push(now);
        true
    }

    /// Opens a new undo step with the text as it is now.
    fn begin_step(&mut self) {
        self.undo.push(Step {
            text: self.text.clone(),
            caret: self.caret,
        });
        if self.undo.len() > UNDO_STEPS {
            self.undo.remove(0);
        }
        self.redo.clear();
    }

    /// The one place that changes the text. Returns whether all of `insert` fitted.
    fn splice(&mut self, range: Range<usize>, insert: &str) -> bool {
        let room = MESSAGE_BYTES.saturating_sub(self.text.len() - range.len());
        let fitting = fitting_head(insert, room);
        let fitted = fitting.len() == insert.len();
        let end = range.start + fitting.len();
        self.text.replace_range(range, fitting);
        self.redo.clear();
        self.place(end);
        fitted
    }

    /// Returns `text` as it may stand in this field.
    fn admit(&self, text: &str) -> String {
        let cleaned = clean(text);
        if self.is_single_line {
            cleaned.replace(['\n', '\t'], " ")
        } else {
            cleaned.into_owned()
        }
    }

    /// Says whether `char` goes on a regional flag at the caret: terminals deliver a flag code point by code point, and
    /// cleaning would drop its tags one by one.
    fn continues_flag(&self, char: char) -> bool {
        let is_tag = |char: char| ('\u{e0020}'..='\u{e007f}').contains(&char);
        is_tag(char)
            && self
                .before_caret()
                .ends_with(|last| last == '🏴' || is_tag(last))
    }

    fn delete(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        if self.group != Some(Group::Deletion) {
            self.begin_step();
        }
        self.splice(range, "");
        self.group = Some(Group::Deletion);
    }

    fn kill(&mut self, range: Range<usize>) {
        if let Some(killed) = self
            .text
            .get(range.clone())
            .filter(|killed| !killed.is_empty())
        {
            self.killed = killed.to_owned();
            self.replace(range, "");
        }
    }

    /// Puts the caret on the boundary at or behind `offset`, and ends the undo group.
    fn place(&mut self, offset: usize) {
        self.caret = self.boundary_from(offset);
        self.column = None;
        self.group = None;
    }

    fn exchange(&mut self, step: Step) -> Step {
        let now = Step {
            text: std::mem::replace(&mut self.text, step.text),
            caret: self.caret,
        };
        self.place(step.caret);
        now
    }

    fn boundary_before(&self, offset: usize) -> usize {
        let mut cursor = GraphemeCursor::new(offset, self.text.len(), true);
        cursor
            .prev_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(0)
    }

    fn boundary_after(&self, offset: usize) -> usize {
        let mut cursor = GraphemeCursor::new(offset, self.text.len(), true);
        cursor
            .next_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(self.text.len())
    }

    fn boundary_from(&self, offset: usize) -> usize {
        let offset = self.text.ceil_char_boundary(offset);
        let mut cursor = GraphemeCursor::new(offset, self.text.len(), true);
        if cursor.is_boundary(&self.text, 0).unwrap_or(false) {
            offset
        } else {
            self.boundary_after(offset)
        }
    }

    fn line_start_of(&self, offset: usize) -> usize {
        self.text
            .get(..offset)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |at| at + 1)
    }

    /// Start of the word the caret is in or behind.
    fn word_start(&self) -> usize {
        let word = self
            .before_caret()
            .split_word_bound_indices()
            .rev()
            .find(|(_, word)| is_word(word));
        self.boundary_from(word.map_or(0, |(start, _)| start))
    }

    /// End of the word the caret is in or before.
    fn word_end(&self) -> usize {
        let words = self.after_caret().split_word_bound_indices();
        let word = words
            .map(|(start, word)| (start + word.len(), word))
            .find(|(_, word)| is_word(word));
        self.boundary_from(word.map_or(self.text.len(), |(end, _)| self.caret + end))
    }
}

fn is_word(word: &str) -> bool {
    word.chars()
        .any(|char| !char.is_whitespace() && !char.is_ascii_punctuation())
}

/// The longest head of `text` within `bytes`, on a grapheme boundary.
fn fitting_head(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = text
        .grapheme_indices(true)
        .map(|(start, _)| start)
        .take_while(|&start| start <= bytes)
        .last();
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
