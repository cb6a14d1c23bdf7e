//! Replays what was found: every file of a target's corpus and seeds, and every sample of a platform, keeps its promise.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails, and says where"
)]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fuzz_targets::{TARGETS, Target};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files of a folder, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Runs a target on files; says which ones break the promise, all of them.
fn replay((name, check): Target, files: &[PathBuf]) {
    assert!(!files.is_empty(), "{name} has something to replay");
    let broken: Vec<_> = files
        .iter()
        .filter(|file| {
            let bytes = fs::read(file).unwrap();
            catch_unwind(|| check(&bytes)).is_err()
        })
        .collect();
    assert!(broken.is_empty(), "{name} breaks on {broken:#?}");
}

macro_rules! replays {
    ($($test:ident: $target:literal),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                let target = TARGETS.into_iter().find(|(name, _)| *name == $target).unwrap();
                for kept in ["corpus", "seeds"] {
                    replay(target, &files(&root().join(kept).join($target)));
                }
            }
        )+

        #[test]
        fn every_target_is_replayed_and_has_a_program() {
            let replayed = BTreeSet::from([$($target.to_owned()),+]);
            let all: BTreeSet<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(replayed, all);
            let programs = files(&root().join("src/bin"));
            let programs: BTreeSet<_> = programs
                .iter()
                .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            assert_eq!(programs, all);
        }
    };
}

replays! {
    cleaned_text_is_inert: "cleaning",
    a_config_is_sound_or_has_faults: "config",
    a_chat_stays_whole: "decide",
    a_desk_draws_nothing_that_acts: "desk",
    frames_survive_the_line: "frames",
    an_address_is_confirmed_to_whoever_knows_the_token: "handshake",
    keys_are_in_normal_form: "keys",
    bodies_of_apps_become_clean_events: "receive_http",
    bodies_of_meta_become_clean_events: "receive_messenger",
    bodies_of_odnoklassniki_become_clean_events: "receive_ok",
    bodies_of_telegram_become_clean_events: "receive_telegram",
    bodies_of_viber_become_clean_events: "receive_viber",
    bodies_of_vk_become_clean_events: "receive_vk",
    bodies_of_whatsapp_become_clean_events: "receive_whatsapp",
    a_search_answers_as_the_index_does: "search",
    only_the_right_signature_is_taken: "signature",
    stored_events_are_read: "upcast",
    text_lies_within_its_cells: "wrapping",
}

#[test]
fn every_sample_of_a_platform_is_taken() {
    for (platform, least) in [
        ("http", 15),
        ("messenger", 100),
        ("ok", 25),
        ("telegram", 50),
        ("viber", 25),
        ("vk", 80),
        ("whatsapp", 40),
    ] {
        let samples = files(
            &root()
                .join("../relay/src/channels")
                .join(platform)
                .join("fixtures"),
        );
        assert!(samples.len() > least, "the samples of {platform} are found");
        let target = TARGETS
            .into_iter()
            .find(|(name, _)| *name == format!("receive_{platform}"))
            .unwrap();
        replay(target, &samples);
    }
}
