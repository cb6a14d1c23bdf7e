//! When the next frame is drawn: only when something changed, never right after another one, and seldom while nobody looks
//! (desk rules 1.10 and 8.2). Pure: the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// Between two frames; what comes in meanwhile is drawn together.
const FRAME: Duration = Duration::from_millis(8);

/// Between two frames while another window has the focus.
const FRAME_UNSEEN: Duration = Duration::from_secs(1);

/// The state of the drawing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace {
    is_dirty: bool,
    is_unseen: bool,
    drawn_at: Option<Instant>,
}

impl Pace {
    /// Notes that what is on the screen is not true any more.
    pub(crate) fn dirty(&mut self) {
        self.is_dirty = true;
    }

    /// Notes whether the operator looks.
    pub(crate) fn focus(&mut self, has_focus: bool) {
        self.is_unseen = !has_focus;
    }

    /// Notes that a frame was drawn.
    pub(crate) fn drawn(&mut self, now: Instant) {
        self.is_dirty = false;
        self.drawn_at = Some(now);
    }

    /// When the next frame is due; `None` while nothing changed.
    pub(crate) fn deadline(&self, now: Instant) -> Option<Instant> {
        let apart = if self.is_unseen { FRAME_UNSEEN } else { FRAME };
        self.is_dirty
            .then(|| self.drawn_at.map_or(now, |at| (at + apart).max(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    #[test]
    fn nothing_is_drawn_while_nothing_changes() {
        let now = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.deadline(now), None);
        pace.dirty();
        assert_eq!(pace.deadline(now), Some(now));
        pace.drawn(now);
        assert_eq!(pace.deadline(now + FRAME_UNSEEN), None);
    }

    #[test]
    fn a_change_waits_for_the_last_frame_to_have_been_seen() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.drawn(now);
        pace.dirty();
        assert_eq!(pace.deadline(now + MOMENT), Some(now + FRAME));
        let later = now + FRAME + MOMENT;
        assert_eq!(pace.deadline(later), Some(later));
    }

    #[test]
    fn a_window_nobody_looks_at_is_drawn_once_a_second() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.focus(false);
        pace.drawn(now);
        pace.dirty();
        assert_eq!(pace.deadline(now + MOMENT), Some(now + FRAME_UNSEEN));
        pace.focus(true);
        assert_eq!(pace.deadline(now + MOMENT), Some(now + FRAME));
    }
}
