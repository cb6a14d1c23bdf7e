//! For tests: runs one test of this binary again inside a pseudo-terminal, so that a real terminal can be typed into,
//! resized, closed and looked at.

use std::io::{Read, Write};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Set for the child, so that its half does nothing when somebody runs all ignored tests.
const CHILD: &str = "DESKWIRE_TEST_CHILD";

/// Says whether this process is the child on a terminal.
pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// A pseudo-terminal with a child in it.
pub(crate) struct OnTerminal {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    /// Asks for one more read, so that none is under way, and holding the terminal open, when it shall close.
    read_more: mpsc::Sender<()>,
    output: mpsc::Receiver<Vec<u8>>,
    seen: String,
}

impl OnTerminal {
    /// Starts the ignored test `name` on a terminal of 80 by 24.
    pub(crate) fn run(name: &str) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize::default())
            .expect("a pseudo-terminal");
        let mut command =
            CommandBuilder::new(std::env::current_exe().expect("the path of this test"));
        command.args(["--exact", name, "--ignored", "--nocapture"]);
        command.env(CHILD, "1");
        let child = pair.slave.spawn_command(command).expect("the child half");
        let mut reader = pair
            .master
            .try_clone_reader()
            .expect("the terminal's output");
        let writer = pair.master.take_writer().expect("the terminal's input");
        let (read_more, more) = mpsc::channel();
        let (output_tx, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 1024];
            while more.recv().is_ok() {
                let count = reader.read(&mut buffer).unwrap_or(0);
                if output_tx.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            writer,
            master: pair.master,
            read_more,
            output,
            seen: String::new(),
        }
    }

    /// Waits until the terminal has been sent `text`, and returns everything it was sent so far.
    pub(crate) fn wait_for(&mut self, text: &str) -> &str {
        while !self.seen.contains(text) {
            self.read_more.send(()).expect("the output's reader");
            let bytes = self.output.recv_timeout(PATIENCE).unwrap_or_default();
            assert!(
                !bytes.is_empty(),
                "the terminal ended without {text:?}: {:?}",
                self.seen
            );
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
        &self.seen
    }

    pub(crate) fn press(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).expect("the terminal's input");
    }

    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        let size = PtySize {
            rows,
            cols: columns,
            ..PtySize::default()
        };
        self.master.resize(size).expect("the terminal's size");
    }

    /// The line discipline's settings, to be compared: raw mode, echo and the rest.
    pub(crate) fn settings(&self) -> String {
        format!("{:?}", self.master.get_termios())
    }

    /// Closes the terminal. Returns whether the child then ended by itself.
    pub(crate) fn ends_when_closed(self) -> bool {
        let Self {
            master,
            writer,
            mut child,
            read_more,
            ..
        } = self;
        drop((read_more, writer, master));
        let (ended_tx, ended) = mpsc::channel();
        thread::spawn(move || ended_tx.send(child.wait()));
        matches!(ended.recv_timeout(PATIENCE), Ok(Ok(_)))
    }
}
