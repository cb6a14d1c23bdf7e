//! What proves who somebody is, where it travels between relay and desk: a password, a token of a session.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// A text that nothing shows and that is wiped from memory when it is let go of.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Returns the text, for the moment in which it is needed.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.reveal())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{ClientFrame, Login, Session};

    #[test]
    fn a_secret_is_shown_by_nothing_and_travels_as_it_is() {
        let secret = || Secret::from("correct horse");
        let login = Login {
            login: "anna".to_owned(),
            password: secret(),
        };
        let session = Session {
            token: secret(),
            expires_at: crate::model::Timestamp(0),
        };
        let hello = ClientFrame::Hello {
            protocol: 1,
            token: secret(),
            resume: None,
            program: "test".to_owned(),
        };
        for shown in [
            format!("{:?}", secret()),
            format!("{login:?}"),
            format!("{session:?}"),
            format!("{hello:?}"),
        ] {
            assert!(!shown.contains("horse"), "{shown}");
        }
        let written = serde_json::to_string(&secret()).unwrap();
        assert_eq!(written, "\"correct horse\"");
        assert_eq!(serde_json::from_str::<Secret>(&written).unwrap(), secret());
    }
}
