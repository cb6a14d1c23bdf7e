//! Runs the simulated servers for clients of others: prints where they are as one line of JSON, and ends with its input.
//!
//! Somebody called Ольга writes to all of them every second.
#![expect(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::time::Duration;

use serde_json::json;
use sim::telegram::{BotApi, BotOptions};
use sim::viber;
use sim::whatsapp::{Number, NumberOptions};
use tokio::io::AsyncReadExt as _;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let telegram = BotApi::start(BotOptions::default()).await?;
    let viber = viber::Bot::start(viber::BotOptions::default()).await?;
    let whatsapp = Number::start(NumberOptions::default()).await?;
    let options = whatsapp.options();
    println!(
        "{}",
        json!({
            "telegram": { "url": telegram.url(), "token": telegram.token() },
            "viber": { "url": viber.url(), "token": viber.token() },
            "whatsapp": {
                "url": whatsapp.url(), "token": options.access_token, "number": options.phone_number_id,
                "account": options.waba_id, "secret": options.app_secret,
            },
        })
    );
    let olga = telegram.person(5_000_000_001, "Ольга", "Пример");
    let olga_on_viber = viber.person("xy5/5y6O81+/kbSAMPLE==", "Ольга");
    let olga_on_whatsapp = whatsapp.person("15550000001", "US.13491208655302741918", "Ольга");
    let writing = async {
        loop {
            olga.writes("Здравствуйте 👋🏽");
            olga_on_viber.writes("Вітаю 👋🏽");
            olga_on_whatsapp.writes("Здравствуйте 👋🏽");
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
    whatsapp.stop().await;
    Ok(())
}
