//! A host of files that lies, hangs up and leads astray (B-08), and what becomes of its files in a chat.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::ObjectStore as _;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use shared::chat::{Event, Opening, PlatformCommand};
use shared::model::{
    Attachment, AttachmentKind, Card, ChannelId, ChatId, FileFault, FileId, FilePart, KeptFile,
    Message, MessageId, Timestamp, Visitor, VisitorId,
};

use super::download::{Downloader, NotCome};
use super::*;
use crate::channels::fake::{CHANNEL, FakeChannel};
use crate::channels::{FileAddress, FileHosts};
use crate::clock::ManualClock;
use crate::engine::{Bells, Engine, EngineError};
use crate::store::memory::MemoryStore;
use crate::store::{FileRow, FileStage, Store, StoreError};

const NOON: Timestamp = Timestamp(1_795_190_400_000);
const JPEG: [u8; 12] = [0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F', 0, 1];

/// A host, and a place inside that nobody may be led to.
struct Host {
    url: String,
    inside: String,
    entered: Arc<AtomicUsize>,
}

fn photo_of(size: usize) -> Vec<u8> {
    let mut bytes = JPEG.to_vec();
    bytes.resize(size, 7);
    bytes
}

fn to(place: String) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, place)]).into_response()
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn host() -> Host {
    let entered = Arc::new(AtomicUsize::new(0));
    let enter = |State(entered): State<Arc<AtomicUsize>>| async move {
        entered.fetch_add(1, Ordering::Relaxed);
        photo_of(100)
    };
    let inside = Router::new().fallback(enter).with_state(entered.clone());
    let inside = serve(inside).await;
    let led = inside.clone();
    let router = Router::new()
        .route("/photo", get(|| async { photo_of(5_000) }))
        .route("/moved", get(|| async { to("/photo".to_owned()) }))
        .route("/round", get(|| async { to("/round".to_owned()) }))
        .route(
            "/inside",
            get(move || async move { to(format!("{led}/secret")) }),
        )
        .route(
            "/file",
            get(|| async { to("file:///etc/passwd".to_owned()) }),
        )
        .route(
            "/metadata",
            get(|| async { to("http://169.254.169.254/latest".to_owned()) }),
        )
        .route("/nowhere", get(|| async { StatusCode::FOUND }))
        .route(
            "/page",
            get(|| async { "<html><body>log in, please</body></html>" }),
        )
        .route("/empty", get(|| async { "" }))
        .route("/gone", get(|| async { StatusCode::NOT_FOUND }))
        .route("/busy", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .route("/said-long", get(|| async { photo_of(200_000) }))
        .route(
            "/endless",
            get(|| async {
                let first =
                    stream::once(async { Ok::<_, std::io::Error>(Bytes::from(photo_of(9_000))) });
                let more = stream::repeat_with(|| Ok(Bytes::from(vec![7; 9_000])));
                Body::from_stream(first.chain(more))
            }),
        )
        .route(
            "/cut",
            get(|| async {
                let parts = [
                    Ok(Bytes::from(photo_of(20_000))),
                    Err(std::io::Error::other("the line is cut")),
                ];
                Body::from_stream(stream::iter(parts))
            }),
        );
    Host {
        url: serve(router).await,
        inside,
        entered,
    }
}

fn photo(url: Option<String>) -> Attachment {
    Attachment {
        url,
        file: Some(FilePart {
            id: Some(FileId(70)),
            ..FilePart::default()
        }),
        ..Attachment::of(AttachmentKind::Photo)
    }
}

async fn bring(host: &Host, files: &Files, url: &str) -> Result<KeptFile, NotCome> {
    let downloader = Downloader::new(
        reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap(),
    )
    .unwrap();
    let address = FileAddress {
        url: url.into(),
        bearer: Some("a-token".into()),
    };
    let hosts = FileHosts {
        hosts: &["cdn.acme.example"],
        api_url: &host.url,
    };
    downloader
        .bring(FileId(70), &photo(None), &address, hosts, files)
        .await
}

async fn bytes(files: &Files, id: FileId) -> Option<Vec<u8>> {
    let stream = files.read(id).await.unwrap()?;
    let parts: Vec<Bytes> = stream.try_collect().await.unwrap();
    Some(parts.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_comes_whole_also_by_way_of_another_address() {
    let (host, files) = (host().await, Files::in_memory());
    for path in ["photo", "moved"] {
        let kept = bring(&host, &files, &format!("{}/{path}", host.url)).await;
        let kept = kept.unwrap();
        assert_eq!(
            (kept.name.as_str(), kept.mime.as_str(), kept.size),
            ("photo.jpg", "image/jpeg", 5_000)
        );
        assert_eq!(
            bytes(&files, FileId(70)).await,
            Some(photo_of(5_000)),
            "{path}"
        );
        files.remove(FileId(70)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_or_leads_astray_is_refused_and_leaves_nothing() {
    let (host, files) = (host().await, Files::in_memory());
    let inside = format!("{}/secret", host.inside);
    let here = |path: &str| format!("{}/{path}", host.url);
    for (url, fault) in [
        (here("said-long"), FileFault::TooBig),
        (here("endless"), FileFault::TooBig),
        (here("page"), FileFault::WrongKind),
        (here("empty"), FileFault::WrongKind),
        (here("gone"), FileFault::Gone),
        (here("nowhere"), FileFault::Gone),
        (here("round"), FileFault::ForeignAddress),
        (here("inside"), FileFault::ForeignAddress),
        (here("file"), FileFault::ForeignAddress),
        (here("metadata"), FileFault::ForeignAddress),
        (inside, FileFault::ForeignAddress),
        (
            "https://evil.example/photo".to_owned(),
            FileFault::ForeignAddress,
        ),
        ("nonsense".to_owned(), FileFault::ForeignAddress),
    ] {
        assert_eq!(
            bring(&host, &files, &url).await,
            Err(NotCome::Never(fault)),
            "{url}"
        );
    }
    assert_eq!(
        host.entered.load(Ordering::Relaxed),
        0,
        "nobody was led inside"
    );
    for url in [
        here("busy"),
        here("cut"),
        "https://cdn.acme.example/a.jpg".to_owned(),
    ] {
        let brought = bring(&host, &files, &url).await;
        let Err(NotCome::Later(cause)) = brought else {
            panic!("{url}: {brought:?}");
        };
        assert!(
            !cause.contains("127.0.0.1") && !cause.contains("acme.example"),
            "{cause}"
        );
    }
    let left: Vec<_> = files.bytes.list(None).collect().await;
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_file_leaves_nothing_in_the_folder() {
    let host = host().await;
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().join("files"));
    let rules = FileRules {
        place,
        ..FileRules::clone(&Files::in_memory().rules)
    };
    let files = Files::open(rules, "a key".into(), None).unwrap();
    for path in ["cut", "endless"] {
        let brought = bring(&host, &files, &format!("{}/{path}", host.url)).await;
        assert!(brought.is_err());
    }
    let kept = bring(&host, &files, &format!("{}/photo", host.url)).await;
    kept.unwrap();
    let left: Vec<_> = files.bytes.list(None).try_collect().await.unwrap();
    let left: Vec<String> = left.iter().map(|left| left.location.to_string()).collect();
    assert_eq!(left, ["070/70"]);
    assert_eq!(bytes(&files, FileId(70)).await, Some(photo_of(5_000)));
    files.remove(FileId(70)).await.unwrap();
    files.remove(FileId(70)).await.unwrap();
    assert_eq!(bytes(&files, FileId(70)).await, None);
}

struct Silent(Arc<Notify>);

impl Bells for Silent {
    fn outbox(&self, _channel: &ChannelId) {}
    fn timers(&self, _deadline: Timestamp) {}
    fn files(&self, _channel: &ChannelId) {
        self.0.notify_one();
    }
}

struct ByEngine(Arc<Engine>);

#[async_trait]
impl Filer for ByEngine {
    async fn file(
        &self,
        row: &FileRow,
        result: Result<KeptFile, FileFault>,
    ) -> Result<bool, StoreError> {
        match self.0.file(row, result).await {
            Ok(taken) => Ok(taken.seq.is_some() || taken.was_repeat),
            Err(EngineError::Store(error)) => Err(error),
            Err(EngineError::Busy | EngineError::Refused(_) | EngineError::Overtaken) => Ok(false),
        }
    }
}

struct World {
    engine: Arc<Engine>,
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    files: Files,
    stop_tx: watch::Sender<bool>,
    fetching: tokio::task::JoinHandle<()>,
}

/// A relay that fetches from this host.
async fn world(api_url: &str) -> World {
    let (channel, registry) = FakeChannel::registered();
    channel.set_api_url(api_url);
    let store = Arc::new(MemoryStore::default());
    let clock = Arc::new(ManualClock::at(NOON));
    let bell = Arc::new(Notify::new());
    let policy = serde_json::from_str(include_str!("../engine/policy_of_tests.json")).unwrap();
    let bells = Arc::new(Silent(bell.clone()));
    let engine = Engine::start(store.clone(), clock.clone(), bells, policy)
        .await
        .unwrap();
    let files = Files::in_memory();
    let fetcher = Fetcher {
        channel: CHANNEL.into(),
        registry,
        store: store.clone(),
        clock: clock.clone(),
        filer: Arc::new(ByEngine(engine.clone())),
        files: files.clone(),
        bell,
        downloader: Downloader::new(reqwest::Client::builder().no_proxy().build().unwrap())
            .unwrap(),
    };
    let (stop_tx, stopping) = watch::channel(false);
    let fetching = tokio::spawn(fetcher.run(stopping));
    World {
        engine,
        store,
        clock,
        files,
        stop_tx,
        fetching,
    }
}

impl World {
    /// A visitor sends a photo.
    async fn send(&self, url: &str) {
        let message = Message {
            id: MessageId(7),
            platform_id: Some("m_7".into()),
            sent_at: NOON,
            text: String::new(),
            attachments: vec![photo(Some(url.to_owned()))],
            quotes: None,
            quotes_unknown: false,
        };
        let visitor = Visitor {
            id: VisitorId(1),
            channel: CHANNEL.into(),
            platform_id: "7412589630147852".into(),
            card: Card::default(),
        };
        let opening = Opening {
            visitor,
            language: "en".into(),
            department: None,
            reserved_for: None,
            entry: None,
            window_from: None,
        };
        let command = PlatformCommand::Receive {
            opening,
            message,
            standby: false,
        };
        let channel = CHANNEL.into();
        let taken = self.engine.by_platform(&channel, "m_7", ChatId(1), command);
        taken.await.unwrap();
    }

    /// Waits until something became of the file, and says what.
    async fn outcome(&self) -> Event {
        let found = async {
            loop {
                let events = self.store.events();
                let is_outcome = |event: &Event| {
                    matches!(event, Event::FileKept { .. } | Event::FileLost { .. })
                };
                let outcome = events
                    .into_iter()
                    .map(|stored| stored.event)
                    .find(is_outcome);
                if let Some(outcome) = outcome {
                    return outcome;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), found)
            .await
            .expect("an outcome")
    }

    async fn row(&self) -> FileRow {
        self.store.find_file(FileId(70)).await.unwrap().unwrap()
    }

    async fn stop(self) {
        self.stop_tx.send_replace(true);
        self.fetching.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_fetched_at_once_and_removed_when_its_time_is_over() {
    let host = host().await;
    let world = world(&host.url).await;
    world.send(&format!("{}/photo", host.url)).await;
    let Event::FileKept { message, id, file } = world.outcome().await else {
        panic!("it is kept");
    };
    assert_eq!((message, id, file.size), (MessageId(7), FileId(70), 5_000));
    assert_eq!(bytes(&world.files, id).await, Some(photo_of(5_000)));

    world
        .clock
        .set(NOON.plus(world.files.rules.keep_for + Duration::from_secs(1)));
    let taker = ByEngine(world.engine.clone());
    cleaner::round(&*world.store, &*world.clock, &taker, &world.files)
        .await
        .unwrap();
    let last = world.store.events().pop().unwrap().event;
    assert!(
        matches!(
            last,
            Event::FileLost {
                fault: FileFault::Expired,
                ..
            }
        ),
        "{last:?}"
    );
    assert_eq!(bytes(&world.files, id).await, None);
    assert_eq!(world.store.find_file(id).await.unwrap(), None);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_kept_says_why_in_the_timeline() {
    let host = host().await;
    let world = world(&host.url).await;
    world.send(&format!("{}/page", host.url)).await;
    let lost = world.outcome().await;
    assert!(
        matches!(
            lost,
            Event::FileLost {
                fault: FileFault::WrongKind,
                ..
            }
        ),
        "{lost:?}"
    );
    assert_eq!(world.row().await.stage, FileStage::Lost);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_for_hours_is_given_up() {
    let host = host().await;
    let world = world(&host.url).await;
    world.send(&format!("{}/busy", host.url)).await;
    let tried = async {
        while world.row().await.tries == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), tried)
        .await
        .unwrap();
    assert_eq!(
        world.row().await.stage,
        FileStage::Due,
        "it is asked for again"
    );
    world.clock.set(NOON.plus(Duration::from_secs(7 * 3600)));
    let lost = world.outcome().await;
    assert!(
        matches!(
            lost,
            Event::FileLost {
                fault: FileFault::Unreachable,
                ..
            }
        ),
        "{lost:?}"
    );
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_who_was_forgotten_leaves_no_file() {
    let host = host().await;
    let world = world(&host.url).await;
    world.send(&format!("{}/photo", host.url)).await;
    world.outcome().await;
    world.store.redact(VisitorId(1), NOON).await.unwrap();
    let taker = ByEngine(world.engine.clone());
    cleaner::round(&*world.store, &*world.clock, &taker, &world.files)
        .await
        .unwrap();
    assert_eq!(bytes(&world.files, FileId(70)).await, None);
    assert_eq!(world.store.find_file(FileId(70)).await.unwrap(), None);
    world.stop().await;
}
