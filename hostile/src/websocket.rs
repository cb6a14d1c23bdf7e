//! Frames of the websocket protocol as they go over the line (B-09), well formed or not.

/// The first byte of a frame: a text, whole.
pub const TEXT: u8 = 0x81;
/// Bytes, whole.
pub const BINARY: u8 = 0x82;
/// The end.
pub const CLOSE: u8 = 0x88;
/// A ping.
pub const PING: u8 = 0x89;
/// A pong.
pub const PONG: u8 = 0x8a;
/// Says that more fragments follow.
pub const MORE: u8 = 0x80;

/// In place of a length: it follows in two bytes.
const TWO_BYTES: u8 = 0x7e;
/// In place of a length: it follows in eight bytes.
const EIGHT_BYTES: u8 = 0x7f;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Returns a frame as a client writes it: masked.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    frame.extend(length(payload.len(), 0x80));
    frame.extend(MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

/// Returns a frame as only a server may write it.
pub fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    frame.extend(length(payload.len(), 0));
    frame.extend(payload);
    frame
}

/// Returns the beginning of a masked frame that says to be so long.
pub fn announced(first: u8, long: u64) -> Vec<u8> {
    let mut frame = vec![first, 0x80 | EIGHT_BYTES];
    frame.extend(long.to_be_bytes());
    frame.extend(MASK);
    frame
}

/// Returns a text in fragments of so many bytes.
pub fn fragments(text: &[u8], each: usize) -> Vec<u8> {
    let pieces: Vec<_> = text.chunks(each.max(1)).collect();
    let last = pieces.len().saturating_sub(1);
    let frames = pieces.iter().enumerate().map(|(index, piece)| {
        let kind = if index == 0 { TEXT & !MORE } else { 0 };
        let end = if index == last { MORE } else { 0 };
        masked(kind | end, piece)
    });
    frames.flatten().collect()
}

fn length(bytes: usize, mask: u8) -> Vec<u8> {
    match u16::try_from(bytes) {
        Ok(short @ 0..126) => vec![mask | u8::try_from(short).unwrap_or_default()],
        Ok(middle) => [vec![mask | TWO_BYTES], middle.to_be_bytes().to_vec()].concat(),
        Err(_) => [
            vec![mask | EIGHT_BYTES],
            (bytes as u64).to_be_bytes().to_vec(),
        ]
        .concat(),
    }
}
