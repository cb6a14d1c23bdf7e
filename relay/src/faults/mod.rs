//! Seams for the stories of `e2e`: places where a process ends at once, and bugs put in on purpose so that the ledger can
//! be seen to find them. Without the feature `faults` both macros are nothing; a release cannot have it.

#[cfg(feature = "faults")]
mod armed;

#[cfg(feature = "faults")]
pub(crate) use armed::{announce, crash_at, strikes};

#[cfg(all(feature = "faults", not(debug_assertions)))]
compile_error!("the feature `faults` is for tests: it must not be in a release");

/// Ends the process here when it was told to, as kill −9 would.
#[cfg(feature = "faults")]
macro_rules! crash_point {
    ($name:literal) => {
        crate::faults::crash_at($name);
    };
}

/// Ends the process here when it was told to, as kill −9 would.
#[cfg(not(feature = "faults"))]
macro_rules! crash_point {
    ($name:literal) => {};
}

/// Whether the bug of this name was put in, and strikes this time.
#[cfg(feature = "faults")]
macro_rules! planted {
    ($name:literal) => {
        crate::faults::strikes($name)
    };
}

/// Whether the bug of this name was put in, and strikes this time.
#[cfg(not(feature = "faults"))]
macro_rules! planted {
    ($name:literal) => {
        false
    };
}
