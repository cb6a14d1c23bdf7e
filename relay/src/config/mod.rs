//! The one TOML file (ADM-01). A file with a fault gives no config at all, and every fault is said at once (ADM-02).

mod addresses;
mod channels;
mod desk;
mod fault;
mod files;
mod languages;
mod locate;
mod people;
mod read;
mod reload;
mod secret;
mod section;
mod settings;
mod shelf;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use zeroize::Zeroizing;

use shared::model::{
    Abilities, CategoryTree, ChannelId, ChannelProfile, Company, Department, DeskSettings,
    Operator, OperatorId, Policy, Template, Timeouts,
};

pub use addresses::Addresses;
pub use channels::{ChannelConfig, Platform};
pub use fault::Fault;
pub use locate::{default_data_folder, locate};
pub use reload::{Reload, watch};
pub use settings::Setting;

use crate::channels::{http, messenger, ok, telegram, viber, vk, whatsapp};
use crate::files::FileRules;

/// Everything the file says, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[company]`.
    pub company: Company,
    /// `[relay]`.
    pub relay: RelayConfig,
    /// `[store] url`, resolved: the SQLite file.
    pub store: PathBuf,
    /// `[files]`.
    pub files: FileRules,
    /// `[[department]]`.
    pub departments: Vec<Department>,
    /// `[[operator]]`.
    pub operators: Vec<Operator>,
    /// The hash of each operator's password; without one they cannot log in with a password.
    pub password_hashes: Arc<HashMap<OperatorId, SecretString>>,
    /// `[[channel]]`.
    pub channels: Vec<ChannelConfig>,
    /// `[categories]`.
    pub categories: CategoryTree,
    /// `[[template]]`.
    pub templates: Vec<Template>,
    /// `[assignment] hide_others`.
    pub hide_others: bool,
    /// `[timeouts]`.
    pub timeouts: Timeouts,
    /// `[crm] url`.
    pub crm_url: Option<String>,
    /// `[desk]`.
    pub desk: DeskSettings,
}

/// `[relay]`.
#[derive(Debug, Clone)]
pub struct RelayConfig {
    /// Where desks and platforms come in.
    pub listen: SocketAddr,
    /// What platforms are told.
    pub public_url: Option<String>,
    /// Where metrics are served, if at all.
    pub metrics_listen: Option<SocketAddr>,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// From where desks may come.
    pub allowed: Addresses,
    /// `[relay.tls]`.
    pub tls: Option<TlsFiles>,
}

/// `[relay.tls]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// PEM: the certificate and what it hangs on.
    pub cert: PathBuf,
    /// PEM: its key.
    pub key: PathBuf,
}

/// A file that was read.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// None: it has faults.
    pub config: Option<Config>,
    /// Faults, and warnings.
    pub faults: Vec<Fault>,
    /// Every key that was read, with what is in force.
    pub settings: Vec<Setting>,
}

/// The largest file that is read.
const FILE_LIMIT: usize = 1 << 20;

/// Reads and checks a file.
pub fn load(file: &Path) -> Loaded {
    let fault = |message: String| Loaded {
        config: None,
        faults: vec![Fault {
            file: file.to_owned(),
            line: 1,
            column: 1,
            message,
            is_warning: false,
        }],
        settings: vec![],
    };
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return fault(format!("could not read the file: {error}")),
    };
    if bytes.len() > FILE_LIMIT {
        return fault("the file is larger than 1 MiB".to_owned());
    }
    match String::from_utf8(bytes) {
        Ok(text) => read::read(file, &Zeroizing::new(text), secret::is_open(file)),
        Err(_) => fault("the file is not UTF-8 text".to_owned()),
    }
}

/// Checks a text as if it stood in that file.
pub fn parse(file: &Path, text: &str) -> Loaded {
    read::read(file, text, false)
}

impl Config {
    /// Returns where a platform calls a channel; none: `relay.public_url` is not set.
    pub fn webhook_address(&self, channel: &ChannelId) -> Option<String> {
        let public = self.relay.public_url.as_deref()?;
        Some(channels::webhook_address(public, channel.as_str()))
    }

    /// Returns what of `new` a running relay cannot put in force: it is read only at the start (ADM-03).
    pub fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        let (stores, files) = (self.store != new.store, self.files != new.files);
        let (old, new) = (&self.relay, &new.relay);
        let changed = [
            ("relay.listen", old.listen != new.listen),
            (
                "relay.metrics_listen",
                old.metrics_listen != new.metrics_listen,
            ),
            ("relay.data_dir", old.data_dir != new.data_dir),
            ("relay.tls", old.tls != new.tls),
            ("store.url", stores && old.data_dir == new.data_dir),
            ("[files]", files && old.data_dir == new.data_dir),
        ];
        changed
            .into_iter()
            .filter_map(|(key, is_changed)| is_changed.then_some(key))
            .collect()
    }

    /// Returns what rules and desks need of it; no secret.
    pub fn policy(&self) -> Policy {
        Policy {
            company: self.company.clone(),
            departments: self.departments.clone(),
            operators: self.operators.clone(),
            channels: self.channels.iter().map(profile).collect(),
            categories: self.categories.clone(),
            templates: self.templates.clone(),
            hide_others: self.hide_others,
            timeouts: self.timeouts,
            desk: self.desk.clone(),
            crm_url: self.crm_url.clone(),
        }
    }
}

fn profile(channel: &ChannelConfig) -> ChannelProfile {
    ChannelProfile {
        id: channel.id.clone(),
        kind: channel.kind.clone(),
        name: channel.name.clone(),
        active: channel.active,
        language: channel.language.clone(),
        department: channel.department.clone(),
        operator: channel.operator.clone(),
        on_return: channel.on_return,
        abilities: abilities(&channel.platform),
    }
}

fn abilities(platform: &Platform) -> Abilities {
    match platform {
        Platform::Messenger(settings) => messenger::abilities(settings.human_agent),
        Platform::Telegram(_) => telegram::abilities(),
        Platform::Whatsapp(_) => whatsapp::abilities(),
        Platform::Viber(_) => viber::abilities(),
        Platform::Vk(_) => vk::abilities(),
        Platform::Ok(_) => ok::abilities(),
        Platform::Http(_) => http::abilities(),
        Platform::NotBuilt => Abilities {
            human_window: None,
            starts_chats: false,
            ..messenger::abilities(false)
        },
    }
}
