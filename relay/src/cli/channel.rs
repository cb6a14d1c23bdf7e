//! `deskwire-relay channel`: asks the running relay how its channels are, and takes them off their accounts and back
//! (CH-13, CH-15).

use std::path::Path;
use std::process::ExitCode;

use shared::model::{ChannelId, ChannelState};
use shared::text::clean_line;

use crate::channels::build::build;
use crate::config::Config;
use crate::control::{Answer, ChannelLine, Request, Wish, ask};

use super::args::ChannelCommand;

pub(super) fn channel(told: Option<&Path>, command: ChannelCommand) -> anyhow::Result<ExitCode> {
    let config = super::load(told)?;
    let link = |id, wish| Request::Link {
        channel: ChannelId(id),
        wish,
    };
    let request = match command {
        ChannelCommand::List => Request::Channels,
        ChannelCommand::Setup { id } => return set_up(&config, &ChannelId(id)),
        ChannelCommand::Unlink { id } => link(id, Wish::Unlink),
        ChannelCommand::Relink { id } => link(id, Wish::Relink),
        ChannelCommand::Recover { id } => link(id, Wish::Recover),
    };
    super::block_on(async move { tell(ask(&config.relay.data_dir, &request).await?) })
}

/// The relay does it, for a platform may ask it whether the address is ours; what is left for people is said in any case.
fn set_up(config: &Config, id: &ChannelId) -> anyhow::Result<ExitCode> {
    let request = Request::Link {
        channel: id.clone(),
        wish: Wish::SetUp,
    };
    let answer = super::block_on(async { Ok(ask(&config.relay.data_dir, &request).await?) })?;
    if let Some(channel) = build(config, &reqwest::Client::new()).get(id) {
        super::say_by_hand(config, id, &**channel);
    }
    tell(answer)
}

fn tell(answer: Answer) -> anyhow::Result<ExitCode> {
    match answer {
        Answer::Channels { channels } => {
            for line in table(&channels) {
                super::say(&line);
            }
        }
        Answer::Done { text } => super::say(&text),
        Answer::Failed { text } => anyhow::bail!(text),
    }
    Ok(ExitCode::SUCCESS)
}

/// Id, platform, state and name in columns; what is wrong at the end of its line.
fn table(channels: &[ChannelLine]) -> Vec<String> {
    let ids = channels.iter().map(|line| line.id.as_str().len()).max();
    let kinds = channels.iter().map(|line| line.kind.len()).max();
    let (ids, kinds) = (ids.unwrap_or(0), kinds.unwrap_or(0));
    let row = |line: &ChannelLine| {
        let (state, why) = match &line.state {
            ChannelState::Unknown => ("not asked yet", None),
            ChannelState::Working => ("works", None),
            ChannelState::Broken { reason } => ("broken", Some(reason)),
            ChannelState::Inactive => ("switched off", None),
            ChannelState::Unlinked => ("unlinked", None),
        };
        let name = clean_line(&line.name);
        let why = why.map_or_else(String::new, |why| format!(": {}", clean_line(why)));
        format!(
            "{:ids$}  {:kinds$}  {state:13}  {name}{why}",
            line.id.as_str(),
            line.kind
        )
    };
    channels.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_stands_in_columns_and_says_why() {
        let line = |id: &str, kind: &str, state| ChannelLine {
            id: id.into(),
            kind: kind.to_owned(),
            name: "Acme\u{1b}[2J".to_owned(),
            state,
        };
        let reason = "the token was refused".to_owned();
        let channels = [
            line("page", "messenger", ChannelState::Working),
            line("acme-vk", "vk", ChannelState::Broken { reason }),
            line("bot", "telegram", ChannelState::Unlinked),
        ];
        let expected = [
            "page     messenger  works          Acme",
            "acme-vk  vk         broken         Acme: the token was refused",
            "bot      telegram   unlinked       Acme",
        ];
        assert_eq!(table(&channels), expected);
    }
}
