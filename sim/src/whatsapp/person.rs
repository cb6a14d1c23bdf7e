//! Somebody who writes to the number, gets its messages, and may hide their own.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::number::{Sent, Site};
use crate::form::FormFile;

/// What the platform knows of somebody.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) phone: String,
    /// The id that this business knows them by.
    pub(super) id: String,
    pub(super) name: String,
    /// Nobody is told the number.
    pub(super) is_hidden: bool,
    /// Nothing reaches them.
    pub(super) is_away: bool,
    /// They were written to too fast: no more for now.
    pub(super) is_crowded: bool,
    /// When they last wrote, by the platform's clock.
    pub(super) wrote_at_ms: Option<u64>,
}

impl Known {
    /// Writes what may be told of them under these names.
    pub(super) fn name_in(&self, value: &mut Value, phone: &str, id: &str) {
        if !self.is_hidden {
            value[phone] = self.phone.as_str().into();
        }
        value[id] = self.id.as_str().into();
    }
}

/// Somebody who writes to the number.
#[derive(Clone)]
pub struct Person {
    site: Arc<Site>,
    id: String,
}

impl Person {
    pub(super) fn new(site: &Arc<Site>, phone: &str, id: &str, name: &str) -> Self {
        let known = Known {
            phone: phone.to_owned(),
            id: id.to_owned(),
            name: name.to_owned(),
            is_hidden: false,
            is_away: false,
            is_crowded: false,
            wrote_at_ms: None,
        };
        site.lock().people.push(known);
        Self {
            site: site.clone(),
            id: id.to_owned(),
        }
    }

    /// Writes something; returns its id.
    pub fn writes(&self, text: &str) -> String {
        self.sends(json!({ "type": "text", "text": { "body": text } }))
    }

    /// Sends a message with these members; returns its id.
    pub fn sends(&self, members: Value) -> String {
        let now = self.site.clock.now_ms();
        let known = self.change(|known| known.wrote_at_ms = Some(now));
        let id = self.site.new_id();
        self.site.tell_message(&known, &id, members);
        id
    }

    /// Sends a picture, a document …; returns its id.
    pub fn sends_file(
        &self,
        kind: &str,
        name: &str,
        mime: &str,
        bytes: impl Into<Bytes>,
    ) -> String {
        let file = FormFile {
            field: kind.to_owned(),
            name: name.to_owned(),
            mime: mime.to_owned(),
            bytes: bytes.into(),
        };
        let media = json!({ "id": self.site.keep(file), "mime_type": mime, "filename": name, "caption": name });
        let mut members = json!({ "type": kind });
        members[kind] = media;
        self.sends(members)
    }

    /// Adopts a name of their own: the number is told to nobody from now on.
    pub fn hides_number(&self) {
        self.change(|known| known.is_hidden = true);
    }

    /// Nothing reaches them any more, though it is accepted.
    pub fn goes_away(&self) {
        self.change(|known| known.is_away = true);
    }

    /// Whether they were written to too fast: then nothing more is taken for them.
    pub fn is_crowded(&self, is_crowded: bool) {
        self.change(|known| known.is_crowded = is_crowded);
    }

    /// A message got so far: `delivered`, `read` …
    pub fn receives(&self, sent: &Sent, status: &str) {
        let known = self.change(|_| ());
        self.site.tell_status(&known, sent, status, None);
    }

    /// The company writes to them on its own phone.
    pub fn is_written_to(&self, text: &str) {
        let known = self.change(|_| ());
        self.site.tell_echo(&known, &self.site.new_id(), text);
    }

    fn change(&self, change: impl FnOnce(&mut Known)) -> Known {
        let mut state = self.site.lock();
        let mut people = state.people.iter_mut();
        let known = people
            .find(|known| known.id == self.id)
            .expect("people stay known");
        change(known);
        known.clone()
    }
}
