//! The analyser of search: one for both engines and for the query, so that results agree (`storage.md` 10). Pure; how an
//! engine keeps or asks for terms is the engine's business.
//!
//! Lower case, ё as е, é as e, split at whatever is neither letter nor digit. Words of Cyrillic or Latin letters become their
//! Snowball stems; a run of Han or kana becomes its overlapping pairs and its last character; the rest stays as it is.

use std::cell::{LazyCell, RefCell};
use std::collections::HashMap;
use std::iter::Peekable;

use icu_normalizer::properties::{CanonicalDecompositionBorrowed, Decomposed};
use rust_stemmers::{Algorithm, Stemmer};

use shared::model::ChatId;

/// Terms kept of one text; what comes after is not found.
const MOST_TERMS: usize = 2_000;
/// Characters kept of one word: longer ones are not words.
const LONGEST_WORD: usize = 64;
/// From so many letters on, the last word of a query may be only the beginning of one.
const SHORTEST_PREFIX: usize = 3;
/// Begins the term of a chat. A private character: no text can hold such a term, as it is neither letter nor digit.
const CHAT_SIGN: char = '\u{e000}';

/// Words whose stems a thread remembers; then it begins anew. People use few words, most of the time.
const REMEMBERED: usize = 8_192;

thread_local! {
    static RUSSIAN: LazyCell<Stemmer> = LazyCell::new(|| Stemmer::create(Algorithm::Russian));
    static ENGLISH: LazyCell<Stemmer> = LazyCell::new(|| Stemmer::create(Algorithm::English));
    static STEMS: RefCell<HashMap<Box<str>, Box<str>>> = RefCell::default();
}

/// What an event is found by: words as the analyser left them, in the order of the text, a space between two. One text and
/// not a list, as every message has dozens and they are written as one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms(String);

impl Terms {
    /// Returns the terms of a text, the first 2 000.
    pub fn of(text: &str) -> Self {
        let mut terms = Self(String::with_capacity(text.len()));
        let mut left = MOST_TERMS;
        for run in runs(text) {
            match run {
                Run::Word(word) => {
                    with_stem(&word, |stem| terms.push(stem));
                    left -= 1;
                }
                Run::Dense(run) => {
                    for pair in pairs_of(&run).take(left) {
                        terms.push(&pair);
                        left -= 1;
                    }
                }
            }
            if left == 0 {
                break;
            }
        }
        terms
    }

    /// Returns them as the index takes them.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn push(&mut self, term: &str) {
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        self.0.push_str(term);
    }

    /// Returns them one by one.
    pub fn each(&self) -> impl Iterator<Item = &str> {
        self.0.split_terminator(' ')
    }

    fn any_is(&self, wanted: &str) -> bool {
        self.each().any(|term| term == wanted)
    }

    fn any_begins(&self, beginning: &str) -> bool {
        self.each().any(|term| term.starts_with(beginning))
    }

    fn holds_in_order(&self, wanted: &[String]) -> bool {
        let terms: Vec<&str> = self.each().collect();
        terms.windows(wanted.len()).any(|window| window == wanted)
    }

    /// Whether there is nothing to find the text by.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is searched for: all of its parts must be found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// In the order written.
    pub parts: Vec<Part>,
}

/// One thing to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// This term.
    Term(String),
    /// These terms, next to one another.
    Phrase(Vec<String>),
    /// Any term that begins so.
    Beginning(String),
    /// This term, or any that begins so: the last word, which may not be finished yet.
    Unfinished {
        /// The stem of what is written so far.
        term: String,
        /// What is written so far.
        beginning: String,
    },
}

impl Query {
    /// Returns what a text asks for; none when it holds no letter and no digit.
    pub fn parse(text: &str) -> Option<Self> {
        let mut runs = runs(text).take(MOST_TERMS).peekable();
        let mut parts = vec![];
        while let Some(run) = runs.next() {
            parts.push(match run {
                Run::Word(word) if runs.peek().is_none() => last_word(word),
                Run::Word(word) => Part::Term(stem(&word)),
                Run::Dense(run) => dense_part(&run),
            });
        }
        (!parts.is_empty()).then_some(Self { parts })
    }

    /// Whether a text of a chat holds all parts. The same answer as the engines' indexes give.
    pub fn is_met_by(&self, chat: ChatId, terms: &Terms) -> bool {
        self.parts.iter().all(|part| match part {
            Part::Term(term) => terms.any_is(term) || *term == chat_term(chat),
            Part::Phrase(wanted) => terms.holds_in_order(wanted),
            Part::Beginning(beginning) => terms.any_begins(beginning),
            Part::Unfinished { term, beginning } => {
                terms.any_is(term) || terms.any_begins(beginning)
            }
        })
    }

