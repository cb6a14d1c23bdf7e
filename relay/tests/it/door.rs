//! A whole relay without a socket: requests go into its router, and its store can be looked at.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use bytes::Bytes;
use http::HeaderMap;
use tempfile::TempDir;
use tower::ServiceExt as _;

use relay::app::{self, Running};
use relay::channels::build::build;
use relay::channels::{Channel, Received, Webhook};
use relay::http::router;
use relay::store::{FoundMessage, Store};
use relay::telemetry::{self, Metrics};
use shared::chat::{Chat, Event, Stored};
use shared::model::{ChannelId, ChatId, Message, PlatformId, Timestamp};

/// The account that visitors write to.
pub(crate) const PAGE: &str = "104820093344556";
/// Signs what comes for [`PAGE`].
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// An account of another application.
pub(crate) const OTHER_PAGE: &str = "209640186689112";
/// Signs what comes for [`OTHER_PAGE`].
pub(crate) const OTHER_SECRET: &str = "fedcba9876543210fedcba9876543210";

/// A relay with two Pages of two applications.
pub(crate) struct Door {
    /// The channel of [`PAGE`].
    pub(crate) channel: ChannelId,
    /// The channel of [`OTHER_PAGE`].
    pub(crate) other: ChannelId,
    platform: Arc<dyn Channel>,
    router: axum::Router,
    running: Running,
    metrics: Metrics,
    panics_before: usize,
    _folder: TempDir,
}

impl Door {
    /// Starts one. Its channels are named after the story, so that its counters are its own.
    pub(crate) async fn open(story: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let loaded = relay::config::parse(Path::new("config.toml"), &config(story, folder.path()));
        let config = loaded
            .config
            .unwrap_or_else(|| panic!("a sound config: {:?}", loaded.faults));
        let channel = ChannelId(format!("{story}-page"));
        let platform = build(&config, &reqwest::Client::new())
            .remove(&channel)
            .unwrap();
        let metrics = metrics();
        let running = app::start(config, None, None).await.unwrap();
        Self {
            other: ChannelId(format!("{story}-other")),
            router: router(running.site.clone()),
            channel,
            platform,
            running,
            metrics,
            panics_before: panics(),
            _folder: folder,
        }
    }

    /// Posts a body as the platform does; returns the status.
    pub(crate) async fn post(&self, body: &[u8]) -> u16 {
        let signature = hostile::signatures::sign(SECRET, body);
        let headers = [(hostile::signatures::HEADER, signature.into_bytes())];
        self.post_with(&self.channel, &headers, body).await
    }

