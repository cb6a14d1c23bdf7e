//! The pure half put together for the loop: the state, what changes it, what draws it.

use std::io::Write;

use shared::model::{OperatorId, Timestamp};
use shared::protocol::ResumePoint;

use crate::DeskOptions;
use crate::app::{App, AppOptions, next_deadline};
use crate::drafts::{Drafts, DraftsError, LoadedDrafts};
use crate::effect::Effect;
use crate::input::Input;
use crate::runtime::{Clock, Core, DeskError};
use crate::terminal::Caret;
use crate::update::{leave, update};
use crate::view::{ViewCache, caret, view};

/// One operator's desk.
pub(crate) struct Desk {
    app: App,
    cache: ViewCache,
}

impl Desk {
    /// The desk as it starts: with the drafts of last time, and nothing known of the relay.
    pub(crate) fn open<W: Write>(
        options: &DeskOptions<W>,
        clock: Clock,
    ) -> Result<Self, DeskError> {
        let now = clock.now();
        let loaded = match &options.drafts {
            Some(file) => file.load(now.0 / 1_000)?,
            None => LoadedDrafts {
                drafts: Drafts::default(),
                damaged: None,
            },
        };
        let (columns, rows) = options.terminal.size()?;
        let settings = &options.settings;
        let app_options = AppOptions {
            operator: OperatorId(options.login.clone()),
            language: settings.language,
            is_language_own: settings.is_language_own,
            theme: settings.theme,
            is_theme_own: settings.is_theme_own,
            borders: settings.borders,
            layouts: settings.layouts.clone(),
            keys: settings.keys.clone(),
            preset: settings.preset.clone(),
            // Without chance the moment still differs from start to start.
            seed: getrandom::u64().unwrap_or(now.0.unsigned_abs()),
            drafts: loaded.drafts,
            has_browser: options.terminal.surroundings().has_browser,
            has_simple_emoji: options.terminal.surroundings().is_multiplexed,
        };
        let mut app = App::new(app_options, columns, rows, now);
        if let Some(aside) = loaded.damaged {
            let file = aside.display().to_string();
            let values = [("file", file.into())];
            let text = settings.language.tr("error-drafts-damaged", &values);
            app.say(text.into_owned());
        }
        Ok(Self {
            app,
            cache: ViewCache::default(),
        })
    }
}

impl Core for Desk {
    fn update(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        update(&mut self.app, input, now)
    }

    fn view(&mut self, frame: &mut ratatui::Frame<'_>) {
        view(&self.app, &mut self.cache, frame);
    }

    fn caret(&self) -> Caret {
        caret(&self.app).map_or(Caret::Usual, |(_, caret)| caret)
    }

    fn next_deadline(&self, now: Timestamp) -> Option<Timestamp> {
        next_deadline(&self.app, now)
    }

    fn resume_point(&self) -> Option<ResumePoint> {
        self.app.resume_point()
    }

    fn drafts(&self) -> &Drafts {
        self.app.drafts()
    }

    fn drafts_not_saved(&mut self, error: &DraftsError) {
        let values = [("cause", error.to_string().into())];
        let text = self.app.language.tr("error-drafts-save", &values);
        self.app.say(text.into_owned());
    }

    fn leave(&mut self, now: Timestamp) -> Vec<Effect> {
        leave(&mut self.app, now)
    }
}
