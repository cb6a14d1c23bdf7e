//! Times that no clock shows (B-15), as a platform may write them.

/// What a message with such a time is taken to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// This moment, in milliseconds since 1970.
    At(i64),
    /// The moment it came in: it was not sent later than that.
    WhenReceived,
    /// The time of the entry around it: its own says nothing.
    OfItsEntry,
}

/// Returns JSON values of a `timestamp`, and how each is understood.
pub fn times() -> Vec<(&'static str, &'static str, Taken)> {
    use Taken::{At, OfItsEntry, WhenReceived};
    vec![
        ("the beginning of 1970", "0", At(0)),
        ("a second after it", "1", At(1000)),
        ("before 1970, in seconds", "-1", At(0)),
        ("before 1970, in milliseconds", "-62135596800000", At(0)),
        ("the first number there is", "-9223372036854775808", At(0)),
        ("2020 in seconds", "1600000000", At(1_600_000_000_000)),
        (
            "2020 in milliseconds",
            "1600000000123",
            At(1_600_000_000_123),
        ),
        (
            "2020 in seconds, a text",
            "\"1600000000\"",
            At(1_600_000_000_000),
        ),
        (
            "2020 in milliseconds, a text with spaces",
            "\" 1600000000123 \"",
            At(1_600_000_000_123),
        ),
        ("the end of 32 bits, in seconds", "2147483647", WhenReceived),
        (
            "after the end of 32 bits, in seconds",
            "2147483648",
            WhenReceived,
        ),
        (
            "after the end of 32 bits, in milliseconds",
            "2147483648000",
            WhenReceived,
        ),
        ("the last number of seconds", "99999999999", WhenReceived),
        (
            "the first number of milliseconds",
            "100000000000",
            At(100_000_000_000),
        ),
        ("9999 in milliseconds", "253402300799999", WhenReceived),
        (
            "9999 in seconds, which is 1978 in milliseconds",
            "253402300799",
            At(253_402_300_799),
        ),
        ("microseconds", "1600000000123456", WhenReceived),
        (
            "the last number there is",
            "9223372036854775807",
            WhenReceived,
        ),
        ("past the last number", "18446744073709551615", OfItsEntry),
        ("a fraction", "1600000000.5", OfItsEntry),
        ("an exponent", "1.6e9", OfItsEntry),
        ("no number", "\"yesterday\"", OfItsEntry),
        ("an ISO date", "\"2020-09-13T12:26:40Z\"", OfItsEntry),
        ("an empty text", "\"\"", OfItsEntry),
        ("nothing", "null", OfItsEntry),
        ("a list", "[1600000000]", OfItsEntry),
    ]
}