    /// Posts a body with these headers; returns the status.
    pub(crate) async fn post_with(
        &self,
        to: &ChannelId,
        headers: &[(&'static str, Vec<u8>)],
        body: &[u8],
    ) -> u16 {
        let mut request = Request::post(format!("/webhooks/{to}"));
        for (name, value) in headers {
            request = request.header(*name, value.as_slice());
        }
        let mut request = request.body(Body::from(body.to_vec())).unwrap();
        let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 50_000)));
        request.extensions_mut().insert(peer);
        let answer = self.router.clone().oneshot(request).await.unwrap();
        answer.status().as_u16()
    }

    /// Says how the channel reads a body that is really the platform's.
    pub(crate) fn read(&self, body: &[u8]) -> Received {
        let mut headers = HeaderMap::new();
        let signature = hostile::signatures::sign(SECRET, body);
        headers.insert(hostile::signatures::HEADER, signature.parse().unwrap());
        let webhook = Webhook {
            query: "",
            headers: &headers,
            body: &Bytes::copy_from_slice(body),
            received_at: self.now(),
        };
        self.platform.receive(&webhook).unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.running.site.clock.now()
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.running.site.store.as_ref()
    }

    pub(crate) async fn find_message(&self, platform_id: &str) -> Option<FoundMessage> {
        let id = PlatformId(platform_id.to_owned());
        let found = self.store().find_message(&self.channel, &id).await;
        found.unwrap()
    }

    /// Returns a visitor's message as it is in the timeline.
    pub(crate) async fn received(&self, platform_id: &str) -> Option<Message> {
        let found = self.find_message(platform_id).await?;
        let events = self.events(found.chat).await;
        events.into_iter().find_map(|stored| match stored.event {
            Event::Received { message, .. } if message.id == found.id => Some(message),
            _ => None,
        })
    }

    pub(crate) async fn events(&self, chat: ChatId) -> Vec<Stored> {
        let events = self.store().timeline(chat, None, u32::MAX).await;
        events.unwrap()
    }

    pub(crate) async fn count_unread(&self) -> u64 {
        self.store().count_unread().await.unwrap()
    }

    /// Returns what a counter of a channel shows.
    pub(crate) fn counter(&self, name: &str, channel: &ChannelId) -> u64 {
        let wanted = format!("{name}{{channel=\"{channel}\"}} ");
        let shown = self.metrics_text();
        let line = shown.lines().find_map(|line| line.strip_prefix(&wanted));
        line.map_or(0, |count| count.parse().unwrap())
    }

    /// Returns what `/metrics` would show.
    pub(crate) fn metrics_text(&self) -> String {
        self.metrics.handle().render()
    }

    /// Ends it, and checks what must hold whatever came in: no task panicked, and every chat is what its events say.
    pub(crate) async fn close(self) {
        for chat in self.store().list_open_chats().await.unwrap() {
            let mut replayed = Chat::unborn(chat.id);
            // A timer may have fired since the chat was read.
            let events = self.events(chat.id).await;
            for stored in events
                .iter()
                .filter(|stored| stored.version <= chat.version)
            {
                replayed.apply(stored);
            }
            assert_eq!(replayed, chat, "replaying its events gives the chat");
        }
        let panics_before = self.panics_before;
        self.running.stop().await;
        assert_eq!(panics(), panics_before, "a task panicked");
    }
}

/// Returns a message to [`PAGE`] as Meta writes it.
pub(crate) fn message(mid: &str, visitor: &str, text: &str) -> Vec<u8> {
    message_to(PAGE, mid, visitor, text)
}

/// Returns a message to a Page as Meta writes it.
pub(crate) fn message_to(page: &str, mid: &str, visitor: &str, text: &str) -> Vec<u8> {
    let body = serde_json::json!({
        "object": "page",
        "entry": [{
            "id": page,
            "time": 1_600_000_000_000_i64,
            "messaging": [{
                "sender": { "id": visitor },
                "recipient": { "id": page },
                "timestamp": 1_600_000_000_000_i64,
                "message": { "mid": mid, "text": text },
            }],
        }],
    });
    // Written with spaces, so that writing the same JSON anew gives other bytes.
    serde_json::to_vec_pretty(&body).unwrap()
}

fn config(story: &str, folder: &Path) -> String {
    let folder = folder.display();
    let channel = |name: &str, page: &str, secret: &str| {
        format!(
            "[[channel]]\nid = \"{story}-{name}\"\nkind = \"messenger\"\nname = \"{name}\"\napi_url = \"http://127.0.0.1:9\"\n\
             page_id = \"{page}\"\naccess_token = \"EAA{name}\"\nverify_token = \"verify-me\"\napp_secret = \"{secret}\"\n"
        )
    };
    format!(
        "[company]\nname = \"Acme\"\n[relay]\nlisten = \"127.0.0.1:0\"\ndata_dir = \"{folder}\"\n\
         [store]\nurl = \"sqlite:desk.db\"\n{}{}",
        channel("page", PAGE, SECRET),
        channel("other", OTHER_PAGE, OTHER_SECRET),
    )
}

fn metrics() -> Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(|| telemetry::count().unwrap()).clone()
}

/// Counts panics of all tasks: a runtime swallows those of tasks that nobody waits for.
fn panics() -> usize {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    static HOOKED: OnceLock<()> = OnceLock::new();
    HOOKED.get_or_init(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            report(panic);
        }));
    });
    PANICS.load(Ordering::SeqCst)
}
