//! Questions on the plain terminal, before or beside the desk's screen.

use std::io::{self, BufRead, IsTerminal, Write};

use shared::protocol::Login;

use crate::link::Server;

/// The password, for those who cannot be asked.
const PASSWORD: &str = "DESKWIRE_PASSWORD";

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub(super) enum QuestionError {
    #[error("could not ask for the password; set {PASSWORD}, or run deskwire on a terminal")]
    Password(#[source] io::Error),
    #[error("the task that asks for the password died")]
    Died,
}

/// Asks who is there. Nothing typed means the name of the account.
pub(super) fn login(server: &Server) -> io::Result<String> {
    if !io::stdin().is_terminal() {
        return Err(io::Error::other(
            "standard input is not a terminal; say --login NAME",
        ));
    }
    let mut out = io::stderr();
    write!(out, "Login at {server}: ")?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    match line.trim() {
        "" => Err(io::Error::other("no login was given; say --login NAME")),
        login => Ok(login.to_owned()),
    }
}

/// Returns the password of the environment, if there is one.
pub(super) fn password_from_environment() -> Option<String> {
    std::env::var(PASSWORD)
        .ok()
        .filter(|password| !password.is_empty())
}

/// Asks for a password without showing it.
pub(super) async fn password(server: Server, login: String) -> Result<Login, QuestionError> {
    let question = format!("Password of {login} at {server}: ");
    let asking = tokio::task::spawn_blocking(move || rpassword::prompt_password(question));
    let password = asking
        .await
        .or(Err(QuestionError::Died))?
        .map_err(QuestionError::Password)?;
    Ok(Login { login, password })
}
