# Lists the recipes.
default:
    @just --list

# Compiles everything without building it: the quickest answer.
check:
    cargo check --workspace --all-targets --all-features

# Formats the code.
fmt:
    cargo fmt --all

# Holds the code to rustfmt, clippy and the spelling.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings
    typos

# Runs every test.
test:
    cargo test --workspace

# Runs the tests of one crate: `just test-crate piecewatch-store`.
test-crate NAME:
    cargo test --package {{NAME}}

# Writes the page while a server runs at PIECEWATCH, http://127.0.0.1:8765 unless said: what is saved is seen at once.
page:
    cd bins/server/web && npm ci --ignore-scripts && npm run dev

# Looks at the dashboard in a real browser, and leaves pictures of every view in FOLDER.
pictures FOLDER="target/pictures":
    PIECEWATCH_REQUIRE_CHROMIUM=1 PIECEWATCH_SCREENSHOTS="{{absolute_path(FOLDER)}}" cargo test --package piecewatch --test it browser::every -- --nocapture

# Leaves pages open for SECONDS while nodes do 400 transfers a second, and judges their memory and processor time.
soak-page SECONDS="3600":
    cargo build --release --package piecewatch
    PIECEWATCH_REQUIRE_CHROMIUM=1 PIECEWATCH_SOAK={{SECONDS}} PIECEWATCH_PROGRAM="{{justfile_directory()}}/target/release/piecewatch" cargo test --package piecewatch --test it browser::pages -- --nocapture

# Cargo takes the page, which git ignores, for something uncommitted: that nothing else is so is seen before.
# Builds the page, and packages the crates with it: who installs one needs no npm.
package:
    @test -z "$(git status --porcelain)" || { git status --short; echo "commit this first"; exit 1; }
    cd bins/server/web && npm ci --omit=dev --ignore-scripts && npm run build
    cargo package --locked --allow-dirty --workspace --exclude piecewatch-benches

# Builds the documentation of the crates; warnings are errors.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Runs the benches, or those of one area: `just bench parse`.
bench AREA="":
    cargo bench --package piecewatch-benches -- {{AREA}}

# Measures the figures that perf-reports/README.md sets limits for, and writes reports: 5 minutes.
# `just perf --subject earnings` measures and writes one of them; the other is `import`.
# `just perf --subject analytics` takes an hour and 19 GB of temporary files, and is made only when named.
perf *ARGS:
    cargo build --release --package piecewatch --package piecewatch-benches --bins
    cargo run --release --package piecewatch-benches --bin report -- --commit "$(git describe --always --dirty)" {{ARGS}}

# Lets the collector follow simulated nodes and measures it: ingest, idle, disk, fleet or soak (an hour);
# or the server with browsers: websocket, hostile, rates, crowd, switches, mixed, and with `--histories FOLDER`
# startup and aggregate.
scenario NAME *ARGS:
    cargo build --release --package piecewatch --package piecewatch-collector --package piecewatch-benches --bins
    cargo run --release --package piecewatch-benches --bin scenario -- {{NAME}} --commit "$(git describe --always --dirty)" {{ARGS}}

# Kills collectors while nodes write and rotate in every way, and holds the totals to the truth: 3 minutes.
crash KILLS="450" SEED="1":
    PIECEWATCH_CRASH_KILLS={{KILLS}} PIECEWATCH_CRASH_SEED={{SEED}} cargo test --package piecewatch-collector --test it crash:: -- --nocapture

# Writes logs of simulated nodes live: `just loggen --folder logs --nodes 4 --rotate-seconds 60`.
loggen *ARGS:
    cargo run --release --package piecewatch-benches --bin loggen -- {{ARGS}}

# Checks licences, sources, duplicates and security advisories of the dependencies.
deny:
    cargo deny check

# Fuzzes the decoders of a crate for some seconds: `just fuzz line 600`, `just fuzz answer 600 node-api`.
fuzz TARGET="line" SECONDS="60" CRATE="ingest":
    cd crates/{{CRATE}} && cargo fuzz run {{TARGET}} -- -max_total_time={{SECONDS}}

# Imports the example log into demo.db and shows what the node did.
demo:
    cargo run --release -- import --db demo.db --node demo docs/example/node.log.gz
    cargo run --release -- summary --db demo.db

# Draws the summary of the example log: docs/summary.svg.
picture:
    rm -f demo.db
    cargo run --release --quiet -- import --db demo.db --node demo docs/example/node.log.gz
    cargo run --release --quiet -- summary --db demo.db | awk -f docs/example/picture.awk > docs/summary.svg

# Runs what CI runs.
ci:
    .ci/run
