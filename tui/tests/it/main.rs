//! The built program `deskwire` as its operator meets it: exit codes, sentences, and the desk on a real terminal without a
//! relay. What happens with one is told in `e2e`.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tui::keymap::Action;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

const ROWS: NonZero<u16> = NonZero::new(24).expect("24");
const COLUMNS: NonZero<u16> = NonZero::new(80).expect("80");

const PROGRAM: &str = env!("CARGO_BIN_EXE_deskwire");

/// An address where nothing answers.
const NOWHERE: &str = "http://127.0.0.1:1";

/// Runs the program without a terminal, at home in an empty folder.
fn deskwire(home: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .output()
        .expect("the program starts")
}

/// Runs it and returns its exit code and what it said about it.
fn fault(arguments: &[&str]) -> (i32, String) {
    let home = tempfile::tempdir().expect("a folder");
    let output = deskwire(home.path(), arguments);
    let said = String::from_utf8(output.stderr).expect("text");
    let said = said.replace(&home.path().display().to_string(), "HOME");
    (output.status.code().expect("it ended by itself"), said)
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [&["--colour"][..], &["--theme", "drak"], &["fly"]] {
        let (code, said) = fault(arguments);
        assert_eq!(code, 2, "{said}");
    }
}

#[test]
fn faults_are_exit_code_1_and_a_sentence() {
    let check = |arguments: &[&str], sentence: &str| {
        let (code, said) = fault(arguments);
        assert_eq!(code, 1, "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains(sentence), "{said}");
    };
    check(&["--login", "anna"], "needs a terminal");
    check(
        &[
            "login",
            "--server",
            "http://desk.acme.example",
            "--login",
            "a",
        ],
        "--insecure",
    );
    check(&["login", "--server", NOWHERE], "say --login NAME");
    check(
        &["login", "--server", NOWHERE, "--login", "anna"],
        "DESKWIRE_PASSWORD",
    );
    check(&["keys", "--config", "no-such-file"], "no-such-file");
}

#[test]
fn every_fault_of_the_settings_is_told_with_its_place() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("desk.toml");
    std::fs::write(&path, "theme = \"drak\"\nascii = 1\n").expect("the settings");
    let path = path.display().to_string();
    let output = deskwire(home.path(), &["logout", "--config", &path]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    let places: Vec<String> = said
        .lines()
        .map(|line| line.replace(&path, "FILE"))
        .collect();
    assert_eq!(places.len(), 2, "{said}");
    assert!(
        places[0].starts_with("FILE:1:9: `drak` is none of"),
        "{said}"
    );
    assert!(places[1].starts_with("FILE:2:9: "), "{said}");
}

#[test]
fn the_table_of_keys_has_every_action_with_its_help() {
    let home = tempfile::tempdir().expect("a folder");
    let output = deskwire(home.path(), &["keys"]);
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout).expect("text");
    for action in Action::all() {
        let row = table
            .lines()
            .find(|line| line.split_whitespace().next() == Some(action.id()));
        let row = row.unwrap_or_else(|| panic!("no row of {}", action.id()));
        assert!(!row.contains("action-"), "no help: {row}");
    }
    assert!(table.contains("transfer        t "), "{table}");
}

#[test]
fn logging_out_of_nothing_is_fine() {
    let home = tempfile::tempdir().expect("a folder");
    let output = deskwire(
        home.path(),
        &["logout", "--server", NOWHERE, "--login", "anna"],
    );
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).expect("text");
    assert_eq!(
        said,
        "There was no kept session of anna at http://127.0.0.1:1.\n"
    );
}

/// The desk on a pseudo-terminal of 80 by 24.
struct Screen {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    /// Asks for one more read, so that none is under way, and holding the terminal open, when it shall close.
    read_more: mpsc::Sender<()>,
    output: mpsc::Receiver<Vec<u8>>,
    is_reading: bool,
    /// The line discipline's, before the desk changed them.
    usual_settings: String,
    parser: vt100::Parser,
}

