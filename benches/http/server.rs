//! The release binary on loopback, set up for measuring.

use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_portcullis");
pub const USER: &str = "alice";
pub const PASSWORD: &str = "correct horse battery";

pub struct Server {
    child: Child,
    pub port: u16,
    dir: tempfile::TempDir,
    /// From the start of the process to its first answer, on a database that exists.
    pub first_answer: Duration,
}

impl Server {
    pub fn start() -> Self {
        let dir = tempfile::tempdir_in(std::env::var("PORTCULLIS_BENCH_DIR").unwrap_or("target".into())).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let database = std::env::var("PORTCULLIS_BENCH_DATABASE")
            .unwrap_or_else(|_| format!("sqlite:{}", dir.path().join("portcullis.db").display()));
        let config = format!(
            "issuer = \"http://127.0.0.1:{port}\"\nlisten = \"127.0.0.1:{port}\"\ndatabase = \"{database}\"\n\
             secrets.master_key = \"bench:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"\n"
        );
        std::fs::write(dir.path().join("portcullis.toml"), config).unwrap();
        new_user(dir.path(), USER);
        // Keys are made at the first start.
        command(dir.path(), &["keys", "rotate"], "");
        let mut first = spawn(dir.path());
        wait_for_answer(port);
        first.kill().unwrap();
        first.wait().unwrap();
        let started = Instant::now();
        let child = spawn(dir.path());
        wait_for_answer(port);
        Self { child, port, dir, first_answer: started.elapsed() }
    }

    /// Registers a client; its id and secret.
    pub fn client(&self, metadata: &str) -> (String, String) {
        let made = command(self.dir.path(), &["client", "create", metadata], "");
        let made: serde_json::Value = serde_json::from_str(&made).unwrap();
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        (text("client_id"), text("client_secret"))
    }

    pub fn user(&self, name: &str) {
        new_user(self.dir.path(), name);
    }

    /// Processor time of all its threads.
    pub fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanos = tasks.filter_map(|task| {
            let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }

    /// `VmRSS` or `VmHWM` in MiB.
    pub fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
    }

    pub fn binary_size() -> f64 {
        std::fs::metadata(BINARY).unwrap().len() as f64 / 1e6
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn new_user(dir: &Path, name: &str) {
    command(dir, &["user", "create", name, "--password-stdin"], PASSWORD);
}

fn spawn(dir: &Path) -> Child {
    Command::new(BINARY).arg("serve").current_dir(dir).stderr(Stdio::null()).spawn().unwrap()
}

fn wait_for_answer(port: u16) {
    let begin = Instant::now();
    loop {
        if let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) {
            let request = format!("GET /livez HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            if std::io::Read::read(&mut stream, &mut [0; 64]).is_ok_and(|read| read > 0) {
                return;
            }
        }
        assert!(begin.elapsed() < Duration::from_secs(20), "the server does not start");
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn command(dir: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(BINARY)
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}
