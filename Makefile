# What people do here.
.PHONY: help run test bench lint docs fuzz image

help: ## this list
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 10

run: ## a development server at http://localhost:8080
	cargo run --release

test: ## everything, as CI does; `cargo test` for what needs only the toolchain
	tests/run

bench: ## figures for docs/performance.md
	cargo bench --bench grants -- --quick
	cargo bench --bench http

lint: ## formatting and clippy
	cargo fmt --all --check
	cargo clippy --all-targets -- -D warnings

docs: ## the code's documentation
	cargo doc --no-deps --document-private-items --open

fuzz: ## the parsers of foreign bytes, a minute each (needs cargo-fuzz and a nightly toolchain)
	for target in $$(cargo fuzz list); do cargo +nightly fuzz run $$target -- -max_total_time=60 || exit 1; done

image: ## the container image
	docker build -t portcullis .
