//! The config changes under a running relay (ADM-03, invariant 12).

use shared::model::Role;
use shared::protocol::ServerFrame;

use crate::harness::World;

const PSID: &str = "7412589630147852";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_category_reaches_the_desks_and_a_bad_file_changes_nothing() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    world
        .relay
        .rewrite_config(|text| text.replace("VIP\n", "VIP\nWholesale\n"));
    anna.wait("the new category", |seen| {
        seen.frames.iter().any(|frame| match frame {
            ServerFrame::Policy { policy } => policy
                .categories
                .list
                .iter()
                .any(|category| category.path.0 == ["Wholesale"]),
            _ => false,
        })
    })
    .await;

    world
        .relay
        .rewrite_config(|text| text.replace("[company]", "[compnay]"));
    crate::harness::eventually("the fault is in the log", || {
        let said = world.relay.log().contains("compnay");
        async move { said }
    })
    .await;
    world.graph.visitor(PSID).writes("still served");
    anna.chat_saying("still served").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_switched_off_channel_keeps_what_comes_and_shows_it_when_it_is_switched_on() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    world
        .relay
        .rewrite_config(|text| text.replace("active = true", "active = false"));
    anna.wait("the policy", |seen| {
        let is_off = |frame: &ServerFrame| {
            matches!(frame, ServerFrame::Policy { policy } if !policy.channels[0].active)
        };
        seen.frames.iter().any(is_off)
    })
    .await;
    world.graph.visitor(PSID).writes("is anybody there?");
    world
        .graph
        .wait_until_delivered(crate::harness::PATIENCE)
        .await
        .expect("still acknowledged");
    crate::harness::desk::settle(&anna).await;
    assert!(anna.look(|seen| seen.chats.is_empty()), "not shown");

    world
        .relay
        .rewrite_config(|text| text.replace("active = false", "active = true"));
    anna.chat_saying("is anybody there?").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bad_file_is_ever_in_force() {
    let world = World::start().await;
    let anna = world.desk("anna").await;
    let path = world.relay.config_path();
    let sound = std::fs::read(&path).unwrap();
    let text = String::from_utf8(sound.clone()).unwrap();
    let bad: [(&str, Option<Vec<u8>>, &str); 6] = [
        ("nothing", Some(vec![]), "company"),
        (
            "not UTF-8",
            Some([&sound[..], b"\xff"].concat()),
            "not UTF-8",
        ),
        (
            "more than 1 MiB",
            Some([&sound[..], &vec![b'#'; 2 << 20]].concat()),
            "1 MiB",
        ),
        (
            "cut",
            Some(sound[..sound.len() / 2].to_vec()),
            "config.toml:",
        ),
        (
            "a reference to nothing",
            Some(text.replace("[\"sales\"]", "[\"sale\"]").into_bytes()),
            "sale",
        ),
        ("gone", None, "could not read the file"),
    ];
    for (number, (name, bytes, said)) in bad.into_iter().enumerate() {
        let log_before = world.relay.log().len();
        match bytes {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        crate::harness::eventually(&format!("the fault is in the log: {name}"), || {
            let log = world.relay.log();
            let is_told = log[log_before..]
                .lines()
                .any(|line| line.contains("not in force") && line.contains(said));
            async move { is_told }
        })
        .await;
        let words = format!("still served {number}");
        world.graph.visitor(PSID).writes(&words);
        anna.chat_saying(&words).await;
    }
    std::fs::write(&path, text.replace("VIP\n", "VIP\nWholesale\n")).unwrap();
    anna.wait("the sound one is taken", |seen| {
        let is_taken = |frame: &ServerFrame| match frame {
            ServerFrame::Policy { policy } => policy.categories.list.len() == 5,
            _ => false,
        };
        seen.frames.iter().any(is_taken)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_running_relay_cannot_take_is_named_to_admins() {
    let world = World::start().await;
    let sofia = world.desk("sofia").await;
    world
        .relay
        .rewrite_config(|text| text.replace("role = \"supervisor\"", "role = \"admin\""));
    sofia
        .wait("the new role", |seen| {
            seen.frames.iter().any(|frame| match frame {
                ServerFrame::Policy { policy } => policy
                    .operators
                    .iter()
                    .any(|operator| operator.role == Role::Admin),
                _ => false,
            })
        })
        .await;
    let metrics = "[relay]\nmetrics_listen = \"127.0.0.1:1\"";
    world
        .relay
        .rewrite_config(|text| text.replace("[relay]", metrics));
    sofia
        .wait("the notice", |seen| {
            seen.frames.iter().any(|frame| match frame {
                ServerFrame::Notice { code, text, .. } => {
                    code == "config_taken" && text.contains("not relay.metrics_listen")
                }
                _ => false,
            })
        })
        .await;
}
