//! The disk and the clock of a relay, made to fail (`e2e/interposer/interposer.c` says how). Linux only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

/// One relay's disk and clock.
pub(crate) struct Interposer {
    folder: TempDir,
    keys: Mutex<BTreeMap<&'static str, i64>>,
}

impl Interposer {
    /// None: not on this machine; the story says so and ends.
    pub(crate) fn new() -> Option<Self> {
        if library().is_none() {
            eprintln!("skipped: needs Linux and a C compiler");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder for the disk's faults");
        let interposer = Self {
            folder,
            keys: Mutex::default(),
        };
        interposer.set(&[]);
        Some(interposer)
    }

    /// Returns the environment of a relay whose store is here.
    pub(crate) fn env(&self, database: &Path) -> Vec<(String, String)> {
        let library = library().expect("there is one, or there were no interposer");
        let paths = [
            ("LD_PRELOAD", library),
            ("INTERPOSER_STORE", database),
            ("INTERPOSER_CONTROL", &self.control()),
            ("INTERPOSER_REPORT", &self.report()),
        ];
        paths
            .map(|(key, path)| (key.to_owned(), path.display().to_string()))
            .to_vec()
    }

    /// Changes how the disk or the clock is from now on; keys not named stay.
    pub(crate) fn set(&self, changes: &[(&'static str, i64)]) {
        let mut keys = self.keys.lock().unwrap();
        keys.extend(changes.iter().copied());
        let lines = keys.iter().map(|(key, value)| format!("{key}={value}\n"));
        let lines: Vec<_> = lines.collect();
        // In one step, so that nobody reads half of it.
        let fresh = self.folder.path().join("fresh");
        std::fs::write(&fresh, lines.concat()).expect("the control is written");
        std::fs::rename(fresh, self.control()).expect("the control is in place");
    }

    /// Returns how often a fault has happened.
    pub(crate) fn count(&self, what: &str) -> usize {
        let report = std::fs::read_to_string(self.report()).unwrap_or_default();
        let lines = report.lines();
        lines
            .filter(|line| line.split(' ').next() == Some(what))
            .count()
    }

    fn control(&self) -> PathBuf {
        self.folder.path().join("control")
    }

    fn report(&self) -> PathBuf {
        self.folder.path().join("report")
    }
}

/// Returns the compiled library; made once.
fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    LIBRARY.get_or_init(compile).as_deref()
}

fn compile() -> Option<PathBuf> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("interposer/interposer.c");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let library = folder.join("libinterposer.so");
    // A name of its own until it is whole: several test programs may compile at once.
    let fresh = folder.join(format!("libinterposer-{}.so", std::process::id()));
    let compiled = Command::new("cc")
        .args([
            "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-Werror", "-o",
        ])
        .arg(&fresh)
        .arg(source)
        .args(["-ldl", "-pthread"])
        .status();
    let status = compiled.ok()?;
    assert!(status.success(), "the interposer does not compile");
    std::fs::rename(&fresh, &library).expect("the library is in place");
    Some(library)
}
