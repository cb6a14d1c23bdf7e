//! The words on the screen, in the operator's language: the Fluent files of `languages/`, compiled in (`L-05`).
//!
//! [`tr`] is the only road from an id to a sentence. Texts from outside are values here, never ids.

use std::borrow::Cow;
use std::sync::LazyLock;

pub use fluent_bundle::FluentValue as Value;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::LanguageIdentifier;

/// A language the desk speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    #[default]
    En,
    Ru,
    Zh,
}

/// Why a language file cannot be used; only a test ever meets one.
#[derive(Debug, thiserror::Error)]
enum LanguageError {
    #[error("could not read {language}.ftl: {faults}")]
    Unreadable {
        language: &'static str,
        faults: String,
    },
    #[error("could not name the language {language}")]
    Unnamed {
        language: &'static str,
        #[source]
        cause: unic_langid::LanguageIdentifierError,
    },
}

impl Language {
    /// Every language, in the order the picker shows them.
    pub const ALL: [Self; 3] = [Self::En, Self::Ru, Self::Zh];

    /// Returns the language a config or locale names: `ru`, `ru-RU`, `ru_RU.UTF-8`, `zh_CN`.
    pub fn named(name: &str) -> Option<Self> {
        let code = name
            .split(['-', '_', '.', '@'])
            .next()?
            .to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|language| language.code() == code)
    }

    /// Returns the language of a Unix environment, by the values of `LC_ALL`, `LC_MESSAGES` and `LANG`: the first that is
    /// not empty decides, English if it names none of ours.
    pub fn of_locale<'value>(values: impl IntoIterator<Item = Option<&'value str>>) -> Self {
        let value = values.into_iter().flatten().find(|value| !value.is_empty());
        value.and_then(Self::named).unwrap_or_default()
    }

    /// The two letters the config and the protocol use.
    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::Zh => "zh",
        }
    }

    /// What the language calls itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Ru => "Русский",
            Self::Zh => "中文",
        }
    }

    fn source(self) -> &'static str {
        match self {
            Self::En => include_str!("../languages/en.ftl"),
            Self::Ru => include_str!("../languages/ru.ftl"),
            Self::Zh => include_str!("../languages/zh.ftl"),
        }
    }

    fn bundle(self) -> Option<&'static FluentBundle<FluentResource>> {
        static EN: LazyLock<Result<FluentBundle<FluentResource>, LanguageError>> =
            LazyLock::new(|| load(Language::En));
        static RU: LazyLock<Result<FluentBundle<FluentResource>, LanguageError>> =
            LazyLock::new(|| load(Language::Ru));
        static ZH: LazyLock<Result<FluentBundle<FluentResource>, LanguageError>> =
            LazyLock::new(|| load(Language::Zh));
        match self {
            Self::En => EN.as_ref().ok(),
            Self::Ru => RU.as_ref().ok(),
            Self::Zh => ZH.as_ref().ok(),
        }
    }

    /// Returns the message `id` with `values` in the places of its variables: `language.tr("list-more", &[("count", 3.into())])`.
    ///
    /// An id that does not exist comes back as it is; a test keeps that from happening.
    pub fn tr<'id>(self, id: &'id str, values: &[(&'static str, Value<'_>)]) -> Cow<'id, str> {
        let Some(bundle) = self.bundle() else {
            return Cow::Borrowed(id);
        };
        let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
            return Cow::Borrowed(id);
        };
        let arguments: FluentArgs<'_> = values
            .iter()
            .map(|(name, value)| (*name, value.clone()))
            .collect();
        let mut faults = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&arguments), &mut faults);
        debug_assert!(faults.is_empty(), "message {id}: {faults:?}");
        Cow::Owned(text.into_owned())
    }

    /// Says whether there is a message `id`.
    pub fn has(self, id: &str) -> bool {
        self.bundle().is_some_and(|bundle| bundle.has_message(id))
    }

    /// Returns a length of time in a column of 4 cells: `<1m`, `8m`, `3h`, `2d`.
    pub fn short_time(self, seconds: u64) -> String {
        let (id, count) = match seconds {
            0..60 => return self.tr("time-under-minute", &[]).into_owned(),
            60..3_600 => ("time-minutes", seconds / 60),
            3_600..86_400 => ("time-hours", seconds / 3_600),
            _ => ("time-days", seconds / 86_400),
        };
        self.tr(id, &[("count", count.into())]).into_owned()
    }
}