    /// Returns the same, asked of one chat only.
    #[must_use]
    pub fn within(mut self, chat: ChatId) -> Self {
        self.parts.push(Part::Term(chat_term(chat)));
        self
    }
}

/// Returns the term that every event of a chat has, and no text.
pub(crate) fn chat_term(chat: ChatId) -> String {
    format!("{CHAT_SIGN}{chat}")
}

/// An uninterrupted run of letters and digits.
enum Run {
    /// Of a script that puts spaces between words.
    Word(String),
    /// Of one that does not.
    Dense(Vec<char>),
}

/// Splits a text; lower case, without accents that stand alone, ё as е.
fn runs(text: &str) -> impl Iterator<Item = Run> {
    let mut letters = text.chars().flat_map(char::to_lowercase).peekable();
    std::iter::from_fn(move || {
        loop {
            while letters
                .next_if(|letter| !letter.is_alphanumeric())
                .is_some()
            {}
            let first = *letters.peek()?;
            if is_dense(first) {
                let mut run = vec![];
                while let Some(letter) = letters.next_if(|letter| is_dense(*letter)) {
                    run.push(letter);
                }
                return Some(Run::Dense(run));
            }
            let word = next_word(&mut letters);
            // Marks without a letter to stand on leave nothing.
            if !word.is_empty() {
                return Some(Run::Word(word));
            }
        }
    })
}

fn next_word(letters: &mut Peekable<impl Iterator<Item = char>>) -> String {
    let mut word = String::new();
    let mut length = 0;
    while let Some(letter) = letters.next_if(|letter| is_of_word(*letter)) {
        if is_accent(letter) {
            accent(&mut word, letter);
        } else if length < LONGEST_WORD {
            word.push(bare(letter));
            length += 1;
        }
    }
    word
}

/// Written without spaces between words: Han, kana, bopomofo.
fn is_dense(letter: char) -> bool {
    matches!(letter,
        '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{3035}' | '\u{3041}'..='\u{3096}'
        | '\u{309d}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{323af}')
}

fn is_of_word(letter: char) -> bool {
    (letter.is_alphanumeric() && !is_dense(letter)) || is_accent(letter)
}

/// Returns a letter without what may be left off when writing: ё as е, é as e; й stays й.
fn bare(letter: char) -> char {
    match letter {
        'ё' => 'е',
        '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => {
            match CanonicalDecompositionBorrowed::new().decompose(letter) {
                Decomposed::Expansion(base, _) if base != letter => bare(base),
                Decomposed::Singleton(other) if other != letter => bare(other),
                _ => letter,
            }
        }
        _ => letter,
    }
}

