//! The program `deskwire-relay`.

use std::process::ExitCode;

/// Messages are made of dozens of small pieces, most of them freed on another thread than the one that made them: the
/// system's allocator spent a quarter of the relay's time on that.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    relay::cli::main()
}
