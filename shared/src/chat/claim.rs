//! Taking a chat and giving it back (Q-11, Q-12, Q-14, TR-10).

use super::rights::Asker;
use super::{Chat, Event, Refusal, Right, Stage};

impl Chat {
    /// Takes a waiting chat; claiming one's own again changes nothing.
    pub(super) fn claim(&self, take_over: bool, asker: &Asker<'_>) -> Result<Vec<Event>, Refusal> {
        match &self.stage {
            Stage::Queue => Ok(vec![Event::Claimed {
                by: asker.id(),
                from: None,
            }]),
            Stage::Chatting { owner } if *owner == asker.operator.id => Ok(vec![]),
            Stage::Chatting { owner } if take_over => {
                asker.require(Right::TakeOver)?;
                Ok(vec![Event::Claimed {
                    by: asker.id(),
                    from: Some(owner.clone()),
                }])
            }
            Stage::Chatting { owner } => Err(Refusal::Owned { by: owner.clone() }),
            Stage::ClosedByOperator { .. } => Err(Refusal::Closed),
            Stage::Closed => Err(Refusal::Finished),
        }
    }

    /// Puts a chat back into the queue; its waiting time stays.
    pub(super) fn release(&self, asker: &Asker<'_>) -> Result<Vec<Event>, Refusal> {
        self.require_open()?;
        if self.owner().is_none() {
            return Err(Refusal::NotClaimed);
        }
        self.require_managing(asker)?;
        Ok(vec![Event::Released { by: asker.id() }])
    }

    /// Refuses when the chat is closed, softly or for good.
    pub(super) fn require_open(&self) -> Result<(), Refusal> {
        match self.stage {
            Stage::Queue | Stage::Chatting { .. } => Ok(()),
            Stage::ClosedByOperator { .. } => Err(Refusal::Closed),
            Stage::Closed => Err(Refusal::Finished),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::super::{DeskCommand, Refusal, Stage};

    const CLAIM: DeskCommand = DeskCommand::Claim { take_over: false };
    const TAKE_OVER: DeskCommand = DeskCommand::Claim { take_over: true };

    #[test]
    fn the_first_of_two_claims_wins_and_the_second_learns_who() {
        let mut desk = waiting();
        desk.by("anna", CLAIM).unwrap();
        assert_eq!(
            desk.by("boris", CLAIM),
            Err(Refusal::Owned { by: "anna".into() })
        );
        assert_eq!(desk.chat.owner(), Some(&"anna".into()));
    }

    #[test]
    fn claiming_the_own_chat_again_changes_nothing() {
        let mut desk = held_by("anna");
        assert_eq!(desk.by("anna", CLAIM), Ok(vec![]));
    }

    #[test]
    fn only_a_supervisor_takes_a_chat_from_its_owner() {
        let mut desk = held_by("anna");
        assert!(matches!(
            desk.by("boris", TAKE_OVER),
            Err(Refusal::NotAllowed { .. })
        ));
        desk.by("sofia", TAKE_OVER).unwrap();
        assert_eq!(desk.chat.owner(), Some(&"sofia".into()));
    }

    #[test]
    fn a_released_chat_waits_again_and_keeps_its_waiting_time() {
        let mut desk = held_by("anna");
        let waiting_since = desk.chat.waiting_since;
        desk.now = desk.now.plus(std::time::Duration::from_secs(60));
        desk.by("anna", DeskCommand::Release).unwrap();
        assert_eq!(desk.chat.stage, Stage::Queue);
        assert!(waiting_since.is_some());
        assert_eq!(desk.chat.waiting_since, waiting_since);
    }

    #[test]
    fn a_closed_chat_cannot_be_claimed() {
        let mut desk = held_by("anna");
        desk.by("anna", DeskCommand::Close).unwrap();
        assert_eq!(desk.by("anna", CLAIM), Err(Refusal::Closed));
    }
}
