//! From the config to channels: the only place that knows every kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use shared::model::ChannelId;

use crate::config::{Config, Platform};

use super::Channel;
use super::http::Http;
use super::messenger::Messenger;
use super::ok::Odnoklassniki;
use super::telegram::Telegram;
use super::viber::Viber;
use super::vk::Vk;
use super::whatsapp::Whatsapp;

/// Returns the channels of a config. A switched-off one still answers its platform (CH-12).
pub fn build(config: &Config, client: &reqwest::Client) -> BTreeMap<ChannelId, Arc<dyn Channel>> {
    let built = config.channels.iter().filter_map(|channel| {
        let of_platform = of(&channel.platform, client.clone())?;
        Some((channel.id.clone(), of_platform))
    });
    built.collect()
}

fn of(platform: &Platform, client: reqwest::Client) -> Option<Arc<dyn Channel>> {
    Some(match platform {
        Platform::Messenger(settings) => Arc::new(Messenger::new(settings.clone(), client)),
        Platform::Whatsapp(settings) => Arc::new(Whatsapp::new(settings.clone(), client)),
        Platform::Telegram(settings) => Arc::new(Telegram::new(settings.clone(), client)),
        Platform::Viber(settings) => Arc::new(Viber::new(settings.clone(), client)),
        Platform::Vk(settings) => Arc::new(Vk::new(settings.clone(), client)),
        Platform::Ok(settings) => Arc::new(Odnoklassniki::new(settings.clone(), client)),
        Platform::Http(settings) => Arc::new(Http::new(settings.clone(), client)),
        Platform::NotBuilt => return None,
    })
}
