//! Where the config and the data are when nobody says.

use std::path::{Path, PathBuf};

use directories::ProjectDirs;

/// The variable that names the config.
const VARIABLE: &str = "DESKWIRE_CONFIG";

/// Returns the config to read: as told, `DESKWIRE_CONFIG`, `./config.toml`, the platform's config folder.
pub fn locate(told: Option<&Path>) -> PathBuf {
    if let Some(path) = told {
        return path.to_owned();
    }
    if let Some(path) = std::env::var_os(VARIABLE) {
        return path.into();
    }
    let here = PathBuf::from("config.toml");
    if here.exists() {
        return here;
    }
    match folders() {
        Some(folders) => folders.config_dir().join("config.toml"),
        None => here,
    }
}

/// Returns the platform's data folder.
pub fn default_data_folder() -> PathBuf {
    folders().map_or_else(
        || PathBuf::from("data"),
        |folders| folders.data_dir().to_owned(),
    )
}

fn folders() -> Option<ProjectDirs> {
    ProjectDirs::from("", "", "deskwire")
}
