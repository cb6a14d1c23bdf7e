//! What the environment asks for. `DESKWIRE_CRASH=point:pass` ends the process at that pass of a point;
//! `DESKWIRE_PLANT=bug,bug:every` lets bugs strike each time, or every so many times.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A seam by name, and how many passes make it act.
struct Armed {
    name: String,
    every: u64,
    passes: AtomicU64,
}

static CRASHES: LazyLock<Vec<Armed>> = LazyLock::new(|| read("DESKWIRE_CRASH"));
static PLANTS: LazyLock<Vec<Armed>> = LazyLock::new(|| read("DESKWIRE_PLANT"));

fn read(variable: &str) -> Vec<Armed> {
    let text = std::env::var(variable).unwrap_or_default();
    let each = text.split(',').filter(|seam| !seam.is_empty());
    each.map(|seam| {
        let (name, every) = seam.split_once(':').unwrap_or((seam, "1"));
        Armed {
            name: name.to_owned(),
            every: every.parse().unwrap_or(1).max(1),
            passes: AtomicU64::new(0),
        }
    })
    .collect()
}

/// Counts a pass of a seam; none: nobody asked for it.
fn pass(seams: &[Armed], name: &str) -> Option<(u64, u64)> {
    let armed = seams.iter().find(|armed| armed.name == name)?;
    let passed = armed.passes.fetch_add(1, Ordering::Relaxed) + 1;
    Some((passed, armed.every))
}

/// Says what this process was told to do wrong, so that a story can see that its fault is in.
pub(crate) fn announce() {
    for (what, seams) in [("crash point", &*CRASHES), ("planted bug", &*PLANTS)] {
        for armed in seams {
            tracing::warn!("{what} {} at {}", armed.name, armed.every);
        }
    }
}

/// See `crash_point!`.
pub(crate) fn crash_at(name: &str) {
    if pass(&CRASHES, name).is_some_and(|(passed, at)| passed == at) {
        std::process::abort();
    }
}

/// See `planted!`.
pub(crate) fn strikes(name: &str) -> bool {
    pass(&PLANTS, name).is_some_and(|(passed, every)| passed.is_multiple_of(every))
}
