//! `deskwire` alone: opens the desk.

use anyhow::{Context, bail};
use futures_util::FutureExt;
use shared::protocol::Login;
use zeroize::Zeroizing;

use super::keep::TokenFile;
use super::{Look, Place, Seat, question, say_error};
use crate::config::{Config, Settings};
use crate::drafts::DraftFile;
use crate::link::{Credential, Server, Token};
use crate::runtime::{Clock, Ended, SignIn, Terminal};
use crate::terminal::{Surroundings, check_terminal};
use crate::{DeskOptions, run as run_desk};

pub(super) async fn run(place: &Place, look: &Look) -> anyhow::Result<()> {
    check_terminal()?;
    let Seat {
        server,
        login,
        mut config,
    } = place.find()?;
    config.theme = look.theme.or(config.theme);
    config.is_ascii |= look.ascii;
    let tokens = TokenFile::of(&server, &login)?;
    let credential = credential(&server, &login, &config, &tokens).await?;
    let variable = |name: &str| std::env::var(name).ok();
    let surroundings = config.adjust(Surroundings::from_environment(variable));
    let desk = run_desk(DeskOptions {
        sign_in: Some(sign_in(server.clone(), login.clone(), tokens, &credential)),
        drafts: Some(DraftFile::of(&server.to_string(), &login)?),
        terminal: Terminal::own(surroundings, config.keyboard.esc_wait)?,
        settings: Settings::new(&config, variable),
        server,
        login,
        credential,
    });
    let ended = Box::pin(desk).await?;
    match ended {
        Ended::Quit | Ended::TerminalGone | Ended::Signal => Ok(()),
        Ended::NotLoggedIn(sentence) => bail!(sentence),
    }
}

/// Finds what proves who this is: the operator's own command, a kept session, the environment, a question.
async fn credential(
    server: &Server,
    login: &str,
    config: &Config,
    tokens: &TokenFile,
) -> anyhow::Result<Credential> {
    if let Some(command) = &config.token_command {
        return Ok(Credential::Token(token_of(command).await?));
    }
    if let Some(token) = tokens.load(Clock::SYSTEM.now())? {
        return Ok(Credential::Token(token));
    }
    let login = match question::password_from_environment() {
        Some(password) => Login {
            login: login.to_owned(),
            password,
        },
        None => question::password(server, login).await?,
    };
    Ok(Credential::Password(login))
}

/// Runs `token_command` and takes the first line of what it prints.
async fn token_of(command: &[String]) -> anyhow::Result<Token> {
    let (program, arguments) = command
        .split_first()
        .context("token_command names no program")?;
    let output = tokio::process::Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::inherit())
        .stderr(std::process::Stdio::inherit())
        .output()
        .await
        .with_context(|| format!("could not run token_command {program}"))?;
    if !output.status.success() {
        bail!("token_command {program} failed: {}", output.status);
    }
    let printed = Zeroizing::new(output.stdout);
    let printed = String::from_utf8_lossy(&printed);
    match printed.lines().next().map(str::trim) {
        Some(token) if !token.is_empty() => Ok(Token::new(token)),
        _ => bail!("token_command {program} printed nothing"),
    }
}

/// What is done when the relay does not take the credential: a kept session is forgotten, the environment's password is
/// tried once if it was not the one, then the operator is asked.
fn sign_in(server: Server, login: String, tokens: TokenFile, first: &Credential) -> SignIn {
    let is_from_environment = question::password_from_environment().is_some();
    let mut is_tried = matches!(first, Credential::Password(_));
    Box::new(move |sentence| {
        let (server, login, tokens) = (server.clone(), login.clone(), tokens.clone());
        let was_tried = std::mem::replace(&mut is_tried, true);
        async move {
            if let Err(error) = tokens.forget() {
                tracing::warn!(error = &error as &dyn std::error::Error, "not forgotten");
            }
            if is_from_environment {
                let password = question::password_from_environment().filter(|_| !was_tried)?;
                return Some(Credential::Password(Login { login, password }));
            }
            say_error(&sentence);
            let answer = question::password(&server, &login).await;
            answer.map(Credential::Password).ok()
        }
        .boxed()
    })
}
