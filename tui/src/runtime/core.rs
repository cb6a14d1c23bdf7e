//! The pure half as the loop sees it, so that the loop knows no pane and its tests need none.

use shared::model::Timestamp;
use shared::protocol::ResumePoint;

use crate::drafts::{Drafts, DraftsError};
use crate::effect::Effect;
use crate::input::Input;
use crate::terminal::Caret;

/// Everything the loop asks of the pure half. None of it waits or does anything outside.
pub(crate) trait Core {
    /// Takes one input in and returns what to do outside, in order.
    fn update(&mut self, input: Input, now: Timestamp) -> Vec<Effect>;

    /// Draws the whole screen.
    fn view(&mut self, frame: &mut ratatui::Frame<'_>);

    /// How the cursor looks in what was drawn last.
    fn caret(&self) -> Caret;

    /// When [`Input::Due`] is to come, seen from `now`; `None` while nothing changes by itself.
    fn next_deadline(&self, now: Timestamp) -> Option<Timestamp>;

    /// Where to go on after a broken connection; `None` when nothing is known yet.
    fn resume_point(&self) -> Option<ResumePoint>;

    /// The texts that were not sent.
    fn drafts(&self) -> &Drafts;

    /// Tells the operator that what is typed is not safe.
    fn drafts_not_saved(&mut self, error: &DraftsError);

    /// Puts what stands in the composer among the drafts, for the desk ends now; returns what to send before.
    fn leave(&mut self, now: Timestamp) -> Vec<Effect>;
}