/// A combining mark that belongs to the letter before it.
fn is_accent(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// Puts an accent onto the last letter where that makes another letter of the alphabet; others are dropped.
fn accent(word: &mut String, accent: char) {
    if accent == '\u{306}' && word.ends_with('и') {
        word.pop();
        word.push('й');
    }
}

/// Returns the stem of a word in Cyrillic or Latin letters, anything else as it is.
fn stem(word: &str) -> String {
    let stemmer = if word.chars().all(|letter| matches!(letter, 'а'..='я')) {
        &RUSSIAN
    } else if word.chars().all(is_latin) {
        &ENGLISH
    } else {
        return word.to_owned();
    };
    stemmer.with(|stemmer| stemmer.stem(word).into_owned())
}

/// Hands the stem of a word on, from memory where it can.
fn with_stem(word: &str, take: impl FnOnce(&str)) {
    STEMS.with_borrow_mut(|stems| {
        if let Some(stem) = stems.get(word) {
            return take(stem);
        }
        let stem = stem(word).into_boxed_str();
        take(&stem);
        if stems.len() >= REMEMBERED {
            stems.clear();
        }
        stems.insert(word.into(), stem);
    });
}

fn is_latin(letter: char) -> bool {
    matches!(letter, 'a'..='z' | 'à'..='ö' | 'ø'..='ɏ' | 'ḁ'..='ỿ')
}

fn pairs_of(run: &[char]) -> impl Iterator<Item = String> {
    let pairs = run.windows(2).map(|pair| pair.iter().collect());
    pairs.chain(run.last().map(char::to_string))
}

fn last_word(word: String) -> Part {
    if word.chars().count() < SHORTEST_PREFIX || !word.chars().all(char::is_alphabetic) {
        return Part::Term(stem(&word));
    }
    Part::Unfinished {
        term: stem(&word),
        beginning: word,
    }
}

/// Every character of a stored run begins a term, so a single one is found as a beginning.
fn dense_part(run: &[char]) -> Part {
    let mut pairs: Vec<String> = run.windows(2).map(|pair| pair.iter().collect()).collect();
    match pairs.len() {
        0 => Part::Beginning(run.iter().collect()),
        1 => Part::Term(pairs.remove(0)),
        _ => Part::Phrase(pairs),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, terms: &str) {
        assert_eq!(Terms::of(text).as_str(), terms, "{text:?}");
    }

    #[test]
    fn forms_of_a_russian_word_are_one_term() {
        for form in ["доставка", "Доставку", "ДОСТАВКИ", "доставками", "доставке"]
        {
            check(form, "доставк");
        }
        check("Ёлка, елка — ёлки!", "елк елк елк");
        check("мой чай, мои\u{306} чай", "мо ча мо ча");
    }

    #[test]
    fn forms_of_an_english_word_are_one_term() {
        check("Deliveries delivery DELIVERED", "deliveri deliveri deliv");
        check("don't e-mail me", "don t e mail me");
        check("cafés Ångström", "cafe angstrom");
    }

    #[test]
    fn han_and_kana_become_pairs_and_the_last_character() {
        check("我的订单在哪里", "我的 的订 订单 单在 在哪 哪里 里");
        check("好", "好");
        check("iPhone手机壳3个", "iphon 手机 机壳 壳 3 个");
        check("ありがとう、東京", "あり りが がと とう う 東京 京");
    }

    #[test]
    fn numbers_and_mixtures_stay_as_they_are() {
        check("+7 (916) 000-00-17", "7 916 000 00 17");
        check("Order AB12cd, №4521", "order ab12cd 4521");
        check("😀 … \u{0} — \u{202e} \u{363}:", "");
        check("नमस्ते 안녕하세요", "नमस ते 안녕하세요");
    }

    #[test]
    fn only_the_beginning_of_a_flood_is_kept() {
        let text = "слово ".repeat(5_000);
        assert_eq!(Terms::of(&text).each().count(), MOST_TERMS);
        assert_eq!(Terms::of(&"界".repeat(5_000)).each().count(), MOST_TERMS);
        let word = "x".repeat(100_000);
        check(&word, &"x".repeat(LONGEST_WORD));
    }

    #[track_caller]
    fn check_query(text: &str, parts: &[Part]) {
        let query = Query::parse(text).map(|query| query.parts);
        assert_eq!(query.unwrap_or_default(), parts, "{text:?}");
    }

    #[test]
    fn the_last_word_of_a_query_may_be_unfinished() {
        let term = |text: &str| Part::Term(text.into());
        let unfinished = |term: &str, beginning: &str| Part::Unfinished {
            term: term.into(),
            beginning: beginning.into(),
        };
        check_query(
            "Где доставка",
            &[term("где"), unfinished("доставк", "доставка")],
        );
        check_query("blue coats", &[term("blue"), unfinished("coat", "coats")]);
        check_query("is it", &[term("is"), term("it")]);
        check_query("order 4521", &[term("order"), term("4521")]);
    }

    #[test]
    fn a_run_of_han_is_asked_for_as_a_phrase() {
        check_query(
            "订单在",
            &[Part::Phrase(vec!["订单".into(), "单在".into()])],
        );
        check_query("订单", &[Part::Term("订单".into())]);
        check_query("订", &[Part::Beginning("订".into())]);
    }

    #[test]
    fn a_query_without_a_letter_or_digit_is_none() {
        for text in ["", "   ", "?!", "\"*\"", "😀"] {
            assert_eq!(Query::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn no_text_can_hold_the_term_of_a_chat() {
        let term = chat_term(ChatId(17));
        assert!(!Terms::of(&term).any_is(&term));
        let query = Query::parse("coat").unwrap().within(ChatId(17));
        assert_eq!(query.parts.last(), Some(&Part::Term(term)));
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_without_a_fault(text in any::<String>()) {
            Terms::of(&text);
            Query::parse(&text);
        }

        #[test]
        fn words_of_any_letters_are_stemmed_without_a_fault(text in "[а-яёa-zà-öø-ɏḁ-ỿ'\u{300}-\u{30f}]{0,24}") {
            Terms::of(&text);
        }

        #[test]
        fn terms_hold_only_letters_and_digits(text in any::<String>()) {
            for term in Terms::of(&text).each() {
                prop_assert!(!term.is_empty());
                prop_assert!(term.chars().all(char::is_alphanumeric), "{term:?}");
            }
        }
    }
}
