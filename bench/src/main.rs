//! `cargo run --release -p bench -- --driver PATH`: every figure that the relay is held to, in rounds, each beside a floor
//! measured in the same round. Prints a table; fails at nothing but its own set-up.

mod driver;
mod process;
mod relay;
mod report;
mod rows;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use driver::Driver;
use report::Figure;
use rows::{ROWS, Row};

/// Signs the load driver's bodies; the floor and the relay are told it.
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Measures the built relay beside floors.
#[derive(Parser)]
struct Words {
    /// The load driver's program, dwbench
    #[arg(long, env = "DWBENCH")]
    driver: PathBuf,
    /// Where databases are made: the disk that is measured
    #[arg(long, default_value = ".")]
    scratch: PathBuf,
    /// Rounds of each row; the median counts
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds of each load
    #[arg(long, default_value_t = 6)]
    secs: u32,
    /// Messages of the rows about a full store
    #[arg(long, default_value_t = 1_000_000)]
    stored: u64,
    /// A shared library that makes every flush slower, for the rows `slow-disk` and `written`
    #[arg(long)]
    interposer: Option<PathBuf>,
    /// Which rows; none: all
    rows: Vec<String>,
}

/// What every row works with.
struct Bench {
    driver: Driver,
    scratch: PathBuf,
    rounds: u32,
    secs: u32,
    stored: u64,
    interposer: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Words::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(words: Words) -> anyhow::Result<()> {
    let chosen: Vec<&Row> = if words.rows.is_empty() {
        ROWS.iter().collect()
    } else {
        words
            .rows
            .iter()
            .map(|name| rows::find(name))
            .collect::<anyhow::Result<_>>()?
    };
    let bench = Bench {
        driver: Driver::new(words.driver)?,
        scratch: words.scratch,
        rounds: words.rounds,
        secs: words.secs,
        stored: words.stored,
        interposer: words.interposer,
    };
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut figures: Vec<Figure> = vec![];
        for row in chosen {
            complain(&format!("measuring {}: {}", row.name, row.what));
            let measured = rows::measure(row, &bench).await?;
            complain(&report::table(&measured));
            figures.extend(measured);
        }
        say(&report::table(&figures));
        Ok(())
    })
}

/// Returns a port that is free now.
fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?
        .local_addr()?
        .port())
}

#[expect(clippy::print_stdout, reason = "a program that prints a table")]
fn say(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "progress and faults")]
fn complain(text: &str) {
    eprintln!("{text}");
}
