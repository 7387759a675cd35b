# Thin on purpose: what is longer than a few lines is a script or an xtask.
SHELL := /bin/bash
export CARGO_TERM_COLOR ?= auto
DEMO ?= demo-data
DEMO_CENTRAL ?= demo-central

.PHONY: run central test bench lint package setup crash kill sim chaos fuzz mutants
# Not bash's own SECONDS, which counts by itself.
SECONDS ?= 60

run:            ## Opens the app on a demo branch (installs what is missing first)
	@scripts/setup run
	@scripts/run "$(DEMO)"

central:        ## Serves a central system for trying, with a database of its own unless DATABASE_URL names one
	@scripts/central "$(DEMO_CENTRAL)"

test:           ## Runs every test (installs what is missing first)
	@scripts/setup test
	@scripts/test

bench:          ## Prints figure, budget, ratio; writes target/bench/report.json
	@scripts/setup bench
	@scripts/bench $(ARGS)

lint:           ## Formatting, clippy, the rules no compiler checks
	@scripts/lint

package:        ## A Debian package of the window
	@scripts/setup run
	@scripts/package

crash:          ## make crash CUTS=500 FROM=0: power cuts at every n-th disk operation
	MOTCUA_CUTS=$${CUTS:-500} MOTCUA_FROM=$${FROM:-0} cargo nextest run --package motcua-tests --test store_crash --no-capture

kill:           ## make kill RUNS=50: kill -9 at random moments of the real program
	cargo build --quiet --package motcua-cli
	MOTCUA_KILLS=$${RUNS:-50} cargo nextest run --package motcua-tests --test kill_nine --no-capture

sim:            ## make sim SEEDS=3000 FROM=0: replication up to central, and the queue of a branch, a world each
	MOTCUA_SEEDS=$${SEEDS:-3000} MOTCUA_FROM=$${FROM:-0} cargo nextest run --package motcua-sync --test simulation --no-capture nothing_is_lost
	MOTCUA_SEEDS=$${SEEDS:-3000} MOTCUA_FROM=$${FROM:-0} cargo nextest run --package motcua-hub --lib --success-output final the_queue_holds

chaos:          ## make chaos SCENARIOS=50 FROM=0: real programs in bad weather, killed at any moment
	cargo build --quiet --package motcua-cli --package motcua-central
	MOTCUA_SCENARIOS=$${SCENARIOS:-50} MOTCUA_FROM=$${FROM:-0} cargo nextest run --package motcua-tests --test chaos --test central_chaos --no-capture

fuzz:           ## make fuzz SECONDS=60: whatever comes from outside, broken; that long in all
	MOTCUA_FUZZ_SECONDS=$(SECONDS) cargo nextest run --package motcua-tests --package motcua-hub --no-capture fuzz

mutants:        ## make mutants NAMES="T-RETRY T-FORK": puts known faults in, one by one, and wants each caught
	cargo xtask mutants $(NAMES)
