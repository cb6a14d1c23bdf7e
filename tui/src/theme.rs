//! Colours and frames. A theme gives each [`Token`] a style; views ask for tokens, never for colours, and never say
//! anything by colour alone.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;

/// What a piece of the screen means, independent of how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    Text,
    Dim,
    Accent,
    /// SLA stage under half of the target; good news.
    Ok,
    /// SLA stage from half to the target.
    Soon,
    /// SLA stage past the target.
    Late,
    Note,
    Visitor,
    Mine,
    System,
    Border,
    Selection,
    Error,
    Banner,
}

impl Token {
    /// Every token, for tests and theme listings.
    pub const ALL: [Self; 14] = [
        Self::Text,
        Self::Dim,
        Self::Accent,
        Self::Ok,
        Self::Soon,
        Self::Late,
        Self::Note,
        Self::Visitor,
        Self::Mine,
        Self::System,
        Self::Border,
        Self::Selection,
        Self::Error,
        Self::Banner,
    ];
}

/// A built-in theme. All but [`Theme::Mono`] use the terminal's own 16 colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    #[default]
    Dark,
    Light,
    Contrast,
    /// No colour at all, only weight and reversal: for `NO_COLOR` and paper-white terminals.
    Mono,
}

impl Theme {
    /// Every theme by its name in the config.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("dark", Self::Dark),
        ("light", Self::Light),
        ("contrast", Self::Contrast),
        ("mono", Self::Mono),
    ];

    /// Returns the theme the config names.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, theme)| *theme)
    }

    /// Returns this theme, or [`Theme::Mono`] if the environment's `NO_COLOR` asks for it (set and not empty).
    #[must_use]
    pub fn obeying(self, no_color: Option<&str>) -> Self {
        if no_color.is_some_and(|value| !value.is_empty()) {
            Self::Mono
        } else {
            self
        }
    }

    /// Returns how `token` looks in this theme.
    pub fn style(self, token: Token) -> Style {
        match self {
            Self::Dark => dark(token),
            Self::Light => light(token),
            Self::Contrast => contrast(token),
            Self::Mono => mono(token),
        }
    }

    /// Returns how a waiting time past twice its target looks: the fourth SLA stage.
    pub fn overdue(self) -> Style {
        self.style(Token::Late).add_modifier(Modifier::REVERSED)
    }
}

fn plain() -> Style {
    Style::new()
}

fn dark(token: Token) -> Style {
    match token {
        Token::Text | Token::Visitor => plain(),
        Token::Dim | Token::Border => plain().fg(Color::DarkGray),
        Token::Accent => plain().fg(Color::Cyan).add_modifier(Modifier::BOLD),
        Token::Ok => plain().fg(Color::Green),
        Token::Soon => plain().fg(Color::Yellow),
        Token::Late => plain().fg(Color::LightRed).add_modifier(Modifier::BOLD),
        Token::Note => plain().fg(Color::LightYellow),
        Token::Mine => plain().fg(Color::LightCyan),
        Token::System => plain().fg(Color::Gray).add_modifier(Modifier::DIM),
        Token::Selection => plain().add_modifier(Modifier::REVERSED),
        Token::Error => plain().fg(Color::LightRed),
        Token::Banner => plain().fg(Color::Black).bg(Color::Yellow),
    }
}

fn light(token: Token) -> Style {
    match token {
        Token::Text | Token::Visitor => plain(),
        Token::Dim | Token::Border | Token::System => plain().fg(Color::DarkGray),
        Token::Accent => plain().fg(Color::Blue).add_modifier(Modifier::BOLD),
        Token::Ok => plain().fg(Color::Green),
        // Yellow on a light ground cannot be read.
        Token::Soon | Token::Note => plain().fg(Color::Magenta),
        Token::Late => plain().fg(Color::Red).add_modifier(Modifier::BOLD),
        Token::Mine => plain().fg(Color::Blue),
        Token::Selection => plain().add_modifier(Modifier::REVERSED),
        Token::Error => plain().fg(Color::Red),
        Token::Banner => plain().fg(Color::White).bg(Color::Red),
    }
}

