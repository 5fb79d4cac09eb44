#!/usr/bin/env bash
# A throw-away PostgreSQL for the tests, on a random port of the loopback.
#
#   tests/postgres.sh COMMAND...     runs COMMAND with PORTCULLIS_TEST_POSTGRES set, stops the server afterwards
#   tests/postgres.sh --start DIR    starts it below DIR (made by this), prints the URL and leaves it running
#   tests/postgres.sh --stop DIR     stops it and removes DIR
#
# As root it installs Debian's package when there is none, and runs the server as the user `postgres`.
set -euo pipefail

fail() {
    echo "tests/postgres.sh: $*" >&2
    exit 1
}

binaries() {
    local found
    found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
    if [ -z "$found" ] && command -v initdb >/dev/null; then
        found=$(dirname "$(command -v initdb)")
    fi
    echo "$found"
}

install_if_missing() {
    [ -n "$(binaries)" ] && return
    [ "$(id -u)" = 0 ] || fail "PostgreSQL is not installed; install the package postgresql"
    command -v apt-get >/dev/null || fail "PostgreSQL is not installed, and there is no apt-get to install it with"
    {
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql
    } >&2 || fail "the package postgresql could not be installed"
}

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && exec runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

start() {
    local directory=$1 bin password port
    install_if_missing
    bin=$(binaries)
    mkdir "$directory" || fail "$directory is there already"
    [ "$(id -u)" = 0 ] && chown postgres "$directory"
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    as_postgres sh -c "umask 077; echo $password > '$directory/password'"
    as_postgres "$bin/initdb" -D "$directory/data" -U portcullis -E UTF8 --locale=C.UTF-8 --no-sync \
        --auth=scram-sha-256 --pwfile="$directory/password" >"/dev/null" || fail "initdb failed"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$(shuf -i 20000-59999 -n 1)
        # What is thrown away afterwards need not survive a power cut.
        if as_postgres "$bin/pg_ctl" -D "$directory/data" -l "$directory/log" -w -t 60 -s start -o "-p $port \
            -c listen_addresses=127.0.0.1 -c unix_socket_directories='$directory' -c max_connections=300 \
            -c fsync=off -c full_page_writes=off -c shared_buffers=64MB" 2>/dev/null >/dev/null; then
            echo "postgres://portcullis:$password@127.0.0.1:$port/postgres"
            return
        fi
    done
    tail -5 "$directory/log" >&2
    fail "PostgreSQL does not start"
}

stop() {
    local directory=$1
    as_postgres "$(binaries)/pg_ctl" -D "$directory/data" -m immediate -s stop || true
    rm -rf "$directory"
}

case "${1:-}" in
'') fail "say --start DIR, --stop DIR, or a command to run" ;;
--start) start "${2:?a directory to make}" ;;
--stop) stop "${2:?the directory given to --start}" ;;
*)
    directory=$(mktemp -u "${TMPDIR:-/tmp}/portcullis-postgres.XXXXXX")
    trap 'stop "$directory"' EXIT
    PORTCULLIS_TEST_POSTGRES=$(start "$directory")
    export PORTCULLIS_TEST_POSTGRES
    "$@"
    ;;
esac
