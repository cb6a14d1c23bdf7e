# What CI runs.
check: format lint test packages

format:
    cargo fmt --all --check

lint:
    cargo clippy --workspace --all-targets -- -D warnings

test:
    cargo test --workspace

# The number of packages in the tree has a ceiling: raise it in the commit that adds a dependency, with a reason.
packages:
    test "$(grep -c '^name = ' Cargo.lock)" -le 480

# The desk with simulated visitors.
demo:
    cargo run --release -- demo

# Every target of fuzz/ for so many seconds each; needs cargo-fuzz.
fuzz seconds="60":
    fuzz/run {{seconds}}

# Licences, sources and bans; needs cargo-deny.
deny:
    cargo deny check bans licenses sources
