//! A visitor whose text attacks the terminal (IN-13, invariant 8).

use crate::harness::World;
use crate::harness::screen::Screen;

const PSID: &str = "7412589630147852";

/// Clears the screen, sets the title, writes to the clipboard, turns text around, and says what it wants to show.
const ATTACK: &str = "before\x1b[2J\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b[31m\u{9b}2J\u{202e}evil\u{2066}\u{200b}after";

/// What is left of it: its words.
const HARMLESS: &str = "beforeevilafter";

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_message_changes_nothing_on_the_screen_but_its_own_line() {
    let world = World::start().await;
    let home = tempfile::tempdir().unwrap();
    let mut screen = Screen::open(&world.relay, "anna", home.path(), 80, 24);
    screen.shows("Queue").await;
    world.graph.visitor(PSID).writes("a peaceful line");
    screen.shows("a peaceful line").await;
    world.graph.visitor("6987412365098741").writes(ATTACK);
    world
        .graph
        .visitor("2223334445556667")
        .writes(&"A".repeat(200_000));
    world.graph.visitor("1112223334445556").writes("the end");
    screen.shows("the end").await;
    screen.keys("\r");
    screen.shows("a peaceful line").await;
    // The attack is on the screen, as words: it was neither dropped on the way nor obeyed.
    screen.keys("\x1b");
    screen.shows("t transfer").await;
    screen.keys("1");
    screen.keys("j");
    screen.shows(&format!("< {HARMLESS}")).await;

    let bytes = screen.bytes();
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        !text.contains("owned"),
        "a title or clipboard sequence came through"
    );
    for forbidden in ['\u{202e}', '\u{2066}', '\u{200b}', '\u{9b}'] {
        assert!(!text.contains(forbidden), "{forbidden:?} came through");
    }
    assert!(
        screen.text().contains("Queue"),
        "the screen stands:\n{}",
        screen.text()
    );
}
