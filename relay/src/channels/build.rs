//! From the config to channels: the only place that knows every kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::model::ChannelId;

use crate::config::{Config, Platform};

use super::Channel;
use super::http::Http;
use super::messenger::Messenger;
use super::telegram::{Receive, Telegram};
use super::viber::Viber;

/// Returns the channels of a config. A switched-off one still answers its platform (CH-12).
pub fn build(config: &Config, client: &reqwest::Client) -> BTreeMap<ChannelId, Arc<dyn Channel>> {
    let built = config
        .channels
        .iter()
        .filter_map(|channel| match &channel.platform {
            Platform::Messenger(settings) => {
                let messenger: Arc<dyn Channel> =
                    Arc::new(Messenger::new(settings.clone(), client.clone()));
                Some((channel.id.clone(), messenger))
            }
            Platform::Telegram(settings) => {
                let mut settings = settings.clone();
                if let Receive::Webhook { address, .. } = &mut settings.receive {
                    *address = webhook_address(config, &channel.id);
                }
                let telegram: Arc<dyn Channel> = Arc::new(Telegram::new(settings, client.clone()));
                Some((channel.id.clone(), telegram))
            }
            Platform::Viber(settings) => {
                let mut settings = settings.clone();
                settings.address = webhook_address(config, &channel.id);
                let viber: Arc<dyn Channel> = Arc::new(Viber::new(settings, client.clone()));
                Some((channel.id.clone(), viber))
            }
            Platform::Http(settings) => {
                let http: Arc<dyn Channel> = Arc::new(Http::new(settings.clone(), client.clone()));
                Some((channel.id.clone(), http))
            }
            Platform::NotBuilt => None,
        });
    built.collect()
}

/// Where a platform calls for a channel (`interface.md`, HTTP addresses); none: the relay does not know its own address.
fn webhook_address(config: &Config, channel: &ChannelId) -> Option<String> {
    let public_url = config.relay.public_url.as_deref()?;
    Some(format!(
        "{}/webhooks/{channel}",
        public_url.trim_end_matches('/')
    ))
}
