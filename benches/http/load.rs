//! A small HTTP/1.1 client with keep-alive, and the measuring of many of them at once.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::server::Server;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    host: String,
}

pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Connection {
    pub async fn open(server: &Server) -> Self {
        Self::over(TcpStream::connect(("127.0.0.1", server.port)).await.unwrap(), server)
    }

    /// From another address of the loopback network for each `number`.
    pub async fn open_from(server: &Server, number: usize) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        let address = [127, 1, (number / 250) as u8, (number % 250 + 1) as u8];
        socket.bind((address, 0).into()).unwrap();
        Self::over(socket.connect(([127, 0, 0, 1], server.port).into()).await.unwrap(), server)
    }

    fn over(stream: TcpStream, server: &Server) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::with_capacity(16 << 10), host: format!("127.0.0.1:{}", server.port) }
    }

    pub async fn get(&mut self, path: &str, headers: &str) -> Reply {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", self.host);
        self.send(&request).await
    }

    pub async fn post(&mut self, path: &str, headers: &str, form: &str) -> Reply {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n{headers}\r\n{form}",
            self.host,
            form.len()
        );
        self.send(&request).await
    }

    async fn send(&mut self, request: &str) -> Reply {
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the server closed the connection");
            let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
            let length: usize = header(head, "content-length").map_or(0, |value| value.parse().unwrap());
            if self.buffer.len() >= end + 4 + length {
                return Reply {
                    status: head[9..12].parse().unwrap(),
                    head: head.to_owned(),
                    body: String::from_utf8(self.buffer[end + 4..].to_vec()).unwrap(),
                };
            }
        }
    }
}

/// A header of a head, whatever its case.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (have, value) = line.split_once(": ")?;
        have.eq_ignore_ascii_case(name).then_some(value)
    })
}

impl Reply {
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{} {}", self.head, self.body);
        self
    }

    /// A string member of a JSON body.
    pub fn member(&self, name: &str) -> String {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body[name].as_str().unwrap_or_else(|| panic!("{name} in {}", self.body)).to_owned()
    }

    /// The cookies set, as a `Cookie` header's value.
    pub fn cookies(&self) -> String {
        let set = self.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        set.filter_map(|cookie| cookie.split(';').next()).collect::<Vec<_>>().join("; ")
    }

    /// A parameter of the address that a redirect leads to.
    pub fn param(&self, name: &str) -> String {
        let location = header(&self.head, "location").unwrap_or_else(|| panic!("{} {}", self.head, self.body));
        let start = location.find(&format!("{name}=")).unwrap_or_else(|| panic!("{location}")) + name.len() + 1;
        location[start..].split('&').next().unwrap().to_owned()
    }
}

/// What one kind of work came to.
pub struct Figures {
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
    pub cpu_micros: f64,
}

/// Runs `step` on each of the connections until `duration` is over or `step` says that it has nothing left. `step`
/// answers whether it did a piece of work; a piece may be several requests.
pub async fn measure<S, F, T>(server: &Server, duration: Duration, states: Vec<S>, step: F) -> Figures
where
    S: 'static,
    F: Fn(Connection, S) -> T + Clone + 'static,
    T: Future<Output = Option<(Connection, S)>> + 'static,
{
    let mut connections = Vec::new();
    for state in states {
        connections.push((Connection::open(server).await, state));
    }
    let (begin, cpu) = (Instant::now(), server.cpu());
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|(connection, state)| {
            let step = step.clone();
            tokio::task::spawn_local(async move {
                let (mut connection, mut state) = (connection, state);
                let mut times = Vec::new();
                while begin.elapsed() < duration {
                    let started = Instant::now();
                    match step(connection, state).await {
                        Some(next) => (connection, state) = next,
                        None => break,
                    }
                    times.push(started.elapsed());
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.unwrap());
    }
    let (elapsed, cpu) = (begin.elapsed(), server.cpu() - cpu);
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    Figures {
        per_second: times.len() as f64 / elapsed.as_secs_f64(),
        p50: at(0.5),
        p99: at(0.99),
        cpu_micros: cpu.as_secs_f64() * 1e6 / times.len() as f64,
    }
}
