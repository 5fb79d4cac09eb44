#!/usr/bin/env bash
# A throw-away Redis for the tests, on a random port of the loopback.
#
#   tests/redis.sh COMMAND...     runs COMMAND with PORTCULLIS_TEST_REDIS set, stops the server afterwards
#
# As root it installs Debian's package when there is none. It keeps nothing on disk.
set -euo pipefail

fail() {
    echo "tests/redis.sh: $*" >&2
    exit 1
}

if ! command -v redis-server >/dev/null; then
    [ "$(id -u)" = 0 ] || fail "Redis is not installed; install the package redis-server"
    command -v apt-get >/dev/null || fail "Redis is not installed, and there is no apt-get to install it with"
    {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server
    } >&2 || fail "the package redis-server could not be installed"
fi
[ $# -gt 0 ] || fail "say a command to run"

directory=$(mktemp -d "${TMPDIR:-/tmp}/portcullis-redis.XXXXXX")
trap 'kill "${pid:-}" 2>/dev/null; rm -rf "$directory"' EXIT
for _ in 1 2 3 4 5 6 7 8 9 10; do
    port=$(shuf -i 20000-59999 -n 1)
    redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$directory" >"$directory/log" &
    pid=$!
    for _ in $(seq 50); do
        if redis-cli -h 127.0.0.1 -p "$port" ping 2>/dev/null | grep -q PONG && kill -0 "$pid" 2>/dev/null; then
            PORTCULLIS_TEST_REDIS=redis://127.0.0.1:$port/0 "$@"
            exit
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
done
tail -5 "$directory/log" >&2
fail "Redis does not start"
