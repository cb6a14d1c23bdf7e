//! One key's worth of bytes: control characters, UTF-8, CSI and SS3 sequences, the kitty keyboard protocol's form. Pure;
//! time and pastes are the decoder's.
//!
//! Forms: ECMA-48 5.4 for CSI, xterm's `ctlseqs` for keys, sw.kovidgoyal.net/kitty/keyboard-protocol for `CSI u`.

use super::TerminalEvent;
use crate::key::{Code, Key};

const ESC: u8 = 0x1b;

/// What a whole sequence is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    Event(TerminalEvent),
    PasteStart,
    /// Complete, and nothing to the desk: a mouse report, an answer nobody asked for, a released key.
    Ignored,
}

use Sequence::Ignored;

/// Returns the first whole sequence of `bytes` and its length, or `None` if more bytes must come.
pub(super) fn next(bytes: &[u8]) -> Option<(Sequence, usize)> {
    match bytes {
        [] | [ESC] | [ESC, ESC | b'[' | b'O'] => None,
        [ESC, b'[', rest @ ..] => {
            control_sequence(rest).map(|(sequence, used)| (sequence, used + 2))
        }
        [ESC, b'O', byte, ..] => Some((single_shift(*byte), 3)),
        [ESC, b']' | b'P' | b'_' | b'^' | b'X', _, ..] => {
            string_end(bytes).map(|used| (Ignored, used))
        }
        // An Esc held before a sequence is how some terminals write Alt with an arrow.
        [ESC, ESC, b'[' | b'O', ..] => {
            next(bytes.get(1..)?).map(|(sequence, used)| (with_alt(sequence), used + 1))
        }
        [ESC, ESC, ..] => Some((key(Key::plain(Code::Escape)), 1)),
        [ESC, rest @ ..] => character(rest).map(|(sequence, used)| (with_alt(sequence), used + 1)),
        _ => character(bytes),
    }
}

fn key(key: Key) -> Sequence {
    Sequence::Event(TerminalEvent::Key(key.normal()))
}

fn with_alt(sequence: Sequence) -> Sequence {
    match sequence {
        Sequence::Event(TerminalEvent::Key(held)) => key(held.with_alt()),
        Sequence::Event(_) | Sequence::PasteStart | Ignored => sequence,
    }
}

/// A control byte or one UTF-8 character. Bytes that are neither are skipped.
fn character(bytes: &[u8]) -> Option<(Sequence, usize)> {
    let first = *bytes.first()?;
    if first < 0x20 || first == 0x7f {
        return Some((key(control(first)), 1));
    }
    let length = match first {
        0x20..=0x7e => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return Some((Ignored, 1)),
    };
    let head = bytes.get(..length.min(bytes.len()))?;
    match std::str::from_utf8(head) {
        Ok(text) => {
            let char = text.chars().next().filter(|char| !char.is_control());
            Some((char.map_or(Ignored, |char| key(Key::char(char))), length))
        }
        // The bytes so far may still become a character.
        Err(error) if error.error_len().is_none() => None,
        Err(_) => Some((Ignored, 1)),
    }
}

fn control(byte: u8) -> Key {
    match byte {
        0x00 => Key::ctrl(' '),
        0x08 | 0x7f => Key::plain(Code::Backspace),
        0x09 => Key::plain(Code::Tab),
        0x0d => Key::plain(Code::Enter),
        ESC => Key::plain(Code::Escape),
        0x01..=0x1a => Key::ctrl(char::from(byte - 1 + b'a')),
        _ => Key::ctrl(char::from(byte - 0x1c + b'4')),
    }
}

fn single_shift(byte: u8) -> Sequence {
    match byte {
        b'A'..=b'D' | b'F' | b'H' | b'P'..=b'S' => {
            letter(byte).map_or(Ignored, |code| key(Key::plain(code)))
        }
        b'M' => key(Key::plain(Code::Enter)),
        _ => Ignored,
    }
}

/// What follows `ESC [`, up to its final byte.
fn control_sequence(bytes: &[u8]) -> Option<(Sequence, usize)> {
    match bytes {
        // The Linux console writes F1 to F5 as `ESC [ [ A` to `E`.
        [b'[', rest @ ..] => rest.first().map(|byte| {
            let number = byte.wrapping_sub(b'A');
            (
                if number < 5 {
                    key(Key::plain(Code::F(number + 1)))
                } else {
                    Ignored
                },
                2,
            )
        }),
        // An old mouse report has three bytes behind its end.
        [b'M', rest @ ..] => (rest.len() >= 3).then_some((Ignored, 4)),
        _ => {
            let end = bytes.iter().position(|byte| !matches!(byte, 0x20..=0x3f))?;
            let (parameters, last) = (bytes.get(..end)?, *bytes.get(end)?);
            // A byte that cannot stand here ends the sequence without belonging to it.
            let used = if matches!(last, 0x40..=0x7e) {
                end + 1
            } else {
                end
            };
            let known = std::str::from_utf8(parameters).ok().filter(|_| used > end);
            Some((
                known
                    .and_then(|parameters| key_sequence(parameters, last))
                    .unwrap_or(Ignored),
                used,
            ))
        }
    }
}

