//! The only reader of the time in the desk; everything else is handed it.

use std::time::{SystemTime, UNIX_EPOCH};

use shared::model::Timestamp;

/// Tells the time.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    now: fn() -> Timestamp,
}

impl Clock {
    /// The machine's clock.
    pub const SYSTEM: Self = Self { now: system_time };

    pub fn now(self) -> Timestamp {
        (self.now)()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the desk's Clock")]
fn system_time() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
