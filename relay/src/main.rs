//! The program `deskwire-relay`.

use std::process::ExitCode;

fn main() -> ExitCode {
    relay::cli::main()
}
