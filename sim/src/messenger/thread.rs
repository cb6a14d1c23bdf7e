//! Who controls a thread: the four `*_thread_control` calls, `thread_owner`, and the Page inbox stepping in (Meta:
//! *Conversation Control APIs*).

use std::time::Duration;

use serde_json::{Value, json};

use super::calls::{Call, id_text};
use super::errors::GraphError;
use super::graph::{Graph, Site};
use super::state::State;
use super::wire::Event;

/// The app id of the Page inbox: staff answering in Meta's own programs.
pub const PAGE_INBOX_APP_ID: &str = "263902037430900";

/// Who may answer in a thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadOwner {
    /// Nobody in particular; everyone may.
    Idle,
    /// Only this app; the others get standby copies.
    App(String),
}

/// Answers the four control calls.
pub(super) fn control(state: &mut State, page_id: &str, call: &Call) -> Result<Value, GraphError> {
    let psid = call
        .recipient_id()
        .ok_or_else(|| GraphError::parameter("(#100) The parameter recipient is required"))?;
    let page = &state.load_page(page_id)?.options;
    let (our_app, may_take) = (page.app_id.clone(), page.may_take_threads);
    let owner = state.load_conversation(page_id, &psid)?.owner.clone();
    let is_free = owner == ThreadOwner::Idle || owner == ThreadOwner::App(our_app.clone());
    let next = match call.edge.as_deref() {
        Some("pass_thread_control") if is_free => {
            let target = call.text("target_app_id");
            ThreadOwner::App(target.unwrap_or_else(|| PAGE_INBOX_APP_ID.to_owned()))
        }
        Some("release_thread_control") if is_free => ThreadOwner::Idle,
        Some("pass_thread_control" | "release_thread_control") => {
            return Err(GraphError::named("thread_controlled"));
        }
        Some("take_thread_control") if may_take => ThreadOwner::App(our_app),
        // Granted when nobody holds it; otherwise the holder hears of it and may pass.
        Some("request_thread_control") if is_free => ThreadOwner::App(our_app),
        Some("request_thread_control") => owner,
        Some("extend_thread_control") if is_free => owner,
        Some(_) | None => return Err(not_allowed()),
    };
    state.load_conversation(page_id, &psid)?.owner = next;
    Ok(json!({ "success": true }))
}

fn not_allowed() -> GraphError {
    GraphError {
        subcode: Some(2_018_171),
        ..GraphError::parameter("(#100) Handover call not allowed for this app")
    }
}

/// Carries out the `thread_control` member of a send.
pub(super) fn hand_on_with_message(
    state: &mut State,
    page_id: &str,
    psid: &str,
    thread_control: &Value,
) {
    let target = thread_control.get("app_id").and_then(id_text);
    let owner = match (
        thread_control.get("control_type").and_then(Value::as_str),
        target,
    ) {
        (Some("pass"), Some(app_id)) => ThreadOwner::App(app_id),
        _ => ThreadOwner::Idle,
    };
    state.conversation_mut(page_id, psid).owner = owner;
}

/// Answers `GET /{page-id}/thread_owner`; the id of a foreign owner stays hidden.
pub(super) fn owner(
    site: &Site,
    state: &mut State,
    page_id: &str,
    call: &Call,
) -> Result<Value, GraphError> {
    let psid = call.text("recipient").unwrap_or_default();
    let our_app = state.load_page(page_id)?.options.app_id.clone();
    let expiration = site.clock.now_ms() / 1000 + 86_400;
    let thread_owner = match &state.load_conversation(page_id, &psid)?.owner {
        ThreadOwner::Idle => return Ok(json!({ "data": [] })),
        ThreadOwner::App(app) if *app == our_app => {
            json!({ "app_id": app, "expiration": expiration })
        }
        ThreadOwner::App(_) => json!({ "expiration": expiration }),
    };
    Ok(json!({ "data": [{ "thread_owner": thread_owner }] }))
}

impl Graph {
    /// Sets who controls a visitor's thread, without telling anyone.
    pub fn set_thread_owner(&self, psid: &str, owner: ThreadOwner) {
        let page_id = self.first_page_id();
        self.site.lock().conversation_mut(&page_id, psid).owner = owner;
    }

    /// Lets the Page inbox take a thread; our app gets `take_thread_control`.
    pub fn inbox_takes_thread(&self, psid: &str) {
        let inbox = ThreadOwner::App(PAGE_INBOX_APP_ID.to_owned());
        self.change_owner(psid, "take_thread_control", &inbox);
    }

    /// Lets the Page inbox pass a thread to our app, which gets `pass_thread_control`.
    pub fn inbox_passes_thread(&self, psid: &str) {
        let page_id = self.first_page_id();
        let ours = {
            let state = self.site.lock();
            state
                .find_page(&page_id)
                .map(|page| page.options.app_id.clone())
        };
        let ours = ThreadOwner::App(ours.unwrap_or_default());
        self.change_owner(psid, "pass_thread_control", &ours);
    }

    fn change_owner(&self, psid: &str, key: &str, next: &ThreadOwner) {
        let page_id = self.first_page_id();
        let at_ms = self.site.clock.stamp_ms();
        {
            let mut state = self.site.lock();
            let conversation = state.conversation_mut(&page_id, psid);
            let previous = std::mem::replace(&mut conversation.owner, next.clone());
            let id = |owner: &ThreadOwner| match owner {
                ThreadOwner::Idle => Value::Null,
                ThreadOwner::App(app_id) => json!(app_id),
            };
            let value = json!({
                "previous_owner_app_id": id(&previous), "new_owner_app_id": id(next), "metadata": "",
            });
            let event = Event::new(psid, &page_id, at_ms, key, value);
            state.notify(&page_id, psid, event, Duration::ZERO);
        }
        self.site.touch();
    }
}
