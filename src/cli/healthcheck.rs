//! `portcullis healthcheck`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::out::say;
use super::{Failure, settings};

/// A server that does not answer within this is not healthy.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask whether the process runs, instead of whether it should get requests.
    #[arg(long)]
    live: bool,
}

/// Asks the server at the configured listener, over loopback where it listens everywhere.
pub async fn run(file: Option<&Path>, args: Args) -> Result<(), Failure> {
    let config = settings::config(file)?;
    let address = reachable(config.listen);
    let path = if args.live { "/livez" } else { "/readyz" };
    let answer = timeout(PATIENCE, ask(address, path)).await;
    match answer {
        Ok(Ok(200)) => {
            say("ok");
            Ok(())
        }
        Ok(Ok(status)) => Err(Failure::failed(format!("{address}{path} answers {status}"))),
        Ok(Err(error)) => Err(Failure::failed(format!("{address} cannot be asked: {error}"))),
        Err(_) => Err(Failure::failed(format!("{address} does not answer"))),
    }
}

fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The status of one request. Probes are answered under any host name.
async fn ask(address: SocketAddr, path: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await?;
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| std::io::Error::other("it does not speak HTTP"))
}
