//! Any text is a config or has faults, each in its place; what is taken hangs together, and a secret is never shown.

use std::path::Path;

use relay::config::{Config, parse};
use shared::model::TemplateScope;
use tui::config::{Settings, parse as parse_settings};

use crate::promise;

/// What seeds write where a secret stands, and nowhere else.
const SECRET: &str = "s3cr3t";

pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    // A secret may stand in a file; nobody's files are read here.
    if !text.contains("file") {
        relay_config(&text);
    }
    desk_settings(&text);
}

fn relay_config(text: &str) {
    let loaded = parse(Path::new("/etc/deskwire/config.toml"), text);
    let lines: Vec<&str> = text.split('\n').collect();
    for fault in &loaded.faults {
        promise::is_inert_line(&fault.to_string());
        let line = lines.get(fault.line - 1);
        let line = line.expect("a fault stands on a line of the file");
        assert!(
            fault.column <= line.chars().count() + 1,
            "a fault stands in its line"
        );
    }
    let is_sound = loaded.faults.iter().all(|fault| fault.is_warning);
    assert_eq!(loaded.config.is_some(), is_sound, "a fault is not in force");
    if let Some(config) = loaded.config {
        hangs_together(&config);
        let shown = format!("{config:?}");
        assert!(
            !shown.contains(SECRET) || stands_elsewhere(text),
            "a secret is shown"
        );
    }
}

/// Whether the word stands at more places than those of secrets.
fn stands_elsewhere(text: &str) -> bool {
    let is_of_secret = |line: &str| {
        ["access_token", "verify_token", "app_secret"]
            .iter()
            .any(|key| line.trim_start().starts_with(key))
    };
    let mut lines = text.lines().filter(|line| line.contains(SECRET));
    !lines.all(is_of_secret)
}

/// What is named is there, and what must be one is one.
fn hangs_together(config: &Config) {
    let policy = config.policy();
    for operator in &policy.operators {
        let same = |other: &&_| **other == *operator;
        assert_eq!(
            policy.operators.iter().filter(same).count(),
            1,
            "a login is one person's"
        );
        for department in &operator.departments {
            assert!(
                policy.find_department(department).is_some(),
                "{department} is there"
            );
        }
    }
    for channel in &policy.channels {
        if let Some(department) = &channel.department {
            assert!(
                policy.find_department(department).is_some(),
                "{department} is there"
            );
        }
        if let Some(operator) = &channel.operator {
            assert!(
                policy.find_operator(operator).is_some(),
                "{operator} is there"
            );
        }
    }
    for template in &policy.templates {
        if let TemplateScope::Department { department } = &template.scope {
            assert!(
                policy.find_department(department).is_some(),
                "{department} is there"
            );
        }
    }
    let text = serde_json::to_string(&policy).expect("a policy can be sent");
    let again: shared::model::Policy = serde_json::from_str(&text).expect("a desk can read it");
    assert_eq!(again, policy, "desks know the same");
}

fn desk_settings(text: &str) {
    match parse_settings(text) {
        Ok(config) => {
            Settings::new(&config, |_| None);
        }
        Err(faults) => {
            assert!(!faults.is_empty(), "what is refused has a fault");
            for fault in faults {
                promise::is_inert_line(&fault.to_string());
            }
        }
    }
}
