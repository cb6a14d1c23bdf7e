//! Every frame and every command × every role × every kind of chat (B-10, invariant 7): what the rights give is given, and
//! a chat out of sight is answered like one that does not exist, in every way it might be asked for.
//!
//! A frame or command without a row does not compile: the tables match without a wildcard.

mod commands;
mod company;
mod frames;
mod nobody;
mod templates;

/// Who asks: `anna` and `boris` are operators of sales, `dana` of billing, `sofia` is a supervisor, `root` an admin.
const ASKERS: [&str; 4] = ["anna", "dana", "sofia", "root"];

/// How a chat lies for whoever asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Lies {
    /// The asker owns it.
    Own,
    /// Nobody owns it, everybody sees it.
    Queued,
    /// Somebody else owns it, in nobody's department.
    Anothers,
    /// It waits in a department that the asker is not in.
    Elsewhere,
    /// It came in on a channel that is switched off.
    SwitchedOff,
}

const LIES: [Lies; 5] = [
    Lies::Own,
    Lies::Queued,
    Lies::Anothers,
    Lies::Elsewhere,
    Lies::SwitchedOff,
];

fn is_above(asker: &str) -> bool {
    matches!(asker, "sofia" | "root")
}

/// Whether the asker may see such a chat at all.
fn sees(asker: &str, lies: Lies) -> bool {
    match lies {
        Lies::Own | Lies::Queued | Lies::Anothers => true,
        Lies::Elsewhere => is_above(asker),
        Lies::SwitchedOff => false,
    }
}

/// The colleague who owns [`Lies::Anothers`].
fn other_than(asker: &str) -> &'static str {
    if asker == "boris" { "anna" } else { "boris" }
}

/// A chat prepared for one row.
struct Row {
    asker: &'static str,
    lies: Lies,
    /// What its visitor says.
    marker: String,
    is_closed: bool,
}

impl Row {
    fn name(&self) -> String {
        format!("{} at {:?}", self.asker, self.lies)
    }
}
