//! What the card says of a visitor beside the fields operators write (D-04): where they write, what state their chat is
//! in, and the addresses that lead to their photo and to the company's CRM.

use shared::chat::{Chat, Stage};
use shared::text::clean_line;

use crate::app::App;

impl App {
    /// Returns the addresses of the photo (V-01) and of the company's CRM (V-07), each with the message that names it.
    pub(crate) fn card_links(&self, chat: &Chat) -> Vec<(&'static str, String)> {
        let card = &chat.visitor.card;
        let template = self.policy().and_then(|policy| policy.crm_url.as_ref());
        let crm = template
            .zip(card.crm_id.as_ref())
            .map(|(template, id)| template.replace("{id}", &as_part_of_address(id)));
        [
            ("card-photo", card.photo_url.clone()),
            ("card-crm-link", crm),
        ]
        .into_iter()
        .filter_map(|(id, address)| Some((id, address?)))
        .filter(|(_, address)| crate::update::web_address(address).is_some())
        .collect()
    }

    /// Returns what is known of the visitor and the chat and cannot be written, each with the message that names it.
    pub(crate) fn card_facts(&self, chat: &Chat) -> Vec<(&'static str, String)> {
        let channel = self
            .policy()
            .and_then(|policy| policy.find_channel(&chat.visitor.channel))
            .map(|channel| {
                format!(
                    "{} ({})",
                    clean_line(&channel.name),
                    clean_line(&channel.kind)
                )
            });
        let category = chat.category.as_ref();
        let entry = chat.entry.as_ref().and_then(|entry| {
            let known = [&entry.title, &entry.source, &entry.reference];
            known.into_iter().flatten().next().cloned()
        });
        let facts = [
            ("card-channel", channel),
            ("card-entry", entry),
            (
                "card-category",
                category.map(|path| self.category_in_words(path)),
            ),
            ("card-language", Some(chat.language.to_string())),
            ("card-status", Some(self.status_in_words(chat))),
            ("card-began", Some(self.moment(chat.opened_at))),
        ];
        facts
            .into_iter()
            .filter_map(|(id, value)| Some((id, clean_line(&value?))))
            .collect()
    }

    fn status_in_words(&self, chat: &Chat) -> String {
        let now = self.relay_now();
        let mut parts = vec![super::conversation::owner_in_words(self, chat)];
        if let Some(since) = chat.waiting_since.filter(|_| chat.is_open()) {
            let waited = self.language.short_time(now.since(since).as_secs());
            parts.push(self.say_with("card-waits", &[("time", &waited)]));
        }
        let block = chat.block.as_ref().filter(|_| chat.is_blocked(now));
        parts.extend(block.map(|block| match block.until {
            Some(until) => self.say_with("card-blocked-until", &[("time", &self.moment(until))]),
            None => self.tr("card-blocked").into_owned(),
        }));
        if matches!(chat.stage, Stage::Queue | Stage::Chatting { .. }) {
            parts.extend(super::conversation::window_in_words(self, chat));
        }
        parts.join(", ")
    }
}

/// Returns an id with everything escaped that could end its part of an address.
fn as_part_of_address(id: &str) -> String {
    let escaped: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    escaped.replace('+', "%20")
}
