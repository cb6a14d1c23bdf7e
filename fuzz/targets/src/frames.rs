//! Whatever comes over the line is a frame or is refused; a frame that is written and read again is the same; and a command
//! in one leaves a chat whole.

use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::protocol::{ClientFrame, Login, ServerFrame};

use crate::decide::check_command;

pub fn check(bytes: &[u8]) {
    if let Some(frame) = round_trip::<ClientFrame>(bytes) {
        let shown = format!("{frame:?}");
        let known = format!("ClientFrame {{ type: {:?}, .. }}", frame.name());
        assert_eq!(shown, known, "a log sees the name only");
        if let ClientFrame::Command { command, .. } = frame {
            check_command(command);
        }
    }
    round_trip::<ServerFrame>(bytes);
    // A login is no frame, but comes from anybody at all.
    if let Ok(login) = serde_json::from_slice::<Login>(bytes) {
        let shown = format!("{login:?}");
        let expected = format!("Login {{ login: {:?}, .. }}", login.login);
        assert_eq!(shown, expected, "a log sees no password");
    }
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq>(bytes: &[u8]) -> Option<T> {
    let frame: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_string(&frame).expect("a frame can be written");
    let again: T = serde_json::from_str(&written).expect("what was written can be read");
    assert!(again == frame, "{written} is another frame");
    Some(frame)
}
