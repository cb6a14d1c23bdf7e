//! The built desk on a pseudo-terminal, and the screen an operator would see.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::eventually;
use super::relay::{PASSWORD, Relay, binary};

pub(crate) struct Screen {
    child: Box<dyn Child + Send + Sync>,
    master: Option<Box<dyn MasterPty + Send>>,
    keys: Option<Box<dyn Write + Send>>,
    parser: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<Mutex<Vec<u8>>>,
    is_hung_up: Arc<AtomicBool>,
}

impl Drop for Screen {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
        }
    }
}

impl Screen {
    /// Opens a desk of an operator; its own files go to `home`.
    pub(crate) fn open(relay: &Relay, login: &str, home: &Path, columns: u16, rows: u16) -> Self {
        let mut command = CommandBuilder::new(binary("deskwire"));
        command.args(["--server", &relay.url(""), "--login", login]);
        command.env("DESKWIRE_PASSWORD", PASSWORD);
        Self::run(command, home, columns, rows)
    }

    /// Runs a program of this workspace on a terminal.
    pub(crate) fn run(mut command: CommandBuilder, home: &Path, columns: u16, rows: u16) -> Self {
        let size = PtySize {
            rows,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal");
        command.env("HOME", home);
        command.env("XDG_DATA_HOME", home.join("data"));
        command.env("XDG_CONFIG_HOME", home.join("config"));
        command.env("XDG_STATE_HOME", home.join("state"));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "en_US.UTF-8");
        command.env_remove("TMUX");
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        drop(pair.slave);
        let parser = Arc::new(Mutex::new(vt100::Parser::new(
            at_least_one(rows),
            at_least_one(columns),
            0,
        )));
        let bytes = Arc::new(Mutex::new(vec![]));
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let is_hung_up = Arc::new(AtomicBool::new(false));
        let (screen, raw, hung_up) = (
            Arc::clone(&parser),
            Arc::clone(&bytes),
            Arc::clone(&is_hung_up),
        );
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                screen.lock().unwrap().process(&buffer[..count]);
                raw.lock().unwrap().extend_from_slice(&buffer[..count]);
                if hung_up.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        let keys = pair.master.take_writer().expect("its input");
        Self {
            child,
            master: Some(pair.master),
            keys: Some(keys),
            parser,
            bytes,
            is_hung_up,
        }
    }

    /// Types; escapes such as `\x1b` are keys.
    pub(crate) fn keys(&mut self, keys: &str) {
        let input = self.keys.as_mut().expect("the terminal is there");
        input.write_all(keys.as_bytes()).expect("the keys arrive");
        input.flush().expect("the keys arrive");
    }

    /// Returns the screen, a line a row.
    pub(crate) fn text(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    /// Returns every byte that was written to the terminal so far.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// Waits until the screen shows something.
    pub(crate) async fn shows(&self, words: &str) {
        let start = std::time::Instant::now();
        loop {
            if self.text().contains(words) {
                return;
            }
            assert!(
                start.elapsed() < super::PATIENCE,
                "the screen never showed {words:?}:\n{}",
                self.text()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Takes the terminal away, as a dropped SSH line does.
    pub(crate) fn hang_up(&mut self) {
        // The reader holds the terminal open until one more thing is drawn.
        self.is_hung_up.store(true, Ordering::SeqCst);
        self.keys("?");
        self.keys = None;
        self.master = None;
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Waits for the end of the program; returns whether it ended well.
    pub(crate) async fn ends(&mut self) -> bool {
        let child = &mut self.child;
        let mut status = None;
        eventually("the program ends", || {
            status = child.try_wait().expect("it can be asked");
            let has_ended = status.is_some();
            async move { has_ended }
        })
        .await;
        status.expect("it has ended").success()
    }
}

fn at_least_one(cells: u16) -> NonZero<u16> {
    NonZero::new(cells).expect("a terminal has cells")
}
