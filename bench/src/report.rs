//! From rounds to a table: medians, ratios to what was measured beside them, and the two marks each figure is held to.

use std::fmt::Write as _;

/// A mark that a figure is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) limit: Limit,
    /// The floor that it is a multiple of; none: an absolute figure.
    pub(crate) of: Option<&'static str>,
}

/// Which side of a mark is good.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

/// One figure of the product in one round, and what was measured beside it.
#[derive(Debug, Clone)]
pub(crate) struct Round {
    pub(crate) ours: f64,
    pub(crate) beside: Vec<(&'static str, f64)>,
}

/// A figure, all its rounds, and its marks.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) must: Mark,
    pub(crate) world_class: Mark,
    pub(crate) rounds: Vec<Round>,
}

impl Figure {
    /// Returns the median of ours, or of the ratio to a floor.
    fn median_of(&self, floor: Option<&str>) -> Option<f64> {
        let each = self.rounds.iter().filter_map(|round| match floor {
            None => Some(round.ours),
            Some(name) => {
                let beside = round.beside.iter().find(|(beside, _)| *beside == name)?;
                Some(round.ours / beside.1)
            }
        });
        median(each.collect())
    }

    fn beside(&self) -> String {
        let Some(first) = self.rounds.first() else {
            return String::new();
        };
        let each = first.beside.iter().filter_map(|(name, _)| {
            let figures = self.rounds.iter().filter_map(|round| {
                let found = round.beside.iter().find(|(beside, _)| beside == name);
                found.map(|(_, figure)| *figure)
            });
            let figure = median(figures.collect())?;
            let ratio = self.median_of(Some(name))?;
            Some(format!("{name} {} (×{ratio:.2})", short(figure)))
        });
        each.collect::<Vec<_>>().join(", ")
    }

    fn verdict(&self, mark: Mark) -> String {
        let (sign, limit) = match mark.limit {
            Limit::AtLeast(limit) => ("≥", limit),
            Limit::AtMost(limit) => ("≤", limit),
        };
        let of = mark.of.map(|name| format!(" × {name}")).unwrap_or_default();
        let is_met = self.median_of(mark.of).map(|figure| match mark.limit {
            Limit::AtLeast(limit) => figure >= limit,
            Limit::AtMost(limit) => figure <= limit,
        });
        let verdict = match is_met {
            Some(true) => "met",
            Some(false) => "missed",
            None => "not measured",
        };
        format!("{sign} {}{of}: {verdict}", short(limit))
    }
}

/// Returns the table, in Markdown.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text =
        "| what | ours | beside it | must | world class |\n|---|---|---|---|---|\n".to_owned();
    for figure in figures {
        let ours = figure.median_of(None).map_or_else(String::new, short);
        // Writing to a string cannot fail.
        writeln!(
            text,
            "| {} | {ours} {} | {} | {} | {} |",
            figure.what,
            figure.unit,
            figure.beside(),
            figure.verdict(figure.must),
            figure.verdict(figure.world_class),
        )
        .ok();
    }
    text
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

/// Three digits are what such a figure is worth.
fn short(figure: f64) -> String {
    if figure >= 100_000.0 {
        format!("{:.0} k", figure / 1000.0)
    } else if figure >= 1000.0 {
        format!("{:.1} k", figure / 1000.0)
    } else if figure >= 100.0 {
        format!("{figure:.0}")
    } else if figure >= 10.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(must: Limit) -> Figure {
        let round = |ours, floor| Round {
            ours,
            beside: vec![("classic", floor)],
        };
        let mark = |limit| Mark {
            limit,
            of: Some("classic"),
        };
        Figure {
            what: "webhooks",
            unit: "/s",
            must: mark(must),
            world_class: mark(Limit::AtLeast(1.5)),
            rounds: vec![
                round(20_000.0, 20_000.0),
                round(30_000.0, 20_000.0),
                round(22_000.0, 20_000.0),
            ],
        }
    }

    #[test]
    fn the_median_of_the_ratios_is_held_to_the_marks() {
        let met = table(&[figure(Limit::AtLeast(1.1))]);
        assert!(
            met.contains("| webhooks | 22.0 k /s | classic 20.0 k (×1.10) | ≥ 1.10 × classic: met | ≥ 1.50 × classic: missed |"),
            "{met}"
        );
        let missed = table(&[figure(Limit::AtMost(1.05))]);
        assert!(missed.contains("≤ 1.05 × classic: missed"), "{missed}");
    }

    #[test]
    fn what_was_not_measured_is_not_called_met() {
        let mut nothing = figure(Limit::AtLeast(0.0));
        nothing.rounds.clear();
        assert!(table(&[nothing]).contains("not measured"));
    }
}
