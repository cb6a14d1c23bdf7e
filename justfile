# What CI runs.
check: format lint test packages

format:
    cargo fmt --all --check

lint:
    cargo clippy --workspace --all-targets -- -D warnings

test:
    cargo test --workspace

# Every fault of CONTRIBUTING.md again and again for so many minutes, in an order of chance, and a report at the end.
campaign minutes="30":
    cargo test -p e2e -p relay --no-run
    DESKWIRE_CAMPAIGN_MINUTES={{minutes}} cargo test -p e2e -p relay --test it -- --ignored --nocapture hurt::campaign

# The number of packages in the tree has a ceiling: raise it in the commit that adds a dependency, with a reason.
packages:
    test "$(grep -c '^name = ' Cargo.lock)" -le 515

# Worlds of chance and sequences of commands, many more than on every commit.
simulate worlds="2000":
    DESKWIRE_SEEDS={{worlds}} cargo test --release -p relay simulation::tests
    DESKWIRE_SEQUENCES=10000000 cargo test --release -p shared properties

# The desk with simulated visitors.
demo:
    cargo run --release -- demo

# Every target of fuzz/ for so many seconds each; needs cargo-fuzz.
fuzz seconds="60":
    fuzz/run {{seconds}}

# Licences, sources and bans; needs cargo-deny.
deny:
    cargo deny check bans licenses sources
