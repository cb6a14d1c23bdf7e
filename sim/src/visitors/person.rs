//! What one scripted person says next, decided from what was said to them. Pure: no time, no sending.

/// One thing a person does in front of the Page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Writes(&'static str),
    SendsPhoto,
    /// Puts an emoji on the operator's newest message.
    Reacts(&'static str),
}

/// What is said when the operator's text holds one of the keywords; said once, then the next fitting branch is taken.
#[derive(Debug)]
pub(super) struct Branch {
    /// Lower case, parts of words.
    pub(super) keywords: &'static [&'static str],
    pub(super) acts: &'static [Act],
}

/// A person as data.
#[derive(Debug)]
pub(super) struct Role {
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) opening: &'static [Act],
    pub(super) branches: &'static [Branch],
    /// Said in this order when no branch fits. Without any the person stays silent.
    pub(super) fallbacks: &'static [&'static [Act]],
}

/// One person in a running chat.
#[derive(Debug)]
pub(super) struct Person {
    role: &'static Role,
    used: Vec<bool>,
    next_fallback: usize,
}

impl Person {
    pub(super) fn new(role: &'static Role) -> Self {
        Self {
            role,
            used: vec![false; role.branches.len()],
            next_fallback: 0,
        }
    }

    /// Returns the answer to what the operator wrote. It runs dry in the end, so nobody talks for ever.
    pub(super) fn answer(&mut self, said: &str) -> &'static [Act] {
        let said = said.to_lowercase();
        let branches = self.role.branches.iter().zip(&mut self.used);
        for (branch, is_used) in branches {
            let fits = branch.keywords.iter().any(|keyword| said.contains(keyword));
            if fits && !*is_used {
                *is_used = true;
                return branch.acts;
            }
        }
        let fallback = self.role.fallbacks.get(self.next_fallback);
        self.next_fallback += 1;
        fallback.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{newcomers, scripts};
    use super::*;

    fn everyone() -> impl Iterator<Item = &'static Role> {
        scripts::REGULARS.iter().chain(newcomers::NEWCOMERS)
    }

    #[test]
    fn a_keyword_is_answered_once_and_then_falls_back() {
        static ROLE: Role = Role {
            first_name: "Ada",
            last_name: "Sample",
            opening: &[],
            branches: &[Branch {
                keywords: &["номер"],
                acts: &[Act::Writes("4411")],
            }],
            fallbacks: &[&[Act::Writes("hm")]],
        };
        let mut person = Person::new(&ROLE);
        assert_eq!(
            person.answer("Назовите НОМЕР заказа"),
            [Act::Writes("4411")]
        );
        assert_eq!(person.answer("Номер?"), [Act::Writes("hm")]);
        assert_eq!(person.answer("Номер?"), []);
    }

    #[test]
    fn nobody_talks_for_ever() {
        for role in everyone() {
            let mut person = Person::new(role);
            let spoken = (0..200).filter(|_| !person.answer("ok").is_empty()).count();
            assert!(
                spoken <= role.branches.len() + role.fallbacks.len(),
                "{}",
                role.first_name
            );
        }
    }

    #[test]
    fn every_script_opens_and_fits_the_platform() {
        for role in everyone() {
            assert!(!role.opening.is_empty(), "{}", role.first_name);
            let branches = role.branches.iter().map(|branch| branch.acts);
            let acts = branches
                .chain(role.fallbacks.iter().copied())
                .chain([role.opening]);
            for act in acts.flatten() {
                if let Act::Writes(text) = act {
                    assert!(!text.is_empty() && text.chars().count() <= 2000, "{text}");
                }
            }
            for keyword in role.branches.iter().flat_map(|branch| branch.keywords) {
                assert_eq!(
                    *keyword,
                    keyword.to_lowercase(),
                    "keywords are compared in lower case"
                );
            }
        }
    }
}
