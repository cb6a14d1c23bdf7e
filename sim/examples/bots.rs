//! Runs the simulated bot servers for clients of others: prints where they are as one line of JSON, and ends with its input.
//!
//! Somebody called Ольга writes to both bots every second.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::time::Duration;

use serde_json::json;
use sim::telegram::{BotApi, BotOptions};
use sim::viber;
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let telegram = BotApi::start(BotOptions::default()).await?;
    let viber = viber::Bot::start(viber::BotOptions::default()).await?;
    println!(
        "{}",
        json!({
            "telegram": { "url": telegram.url(), "token": telegram.token() },
            "viber": { "url": viber.url(), "token": viber.token() },
        })
    );
    let olga = telegram.person(5_000_000_001, "Ольга", "Пример");
    let olga_on_viber = viber.person("xy5/5y6O81+/kbSAMPLE==", "Ольга");
    let writing = async {
        loop {
            olga.writes("Здравствуйте 👋🏽");
            olga_on_viber.writes("Вітаю 👋🏽");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let mut rest = vec![];
    let mut stdin = tokio::io::stdin();
    tokio::select! {
        () = writing => {}
        ended = stdin.read_to_end(&mut rest) => drop(ended?),
    }
    telegram.stop().await;
    viber.stop().await;
    Ok(())
}
