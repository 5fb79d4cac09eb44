use std::os::unix::net::UnixDatagram;

/// Tells the service manager how this process is (sd_notify(3)); nothing where none asked to be told.
pub fn notify(state: &str) {
    let Some(socket) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let sent = UnixDatagram::unbound().and_then(|datagram| {
        use std::os::linux::net::SocketAddrExt as _;
        match socket.to_str().and_then(|path| path.strip_prefix('@')) {
            Some(name) => {
                let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
                datagram.send_to_addr(state.as_bytes(), &address)
            }
            None => datagram.send_to(state.as_bytes(), &socket),
        }
    });
    if let Err(error) = sent {
        tracing::warn!(%error, "the service manager could not be told");
    }
}
