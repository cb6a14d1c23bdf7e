//! Our label on what we send, for platforms that give back what a message carries: `dw:<delivery id>`.

use shared::model::DeliveryId;

const PREFIX: &str = "dw:";

/// Returns the label of a delivery.
pub(super) fn of(delivery: DeliveryId) -> String {
    format!("{PREFIX}{delivery}")
}

/// Reads a label; none: it is somebody else's.
pub(super) fn read(text: &str) -> Option<DeliveryId> {
    text.strip_prefix(PREFIX)?.parse().ok()
}
