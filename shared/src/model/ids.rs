//! Newtypes for everything that has a name or a number. Nothing here makes an id: the relay and the desk do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A 63-bit number made by the relay: 41 bits of milliseconds, 22 of chance (`storage.md` 2). Written as a string in
/// JSON, because many JSON readers lose digits past 2^53.
macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = std::num::ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(|_| de::Error::custom("expected a whole number in a string"))
            }
        }
    };
}

/// A name chosen by people or by a platform; compared exactly.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// Returns the name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(/// One chat, from opening to final closing.
    ChatId);
number_id!(/// One message or note, whoever wrote it.
    MessageId);
number_id!(/// One file of a message.
    FileId);
number_id!(/// One person on one channel.
    VisitorId);
number_id!(/// One row of the outbox.
    DeliveryId);
number_id!(/// One template that was saved from a desk (those of the config have none).
    TemplateId);

text_id!(/// An operator's login.
    OperatorId);
text_id!(/// A department's `id` in the config.
    DepartmentId);
text_id!(/// A channel's `id` in the config: the last part of its webhook address.
    ChannelId);
text_id!(/// An id that a platform gave: a person, a message, an account. Opaque.
    PlatformId);
text_id!(/// An id a desk makes for each command, so that a repeat does nothing twice (OUT-02).
    CommandId);
text_id!(/// A language as in `[messages.en]`: `en`, `ru`, `zh` and others.
    Language);

/// The number of an event in the one order of the store: 1, 2, 3 … without holes (`storage.md` 1).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub i64);

impl Seq {
    /// Returns the number that follows.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many events a chat has had; 0 before the first. The guard against two writers.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub i64);

impl Version {
    /// Returns the version after `events` more events.
    #[must_use]
    pub fn plus(self, events: usize) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(events).unwrap_or(i64::MAX)),
        )
    }
}

/// A random number per commit: two histories that share a number do not share this (`storage.md` 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(pub i64);