fn load(language: Language) -> Result<FluentBundle<FluentResource>, LanguageError> {
    let unreadable = |faults: String| LanguageError::Unreadable {
        language: language.code(),
        faults,
    };
    let resource = FluentResource::try_new(language.source().to_owned())
        .map_err(|(_, faults)| unreadable(format!("{faults:?}")))?;
    let identifier: LanguageIdentifier =
        language
            .code()
            .parse()
            .map_err(|cause| LanguageError::Unnamed {
                language: language.code(),
                cause,
            })?;
    let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
    // Isolation marks would surround every value with invisible characters and spoil widths.
    bundle.set_use_isolating(false);
    bundle
        .add_resource(resource)
        .map_err(|faults| unreadable(format!("{faults:?}")))?;
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::text::width;

    /// Ids of a file with the variables each message uses.
    fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut current = String::new();
        for line in language
            .source()
            .lines()
            .filter(|line| !line.starts_with('#'))
        {
            let id = line
                .split_once(" = ")
                .filter(|_| !line.starts_with(' '))
                .map(|(id, _)| id.to_owned());
            current = id.unwrap_or(current);
            let variables = line.split('$').skip(1);
            let names = variables.map(|rest| {
                rest.chars()
                    .take_while(|char| char.is_alphanumeric() || *char == '_')
                    .collect::<String>()
            });
            if !line.is_empty() {
                messages.entry(current.clone()).or_default().extend(names);
            }
        }
        messages
    }

    fn tr(language: Language, id: &str, count: i32) -> String {
        language.tr(id, &[("count", count.into())]).into_owned()
    }

    #[test]
    fn every_file_can_be_read() {
        for language in Language::ALL {
            assert!(load(language).is_ok(), "{:?}", load(language).err());
        }
    }

    #[test]
    fn all_languages_have_the_same_messages_with_the_same_variables() {
        let english = messages(Language::En);
        assert!(
            english.len() > 300,
            "the reader of this test sees the messages"
        );
        for language in [Language::Ru, Language::Zh] {
            let other = messages(language);
            for (id, variables) in &english {
                assert_eq!(other.get(id), Some(variables), "{}: {id}", language.code());
            }
            assert_eq!(
                other.len(),
                english.len(),
                "{} has messages English has not",
                language.code()
            );
        }
    }

    fn value_for(variable: &str) -> Value<'static> {
        match variable {
            "count" | "seconds" | "attempt" => Value::from(5),
            _ => Value::from("x"),
        }
    }

    #[test]
    fn every_message_is_found_and_renders_without_a_fault() {
        let every = Language::ALL
            .into_iter()
            .flat_map(|language| messages(language).into_iter().map(move |of| (language, of)));
        for (language, (id, variables)) in every {
            let values: Vec<(&'static str, Value<'_>)> = variables
                .into_iter()
                .map(|variable| &*variable.leak())
                .map(|name| (name, value_for(name)))
                .collect();
            let text = language.tr(&id, &values);
            assert!(
                text != id.as_str() && !text.is_empty(),
                "{}: {id}",
                language.code()
            );
            assert!(
                !text.contains('$') && !text.chars().any(char::is_control),
                "{}: {id}: {text}",
                language.code()
            );
        }
    }

    #[test]
    fn russian_has_its_plurals() {
        for (count, expected) in [
            (1, "1 чат"),
            (2, "2 чата"),
            (5, "5 чатов"),
            (11, "11 чатов"),
            (12, "12 чатов"),
            (21, "21 чат"),
            (22, "22 чата"),
            (111, "111 чатов"),
            (1_000, "1000 чатов"),
        ] {
            assert_eq!(tr(Language::Ru, "count-chats", count), expected);
        }
        assert_eq!(tr(Language::En, "count-chats", 1), "1 chat");
        assert_eq!(tr(Language::En, "count-chats", 2), "2 chats");
        assert_eq!(tr(Language::Zh, "count-chats", 2), "2 个对话");
    }

    #[test]
    fn values_are_not_surrounded_by_invisible_marks() {
        let text = Language::En.tr("composer-reply", &[("name", "Olga".into())]);
        assert_eq!(text, "Reply to Olga");
    }

    #[test]
    fn waiting_times_fit_their_column() {
        for (seconds, english, russian, chinese) in [
            (0, "<1m", "<1м", "<1分"),
            (59, "<1m", "<1м", "<1分"),
            (60, "1m", "1м", "1分"),
            (3_599, "59m", "59м", "59分"),
            (3_600, "1h", "1ч", "1时"),
            (86_400, "1d", "1д", "1天"),
            (86_400 * 99, "99d", "99д", "99天"),
        ] {
            let texts = Language::ALL.map(|language| language.short_time(seconds));
            assert_eq!(texts, [english, russian, chinese]);
            assert!(texts.iter().all(|text| width(text) <= 4));
        }
    }

    #[test]
    fn short_titles_fit_hints_and_menus() {
        for language in Language::ALL {
            for id in messages(language)
                .into_keys()
                .filter(|id| id.starts_with("action-") && !id.ends_with("-help"))
            {
                let title = language.tr(&id, &[]);
                assert!(width(&title) <= 18, "{}: {id}: {title}", language.code());
                assert!(
                    language.has(&format!("{id}-help")),
                    "{}: {id} has no help",
                    language.code()
                );
            }
        }
    }

    #[test]
    fn languages_are_recognised_in_locales() {
        for (name, language) in [
            ("ru", Some(Language::Ru)),
            ("ru_RU.UTF-8", Some(Language::Ru)),
            ("zh-Hans", Some(Language::Zh)),
            ("EN", Some(Language::En)),
            ("C", None),
            ("", None),
        ] {
            assert_eq!(Language::named(name), language, "{name:?}");
        }
        assert_eq!(
            Language::of_locale([None, Some(""), Some("zh_CN.UTF-8")]),
            Language::Zh
        );
        assert_eq!(
            Language::of_locale([Some("C"), Some("ru_RU")]),
            Language::En
        );
    }

    #[test]
    fn an_unknown_id_comes_back_as_it_is() {
        assert_eq!(Language::Ru.tr("no-such-message", &[]), "no-such-message");
    }
}
