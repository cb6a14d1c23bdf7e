//! From the config to channels: the only place that knows every kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::model::ChannelId;

use crate::config::{Config, Platform};

use super::Channel;
use super::messenger::Messenger;

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
            Platform::NotBuilt => None,
        });
    built.collect()
}
