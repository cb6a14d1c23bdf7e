//! Real sockets in real folders.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::watch;

use super::*;

/// Says back what it is asked.
struct Echo;

#[async_trait]
impl Obeys for Echo {
    async fn answer(&self, request: Request) -> Answer {
        Answer::Done {
            text: format!("{request:?}"),
        }
    }
}

#[tokio::test]
async fn a_request_is_answered_and_the_socket_goes_with_the_relay() {
    let folder = tempfile::tempdir().unwrap();
    // A dead relay's.
    drop(open(folder.path()).unwrap());
    let listener = open(folder.path()).unwrap();
    let mode = std::fs::metadata(path(folder.path()))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let (stop_tx, stopping) = watch::channel(false);
    let serving = tokio::spawn(serve(
        listener,
        folder.path().into(),
        Arc::new(Echo),
        stopping,
    ));

    let request = Request::Link {
        channel: "acme-page".into(),
        wish: Wish::Relink,
    };
    let answer = ask(folder.path(), &request).await.unwrap();
    let text = format!("{request:?}");
    assert_eq!(answer, Answer::Done { text });

    let mut stranger = UnixStream::connect(path(folder.path())).await.unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let mut said = String::new();
    stranger.read_to_string(&mut said).await.unwrap();
    assert!(said.contains("does not understand"), "{said}");

    let mut flood = UnixStream::connect(path(folder.path())).await.unwrap();
    flood.write_all(&[b'x'; 9000]).await.ok();
    let mut said = String::new();
    flood.read_to_string(&mut said).await.ok();
    let still = ask(folder.path(), &Request::Channels).await;
    assert!(still.is_ok(), "it serves on");

    stop_tx.send_replace(true);
    serving.await.unwrap();
    let gone = ask(folder.path(), &Request::Channels).await;
    assert!(matches!(gone, Err(AskError::NobodyThere(_))));
}
