//! `deskwire-relay hash-password`.

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use zeroize::Zeroizing;

use crate::password;

pub(super) fn hash_password() -> anyhow::Result<ExitCode> {
    let password = Zeroizing::new(if std::io::stdin().is_terminal() {
        rpassword::prompt_password("Password: ")?
    } else {
        let mut line = Zeroizing::new(String::new());
        std::io::stdin().lock().read_line(&mut line)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    });
    anyhow::ensure!(
        !password.is_empty(),
        "the password is empty: write one line to standard input"
    );
    super::say(&password::hash(&password)?);
    Ok(ExitCode::SUCCESS)
}
