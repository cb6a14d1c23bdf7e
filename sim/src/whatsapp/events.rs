//! The envelopes (whatsapp.md 2): what a number is told, in Meta's escaped bytes.

use serde_json::{Value, json};

use super::number::{Sent, Site};
use super::person::Known;
use crate::meta::render;

/// The words of errors that statuses carry.
fn words(code: i64) -> &'static str {
    match code {
        131_026 => "Message undeliverable",
        131_047 => "Re-engagement message",
        _ => "Something went wrong",
    }
}

fn contact(known: &Known) -> Value {
    let mut contact = json!({ "profile": { "name": known.name } });
    known.name_in(&mut contact, "wa_id", "user_id");
    contact
}

impl Site {
    /// Seconds, as text.
    fn timestamp(&self) -> String {
        (self.clock.now_ms() / 1000).to_string()
    }

    fn tell(&self, field: &str, value: Value) {
        let mut value = value;
        value["messaging_product"] = "whatsapp".into();
        value["metadata"] = json!({
            "display_phone_number": self.options.display_number,
            "phone_number_id": self.options.phone_number_id,
        });
        let change = json!({ "value": value, "field": field });
        let entry = json!({ "id": self.options.waba_id, "changes": [change] });
        let body = json!({ "object": "whatsapp_business_account", "entry": [entry] });
        self.push(&render(&body));
    }

    /// Somebody sent a message; `members` are those of its kind.
    pub(super) fn tell_message(&self, from: &Known, id: &str, members: Value) {
        let mut message = members;
        message["id"] = id.into();
        message["timestamp"] = self.timestamp().into();
        from.name_in(&mut message, "from", "from_user_id");
        let value = json!({ "contacts": [contact(from)], "messages": [message] });
        self.tell("messages", value);
    }

    /// What became of a message; `code` says why it failed.
    pub(super) fn tell_status(&self, to: &Known, sent: &Sent, name: &str, code: Option<i64>) {
        let mut status = json!({ "id": sent.id, "status": name, "timestamp": self.timestamp() });
        to.name_in(&mut status, "recipient_id", "recipient_user_id");
        if let Some(label) = sent.call.get("biz_opaque_callback_data") {
            status["biz_opaque_callback_data"] = label.clone();
        }
        if let Some(code) = code {
            let words = words(code);
            status["errors"] = json!([{ "code": code, "title": words, "message": words,
                "error_data": { "details": words } }]);
        }
        let mut value = json!({ "statuses": [status] });
        // Who it is about is not told of what failed.
        if code.is_none() {
            value["contacts"] = json!([contact(to)]);
        }
        self.tell("messages", value);
    }

    /// The company wrote on its own phone: there is nothing but numbers.
    pub(super) fn tell_echo(&self, to: &Known, id: &str, text: &str) {
        let echo = json!({
            "from": self.options.display_number, "to": to.phone, "id": id, "timestamp": self.timestamp(),
            "type": "text", "text": { "body": text },
        });
        self.tell("smb_message_echoes", json!({ "message_echoes": [echo] }));
    }
}
