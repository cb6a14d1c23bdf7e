//! A bad line: what goes through is late, sometimes much later, and now and then the line breaks.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

/// How bad.
#[derive(Clone, Copy)]
pub(crate) struct Badness {
    /// Everything is so late.
    pub(crate) late_by: Duration,
    /// Of a hundred pieces so many were lost once and come after this much more.
    pub(crate) lost_percent: u64,
    pub(crate) again_after: Duration,
    /// The line breaks after so many pieces.
    pub(crate) breaks_after: u64,
}

/// See the module; ends when dropped.
pub(crate) struct BadLine {
    pub(crate) address: SocketAddr,
    counts: Arc<Counts>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    pieces: AtomicU64,
    lost: AtomicU64,
    broken: AtomicU64,
}

impl Drop for BadLine {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl BadLine {
    pub(crate) async fn to(target: String, badness: Badness) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let counts = Arc::<Counts>::default();
        let own = Arc::clone(&counts);
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(&target).await else {
                    continue;
                };
                let counts = Arc::clone(&own);
                tokio::spawn(async move {
                    let (near_in, near_out) = near.into_split();
                    let (far_in, far_out) = far.into_split();
                    tokio::select! {
                        () = carry(near_in, far_out, badness, &counts) => {}
                        () = carry(far_in, near_out, badness, &counts) => {}
                    }
                });
            }
        });
        Self {
            address,
            counts,
            task,
        }
    }

    /// Returns how many pieces were lost once, and how often the line broke.
    pub(crate) fn harm(&self) -> (u64, u64) {
        let counts = &self.counts;
        (
            counts.lost.load(Ordering::SeqCst),
            counts.broken.load(Ordering::SeqCst),
        )
    }
}

/// Carries bytes one way: they leave in order, each piece when its time has come.
async fn carry(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    mut to: impl AsyncWrite + Unpin,
    badness: Badness,
    counts: &Counts,
) {
    let (pieces_tx, mut pieces_rx) = tokio::sync::mpsc::unbounded_channel();
    let reading = tokio::spawn(async move {
        let mut buffer = vec![0; 1400];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            if pieces_tx
                .send((Instant::now(), buffer[..count].to_vec()))
                .is_err()
            {
                return;
            }
        }
    });
    while let Some((came_at, piece)) = pieces_rx.recv().await {
        let number = counts.pieces.fetch_add(1, Ordering::SeqCst) + 1;
        // Spread evenly enough, and the same in every run.
        let is_lost = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 100 < badness.lost_percent;
        let mut due = came_at + badness.late_by;
        if is_lost {
            counts.lost.fetch_add(1, Ordering::SeqCst);
            due += badness.again_after;
        }
        tokio::time::sleep_until(due).await;
        if number.is_multiple_of(badness.breaks_after) {
            counts.broken.fetch_add(1, Ordering::SeqCst);
            break;
        }
        if to.write_all(&piece).await.is_err() {
            break;
        }
    }
    reading.abort();
}
