# Sourced by tests that need the real binary: `start_server BINARY` runs `portcullis dev` on a free port in a directory of
# its own, exports PORTCULLIS_ISSUER, PORTCULLIS_DIR and PORTCULLIS_BINARY, and ends it with the script.

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_server() {
    PORTCULLIS_BINARY=$1
    PORTCULLIS_DIR=$(mktemp -d "${TMPDIR:-/tmp}/portcullis-test.XXXXXX")
    local port
    port=$(free_port)
    PORTCULLIS_ISSUER=http://localhost:$port
    (cd "$PORTCULLIS_DIR" && exec "$PORTCULLIS_BINARY" dev --port "$port" >"$PORTCULLIS_DIR/output" 2>"$PORTCULLIS_DIR/log") &
    PORTCULLIS_PID=$!
    trap stop_server EXIT
    for _ in $(seq 100); do
        if curl -fsS "$PORTCULLIS_ISSUER/readyz" >/dev/null 2>&1; then
            export PORTCULLIS_ISSUER PORTCULLIS_DIR PORTCULLIS_BINARY
            return
        fi
        kill -0 "$PORTCULLIS_PID" 2>/dev/null || break
        sleep 0.1
    done
    echo "the server did not start:" >&2
    cat "$PORTCULLIS_DIR/output" "$PORTCULLIS_DIR/log" >&2
    return 1
}

stop_server() {
    kill "$PORTCULLIS_PID" 2>/dev/null || true
    wait "$PORTCULLIS_PID" 2>/dev/null || true
    rm -rf "$PORTCULLIS_DIR"
}
