#!/usr/bin/env bash
# cargo-deny over deny.toml: licences, sources, banned crates; advisories where their database can be fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v cargo-deny >/dev/null; then
    echo "cargo-deny is not installed: \`cargo install cargo-deny --locked\` brings it; its checks are left out" >&2
    # What matters most is checked without it: these must not be in the tree.
    for crate in ring native-tls openssl-src; do
        if cargo tree --quiet --edges normal,build --invert "$crate" 2>/dev/null | grep -v "^$" | grep -qv josekit; then
            case $crate in
            openssl-src) ;; # josekit brings its own OpenSSL
            *)
                echo "$crate is in the tree" >&2
                exit 1
                ;;
            esac
        fi
    done
    exit 0
fi
cargo deny --offline check bans licenses sources
cargo deny check advisories || echo "the advisory database cannot be fetched here" >&2
