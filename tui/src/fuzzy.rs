//! Fuzzy search for palette, pickers and list filters. The one place that knows the matching crate, whose interface moves.
//!
//! Case does not matter, ё is е, a few typos are forgiven, and a query typed on the wrong keyboard layout is found too.

use frizbee::{CaseMatching, Config, Matcher, UnicodeMatching};

use crate::key::{Layout, other_readings};

/// Letters from which a name may be spelt wrongly.
const FUZZY_FROM: usize = 5;

/// One entry that matches, by its place in the searched list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub index: usize,
    /// Higher is better; comparable within one search only.
    pub score: u16,
}

/// What a search gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Best first; equal scores in the order of the list.
    pub found: Vec<Found>,
    /// How the query reads on the other layout, if entries were found (or found better) that way: to be shown.
    pub other_reading: Option<String>,
}

/// Searches `entries` for `query`. An empty query finds everything in its order.
pub fn search<S: AsRef<str>>(query: &str, entries: &[S], layouts: &[Layout]) -> Search {
    let query = query.trim();
    if query.is_empty() {
        return Search {
            found: (0..entries.len())
                .map(|index| Found { index, score: 0 })
                .collect(),
            other_reading: None,
        };
    }
    let folded: Vec<String> = entries.iter().map(|entry| fold(entry.as_ref())).collect();
    let mut best: Vec<Option<u16>> = vec![None; entries.len()];
    merge(&mut best, &matches(query, &folded));
    let mut other_reading = None;
    for reading in other_readings(query, layouts) {
        if merge(&mut best, &matches(&reading, &folded)) && other_reading.is_none() {
            other_reading = Some(reading);
        }
    }
    let scored = best.into_iter().enumerate();
    let mut found: Vec<Found> = scored
        .filter_map(|(index, score)| score.map(|score| Found { index, score }))
        .collect();
    found.sort_by_key(|found| std::cmp::Reverse(found.score));
    Search {
        found,
        other_reading,
    }
}

/// Searches names: a short query finds only those that hold it as it stands, at the beginning of a word first. A longer one
/// falls back to [`search`] when nothing holds it, so that a typo is still forgiven.
pub fn search_names<S: AsRef<str>>(query: &str, entries: &[S], layouts: &[Layout]) -> Vec<Found> {
    let query = query.trim();
    let mut readings = vec![query.to_owned()];
    readings.extend(other_readings(query, layouts));
    let needles: Vec<String> = readings.iter().map(|reading| fold(reading)).collect();
    let mut found: Vec<Found> = entries
        .iter()
        .enumerate()
        .filter_map(|(index, entry)| {
            let name = fold(entry.as_ref());
            let scores = needles.iter().filter_map(|needle| holds(&name, needle));
            scores.max().map(|score| Found { index, score })
        })
        .collect();
    if found.is_empty() && query.chars().count() >= FUZZY_FROM {
        return search(query, entries, layouts).found;
    }
    found.sort_by_key(|found| std::cmp::Reverse(found.score));
    found
}

/// Returns 2 where a word of `name` begins with `needle`, 1 where it stands elsewhere.
fn holds(name: &str, needle: &str) -> Option<u16> {
    let places = name.match_indices(needle);
    places
        .map(|(at, _)| {
            let before = name.get(..at).and_then(|head| head.chars().next_back());
            if before.is_none_or(|char| !char.is_alphanumeric()) {
                2
            } else {
                1
            }
        })
        .max()
}

/// Keeps the better score of each entry. Returns whether anything became better.
fn merge(best: &mut [Option<u16>], matches: &[Found]) -> bool {
    let mut is_better = false;
    for found in matches {
        if let Some(score) = best
            .get_mut(found.index)
            .filter(|score| score.is_none_or(|score| score < found.score))
        {
            *score = Some(found.score);
            is_better = true;
        }
    }
    is_better
}

