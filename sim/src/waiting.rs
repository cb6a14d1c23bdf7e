//! Waiting for something to become so: for tests, and for calls that wait.

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// Waits until it is so, looking again whenever `changed` is rung; false: it is not, by the deadline.
pub(crate) async fn until(changed: &Notify, deadline: Instant, is_so: impl Fn() -> bool) -> bool {
    loop {
        let mut ringing = std::pin::pin!(changed.notified());
        ringing.as_mut().enable();
        if is_so() {
            return true;
        }
        if timeout_at(deadline, ringing).await.is_err() {
            return is_so();
        }
    }
}
