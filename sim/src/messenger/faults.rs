//! Scripted trouble: which call fails, how, and how often it really happened. Data and bookkeeping; `http` carries it out.

use std::time::Duration;

use super::calls::Endpoint;
use super::errors::GraphError;
use super::graph::Graph;

/// What goes wrong with one call.
///
/// "Nothing happens" means that no message goes out and nothing is recorded as sent; "sent" means that the call had its
/// full effect (ledger, echo, receipts) and only the answer is spoiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers with this error; nothing happens.
    Refuse(GraphError),
    /// Answers 429 with this error and the usage headers of Meta's *Rate Limits*; nothing happens.
    Throttle {
        error: GraphError,
        regain_access_minutes: u32,
    },
    /// Answers an HTML page, as a 500 or 502 of the edge looks; nothing happens.
    Html { status: u16 },
    /// Answers 200 with bytes that are not JSON; nothing happens.
    Garbage,
    /// Keeps silent for this long, then closes the connection; nothing happens.
    HangBefore(Duration),
    /// Closes the connection at once; nothing happens.
    CloseBefore,
    /// Sent; keeps silent for this long, then closes the connection.
    HangAfter(Duration),
    /// Sent; closes the connection without an answer.
    CloseAfter,
    /// Sent; answers with this error. See [`Fault::sent_but_error`].
    RefuseAfter(GraphError),
    /// Sent; answers an HTML page.
    HtmlAfter { status: u16 },
    /// Sent; answers 200 with bytes that are not JSON.
    GarbageAfter,
    /// Sent; answers 200 with `{}`, so no `message_id`.
    EmptyAfter,
    /// Sent; answers rightly, one byte per pause.
    Slow { pause: Duration },
}

impl Fault {
    /// Returns a refusal with the error called `name` in [`super::NAMED_ERRORS`].
    #[track_caller]
    pub fn error(name: &str) -> Self {
        Self::Refuse(GraphError::named(name))
    }

    /// Returns error 1/1357046 after the message went out ("invalid JSON reply").
    pub fn sent_but_error() -> Self {
        Self::RefuseAfter(GraphError::named("sent_but_error").status(500))
    }

    /// Returns the Page-level throttle with its usage headers.
    pub fn throttled(regain_access_minutes: u32) -> Self {
        Self::Throttle {
            error: GraphError::named("rate_limit_page_messenger"),
            regain_access_minutes,
        }
    }

    /// Returns an answer of one byte per second.
    pub const fn slow() -> Self {
        Self::Slow {
            pause: Duration::from_secs(1),
        }
    }

    /// Tells whether the call takes effect before the answer is spoiled.
    pub fn has_effect(&self) -> bool {
        match self {
            Self::Refuse(_)
            | Self::Throttle { .. }
            | Self::Html { .. }
            | Self::Garbage
            | Self::HangBefore(_)
            | Self::CloseBefore => false,
            Self::HangAfter(_)
            | Self::CloseAfter
            | Self::RefuseAfter(_)
            | Self::HtmlAfter { .. }
            | Self::GarbageAfter
            | Self::EmptyAfter
            | Self::Slow { .. } => true,
        }
    }
}

/// A fault with the calls it waits for. Faults that fit the same call are used up in the order they were scripted.
#[derive(Clone, Debug)]
pub struct Script {
    fault: Fault,
    endpoint: Endpoint,
    page_id: Option<String>,
    psid: Option<String>,
    times: u64,
}

impl Script {
    /// Spoils the next call to `endpoint`, whoever it is about.
    pub const fn new(endpoint: Endpoint, fault: Fault) -> Self {
        Self {
            fault,
            endpoint,
            page_id: None,
            psid: None,
            times: 1,
        }
    }

    /// Spoils the next message, but not typing and other sender actions.
    pub const fn next_message(fault: Fault) -> Self {
        Self::new(Endpoint::Messages, fault)
    }

    /// Only calls made for this Page.
    #[must_use]
    pub fn on_page(mut self, page_id: &str) -> Self {
        self.page_id = Some(page_id.to_owned());
        self
    }

    /// Only calls about this visitor.
    #[must_use]
    pub fn about(mut self, psid: &str) -> Self {
        self.psid = Some(psid.to_owned());
        self
    }

    /// That many calls instead of one.
    #[must_use]
    pub const fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    /// Every fitting call until [`Graph::clear_faults`].
    #[must_use]
    pub const fn always(self) -> Self {
        self.times(u64::MAX)
    }

    fn fits(&self, call: &Subject) -> bool {
        let same =
            |wanted: &Option<String>, actual: &Option<String>| wanted.is_none() || wanted == actual;
        self.endpoint == call.endpoint
            && same(&self.page_id, &call.page_id)
            && same(&self.psid, &call.psid)
    }
}

/// What a call is about, as far as scripts look.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) endpoint: Endpoint,
    pub(super) page_id: Option<String>,
    pub(super) psid: Option<String>,
}

/// A scripted fault, for asking later whether it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(usize);

/// The scripts of one Graph, used ones included.
#[derive(Debug, Default)]
pub(super) struct Faults {
    scripts: Vec<(Script, u64)>,
}

impl Faults {
    /// Uses up one occurrence that fits; it counts as injected from here on.
    pub(super) fn take(&mut self, subject: &Subject) -> Option<(FaultId, Fault)> {
        let mut scripts = self.scripts.iter_mut().enumerate();
        let (index, (script, injected)) = scripts
            .find(|(_, (script, injected))| *injected < script.times && script.fits(subject))?;
        *injected += 1;
        Some((FaultId(index), script.fault.clone()))
    }

    /// Takes an occurrence back: the call was refused anyway, so the fault did not happen.
    pub(super) fn put_back(&mut self, id: FaultId) {
        if let Some((_, injected)) = self.scripts.get_mut(id.0) {
            *injected = injected.saturating_sub(1);
        }
    }
}

impl Graph {
    /// Scripts a fault; ask [`Graph::injected`] whether it happened.
    pub fn script(&self, script: Script) -> FaultId {
        let mut state = self.site.lock();
        state.faults.scripts.push((script, 0));
        FaultId(state.faults.scripts.len() - 1)
    }

    /// Returns how many times this fault really hit a call.
    pub fn injected(&self, id: FaultId) -> u64 {
        let state = self.site.lock();
        state
            .faults
            .scripts
            .get(id.0)
            .map_or(0, |(_, injected)| *injected)
    }

    /// Returns how many faults of any script really hit a call.
    pub fn injected_in_all(&self) -> u64 {
        let state = self.site.lock();
        state
            .faults
            .scripts
            .iter()
            .map(|(_, injected)| injected)
            .sum()
    }

    /// Ends every script; the counts stay readable.
    pub fn clear_faults(&self) {
        for (script, injected) in &mut self.site.lock().faults.scripts {
            script.times = *injected;
        }
    }
}
