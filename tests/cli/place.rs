use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use assert_cmd::assert::OutputAssertExt as _;
use serde_json::Value;
use tempfile::TempDir;

/// A directory to work in, and the command with an environment of its own.
pub struct Place {
    dir: TempDir,
}

/// What a command said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.err);
        serde_json::from_str(&self.out).unwrap()
    }

    /// It ended with `code`, having said each of `words` to standard error.
    #[track_caller]
    pub fn failed(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "{word} in {}", self.err);
        }
        assert!(!self.err.contains("panicked"), "{}", self.err);
    }
}

impl Place {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// With a configuration for a server on SQLite, its master key, and passwords that are quick to hash.
    pub fn configured() -> Self {
        let place = Self::new();
        place.write("portcullis.toml", &configuration(free_port()));
        place.run(&["keys", "create-master", "master.key"]).success();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(args).current_dir(self.dir.path()).env_clear().stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        said(self.command(args))
    }

    pub fn run_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Said {
        let mut command = self.command(args);
        command.envs(environment.iter().copied());
        said(command)
    }

    /// With `input` on standard input.
    pub fn feed(&self, args: &[&str], input: &str) -> Said {
        let mut command = assert_cmd::Command::from_std(self.command(args));
        let output = command.write_stdin(input).output().unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Starts a server, and waits until it has said a line that begins with `ready`, on standard output or error.
    pub fn start(&self, args: &[&str], ready: &str) -> Server {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Server::start(command, ready)
    }
}

impl Said {
    #[track_caller]
    pub fn success(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }
}

fn said(mut command: Command) -> Said {
    let assert = command.assert();
    let output = assert.get_output();
    Said {
        code: output.status.code().expect("it ended by itself"),
        out: String::from_utf8(output.stdout.clone()).unwrap(),
        err: String::from_utf8(output.stderr.clone()).unwrap(),
    }
}

pub fn configuration(port: u16) -> String {
    format!(
        "issuer = \"http://localhost:{port}\"\nlisten = \"127.0.0.1:{port}\"\ndatabase = \"sqlite:p.db\"\n\
         secrets.master_key_file = \"master.key\"\npasswords = {{ memory_kib = 64, iterations = 1 }}\n\
         keys.algorithms = [\"ES256\"]\n"
    )
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A running server; it goes with this value.
pub struct Server {
    child: Child,
    /// What it said until it was ready.
    pub greeting: String,
}

impl Server {
    fn start(mut command: Command, ready: &str) -> Self {
        let mut child = command.spawn().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let streams: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let sender = sender.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        drop(sender);
        let mut greeting = String::new();
        // The channel closes when the process has ended.
        for line in receiver {
            greeting.push_str(&line);
            greeting.push('\n');
            if line.contains(ready) {
                return Self { child, greeting };
            }
        }
        let status = child.wait().unwrap();
        panic!("it ended ({status}) without being ready: {greeting}");
    }

    /// SIGTERM, and the wait for its end.
    pub fn stop(&mut self) -> ExitStatus {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One request, its connection closed afterwards: status and body.
pub fn request(port: u16, request: &str) -> (u16, String) {
    use std::io::Write as _;
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

pub fn get(port: u16, path: &str) -> (u16, String) {
    request(port, &format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n"))
}

/// Posts a form with Basic authentication, as `curl -u USER:SECRET -d FORM` does.
pub fn post(port: u16, path: &str, user: &str, form: &str) -> (u16, String) {
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(user);
    request(
        port,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nAuthorization: Basic {basic}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ),
    )
}
