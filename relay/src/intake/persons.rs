//! What platforms tell of a visitor beside what they say: their name, and what else they are called.

use shared::chat::PlatformCommand;
use shared::model::{ChannelId, PlatformId};

use crate::channels::{Inbound, Profile};

use super::{Intake, IntakeError};

impl Intake {
    /// The visitor's name came with an event. Goes into their open chat, if it is news there.
    pub(super) async fn profile(
        &self,
        channel: &ChannelId,
        inbound: &Inbound,
        profile: &Profile,
    ) -> Result<(), IntakeError> {
        let at = self.whereabouts(channel, &inbound.visitor).await?;
        let Some(chat) = at.chat else { return Ok(()) };
        let command = PlatformCommand::Profile {
            name: profile.name.clone(),
            first_name: profile.first_name.clone(),
            photo_url: profile.photo_url.clone(),
            asked_at: inbound.at,
        };
        self.tell(channel, inbound, chat, command).await
    }

    /// The platform calls the visitor by another name as well: whoever is known by either is found by both from now on.
    /// Two who are both known already stay two: their chats are what they are.
    pub(super) async fn also_called(
        &self,
        channel: &ChannelId,
        visitor: &PlatformId,
        other: &PlatformId,
    ) -> Result<(), IntakeError> {
        let (name, known) = match self.store.find_visitor(channel, visitor).await? {
            Some(known) => (other, known.id),
            None => match self.store.find_visitor(channel, other).await? {
                Some(known) => (visitor, known.id),
                None => (other, self.whereabouts(channel, visitor).await?.visitor.id),
            },
        };
        if !self.directory.is_named(known, name)
            && self.store.find_visitor(channel, name).await?.is_none()
        {
            self.store.name_visitor(known, channel, name).await?;
            self.directory.forget(channel, name);
        }
        self.directory.note_name(known, name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{said, world};
    use crate::channels::{Happening, Profile};

    const PHONE: &str = "15550000001";
    const ID: &str = "US.13491208655302741918";

    fn also(name: &str) -> Happening {
        Happening::AlsoCalled(name.into())
    }

    #[tokio::test]
    async fn whoever_is_called_by_two_names_at_once_is_found_by_either() {
        let world = world().await;
        world.happens_to(ID, "also:1", also(PHONE)).await;
        world.happens_to(ID, "msg:1", said("1")).await;
        world.happens_to(PHONE, "msg:2", said("2")).await;
        world.happens_to(ID, "also:1", also(PHONE)).await;
        world.happens_to(ID, "msg:3", said("3")).await;
        let chats = world.chats().await;
        assert_eq!(chats.len(), 1);
        assert_eq!(chats[0].visitor.platform_id.as_str(), ID);
        assert_eq!(chats[0].unread, 3);
    }

    #[tokio::test]
    async fn whoever_was_known_by_one_name_stays_the_same_under_a_new_one() {
        let world = world().await;
        world.happens_to(PHONE, "msg:1", said("1")).await;
        world.happens_to(ID, "also:1", also(PHONE)).await;
        world.happens_to(ID, "msg:2", said("2")).await;
        // The number is hidden from now on.
        world.happens_to(ID, "msg:3", said("3")).await;
        let chats = world.chats().await;
        assert_eq!(chats.len(), 1);
        assert_eq!(chats[0].visitor.platform_id.as_str(), PHONE);
    }

    #[tokio::test]
    async fn two_who_are_both_known_stay_two() {
        let world = world().await;
        world.happens_to(PHONE, "msg:1", said("1")).await;
        world.happens_to(ID, "msg:2", said("2")).await;
        world.happens_to(ID, "also:1", also(PHONE)).await;
        world.happens_to(PHONE, "msg:3", said("3")).await;
        let chats = world.chats().await;
        assert_eq!(chats.len(), 2);
        assert_eq!((chats[0].unread, chats[1].unread), (2, 1));
    }

    #[tokio::test]
    async fn a_name_that_comes_with_a_message_is_the_visitors_and_opens_no_chat() {
        let world = world().await;
        let profile = |name: &str| {
            Happening::Profile(Profile {
                name: Some(name.to_owned()),
                ..Profile::default()
            })
        };
        world.happens("name:1", profile("Olga")).await;
        assert_eq!(world.chats().await.len(), 0);
        world.happens("msg:1", said("1")).await;
        world.happens("name:2", profile("Olga Example")).await;
        world.happens("name:2", profile("Olga Example")).await;
        assert_eq!(world.chats().await[0].visitor.name(), "Olga Example");
        assert_eq!(world.kinds(), ["opened", "received", "profile_changed"]);
    }
}
