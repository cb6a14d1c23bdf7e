//! Who an event is about: by the id of the business, or by the phone number (whatsapp.md 2, "who wrote"). Why the id comes
//! first stands in the module's head.

use serde_json::Value;
use sha2::{Digest, Sha256};

use shared::model::{PlatformId, Timestamp};

use crate::channels::{Profile, wire};
use crate::hex::hex;

const DAY_MS: i64 = 86_400_000;

/// The contacts beside messages and statuses: they tell both names of a person, and what they call themselves.
pub(super) struct People<'a>(&'a [Value]);

/// A person as an event and the contacts beside it name them.
pub(super) struct Person {
    /// The name to go by.
    pub(super) visitor: PlatformId,
    /// The number, if the name to go by is the id.
    pub(super) other: Option<PlatformId>,
    pub(super) profile: Option<Profile>,
}

impl<'a> People<'a> {
    pub(super) fn of(contacts: &'a [Value]) -> Self {
        Self(contacts)
    }

    /// Returns who has this number or this id; none: neither is told.
    pub(super) fn person(&self, phone: Option<&Value>, id: Option<&Value>) -> Option<Person> {
        let (phone, id) = (wire::platform_id(phone), wire::platform_id(id));
        let has = |contact: &Value, name: &str, wanted: &Option<PlatformId>| {
            wanted.is_some() && wire::platform_id(contact.get(name)) == *wanted
        };
        let mut contacts = self.0.iter();
        let contact =
            contacts.find(|contact| has(contact, "user_id", &id) || has(contact, "wa_id", &phone));
        let told = |name: &str| wire::platform_id(contact?.get(name));
        let phone = phone.or_else(|| told("wa_id"));
        let (visitor, other) = match id.or_else(|| told("user_id")) {
            Some(id) => (id, phone),
            None => (phone?, None),
        };
        Some(Person {
            other: other.filter(|other| *other != visitor),
            visitor,
            profile: contact.and_then(profile_of),
        })
    }
}

impl Person {
    /// One key a day for each name: a name that comes back after a change is news again.
    pub(super) fn profile_key(&self, at: Timestamp) -> String {
        let name = self
            .profile
            .as_ref()
            .and_then(|profile| profile.name.as_deref());
        let hash: [u8; 32] = Sha256::digest(name.unwrap_or_default()).into();
        let day = at.0.div_euclid(DAY_MS);
        format!("name:{}:{day}:{}", self.visitor, hex(&hash[..8]))
    }
}

fn profile_of(contact: &Value) -> Option<Profile> {
    let name = wire::line(wire::at(contact, &["profile", "name"]))
        .or_else(|| wire::line(wire::at(contact, &["profile", "username"])))?;
    Some(Profile {
        name: Some(name),
        first_name: None,
        photo_url: None,
    })
}