fn contrast(token: Token) -> Style {
    let bold = plain().add_modifier(Modifier::BOLD);
    match token {
        Token::Text | Token::Visitor | Token::Dim | Token::Border | Token::System => plain(),
        Token::Accent | Token::Mine => bold.fg(Color::LightCyan),
        Token::Ok => bold.fg(Color::LightGreen),
        Token::Soon => bold.fg(Color::LightYellow),
        Token::Late | Token::Error => bold.fg(Color::White).bg(Color::Red),
        Token::Note => plain().fg(Color::Black).bg(Color::LightYellow),
        Token::Selection => bold.add_modifier(Modifier::REVERSED),
        Token::Banner => bold.fg(Color::Black).bg(Color::LightYellow),
    }
}

fn mono(token: Token) -> Style {
    match token {
        Token::Text | Token::Visitor | Token::Mine | Token::Ok => plain(),
        Token::Dim | Token::Border | Token::System => plain().add_modifier(Modifier::DIM),
        Token::Accent | Token::Soon => plain().add_modifier(Modifier::BOLD),
        Token::Late | Token::Error => {
            plain().add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED))
        }
        Token::Note => plain().add_modifier(Modifier::ITALIC.union(Modifier::UNDERLINED)),
        Token::Selection | Token::Banner => plain().add_modifier(Modifier::REVERSED),
    }
}

/// What frames and dividers are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Borders {
    /// `+--+` and `|`, readable everywhere; `--ascii` forces them.
    #[default]
    Ascii,
    /// Box-drawing characters.
    Lines,
}

const ASCII: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

impl Borders {
    /// Returns the characters of a frame.
    pub fn frame(self) -> border::Set<'static> {
        match self {
            Self::Ascii => ASCII,
            Self::Lines => border::PLAIN,
        }
    }

    /// Returns the character of a divider between panes side by side.
    pub fn vertical(self) -> &'static str {
        self.frame().vertical_left
    }

    /// Returns the character of a divider between panes above each other.
    pub fn horizontal(self) -> &'static str {
        self.frame().horizontal_top
    }

    /// Returns the character of a divider that says that another mode is on.
    pub fn double(self) -> &'static str {
        match self {
            Self::Ascii => "=",
            Self::Lines => "═",
        }
    }

    /// Returns the character where a horizontal divider leaves a vertical one to the right.
    pub fn branch(self) -> &'static str {
        match self {
            Self::Ascii => "|",
            Self::Lines => "├",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn themes_are_found_by_their_names() {
        assert_eq!(Theme::named("light"), Some(Theme::Light));
        assert_eq!(Theme::named("solarized"), None);
        for (name, theme) in Theme::NAMED {
            assert_eq!(Theme::named(name), Some(theme));
        }
    }

    #[test]
    fn no_color_wins_over_the_theme_only_when_it_is_not_empty() {
        assert_eq!(Theme::Dark.obeying(Some("1")), Theme::Mono);
        assert_eq!(Theme::Dark.obeying(Some("")), Theme::Dark);
        assert_eq!(Theme::Light.obeying(None), Theme::Light);
    }

    #[test]
    fn the_mono_theme_has_no_colour() {
        for token in Token::ALL {
            let style = Theme::Mono.style(token);
            assert_eq!((style.fg, style.bg), (None, None), "{token:?}");
        }
        assert_eq!(
            (Theme::Mono.overdue().fg, Theme::Mono.overdue().bg),
            (None, None)
        );
    }

    #[test]
    fn the_sla_stages_differ_in_every_theme() {
        for (name, theme) in Theme::NAMED {
            let stages = [
                theme.style(Token::Ok),
                theme.style(Token::Soon),
                theme.style(Token::Late),
                theme.overdue(),
            ];
            for (index, stage) in stages.iter().enumerate() {
                assert!(
                    !stages[..index].contains(stage),
                    "{name}: stage {index} looks like an earlier one"
                );
            }
        }
    }

    #[test]
    fn notes_never_look_like_replies() {
        for (name, theme) in Theme::NAMED {
            assert_ne!(theme.style(Token::Note), theme.style(Token::Mine), "{name}");
        }
    }

    #[test]
    fn ascii_frames_are_ascii() {
        let frame = Borders::Ascii.frame();
        let drawn = [
            frame.top_left,
            frame.vertical_left,
            frame.horizontal_top,
            Borders::Ascii.branch(),
        ]
        .concat();
        assert!(drawn.is_ascii());
        assert_eq!(Borders::Lines.vertical(), "│");
    }
}
