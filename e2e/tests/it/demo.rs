//! `deskwire-relay demo`: the first thing anybody sees.

use portable_pty::CommandBuilder;

use crate::harness::relay::binary;
use crate::harness::screen::Screen;

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_a_desk_with_visitors_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(binary("deskwire-relay"));
    command.arg("demo");
    command.env("TMPDIR", scratch.path());
    command.cwd(scratch.path());
    let mut screen = Screen::run(command, home.path(), 80, 24);
    screen.shows("Queue").await;
    screen.shows("дважды").await;
    screen.keys("\x03");
    crate::harness::relay::pause(std::time::Duration::from_millis(100)).await;
    screen.keys("\x03");
    assert!(screen.ends().await, "it quits well:\n{}", screen.text());
    let left: Vec<_> = std::fs::read_dir(scratch.path()).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert!(left.is_empty(), "left behind at home: {left:?}");
}
