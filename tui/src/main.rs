//! The program `deskwire`: arguments in, exit code out. Everything else is the library's.

fn main() -> std::process::ExitCode {
    tui::cli::run()
}
