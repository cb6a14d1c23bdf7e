//! demo
use std::process::ExitCode;
pub(super) fn demo(_no_desk: bool) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
