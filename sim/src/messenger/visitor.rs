//! What visitors do, as tests and scripts tell them to: write, send photos, edit, react, tap. Each act becomes history
//! and a webhook; with webhooks down only the history remains.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::errors::GraphError;
use super::graph::{Graph, Site};
use super::profile::{Profile, ProfileAnswer, photo_url};
use super::state::Stored;
use super::thread::PAGE_INBOX_APP_ID;
use super::wire::Event;

/// One person in front of one Page. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Visitor {
    site: Arc<Site>,
    page_id: String,
    psid: String,
}

impl Graph {
    /// Returns a visitor of the first Page. The Page can write to them once they have written.
    pub fn visitor(&self, psid: &str) -> Visitor {
        self.visitor_of(&self.first_page_id(), psid)
    }

    /// Returns a visitor of one of the Pages.
    pub fn visitor_of(&self, page_id: &str, psid: &str) -> Visitor {
        Visitor {
            site: Arc::clone(&self.site),
            page_id: page_id.to_owned(),
            psid: psid.to_owned(),
        }
    }
}

impl Visitor {
    /// Returns the page-scoped id.
    pub fn psid(&self) -> &str {
        &self.psid
    }

    /// Gives the visitor a name and a photo.
    #[must_use]
    pub fn named(self, first_name: &str, last_name: &str) -> Self {
        self.set_profile(ProfileAnswer::Known(Profile::new(first_name, last_name)));
        self
    }

    /// Changes what asking for the profile gives.
    pub fn set_profile(&self, answer: ProfileAnswer) {
        self.site.lock().profiles.insert(self.psid.clone(), answer);
    }

    /// Makes asking for the profile fail with 100/2018218.
    pub fn hides_profile(&self) {
        self.set_profile(ProfileAnswer::Refused(GraphError::named(
            "profile_unavailable",
        )));
    }

    /// Writes a text; returns its mid.
    pub fn writes(&self, text: &str) -> String {
        self.sends(Some(text), Vec::new(), [])
    }

    /// Writes a text as an answer to an earlier message.
    pub fn replies_to(&self, mid: &str, text: &str) -> String {
        let reply_to = json!({ "mid": mid, "is_self_reply": false });
        self.sends(Some(text), Vec::new(), [("reply_to", reply_to)])
    }

    /// Taps a quick reply: its title comes as the text.
    pub fn taps_quick_reply(&self, title: &str, payload: &str) -> String {
        let quick_reply = json!({ "payload": payload });
        self.sends(Some(title), Vec::new(), [("quick_reply", quick_reply)])
    }

    /// Sends a picture that this Graph serves.
    pub fn sends_photo(&self) -> String {
        let url = {
            let mut state = self.site.lock();
            let name = state.random.digits(12);
            photo_url(&state, &name)
        };
        self.sends_attachment(json!({ "type": "image", "payload": { "url": url } }))
    }

    /// Sends one attachment, given in the webhook's form.
    pub fn sends_attachment(&self, attachment: Value) -> String {
        self.sends(None, vec![attachment], [])
    }

    /// Changes an earlier text for the `num_edit`-th time.
    pub fn edits(&self, mid: &str, text: &str, num_edit: u32) {
        if let Some(message) = self
            .site
            .lock()
            .conversation_mut(&self.page_id, &self.psid)
            .find_message_mut(mid)
        {
            message.text = Some(text.to_owned());
        }
        self.does(
            "message_edit",
            json!({ "mid": mid, "text": text, "num_edit": num_edit }),
        );
    }

    /// Takes an earlier message back.
    pub fn deletes(&self, mid: &str) {
        if let Some(message) = self
            .site
            .lock()
            .conversation_mut(&self.page_id, &self.psid)
            .find_message_mut(mid)
        {
            message.is_deleted = true;
            message.text = None;
            message.attachments.clear();
        }
        self.does("message", json!({ "mid": mid, "is_deleted": true }));
    }

    /// Puts an emoji on a message; this opens the window again.
    pub fn reacts(&self, mid: &str, emoji: &str) {
        self.opens_window();
        let name = match emoji.trim_end_matches('\u{fe0f}') {
            "❤" => "love",
            "👍" => "like",
            "👎" => "dislike",
            "😆" => "smile",
            "😮" => "wow",
            "😢" => "sad",
            "😠" => "angry",
            _ => "other",
        };
        let value = json!({ "mid": mid, "action": "react", "reaction": name, "emoji": emoji });
        self.does("reaction", value);
    }

    /// Takes the emoji off again.
    pub fn unreacts(&self, mid: &str) {
        self.does("reaction", json!({ "mid": mid, "action": "unreact" }));
    }