fn matches(query: &str, folded: &[String]) -> Vec<Found> {
    let needle = fold(query);
    let typos = u16::try_from(needle.chars().count() / 4)
        .unwrap_or(u16::MAX)
        .min(2);
    let config = Config::default()
        .casing(CaseMatching::Ignore)
        .unicode(UnicodeMatching::Smart)
        .max_typos(Some(typos));
    let matches = Matcher::new(needle.as_str(), &config).match_list(folded);
    matches
        .into_iter()
        .filter_map(|found| {
            usize::try_from(found.index).ok().map(|index| Found {
                index,
                score: found.score,
            })
        })
        .collect()
}

/// Makes letters that count as one look alike.
fn fold(text: &str) -> String {
    text.to_lowercase().replace('ё', "е")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUSSIAN: &[Layout] = &[Layout::Russian];

    fn found<'entry>(query: &str, entries: &[&'entry str]) -> Vec<&'entry str> {
        search(query, entries, RUSSIAN)
            .found
            .iter()
            .map(|found| entries[found.index])
            .collect()
    }

    #[test]
    fn an_empty_query_finds_everything_in_order() {
        assert_eq!(found("  ", &["b", "a"]), ["b", "a"]);
    }

    #[test]
    fn case_and_yo_do_not_matter() {
        assert_eq!(found("SPAM", &["spam", "abuse"]), ["spam"]);
        assert_eq!(found("spam", &["SPAM"]), ["SPAM"]);
        assert_eq!(found("ЕЛКА", &["ёлка", "палка"]).first(), Some(&"ёлка"));
        assert_eq!(found("ёж", &["Еж"]), ["Еж"]);
    }

    #[test]
    fn the_better_match_comes_first() {
        let entries = ["Retransmission of files", "Transfer chat", "Release"];
        assert_eq!(found("transfer", &entries).first(), Some(&"Transfer chat"));
        assert_eq!(found("rel", &entries).first(), Some(&"Release"));
    }

    #[test]
    fn a_typo_in_a_long_word_is_forgiven() {
        assert_eq!(found("tranfser", &["transfer", "close"]), ["transfer"]);
        assert_eq!(found("возварт", &["возврат", "закрыть"]), ["возврат"]);
    }

    #[test]
    fn a_query_on_the_wrong_layout_is_found_and_said() {
        let entries = ["Передать чат", "Закрыть"];
        let search = search("gthtl", &entries, RUSSIAN);
        assert_eq!(search.found.first().map(|found| found.index), Some(0));
        assert_eq!(search.other_reading.as_deref(), Some("перед"));
        assert_eq!(
            found("екфты", &["Transfer chat", "Close"]).first(),
            Some(&"Transfer chat")
        );
    }

    #[test]
    fn a_short_query_finds_only_names_that_hold_it() {
        let names = [
            "back to the queue (keeps the 14m wait)",
            "Ivan",
            "Li Na",
            "Mark",
            "Konstantin",
        ];
        let found = |query: &str| -> Vec<&str> {
            search_names(query, &names, RUSSIAN)
                .iter()
                .map(|found| names[found.index])
                .collect()
        };
        assert_eq!(found("ma"), ["Mark"]);
        assert_eq!(found("ivan"), ["Ivan"]);
        assert_eq!(found("konstntin"), ["Konstantin"]);
        assert_eq!(found("шмфт"), ["Ivan"]);
        assert_eq!(found("na"), ["Li Na"]);
        assert_eq!(found("xy"), Vec::<&str>::new());
        assert_eq!(found("").len(), 5);
    }

    #[test]
    fn a_query_on_the_right_layout_names_no_other() {
        assert_eq!(
            search("перед", &["Передать чат"], RUSSIAN).other_reading,
            None
        );
        assert_eq!(search("gthtl", &["Передать чат"], &[]).found, []);
    }

    #[test]
    fn chinese_is_found() {
        assert_eq!(found("退款", &["转接", "退款模板"]), ["退款模板"]);
    }
}
