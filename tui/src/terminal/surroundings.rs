//! What the environment tells about the terminal: which multiplexer is in between, which program draws. Pure: the variables
//! are arguments. Nothing is ever asked of the terminal itself, since an answer may take seconds.

use super::Notification;

/// What the desk may use here.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// tmux or screen stands in between.
    pub is_multiplexed: bool,
    /// Unambiguous keys may be asked for (kitty's "disambiguate"): outside multiplexers, unless switched off.
    pub has_certain_keys: bool,
    /// How the operator is called.
    pub notification: Notification,
    /// tmux passes sequences through when wrapped; only the operator knows, so only the config sets it.
    pub has_passthrough: bool,
    /// A browser can show itself: the desk runs where the operator sits.
    pub has_browser: bool,
}

impl Surroundings {
    /// Reads the environment through `variable`, which returns a variable's value.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name| variable(name).unwrap_or_default();
        let has = |name| !value(name).is_empty();
        let term = value("TERM");
        let is_multiplexed = has("TMUX")
            || has("STY")
            || has("ZELLIJ")
            || term.starts_with("tmux")
            || term.starts_with("screen");
        let notification = if is_multiplexed {
            Notification::Bell
        } else {
            notification(&term, value, has)
        };
        Self {
            is_multiplexed,
            has_certain_keys: !is_multiplexed && term != "linux",
            notification,
            has_passthrough: false,
            has_browser: !(has("SSH_CONNECTION") || has("SSH_TTY"))
                && (cfg!(target_os = "macos") || has("DISPLAY") || has("WAYLAND_DISPLAY")),
        }
    }

    /// Returns the bytes that call the operator with `text`.
    pub(super) fn render(self, text: &str) -> String {
        let bytes = self.notification.render(text);
        if self.is_multiplexed
            && self.has_passthrough
            && self.notification != Notification::Bell
            && !bytes.is_empty()
        {
            return format!("\x1bPtmux;{}\x1b\\", bytes.replace('\x1b', "\x1b\x1b"));
        }
        bytes
    }
}

fn notification(
    term: &str,
    value: impl Fn(&'static str) -> String,
    has: impl Fn(&'static str) -> bool,
) -> Notification {
    let program = value("TERM_PROGRAM").to_ascii_lowercase();
    if has("KITTY_WINDOW_ID") || term == "xterm-kitty" {
        Notification::Osc99
    } else if program == "iterm.app" {
        Notification::Osc9
    } else if matches!(program.as_str(), "ghostty" | "wezterm")
        || has("KONSOLE_VERSION")
        || ["foot", "rxvt", "xterm-ghostty"]
            .iter()
            .any(|name| term.starts_with(name))
    {
        Notification::Osc777
    } else {
        Notification::Bell
    }
}