    /// Sees everything written so far: a read receipt with a watermark.
    pub fn reads(&self) {
        let watermark = self.site.clock.now_ms();
        self.does("read", json!({ "watermark": watermark }));
    }

    /// Taps a button or a menu entry; returns the mid of the postback.
    pub fn taps_button(&self, title: &str, payload: &str) -> String {
        self.opens_window();
        let mid = self.site.lock().new_mid();
        self.does(
            "postback",
            json!({ "mid": mid, "title": title, "payload": payload }),
        );
        mid
    }

    /// Comes in through an m.me link; returns nothing to match by, as the real event has no mid.
    pub fn follows_link(&self, referral: &str) {
        self.opens_window();
        self.does(
            "referral",
            json!({ "ref": referral, "source": "SHORTLINK", "type": "OPEN_THREAD" }),
        );
    }

    /// Blocks the Page: sends fail with 551/1545041 until [`Visitor::unblocks_page`].
    pub fn blocks_page(&self) {
        self.set_blocked(true);
    }

    /// Lets the Page write again.
    pub fn unblocks_page(&self) {
        self.set_blocked(false);
    }

    /// Lets staff answer this visitor in the Page inbox: an echo from app 263902037430900.
    pub fn gets_inbox_reply(&self, text: &str) -> String {
        let inbox: u64 = PAGE_INBOX_APP_ID.parse().unwrap_or_default();
        self.gets_reply_of(text, Some(inbox))
    }

    /// Lets another app, or one without an id, answer this visitor.
    pub fn gets_reply_of(&self, text: &str, app_id: Option<u64>) -> String {
        let at_ms = self.site.clock.stamp_ms();
        let mid = self.store(at_ms, true, Some(text), &[], None);
        let mut message = json!({ "mid": mid, "is_echo": true, "text": text });
        if let (Some(app_id), Some(message)) = (app_id, message.as_object_mut()) {
            message.insert("app_id".into(), app_id.into());
        }
        self.queue(Event::new(
            &self.page_id,
            &self.psid,
            at_ms,
            "message",
            message,
        ));
        mid
    }

    /// Causes any other event, such as `optin`, with the value given.
    pub fn does(&self, key: &str, value: Value) {
        let at_ms = self.site.clock.stamp_ms();
        self.queue(Event::new(&self.psid, &self.page_id, at_ms, key, value));
    }

    /// Sends a message with all its parts; `extra` members go into `message`.
    pub fn sends<const N: usize>(
        &self,
        text: Option<&str>,
        attachments: Vec<Value>,
        extra: [(&str, Value); N],
    ) -> String {
        let at_ms = self.site.clock.stamp_ms();
        let extra = extra.map(|(key, value)| (key.to_owned(), value));
        let reply_to = extra.iter().find(|(key, _)| key == "reply_to");
        let reply_to = reply_to.and_then(|(_, value)| value.get("mid")?.as_str());
        let mid = self.store(at_ms, false, text, &attachments, reply_to);
        let mut message = Map::from_iter(extra);
        message.insert("mid".into(), json!(mid));
        if let Some(text) = text {
            message.insert("text".into(), json!(text));
        }
        if !attachments.is_empty() {
            message.insert("attachments".into(), Value::Array(attachments));
        }
        self.opens_window();
        self.queue(Event::new(
            &self.psid,
            &self.page_id,
            at_ms,
            "message",
            Value::Object(message),
        ));
        mid
    }

    fn store(
        &self,
        at_ms: u64,
        is_from_page: bool,
        text: Option<&str>,
        attachments: &[Value],
        reply_to: Option<&str>,
    ) -> String {
        let mut state = self.site.lock();
        let mid = state.new_mid();
        state
            .conversation_mut(&self.page_id, &self.psid)
            .push(Stored {
                mid: mid.clone(),
                at_ms,
                is_from_page,
                text: text.map(str::to_owned),
                attachments: attachments.to_vec(),
                reply_to: reply_to.map(str::to_owned),
                is_deleted: false,
            });
        mid
    }

    fn opens_window(&self) {
        let now = self.site.clock.now_ms();
        let mut state = self.site.lock();
        state
            .conversation_mut(&self.page_id, &self.psid)
            .opened_at_ms = Some(now);
    }

    fn set_blocked(&self, is_blocked: bool) {
        let mut state = self.site.lock();
        state
            .conversation_mut(&self.page_id, &self.psid)
            .has_blocked_page = is_blocked;
    }

    fn queue(&self, event: Event) {
        self.site
            .lock()
            .notify(&self.page_id, &self.psid, event, Duration::ZERO);
        self.site.touch();
    }
}