/// Length of a string sequence (an answer of the terminal) with its end, if that has come.
fn string_end(bytes: &[u8]) -> Option<usize> {
    let bell = bytes.iter().position(|byte| *byte == 0x07).map(|at| at + 1);
    let terminator = bytes
        .windows(2)
        .position(|pair| pair == [ESC, b'\\'])
        .map(|at| at + 2);
    bell.into_iter().chain(terminator).min()
}

/// One parameter with its sub-parameters; empty ones count as absent.
#[derive(Debug, Default, Clone, Copy)]
struct Parameter {
    value: Option<u32>,
    /// In `CSI u`: the shifted key in the first parameter, the kind of event in the second.
    second: Option<u32>,
    /// In `CSI u`: the key at the same place of the US layout.
    third: Option<u32>,
}

fn parameter(text: &str) -> Parameter {
    let mut numbers = text.split(':').map(|number| number.parse().ok());
    let mut next = || numbers.next().flatten();
    Parameter {
        value: next(),
        second: next(),
        third: next(),
    }
}

fn key_sequence(parameters: &str, last: u8) -> Option<Sequence> {
    let mut listed = parameters.split(';').map(parameter);
    let [first, second, third] = [(); 3].map(|()| listed.next().unwrap_or_default());
    let code = match last {
        b'I' if parameters.is_empty() => return Some(Sequence::Event(TerminalEvent::Focus(true))),
        b'O' if parameters.is_empty() => return Some(Sequence::Event(TerminalEvent::Focus(false))),
        b'Z' => return Some(key(Key::plain(Code::Tab).with_shift())),
        b'~' if first.value == Some(200) => return Some(Sequence::PasteStart),
        // xterm's modifyOtherKeys, should a terminal be left in it.
        b'~' if first.value == Some(27) => unicode(third.value?)?,
        b'~' => numbered(first.value?)?,
        b'u' => kitty(first, second)?,
        _ if first.value.is_none_or(|value| value == 1) => letter(last)?,
        _ => return None,
    };
    modified(code, second)
}

/// Adds the modifiers of the second parameter, and drops releases and unwelcome repeats (desk rule 4.3, step 1).
fn modified(code: Code, modifiers: Parameter) -> Option<Sequence> {
    const SHIFT: u32 = 1;
    const ALT: u32 = 2;
    const CTRL: u32 = 4;
    /// Super, hyper and meta: shortcuts of the window system that slipped through.
    const FOREIGN: u32 = 8 | 16 | 32;
    let bits = modifiers.value.unwrap_or(1).saturating_sub(1);
    let has = |bit: u32| bits & bit != 0;
    let pressed = Key {
        code,
        ctrl: has(CTRL),
        alt: has(ALT),
        shift: has(SHIFT),
    };
    let is_wanted = match modifiers.second {
        None | Some(1) => true,
        Some(2) => pressed.may_repeat(),
        Some(_) => false,
    };
    (is_wanted && !has(FOREIGN)).then(|| key(pressed))
}

/// The key of a `CSI u`. With Ctrl or Alt held, the key at the same place of the US layout is preferred when reported.
fn kitty(key: Parameter, modifiers: Parameter) -> Option<Code> {
    let is_chord = modifiers
        .value
        .is_some_and(|value| value.saturating_sub(1) & 6 != 0);
    let base = key.third.filter(|_| is_chord);
    unicode(base.or(key.value)?)
}

fn unicode(number: u32) -> Option<Code> {
    const KEYPAD: &[u8] = b"0123456789./*-+";
    Some(match number {
        9 => Code::Tab,
        13 | 57414 => Code::Enter,
        27 => Code::Escape,
        8 | 127 => Code::Backspace,
        57376..=57387 => Code::F(u8::try_from(number - 57376 + 13).ok()?),
        57399..=57413 => Code::Char(char::from(
            *KEYPAD.get(usize::try_from(number - 57399).ok()?)?,
        )),
        57415 => Code::Char('='),
        57417 => Code::Left,
        57418 => Code::Right,
        57419 => Code::Up,
        57420 => Code::Down,
        57421 => Code::PageUp,
        57422 => Code::PageDown,
        57423 => Code::Home,
        57424 => Code::End,
        57425 => Code::Insert,
        57426 => Code::Delete,
        // The rest of the private range are locks, modifiers alone and media keys.
        57344..=63743 => return None,
        _ => Code::Char(char::from_u32(number).filter(|char| !char.is_control())?),
    })
}

fn letter(last: u8) -> Option<Code> {
    Some(match last {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'F' => Code::End,
        b'H' => Code::Home,
        b'P'..=b'S' => Code::F(last - b'P' + 1),
        _ => return None,
    })
}

fn numbered(number: u32) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(u8::try_from(number - 10).ok()?),
        17..=21 => Code::F(u8::try_from(number - 11).ok()?),
        23..=24 => Code::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}