impl Screen {
    fn open(home: &Path, arguments: &[&str], password: Option<&str>) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize {
                rows: ROWS.get(),
                cols: COLUMNS.get(),
                ..PtySize::default()
            })
            .expect("a pseudo-terminal");
        let usual_settings = settings(&*pair.master);
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(arguments);
        command.env_clear();
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "en_US.UTF-8");
        if let Some(password) = password {
            command.env("DESKWIRE_PASSWORD", password);
        }
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its input");
        let (read_more, more) = mpsc::channel();
        let (output_tx, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while more.recv().is_ok() {
                let count = reader.read(&mut buffer).unwrap_or(0);
                if count == 0 || output_tx.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            master: pair.master,
            keys,
            read_more,
            output,
            is_reading: false,
            usual_settings,
            parser: vt100::Parser::new(ROWS, COLUMNS, 0),
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("its input");
    }

    /// Takes in what comes within `patience`. Returns whether anything did.
    fn read(&mut self, patience: Duration) -> bool {
        if !self.is_reading {
            self.is_reading = self.read_more.send(()).is_ok();
        }
        let Ok(bytes) = self.output.recv_timeout(patience) else {
            return false;
        };
        self.is_reading = false;
        self.parser.process(&bytes);
        true
    }

    /// Waits until the screen shows `text`.
    fn shows(&mut self, text: &str) {
        while !self.parser.screen().contents().contains(text) {
            let is_more = self.read(PATIENCE);
            let screen = self.parser.screen().contents();
            assert!(is_more, "no {text:?} in vain:\n{screen}");
        }
    }

    /// Waits until the program has ended; returns its exit code.
    fn ends(&mut self) -> u32 {
        let until = Instant::now() + PATIENCE;
        loop {
            let status = self.child.try_wait().expect("a child");
            while self.read(Duration::from_millis(20)) {}
            if let Some(status) = status {
                return status.exit_code();
            }
            assert!(Instant::now() < until, "it does not end");
        }
    }

    fn has_usual_settings(&self) -> bool {
        settings(&*self.master) == self.usual_settings
    }
}

/// The line discipline's settings, to be compared: raw mode, echo and the rest.
fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios())
}

#[test]
fn the_desk_starts_and_ends_well_without_a_relay() {
    let home = tempfile::tempdir().expect("a folder");
    let arguments = ["--server", NOWHERE, "--login", "anna"];
    let mut screen = Screen::open(home.path(), &arguments, Some("secret"));
    screen.shows("Queue");
    assert!(screen.parser.screen().alternate_screen());
    screen.press("\x03");
    screen.press("\x03");
    assert_eq!(screen.ends(), 0);
    assert!(!screen.parser.screen().alternate_screen());
}

#[test]
fn a_password_is_asked_for_without_showing_it_and_before_the_screen() {
    let home = tempfile::tempdir().expect("a folder");
    let arguments = ["--server", NOWHERE, "--login", "anna"];
    let mut screen = Screen::open(home.path(), &arguments, None);
    screen.shows("Password of anna at http://127.0.0.1:1:");
    assert!(!screen.parser.screen().alternate_screen());
    assert!(!screen.has_usual_settings(), "the password would be shown");
    screen.press("secret\r");
    screen.shows("Queue");
    screen.press("\x03\x03");
    assert_eq!(screen.ends(), 0);
    assert!(!screen.parser.screen().contents().contains("secret"));
}

#[test]
fn whoever_would_rather_not_say_the_password_gets_the_terminal_back() {
    let home = tempfile::tempdir().expect("a folder");
    for command in [&[][..], &["login"]] {
        let arguments = [command, &["--server", NOWHERE, "--login", "anna"]].concat();
        let mut screen = Screen::open(home.path(), &arguments, None);
        screen.shows("Password of anna");
        screen.press("sec\x03");
        assert_eq!(screen.ends(), 1, "{command:?}");
        assert!(screen.has_usual_settings(), "{command:?}");
        let said = screen.parser.screen().contents();
        assert!(said.contains("no password was given"), "{said}");
    }
}

#[test]
fn a_signal_restores_the_terminal() {
    let home = tempfile::tempdir().expect("a folder");
    let arguments = ["--server", NOWHERE, "--login", "anna"];
    for signal in ["-TERM", "-HUP", "-INT"] {
        let mut screen = Screen::open(home.path(), &arguments, Some("secret"));
        screen.shows("Queue");
        assert!(!screen.has_usual_settings(), "raw mode");
        let id = screen.child.process_id().expect("a process").to_string();
        let killed = Command::new("kill").args([signal, &id]).status();
        assert!(killed.expect("kill").success());
        assert_eq!(screen.ends(), 0, "{signal}");
        assert!(screen.has_usual_settings(), "{signal}");
        assert!(!screen.parser.screen().alternate_screen(), "{signal}");
    }
}

#[test]
fn the_desk_ends_when_its_terminal_goes_away() {
    let home = tempfile::tempdir().expect("a folder");
    let arguments = ["--server", NOWHERE, "--login", "anna"];
    let mut screen = Screen::open(home.path(), &arguments, Some("secret"));
    screen.shows("Queue");
    let Screen {
        mut child,
        master,
        keys,
        read_more,
        ..
    } = screen;
    drop((read_more, master, keys));
    let until = Instant::now() + PATIENCE;
    while child.try_wait().expect("a child").is_none() {
        assert!(Instant::now() < until, "it does not end");
        std::thread::yield_now();
    }
}
