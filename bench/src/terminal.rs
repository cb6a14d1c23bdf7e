//! The built desk on a pseudo-terminal, and how much it draws when.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

/// Without a byte for so long, what is drawn is whole.
const QUIET: Duration = Duration::from_millis(60);
/// For the first byte of what is drawn.
const DRAWN_WITHIN: Duration = Duration::from_secs(10);

/// Ends a frame: until then the terminal shows the one before.
const END_OF_FRAME: &[u8] = b"\x1b[?2026l";

/// What was drawn without a pause.
pub(crate) struct Drawing {
    pub(crate) bytes: usize,
    /// When its first frame was whole.
    pub(crate) shown_at: Instant,
    pub(crate) ended_at: Instant,
}

/// What came at once.
struct Chunk {
    at: Instant,
    bytes: usize,
    ends_frame: bool,
}

/// See the module.
pub(crate) struct Terminal {
    child: Child,
    keys: File,
    chunks: mpsc::UnboundedReceiver<Chunk>,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().and_then(|()| self.child.wait()).ok();
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
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let size = Winsize {
            ws_row: 50,
            ws_col: 200,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&master, size)?;
        let name = ptsname(&master, vec![])?;
        let line = File::options()
            .read(true)
            .write(true)
            .open(name.to_str()?)?;
        // Its terminal is this one, not the one the benchmarks are run on.
        let child = Command::new("setsid")
            .arg("--ctty")
            .arg(program)
            .args(words)
            .env("DESKWIRE_PASSWORD", password)
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("data"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env("TERM", "xterm-256color")
            .env("LANG", "en_US.UTF-8")
            .env_remove("TMUX")
            .stdin(Stdio::from(line.try_clone()?))
            .stdout(Stdio::from(line.try_clone()?))
            .stderr(Stdio::from(line))
            .spawn()
            .context("could not start setsid")?;
        let keys = File::from(master);
        let mut output = keys.try_clone()?;
        let (chunks_tx, chunks) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            // The end of a frame may come in two parts.
            let mut seen = vec![];
            while let Ok(bytes @ 1..) = output.read(&mut buffer) {
                seen.extend_from_slice(&buffer[..bytes]);
                let mut windows = seen.windows(END_OF_FRAME.len());
                let chunk = Chunk {
                    at: Instant::now(),
                    bytes,
                    ends_frame: windows.any(|window| window == END_OF_FRAME),
                };
                seen.drain(..seen.len().saturating_sub(END_OF_FRAME.len() - 1));
                if chunks_tx.send(chunk).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            keys,
            chunks,
        })
    }

    pub(crate) fn keys(&mut self, keys: &str) -> anyhow::Result<()> {
        self.keys.write_all(keys.as_bytes())?;
        Ok(self.keys.flush()?)
    }

    /// Waits for something to be drawn, and for its end.
    pub(crate) async fn drawing(&mut self) -> anyhow::Result<Drawing> {
        let first = timeout(DRAWN_WITHIN, self.chunks.recv()).await;
        let first = first.ok().flatten().context("the desk draws nothing")?;
        let mut shown_at = first.ends_frame.then_some(first.at);
        let (mut ended_at, mut bytes) = (first.at, first.bytes);
        while let Ok(Some(chunk)) = timeout(QUIET, self.chunks.recv()).await {
            (ended_at, bytes) = (chunk.at, bytes + chunk.bytes);
            shown_at = shown_at.or(chunk.ends_frame.then_some(chunk.at));
        }
        Ok(Drawing {
            bytes,
            shown_at: shown_at.context("no frame came to its end")?,
            ended_at,
        })
    }

    /// Waits until nothing has been drawn for so long.
    pub(crate) async fn calm(&mut self, quiet: Duration) {
        while let Ok(Some(_)) = timeout(quiet, self.chunks.recv()).await {}
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }
}
