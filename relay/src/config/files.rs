//! `[files]`: what is kept of what visitors send, where, and for how long (F-01 … F-03).

use std::path::Path;
use std::time::Duration;

use crate::files::{FileRules, Place, S3};

use super::section::Section;

/// MiB of one file (F-01).
const MAX_MIB: u32 = 40;
/// No more than this: a platform takes no more.
const MOST_MIB: u32 = 2048;
/// Days (F-02).
const KEEP_DAYS: u32 = 90;
/// Ten years.
const MOST_DAYS: u32 = 3660;

pub(super) fn read(section: &Section<'_, '_>, data_dir: &Path) -> FileRules {
    let max_mib = section.number("max_mib", MAX_MIB, MOST_MIB);
    let keep_days = section.number("keep_days", KEEP_DAYS, MOST_DAYS);
    for (key, value) in [("max_mib", max_mib), ("keep_days", keep_days)] {
        if value == 0 {
            section.fault(
                section.place(key),
                format!("files.{key}: expected at least 1"),
            );
        }
    }
    FileRules {
        place: place(section, data_dir),
        max_size: u64::from(max_mib) << 20,
        keep_for: Duration::from_secs(u64::from(keep_days) * 86_400),
        kinds: kinds(section),
    }
}

fn kinds(section: &Section<'_, '_>) -> Vec<String> {
    let mut kinds = section.texts("kinds");
    for kind in &mut kinds {
        *kind = kind.trim_start_matches('.').to_lowercase();
        let is_ending = !kind.is_empty() && kind.chars().all(char::is_alphanumeric);
        if !is_ending {
            let message = format!("files.kinds {kind:?}: expected endings such as \"pdf\"");
            section.fault(section.place("kinds"), message);
        }
    }
    kinds
}

fn place(section: &Section<'_, '_>, data_dir: &Path) -> Place {
    let place = section.text_or("place", "files");
    let Some(bucket) = place.strip_prefix("s3://") else {
        for key in ["endpoint", "region", "access_key"] {
            section.unread(key);
        }
        section.maybe_secret("secret_key");
        return Place::Folder(data_dir.join(place));
    };
    let (bucket, folder) = bucket.split_once('/').unwrap_or((bucket, ""));
    if bucket.is_empty() {
        let message = format!("files.place {place:?}: expected s3://BUCKET or s3://BUCKET/FOLDER");
        section.fault(section.place("place"), message);
    }
    let endpoint = section.text("endpoint");
    let is_web = |text: &String| {
        url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
    };
    if let Some(endpoint) = endpoint.as_ref().filter(|endpoint| !is_web(endpoint)) {
        let message = format!(
            "files.endpoint {endpoint:?}: expected an address such as https://s3.acme.example"
        );
        section.fault(section.place("endpoint"), message);
    }
    Place::S3(S3 {
        bucket: bucket.to_owned(),
        folder: folder.trim_matches('/').to_owned(),
        endpoint,
        region: section.text_or("region", "us-east-1"),
        access_key: section.required("access_key"),
        secret_key: section.secret("secret_key"),
    })
}
