//! A mail server that keeps what it is given.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail as it went over the wire.
#[derive(Clone, Debug)]
pub struct Delivered {
    pub from: String,
    pub to: Vec<String>,
    pub raw: String,
}

#[derive(Clone)]
pub struct Sink {
    pub port: u16,
    mails: Arc<Mutex<Vec<Delivered>>>,
    /// What it says to a recipient, instead of taking the mail.
    answer: Arc<Mutex<Option<String>>>,
    attempts: Arc<AtomicUsize>,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sink = Self { port, mails: Arc::default(), answer: Arc::default(), attempts: Arc::default() };
        let serving = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        sink
    }

    /// Settings that send to it.
    pub fn settings(&self) -> String {
        format!(
            "[mail]\nsmtp = \"smtp://127.0.0.1:{}\"\nstarttls = \"none\"\nfrom = \"Prints <no-reply@id.test>\"\n",
            self.port
        )
    }

    /// Refuses recipients with this line from now on; `None` takes everything.
    pub fn answers(&self, line: Option<&str>) {
        *self.answer.lock().unwrap() = line.map(str::to_owned);
    }

    pub fn attempts(&self) -> usize {
        self.attempts.load(Ordering::SeqCst)
    }

    pub fn taken(&self) -> Vec<Delivered> {
        self.mails.lock().unwrap().clone()
    }

    /// The mails, once there are `count`.
    pub async fn mails(&self, count: usize) -> Vec<Delivered> {
        until(|| self.taken().len() >= count).await;
        self.taken()
    }

    pub async fn tried(&self, count: usize) {
        until(|| self.attempts() >= count).await;
    }

    async fn serve(self, stream: TcpStream) {
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        writer.write_all(b"220 sink\r\n").await.unwrap();
        let mut mail = Delivered { from: String::new(), to: Vec::new(), raw: String::new() };
        while let Ok(Some(line)) = lines.next_line().await {
            let verb = line.to_ascii_uppercase();
            let answer = if verb.starts_with("EHLO") {
                "250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8".to_owned()
            } else if verb.starts_with("MAIL FROM") {
                mail = Delivered { from: line[10..].to_owned(), to: Vec::new(), raw: String::new() };
                "250 ok".to_owned()
            } else if verb.starts_with("RCPT TO") {
                self.attempts.fetch_add(1, Ordering::SeqCst);
                mail.to.push(line[8..].to_owned());
                self.answer.lock().unwrap().clone().unwrap_or_else(|| "250 ok".to_owned())
            } else if verb == "DATA" {
                writer.write_all(b"354 go on\r\n").await.unwrap();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    mail.raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.raw.push('\n');
                }
                self.mails.lock().unwrap().push(mail.clone());
                "250 taken".to_owned()
            } else if verb == "QUIT" {
                "221 bye".to_owned()
            } else {
                "250 ok".to_owned()
            };
            if writer.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

impl Delivered {
    pub fn header(&self, name: &str) -> String {
        let start = format!("{}:", name.to_ascii_lowercase());
        let line =
            self.raw.lines().take_while(|line| !line.is_empty()).find(|l| l.to_ascii_lowercase().starts_with(&start));
        line.map(|line| line[start.len()..].trim().to_owned()).unwrap_or_default()
    }
}

/// Waits for something that another thread does, for ten seconds at most.
pub async fn until(mut done: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen");
}
