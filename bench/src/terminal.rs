//! The built desk on a pseudo-terminal, and how much it draws when.

use std::io::{Read as _, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// Without a byte for so long, what is drawn is whole.
const QUIET: Duration = Duration::from_millis(60);
/// For the first byte of what is drawn.
const DRAWN_WITHIN: Duration = Duration::from_secs(10);

/// What was drawn without a pause.
pub(crate) struct Drawing {
    pub(crate) bytes: usize,
    pub(crate) begun_at: Instant,
    pub(crate) ended_at: Instant,
}

/// See the module.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    chunks: mpsc::UnboundedReceiver<(Instant, usize)>,
    _master: Box<dyn MasterPty + Send>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
    }
}

impl Terminal {
    /// Starts a desk of 200 columns and 50 rows, whose own files go to `home`.
    pub(crate) fn open(
        program: &Path,
        words: &[String],
        password: &str,
        home: &Path,
    ) -> anyhow::Result<Self> {
        let size = PtySize {
            rows: 50,
            cols: 200,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(program);
        command.args(words);
        command.env("DESKWIRE_PASSWORD", password);
        command.env("HOME", home);
        command.env("XDG_DATA_HOME", home.join("data"));
        command.env("XDG_CONFIG_HOME", home.join("config"));
        command.env("XDG_STATE_HOME", home.join("state"));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "en_US.UTF-8");
        command.env_remove("TMUX");
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let mut output = pair.master.try_clone_reader()?;
        let (chunks_tx, chunks) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if chunks_tx.send((Instant::now(), count)).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            keys: pair.master.take_writer()?,
            chunks,
            _master: pair.master,
        })
    }

    pub(crate) fn keys(&mut self, keys: &str) -> anyhow::Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Waits for something to be drawn, and for its end.
    pub(crate) async fn drawing(&mut self) -> anyhow::Result<Drawing> {
        let first = timeout(DRAWN_WITHIN, self.chunks.recv()).await;
        let (begun_at, mut bytes) = first.ok().flatten().context("the desk draws nothing")?;
        let mut ended_at = begun_at;
        while let Ok(Some((at, count))) = timeout(QUIET, self.chunks.recv()).await {
            (ended_at, bytes) = (at, bytes + count);
        }
        Ok(Drawing {
            bytes,
            begun_at,
            ended_at,
        })
    }

    /// Waits until nothing has been drawn for so long.
    pub(crate) async fn calm(&mut self, quiet: Duration) {
        while let Ok(Some(_)) = timeout(quiet, self.chunks.recv()).await {}
    }

    pub(crate) fn process_id(&self) -> anyhow::Result<u32> {
        self.child.process_id().context("the desk has ended")
    }
}
